// SPDX-License-Identifier: Apache-2.0
#include "core/open_devices.hpp"

#include <pthread.h>

#include <atomic>
#include <mutex>
#include <new>

#include "core/context.hpp"

namespace uni::core {
namespace {

// How many lives of Use this thread is inside.
thread_local int32_t depth = 0;

}  // namespace

struct OpenDevices::List {
  std::mutex mutex;
  // So that without a device nobody takes the lock.
  std::atomic<uni_context *> first{nullptr};
  // Counts the ends of uses, for who waits for them. An atomic, since a condition variable that somebody waited at while
  // the process was forked hangs in the child.
  std::atomic<uint32_t> ends{0};

  // Never destroyed: contexts may go while the process ends.
  static List &instance() noexcept {
    alignas(List) static unsigned char place[sizeof(List)];
    static List *const list = [] {
      List *const made = new (place) List;
      // A fork takes the lock, so that no child inherits it from a thread that it does not have. Nothing of a device that
      // the parent opened is the child's, nor are the threads that use it.
      pthread_atfork([] { instance().mutex.lock(); }, [] { instance().mutex.unlock(); },
                     [] {
                       instance().mutex.unlock();
                       instance().first.store(nullptr, std::memory_order_relaxed);
                     });
      return made;
    }();
    return *list;
  }

  // For who holds the lock.
  bool remove(uni_context *context) noexcept {
    uni_context *before = nullptr, *here = first.load(std::memory_order_relaxed);
    while (here != nullptr && here != context) {
      before = here;
      here = here->device_place_.next;
    }
    if (here == nullptr) return false;
    if (before != nullptr)
      before->device_place_.next = here->device_place_.next;
    else
      first.store(here->device_place_.next, std::memory_order_release);
    return true;
  }
};

void OpenDevices::enter(uni_context *context) noexcept {
  List &list = List::instance();
  const std::lock_guard<std::mutex> lock(list.mutex);
  context->device_place_.entered = true;
  context->device_place_.next = list.first.load(std::memory_order_relaxed);
  list.first.store(context, std::memory_order_release);
}

bool OpenDevices::leave(uni_context *context) noexcept {
  Place &place = context->device_place_;
  if (!place.entered) return true;
  List &list = List::instance();
  std::unique_lock<std::mutex> lock(list.mutex);
  // Where it is not in the list, this is a forked child: uses by threads of the parent's do not end here.
  const bool waits = list.remove(context) && depth == 0;
  while (waits && place.uses != 0) {
    const uint32_t ends = list.ends.load(std::memory_order_relaxed);
    lock.unlock();
    list.ends.wait(ends, std::memory_order_relaxed);
    lock.lock();
  }
  // A thread that is inside a use waits for no other: two of them that end each other's contexts would never come back.
  place.deleted_by_last_use = depth != 0 && place.uses != 0;
  return !place.deleted_by_last_use;
}

OpenDevices::Use::Use() noexcept {
  List &list = List::instance();
  if (list.first.load(std::memory_order_acquire) == nullptr) return;
  const std::lock_guard<std::mutex> lock(list.mutex);
  context_ = list.first.load(std::memory_order_relaxed);
  if (context_ == nullptr) return;
  ++context_->device_place_.uses;
  ++depth;
}

OpenDevices::Use::~Use() {
  if (context_ == nullptr) return;
  List &list = List::instance();
  --depth;
  bool is_last = false;
  {
    const std::lock_guard<std::mutex> lock(list.mutex);
    Place &place = context_->device_place_;
    is_last = --place.uses == 0 && place.deleted_by_last_use;
    list.ends.fetch_add(1, std::memory_order_relaxed);
  }
  list.ends.notify_all();
  if (is_last) delete context_;
}

Backend *OpenDevices::Use::backend() const noexcept {
  return context_ != nullptr ? context_->device_if_open() : nullptr;
}

}  // namespace uni::core
