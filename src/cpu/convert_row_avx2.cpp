// SPDX-License-Identifier: Apache-2.0
#include "cpu/convert_row_loop.hpp"

namespace uni::cpu {

ConvertRow convert_row_avx2(int32_t from, int32_t to) noexcept { return convert_row_of(from, to); }

}  // namespace uni::cpu
