/* SPDX-License-Identifier: Apache-2.0 */
/* Sizes beyond 2^31 bytes, rows and positions, over sparse mappings that take no memory where nothing is written. */
#define _GNU_SOURCE
#include <sys/mman.h>

#include "support.h"

static uni_context *context;

static int set_up(void **state) {
  (void)state;
  context = make_context(2);
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  uni_context_release(context);
  return 0;
}

struct mapping {
  unsigned char *data;
  size_t size;
};

static struct mapping map_sparse(size_t size) {
  void *data = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  assert_true(data != MAP_FAILED);
  /* Otherwise each byte that is written takes a huge page. */
  madvise(data, size, MADV_NOHUGEPAGE);
  return (struct mapping){data, size};
}

static void unmap(void *user_data) {
  const struct mapping *mapping = user_data;
  munmap(mapping->data, mapping->size);
}

static uni_tensor *wrap(struct mapping *mapping, int64_t rows, int64_t width) {
  const uni_array array = array_2d(UNI_DTYPE_UINT8, mapping->data, rows, width);
  uni_tensor *tensor = NULL;
  OK(uni_tensor_wrap(context, &array, unmap, mapping, &tensor, &error));
  return tensor;
}

/* 3 * 2^30 rows of one byte: index values beyond 2^31. */
static void test_many_rows(void **state) {
  (void)state;
  const int64_t rows = (int64_t)3 << 30;
  struct mapping mapping = map_sparse((size_t)rows);
  uni_tensor *tensor = wrap(&mapping, rows, 1), *out = NULL;
  const int64_t index[6] = {rows - 1, (int64_t)1 << 31, ((int64_t)1 << 31) - 1, ((int64_t)1 << 31) + 12345,
                            0,        rows - 1};
  for (int i = 0; i < 6; ++i) mapping.data[index[i]] = (unsigned char)(index[i] % 251 + 1);
  uni_array borrowed = array_1d(UNI_DTYPE_INT64, index, 6);
  OK(uni_gather(tensor, &borrowed, NULL, NULL, &out, &error));
  for (int i = 0; i < 6; ++i) assert_int_equal(((unsigned char *)pointer_of(out))[i], index[i] % 251 + 1);
  uni_tensor_release(out);
  const int64_t past = rows;
  const uni_array bad = array_1d(UNI_DTYPE_INT64, &past, 1);
  FAILS_NULL(UNI_STATUS_OUT_OF_BOUNDS, "3221225472", out, uni_gather(tensor, &bad, NULL, NULL, &out, &error));
  const unsigned char rows6[6] = {91, 92, 93, 94, 95, 91};
  const uni_array source = array_2d(UNI_DTYPE_UINT8, rows6, 6, 1);
  OK(uni_scatter(tensor, &borrowed, &source, NULL, NULL, &error));
  for (int i = 0; i < 6; ++i) assert_int_equal(mapping.data[index[i]], rows6[i]);
  uni_tensor *view = NULL;
  OK(uni_tensor_slice(tensor, ((int64_t)1 << 31) - 1, rows, &view, &error));
  uni_tensor_release(tensor);
  assert_int_equal(*(unsigned char *)pointer_of(view), 93);
  assert_int_equal(info_of(view).num_bytes, rows - ((int64_t)1 << 31) + 1);
  uni_tensor_release(view);
}

/* Rows whose bytes lie beyond 2^31 and 2^32, at int32 indices, with and without a pitch. */
static void test_far_rows(void **state) {
  (void)state;
  for (int64_t pitch = 1024; pitch <= 4096; pitch *= 4) {
    const int64_t rows = ((int64_t)5 << 30) / pitch;
    struct mapping mapping = map_sparse((size_t)5 << 30);
    uni_array array = array_2d(UNI_DTYPE_UINT8, mapping.data, rows, 1000);
    array.row_pitch = pitch;
    uni_tensor *tensor = NULL, *out = NULL;
    OK(uni_tensor_wrap(context, &array, unmap, &mapping, &tensor, &error));
    const int32_t index[4] = {(int32_t)(rows - 1), (int32_t)(((int64_t)1 << 32) / pitch),
                              (int32_t)(((int64_t)1 << 31) / pitch), 0};
    for (int i = 0; i < 4; ++i) memset(mapping.data + index[i] * pitch, i + 1, 1000);
    const uni_array borrowed = array_1d(UNI_DTYPE_INT32, index, 4);
    OK(uni_gather(tensor, &borrowed, NULL, NULL, &out, &error));
    const unsigned char *result = pointer_of(out);
    for (int i = 0; i < 4; ++i)
      for (int j = 0; j < 1000; j += 333) assert_int_equal(result[i * info_of(out).row_pitch + j], i + 1);
    uni_tensor_release(out);
    uni_tensor_release(tensor);
  }
}

/* One row of more than 2^31 bytes. */
static void test_wide_row(void **state) {
  (void)state;
  const int64_t width = ((int64_t)1 << 31) + 4097;
  struct mapping mapping = map_sparse((size_t)(2 * width));
  uni_tensor *tensor = wrap(&mapping, 2, width);
  mapping.data[width] = 1;
  mapping.data[2 * width - 1] = 2;
  const int64_t one = 1;
  const uni_array borrowed = array_1d(UNI_DTYPE_INT64, &one, 1);
  struct mapping result = map_sparse((size_t)width);
  const uni_array out = array_2d(UNI_DTYPE_UINT8, result.data, 1, width);
  OK(uni_gather_into(tensor, &borrowed, NULL, NULL, &out, &error));
  assert_int_equal(result.data[0], 1);
  assert_int_equal(result.data[1], 0);
  assert_int_equal(result.data[width - 1], 2);
  unmap(&result);
  uni_tensor_release(tensor);
}

/* A position of the index beyond 2^31 is named as it is: index entries that are zero pages, one of them bad. */
static void test_far_position(void **state) {
  (void)state;
  const int64_t length = ((int64_t)1 << 31) + 10, place = ((int64_t)1 << 31) + 5;
  struct mapping mapping = map_sparse((size_t)length * 4);
  ((int32_t *)(void *)mapping.data)[place] = -3;
  uni_tensor *thin = make_tensor(context, UNI_DTYPE_UINT8, 4, 0, NULL);
  const uni_array borrowed = array_1d(UNI_DTYPE_INT32, mapping.data, length);
  const uni_array out = array_2d(UNI_DTYPE_UINT8, NULL, length, 0);
  FAILS(UNI_STATUS_OUT_OF_BOUNDS, "2147483653", uni_gather_into(thin, &borrowed, NULL, NULL, &out, &error));
  assert_non_null(strstr(error.message, "-3"));
  uni_tensor_release(thin);
  unmap(&mapping);
}

/* The library's own memory is taken lazily. */
static void test_own_memory(void **state) {
  (void)state;
  const int64_t rows = (int64_t)3 << 30;
  const uni_tensor_desc desc = host_desc(UNI_DTYPE_UINT8, 2, rows, 1, 0);
  uni_tensor *tensor = NULL, *out = NULL;
  OK(uni_tensor_create(context, &desc, &tensor, &error));
  assert_int_equal(info_of(tensor).num_bytes, rows);
  unsigned char *data = pointer_of(tensor);
  data[rows - 1] = 77;
  data[(int64_t)1 << 31] = 78;
  const int64_t index[2] = {rows - 1, (int64_t)1 << 31};
  const uni_array borrowed = array_1d(UNI_DTYPE_INT64, index, 2);
  OK(uni_gather(tensor, &borrowed, NULL, NULL, &out, &error));
  assert_int_equal(((unsigned char *)pointer_of(out))[0], 77);
  assert_int_equal(((unsigned char *)pointer_of(out))[1], 78);
  uni_tensor_release(out);
  uni_tensor_release(tensor);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_many_rows),    cmocka_unit_test(test_far_rows),   cmocka_unit_test(test_wide_row),
      cmocka_unit_test(test_far_position), cmocka_unit_test(test_own_memory),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
