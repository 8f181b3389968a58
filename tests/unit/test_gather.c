/* SPDX-License-Identifier: Apache-2.0 */
/* gather.h: gathering. */
#include "support.h"

static uni_context *context;
static uni_tensor *table; /* [10, 3] int32: row i is 10 i, 10 i + 1, 10 i + 2 */

static int set_up(void **state) {
  (void)state;
  context = make_context(4);
  int32_t rows[30];
  for (int32_t i = 0; i < 30; ++i) rows[i] = 10 * (i / 3) + i % 3;
  table = make_tensor(context, UNI_DTYPE_INT32, 10, 3, rows);
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  uni_tensor_release(table);
  uni_context_release(context);
  return 0;
}

static uni_gather_options with_bounds(int32_t bounds) {
  uni_gather_options options = UNI_GATHER_OPTIONS_INIT;
  options.bounds = bounds;
  return options;
}

static uni_status gather_bytes(void *index, const void *bytes) {
  uni_tensor *out = (void *)&poison;
  const uni_status status = uni_gather(table, index, bytes, NULL, &out, &error);
  if (status != UNI_STATUS_OK) assert_null(out);
  uni_tensor_release(out);
  return status;
}

static void test_options(void **state) {
  (void)state;
  const int64_t index[2] = {1, 2};
  uni_array borrowed = array_1d(UNI_DTYPE_INT64, index, 2);
  const uni_gather_options good = UNI_GATHER_OPTIONS_INIT;
  const size_t sizes[] = {16, 20, 24, 28, 32, sizeof good}; /* the last member is a pointer */
  check_grown_struct(&good, sizes, sizeof sizes / sizeof *sizes, gather_bytes, &borrowed);
  uni_tensor *out = NULL;
#define WRONG(text, change) \
  do { \
    uni_gather_options options = good; \
    change; \
    FAILS_NULL(UNI_STATUS_INVALID_ARGUMENT, (text), out, uni_gather(table, &borrowed, &options, NULL, &out, &error)); \
  } while (0)
  WRONG("bounds", options.bounds = 3);
  WRONG("bounds", options.bounds = -1);
  WRONG("flags", options.flags = 1);
  WRONG("memory", options.memory = 6);
  WRONG("memory", options.memory = -1);
#undef WRONG
  int32_t rows[2][3] = {{0}};
  const uni_array into = array_2d(UNI_DTYPE_INT32, rows, 2, 3);
  for (int32_t memory = -1; memory <= 99; memory += 100) {
    uni_gather_options options = good;
    options.memory = memory;
    FAILS(UNI_STATUS_INVALID_ARGUMENT, "memory", uni_gather_into(table, &borrowed, &options, NULL, &into, &error));
  }
}

/* Every row width up to 300 bytes with both index dtypes, tight and padded, against a plain loop; sizes on both sides of
 * where threads start. */
static void check_width(int64_t width, int64_t num_indices, int64_t alignment, int32_t index_dtype) {
  const int64_t rows = 97;
  uint64_t random = (uint64_t)(width * 1000003 + num_indices);
  uni_tensor_desc desc = host_desc(UNI_DTYPE_UINT8, 2, rows, width, 0);
  desc.row_alignment = alignment;
  uni_tensor *source = NULL;
  OK(uni_tensor_create(context, &desc, &source, &error));
  const int64_t pitch = info_of(source).row_pitch;
  unsigned char *data = pointer_of(source);
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < width; ++j) data[i * pitch + j] = (unsigned char)next_random(&random);
  int64_t *wide = malloc((size_t)num_indices * 8);
  int32_t *narrow = malloc((size_t)num_indices * 4);
  for (int64_t i = 0; i < num_indices; ++i)
    narrow[i] = (int32_t)(wide[i] = (int64_t)(next_random(&random) % (uint64_t)rows));
  const uni_array index =
      array_1d(index_dtype, index_dtype == UNI_DTYPE_INT64 ? (void *)wide : (void *)narrow, num_indices);
  /* Outputs at an odd address and with bytes between rows that must stay. */
  const int64_t out_pitch = width + 5;
  unsigned char *memory = malloc((size_t)(num_indices * out_pitch + 3));
  memset(memory, 0xee, (size_t)(num_indices * out_pitch + 3));
  uni_array out = array_2d(UNI_DTYPE_UINT8, memory + 3, num_indices, width);
  out.row_pitch = out_pitch;
  OK(uni_gather_into(source, &index, NULL, NULL, &out, &error));
  uni_tensor *made = NULL;
  OK(uni_gather(source, &index, NULL, NULL, &made, &error));
  assert_int_equal(info_of(made).shape[0], num_indices);
  assert_int_equal(info_of(made).shape[1], width);
  const unsigned char *result = pointer_of(made);
  const int64_t result_pitch = info_of(made).row_pitch;
  for (int64_t i = 0; i < num_indices; ++i) {
    const unsigned char *expected = data + wide[i] * pitch;
    if (memcmp(memory + 3 + i * out_pitch, expected, (size_t)width) != 0)
      fail_msg("width %d, row %d", (int)width, (int)i);
    if (memcmp(result + i * result_pitch, expected, (size_t)width) != 0)
      fail_msg("width %d, row %d", (int)width, (int)i);
    for (int64_t j = width; j < out_pitch && i + 1 < num_indices; ++j)
      assert_int_equal(memory[3 + i * out_pitch + j], 0xee);
  }
  for (int64_t j = 0; j < 3; ++j) assert_int_equal(memory[j], 0xee);
  for (int64_t j = width; j < out_pitch; ++j) assert_int_equal(memory[3 + (num_indices - 1) * out_pitch + j], 0xee);
  uni_tensor_release(made);
  uni_tensor_release(source);
  free(memory);
  free(wide);
  free(narrow);
}

static void test_widths(void **state) {
  (void)state;
  for (int64_t width = 1; width <= 300; ++width) {
    check_width(width, 17, 0, UNI_DTYPE_INT64);
    check_width(width, 5, 64, UNI_DTYPE_INT32);
  }
  const int64_t wide[] = {1, 4, 8, 64, 100, 128, 512, 1024, 4096, 5000};
  for (size_t i = 0; i < sizeof wide / sizeof wide[0]; ++i) {
    check_width(wide[i], 4001, 0, UNI_DTYPE_INT32);
    check_width(wide[i], 4001, 64, UNI_DTYPE_INT64);
  }
}

static void test_shapes(void **state) {
  (void)state;
  const uni_tensor_desc desc = host_desc(UNI_DTYPE_INT16, 3, 4, 2, 3);
  uni_tensor *source = NULL, *out = NULL;
  OK(uni_tensor_create(context, &desc, &source, &error));
  for (int16_t i = 0; i < 24; ++i) ((int16_t *)pointer_of(source))[i] = i;
  const int32_t index[3] = {3, 0, 3};
  const uni_array borrowed = array_1d(UNI_DTYPE_INT32, index, 3);
  OK(uni_gather(source, &borrowed, NULL, NULL, &out, &error));
  const uni_tensor_info info = info_of(out);
  assert_int_equal(info.ndim, 3);
  assert_int_equal(info.shape[0], 3);
  assert_int_equal(info.shape[1], 2);
  assert_int_equal(info.shape[2], 3);
  assert_int_equal(info.memory, UNI_MEMORY_HOST);
  const int16_t *result = pointer_of(out);
  for (int i = 0; i < 18; ++i) assert_int_equal(result[i], index[i / 6] * 6 + i % 6);
  uni_tensor_release(out);
  uni_tensor_release(source);
  uni_tensor *line = make_tensor(context, UNI_DTYPE_INT16, 4, -1, "a b c d ");
  OK(uni_gather(line, &borrowed, NULL, NULL, &out, &error));
  assert_int_equal(info_of(out).ndim, 1);
  assert_memory_equal(pointer_of(out), "d a d ", 6);
  uni_tensor_release(out);
  uni_tensor_release(line);
}

static void test_empty(void **state) {
  (void)state;
  uni_tensor *out = NULL;
  const uni_array none = array_1d(UNI_DTYPE_INT64, NULL, 0);
  OK(uni_gather(table, &none, NULL, NULL, &out, &error));
  assert_int_equal(info_of(out).shape[0], 0);
  assert_int_equal(info_of(out).shape[1], 3);
  uni_tensor_release(out);
  const uni_array no_rows = array_2d(UNI_DTYPE_INT32, NULL, 0, 3);
  OK(uni_gather_into(table, &none, NULL, NULL, &no_rows, &error));

  uni_tensor *empty = make_tensor(context, UNI_DTYPE_INT32, 0, 3, NULL);
  OK(uni_gather(empty, &none, NULL, NULL, &out, &error));
  uni_tensor_release(out);
  const int64_t zero = 0;
  const uni_array first = array_1d(UNI_DTYPE_INT64, &zero, 1);
  FAILS_NULL(UNI_STATUS_OUT_OF_BOUNDS, "index[0]", out, uni_gather(empty, &first, NULL, NULL, &out, &error));
  const uni_gather_options skip = with_bounds(UNI_BOUNDS_SKIP);
  OK(uni_gather(empty, &first, &skip, NULL, &out, &error));
  assert_int_equal(*(int32_t *)pointer_of(out), 0);
  uni_tensor_release(out);
  uni_tensor_release(empty);

  uni_tensor *thin = make_tensor(context, UNI_DTYPE_INT32, 4, 0, NULL);
  const int64_t three[2] = {3, 0}, five[2] = {0, 5};
  const uni_array good = array_1d(UNI_DTYPE_INT64, three, 2), bad = array_1d(UNI_DTYPE_INT64, five, 2);
  OK(uni_gather(thin, &good, NULL, NULL, &out, &error));
  assert_int_equal(info_of(out).shape[0], 2);
  assert_int_equal(info_of(out).shape[1], 0);
  uni_tensor_release(out);
  FAILS_NULL(UNI_STATUS_OUT_OF_BOUNDS, "5", out, uni_gather(thin, &bad, NULL, NULL, &out, &error));
  uni_tensor_release(thin);
}

/* Bad values at every place of a long index: the check says the first one, by position and value, and nothing is
 * written. */
static void test_bounds_check(void **state) {
  (void)state;
  enum { length = 50000 };
  int64_t *index = calloc(length, 8);
  int32_t *narrow = calloc(length, 4), *rows = malloc(length * 3 * 4), *before = malloc(length * 3 * 4);
  memset(rows, 0x5c, length * 3 * 4);
  memcpy(before, rows, length * 3 * 4);
  const uni_array out = array_2d(UNI_DTYPE_INT32, rows, length, 3);
  const int64_t bad[] = {-1,        10,       -10, INT64_MIN, INT64_MAX, (int64_t)1 << 32, ((int64_t)1 << 32) + 3,
                         INT32_MAX, INT32_MIN};
  const int64_t places[] = {0, 1, 777, length / 2, length - 2, length - 1};
  for (size_t p = 0; p < sizeof places / sizeof places[0]; ++p)
    for (size_t b = 0; b < sizeof bad / sizeof bad[0]; ++b) {
      const int64_t place = places[p];
      index[place] = bad[b];
      if (place + 1 < length) index[length - 1] = -7; /* A later one is not the one that is named. */
      char position[64], value[64];
      snprintf(position, sizeof position, "[%lld]", (long long)place);
      snprintf(value, sizeof value, "%lld", (long long)bad[b]);
      uni_array borrowed = array_1d(UNI_DTYPE_INT64, index, length);
      uni_tensor *made = NULL;
      uni_context_reset_statistics(context);
      FAILS(UNI_STATUS_OUT_OF_BOUNDS, position, uni_gather_into(table, &borrowed, NULL, NULL, &out, &error));
      uni_statistics statistics = {0};
      statistics.struct_size = sizeof statistics;
      OK(uni_context_statistics(context, &statistics, &error));
      assert_int_equal(statistics.out_of_bounds, place + 1 < length ? 2 : 1);
      assert_non_null(strstr(error.message, value));
      assert_non_null(strstr(error.message, "index"));
      FAILS_NULL(UNI_STATUS_OUT_OF_BOUNDS, position, made, uni_gather(table, &borrowed, NULL, NULL, &made, &error));
      if (bad[b] >= INT32_MIN && bad[b] <= INT32_MAX) {
        for (int i = 0; i < length; ++i) narrow[i] = (int32_t)index[i];
        borrowed = array_1d(UNI_DTYPE_INT32, narrow, length);
        FAILS(UNI_STATUS_OUT_OF_BOUNDS, position, uni_gather_into(table, &borrowed, NULL, NULL, &out, &error));
        assert_non_null(strstr(error.message, value));
      }
      assert_memory_equal(rows, before, length * 3 * 4);
      index[place] = index[length - 1] = 0;
    }
  free(index);
  free(narrow);
  free(rows);
  free(before);
}

static void test_bounds_skip(void **state) {
  (void)state;
  const int64_t index[6] = {2, -1, 10, INT64_MIN, 9, INT64_MAX};
  const int32_t narrow[6] = {2, -1, 10, INT32_MIN, 9, INT32_MAX};
  const int32_t expected[18] = {20, 21, 22, 0, 0, 0, 0, 0, 0, 0, 0, 0, 90, 91, 92, 0, 0, 0};
  const uni_gather_options skip = with_bounds(UNI_BOUNDS_SKIP);
  for (int i = 0; i < 2; ++i) {
    const uni_array borrowed = i == 0 ? array_1d(UNI_DTYPE_INT64, index, 6) : array_1d(UNI_DTYPE_INT32, narrow, 6);
    int32_t rows[18];
    memset(rows, 0x77, sizeof rows);
    const uni_array out = array_2d(UNI_DTYPE_INT32, rows, 6, 3);
    uni_context_reset_statistics(context);
    OK(uni_gather_into(table, &borrowed, &skip, NULL, &out, &error));
    assert_memory_equal(rows, expected, sizeof rows);
    uni_statistics statistics = {0};
    statistics.struct_size = sizeof statistics;
    OK(uni_context_statistics(context, &statistics, &error));
    assert_int_equal(statistics.out_of_bounds, 4);
    uni_tensor *made = NULL;
    OK(uni_gather(table, &borrowed, &skip, NULL, &made, &error));
    assert_memory_equal(pointer_of(made), expected, sizeof expected);
    uni_tensor_release(made);
  }
}

static void test_bounds_trust(void **state) {
  (void)state;
  const int64_t index[3] = {9, 0, 4};
  const int32_t expected[9] = {90, 91, 92, 0, 1, 2, 40, 41, 42};
  const uni_array borrowed = array_1d(UNI_DTYPE_INT64, index, 3);
  const uni_gather_options trust = with_bounds(UNI_BOUNDS_TRUST);
  uni_tensor *made = NULL;
  OK(uni_gather(table, &borrowed, &trust, NULL, &made, &error));
  assert_memory_equal(pointer_of(made), expected, sizeof expected);
  uni_tensor_release(made);
}

/* Entries past a count are not looked at, and their rows are zero. */
static void test_count(void **state) {
  (void)state;
  const int64_t index[4] = {3, 1, 999, -999};
  const int32_t expected[12] = {30, 31, 32, 10, 11, 12, 0, 0, 0, 0, 0, 0};
  int64_t count = 2;
  uni_array borrowed = array_1d(UNI_DTYPE_INT64, index, 4);
  borrowed.count = &count;
  int32_t rows[12];
  const uni_array out = array_2d(UNI_DTYPE_INT32, rows, 4, 3);
  for (int32_t bounds = UNI_BOUNDS_CHECK; bounds <= UNI_BOUNDS_TRUST; ++bounds) {
    const uni_gather_options options = with_bounds(bounds);
    memset(rows, 0x77, sizeof rows);
    OK(uni_gather_into(table, &borrowed, &options, NULL, &out, &error));
    assert_memory_equal(rows, expected, sizeof rows);
  }
  count = 0;
  OK(uni_gather_into(table, &borrowed, NULL, NULL, &out, &error));
  for (int i = 0; i < 12; ++i) assert_int_equal(rows[i], 0);
  /* A count may lie on a device, where nobody can refuse it: one that is out of its range is taken as its end. */
  const int64_t good_index[4] = {3, 1, 0, 9};
  const int32_t all[12] = {30, 31, 32, 10, 11, 12, 0, 1, 2, 90, 91, 92};
  borrowed.data = (void *)(uintptr_t)good_index;
  count = INT64_MAX;
  OK(uni_gather_into(table, &borrowed, NULL, NULL, &out, &error));
  assert_memory_equal(rows, all, sizeof rows);
  count = -1;
  OK(uni_gather_into(table, &borrowed, NULL, NULL, &out, &error));
  for (int i = 0; i < 12; ++i) assert_int_equal(rows[i], 0);
}

static void test_refuses(void **state) {
  (void)state;
  const int64_t index[2] = {1, 2};
  int32_t rows[6] = {5, 5, 5, 5, 5, 5};
  const uni_array good = array_1d(UNI_DTYPE_INT64, index, 2), good_out = array_2d(UNI_DTYPE_INT32, rows, 2, 3);
  uni_tensor *made = NULL;
  FAILS_NULL(UNI_STATUS_INVALID_ARGUMENT, "source", made, uni_gather(NULL, &good, NULL, NULL, &made, &error));
  FAILS_NULL(UNI_STATUS_INVALID_ARGUMENT, "index", made, uni_gather(table, NULL, NULL, NULL, &made, &error));
  FAILS(UNI_STATUS_INVALID_ARGUMENT, "out", uni_gather(table, &good, NULL, NULL, NULL, &error));
  FAILS(UNI_STATUS_INVALID_ARGUMENT, "source", uni_gather_into(NULL, &good, NULL, NULL, &good_out, &error));
  FAILS(UNI_STATUS_INVALID_ARGUMENT, "index", uni_gather_into(table, NULL, NULL, NULL, &good_out, &error));
  FAILS(UNI_STATUS_INVALID_ARGUMENT, "out", uni_gather_into(table, &good, NULL, NULL, NULL, &error));
  assert_int_equal(uni_gather_into(NULL, NULL, NULL, NULL, NULL, NULL), UNI_STATUS_INVALID_ARGUMENT);
  assert_int_equal(uni_gather(NULL, NULL, NULL, NULL, NULL, NULL), UNI_STATUS_INVALID_ARGUMENT);
#define INDEX(expected, change) \
  do { \
    uni_array bad = good; \
    change; \
    FAILS_NULL((expected), "index", made, uni_gather(table, &bad, NULL, NULL, &made, &error)); \
    FAILS((expected), "index", uni_gather_into(table, &bad, NULL, NULL, &good_out, &error)); \
  } while (0)
  INDEX(UNI_STATUS_SHAPE_MISMATCH, bad.ndim = 2);
  INDEX(UNI_STATUS_SHAPE_MISMATCH, bad.ndim = 0);
  INDEX(UNI_STATUS_DTYPE_MISMATCH, bad.dtype = UNI_DTYPE_UINT64);
  INDEX(UNI_STATUS_DTYPE_MISMATCH, bad.dtype = UNI_DTYPE_INT16);
  INDEX(UNI_STATUS_DTYPE_MISMATCH, bad.dtype = UNI_DTYPE_FLOAT64);
  INDEX(UNI_STATUS_DTYPE_MISMATCH, bad.dtype = 0);
  INDEX(UNI_STATUS_INVALID_ARGUMENT, bad.data = NULL);
  INDEX(UNI_STATUS_INVALID_ARGUMENT, bad.data = (char *)bad.data + 4; bad.shape[0] = 1);
  INDEX(UNI_STATUS_INVALID_ARGUMENT, bad.row_pitch = 16);
  INDEX(UNI_STATUS_INVALID_ARGUMENT, bad.shape[0] = -1);
  INDEX(UNI_STATUS_INVALID_ARGUMENT, bad.shape[0] = INT64_MAX);
  INDEX(UNI_STATUS_INVALID_ARGUMENT, bad.struct_size = 8);
  INDEX(UNI_STATUS_DEVICE_MISMATCH, bad.device_type = UNI_DEVICE_CUDA);
#undef INDEX
#define OUT(expected, change) \
  do { \
    uni_array bad = good_out; \
    change; \
    FAILS((expected), "out", uni_gather_into(table, &good, NULL, NULL, &bad, &error)); \
  } while (0)
  OUT(UNI_STATUS_DTYPE_MISMATCH, bad.dtype = UNI_DTYPE_FLOAT32);
  OUT(UNI_STATUS_SHAPE_MISMATCH, bad.ndim = 1);
  OUT(UNI_STATUS_SHAPE_MISMATCH, bad.shape[0] = 1);
  OUT(UNI_STATUS_SHAPE_MISMATCH, bad.shape[1] = 2);
  const int64_t two = 2;
  OUT(UNI_STATUS_INVALID_ARGUMENT, bad.count = &two);
  OUT(UNI_STATUS_INVALID_ARGUMENT, bad.data = NULL);
  OUT(UNI_STATUS_INVALID_ARGUMENT, bad.flags = UNI_ARRAY_READ_ONLY);
  OUT(UNI_STATUS_INVALID_ARGUMENT, bad.data = pointer_of(table));
  OUT(UNI_STATUS_INVALID_ARGUMENT, bad.data = (char *)pointer_of(table) + 116);
  OUT(UNI_STATUS_INVALID_ARGUMENT, bad.row_pitch = 8);
  OUT(UNI_STATUS_DEVICE_MISMATCH, bad.device_type = UNI_DEVICE_CUDA);
#undef OUT
  for (int i = 0; i < 6; ++i) assert_int_equal(rows[i], 5);
  uni_tensor *scalar = NULL;
  const uni_tensor_desc desc = host_desc(UNI_DTYPE_INT32, 0, 0, 0, 0);
  OK(uni_tensor_create(context, &desc, &scalar, &error));
  FAILS_NULL(UNI_STATUS_SHAPE_MISMATCH, "source", made, uni_gather(scalar, &good, NULL, NULL, &made, &error));
  uni_tensor_release(scalar);
}

/* A result in each kind of memory that is offered. */
static void test_result_in_other_memory(void **state) {
  (void)state;
  const int64_t index[2] = {7, 8};
  const uni_array borrowed = array_1d(UNI_DTYPE_INT64, index, 2);
  uni_gather_options options = UNI_GATHER_OPTIONS_INIT;
  uni_tensor *made = NULL;
  for (int32_t memory = UNI_MEMORY_HOST; memory <= UNI_MEMORY_UNIFIED; ++memory) {
    uni_memory_info info = {0};
    info.struct_size = sizeof info;
    OK(uni_context_memory_info(context, memory, &info, &error));
    options.memory = memory;
    made = (void *)&poison;
    const uni_status status = uni_gather(table, &borrowed, &options, NULL, &made, &error);
    if (info.supported && memory != UNI_MEMORY_DEVICE) {
      assert_int_equal(status, UNI_STATUS_OK);
      assert_int_equal(info_of(made).memory, info.resolved);
      assert_int_equal(((int32_t *)pointer_of(made))[3], 80);
      uni_tensor_release(made);
    } else if (!info.supported) {
      assert_true(status == UNI_STATUS_NOT_SUPPORTED || status == UNI_STATUS_BACKEND_UNAVAILABLE);
      assert_null(made);
    } else {
      uni_tensor_release(made);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_options),      cmocka_unit_test(test_widths),
      cmocka_unit_test(test_shapes),       cmocka_unit_test(test_empty),
      cmocka_unit_test(test_bounds_check), cmocka_unit_test(test_bounds_skip),
      cmocka_unit_test(test_bounds_trust), cmocka_unit_test(test_count),
      cmocka_unit_test(test_refuses),      cmocka_unit_test(test_result_in_other_memory),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
