// SPDX-License-Identifier: Apache-2.0
// Operations that were captured into CUDA graphs: they run as often as the graph is launched, which nobody tells us of, and
// end with it. What they use is kept until then.
#pragma once

#include <atomic>
#include <list>
#include <memory>
#include <mutex>

#include "running_operations.hpp"
#include "unitensor/backend.h"

namespace uni::cuda {

class CapturedOperation {
 public:
  explicit CapturedOperation(RunningOperations &operations) noexcept : operations_(operations) {}
  // Lets go of what is kept, and gives the record back.
  ~CapturedOperation();
  CapturedOperation(const CapturedOperation &) = delete;
  CapturedOperation &operator=(const CapturedOperation &) = delete;

  // A list of items, each to be run in the end.
  void keep(uni_deferred *items) noexcept;
  kernels::BoundsRecord *record() const noexcept { return record_; }

 private:
  friend class CapturedOperations;

  RunningOperations &operations_;
  kernels::BoundsRecord *record_ = nullptr;
  BoundsQuestion question_;
  uint64_t number_ = 0;
  OperationOwner *owner_ = nullptr;  // NULL when its context has gone
  uni_deferred *kept_ = nullptr;
};

class CapturedOperations {
 public:
  explicit CapturedOperations(RunningOperations &operations) noexcept : operations_(operations) {}
  ~CapturedOperations();

  std::unique_ptr<CapturedOperation> prepare(bool with_record, const BoundsQuestion &question, OperationOwner *owner);
  // Hands it to the graph that the stream is being captured into. Before anything of it is enqueued.
  void hand_over(std::unique_ptr<CapturedOperation> operation, Stream stream);
  // Those whose graphs are no more, as items to be run without a lock. Their owners are told what their launches found.
  uni_deferred *take_let_go() noexcept;
  // Tells an owner what launches of graphs have found since it asked last; the lock of the running operations is held. A
  // launch that is still running may be told of in part.
  void look(OperationOwner &owner) noexcept;
  void forget_owner(OperationOwner &owner) noexcept;

 private:
  // What the graph knows. It outlives the library's part, or the other way round: the last one deletes it.
  struct Handle : uni_deferred {
    std::unique_ptr<CapturedOperation> operation;
    std::atomic<bool> let_go{false};
    std::atomic<int> num_holders{2};
    static void give_up(Handle *handle) noexcept {
      if (handle->num_holders.fetch_sub(1, std::memory_order_acq_rel) == 1) delete handle;
    }
  };

  // Tells the owner what launches have found since it was told last; both locks are held.
  static void tell(CapturedOperation &operation) noexcept;

  RunningOperations &operations_;
  std::mutex mutex_;  // taken after that of the running operations
  std::list<Handle *> handles_;
  std::atomic<int64_t> num_handles_{0};
};

}  // namespace uni::cuda
