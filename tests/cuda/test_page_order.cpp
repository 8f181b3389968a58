// SPDX-License-Identifier: Apache-2.0
// When rows are read by page: one row to a case, from the figures that the thresholds come from.
#include "page_order.hpp"

// Last: its macros have names that the standard library uses.
#include "../plugins/cmocka_cpp.hpp"

namespace {

using namespace uni::cuda;

constexpr int64_t kGib = int64_t{1} << 30;

void it_pays_where_translation_is_slower_than_the_link(void **) {
  const struct {
    PointerKind kind;
    int64_t table_bytes, row_bytes, num_indices;
    bool pays;
  } cases[] = {
      {PointerKind::kPinned, 8 * kGib, 128, 1 << 20, true},
      {PointerKind::kPinned, 8 * kGib, 64, 1 << 20, true},
      {PointerKind::kPinned, 8 * kGib, 1024, 1 << 20, true},
      {PointerKind::kPinned, 8 * kGib, 2048, 1 << 20, false},  // as fast as the link in any order
      {PointerKind::kPinned, 32 * kGib, 128, 1 << 20, true},
      {PointerKind::kPinned, 8 * kGib, 128, 1 << 16, true},
      {PointerKind::kPinned, 8 * kGib, 128, (1 << 16) - 1, false},  // fewer than were measured
      {PointerKind::kPinned, 8 * kGib, 128, 1 << 12, false},        // hardly two rows to a page
      {PointerKind::kPinned, 1 * kGib, 128, 1 << 20, true},
      {PointerKind::kPinned, 1 * kGib, 1024, 1 << 20, false},  // at the rate of the link
      {PointerKind::kPinned, kGib / 2, 128, 1 << 20, false},
      {PointerKind::kManaged, 8 * kGib, 128, 1 << 20, false},
      {PointerKind::kDevice, 8 * kGib, 128, 1 << 20, false},
      {PointerKind::kUnregistered, 8 * kGib, 128, 1 << 20, false},
      {PointerKind::kPinned, 0, 0, 0, false},
      {PointerKind::kPinned, INT64_MAX, 128, INT64_MAX, true},
  };
  for (const auto &c : cases)
    assert_int_equal(page_order_pays({c.kind, c.table_bytes, c.row_bytes, c.num_indices}), c.pays);
}

void keys_hold_every_row(void **) {
  const struct {
    int64_t num_rows;
    int32_t row_shift, num_bits;
  } cases[] = {{1, 0, 1},
               {2, 0, 1},
               {3, 0, 2},
               {1 << 20, 0, 20},
               {(1 << 20) + 1, 0, 21},
               {int64_t{1} << 32, 0, 32},
               {(int64_t{1} << 32) + 1, 1, 32},
               {INT64_MAX, 31, 32}};
  for (const auto &c : cases) {
    const OrderKeyBits bits = order_key_bits(c.num_rows);
    assert_int_equal(bits.row_shift, c.row_shift);
    assert_int_equal(bits.num_bits, c.num_bits);
    assert_true((c.num_rows - 1) >> bits.row_shift < int64_t{1} << bits.num_bits);
  }
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(it_pays_where_translation_is_slower_than_the_link),
      cmocka_unit_test(keys_hold_every_row),
  };
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}
