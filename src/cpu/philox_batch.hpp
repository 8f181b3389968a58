// SPDX-License-Identifier: Apache-2.0
// Many blocks of Philox4x32-10 at once, with the widest multiplication that the processor has: the same numbers as
// kernels::draw_pair, several to an instruction.
#pragma once

#include <cstdint>

#include "kernels/philox.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace uni::cpu {

#if defined(__x86_64__)
namespace philox_detail {

// 64-bit lanes that hold 32-bit words. The upper halves may hold anything: a multiplication does not look at them.
#define UNI_PHILOX_BATCH(NAME, TARGET, VECTOR, WIDTH, LOAD, STORE, SET, MULTIPLY, SHIFT_RIGHT, SHIFT_LEFT, XOR, AND) \
  __attribute__((target(TARGET))) inline int64_t NAME(const kernels::Subkey &subkey, const uint64_t *nodes, \
                                                      const uint64_t *pairs, int64_t count, uint64_t *x0, \
                                                      uint64_t *x1) { \
    const VECTOR m0 = SET(0xD2511F53), m1 = SET(0xCD9E8D57), low = SET(0xFFFFFFFF); \
    int64_t i = 0; \
    for (; i + WIDTH <= count; i += WIDTH) { \
      VECTOR c0 = LOAD(nodes + i), c2 = LOAD(pairs + i); \
      VECTOR c1 = SHIFT_RIGHT(c0, 32), c3 = SHIFT_RIGHT(c2, 32); \
      uint32_t k0 = subkey.words[0], k1 = subkey.words[1]; \
      for (int round = 0; round < 10; ++round) { \
        const VECTOR p0 = MULTIPLY(m0, c0), p1 = MULTIPLY(m1, c2); \
        c0 = XOR(XOR(SHIFT_RIGHT(p1, 32), c1), SET(k0)); \
        c1 = p1; \
        c2 = XOR(XOR(SHIFT_RIGHT(p0, 32), c3), SET(k1)); \
        c3 = p0; \
        k0 += 0x9E3779B9; \
        k1 += 0xBB67AE85; \
      } \
      STORE(x0 + i, XOR(AND(c0, low), SHIFT_LEFT(c1, 32))); \
      STORE(x1 + i, XOR(AND(c2, low), SHIFT_LEFT(c3, 32))); \
    } \
    return i; \
  }
#define UNI_LOAD_128(p) _mm_loadu_si128(reinterpret_cast<const __m128i *>(p))
#define UNI_LOAD_256(p) _mm256_loadu_si256(reinterpret_cast<const __m256i *>(p))
#define UNI_STORE_128(p, v) _mm_storeu_si128(reinterpret_cast<__m128i *>(p), v)
#define UNI_STORE_256(p, v) _mm256_storeu_si256(reinterpret_cast<__m256i *>(p), v)
UNI_PHILOX_BATCH(batch_sse2, "sse2", __m128i, 2, UNI_LOAD_128, UNI_STORE_128, _mm_set1_epi64x, _mm_mul_epu32,
                 _mm_srli_epi64, _mm_slli_epi64, _mm_xor_si128, _mm_and_si128)
UNI_PHILOX_BATCH(batch_avx2, "avx2", __m256i, 4, UNI_LOAD_256, UNI_STORE_256, _mm256_set1_epi64x, _mm256_mul_epu32,
                 _mm256_srli_epi64, _mm256_slli_epi64, _mm256_xor_si256, _mm256_and_si256)
// The forms with a mask of all lanes: GCC 12 warns about its own headers at the others.
#define UNI_MULTIPLY_512(a, b) _mm512_maskz_mul_epu32(0xff, a, b)
#define UNI_SHIFT_RIGHT_512(a, n) _mm512_maskz_srli_epi64(0xff, a, n)
#define UNI_SHIFT_LEFT_512(a, n) _mm512_maskz_slli_epi64(0xff, a, n)
UNI_PHILOX_BATCH(batch_avx512, "avx512f", __m512i, 8, _mm512_loadu_si512, _mm512_storeu_si512, _mm512_set1_epi64,
                 UNI_MULTIPLY_512, UNI_SHIFT_RIGHT_512, UNI_SHIFT_LEFT_512, _mm512_xor_si512, _mm512_and_si512)
#undef UNI_MULTIPLY_512
#undef UNI_SHIFT_RIGHT_512
#undef UNI_SHIFT_LEFT_512
#undef UNI_LOAD_128
#undef UNI_LOAD_256
#undef UNI_STORE_128
#undef UNI_STORE_256
#undef UNI_PHILOX_BATCH

}  // namespace philox_detail
#endif

// x0[i], x1[i] = the numbers of slots 2 * pairs[i] and 2 * pairs[i] + 1 of nodes[i].
inline void draw_pairs(const kernels::Subkey &subkey, const uint64_t *nodes, const uint64_t *pairs, int64_t count,
                       uint64_t *x0, uint64_t *x1) {
  int64_t i = 0;
#if defined(__x86_64__)
  static const int width = [] {
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f")) return 8;
    return __builtin_cpu_supports("avx2") ? 4 : 2;
  }();
  if (width == 8) {
    i = philox_detail::batch_avx512(subkey, nodes, pairs, count, x0, x1);
  } else if (width == 4) {
    i = philox_detail::batch_avx2(subkey, nodes, pairs, count, x0, x1);
  } else {
    i = philox_detail::batch_sse2(subkey, nodes, pairs, count, x0, x1);
  }
#endif
  for (; i < count; ++i) {
    const kernels::Block block = kernels::draw_pair(subkey, nodes[i], pairs[i]);
    x0[i] = block.x0;
    x1[i] = block.x1;
  }
}

}  // namespace uni::cpu
