// SPDX-License-Identifier: Apache-2.0
// The tensor behind uni_tensor: a shape over memory that it shares with its views.
#pragma once

#include "core/array.hpp"
#include "core/context.hpp"
#include "core/live_memory.hpp"
#include "unitensor/tensor.h"

namespace uni::core {

// Memory of a tensor and of its views: a block of a backend's, or the caller's.
class Storage final : public RefCounted<Storage> {
 public:
  static Ref<Storage> allocate(Ref<uni_context> context, int32_t memory, int32_t device_id, int64_t num_bytes);
  // Takes a block that a backend allocated, and leaves `block` empty; when it throws, the block is still the caller's.
  static Ref<Storage> adopt(Ref<uni_context> context, Backend *backend, uni_memory_block &block);
  // Memory of the caller's. Nothing is called for it until `arm`.
  static Ref<Storage> wrap(Ref<uni_context> context, int32_t memory, const ArrayView &view);
  void arm(uni_destroy_fn destroy, void *user_data) noexcept {
    destroy_ = destroy;
    user_data_ = user_data;
  }
  // A CUDA device's address of the memory was given away: what others enqueue on that device's default stream may use it.
  void lend_to(int32_t device_id) noexcept {
    if (device_id >= 0 && device_id < 64)
      lent_to_.fetch_or(uint64_t{1} << static_cast<uint32_t>(device_id), std::memory_order_relaxed);
  }
  // It holds a copy of what the caller would have had registered.
  void mark_copied() noexcept { copied_ = true; }
  bool copied() const noexcept { return copied_; }
  // When the last reference has gone: deletes this, or leaves that to the device, which may still use the memory.
  void dispose() noexcept;
  ~Storage();

  uni_context *context() const noexcept { return context_.get(); }
  int32_t memory() const noexcept { return memory_; }
  const uni_memory_block &block() const noexcept { return block_; }
  // Whether this process is a child that was forked without this memory.
  bool was_left_behind() const noexcept { return memory_ != UNI_MEMORY_HOST && context_ && context_->forked(); }

 private:
  // Links this into a backend's list.
  struct Deferred : uni_deferred {
    Storage *storage;
  };

  // Deletes this when the device has finished with the memory; at once where there is none.
  void leave_to(Backend *device) noexcept;
  explicit Storage(Ref<uni_context> context) noexcept : context_(std::move(context)), live_(*this) {}

  Ref<uni_context> context_;
  Backend *backend_ = nullptr;
  uni_memory_block block_ = {};
  int32_t memory_ = 0;
  bool copied_ = false;
  uni_destroy_fn destroy_ = nullptr;
  void *user_data_ = nullptr;
  Deferred deferred_ = {};
  std::atomic<uint64_t> lent_to_{0};
  LiveMemory live_;
};

}  // namespace uni::core

struct uni_tensor final : uni::core::RefCounted<uni_tensor> {
 public:
  uni_tensor(uni::core::Ref<uni::core::Storage> storage, const uni::core::ArrayView &view, int32_t requested_memory)
      : storage_(std::move(storage)), view_(view), requested_memory_(requested_memory) {}

  uni_context *context() const noexcept { return storage_->context(); }
  const uni::core::ArrayView &view() const noexcept { return view_; }
  const uni_array &array() const noexcept { return view_.array; }
  const uni::core::Layout &layout() const noexcept { return view_.layout; }
  const uni::core::Ref<uni::core::Storage> &storage() const noexcept { return storage_; }
  int32_t memory() const noexcept { return storage_->memory(); }
  int32_t requested_memory() const noexcept { return requested_memory_; }
  bool readable_by_cpu() const noexcept { return view_.array.device_type == UNI_DEVICE_CPU; }
  uni_rows rows() const noexcept { return view_.rows(); }

 private:
  uni::core::Ref<uni::core::Storage> storage_;
  uni::core::ArrayView view_;
  int32_t requested_memory_;
};

namespace uni::core {

Ref<uni_tensor> create_tensor(uni_context *context, const uni_tensor_desc &desc);
Ref<uni_tensor> wrap_tensor(uni_context *context, const ArrayView &view, int32_t memory, uni_destroy_fn destroy,
                            void *user_data);
// The same for host memory that devices are to read.
Ref<uni_tensor> register_tensor(uni_context *context, const ArrayView &view, uni_destroy_fn destroy, void *user_data);
// The same, or where that is refused a copy in unified memory.
Ref<uni_tensor> register_or_copy_tensor(uni_context *context, const ArrayView &view, uni_destroy_fn destroy,
                                        void *user_data);
Ref<uni_tensor> slice_tensor(const uni_tensor &tensor, int64_t start, int64_t stop);
Ref<uni_tensor> reshape_tensor(const uni_tensor &tensor, int32_t ndim, const int64_t *shape);
// A one-dimensional tensor over a block that a backend's operation gave out, with its count on the device, or NULL. Once
// the block has an owner `block` is empty, also when this throws.
Ref<uni_tensor> adopt_tensor(uni_context *context, Backend *backend, uni_memory_block &block, int32_t dtype,
                             int64_t length, const int64_t *count);
// The first `length` entries of a one-dimensional tensor, without its count.
Ref<uni_tensor> leading_entries(const uni_tensor &tensor, int64_t length);
uni_tensor_info describe_tensor(const uni_tensor &tensor) noexcept;
void *device_pointer(const uni_tensor &tensor, int32_t device_id);
// Throws INVALID_STATE in a forked child for memory that it did not inherit: touching it would end the process.
void require_inherited(const uni_tensor &tensor, const char *name);
// INVALID_STATE for memory of a kind that a forked child does not have.
Error left_behind_error(const char *name, int32_t memory);
// What has been enqueued on the stream may use the tensor: releases from now on wait for it.
void note_stream(const uni_tensor &tensor, int32_t device_id, void *stream);
// Before the CPU reads or writes an array: device operations that use it must not be overtaken.
void wait_before_cpu_reads(uni_context *context, const ArrayView &array);
void wait_before_cpu_writes(uni_context *context, const ArrayView &array);
void copy_array_to_tensor(uni_tensor &tensor, const ArrayView &source, void *stream);
void copy_tensor_to_array(const uni_tensor &tensor, const ArrayView &destination, void *stream);
void fill_tensor(uni_tensor &tensor, const void *value, void *stream);

// The backend that computes on these operands: the CPU's if all are its, the device's if the leading one is on a device.
Backend &backend_for(uni_context *context, const ArrayView &leading, const char *leading_name, const ArrayView &other,
                     const char *other_name);

}  // namespace uni::core
