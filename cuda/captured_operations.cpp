// SPDX-License-Identifier: Apache-2.0
#include "captured_operations.hpp"

namespace uni::cuda {

CapturedOperation::~CapturedOperation() {
  operations_.give_back(record_);
  while (kept_ != nullptr) {
    uni_deferred *const item = kept_;
    kept_ = item->next;
    item->run(item);
  }
}

void CapturedOperation::keep(uni_deferred *items) noexcept {
  while (items != nullptr) {
    uni_deferred *const item = items;
    items = item->next;
    item->next = kept_;
    kept_ = item;
  }
}

CapturedOperations::~CapturedOperations() {
  // What is kept keeps its context, and so this: there is none left, unless the process was forked.
  for (Handle *const handle : handles_) handle->run(handle);
}

std::unique_ptr<CapturedOperation> CapturedOperations::prepare(bool with_record, const BoundsQuestion &question,
                                                               OperationOwner *owner) {
  auto operation = std::make_unique<CapturedOperation>(operations_);
  if (with_record) operation->record_ = operations_.take_record();
  operation->question_ = question;
  operation->question_.num_indices = -1;
  operation->owner_ = owner;
  operation->number_ = operations_.next_number();
  return operation;
}

void CapturedOperations::hand_over(std::unique_ptr<CapturedOperation> operation, Stream stream) {
  auto made = std::make_unique<Handle>();
  made->operation = std::move(operation);
  // Run in a later call, and then it is the library's part that is given up.
  made->run = [](uni_deferred *item) {
    Handle *const handle = static_cast<Handle *>(item);
    handle->operation.reset();
    Handle::give_up(handle);
  };
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    handles_.push_back(made.get());
    num_handles_.fetch_add(1, std::memory_order_relaxed);
  }
  // On a thread of CUDA's, which does no more than to say so.
  const auto destroy = [](void *object) {
    Handle *const handle = static_cast<Handle *>(object);
    handle->let_go.store(true, std::memory_order_release);
    Handle::give_up(handle);
  };
  operations_.calls().require(operations_.calls().api().keep_in_capture(stream, made.release(), destroy),
                              "cudaGraphRetainUserObject()");
}

uni_deferred *CapturedOperations::take_let_go() noexcept {
  if (num_handles_.load(std::memory_order_relaxed) == 0) return nullptr;
  uni_deferred *items = nullptr;
  const RunningOperations::Lock running = operations_.lock();
  const std::lock_guard<std::mutex> lock(mutex_);
  for (auto handle = handles_.begin(); handle != handles_.end();) {
    if (!(*handle)->let_go.load(std::memory_order_acquire)) {
      ++handle;
      continue;
    }
    tell(*(*handle)->operation);
    (*handle)->next = items;
    items = *handle;
    handle = handles_.erase(handle);
    num_handles_.fetch_sub(1, std::memory_order_relaxed);
  }
  return items;
}

void CapturedOperations::tell(CapturedOperation &operation) noexcept {
  if (operation.owner_ == nullptr || operation.record_ == nullptr) return;
  auto *const shared = static_cast<volatile kernels::BoundsRecord *>(operation.record_);
  kernels::BoundsRecord record = {};
  record.count = shared->count;
  record.first_plus_one = shared->first_plus_one;
  record.value = shared->value;
  // Counted, and not yet said where: by a launch that is running.
  if (record.count == 0 || record.first_plus_one == 0) return;
  shared->count = 0;
  shared->first_plus_one = 0;
  operation.owner_->take_record(operation.number_, operation.question_, record);
}

void CapturedOperations::look(OperationOwner &owner) noexcept {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (Handle *const handle : handles_)
    if (handle->operation->owner_ == &owner) tell(*handle->operation);
}

void CapturedOperations::forget_owner(OperationOwner &owner) noexcept {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (Handle *const handle : handles_)
    if (handle->operation->owner_ == &owner) handle->operation->owner_ = nullptr;
}

}  // namespace uni::cuda
