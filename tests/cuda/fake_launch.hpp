// SPDX-License-Identifier: Apache-2.0
// The launchers of the fake: what CUDA would run on a device runs in host lane groups, when its turn in the stream comes.
// Before that every address is looked at: one that a device cannot reach ends the context. The families of kernels are in
// files of their own, since each is long in compiling.
#pragma once

#include <algorithm>
#include <atomic>
#include <thread>

#include "dispatch.hpp"
#include "fake_api.hpp"
#include "fake_machine.hpp"

namespace uni::cuda::fake {

// The most multiprocessors that a launch was given since somebody asked.
inline std::atomic<int64_t> most_multiprocessors{0};
constexpr int64_t kAllMultiprocessors = 1 << 20;

inline void note_multiprocessors(int64_t given) {
  int64_t before = most_multiprocessors.load();
  while (before < given && !most_multiprocessors.compare_exchange_weak(before, given)) {
  }
}

// Runs kernels, with the memory of the device accessible.
class Launch {
 public:
  explicit Launch(const Schedule &schedule) : schedule_(schedule) {}

  template <int kLanes, class Kernel>
  Result run(const Kernel &kernel, int64_t num_groups) {
    note_multiprocessors(kAllMultiprocessors);
    return run_groups<kLanes>(kernel, num_groups);
  }

  // As many groups as so many multiprocessors have room for.
  template <class Kernel>
  Result run_rows(const Kernel &kernel, int64_t num_groups, int32_t num_multiprocessors) {
    note_multiprocessors(num_multiprocessors > 0 ? num_multiprocessors : kAllMultiprocessors);
    if (num_multiprocessors > 0) num_groups = std::min<int64_t>(num_groups, int64_t{num_multiprocessors} * 32);
    return run_groups<32>(kernel, num_groups);
  }

 private:
  template <int kLanes, class Kernel>
  Result run_groups(const Kernel &kernel, int64_t num_groups) {
    const int64_t groups = std::min(num_groups, schedule_.most_groups);
    if (groups <= 0) return kSuccess;
    const int threads = static_cast<int>(std::min<int64_t>(std::max(schedule_.threads, 1), groups));
    std::atomic<int64_t> next{0};
    const auto work = [&] {
      for (int64_t i = next.fetch_add(1, std::memory_order_relaxed); i < groups;
           i = next.fetch_add(1, std::memory_order_relaxed)) {
        // Groups in no particular order either.
        const int64_t group = schedule_.lane_order == 0 ? i : groups - 1 - i;
        kernels::HostGroup<kLanes> lanes(
            schedule_.lane_order == 0 ? 0 : schedule_.lane_order + static_cast<uint64_t>(group));
        kernel(lanes, group, groups);
      }
    };
    std::vector<std::thread> others;
    for (int t = 1; t < threads; ++t) others.emplace_back(work);
    work();
    for (std::thread &other : others) other.join();
    return kSuccess;
  }

  const Schedule schedule_;
};

// Gathers what addresses a launch may touch.
class Reach {
 public:
  explicit Reach(const Machine &machine) : machine_(machine) {}
  Reach &bytes(const void *data, int64_t num_bytes) {
    good_ &= data == nullptr ? num_bytes <= 0 : machine_.accessible_locked(data, num_bytes);
    return *this;
  }
  Reach &optional(const void *data, int64_t num_bytes) { return data == nullptr ? *this : bytes(data, num_bytes); }
  Reach &rows(const uni_rows &rows) {
    return bytes(rows.data,
                 rows.num_rows <= 0 || rows.row_bytes == 0 ? 0 : (rows.num_rows - 1) * rows.row_pitch + rows.row_bytes);
  }
  Reach &table(const TableRequest &table, int64_t num_keys) {
    return bytes(table.words, 8 * (table.dense ? num_keys : 2 * (static_cast<int64_t>(table.mask) + 1)));
  }
  bool good() const { return good_; }

 private:
  const Machine &machine_;
  bool good_ = true;
};

inline int64_t size_of_index(int32_t dtype) { return dtype == UNI_DTYPE_INT64 ? 8 : 4; }

// Enqueues a launch; `dispatch` is one of dispatch.hpp.
template <class Request, class Dispatch>
Result enqueue(const Request &request, Stream stream, Dispatch dispatch) {
  Machine &machine = Machine::instance();
  const std::lock_guard<std::mutex> lock(machine.mutex);
  if (const Result failed = machine.begin_call_locked(); failed != kSuccess) return failed;
  FakeStream &queue = machine.stream_of_locked(stream);
  // A kernel runs on the current device, and a stream belongs to one.
  if (queue.device_id != this_thread().device) return machine.fail_locked(kInvalidHandle);
  ++machine.launches;
  machine.enqueue_locked(queue, [&machine, request, dispatch] {
    if (machine.poison_next != kSuccess) {
      machine.poison_locked(machine.poison_next);
      machine.poison_next = kSuccess;
    }
    if (machine.fatal != kSuccess) return;
    if (!reaches(machine, request)) return machine.poison_locked(kIllegalAddress);
    machine.on_device_locked([&] { dispatch(request, Launch(machine.schedule)); });
  });
  return kSuccess;
}

}  // namespace uni::cuda::fake
