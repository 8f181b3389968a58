/* SPDX-License-Identifier: Apache-2.0 */
/* gather.h: conversions, orders, and several tensors by one index. The values are the conformance vectors' business. */
#include "support.h"

static uni_context *context;
static uni_tensor *table;     /* [6, 4] float32: row i is i + 0.25 */
static uni_tensor *quantised; /* [6, 4] int8: row i is i */
static const int64_t picks[3] = {5, 0, 3};
static uni_array index_array;

static int set_up(void **state) {
  (void)state;
  context = make_context(4);
  float rows[24];
  int8_t small[24];
  for (int i = 0; i < 24; ++i) {
    rows[i] = (float)(i / 4) + 0.25f;
    small[i] = (int8_t)(i / 4);
  }
  table = make_tensor(context, UNI_DTYPE_FLOAT32, 6, 4, rows);
  quantised = make_tensor(context, UNI_DTYPE_INT8, 6, 4, small);
  index_array = array_1d(UNI_DTYPE_INT64, picks, 3);
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  uni_tensor_release(table);
  uni_tensor_release(quantised);
  uni_context_release(context);
  return 0;
}

static void test_wrong_options(void **state) {
  (void)state;
  uni_tensor *out = NULL;
  float scale[12] = {0};
  const uni_array scales = array_1d(UNI_DTYPE_FLOAT32, scale, 6), few = array_1d(UNI_DTYPE_FLOAT32, scale, 5);
  uni_array sparse = array_1d(UNI_DTYPE_FLOAT32, scale, 6);
  sparse.row_pitch = 8;
#define WRONG(status, text, tensor, change) \
  do { \
    uni_gather_options options = UNI_GATHER_OPTIONS_INIT; \
    change; \
    FAILS_NULL((status), (text), out, uni_gather((tensor), &index_array, &options, NULL, &out, &error)); \
  } while (0)
  WRONG(UNI_STATUS_INVALID_ARGUMENT, "order", table, options.order = 3);
  WRONG(UNI_STATUS_INVALID_ARGUMENT, "order", table, options.order = -1);
  WRONG(UNI_STATUS_INVALID_ARGUMENT, "num_multiprocessors", table, options.num_multiprocessors = -1);
  WRONG(UNI_STATUS_INVALID_ARGUMENT, "reserved", table, options.reserved = 1);
  WRONG(UNI_STATUS_DTYPE_MISMATCH, "dtype is 14", table, options.dtype = 14);
  WRONG(UNI_STATUS_NOT_SUPPORTED, "float64", table, options.dtype = UNI_DTYPE_FLOAT64);
  WRONG(UNI_STATUS_NOT_SUPPORTED, "int8", table, options.dtype = UNI_DTYPE_INT8);
  WRONG(UNI_STATUS_INVALID_ARGUMENT, "row_scales is NULL", quantised, options.dtype = UNI_DTYPE_FLOAT32);
  WRONG(UNI_STATUS_INVALID_ARGUMENT, "row_scales is not NULL", table,
        (options.dtype = UNI_DTYPE_FLOAT16, options.row_scales = &scales));
  WRONG(UNI_STATUS_INVALID_ARGUMENT, "row_scales is not NULL", quantised, options.row_scales = &scales);
  WRONG(UNI_STATUS_SHAPE_MISMATCH, "row_scales", quantised,
        (options.dtype = UNI_DTYPE_FLOAT16, options.row_scales = &few));
  WRONG(UNI_STATUS_INVALID_ARGUMENT, "gaps", quantised,
        (options.dtype = UNI_DTYPE_FLOAT16, options.row_scales = &sparse));
#undef WRONG
  uni_scatter_options scatter = UNI_SCATTER_OPTIONS_INIT;
  const uni_array rows = array_2d(UNI_DTYPE_FLOAT32, scale, 1, 4), one = array_1d(UNI_DTYPE_INT64, picks, 1);
  scatter.num_multiprocessors = -2;
  FAILS(UNI_STATUS_INVALID_ARGUMENT, "num_multiprocessors", uni_scatter(table, &one, &rows, &scatter, NULL, &error));
}

static void test_conversion(void **state) {
  (void)state;
  uni_gather_options options = UNI_GATHER_OPTIONS_INIT;
  options.dtype = UNI_DTYPE_FLOAT16;
  for (int32_t order = UNI_ORDER_AUTO; order <= UNI_ORDER_BY_PAGE; ++order) {
    options.order = order;
    options.num_multiprocessors = order;
    uni_tensor *out = NULL;
    OK(uni_gather(table, &index_array, &options, NULL, &out, &error));
    assert_int_equal(info_of(out).dtype, UNI_DTYPE_FLOAT16);
    const uint16_t *halves = pointer_of(out);
    assert_int_equal(halves[0], 0x4540); /* 5.25 */
    assert_int_equal(halves[4], 0x3400); /* 0.25 */
    assert_int_equal(halves[8], 0x4280); /* 3.25 */
    uni_tensor_release(out);
  }
  /* Into memory on odd addresses, with a scale to each row. */
  float scale[6] = {1, 1, 1, -2, 1, 0.5f};
  const uni_array scales = array_1d(UNI_DTYPE_FLOAT32, scale, 6);
  unsigned char memory[3 * 17 + 1];
  memset(memory, 0x5a, sizeof memory);
  uni_array out = array_2d(UNI_DTYPE_FLOAT32, memory + 1, 3, 4);
  out.row_pitch = 17;
  options.dtype = UNI_DTYPE_FLOAT32;
  options.row_scales = &scales;
  OK(uni_gather_into(quantised, &index_array, &options, NULL, &out, &error));
  const float expected[3] = {2.5f, 0.0f, -6.0f};
  for (int i = 0; i < 3; ++i) {
    for (int j = 0; j < 4; ++j) assert_memory_equal(memory + 1 + 17 * i + 4 * j, &expected[i], 4);
    if (i < 2) assert_int_equal(memory[1 + 17 * i + 16], 0x5a);
  }
  /* The dtype of out is the one that was asked for. */
  out.dtype = UNI_DTYPE_FLOAT16;
  FAILS(UNI_STATUS_DTYPE_MISMATCH, "float32", uni_gather_into(quantised, &index_array, &options, NULL, &out, &error));
  out.dtype = UNI_DTYPE_FLOAT32;
  options.dtype = 0;
  options.row_scales = NULL;
  FAILS(UNI_STATUS_DTYPE_MISMATCH, "out", uni_gather_into(quantised, &index_array, &options, NULL, &out, &error));
  /* The scales are read while out is written. */
  options.dtype = UNI_DTYPE_FLOAT32;
  float shared[24] = {0};
  const uni_array same = array_1d(UNI_DTYPE_FLOAT32, shared, 6), into = array_2d(UNI_DTYPE_FLOAT32, shared + 4, 3, 4);
  options.row_scales = &same;
  FAILS(UNI_STATUS_INVALID_ARGUMENT, "row_scales",
        uni_gather_into(quantised, &index_array, &options, NULL, &into, &error));
}

static void test_many(void **state) {
  (void)state;
  const uni_tensor *const sources[2] = {table, quantised};
  float rows[12];
  int8_t small[12];
  const uni_array floats = array_2d(UNI_DTYPE_FLOAT32, rows, 3, 4), bytes = array_2d(UNI_DTYPE_INT8, small, 3, 4);
  const uni_array *const outs[2] = {&floats, &bytes};
  uni_context_reset_statistics(context);
  OK(uni_gather_many(2, sources, &index_array, NULL, NULL, outs, &error));
  for (int i = 0; i < 12; ++i) {
    assert_true(rows[i] == (float)picks[i / 4] + 0.25f);
    assert_int_equal(small[i], picks[i / 4]);
  }
  uni_statistics statistics = {.struct_size = sizeof statistics};
  OK(uni_context_statistics(context, &statistics, &error));
  assert_int_equal(statistics.gather_calls, 1);
  assert_int_equal(statistics.gather_bytes, 3 * (16 + 4));

  /* One bad index, counted once, and nothing is written. */
  const int64_t bad[3] = {0, 6, 1};
  const uni_array bad_index = array_1d(UNI_DTYPE_INT64, bad, 3);
  memset(rows, 0x2e, sizeof rows);
  memset(small, 0x2e, sizeof small);
  FAILS(UNI_STATUS_OUT_OF_BOUNDS, "index[1] is 6", uni_gather_many(2, sources, &bad_index, NULL, NULL, outs, &error));
  for (size_t i = 0; i < sizeof rows; ++i) assert_int_equal(((unsigned char *)rows)[i], 0x2e);
  for (size_t i = 0; i < sizeof small; ++i) assert_int_equal(small[i], 0x2e);
  uni_gather_options options = UNI_GATHER_OPTIONS_INIT;
  options.bounds = UNI_BOUNDS_SKIP;
  uni_context_reset_statistics(context);
  OK(uni_gather_many(2, sources, &bad_index, &options, NULL, outs, &error));
  OK(uni_context_statistics(context, &statistics, &error));
  assert_int_equal(statistics.out_of_bounds, 1);
  assert_int_equal(small[4], 0);
}

static void test_many_refuses(void **state) {
  (void)state;
  const uni_tensor *sources[2] = {table, quantised};
  float rows[12];
  int8_t small[12];
  const uni_array floats = array_2d(UNI_DTYPE_FLOAT32, rows, 3, 4), bytes = array_2d(UNI_DTYPE_INT8, small, 3, 4);
  const uni_array *outs[2] = {&floats, &bytes};
  FAILS(UNI_STATUS_INVALID_ARGUMENT, "num_tensors",
        uni_gather_many(0, sources, &index_array, NULL, NULL, outs, &error));
  FAILS(UNI_STATUS_INVALID_ARGUMENT, "num_tensors is 17",
        uni_gather_many(UNI_GATHER_MANY_MAX + 1, sources, &index_array, NULL, NULL, outs, &error));
  FAILS(UNI_STATUS_INVALID_ARGUMENT, "sources is NULL",
        uni_gather_many(2, NULL, &index_array, NULL, NULL, outs, &error));
  FAILS(UNI_STATUS_INVALID_ARGUMENT, "outs is NULL",
        uni_gather_many(2, sources, &index_array, NULL, NULL, NULL, &error));
  outs[1] = NULL;
  FAILS(UNI_STATUS_INVALID_ARGUMENT, "outs[1] is NULL",
        uni_gather_many(2, sources, &index_array, NULL, NULL, outs, &error));
  outs[1] = &floats;
  FAILS(UNI_STATUS_DTYPE_MISMATCH, "outs[1]", uni_gather_many(2, sources, &index_array, NULL, NULL, outs, &error));
  sources[1] = table;
  FAILS(UNI_STATUS_INVALID_ARGUMENT, "overlaps", uni_gather_many(2, sources, &index_array, NULL, NULL, outs, &error));
  sources[1] = NULL;
  FAILS(UNI_STATUS_INVALID_ARGUMENT, "sources[1] is NULL",
        uni_gather_many(2, sources, &index_array, NULL, NULL, outs, &error));
  uni_tensor *shorter = NULL;
  OK(uni_tensor_slice(quantised, 0, 5, &shorter, &error));
  sources[1] = shorter;
  outs[1] = &bytes;
  FAILS(UNI_STATUS_SHAPE_MISMATCH, "sources[1] has 5 rows",
        uni_gather_many(2, sources, &index_array, NULL, NULL, outs, &error));
  uni_tensor_release(shorter);
  sources[1] = quantised;
  uni_gather_options options = UNI_GATHER_OPTIONS_INIT;
  options.dtype = UNI_DTYPE_FLOAT16;
  FAILS(UNI_STATUS_INVALID_ARGUMENT, "dtype", uni_gather_many(2, sources, &index_array, &options, NULL, outs, &error));
  uni_context *other = make_context(1);
  uni_tensor *foreign = make_tensor(other, UNI_DTYPE_INT8, 6, 4, NULL);
  sources[1] = foreign;
  FAILS(UNI_STATUS_INVALID_ARGUMENT, "another context",
        uni_gather_many(2, sources, &index_array, NULL, NULL, outs, &error));
  uni_tensor_release(foreign);
  uni_context_release(other);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_wrong_options),
      cmocka_unit_test(test_conversion),
      cmocka_unit_test(test_many),
      cmocka_unit_test(test_many_refuses),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
