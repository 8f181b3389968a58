// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <cstring>
#if defined(__x86_64__)
#include <emmintrin.h>
#endif

#include "cpu/gather_rows_loop.hpp"

namespace uni::cpu {

int64_t gather_rows_baseline(const GatherRange &range) noexcept {
#if defined(__x86_64__)
  const auto store = [](char *to, Vector16 value) { _mm_stream_si128(reinterpret_cast<__m128i *>(to), value); };
  const int64_t skipped = gather_any<Vector16>(range, store, store);
  if (range.stream) _mm_sfence();
  return skipped;
#else
  const auto store = [](char *to, Vector16 value) { __builtin_memcpy(to, &value, sizeof value); };
  return gather_any<Vector16>(range, store, store);
#endif
}

GatherRows choose_gather_rows() noexcept {
#if defined(__x86_64__)
  const char *wish = secure_getenv("UNITENSOR_CPU_SIMD");
  const bool any = wish == nullptr || wish[0] == '\0';
  if ((any || std::strcmp(wish, "avx512") == 0) && __builtin_cpu_supports("avx512f")) return gather_rows_avx512;
  if ((any || std::strcmp(wish, "avx2") == 0) && __builtin_cpu_supports("avx2")) return gather_rows_avx2;
#endif
  return gather_rows_baseline;
}

}  // namespace uni::cpu
