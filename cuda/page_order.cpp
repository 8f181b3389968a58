// SPDX-License-Identifier: Apache-2.0
#include "page_order.hpp"

#include <algorithm>

namespace uni::cuda {
namespace {

// A GPU that reads pinned memory at random is limited by how many addresses it translates in a second. On an H100 with PCIe
// Gen5 (driver 580, CUDA 13.0, 2^20 rows) these were 105, 61, 46, 37 and 30 million rows a second for tables of 1, 2, 4, 8
// and 32 GiB: below 476, 820, 1087, 1351 and 1667 bytes a row that is less than the link carries, and smaller tables are
// not limited. With 16 rows to each 2 MiB of the table (2^16 from 8 GiB), reading them by page was twice as fast.
// `unitensor bench gather --memory pinned --order as_given,by_page` measures it again.
constexpr int64_t least_table = int64_t{1} << 30;
constexpr int64_t row_bytes_per_gib = 512, most_row_bytes = 1536;
constexpr int64_t page_bytes = int64_t{2} << 20, least_rows_per_page = 16, least_rows = 1 << 14;

}  // namespace

bool page_order_pays(const PageOrderQuestion &q) noexcept {
  if (q.kind != PointerKind::kPinned || q.table_bytes < least_table) return false;
  if (q.row_bytes > std::min(most_row_bytes, q.table_bytes / least_table * row_bytes_per_gib)) return false;
  return q.num_indices >= std::max(least_rows, q.table_bytes / page_bytes * least_rows_per_page);
}

OrderKeyBits order_key_bits(int64_t num_rows) noexcept {
  int32_t bits = 1;
  while (bits < 63 && (num_rows - 1) >> bits > 0) ++bits;
  return {std::max(0, bits - 32), std::min(32, bits)};
}

}  // namespace uni::cuda
