/* SPDX-License-Identifier: Apache-2.0 */
/* gather.h: scattering. */
#include "support.h"

static uni_context *context;

static int set_up(void **state) {
  (void)state;
  context = make_context(4);
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  uni_context_release(context);
  return 0;
}

static uni_scatter_options with(int32_t bounds, int32_t reduce) {
  uni_scatter_options options = UNI_SCATTER_OPTIONS_INIT;
  options.bounds = bounds;
  options.reduce = reduce;
  return options;
}

struct operands {
  uni_tensor *destination;
  uni_array index, rows;
};

static uni_status scatter_bytes(void *user_data, const void *bytes) {
  const struct operands *o = user_data;
  return uni_scatter(o->destination, &o->index, &o->rows, bytes, NULL, &error);
}

static void test_options(void **state) {
  (void)state;
  const int64_t index[2] = {1, 2};
  const int32_t rows[2] = {7, 8};
  struct operands o = {make_tensor(context, UNI_DTYPE_INT32, 4, 1, NULL), array_1d(UNI_DTYPE_INT64, index, 2),
                       array_2d(UNI_DTYPE_INT32, rows, 2, 1)};
  OK(uni_tensor_fill(o.destination, NULL, NULL, &error));
  const uni_scatter_options good = UNI_SCATTER_OPTIONS_INIT;
#define WRONG(text, change) \
  do { \
    uni_scatter_options options = good; \
    change; \
    FAILS(UNI_STATUS_INVALID_ARGUMENT, (text), uni_scatter(o.destination, &o.index, &o.rows, &options, NULL, &error)); \
  } while (0)
  WRONG("bounds", options.bounds = 3);
  WRONG("bounds", options.bounds = -1);
  WRONG("reduce", options.reduce = 2);
  WRONG("reduce", options.reduce = -1);
  WRONG("flags", options.flags = 1);
#undef WRONG
  for (int i = 0; i < 4; ++i) assert_int_equal(((int32_t *)pointer_of(o.destination))[i], 0);
  const size_t sizes[] = {16, 20, sizeof good};
  check_grown_struct(&good, sizes, sizeof sizes / sizeof *sizes, scatter_bytes, &o);
  assert_int_equal(((int32_t *)pointer_of(o.destination))[2], 8);
  uni_tensor_release(o.destination);
}

/* Against a plain loop, for every row width up to 130 bytes, tight and padded, few and many rows. */
static void check_assign(int64_t width, int64_t num_rows, int64_t alignment, int32_t index_dtype) {
  uint64_t random = (uint64_t)(width * 7919 + num_rows);
  uni_tensor_desc desc = host_desc(UNI_DTYPE_UINT8, 2, num_rows, width, 0);
  desc.row_alignment = alignment;
  uni_tensor *destination = NULL;
  OK(uni_tensor_create(context, &desc, &destination, &error));
  const int64_t pitch = info_of(destination).row_pitch;
  unsigned char *data = pointer_of(destination);
  memset(data, 0x11, (size_t)(num_rows * pitch));
  const int64_t used = num_rows - num_rows / 3;
  int64_t *wide = malloc((size_t)num_rows * 8);
  int32_t *narrow = malloc((size_t)num_rows * 4);
  for (int64_t i = 0; i < num_rows; ++i) wide[i] = i;
  for (int64_t i = num_rows - 1; i > 0; --i) {
    const int64_t j = (int64_t)(next_random(&random) % (uint64_t)(i + 1)), kept = wide[i];
    wide[i] = wide[j];
    wide[j] = kept;
  }
  for (int64_t i = 0; i < num_rows; ++i) narrow[i] = (int32_t)wide[i];
  unsigned char *rows = malloc((size_t)(used * width + 1)), *expected = malloc((size_t)(num_rows * pitch));
  for (int64_t i = 0; i < used * width; ++i) rows[1 + i] = (unsigned char)next_random(&random);
  memcpy(expected, data, (size_t)(num_rows * pitch));
  for (int64_t i = 0; i < used; ++i) memcpy(expected + wide[i] * pitch, rows + 1 + i * width, (size_t)width);
  const uni_array index = array_1d(index_dtype, index_dtype == UNI_DTYPE_INT64 ? (void *)wide : (void *)narrow, used);
  const uni_array source = array_2d(UNI_DTYPE_UINT8, rows + 1, used, width);
  OK(uni_scatter(destination, &index, &source, NULL, NULL, &error));
  if (memcmp(data, expected, (size_t)((num_rows - 1) * pitch + width)) != 0) fail_msg("width %d", (int)width);
  uni_tensor_release(destination);
  free(wide);
  free(narrow);
  free(rows);
  free(expected);
}

static void test_assign(void **state) {
  (void)state;
  for (int64_t width = 1; width <= 130; ++width) {
    check_assign(width, 13, 0, UNI_DTYPE_INT32);
    check_assign(width, 10, 64, UNI_DTYPE_INT64);
  }
  check_assign(4, 200000, 0, UNI_DTYPE_INT64);
  check_assign(100, 20000, 0, UNI_DTYPE_INT32);
  check_assign(1024, 3000, 64, UNI_DTYPE_INT64);
}

/* With duplicate indices one whole source row remains, also where several threads write. */
static void test_duplicates_leave_a_whole_row(void **state) {
  (void)state;
  enum { num_rows = 60000, width = 37, targets = 5 };
  uni_tensor *destination = make_tensor(context, UNI_DTYPE_UINT8, targets, width, NULL);
  unsigned char *rows = malloc(num_rows * width);
  int64_t *index = malloc(num_rows * 8);
  for (int i = 0; i < num_rows; ++i) {
    index[i] = i % targets;
    memset(rows + i * width, i % 251, width);
  }
  const uni_array borrowed = array_1d(UNI_DTYPE_INT64, index, num_rows);
  const uni_array source = array_2d(UNI_DTYPE_UINT8, rows, num_rows, width);
  OK(uni_scatter(destination, &borrowed, &source, NULL, NULL, &error));
  const unsigned char *data = pointer_of(destination);
  for (int i = 0; i < targets; ++i)
    for (int j = 1; j < width; ++j) assert_int_equal(data[i * width + j], data[i * width]);
  uni_tensor_release(destination);
  free(rows);
  free(index);
}

/* Integers add exactly and wrap, with many duplicates and several threads. */
static void test_add_integers(void **state) {
  (void)state;
  enum { num_rows = 40000, width = 6, targets = 17 };
  static const int32_t dtypes[] = {UNI_DTYPE_INT8,  UNI_DTYPE_INT16,  UNI_DTYPE_INT32,  UNI_DTYPE_INT64,
                                   UNI_DTYPE_UINT8, UNI_DTYPE_UINT16, UNI_DTYPE_UINT32, UNI_DTYPE_UINT64};
  int64_t *index = malloc(num_rows * 8);
  for (size_t d = 0; d < sizeof dtypes / sizeof dtypes[0]; ++d) {
    const int64_t size = uni_dtype_size(dtypes[d]);
    uint64_t random = d, expected[targets * width] = {0};
    const uint64_t mask = size == 8 ? UINT64_MAX : ((uint64_t)1 << (8 * size)) - 1;
    unsigned char *rows = malloc((size_t)(num_rows * width * size));
    for (int i = 0; i < num_rows; ++i) {
      index[i] = (int64_t)(next_random(&random) % targets);
      for (int j = 0; j < width; ++j) {
        const uint64_t value = next_random(&random);
        memcpy(rows + (i * width + j) * size, &value, (size_t)size);
        expected[index[i] * width + j] += value;
      }
    }
    uni_tensor *destination = make_tensor(context, dtypes[d], targets, width, NULL);
    OK(uni_tensor_fill(destination, NULL, NULL, &error));
    const uni_array borrowed = array_1d(UNI_DTYPE_INT64, index, num_rows);
    const uni_array source = array_2d(dtypes[d], rows, num_rows, width);
    const uni_scatter_options add = with(UNI_BOUNDS_CHECK, UNI_SCATTER_ADD);
    OK(uni_scatter(destination, &borrowed, &source, &add, NULL, &error));
    const unsigned char *data = pointer_of(destination);
    for (int i = 0; i < targets * width; ++i) {
      uint64_t value = 0;
      memcpy(&value, data + i * size, (size_t)size);
      assert_true(value == (expected[i] & mask));
    }
    uni_tensor_release(destination);
    free(rows);
  }
  free(index);
}

/* Whole numbers that every floating type holds exactly, so that the order of addition does not matter: 3 + 1 + 2 ... */
static void test_add_floats(void **state) {
  (void)state;
  static const struct {
    int32_t dtype;
    uint64_t one, three, seven; /* the bits of 1, 3 and 7 */
  } table[] = {{UNI_DTYPE_FLOAT16, 0x3c00, 0x4200, 0x4700},
               {UNI_DTYPE_BFLOAT16, 0x3f80, 0x4040, 0x40e0},
               {UNI_DTYPE_FLOAT32, 0x3f800000, 0x40400000, 0x40e00000},
               {UNI_DTYPE_FLOAT64, 0x3ff0000000000000, 0x4008000000000000, 0x401c000000000000}};
  for (size_t t = 0; t < sizeof table / sizeof table[0]; ++t) {
    const size_t size = (size_t)uni_dtype_size(table[t].dtype);
    uni_tensor *destination = make_tensor(context, table[t].dtype, 3, 1, NULL);
    unsigned char *data = pointer_of(destination), rows[5 * 8];
    for (int i = 0; i < 3; ++i) memcpy(data + i * (int)size, &table[t].three, size);
    for (int i = 0; i < 5; ++i) memcpy(rows + i * (int)size, &table[t].one, size);
    const int32_t index[5] = {2, 0, 2, 2, 2};
    const uni_array borrowed = array_1d(UNI_DTYPE_INT32, index, 5), source = array_2d(table[t].dtype, rows, 5, 1);
    const uni_scatter_options add = with(UNI_BOUNDS_CHECK, UNI_SCATTER_ADD);
    OK(uni_scatter(destination, &borrowed, &source, &add, NULL, &error));
    assert_memory_equal(data + 2 * size, &table[t].seven, size);
    assert_memory_equal(data + 1 * size, &table[t].three, size);
    uni_tensor_release(destination);
  }
}

static void test_add_refuses_bool(void **state) {
  (void)state;
  uni_tensor *destination = make_tensor(context, UNI_DTYPE_BOOL, 3, 1, NULL);
  OK(uni_tensor_fill(destination, NULL, NULL, &error));
  const int64_t index[1] = {1};
  const unsigned char one = 1;
  const uni_array borrowed = array_1d(UNI_DTYPE_INT64, index, 1), source = array_2d(UNI_DTYPE_BOOL, &one, 1, 1);
  const uni_scatter_options add = with(UNI_BOUNDS_CHECK, UNI_SCATTER_ADD);
  FAILS(UNI_STATUS_DTYPE_MISMATCH, "bool", uni_scatter(destination, &borrowed, &source, &add, NULL, &error));
  assert_int_equal(((unsigned char *)pointer_of(destination))[1], 0);
  OK(uni_scatter(destination, &borrowed, &source, NULL, NULL, &error));
  assert_int_equal(((unsigned char *)pointer_of(destination))[1], 1);
  uni_tensor_release(destination);
}

/* A bad value anywhere leaves the destination as it was under check, and is ignored and counted under skip. */
static void test_bounds(void **state) {
  (void)state;
  enum { length = 30000, targets = 10 };
  int64_t *index = calloc(length, 8);
  int32_t *rows = malloc(length * 4);
  for (int i = 0; i < length; ++i) rows[i] = 1;
  uni_tensor *destination = make_tensor(context, UNI_DTYPE_INT32, targets, 1, NULL);
  int32_t *data = pointer_of(destination);
  const uni_array borrowed = array_1d(UNI_DTYPE_INT64, index, length),
                  source = array_2d(UNI_DTYPE_INT32, rows, length, 1);
  const int64_t bad[] = {-1, targets, INT64_MIN, INT64_MAX, (int64_t)1 << 32},
                places[] = {0, 1, length / 2, length - 1};
  for (int32_t reduce = UNI_SCATTER_ASSIGN; reduce <= UNI_SCATTER_ADD; ++reduce)
    for (size_t b = 0; b < sizeof bad / sizeof bad[0]; ++b)
      for (size_t p = 0; p < sizeof places / sizeof places[0]; ++p) {
        char position[64], value[64];
        snprintf(position, sizeof position, "[%lld]", (long long)places[p]);
        snprintf(value, sizeof value, "%lld", (long long)bad[b]);
        index[places[p]] = bad[b];
        for (int i = 0; i < targets; ++i) data[i] = 100 + i;
        const uni_scatter_options check = with(UNI_BOUNDS_CHECK, reduce), skip = with(UNI_BOUNDS_SKIP, reduce);
        FAILS(UNI_STATUS_OUT_OF_BOUNDS, position, uni_scatter(destination, &borrowed, &source, &check, NULL, &error));
        assert_non_null(strstr(error.message, value));
        assert_non_null(strstr(error.message, "index"));
        for (int i = 0; i < targets; ++i) assert_int_equal(data[i], 100 + i);
        uni_context_reset_statistics(context);
        OK(uni_scatter(destination, &borrowed, &source, &skip, NULL, &error));
        assert_int_equal(data[0], reduce == UNI_SCATTER_ADD ? 100 + length - 1 : 1);
        for (int i = 1; i < targets; ++i) assert_int_equal(data[i], 100 + i);
        uni_statistics statistics = {0};
        statistics.struct_size = sizeof statistics;
        OK(uni_context_statistics(context, &statistics, &error));
        assert_int_equal(statistics.out_of_bounds, 1);
        index[places[p]] = 0;
      }
  uni_tensor_release(destination);
  free(index);
  free(rows);
}

static void test_count(void **state) {
  (void)state;
  uni_tensor *destination = make_tensor(context, UNI_DTYPE_INT32, 4, 1, NULL);
  OK(uni_tensor_fill(destination, NULL, NULL, &error));
  const int64_t index[3] = {2, 99, 0};
  const int32_t rows[3] = {7, 8, 9};
  int64_t count = 1;
  uni_array borrowed = array_1d(UNI_DTYPE_INT64, index, 3);
  borrowed.count = &count;
  const uni_array source = array_2d(UNI_DTYPE_INT32, rows, 3, 1);
  const int32_t expected[4] = {0, 0, 7, 0};
  OK(uni_scatter(destination, &borrowed, &source, NULL, NULL, &error));
  assert_memory_equal(pointer_of(destination), expected, sizeof expected);
  count = -1; /* As 0. */
  OK(uni_scatter(destination, &borrowed, &source, NULL, NULL, &error));
  assert_memory_equal(pointer_of(destination), expected, sizeof expected);
  uni_tensor_release(destination);
}

static void test_empty(void **state) {
  (void)state;
  uni_tensor *destination = make_tensor(context, UNI_DTYPE_INT32, 0, 3, NULL);
  const uni_array none = array_1d(UNI_DTYPE_INT64, NULL, 0), no_rows = array_2d(UNI_DTYPE_INT32, NULL, 0, 3);
  for (int32_t reduce = UNI_SCATTER_ASSIGN; reduce <= UNI_SCATTER_ADD; ++reduce) {
    const uni_scatter_options options = with(UNI_BOUNDS_CHECK, reduce);
    OK(uni_scatter(destination, &none, &no_rows, &options, NULL, &error));
    uni_tensor *thin = make_tensor(context, UNI_DTYPE_INT32, 3, 0, NULL);
    const int64_t index[2] = {0, 2}, far[2] = {0, 3};
    const uni_array two = array_1d(UNI_DTYPE_INT64, index, 2), bad = array_1d(UNI_DTYPE_INT64, far, 2);
    const uni_array no_columns = array_2d(UNI_DTYPE_INT32, NULL, 2, 0);
    OK(uni_scatter(thin, &two, &no_columns, &options, NULL, &error));
    FAILS(UNI_STATUS_OUT_OF_BOUNDS, "3", uni_scatter(thin, &bad, &no_columns, &options, NULL, &error));
    uni_tensor_release(thin);
  }
  uni_tensor_release(destination);
}

static void test_refuses(void **state) {
  (void)state;
  const int64_t index[2] = {1, 2};
  int32_t rows[6] = {5, 5, 5, 5, 5, 5}, zeros[30] = {0};
  uni_tensor *table = make_tensor(context, UNI_DTYPE_INT32, 10, 3, zeros);
  const uni_array good = array_1d(UNI_DTYPE_INT64, index, 2), good_rows = array_2d(UNI_DTYPE_INT32, rows, 2, 3);
  FAILS(UNI_STATUS_INVALID_ARGUMENT, "destination", uni_scatter(NULL, &good, &good_rows, NULL, NULL, &error));
  FAILS(UNI_STATUS_INVALID_ARGUMENT, "index", uni_scatter(table, NULL, &good_rows, NULL, NULL, &error));
  FAILS(UNI_STATUS_INVALID_ARGUMENT, "rows", uni_scatter(table, &good, NULL, NULL, NULL, &error));
  assert_int_equal(uni_scatter(NULL, NULL, NULL, NULL, NULL, NULL), UNI_STATUS_INVALID_ARGUMENT);
#define INDEX(expected, change) \
  do { \
    uni_array bad = good; \
    change; \
    FAILS((expected), "index", uni_scatter(table, &bad, &good_rows, NULL, NULL, &error)); \
  } while (0)
  INDEX(UNI_STATUS_SHAPE_MISMATCH, bad.ndim = 2);
  INDEX(UNI_STATUS_DTYPE_MISMATCH, bad.dtype = UNI_DTYPE_UINT32);
  INDEX(UNI_STATUS_INVALID_ARGUMENT, bad.data = NULL);
  INDEX(UNI_STATUS_INVALID_ARGUMENT, bad.shape[0] = INT64_MIN);
  INDEX(UNI_STATUS_INVALID_ARGUMENT, bad.struct_size = 4);
  INDEX(UNI_STATUS_DEVICE_MISMATCH, bad.device_type = UNI_DEVICE_CUDA);
#undef INDEX
#define ROWS(expected, change) \
  do { \
    uni_array bad = good_rows; \
    change; \
    FAILS((expected), "rows", uni_scatter(table, &good, &bad, NULL, NULL, &error)); \
  } while (0)
  ROWS(UNI_STATUS_DTYPE_MISMATCH, bad.dtype = UNI_DTYPE_FLOAT32);
  ROWS(UNI_STATUS_SHAPE_MISMATCH, bad.ndim = 1);
  ROWS(UNI_STATUS_SHAPE_MISMATCH, bad.shape[0] = 1);
  ROWS(UNI_STATUS_SHAPE_MISMATCH, bad.shape[1] = 4);
  ROWS(UNI_STATUS_INVALID_ARGUMENT, bad.data = NULL);
  ROWS(UNI_STATUS_INVALID_ARGUMENT, bad.row_pitch = 11);
  ROWS(UNI_STATUS_INVALID_ARGUMENT, bad.data = (char *)pointer_of(table) + 4);
  ROWS(UNI_STATUS_DEVICE_MISMATCH, bad.device_type = UNI_DEVICE_CUDA);
#undef ROWS
  assert_memory_equal(pointer_of(table), zeros, sizeof zeros);
  uni_array read_only = array_2d(UNI_DTYPE_INT32, zeros, 10, 3);
  read_only.flags = UNI_ARRAY_READ_ONLY;
  uni_tensor *locked = NULL, *scalar = NULL;
  OK(uni_tensor_wrap(context, &read_only, NULL, NULL, &locked, &error));
  FAILS(UNI_STATUS_INVALID_ARGUMENT, "destination", uni_scatter(locked, &good, &good_rows, NULL, NULL, &error));
  const uni_tensor_desc desc = host_desc(UNI_DTYPE_INT32, 0, 0, 0, 0);
  OK(uni_tensor_create(context, &desc, &scalar, &error));
  FAILS(UNI_STATUS_SHAPE_MISMATCH, "destination", uni_scatter(scalar, &good, &good_rows, NULL, NULL, &error));
  uni_tensor_release(scalar);
  uni_tensor_release(locked);
  uni_tensor_release(table);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_options),
      cmocka_unit_test(test_assign),
      cmocka_unit_test(test_duplicates_leave_a_whole_row),
      cmocka_unit_test(test_add_integers),
      cmocka_unit_test(test_add_floats),
      cmocka_unit_test(test_add_refuses_bool),
      cmocka_unit_test(test_bounds),
      cmocka_unit_test(test_count),
      cmocka_unit_test(test_empty),
      cmocka_unit_test(test_refuses),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
