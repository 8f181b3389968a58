// SPDX-License-Identifier: Apache-2.0
#if defined(__x86_64__)
#include <immintrin.h>

#include "cpu/gather_rows_loop.hpp"

namespace uni::cpu {
namespace {

typedef long long Vector64 __attribute__((vector_size(64), may_alias));

}  // namespace

int64_t gather_rows_avx512(const GatherRange &range) noexcept {
  const int64_t skipped = gather_any<Vector64>(
      range, [](char *to, Vector64 value) { _mm512_stream_si512(reinterpret_cast<__m512i *>(to), value); },
      [](char *to, Vector16 value) { _mm_stream_si128(reinterpret_cast<__m128i *>(to), value); });
  if (range.stream) _mm_sfence();
  return skipped;
}

}  // namespace uni::cpu
#endif
