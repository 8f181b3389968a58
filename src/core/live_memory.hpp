// SPDX-License-Identifier: Apache-2.0
// The memory of all tensors of this process, to be found by an address: a descriptor of the caller's says where operands
// lie, and not whose they are. Asked only where that matters: for what a CUDA graph is to keep, and in a forked child.
#pragma once

#include <atomic>
#include <cstdint>

#include "unitensor/backend.h"

namespace uni::core {

class Storage;

// A link in a list. Its owner takes it out before it goes.
class LiveMemory {
 public:
  explicit LiveMemory(Storage &storage) noexcept : storage_(storage) {}
  ~LiveMemory() { leave(); }
  LiveMemory(const LiveMemory &) = delete;
  LiveMemory &operator=(const LiveMemory &) = delete;

  void enter(const void *data, int64_t num_bytes) noexcept;
  void leave() noexcept;

  // For uni_backend_config.keep: holds every Storage that has a byte of this memory. False where there is no memory for that.
  static bool keep(const void *data, int64_t num_bytes, uni_deferred **items) noexcept;
  // Throws INVALID_STATE in a forked child for memory that it did not inherit: touching it would end the process.
  static void require_inherited(const void *data, int64_t num_bytes, const char *name) {
    if (in_child_.load(std::memory_order_relaxed)) look_for_lost(data, num_bytes, name);
  }

 private:
  struct Lists;

  bool has(const void *data, int64_t num_bytes) const noexcept;
  void reserve_place() noexcept;
  static void look_for_lost(const void *data, int64_t num_bytes, const char *name);

  static Lists lists_;
  static const int watches_forks_;
  static std::atomic<bool> in_child_;

  Storage &storage_;
  uintptr_t begin_ = 0, end_ = 0;
  LiveMemory *previous_ = nullptr, *next_ = nullptr;
  LiveMemory **list_ = nullptr;  // that it is in
  bool reserved_ = false;        // in a child: nothing but this was ever there
};

}  // namespace uni::core
