// SPDX-License-Identifier: Apache-2.0
// The object behind the CUDA backend's table, and one operation of it.
#pragma once

#include <list>
#include <mutex>
#include <vector>

#include "calls.hpp"
#include "placement.hpp"
#include "read_back.hpp"
#include "timeline.hpp"
#include "unitensor/backend.h"

namespace uni::cuda {

class Backend {
 public:
  Backend(const Api &api, const uni_backend_config &config);

  Calls &calls() noexcept { return calls_; }
  const Api &api() const noexcept { return calls_.api(); }
  Timeline &timeline() noexcept { return timeline_; }
  const MachineReport &machine() const noexcept { return machine_; }
  // Throws unless there is such a device, and it can be used.
  const DeviceReport &device(int32_t device_id) const;
  // Throws DEVICE_MISMATCH unless the device can read what lies there.
  void require_readable(const void *data, const char *name, int32_t device_id);
  // The same for the count of an index, which may be NULL.
  void require_count(const int64_t *count, int32_t device_id);
  // A stream of our own, for what belongs to no stream of the caller's. The current device is `device_id`.
  Stream service_stream(int32_t device_id);
  // The same for who gives memory back, which was taken when the stream was there. Asks nothing of CUDA.
  Stream known_service_stream(int32_t device_id) noexcept;
  ReadBack &read_back() noexcept { return read_back_; }

 private:
  // Before the timeline, which may still free memory on them when it goes.
  struct ServiceStreams {
    explicit ServiceStreams(Calls &of_backend) noexcept : calls(of_backend) {}
    ~ServiceStreams();
    Calls &calls;
    std::mutex mutex;
    std::vector<Stream> of_device;
  };

  Calls calls_;
  MachineReport machine_;
  ServiceStreams service_streams_;
  ReadBack read_back_;
  Timeline timeline_;
};

// Work on one stream of one device: what is enqueued between construction and finish(). Memory taken from it lasts until
// the work has been done.
class Operation {
 public:
  Operation(Backend &backend, int32_t device_id, Stream stream, bool with_record = false,
            const BoundsQuestion &question = {});
  // What was enqueued when something failed is waited for by releases, like anything else.
  ~Operation();
  Operation(const Operation &) = delete;
  Operation &operator=(const Operation &) = delete;

  Stream stream() const noexcept { return stream_; }
  kernels::BoundsRecord *record() noexcept { return entry_.front().record; }
  void *allocate(int64_t num_bytes);
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
  Backend &backend_;
  DeviceScope device_;
  Stream stream_;
  std::list<TimelineEntry> entry_;
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

// All of them; what uni_backend_init of the plugin and of the tests' fake gives, with a `create` over their own Api.
uni_status init_backend(uint32_t abi_version, uni_status (*create)(const uni_backend_config *, void **, uni_error *),
                        uni_backend_ops *ops, uni_error *error) noexcept;
uni_status create(const Api &api, const uni_backend_config *config, void **self, uni_error *error) noexcept;

inline Backend &backend_of(void *self) noexcept { return *static_cast<Backend *>(self); }

}  // namespace uni::cuda
