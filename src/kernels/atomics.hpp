// SPDX-License-Identifier: Apache-2.0
// The atomic operations that kernels use, relaxed: what one pass writes another reads only after the threads have met.
// Types, so that a test can put ones without atomicity in their place.
#pragma once

#include <cstdint>
#include <type_traits>

#include "kernels/lane_group.hpp"

namespace uni::kernels {

struct Atomics {
  UNI_HOST_DEVICE static uint64_t load(const uint64_t *word) {
#if defined(__CUDA_ARCH__)
    return *static_cast<const volatile uint64_t *>(word);
#else
    return __atomic_load_n(word, __ATOMIC_RELAXED);
#endif
  }

  UNI_HOST_DEVICE static void store(uint64_t *word, uint64_t value) {
#if defined(__CUDA_ARCH__)
    *static_cast<volatile uint64_t *>(word) = value;
#else
    __atomic_store_n(word, value, __ATOMIC_RELAXED);
#endif
  }

  UNI_HOST_DEVICE static void max(uint64_t *word, uint64_t value) {
#if defined(__CUDA_ARCH__)
    atomicMax(reinterpret_cast<unsigned long long *>(word), static_cast<unsigned long long>(value));
#else
    uint64_t seen = __atomic_load_n(word, __ATOMIC_RELAXED);
    while (seen < value && !__atomic_compare_exchange_n(word, &seen, value, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
    }
#endif
  }

  // Puts `desired` where `expected` stands; returns what stood there.
  UNI_HOST_DEVICE static uint64_t compare_exchange(uint64_t *word, uint64_t expected, uint64_t desired) {
#if defined(__CUDA_ARCH__)
    return atomicCAS(reinterpret_cast<unsigned long long *>(word), static_cast<unsigned long long>(expected),
                     static_cast<unsigned long long>(desired));
#else
    __atomic_compare_exchange_n(word, &expected, desired, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
    return expected;
#endif
  }

  UNI_HOST_DEVICE static void add(uint64_t *word, uint64_t value) {
#if defined(__CUDA_ARCH__)
    atomicAdd(reinterpret_cast<unsigned long long *>(word), static_cast<unsigned long long>(value));
#else
    __atomic_fetch_add(word, value, __ATOMIC_RELAXED);
#endif
  }

  // A lock for what is rare. What was written under it is seen by who takes it next.
  UNI_HOST_DEVICE static bool try_lock(uint64_t *word) {
#if defined(__CUDA_ARCH__)
    const bool taken = atomicCAS(reinterpret_cast<unsigned long long *>(word), 0ull, 1ull) == 0;
    __threadfence();
    return taken;
#else
    uint64_t expected = 0;
    return __atomic_compare_exchange_n(word, &expected, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
#endif
  }

  UNI_HOST_DEVICE static void unlock(uint64_t *word) {
#if defined(__CUDA_ARCH__)
    __threadfence();
    atomicExch(reinterpret_cast<unsigned long long *>(word), 0ull);
#else
    __atomic_store_n(word, 0, __ATOMIC_RELEASE);
#endif
  }

  // *element = combine(*element, value), for elements of 1, 2, 4 or 8 bytes on their own alignment.
  template <class Element, class Combine>
  UNI_HOST_DEVICE static void update(Element *element, Element value, Combine combine) {
#if defined(__CUDA_ARCH__)
    if constexpr (sizeof(Element) == 2) {
      auto *word = reinterpret_cast<unsigned short *>(element);
      unsigned short seen = *static_cast<volatile unsigned short *>(word), assumed;
      do {
        assumed = seen;
        seen = atomicCAS(word, assumed,
                         __builtin_bit_cast(unsigned short, combine(__builtin_bit_cast(Element, assumed), value)));
      } while (seen != assumed);
    } else if constexpr (sizeof(Element) == 1) {
      // The smallest words that are exchanged have 2 bytes; the other half is put back as it was.
      const uintptr_t address = reinterpret_cast<uintptr_t>(element);
      auto *word = reinterpret_cast<unsigned short *>(address & ~uintptr_t{1});
      const unsigned shift = static_cast<unsigned>(address & 1u) * 8u;
      const unsigned mask = 0xffu << shift;
      unsigned short seen = *static_cast<volatile unsigned short *>(word), assumed;
      do {
        assumed = seen;
        const Element now = combine(static_cast<Element>(assumed >> shift), value);
        seen = atomicCAS(word, assumed,
                         static_cast<unsigned short>((assumed & ~mask) | static_cast<unsigned>(now) << shift));
      } while (seen != assumed);
    } else {
      using Word = std::conditional_t<sizeof(Element) == 4, unsigned int, unsigned long long>;
      auto *word = reinterpret_cast<Word *>(element);
      Word seen = *static_cast<volatile Word *>(word), assumed;
      do {
        assumed = seen;
        seen = atomicCAS(word, assumed, __builtin_bit_cast(Word, combine(__builtin_bit_cast(Element, assumed), value)));
      } while (seen != assumed);
    }
#else
    Element seen, next;
    __atomic_load(element, &seen, __ATOMIC_RELAXED);
    do {
      next = combine(seen, value);
    } while (!__atomic_compare_exchange(element, &seen, &next, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
#endif
  }

  // *element += value. What the hardware adds by itself is left to it.
  template <class Element>
  UNI_HOST_DEVICE static void add_element(Element *element, Element value) {
#if defined(__CUDA_ARCH__)
    if constexpr (std::is_same_v<Element, float> || std::is_same_v<Element, double>) {
      atomicAdd(element, value);
      return;
    } else if constexpr (sizeof(Element) == 4) {
      atomicAdd(reinterpret_cast<unsigned int *>(element), static_cast<unsigned int>(value));
      return;
    } else if constexpr (sizeof(Element) == 8) {
      atomicAdd(reinterpret_cast<unsigned long long *>(element), static_cast<unsigned long long>(value));
      return;
    }
#endif
    update(element, value, [](Element a, Element b) { return static_cast<Element>(a + b); });
  }
};

}  // namespace uni::kernels
