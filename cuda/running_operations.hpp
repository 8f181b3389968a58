// SPDX-License-Identifier: Apache-2.0
// What runs on the devices of this process, whichever context enqueued it: an event behind each operation. One list for
// all contexts, since a tensor of one context may be used by an operation of another, and streams are the caller's: no
// handle of one is kept past a call.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <list>
#include <mutex>

#include "calls.hpp"
#include "kernels/bounds.hpp"
#include "record_pool.hpp"
#include "unitensor/gather.h"

namespace uni::cuda {

// What a record means, to be put into words.
struct BoundsQuestion {
  enum Kind { kIndex, kSeeds } kind = kIndex;
  bool report = false;  // an error (UNI_BOUNDS_CHECK); else counted only
  int64_t num_rows = 0;
  int64_t num_indices = 0;  // -1: of any number of launches of a graph
};

struct RunningOperation;

// Bytes that an operation reads or writes.
struct MemoryUse {
  uintptr_t begin = 0, end = 0;
  bool written = false;
};

// Who enqueued it, and is told what its record says. Called with the lock held.
class OperationOwner {
 public:
  virtual void take_record(uint64_t number, const BoundsQuestion &question,
                           const kernels::BoundsRecord &record) noexcept = 0;

 protected:
  ~OperationOwner() = default;
};

// Made before anything is enqueued, so that nothing can fail for lack of memory afterwards.
struct RunningOperation {
  uint64_t number = 0;
  int32_t device_id = 0;
  Event event = nullptr;
  kernels::BoundsRecord *record = nullptr;
  BoundsQuestion question;
  OperationOwner *owner = nullptr;
  // For what the CPU does later with the same memory.
  std::array<MemoryUse, 2 * UNI_GATHER_MANY_MAX + 3> uses;
  int32_t num_uses = 0;
  // Work of others on a stream of theirs, which may use any memory, and which later operations of the owner wait for.
  bool followed = false;
  // Threads that wait for the event without the lock: it must not serve another operation meanwhile.
  int32_t num_waiters = 0;
  bool finished = false;
};

class RunningOperations {
 public:
  using Entry = std::list<RunningOperation>::iterator;
  using Lock = std::unique_lock<std::mutex>;

  explicit RunningOperations(Calls &calls) noexcept : calls_(calls) {}
  // Every owner has gone, and with it every operation.
  ~RunningOperations();

  Calls &calls() noexcept { return calls_; }

  // A zeroed record in page-locked memory.
  kernels::BoundsRecord *take_record();
  void give_back(kernels::BoundsRecord *record) noexcept;
  // The current device is `device_id`. With a record, or without one.
  std::list<RunningOperation> prepare(int32_t device_id, bool with_record);
  // Marks the end of what has been enqueued on the stream. Returns the number of the operation.
  uint64_t commit(std::list<RunningOperation> &prepared, Stream stream, OperationOwner *owner) noexcept;

  // Whether nothing is known to run. Needs no lock.
  bool empty() const noexcept { return num_running_.load(std::memory_order_acquire) == 0; }

  // A number for an operation that is not in the list.
  uint64_t next_number() {
    const Lock held = lock();
    return ++last_;
  }

  // These are for who holds the lock.
  Lock lock() { return Lock(mutex_); }
  std::list<RunningOperation> &running() noexcept { return running_; }  // in order of number
  uint64_t last_number() const noexcept { return last_; }
  uint64_t oldest_number() const noexcept { return running_.empty() ? UINT64_MAX : running_.front().number; }
  // Which have finished? Never blocks. Stops after some that have not: what follows has hardly finished before them.
  void look(int64_t most_unfinished) noexcept;
  // Blocks until an operation has finished; the lock is given up meanwhile. Returns what CUDA says.
  Result wait_for(Lock &lock, Entry entry) noexcept;
  void finish(Entry entry) noexcept;

 private:
  bool has_happened(const RunningOperation &operation) noexcept;

  Calls &calls_;
  std::mutex mutex_;
  RecordPool records_;
  uint64_t last_ = 0;
  std::atomic<int64_t> num_running_{0};
  std::list<RunningOperation> running_;
  std::list<RunningOperation> leaving_;  // finished, and somebody is still waiting for the event
  std::list<RunningOperation> idle_;     // with an event that can be used again
};

}  // namespace uni::cuda
