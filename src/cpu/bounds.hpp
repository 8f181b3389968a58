// SPDX-License-Identifier: Apache-2.0
// Looking at every index before anything is written.
#pragma once

#include "cpu/backend.hpp"

namespace uni::cpu {

// Throws Error OUT_OF_BOUNDS that names the first of `count` indices that is not in [0, num_rows), and adds their number
// to *num_out_of_bounds.
void check_bounds(ThreadPool &pool, const void *index, int32_t index_dtype, int64_t count, int64_t num_rows,
                  int64_t *num_out_of_bounds);

// How many of `count` indices are not in [0, num_rows).
int64_t count_out_of_bounds(const void *index, int32_t index_dtype, int64_t count, int64_t num_rows) noexcept;

}  // namespace uni::cpu
