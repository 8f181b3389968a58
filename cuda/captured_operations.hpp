// SPDX-License-Identifier: Apache-2.0
// Operations that were captured into CUDA graphs: they run as often as the graph is launched, which nobody tells us of, and
// end with it. What they use is kept until then.
#pragma once

#include <atomic>
#include <list>
#include <memory>
#include <mutex>
#include <vector>

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

  // Room was made for `item` beforehand, so that none is lost.
  void keep(uni_deferred *item) noexcept { kept_.push_back(item); }
  void make_room() { kept_.reserve(kept_.size() + 1); }
  kernels::BoundsRecord *record() const noexcept { return record_; }

 private:
  friend class CapturedOperations;

  RunningOperations &operations_;
  kernels::BoundsRecord *record_ = nullptr;
  BoundsQuestion question_;
  uint64_t number_ = 0;
  OperationOwner *owner_ = nullptr;  // NULL when its context has gone
  std::vector<uni_deferred *> kept_;
};

class CapturedOperations {
 public:
  explicit CapturedOperations(RunningOperations &operations) noexcept : operations_(operations) {}
  ~CapturedOperations();

  std::unique_ptr<CapturedOperation> prepare(bool with_record, const BoundsQuestion &question, OperationOwner *owner);
  // Hands it to the graph that the stream is being captured into. Before anything of it is enqueued.
  void hand_over(std::unique_ptr<CapturedOperation> operation, Stream stream);
  // Those whose graphs are no more, as items to be run without a lock.
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

  RunningOperations &operations_;
  std::mutex mutex_;
  std::list<Handle *> handles_;
  std::atomic<int64_t> num_handles_{0};
};

}  // namespace uni::cuda
