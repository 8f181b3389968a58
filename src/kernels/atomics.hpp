// SPDX-License-Identifier: Apache-2.0
// The atomic operations that kernels use, on 64-bit words, relaxed: what one pass writes another reads only after the
// threads have met. A type, so that a test can put one without atomicity in its place.
#pragma once

#include <cstdint>

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
};

}  // namespace uni::kernels
