// SPDX-License-Identifier: Apache-2.0
// The machine behind the fake of CUDA: memory with two sides, streams whose work waits, errors on demand.
//
// Device memory is real memory that the process may not touch: only while a kernel or a copy runs is it accessible, and a
// host access at any other time ends the process. Kernels and copies on the other hand are refused, and end the context,
// where they are given host memory that was neither registered nor managed.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <vector>

#include "api.hpp"

namespace uni::cuda::fake {

constexpr Result kInvalidValue = 1;
constexpr Result kOutOfMemory = 2;
constexpr Result kNoDevice = 100;
constexpr Result kInvalidDevice = 101;
constexpr Result kInvalidHandle = 400;
constexpr Result kIllegalAddress = 700;
constexpr Result kAlreadyRegistered = 712;
constexpr Result kNotRegistered = 713;
constexpr Result kCaptureUnsupported = 900;
constexpr Result kUnknown = 999;

struct Block {
  int64_t num_bytes;
  PointerKind kind;
  int32_t device_id;
  bool freed;  // by a free that has been enqueued and has not run
  bool ready;  // false until its stream has come to the allocation
  // Devices that managed memory was advised for: a device that uses other managed memory moves pages, a thousand times as
  // slowly, which here is an access that fails.
  std::set<int32_t> advised;
};

struct Work {
  std::function<void()> run;
};

// What cudaSetDevice and cudaThreadExchangeStreamCaptureMode set for a thread, and what it may not do.
struct ThreadState {
  int32_t device = 0;
  int32_t capture_mode = 0;
  bool is_destroying_graph = false;  // calls are not allowed then
};
ThreadState &this_thread() noexcept;

struct FakeStream {
  int32_t device_id = 0;
  std::deque<Work> work;
  uint64_t enqueued = 0, done = 0;
};

// What was captured from a stream: work that runs as often as it is launched.
struct FakeGraph {
  int32_t device_id = 0;
  std::vector<std::function<void()>> work;
  struct Kept {
    void *object;
    void (*destroy)(void *);
  };
  std::vector<Kept> kept;
  std::vector<uintptr_t> blocks;  // allocated by it, which stay for as long as it does
};

struct FakeEvent {
  int32_t device_id = 0;
  FakeStream *stream = nullptr;  // of the last record; NULL: never recorded
  uint64_t position = 0;
};

struct Schedule {
  uint64_t lane_order = 0;
  int64_t most_groups = 48;
  int threads = 1;
};

// Functions that end in "_locked" are for who holds the lock.
class Machine {
 public:
  static Machine &instance();

  std::mutex mutex;

  void reset_locked();

  // Whether this call is to fail; counts it. Every function of the Api that may fail asks first.
  Result begin_call_locked();
  Result fail_locked(Result error);

  // Memory.
  Result allocate_locked(void **data, int64_t num_bytes, PointerKind kind, int32_t device_id);
  int64_t taken_locked(PointerKind kind) const;
  Result free_locked(void *data, PointerKind kind);
  // A free that comes at its turn in a stream: until then the block is there.
  Result free_in_order_locked(void *data, int32_t device_id, FakeStream &stream);
  Result allocate_host_locked(void **data, int64_t num_bytes);
  Result free_host_locked(void *data);
  // Without `read_only` memory that the process may write to.
  Result register_locked(void *data, int64_t num_bytes, bool read_only = false);
  Result unregister_locked(void *data);
  PointerReport report_locked(const void *data) const;
  // Whether the device whose work is being run may access all of these bytes now; no device reads another's memory.
  bool accessible_locked(const void *data, int64_t num_bytes) const;
  int64_t broken_borders_locked() const;
  // How much of the process's memory has stood for devices' so far.
  int64_t arena_bytes_locked() const { return arena_used_; }

  // Streams.
  // NULL and CUDA's two names of it: the default stream of the thread's current device.
  FakeStream &stream_of_locked(Stream stream);
  FakeStream *make_stream_locked();
  void each_stream_locked(const std::function<void(FakeStream &)> &body);
  // Everything that has been enqueued.
  void run_all_locked();
  void enqueue_locked(FakeStream &stream, std::function<void()> run);
  void run_until_locked(FakeStream &stream, uint64_t position);
  // What waiting for a position of a stream runs.
  void wait_locked(FakeStream &stream, uint64_t position);
  void run_some_locked(int items);
  // Runs with the device's memory accessible, unless the context has ended.
  void on_device_locked(const std::function<void()> &body);
  void poison_locked(Result error);

  // What tests set.
  int64_t calls = 0, fail_at = 0, launches = 0;
  Result fail_with = kUnknown;
  Result last_error = kSuccess, fatal = kSuccess, poison_next = kSuccess;
  int progress = 0;
  bool others_first = false;
  bool no_waits = false, events_at_once = false;  // planted faults
  FakeStream *captured = nullptr;                 // the stream that is being captured into a graph
  bool capture_broken = false;
  std::unique_ptr<FakeGraph> graph;  // what is captured from it
  std::function<void()> on_wait;     // run once by who next waits for an event, without the lock
  int32_t last_gather_multiprocessors = 0;
  bool last_gather_ordered = false;
  Schedule schedule;
  int32_t driver_version = 13000;
  bool has_device_nodes = true;
  int64_t device_bytes = INT64_MAX;  // of all device memory together
  // How much of the host's memory may be managed, and page-locked by registering.
  int64_t managed_bytes = INT64_MAX, lockable_bytes = INT64_MAX;
  std::vector<DeviceReport> devices;

  std::map<uintptr_t, Block> blocks;
  std::map<uintptr_t, int64_t> registered;
  bool refuses_file_pages = false;     // as some kernels do
  std::set<void *> host_blocks;        // memory of CUDA's own among the registered
  int64_t allocations = 0, waits = 0;  // calls, as fake_counts has them
  int64_t untouched_pages = 0;         // that registering had to find
  int64_t pool_bytes = 0;              // of device memory that was freed, and is kept until pools are trimmed
  std::set<FakeStream *> streams;
  std::set<FakeEvent *> events;

 private:
  Machine();
  static constexpr int64_t kBorder = 64;  // bytes of a known value before and behind each block

  uintptr_t take_address(int64_t num_bytes);
  bool is_intact(uintptr_t data, int64_t num_bytes) const;

  char *arena_ = nullptr;  // device memory
  int64_t arena_used_ = 0;
  std::multimap<int64_t, uintptr_t> free_ranges_;  // by size, with borders
  bool accessible_ = false;
  int64_t broken_ = 0;
  int32_t running_device_ = 0;
  std::map<int32_t, FakeStream> default_streams_;  // by device
};

inline DeviceReport make_device() {
  DeviceReport device = {};
  std::snprintf(device.name, sizeof device.name, "emulated device");
  std::snprintf(device.pci_address, sizeof device.pci_address, "0000:17:00.0");
  device.major = 9;
  device.num_multiprocessors = 4;
  device.total_bytes = int64_t{1} << 30;
  device.unified_addressing = true;
  device.managed_memory = true;
  device.concurrent_managed_access = true;
  device.host_register_supported = true;
  device.memory_pools = true;
  return device;
}

}  // namespace uni::cuda::fake
