// SPDX-License-Identifier: Apache-2.0
// Loads and stores of memory that is known to be global, the host's or the device's. Of an address that comes out of a
// struct the compiler does not know that, and uses instructions that first look whether it is shared or local memory.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/lane_group.hpp"

namespace uni::kernels {

// What a lane moves at once where addresses allow.
struct alignas(16) Piece16 {
  uint64_t low, high;
};

// What one request to memory of the host brings at most.
constexpr uint64_t kLineBytes = 128;

// T has 1, 2, 4, 8 or 16 bytes, and an alignment of as many.
template <class T>
UNI_HOST_DEVICE inline T load_global(const T *address) {
#if defined(__CUDA_ARCH__)
  static_assert(sizeof(T) == alignof(T));
  const size_t global = __cvta_generic_to_global(address);
  if constexpr (sizeof(T) == 16) {
    struct {
      uint64_t low, high;
    } value;
    asm("ld.global.v2.u64 {%0, %1}, [%2];" : "=l"(value.low), "=l"(value.high) : "l"(global));
    return __builtin_bit_cast(T, value);
  } else if constexpr (sizeof(T) == 8) {
    uint64_t value;
    asm("ld.global.u64 %0, [%1];" : "=l"(value) : "l"(global));
    return __builtin_bit_cast(T, value);
  } else if constexpr (sizeof(T) == 4) {
    uint32_t value;
    asm("ld.global.u32 %0, [%1];" : "=r"(value) : "l"(global));
    return __builtin_bit_cast(T, value);
  } else if constexpr (sizeof(T) == 2) {
    uint16_t value;
    asm("ld.global.u16 %0, [%1];" : "=h"(value) : "l"(global));
    return __builtin_bit_cast(T, value);
  } else {
    uint16_t value;
    asm("ld.global.u8 %0, [%1];" : "=h"(value) : "l"(global));
    return __builtin_bit_cast(T, static_cast<uint8_t>(value));
  }
#else
  return *address;
#endif
}

template <class T>
UNI_HOST_DEVICE inline void store_global(T *address, const T &value) {
#if defined(__CUDA_ARCH__)
  static_assert(sizeof(T) == alignof(T));
  const size_t global = __cvta_generic_to_global(address);
  if constexpr (sizeof(T) == 16) {
    struct Halves {
      uint64_t low, high;
    };
    const Halves halves = __builtin_bit_cast(Halves, value);
    asm volatile("st.global.v2.u64 [%0], {%1, %2};" ::"l"(global), "l"(halves.low), "l"(halves.high) : "memory");
  } else if constexpr (sizeof(T) == 8) {
    asm volatile("st.global.u64 [%0], %1;" ::"l"(global), "l"(__builtin_bit_cast(uint64_t, value)) : "memory");
  } else if constexpr (sizeof(T) == 4) {
    asm volatile("st.global.u32 [%0], %1;" ::"l"(global), "r"(__builtin_bit_cast(uint32_t, value)) : "memory");
  } else if constexpr (sizeof(T) == 2) {
    asm volatile("st.global.u16 [%0], %1;" ::"l"(global), "h"(__builtin_bit_cast(uint16_t, value)) : "memory");
  } else {
    asm volatile("st.global.u8 [%0], %1;" ::"l"(global), "h"(static_cast<uint16_t>(__builtin_bit_cast(uint8_t, value)))
                 : "memory");
  }
#else
  *address = value;
#endif
}

// The same for results of more than 16 bytes, aligned to 16.
template <class T>
UNI_HOST_DEVICE inline void store_wide(T *address, const T &value) {
  if constexpr (sizeof(T) <= 16) {
    store_global(address, value);
  } else {
    struct Pieces {
      Piece16 pieces[sizeof(T) / 16];
    };
    const Pieces all = __builtin_bit_cast(Pieces, value);
    UNI_UNROLL
    for (std::size_t i = 0; i < sizeof(T) / 16; ++i)
      store_global(reinterpret_cast<Piece16 *>(address) + i, all.pieces[i]);
  }
}

// The bytes of a piece at `address` that lie in [begin, end), zeros for the others. For the ends of arrays.
UNI_HOST_DEVICE inline Piece16 load_bytes(uintptr_t address, uintptr_t begin, uintptr_t end) {
  uint64_t words[2] = {0, 0};
  UNI_UNROLL
  for (int half = 0; half < 2; ++half) {
    UNI_DO_NOT_UNROLL
    for (int i = 0; i < 8; ++i) {
      const uintptr_t at = address + static_cast<uintptr_t>(8 * half + i);
      if (at >= begin && at < end)
        words[half] |= static_cast<uint64_t>(load_global(reinterpret_cast<const uint8_t *>(at))) << (8 * i);
    }
  }
  return {words[0], words[1]};
}

}  // namespace uni::kernels
