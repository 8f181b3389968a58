// SPDX-License-Identifier: Apache-2.0
// Whether rows are read in the order of their pages rather than in that of the index: decided from numbers alone.
#pragma once

#include <cstdint>

#include "api.hpp"

namespace uni::cuda {

struct PageOrderQuestion {
  PointerKind kind;  // of the table
  int64_t table_bytes;
  int64_t row_bytes;
  int64_t num_indices;
};

// Whether sorting costs less than it saves.
bool page_order_pays(const PageOrderQuestion &question) noexcept;

// Whether an index of so many entries can be sorted.
constexpr int64_t kMostOrdered = int64_t{1} << 31;

// How many of the lowest bits of a row are left out of its key of 32 bits, and how many bits keys then have.
struct OrderKeyBits {
  int32_t row_shift;
  int32_t num_bits;
};
OrderKeyBits order_key_bits(int64_t num_rows) noexcept;

}  // namespace uni::cuda
