// SPDX-License-Identifier: Apache-2.0
#include "running_operations.hpp"

namespace uni::cuda {

RunningOperations::~RunningOperations() {
  if (!calls_.usable()) return;
  for (std::list<RunningOperation> *list : {&running_, &leaving_, &idle_})
    for (RunningOperation &operation : *list) calls_.absorb(calls_.api().destroy_event(operation.event));
}

kernels::BoundsRecord *RunningOperations::take_record() {
  {
    const Lock held = lock();
    if (kernels::BoundsRecord *const record = records_.take(); record != nullptr) return record;
  }
  // What may take CUDA a while is asked for without the lock.
  PinnedPage page(calls_);
  const Lock held = lock();
  records_.add(page);
  return records_.take();
}

void RunningOperations::give_back(kernels::BoundsRecord *record) noexcept {
  const Lock held = lock();
  if (record != nullptr) records_.give_back(record);
}

std::list<RunningOperation> RunningOperations::prepare(int32_t device_id, bool with_record) {
  std::list<RunningOperation> prepared;
  {
    const Lock held = lock();
    for (auto entry = idle_.begin(); entry != idle_.end(); ++entry) {
      if (entry->device_id != device_id) continue;
      prepared.splice(prepared.end(), idle_, entry);
      break;
    }
  }
  kernels::BoundsRecord *record = nullptr;
  try {
    if (prepared.empty()) {
      prepared.emplace_back();
      prepared.front().device_id = device_id;
      if (const Result result = calls_.api().create_event(&prepared.front().event); result != kSuccess) {
        prepared.clear();
        calls_.require(result, "cudaEventCreateWithFlags()");
      }
    }
    if (with_record) record = take_record();
  } catch (...) {
    const Lock held = lock();
    idle_.splice(idle_.end(), prepared);
    throw;
  }
  RunningOperation &operation = prepared.front();
  operation.record = record;
  operation.question = {};
  operation.num_uses = 0;
  operation.followed = false;
  operation.finished = false;
  return prepared;
}

uint64_t RunningOperations::commit(std::list<RunningOperation> &prepared, Stream stream,
                                   OperationOwner *owner) noexcept {
  RunningOperation &operation = prepared.front();
  operation.owner = owner;
  // Without an event nobody could tell when the operation has finished: then it is waited for here.
  if (!calls_.absorb(calls_.api().record_event(operation.event, stream)))
    calls_.absorb(calls_.api().synchronize_stream(stream));
  const Lock held = lock();
  operation.number = ++last_;
  running_.splice(running_.end(), prepared);
  num_running_.fetch_add(1, std::memory_order_release);
  return operation.number;
}

bool RunningOperations::has_happened(const RunningOperation &operation) noexcept {
  if (!calls_.usable()) return true;
  bool done = false;
  // Where the context has ended, so has what ran in it. Any other failure says nothing.
  return calls_.absorb(calls_.api().query_event(operation.event, &done)) ? done : !calls_.usable();
}

void RunningOperations::finish(Entry entry) noexcept {
  entry->finished = true;
  if (entry->record != nullptr) {
    const kernels::BoundsRecord record = *entry->record;
    records_.give_back(entry->record);
    entry->record = nullptr;
    if (record.count != 0) entry->owner->take_record(entry->number, entry->question, record);
  }
  entry->owner = nullptr;
  std::list<RunningOperation> &to = entry->num_waiters > 0 ? leaving_ : idle_;
  to.splice(to.end(), running_, entry);
  num_running_.fetch_sub(1, std::memory_order_release);
}

void RunningOperations::look(int64_t most_unfinished) noexcept {
  for (auto entry = running_.begin(); entry != running_.end() && most_unfinished > 0;) {
    const auto next = std::next(entry);
    if (has_happened(*entry))
      finish(entry);
    else
      --most_unfinished;
    entry = next;
  }
}

Result RunningOperations::wait_for(Lock &held, Entry entry) noexcept {
  ++entry->num_waiters;
  const Event event = entry->event;
  held.unlock();
  const Result result = calls_.api().synchronize_event(event);
  held.lock();
  --entry->num_waiters;
  if (!entry->finished) {
    if (result == kSuccess) finish(entry);
  } else if (entry->num_waiters == 0) {
    idle_.splice(idle_.end(), leaving_, entry);
  }
  return result;
}

}  // namespace uni::cuda
