// SPDX-License-Identifier: Apache-2.0
// The object behind the CUDA backend's table, and one operation of it.
#pragma once

#include <list>
#include <memory>
#include <string>
#include <vector>

#include "numa.hpp"
#include "placement.hpp"
#include "process.hpp"
#include "timeline.hpp"
#include "unitensor/backend.h"

namespace uni::cuda {

// No page of a host or a device is smaller.
constexpr uintptr_t kLeastPageBytes = 4096;

// From the first byte to the last.
inline int64_t span_of(const uni_rows &rows) noexcept {
  return rows.num_rows == 0 ? 0 : (rows.num_rows - 1) * rows.row_pitch + rows.row_bytes;
}

// What an operand is called in messages: "source", "sources[3]". The text is made where somebody is to read it.
struct OperandName {
  const char *name;
  int32_t position;  // -1: it is the only one

  OperandName(const char *operand, int32_t at = -1) noexcept : name(operand), position(at) {}
  std::string text() const { return position < 0 ? name : name + ("[" + std::to_string(position) + "]"); }
};

class Backend {
 public:
  Backend(const Api &api, const uni_backend_config &config);

  const std::shared_ptr<Process> &process() const noexcept { return process_; }
  Calls &calls() noexcept { return process_->calls; }
  const Api &api() const noexcept { return process_->calls.api(); }
  Timeline &timeline() noexcept { return timeline_; }
  const MachineReport &machine() const noexcept { return machine_; }
  // Throws unless there is such a device, and it can be used.
  const DeviceReport &device(int32_t device_id) const;
  // The most that may move rows, where the caller asks for `asked`, 0 for what is best; 0: all.
  int32_t multiprocessors_for(int32_t asked, bool over_link, int32_t device_id) const {
    return asked > 0 ? asked : over_link ? link_multiprocessors(device(device_id)) : 0;
  }
  // Throws DEVICE_MISMATCH unless the device can read what lies there, by both ends of it; gives what memory it is.
  PointerKind require_readable(const void *data, int64_t num_bytes, OperandName name, int32_t device_id);
  PointerKind require_readable(const uni_rows &rows, OperandName name, int32_t device_id);
  // Throws NOT_SUPPORTED for a stream that is being captured.
  void require_not_captured(Stream stream);
  // Whether it is being captured. Throws NOT_SUPPORTED for the default stream while that may not be used.
  bool is_captured(Stream stream);
  // What keeps the tensors that have a byte of this memory, each until it is run.
  uni_deferred *keep(const void *data, int64_t num_bytes);
  // The same as require_readable for the count of an index, which may be NULL.
  void require_count(const int64_t *count, int32_t device_id);
  // Blocks until what this context has released is free: what is still in use may be what is missing. The current device is
  // `device_id`.
  void finish_releases(int32_t device_id);
  ServiceStreams &service_streams() noexcept { return process_->service_streams; }
  ReadBack &read_back() noexcept { return process_->read_back; }
  PageLocked &page_locked() noexcept { return process_->page_locked; }
  HostBlocks &host_blocks() noexcept { return process_->host_blocks; }
  // How memory of the host is made ready, and in words where it lies: "" where there is nothing to say.
  const HostPlacement &host_placement() const noexcept { return host_placement_; }
  std::string where_on_the_host(int32_t memory) const;
  // Memory of a device, which is the current one, in the order of a stream. Throws; where it is short, with how much is free.
  void *allocate_device(int32_t device_id, int64_t num_bytes, Stream stream);

 private:
  const std::shared_ptr<Process> process_;
  MachineReport machine_;
  const NodeChoice nodes_;
  const HostPlacement host_placement_;
  Timeline timeline_;
  uni_status (*const keep_)(const void *, int64_t, uni_deferred **);
};

// Work on one stream of one device: what is enqueued between construction and finish(). Memory taken from it lasts until
// the work has been done.
class Operation {
 public:
  // What to do with a stream that is being captured into a graph: only what has a fixed shape can become part of one.
  enum class Capture { kRefused, kPossible };

  Operation(Backend &backend, int32_t device_id, Stream stream, bool with_record = false,
            const BoundsQuestion &question = {}, Capture capture = Capture::kRefused);
  // What was enqueued when something failed is waited for by releases, like anything else.
  ~Operation();
  Operation(const Operation &) = delete;
  Operation &operator=(const Operation &) = delete;

  Stream stream() const noexcept { return stream_; }
  // What it reads and writes, for what the CPU does later.
  void reads(const void *data, int64_t num_bytes) { uses(data, num_bytes, false); }
  void reads(const uni_rows &rows) { uses(rows.data, span_of(rows), false); }
  void writes(const uni_rows &rows) { uses(rows.data, span_of(rows), true); }
  // All that it reads and writes has been said, and what follows is enqueued.
  void begin();
  // It stands for the work of others on the stream, which later operations wait for.
  void be_followed() noexcept { entry_.front().followed = true; }
  kernels::BoundsRecord *record() noexcept { return record_; }
  void *allocate(int64_t num_bytes);
  // The same for what can be done without: NULL where there is not so much memory, and nothing is waited for.
  void *allocate_if_there_is(int64_t num_bytes);
  // Sizes of device memory: whole words, since bytes are added to atomically by words, and never nothing.
  static int64_t whole_words(int64_t num_bytes) noexcept {
    return num_bytes > INT64_MAX - 16 ? num_bytes : (num_bytes / 16 + 1) * 16;
  }
  template <class T>
  T *allocate_array(int64_t count) {
    return static_cast<T *>(allocate(count * static_cast<int64_t>(sizeof(T))));
  }
  // Frees, in the order of the stream, what `allocate` gave.
  void free(void *data) noexcept;
  // What `allocate` gave becomes the caller's.
  void keep(void *data) noexcept;
  // The record is read, and nothing said of it: the caller says it.
  void silence() noexcept { entry_.front().question.report = false; }
  // Returns the operation's number in the timeline.
  uint64_t finish() noexcept;

 private:
  void uses(const void *data, int64_t num_bytes, bool written);
  bool may_allocate() const;

  Backend &backend_;
  DeviceScope device_;
  const int32_t device_id_;
  Stream stream_;
  // One of the two.
  std::list<RunningOperation> entry_;
  std::unique_ptr<CapturedOperation> captured_;
  bool is_captured_ = false;
  kernels::BoundsRecord *record_ = nullptr;
  std::vector<void *> workspaces_;
  bool finished_ = false;
};

// The operations of the table, one file each.
int32_t supports_memory(void *self, int32_t memory, char *reason, int32_t size) noexcept;
int32_t choose_unified(void *self, char *reason, int32_t size) noexcept;
int32_t reads_memory(void *self, int32_t device_id, int32_t memory, char *reason, int32_t size) noexcept;
uni_status allocate(void *self, int32_t memory, int32_t device_id, int64_t num_bytes, uni_memory_block *block,
                    uni_error *error) noexcept;
void release(void *self, uni_memory_block *block) noexcept;
uni_status register_memory(void *self, void *data, int64_t num_bytes, uni_memory_block *block,
                           uni_error *error) noexcept;
uni_status copy(void *self, const uni_rows *destination, const uni_rows *source, void *stream,
                uni_error *error) noexcept;
uni_status fill(void *self, const uni_rows *destination, const void *value, int64_t element_bytes, void *stream,
                uni_error *error) noexcept;
uni_status gather(void *self, const uni_gather_plan *plan, void *stream, uni_error *error) noexcept;
uni_status scatter(void *self, const uni_scatter_plan *plan, void *stream, uni_error *error) noexcept;
uni_status validate_graph(void *self, const uni_graph_view *graph, uni_error *error) noexcept;
uni_status sample_neighbors(void *self, const uni_sample_plan *plan, void *stream, uni_sample_output *output,
                            uni_error *error) noexcept;
uni_status sample_wait(void *self, uni_sample_output *output, uni_error *error) noexcept;
void sample_forget(void *self, uni_sample_output *output) noexcept;

uni_status wait_for_memory(void *self, const void *data, int64_t num_bytes, int32_t purpose, uni_error *error) noexcept;
// Throws INVALID_ARGUMENT unless each element lies on a multiple of its size, at which alone a device reads and writes it.
// `what` is the work that needs it: "adding".
void require_aligned(const uni_rows &rows, int64_t element_bytes, const char *name, const char *what);

uni_status note_stream(void *self, int32_t device_id, void *stream, int32_t follow, uni_error *error) noexcept;
uni_status hold_stream(void *self, int32_t device_id, void *stream, uni_error *error) noexcept;
uni_status trim(void *self, uni_error *error) noexcept;
int32_t num_devices(void *self) noexcept;
uni_status describe_device(void *self, int32_t device_id, uni_device_info *info, uni_error *error) noexcept;

// All of them; what uni_backend_init of the plugin and of the tests' fake gives, with a `create` over their own Api.
uni_status init_backend(uint32_t abi_version, const Api &api,
                        uni_status (*create)(const uni_backend_config *, void **, uni_error *), uni_backend_ops *ops,
                        uni_error *error) noexcept;
uni_status create(const Api &api, const uni_backend_config *config, void **self, uni_error *error) noexcept;

inline Backend &backend_of(void *self) noexcept { return *static_cast<Backend *>(self); }

// The way into an operation that may fail: body(backend), where CUDA can be used.
template <class Body>
uni_status enter(void *self, uni_error *error, Body &&body) noexcept {
  return guard(error, [&] {
    Backend &backend = backend_of(self);
    backend.calls().require_usable();
    const CaptureModeScope scope(backend.calls());
    body(backend);
  });
}

}  // namespace uni::cuda
