// SPDX-License-Identifier: Apache-2.0
#include "core/open_devices.hpp"

#include <pthread.h>

#include <atomic>
#include <mutex>
#include <type_traits>
#include <utility>

#include "core/context.hpp"

namespace uni::core {

// There from the start, and never destroyed: contexts may go while the process ends.
struct OpenDevices::List {
  std::mutex mutex;
  // So that without a device nobody takes the lock.
  std::atomic<uni_context *> first{nullptr};
  // Those that a forked child has from its parent, which nobody comes to use.
  uni_context *inherited = nullptr;
  // Counts the ends of uses, for who waits for them. An atomic, since a condition variable that somebody waited at while
  // the process was forked hangs in the child.
  std::atomic<uint32_t> ends{0};

  // A fork takes the lock, so that no child inherits it from a thread that it does not have.
  static int watch_forks() noexcept {
    return pthread_atfork([] { list_.mutex.lock(); }, [] { list_.mutex.unlock(); },
                          [] {
                            list_.begin_in_child();
                            list_.mutex.unlock();
                          });
  }

  // Nothing of a device that the parent opened is the child's, and of the threads that use it there is this one.
  void begin_in_child() noexcept {
    uni_context **end = &inherited;
    while (*end != nullptr) end = &(*end)->device_place_.next;
    *end = first.exchange(nullptr, std::memory_order_relaxed);
    for (uni_context *context = inherited; context != nullptr; context = context->device_place_.next)
      context->device_place_.uses = 0;
    for (const Use *use = thread_.innermost; use != nullptr; use = use->outer_) ++use->context_->device_place_.uses;
  }

  // For who holds the lock.
  void append(uni_context *context) noexcept {
    context->device_place_.next = nullptr;
    uni_context *last = first.load(std::memory_order_relaxed);
    if (last == nullptr) return first.store(context, std::memory_order_release);
    while (last->device_place_.next != nullptr) last = last->device_place_.next;
    last->device_place_.next = context;
  }

  void remove(uni_context *context) noexcept {
    uni_context *const following = context->device_place_.next;
    if (first.load(std::memory_order_relaxed) == context) return first.store(following, std::memory_order_release);
    if (inherited == context) {
      inherited = following;
      return;
    }
    for (uni_context *const head : {first.load(std::memory_order_relaxed), inherited})
      for (uni_context *before = head; before != nullptr; before = before->device_place_.next)
        if (before->device_place_.next == context) before->device_place_.next = following;
  }
};

constinit OpenDevices::List OpenDevices::list_;
static_assert(std::is_trivially_destructible_v<std::mutex>);
// From the load on: a thread that came here first could be about to begin with it when another one forks.
const int OpenDevices::watches_forks_ = List::watch_forks();
constinit thread_local OpenDevices::Thread OpenDevices::thread_;

void OpenDevices::enter(uni_context *context) noexcept {
  const std::lock_guard<std::mutex> lock(list_.mutex);
  // At the end, so that all ask the one that they have asked before, which has what they have deferred.
  list_.append(context);
}

void OpenDevices::leave(uni_context *context) noexcept {
  std::unique_lock<std::mutex> lock(list_.mutex);
  list_.remove(context);
  while (context->device_place_.uses != 0) {
    const uint32_t ends = list_.ends.load(std::memory_order_relaxed);
    lock.unlock();
    list_.ends.wait(ends, std::memory_order_relaxed);
    lock.lock();
  }
}

bool OpenDevices::dispose_later(uni_context *context) noexcept {
  if (thread_.innermost == nullptr) return false;
  context->device_place_.next_to_dispose_of = std::exchange(thread_.to_dispose_of, context);
  return true;
}

OpenDevices::Use::Use() noexcept {
  if (list_.first.load(std::memory_order_acquire) == nullptr) return;
  const std::lock_guard<std::mutex> lock(list_.mutex);
  context_ = list_.first.load(std::memory_order_relaxed);
  if (context_ == nullptr) return;
  ++context_->device_place_.uses;
  outer_ = std::exchange(thread_.innermost, this);
}

OpenDevices::Use::~Use() {
  if (context_ == nullptr) return;
  {
    const std::lock_guard<std::mutex> lock(list_.mutex);
    --context_->device_place_.uses;
    thread_.innermost = outer_;
    list_.ends.fetch_add(1, std::memory_order_relaxed);
  }
  list_.ends.notify_all();
  while (thread_.innermost == nullptr && thread_.to_dispose_of != nullptr) {
    uni_context *const context = thread_.to_dispose_of;
    thread_.to_dispose_of = context->device_place_.next_to_dispose_of;
    context->dispose();
  }
}

Backend *OpenDevices::Use::backend() const noexcept {
  return context_ != nullptr ? context_->device_if_open() : nullptr;
}

}  // namespace uni::core
