// SPDX-License-Identifier: Apache-2.0
#include "timeline.hpp"

#include <algorithm>

#include "core/bounds_error.hpp"

namespace uni::cuda {
namespace {

// How many unfinished operations a call that only passes by asks about.
constexpr int64_t few = 8, all = INT64_MAX;

}  // namespace

Timeline::~Timeline() {
  if (operations_.calls().forked()) {
    // Nothing of the parent's runs here, and the lock may have been taken by a thread that the child does not have.
    run(first_deferred_);
    return;
  }
  uni_deferred *rest = nullptr;
  {
    RunningOperations::Lock lock = operations_.lock();
    uint64_t last_needed = 0;
    for (const uni_deferred *item = first_deferred_; item != nullptr; item = item->next) last_needed = item->after;
    // What cannot be waited for counts as finished: the memory has to go.
    auto &running = operations_.running();
    for (uint64_t next = 0;;) {
      auto entry = running.begin();
      while (entry != running.end() && (entry->number < next || (entry->owner != this && entry->number > last_needed)))
        ++entry;
      if (entry == running.end()) break;
      next = entry->number + 1;
      if (operations_.calls().usable()) operations_.calls().absorb(operations_.wait_for(lock, entry));
    }
    for (auto entry = running.begin(); entry != running.end();) {
      const auto following = std::next(entry);
      if (entry->owner == this) operations_.finish(entry);
      entry = following;
    }
    rest = std::exchange(first_deferred_, nullptr);
  }
  captured_.forget_owner(*this);
  run(rest);
}

void Timeline::take_record(uint64_t number, const BoundsQuestion &question,
                           const kernels::BoundsRecord &record) noexcept {
  // Seeds are counted by nobody, as on the CPU.
  if (question.kind == BoundsQuestion::kIndex) count_out_of_bounds_(user_data_, static_cast<int64_t>(record.count));
  if (!question.report || error_number_ != 0) return;
  error_number_ = number;
  error_question_ = question;
  error_record_ = record;
}

uni_deferred *Timeline::take_ready() noexcept {
  const uint64_t oldest = operations_.oldest_number();
  uni_deferred *const first = first_deferred_, **last = &first_deferred_;
  while (*last != nullptr && (*last)->after < oldest) last = &(*last)->next;
  if (last == &first_deferred_) return nullptr;
  uni_deferred *const rest = *last;
  *last = nullptr;
  first_deferred_ = rest;
  if (rest == nullptr) end_of_deferred_ = &first_deferred_;
  return first;
}

void Timeline::run(uni_deferred *items) noexcept {
  while (items != nullptr) {
    uni_deferred *const item = items;
    items = item->next;
    item->run(item);
  }
}

void Timeline::wait_before(RunningOperations::Lock &lock, uint64_t end, bool own_only) {
  auto &running = operations_.running();
  for (;;) {
    auto entry = running.begin();
    while (entry != running.end() && own_only && entry->owner != this) ++entry;
    if (entry == running.end() || entry->number >= end) return;
    operations_.calls().require(operations_.wait_for(lock, entry), "cudaEventSynchronize()");
  }
}

void Timeline::wait(uint64_t number) {
  uni_deferred *ready = nullptr;
  {
    RunningOperations::Lock lock = operations_.lock();
    auto &running = operations_.running();
    auto entry = running.begin();
    while (entry != running.end() && entry->number < number) ++entry;
    if (entry != running.end() && entry->number == number) {
      entry->question.report = false;
      operations_.calls().require(operations_.wait_for(lock, entry), "cudaEventSynchronize()");
    }
    if (error_number_ == number) error_number_ = 0;
    ready = take_ready();
  }
  run(ready);
}

void Timeline::defer(uni_deferred *item) noexcept {
  if (operations_.calls().forked()) {
    item->run(item);
    return;
  }
  {
    const RunningOperations::Lock lock = operations_.lock();
    item->next = nullptr;
    item->after = operations_.last_number();
    *end_of_deferred_ = item;
    end_of_deferred_ = &item->next;
  }
  look(few);
}

void Timeline::look(int64_t most_unfinished) noexcept {
  if (operations_.calls().forked()) return;
  uni_deferred *ready = nullptr;
  {
    const RunningOperations::Lock lock = operations_.lock();
    operations_.look(most_unfinished);
    ready = take_ready();
  }
  run(ready);
  run(captured_.take_let_go());
}

void Timeline::poll() noexcept { look(few); }

void Timeline::look_at_all() noexcept { look(all); }

void Timeline::wait_for_own() {
  {
    RunningOperations::Lock lock = operations_.lock();
    wait_before(lock, operations_.last_number() + 1, true);
  }
  look(few);
}

void Timeline::wait_for_every() {
  {
    RunningOperations::Lock lock = operations_.lock();
    wait_before(lock, operations_.last_number() + 1, false);
  }
  look(few);
}

bool Timeline::has_running() noexcept {
  poll();
  const RunningOperations::Lock lock = operations_.lock();
  for (const RunningOperation &operation : operations_.running())
    if (operation.owner == this) return true;
  return false;
}

void Timeline::hold_stream(Stream stream) {
  const RunningOperations::Lock lock = operations_.lock();
  for (const RunningOperation &operation : operations_.running())
    if (operation.owner == this)
      operations_.calls().require(operations_.calls().api().stream_wait_event(stream, operation.event),
                                  "cudaStreamWaitEvent()");
}

void Timeline::follow(Stream stream) {
  if (operations_.empty()) return;
  const RunningOperations::Lock lock = operations_.lock();
  for (const RunningOperation &operation : operations_.running())
    if (operation.followed && operation.owner == this)
      operations_.calls().require(operations_.calls().api().stream_wait_event(stream, operation.event),
                                  "cudaStreamWaitEvent()");
}

void Timeline::wait_for_memory(const void *data, int64_t num_bytes, int32_t purpose) {
  run(captured_.take_let_go());
  if (operations_.empty()) return;
  const auto begin = reinterpret_cast<uintptr_t>(data), end = begin + static_cast<uintptr_t>(num_bytes);
  const bool for_write = (purpose & UNI_WAIT_TO_WRITE) != 0, for_others = (purpose & UNI_WAIT_FOR_OTHERS) != 0;
  const auto concerns = [&](const RunningOperation &operation) {
    if (operation.followed && operation.owner == this && !for_others) return true;
    for (int32_t i = 0; i < operation.num_uses; ++i) {
      const MemoryUse &use = operation.uses[static_cast<size_t>(i)];
      if ((use.written || for_write) && use.begin < end && begin < use.end) return true;
    }
    return false;
  };
  {
    RunningOperations::Lock lock = operations_.lock();
    auto &running = operations_.running();
    for (;;) {
      const auto entry = std::find_if(running.begin(), running.end(), concerns);
      if (entry == running.end()) break;
      operations_.calls().require_usable();
      operations_.calls().require(operations_.wait_for(lock, entry), "cudaEventSynchronize()");
    }
  }
  look(few);
}

void Timeline::check() {
  if (operations_.calls().forked()) return;
  look(all);
  BoundsQuestion question;
  kernels::BoundsRecord record = {};
  {
    const RunningOperations::Lock lock = operations_.lock();
    captured_.look(*this);
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
