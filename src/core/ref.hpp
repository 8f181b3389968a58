// SPDX-License-Identifier: Apache-2.0
// Reference counting for every object that a caller holds.
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

namespace uni::core {

template <class Self>
class RefCounted {
 public:
  void retain() const noexcept { count_.fetch_add(1, std::memory_order_relaxed); }
  // For who found the object without holding a reference: false where the last one has been given up.
  bool retain_unless_gone() const noexcept {
    int64_t count = count_.load(std::memory_order_relaxed);
    while (count != 0 && !count_.compare_exchange_weak(count, count + 1, std::memory_order_acq_rel)) {
    }
    return count != 0;
  }
  void release() const noexcept {
    if (count_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    // An object that something may still use says itself when it goes.
    if constexpr (requires(Self & self) { self.dispose(); })
      const_cast<Self *>(static_cast<const Self *>(this))->dispose();
    else
      delete static_cast<const Self *>(this);
  }

 protected:
  RefCounted() = default;
  ~RefCounted() = default;
  RefCounted(const RefCounted &) = delete;
  RefCounted &operator=(const RefCounted &) = delete;

 private:
  mutable std::atomic<int64_t> count_{1};
};

// Owns one reference.
template <class T>
class Ref {
 public:
  Ref() = default;
  static Ref take(T *object) noexcept { return Ref(object); }
  static Ref share(T *object) noexcept {
    if (object != nullptr) object->retain();
    return Ref(object);
  }
  Ref(const Ref &other) noexcept : Ref(share(other.object_)) {}
  Ref(Ref &&other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  Ref &operator=(Ref other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Ref() {
    if (object_ != nullptr) object_->release();
  }
  T *get() const noexcept { return object_; }
  T *operator->() const noexcept { return object_; }
  T &operator*() const noexcept { return *object_; }
  explicit operator bool() const noexcept { return object_ != nullptr; }
  // Gives the reference to the caller.
  T *detach() noexcept { return std::exchange(object_, nullptr); }

 private:
  explicit Ref(T *object) noexcept : object_(object) {}
  T *object_ = nullptr;
};

}  // namespace uni::core
