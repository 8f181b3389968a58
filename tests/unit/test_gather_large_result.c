/* SPDX-License-Identifier: Apache-2.0 */
/* Results that no cache keeps are written past the caches, by a loop of its own: every row size and place that it takes,
 * and ones next to them that it does not, against a plain loop. */
#include "support.h"

enum { RESULT = 17 << 20 }; /* More than where writing past the caches begins. */

static void fill_random(unsigned char *data, int64_t size, uint64_t seed) {
  for (int64_t i = 0; i + 8 <= size; i += 8) {
    const uint64_t value = next_random(&seed);
    memcpy(data + i, &value, sizeof value);
  }
}

/* The result begins `offset` bytes after a cache line and has `gap` bytes between rows, which must stay. */
static void check_rows(uni_context *context, int64_t width, int64_t source_offset, int64_t offset, int64_t gap,
                       int32_t index_dtype, int32_t bounds) {
  const int64_t rows = 301, pitch = width + gap, count = RESULT / width + 1;
  unsigned char *source_memory = aligned_alloc(64, (size_t)(rows * width + 128) / 64 * 64 + 64);
  unsigned char *memory = aligned_alloc(64, (size_t)(count * pitch + 192) / 64 * 64 + 64);
  int64_t *wide = malloc((size_t)count * 8);
  int32_t *narrow = malloc((size_t)count * 4);
  assert_true(source_memory != NULL && memory != NULL && wide != NULL && narrow != NULL);
  unsigned char *const data = source_memory + source_offset, *const result = memory + offset;
  fill_random(source_memory, rows * width + 64, (uint64_t)width);
  memset(memory, 0xee, (size_t)(count * pitch + offset));
  uint64_t random = 7;
  int64_t bad = 0;
  for (int64_t i = 0; i < count; ++i) {
    wide[i] = (int64_t)(next_random(&random) % (uint64_t)rows);
    if (bounds == UNI_BOUNDS_SKIP && i % 11 == 3) {
      wide[i] = i % 2 ? -1 - wide[i] : rows + wide[i];
      ++bad;
    }
    narrow[i] = (int32_t)wide[i];
  }

  const uni_array from = array_2d(UNI_DTYPE_UINT8, data, rows, width);
  uni_tensor *source = NULL;
  OK(uni_tensor_wrap(context, &from, NULL, NULL, &source, &error));
  const uni_array index = array_1d(index_dtype, index_dtype == UNI_DTYPE_INT64 ? (void *)wide : (void *)narrow, count);
  uni_array out = array_2d(UNI_DTYPE_UINT8, result, count, width);
  out.row_pitch = pitch;
  uni_gather_options options = UNI_GATHER_OPTIONS_INIT;
  options.bounds = bounds;
  uni_context_reset_statistics(context);
  OK(uni_gather_into(source, &index, &options, NULL, &out, &error));

  static const unsigned char zeros[8192];
  for (int64_t i = 0; i < count; ++i) {
    const unsigned char *expected = wide[i] < 0 || wide[i] >= rows ? zeros : data + wide[i] * width;
    if (memcmp(result + i * pitch, expected, (size_t)width) != 0)
      fail_msg("width %d, offsets %d and %d, gap %d: row %d", (int)width, (int)source_offset, (int)offset, (int)gap,
               (int)i);
    for (int64_t j = width; j < pitch && i + 1 < count; ++j) assert_int_equal(result[i * pitch + j], 0xee);
  }
  for (int64_t j = 0; j < offset; ++j) assert_int_equal(memory[j], 0xee);
  uni_statistics statistics = {0};
  statistics.struct_size = sizeof statistics;
  OK(uni_context_statistics(context, &statistics, &error));
  assert_int_equal(statistics.out_of_bounds, bad);
  uni_tensor_release(source);
  free(source_memory);
  free(memory);
  free(wide);
  free(narrow);
}

static void test_row_sizes(void **state) {
  const int64_t widths[] = {64, 112, 128, 136, 144, 400, 512, 1000, 1040, 4096, 8192};
  for (size_t i = 0; i < sizeof widths / sizeof *widths; ++i)
    check_rows(*state, widths[i], 0, 0, 0, UNI_DTYPE_INT64, UNI_BOUNDS_CHECK);
}

static void test_places(void **state) {
  const int64_t offsets[] = {0, 8, 16, 48};
  for (int i = 0; i < 4; ++i) {
    check_rows(*state, 400, 4, offsets[i], 0, UNI_DTYPE_INT32, UNI_BOUNDS_TRUST);
    check_rows(*state, 128, 0, offsets[i], 16, UNI_DTYPE_INT64, UNI_BOUNDS_CHECK);
    check_rows(*state, 256, 1, offsets[i], 5, UNI_DTYPE_INT32, UNI_BOUNDS_CHECK);
  }
}

static void test_skipped_rows(void **state) {
  check_rows(*state, 128, 0, 0, 0, UNI_DTYPE_INT64, UNI_BOUNDS_SKIP);
  check_rows(*state, 400, 0, 16, 0, UNI_DTYPE_INT32, UNI_BOUNDS_SKIP);
}

static int set_up(void **state) {
  *state = make_context(2);
  return 0;
}

static int tear_down(void **state) {
  uni_context_release(*state);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_row_sizes),
      cmocka_unit_test(test_places),
      cmocka_unit_test(test_skipped_rows),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
