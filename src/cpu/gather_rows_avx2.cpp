// SPDX-License-Identifier: Apache-2.0
#if defined(__x86_64__)
#include <immintrin.h>

#include "cpu/gather_rows_loop.hpp"

namespace uni::cpu {
namespace {

typedef long long Vector32 __attribute__((vector_size(32), may_alias));

}  // namespace

int64_t gather_rows_avx2(const GatherRange &range) noexcept {
  const int64_t skipped = gather_any<Vector32>(
      range, [](char *to, Vector32 value) { _mm256_stream_si256(reinterpret_cast<__m256i *>(to), value); },
      [](char *to, Vector16 value) { _mm_stream_si128(reinterpret_cast<__m128i *>(to), value); });
  if (range.stream) _mm_sfence();
  return skipped;
}

}  // namespace uni::cpu
#endif
