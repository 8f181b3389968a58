// SPDX-License-Identifier: Apache-2.0
// What has been enqueued and has not finished: an event behind each operation, and what waits for it. A release waits for
// every operation that was enqueued before it, whichever stream that is on: streams are the caller's, and no handle of one
// is kept past the call.
#pragma once

#include <cstdint>
#include <list>
#include <mutex>
#include <vector>

#include "calls.hpp"
#include "kernels/bounds.hpp"
#include "record_pool.hpp"

namespace uni::cuda {

// What a record means, to be put into words.
struct BoundsQuestion {
  enum Kind { kIndex, kSeeds } kind = kIndex;
  bool report = false;  // an error (UNI_BOUNDS_CHECK); else counted only
  int64_t num_rows = 0;
  int64_t num_indices = 0;
};

// One operation: made before anything is enqueued, so that nothing can fail for lack of memory afterwards.
struct TimelineEntry {
  uint64_t number = 0;
  int32_t device_id = 0;
  Event event = nullptr;
  kernels::BoundsRecord *record = nullptr;
  BoundsQuestion question;
};

class Timeline {
 public:
  Timeline(Calls &calls, void (*count_out_of_bounds)(void *, int64_t), void *user_data) noexcept
      : calls_(calls), records_(calls), count_out_of_bounds_(count_out_of_bounds), user_data_(user_data) {}
  // Waits for everything and does what was deferred.
  ~Timeline();

  // The current device is `device_id`. With a zeroed record in page-locked memory, or without one.
  std::list<TimelineEntry> prepare(int32_t device_id, bool with_record);
  // Gives back what no operation came of.
  void cancel(std::list<TimelineEntry> &entry) noexcept;
  // Marks the end of what has been enqueued on the stream. Returns the number of the operation.
  uint64_t commit(std::list<TimelineEntry> &entry, Stream stream) noexcept;

  // Blocks until an operation has finished. What its record says is left to the caller, and is not reported again.
  void wait(uint64_t number);
  // Calls item->run when all that has been committed so far has finished: at once, or in a later call.
  void defer(uni_deferred *item) noexcept;
  // Looks which operations have finished, and runs what has waited for them. Never blocks.
  void poll() noexcept;
  // Blocks until all have finished.
  void wait_for_all();
  // Throws the first error that finished operations have left, and forgets it.
  void check();

 private:
  // These are for who holds the lock.
  bool has_happened(const TimelineEntry &entry) noexcept;
  void finish(std::list<TimelineEntry>::iterator entry, bool report) noexcept;
  uni_deferred *take_ready() noexcept;
  uni_deferred *look() noexcept;
  static void run(uni_deferred *items) noexcept;

  Calls &calls_;
  RecordPool records_;
  void (*const count_out_of_bounds_)(void *, int64_t);
  void *const user_data_;
  std::mutex mutex_;
  uint64_t last_ = 0;
  std::list<TimelineEntry> running_;   // in order of number
  std::list<TimelineEntry> finished_;  // with an event that can be used again
  uni_deferred *first_deferred_ = nullptr, **end_of_deferred_ = &first_deferred_;
  // The first error that nobody has been told; 0: none.
  uint64_t error_number_ = 0;
  BoundsQuestion error_question_;
  kernels::BoundsRecord error_record_ = {};
};

}  // namespace uni::cuda
