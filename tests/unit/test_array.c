/* SPDX-License-Identifier: Apache-2.0 */
/* array.h: names and sizes, and how a descriptor is read, wherever one is taken. */
#include "support.h"

static void test_dtypes(void **state) {
  (void)state;
  static const struct {
    int32_t dtype;
    int64_t size;
    const char *name;
  } table[] = {
      {UNI_DTYPE_BOOL, 1, "bool"},       {UNI_DTYPE_INT8, 1, "int8"},         {UNI_DTYPE_INT16, 2, "int16"},
      {UNI_DTYPE_INT32, 4, "int32"},     {UNI_DTYPE_INT64, 8, "int64"},       {UNI_DTYPE_UINT8, 1, "uint8"},
      {UNI_DTYPE_UINT16, 2, "uint16"},   {UNI_DTYPE_UINT32, 4, "uint32"},     {UNI_DTYPE_UINT64, 8, "uint64"},
      {UNI_DTYPE_FLOAT16, 2, "float16"}, {UNI_DTYPE_BFLOAT16, 2, "bfloat16"}, {UNI_DTYPE_FLOAT32, 4, "float32"},
      {UNI_DTYPE_FLOAT64, 8, "float64"},
  };
  for (size_t i = 0; i < sizeof table / sizeof table[0]; ++i) {
    assert_int_equal(table[i].dtype, i + 1);
    assert_int_equal(uni_dtype_size(table[i].dtype), table[i].size);
    assert_string_equal(uni_dtype_name(table[i].dtype), table[i].name);
  }
  const int32_t unknown[] = {0, 14, -1, 1000, INT32_MAX, INT32_MIN};
  for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; ++i) {
    assert_int_equal(uni_dtype_size(unknown[i]), 0);
    assert_string_equal(uni_dtype_name(unknown[i]), "unknown");
  }
}

static void test_memory_names(void **state) {
  (void)state;
  assert_string_equal(uni_memory_name(UNI_MEMORY_HOST), "host");
  assert_string_equal(uni_memory_name(UNI_MEMORY_PINNED), "pinned");
  assert_string_equal(uni_memory_name(UNI_MEMORY_MANAGED), "managed");
  assert_string_equal(uni_memory_name(UNI_MEMORY_DEVICE), "device");
  assert_string_equal(uni_memory_name(UNI_MEMORY_UNIFIED), "unified");
  const int32_t unknown[] = {0, 6, -1, INT32_MAX, INT32_MIN};
  for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; ++i)
    assert_string_equal(uni_memory_name(unknown[i]), "unknown");
}

/* Every way in which a descriptor can be wrong, through uni_tensor_wrap. */
static void test_bad_descriptors(void **state) {
  (void)state;
  uni_context *context = make_context(1);
  static float data[64];
  const uni_array good = array_2d(UNI_DTYPE_FLOAT32, data, 4, 4);
  uni_tensor *tensor = NULL;
#define WRONG(expected, text, change) \
  do { \
    uni_array array = good; \
    change; \
    FAILS_NULL((expected), (text), tensor, uni_tensor_wrap(context, &array, NULL, NULL, &tensor, &error)); \
  } while (0)
  WRONG(UNI_STATUS_DTYPE_MISMATCH, "array", array.dtype = 0);
  WRONG(UNI_STATUS_DTYPE_MISMATCH, "14", array.dtype = 14);
  WRONG(UNI_STATUS_DTYPE_MISMATCH, "array", array.dtype = -5);
  WRONG(UNI_STATUS_INVALID_ARGUMENT, "device_type", array.device_type = 3);
  WRONG(UNI_STATUS_INVALID_ARGUMENT, "device_type", array.device_type = -1);
  WRONG(UNI_STATUS_INVALID_ARGUMENT, "device_id", array.device_id = 1);
  WRONG(UNI_STATUS_INVALID_ARGUMENT, "device_id", array.device_id = -1);
  WRONG(UNI_STATUS_SHAPE_MISMATCH, "ndim", array.ndim = -1);
  WRONG(UNI_STATUS_SHAPE_MISMATCH, "ndim", array.ndim = 9);
  WRONG(UNI_STATUS_SHAPE_MISMATCH, "ndim", array.ndim = INT32_MAX);
  WRONG(UNI_STATUS_INVALID_ARGUMENT, "flags", array.flags = 2);
  WRONG(UNI_STATUS_INVALID_ARGUMENT, "flags", array.flags = 0x80000000u);
  WRONG(UNI_STATUS_INVALID_ARGUMENT, "row_pitch", array.row_pitch = -16);
  WRONG(UNI_STATUS_INVALID_ARGUMENT, "row_pitch", array.row_pitch = 15);
  WRONG(UNI_STATUS_INVALID_ARGUMENT, "array", array.row_pitch = INT64_MAX);
  WRONG(UNI_STATUS_INVALID_ARGUMENT, "shape[0]", array.shape[0] = -1);
  WRONG(UNI_STATUS_INVALID_ARGUMENT, "shape[1]", array.shape[1] = INT64_MIN);
  WRONG(UNI_STATUS_INVALID_ARGUMENT, "array", array.shape[0] = INT64_MAX);
  WRONG(UNI_STATUS_INVALID_ARGUMENT, "array", array.shape[1] = INT64_MAX / 4);
  WRONG(UNI_STATUS_INVALID_ARGUMENT, "array", array.shape[0] = (int64_t)1 << 31; array.shape[1] = (int64_t)1 << 31);
  WRONG(UNI_STATUS_INVALID_ARGUMENT, "array", array.shape[0] = 0; array.shape[1] = INT64_MAX);
  WRONG(UNI_STATUS_INVALID_ARGUMENT, "data", array.data = NULL);
  WRONG(UNI_STATUS_INVALID_ARGUMENT, "array", array.data = (void *)(UINTPTR_MAX - 8));
  WRONG(UNI_STATUS_INVALID_ARGUMENT, "struct_size", array.struct_size = 0);
  WRONG(UNI_STATUS_INVALID_ARGUMENT, "struct_size", array.struct_size = sizeof array - 1);
#undef WRONG
  uni_context_release(context);
}

static uni_status wrap_bytes(void *context, const void *bytes) {
  uni_tensor *tensor = (void *)&poison;
  const uni_status status = uni_tensor_wrap(context, bytes, NULL, NULL, &tensor, &error);
  if (status != UNI_STATUS_OK) assert_null(tensor);
  uni_tensor_release(tensor);
  return status;
}

static void test_struct_sizes(void **state) {
  (void)state;
  uni_context *context = make_context(1);
  static float data[4];
  const uni_array array = array_2d(UNI_DTYPE_FLOAT32, data, 2, 2);
  check_input_struct(&array, sizeof array, wrap_bytes, context);
  uni_context_release(context);
}

/* Zero in the optional members has its usual meaning. */
static void test_defaults(void **state) {
  (void)state;
  uni_context *context = make_context(1);
  int16_t data[6] = {1, 2, 3, 4, 5, 6};
  uni_array array = {0};
  array.struct_size = sizeof array;
  array.dtype = UNI_DTYPE_INT16;
  array.ndim = 2;
  array.shape[0] = 2;
  array.shape[1] = 3;
  array.data = data;
  uni_tensor *tensor = NULL;
  OK(uni_tensor_wrap(context, &array, NULL, NULL, &tensor, &error));
  const uni_tensor_info info = info_of(tensor);
  assert_int_equal(info.device_type, UNI_DEVICE_CPU);
  assert_int_equal(info.row_pitch, 6);
  assert_int_equal(info.num_bytes, 12);
  assert_ptr_equal(pointer_of(tensor), data);
  uni_tensor_release(tensor);

  array.data = NULL;
  array.shape[0] = 0;
  OK(uni_tensor_wrap(context, &array, NULL, NULL, &tensor, &error));
  assert_null(pointer_of(tensor));
  uni_tensor_release(tensor);
  uni_context_release(context);
}

/* The macros make what they say. */
static void test_macros(void **state) {
  (void)state;
  int64_t data[6] = {0};
  const uni_array one = UNI_ARRAY_1D(UNI_DTYPE_INT64, data, 6);
  assert_int_equal(one.struct_size, sizeof one);
  assert_int_equal(one.dtype, UNI_DTYPE_INT64);
  assert_int_equal(one.ndim, 1);
  assert_int_equal(one.shape[0], 6);
  assert_ptr_equal(one.data, data);
  assert_null(one.count);
  const uni_array two = UNI_ARRAY_2D(UNI_DTYPE_INT64, data, 2, 3);
  assert_int_equal(two.ndim, 2);
  assert_int_equal(two.shape[0], 2);
  assert_int_equal(two.shape[1], 3);
  assert_int_equal(two.row_pitch, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_dtypes),       cmocka_unit_test(test_memory_names), cmocka_unit_test(test_bad_descriptors),
      cmocka_unit_test(test_struct_sizes), cmocka_unit_test(test_defaults),     cmocka_unit_test(test_macros),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
