// SPDX-License-Identifier: Apache-2.0
// One context's part in what runs: releases that wait for operations, and what its own operations found out of bounds.
#pragma once

#include <cstdint>
#include <list>
#include <memory>

#include "captured_operations.hpp"
#include "running_operations.hpp"
#include "unitensor/backend.h"

namespace uni::cuda {

class Timeline final : private OperationOwner {
 public:
  Timeline(RunningOperations &operations, CapturedOperations &captured, void (*count_out_of_bounds)(void *, int64_t),
           void *user_data) noexcept
      : operations_(operations),
        captured_(captured),
        count_out_of_bounds_(count_out_of_bounds),
        user_data_(user_data) {}
  // Waits for the context's operations and does what was deferred.
  ~Timeline();

  // As those of RunningOperations.
  std::list<RunningOperation> prepare(int32_t device_id, bool with_record) {
    return operations_.prepare(device_id, with_record);
  }
  uint64_t commit(std::list<RunningOperation> &prepared, Stream stream) noexcept {
    return operations_.commit(prepared, stream, this);
  }

  // An operation that becomes part of a graph: see CapturedOperations.
  std::unique_ptr<CapturedOperation> prepare_captured(bool with_record, const BoundsQuestion &question) {
    return captured_.prepare(with_record, question, this);
  }

  // Blocks until an operation has finished. What its record says is left to the caller, and is not reported again.
  void wait(uint64_t number);
  // Calls item->run when all that any context has enqueued so far has finished: at once, or in a later call of this
  // context's, or of one without a device that asks this one.
  void defer(uni_deferred *item) noexcept;
  // Looks which operations have finished, and runs what has waited for them. Never blocks.
  void poll() noexcept;
  // The same for all of them, not only for some of the oldest.
  void look_at_all() noexcept;
  // Makes a stream that is about to be used wait for the streams that this context follows.
  void follow(Stream stream);
  // Blocks until the operations of every context that write these bytes, and with UNI_WAIT_TO_WRITE those that read them,
  // have finished; and what this context follows, unless it is another that asks (UNI_WAIT_FOR_OTHERS).
  void wait_for_memory(const void *data, int64_t num_bytes, int32_t purpose);
  // Blocks until all of this context's have finished.
  void wait_for_own();
  // Blocks until those of every context have finished.
  void wait_for_every();
  // Whether any of this context's is known to run.
  bool has_running() noexcept;
  // Makes a stream wait for this context's operations. The host does not wait.
  void hold_stream(Stream stream);
  // Throws the first error that finished operations have left, and forgets it.
  void check();

 private:
  void take_record(uint64_t number, const BoundsQuestion &question,
                   const kernels::BoundsRecord &record) noexcept override;
  // For who holds the lock: the items that wait for nothing that runs.
  uni_deferred *take_ready() noexcept;
  void look(int64_t most_unfinished) noexcept;
  // Blocks until the operations before `end` have finished; all of them, or this context's.
  void wait_before(RunningOperations::Lock &lock, uint64_t end, bool own_only);
  static void run(uni_deferred *items) noexcept;

  RunningOperations &operations_;
  CapturedOperations &captured_;
  void (*const count_out_of_bounds_)(void *, int64_t);
  void *const user_data_;
  // Behind the lock of the operations.
  uni_deferred *first_deferred_ = nullptr, **end_of_deferred_ = &first_deferred_;
  // The first error that nobody has been told; 0: none.
  uint64_t error_number_ = 0;
  BoundsQuestion error_question_;
  kernels::BoundsRecord error_record_ = {};
};

}  // namespace uni::cuda
