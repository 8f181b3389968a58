// SPDX-License-Identifier: Apache-2.0
#include "core/open_devices.hpp"

#include <pthread.h>

#include <atomic>
#include <mutex>
#include <new>

#include "core/context.hpp"

namespace uni::core {
namespace {

// So that without a device nobody takes the lock.
std::atomic<uni_context *> first{nullptr};

// A fork takes the lock, so that no child inherits it from a thread that it does not have.
std::mutex &lock_of_list() noexcept {
  // Never destroyed: contexts may go while the process ends.
  alignas(std::mutex) static unsigned char place[sizeof(std::mutex)];
  static std::mutex *const made = [] {
    std::mutex *const mutex = new (place) std::mutex;
    pthread_atfork([] { lock_of_list().lock(); }, [] { lock_of_list().unlock(); }, [] { lock_of_list().unlock(); });
    return mutex;
  }();
  return *made;
}

}  // namespace

void OpenDevices::enter(uni_context *context) noexcept {
  const std::lock_guard<std::mutex> lock(lock_of_list());
  context->next_with_device_ = first.load(std::memory_order_relaxed);
  first.store(context, std::memory_order_release);
}

void OpenDevices::leave(uni_context *context) noexcept {
  if (first.load(std::memory_order_acquire) == nullptr) return;
  const std::lock_guard<std::mutex> lock(lock_of_list());
  if (first.load(std::memory_order_relaxed) == context) {
    first.store(context->next_with_device_, std::memory_order_release);
    return;
  }
  for (uni_context *before = first.load(std::memory_order_relaxed); before != nullptr;
       before = before->next_with_device_)
    if (before->next_with_device_ == context) before->next_with_device_ = context->next_with_device_;
}

Ref<uni_context> OpenDevices::any() noexcept {
  if (first.load(std::memory_order_acquire) == nullptr) return {};
  const std::lock_guard<std::mutex> lock(lock_of_list());
  // One whose last reference is being given up on another thread has left for anybody but the list.
  for (uni_context *context = first.load(std::memory_order_relaxed); context != nullptr;
       context = context->next_with_device_)
    if (!context->forked() && context->retain_unless_gone()) return Ref<uni_context>::take(context);
  return {};
}

}  // namespace uni::core
