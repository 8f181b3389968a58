// SPDX-License-Identifier: Apache-2.0
// float16 and bfloat16 to and from float32, rounding to nearest, ties to even (IEEE 754-2019, 4.3.1).
#pragma once

#include <cstdint>

#include "kernels/lane_group.hpp"

namespace uni::kernels {

UNI_HOST_DEVICE inline float half_to_float(uint16_t half) noexcept {
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000u) << 16;
  const uint32_t exponent = (half >> 10) & 0x1fu, fraction = half & 0x3ffu;
  // A signalling NaN becomes a quiet one, as in the processors' own instructions.
  if (exponent == 0x1f)
    return __builtin_bit_cast(float, sign | 0x7f800000u | fraction << 13 | (fraction != 0 ? 0x400000u : 0u));
  if (exponent != 0) return __builtin_bit_cast(float, sign | (exponent + 112) << 23 | fraction << 13);
  // Subnormal: the fraction counts units of 2^-24, exactly.
  const float magnitude = static_cast<float>(fraction) * 0x1p-24f;
  return __builtin_bit_cast(float, sign | __builtin_bit_cast(uint32_t, magnitude));
}

UNI_HOST_DEVICE inline uint16_t float_to_half(float value) noexcept {
  const uint32_t bits = __builtin_bit_cast(uint32_t, value);
  const uint32_t sign = bits >> 16 & 0x8000u, magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u) return static_cast<uint16_t>(sign | 0x7e00u | (magnitude >> 13 & 0x3ffu));
#if defined(__CUDA_ARCH__)
  // Rounds to nearest, ties to even, subnormals included; of a NaN it would not keep the bits.
  uint16_t half;
  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(half) : "f"(value));
  return half;
#else
  if (magnitude >= 0x477ff000u) return static_cast<uint16_t>(sign | 0x7c00u);  // from 65520 on: infinity
  if (magnitude < 0x38800000u) {
    // Below the smallest normal number: adding 0.5 leaves units of 2^-24 in the lowest bits, correctly rounded.
    const float shifted = __builtin_bit_cast(float, magnitude) + 0.5f;
    return static_cast<uint16_t>(sign | (__builtin_bit_cast(uint32_t, shifted) - 0x3f000000u));
  }
  const uint32_t rounded = magnitude + 0xfffu + (magnitude >> 13 & 1u);
  return static_cast<uint16_t>(sign | ((rounded - (112u << 23)) >> 13));
#endif
}

UNI_HOST_DEVICE inline float bfloat_to_float(uint16_t value) noexcept {
  return __builtin_bit_cast(float, static_cast<uint32_t>(value) << 16);
}

UNI_HOST_DEVICE inline uint16_t float_to_bfloat(float value) noexcept {
  const uint32_t bits = __builtin_bit_cast(uint32_t, value);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return static_cast<uint16_t>(bits >> 16 | 0x40u);
  return static_cast<uint16_t>((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}

}  // namespace uni::kernels
