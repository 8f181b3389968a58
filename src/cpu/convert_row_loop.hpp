// SPDX-License-Identifier: Apache-2.0
// The loops that convert a row. Included by one file per instruction set, each compiled for its own; as in
// gather_rows_loop.hpp everything here has internal linkage. Bit for bit the same as kernels/half.hpp, which a test shows;
// written without branches, so that the compiler makes vector code of it.
#pragma once

#include <cstdint>
#include <type_traits>

#include "cpu/convert_row.hpp"
#include "unitensor/array.h"
#if defined(__F16C__)
#include <immintrin.h>
#endif

namespace uni::cpu {
namespace {

struct Float32 {
  using Bits = float;
  static float to_float(float bits) noexcept { return bits; }
  static float from_float(float value) noexcept { return value; }
};

struct Float16 {
  using Bits = uint16_t;
  static float to_float(uint16_t half) noexcept {
    const uint32_t sign = static_cast<uint32_t>(half & 0x8000u) << 16, magnitude = half & 0x7fffu;
    // A subnormal number counts units of 2^-24, exactly.
    const float small = static_cast<float>(magnitude) * 0x1p-24f;
    const uint32_t quiet = magnitude > 0x7c00u ? 0x400000u : 0u;
    const uint32_t large = ((magnitude << 13) + (magnitude >= 0x7c00u ? 224u << 23 : 112u << 23)) | quiet;
    return __builtin_bit_cast(float, sign | (magnitude < 0x400u ? __builtin_bit_cast(uint32_t, small) : large));
  }
  static uint16_t from_float(float value) noexcept {
    const uint32_t bits = __builtin_bit_cast(uint32_t, value);
    const uint32_t sign = bits >> 16 & 0x8000u, magnitude = bits & 0x7fffffffu;
    const uint32_t not_a_number = 0x7e00u | (magnitude >> 13 & 0x3ffu);
    // Below the smallest normal number: adding 0.5 leaves units of 2^-24 in the lowest bits, correctly rounded.
    const float shifted = __builtin_bit_cast(float, magnitude) + 0.5f;
    const uint32_t small = __builtin_bit_cast(uint32_t, shifted) - 0x3f000000u;
    const uint32_t rounded = magnitude + 0xfffu + (magnitude >> 13 & 1u);
    const uint32_t large = (rounded - (112u << 23)) >> 13;
    uint32_t half = magnitude < 0x38800000u ? small : large;
    half = magnitude >= 0x477ff000u ? 0x7c00u : half;  // from 65520 on: infinity
    half = magnitude > 0x7f800000u ? not_a_number : half;
    return static_cast<uint16_t>(sign | half);
  }
};

struct Bfloat16 {
  using Bits = uint16_t;
  static float to_float(uint16_t bits) noexcept { return __builtin_bit_cast(float, static_cast<uint32_t>(bits) << 16); }
  static uint16_t from_float(float value) noexcept {
    const uint32_t bits = __builtin_bit_cast(uint32_t, value);
    const uint32_t not_a_number = bits >> 16 | 0x40u, rounded = (bits + 0x7fffu + (bits >> 16 & 1u)) >> 16;
    return static_cast<uint16_t>((bits & 0x7fffffffu) > 0x7f800000u ? not_a_number : rounded);
  }
};

struct ScaledInt8 {
  using Bits = int8_t;
  static float to_float(int8_t bits) noexcept { return static_cast<float>(bits); }
};

#if defined(__F16C__)
// Elements that are converted eight at a time; returns how many.
template <class From, class To>
int64_t convert_eights(char *to, const char *from, int64_t count) noexcept {
  int64_t i = 0;
  for (; i + 8 <= count; i += 8) {
    __m256 values;
    if constexpr (std::is_same_v<From, Float16>) {
      values = _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i *>(from + 2 * i)));
    } else if constexpr (std::is_same_v<From, Bfloat16>) {
      const __m128i bits = _mm_loadu_si128(reinterpret_cast<const __m128i *>(from + 2 * i));
      values = _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(bits), 16));
    } else {
      values = _mm256_loadu_ps(reinterpret_cast<const float *>(from + 4 * i));
    }
    if constexpr (std::is_same_v<To, Float16>)
      _mm_storeu_si128(reinterpret_cast<__m128i *>(to + 2 * i), _mm256_cvtps_ph(values, _MM_FROUND_TO_NEAREST_INT));
    else
      _mm256_storeu_ps(reinterpret_cast<float *>(to + 4 * i), values);
  }
  return i;
}
#endif

template <class From, class To>
void convert_row(char *to, const char *from, int64_t count, float scale) noexcept {
  int64_t i = 0;
#if defined(__F16C__)
  if constexpr ((std::is_same_v<From, Float16> && std::is_same_v<To, Float32>) ||
                (std::is_same_v<To, Float16> && !std::is_same_v<From, ScaledInt8>))
    i = convert_eights<From, To>(to, from, count);
#endif
  for (; i < count; ++i) {
    typename From::Bits source;
    __builtin_memcpy(&source, from + i * static_cast<int64_t>(sizeof source), sizeof source);
    float value = From::to_float(source);
    if constexpr (std::is_same_v<From, ScaledInt8>) value *= scale;
    const typename To::Bits result = To::from_float(value);
    __builtin_memcpy(to + i * static_cast<int64_t>(sizeof result), &result, sizeof result);
  }
}

template <class To>
ConvertRow convert_row_to(int32_t from) noexcept {
  switch (from) {
    case UNI_DTYPE_INT8:
      return convert_row<ScaledInt8, To>;
    case UNI_DTYPE_FLOAT16:
      return convert_row<Float16, To>;
    case UNI_DTYPE_BFLOAT16:
      return convert_row<Bfloat16, To>;
    case UNI_DTYPE_FLOAT32:
      return convert_row<Float32, To>;
    default:
      return nullptr;
  }
}

ConvertRow convert_row_of(int32_t from, int32_t to) noexcept {
  switch (to) {
    case UNI_DTYPE_FLOAT16:
      return convert_row_to<Float16>(from);
    case UNI_DTYPE_BFLOAT16:
      return convert_row_to<Bfloat16>(from);
    case UNI_DTYPE_FLOAT32:
      return convert_row_to<Float32>(from);
    default:
      return nullptr;
  }
}

}  // namespace
}  // namespace uni::cpu
