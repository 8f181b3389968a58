// SPDX-License-Identifier: Apache-2.0
#include "timeline.hpp"

#include "core/bounds_error.hpp"

namespace uni::cuda {

Timeline::~Timeline() {
  // Where the device can be asked no more, nothing of it runs any more either.
  if (calls_.usable())
    for (TimelineEntry &entry : running_) calls_.absorb(calls_.api().synchronize_event(entry.event));
  while (!running_.empty()) finish(running_.begin(), false);
  if (calls_.usable())
    for (TimelineEntry &entry : finished_) calls_.absorb(calls_.api().destroy_event(entry.event));
  run(take_ready());
}

std::list<TimelineEntry> Timeline::prepare(int32_t device_id, bool with_record) {
  std::list<TimelineEntry> prepared;
  const std::lock_guard<std::mutex> lock(mutex_);
  for (auto entry = finished_.begin(); entry != finished_.end(); ++entry) {
    if (entry->device_id != device_id) continue;
    prepared.splice(prepared.end(), finished_, entry);
    break;
  }
  if (prepared.empty()) {
    prepared.emplace_back();
    prepared.front().device_id = device_id;
    calls_.require(calls_.api().create_event(&prepared.front().event), "cudaEventCreateWithFlags()");
  }
  if (with_record) {
    try {
      prepared.front().record = records_.take();
    } catch (...) {
      finished_.splice(finished_.end(), prepared);
      throw;
    }
  }
  return prepared;
}

void Timeline::cancel(std::list<TimelineEntry> &entry) noexcept {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (entry.front().record != nullptr) records_.give_back(entry.front().record);
  entry.front().record = nullptr;
  finished_.splice(finished_.end(), entry);
}

uint64_t Timeline::commit(std::list<TimelineEntry> &entry, Stream stream) noexcept {
  const std::lock_guard<std::mutex> lock(mutex_);
  TimelineEntry &operation = entry.front();
  operation.number = ++last_;
  // Without an event nobody could tell when the operation has finished: then it is waited for here.
  if (!calls_.absorb(calls_.api().record_event(operation.event, stream)))
    calls_.absorb(calls_.api().synchronize_stream(stream));
  running_.splice(running_.end(), entry);
  return operation.number;
}

bool Timeline::has_happened(const TimelineEntry &entry) noexcept {
  if (!calls_.usable()) return true;
  bool done = false;
  // Where the context has ended, so has what ran in it. Any other failure says nothing.
  return calls_.absorb(calls_.api().query_event(entry.event, &done)) ? done : !calls_.usable();
}

void Timeline::finish(std::list<TimelineEntry>::iterator entry, bool report) noexcept {
  // A forked child does not have the memory that records are in.
  if (entry->record != nullptr && !calls_.forked()) {
    const kernels::BoundsRecord record = *entry->record;
    records_.give_back(entry->record);
    entry->record = nullptr;
    if (record.count != 0) {
      // Seeds are counted by nobody, as on the CPU.
      if (entry->question.kind == BoundsQuestion::kIndex)
        count_out_of_bounds_(user_data_, static_cast<int64_t>(record.count));
      if (report && entry->question.report && error_number_ == 0) {
        error_number_ = entry->number;
        error_question_ = entry->question;
        error_record_ = record;
      }
    }
  }
  finished_.splice(finished_.end(), running_, entry);
}

// Detaches the items that wait for nothing that runs.
uni_deferred *Timeline::take_ready() noexcept {
  const uint64_t oldest = running_.empty() ? UINT64_MAX : running_.front().number;
  uni_deferred *const first = first_deferred_, **last = &first_deferred_;
  while (*last != nullptr && (*last)->after < oldest) last = &(*last)->next;
  if (last == &first_deferred_) return nullptr;
  uni_deferred *const rest = *last;
  *last = nullptr;
  first_deferred_ = rest;
  if (rest == nullptr) end_of_deferred_ = &first_deferred_;
  return first;
}

uni_deferred *Timeline::look() noexcept {
  for (auto entry = running_.begin(); entry != running_.end();) {
    const auto next = std::next(entry);
    if (has_happened(*entry)) finish(entry, true);
    entry = next;
  }
  return take_ready();
}

void Timeline::run(uni_deferred *items) noexcept {
  while (items != nullptr) {
    uni_deferred *const item = items;
    items = item->next;
    item->run(item);
  }
}

void Timeline::wait(uint64_t number) {
  uni_deferred *ready = nullptr;
  {
    // The lock is kept: the entry must not serve another operation meanwhile, and to wait is what was asked for.
    const std::lock_guard<std::mutex> lock(mutex_);
    if (error_number_ == number) error_number_ = 0;
    for (auto entry = running_.begin(); entry != running_.end() && entry->number <= number; ++entry) {
      if (entry->number != number) continue;
      calls_.require(calls_.api().synchronize_event(entry->event), "cudaEventSynchronize()");
      finish(entry, false);
      break;
    }
    ready = take_ready();
  }
  run(ready);
}

void Timeline::defer(uni_deferred *item) noexcept {
  if (calls_.forked()) {
    // Nothing of the parent's runs here, and the lock may have been taken by a thread that the child does not have.
    item->run(item);
    return;
  }
  uni_deferred *ready = nullptr;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    item->next = nullptr;
    item->after = last_;
    *end_of_deferred_ = item;
    end_of_deferred_ = &item->next;
    ready = look();
  }
  run(ready);
}

void Timeline::poll() noexcept {
  if (calls_.forked()) return;
  uni_deferred *ready = nullptr;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    ready = look();
  }
  run(ready);
}

void Timeline::wait_for_all() {
  uni_deferred *ready = nullptr;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    while (!running_.empty()) {
      calls_.require(calls_.api().synchronize_event(running_.front().event), "cudaEventSynchronize()");
      finish(running_.begin(), true);
    }
    ready = take_ready();
  }
  run(ready);
}

void Timeline::check() {
  if (calls_.forked()) return;
  poll();
  BoundsQuestion question;
  kernels::BoundsRecord record = {};
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (error_number_ == 0) return;
    error_number_ = 0;
    question = error_question_;
    record = error_record_;
  }
  const int64_t first = static_cast<int64_t>(record.first_plus_one) - 1;
  if (question.kind == BoundsQuestion::kSeeds) throw seed_error(first, record.value, question.num_rows);
  throw index_error(first, record.value, question.num_rows, static_cast<int64_t>(record.count), question.num_indices);
}

}  // namespace uni::cuda
