// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <cstring>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include "cpu/convert_row_loop.hpp"

namespace uni::cpu {

#if defined(__x86_64__)
// Not every compiler has a name for it in __builtin_cpu_supports.
static bool has_f16c() noexcept {
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & bit_F16C) != 0;
}
#endif

ConvertRow convert_row_baseline(int32_t from, int32_t to) noexcept { return convert_row_of(from, to); }

ConvertRow choose_convert_row(int32_t from, int32_t to) noexcept {
#if defined(__x86_64__)
  static const bool wide = [] {
    const char *wish = secure_getenv("UNITENSOR_CPU_SIMD");
    return (wish == nullptr || std::strcmp(wish, "baseline") != 0) && __builtin_cpu_supports("avx2") && has_f16c();
  }();
  if (wide) return convert_row_avx2(from, to);
#endif
  return convert_row_baseline(from, to);
}

}  // namespace uni::cpu
