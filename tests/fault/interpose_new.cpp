// SPDX-License-Identifier: Apache-2.0
// Every form of operator new and delete.
#include <cstdlib>
#include <new>

#include "interpose.h"

namespace {

void *allocate(std::size_t size, std::size_t alignment = 16) {
  void *const block = fault_hit(FAULT_NEW) != 0 ? nullptr : fault_allocate_unarmed(size, alignment);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}

void *allocate_or_null(std::size_t size, std::size_t alignment = 16) noexcept {
  return fault_hit(FAULT_NEW) != 0 ? nullptr : fault_allocate_unarmed(size, alignment);
}

constexpr std::size_t number(std::align_val_t alignment) { return static_cast<std::size_t>(alignment); }

}  // namespace

void *operator new(std::size_t size) { return allocate(size); }
void *operator new[](std::size_t size) { return allocate(size); }
void *operator new(std::size_t size, const std::nothrow_t &) noexcept { return allocate_or_null(size); }
void *operator new[](std::size_t size, const std::nothrow_t &) noexcept { return allocate_or_null(size); }
void *operator new(std::size_t size, std::align_val_t a) { return allocate(size, number(a)); }
void *operator new[](std::size_t size, std::align_val_t a) { return allocate(size, number(a)); }
void *operator new(std::size_t size, std::align_val_t a, const std::nothrow_t &) noexcept {
  return allocate_or_null(size, number(a));
}
void *operator new[](std::size_t size, std::align_val_t a, const std::nothrow_t &) noexcept {
  return allocate_or_null(size, number(a));
}
void operator delete(void *block) noexcept { std::free(block); }
void operator delete[](void *block) noexcept { std::free(block); }
void operator delete(void *block, std::size_t) noexcept { std::free(block); }
void operator delete[](void *block, std::size_t) noexcept { std::free(block); }
void operator delete(void *block, const std::nothrow_t &) noexcept { std::free(block); }
void operator delete[](void *block, const std::nothrow_t &) noexcept { std::free(block); }
void operator delete(void *block, std::align_val_t) noexcept { std::free(block); }
void operator delete[](void *block, std::align_val_t) noexcept { std::free(block); }
void operator delete(void *block, std::size_t, std::align_val_t) noexcept { std::free(block); }
void operator delete[](void *block, std::size_t, std::align_val_t) noexcept { std::free(block); }
void operator delete(void *block, std::align_val_t, const std::nothrow_t &) noexcept { std::free(block); }
void operator delete[](void *block, std::align_val_t, const std::nothrow_t &) noexcept { std::free(block); }
