// SPDX-License-Identifier: Apache-2.0
// Converts the elements of one row, in one form per instruction set of the processor: see gather_rows.hpp.
#pragma once

#include <cstdint>

namespace uni::cpu {

// `scale` is that of a row of int8; else it is not looked at. Elements may lie on any address.
using ConvertRow = void (*)(char *to, const char *from, int64_t count, float scale) noexcept;

// One for each pair of dtypes that is offered, else NULL.
ConvertRow convert_row_baseline(int32_t from, int32_t to) noexcept;
#if defined(__x86_64__)
ConvertRow convert_row_avx2(int32_t from, int32_t to) noexcept;  // and F16C
#endif

// The best form for this processor; UNITENSOR_CPU_SIMD as in choose_gather_rows.
ConvertRow choose_convert_row(int32_t from, int32_t to) noexcept;

}  // namespace uni::cpu
