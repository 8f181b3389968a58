/* SPDX-License-Identifier: Apache-2.0 */
/* tensor.h: create, wrap, describe, copy and fill. Slices and reshapes are in test_views.c. */
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

static uni_status create_bytes(void *user_data, const void *bytes) {
  (void)user_data;
  uni_tensor *tensor = (void *)&poison;
  const uni_status status = uni_tensor_create(context, bytes, &tensor, &error);
  if (status != UNI_STATUS_OK) assert_null(tensor);
  uni_tensor_release(tensor);
  return status;
}

static void test_desc_sizes(void **state) {
  (void)state;
  const uni_tensor_desc desc = host_desc(UNI_DTYPE_FLOAT32, 2, 3, 4, 0);
  check_input_struct(&desc, sizeof desc, create_bytes, NULL);
}

static void test_create(void **state) {
  (void)state;
  for (int32_t dtype = UNI_DTYPE_BOOL; dtype <= UNI_DTYPE_FLOAT64; ++dtype) {
    const uni_tensor_desc desc = host_desc(dtype, 3, 5, 3, 2);
    uni_tensor *tensor = NULL;
    OK(uni_tensor_create(context, &desc, &tensor, &error));
    const uni_tensor_info info = info_of(tensor);
    const int64_t size = uni_dtype_size(dtype);
    assert_int_equal(info.memory, UNI_MEMORY_HOST);
    assert_int_equal(info.requested_memory, UNI_MEMORY_HOST);
    assert_int_equal(info.device_type, UNI_DEVICE_CPU);
    assert_int_equal(info.device_id, 0);
    assert_int_equal(info.dtype, dtype);
    assert_int_equal(info.ndim, 3);
    assert_int_equal(info.flags, 0);
    assert_int_equal(info.num_elements, 30);
    assert_int_equal(info.row_bytes, 6 * size);
    assert_int_equal(info.row_pitch, 6 * size);
    assert_int_equal(info.num_bytes, 30 * size);
    assert_int_equal(info.shape[0], 5);
    assert_int_equal(info.shape[1], 3);
    assert_int_equal(info.shape[2], 2);
    void *data = pointer_of(tensor);
    assert_int_equal((uintptr_t)data % 64, 0);
    memset(data, 0xff, (size_t)info.num_bytes);
    const uni_array *array = uni_tensor_array(tensor);
    assert_int_equal(array->struct_size, sizeof *array);
    assert_ptr_equal(array->data, data);
    assert_int_equal(array->dtype, dtype);
    assert_int_equal(array->ndim, 3);
    assert_int_equal(array->device_type, UNI_DEVICE_CPU);
    assert_int_equal(array->shape[1], 3);
    assert_null(array->count);
    assert_ptr_equal(uni_tensor_context(tensor), context);
    uni_tensor_release(tensor);
  }
}

static void test_create_refuses(void **state) {
  (void)state;
  uni_tensor *tensor = NULL;
  const uni_tensor_desc good = host_desc(UNI_DTYPE_FLOAT32, 2, 3, 4, 0);
  FAILS_NULL(UNI_STATUS_INVALID_ARGUMENT, "context", tensor, uni_tensor_create(NULL, &good, &tensor, &error));
  FAILS_NULL(UNI_STATUS_INVALID_ARGUMENT, "desc", tensor, uni_tensor_create(context, NULL, &tensor, &error));
  FAILS(UNI_STATUS_INVALID_ARGUMENT, "tensor", uni_tensor_create(context, &good, NULL, &error));
  assert_int_equal(uni_tensor_create(NULL, NULL, NULL, NULL), UNI_STATUS_INVALID_ARGUMENT);
#define WRONG(expected, text, change) \
  do { \
    uni_tensor_desc desc = good; \
    change; \
    FAILS_NULL((expected), (text), tensor, uni_tensor_create(context, &desc, &tensor, &error)); \
  } while (0)
  WRONG(UNI_STATUS_INVALID_ARGUMENT, "memory", desc.memory = 6);
  WRONG(UNI_STATUS_INVALID_ARGUMENT, "memory", desc.memory = -1);
  WRONG(UNI_STATUS_INVALID_ARGUMENT, "device_id", desc.device_id = 1);
  WRONG(UNI_STATUS_INVALID_ARGUMENT, "device_id", desc.device_id = -1);
  WRONG(UNI_STATUS_DTYPE_MISMATCH, "dtype", desc.dtype = 0);
  WRONG(UNI_STATUS_DTYPE_MISMATCH, "99", desc.dtype = 99);
  WRONG(UNI_STATUS_SHAPE_MISMATCH, "ndim", desc.ndim = -1);
  WRONG(UNI_STATUS_SHAPE_MISMATCH, "ndim", desc.ndim = 9);
  WRONG(UNI_STATUS_INVALID_ARGUMENT, "flags", desc.flags = 1);
  WRONG(UNI_STATUS_INVALID_ARGUMENT, "row_alignment", desc.row_alignment = -64);
  WRONG(UNI_STATUS_INVALID_ARGUMENT, "row_alignment", desc.row_alignment = 48);
  WRONG(UNI_STATUS_INVALID_ARGUMENT, "row_alignment", desc.row_alignment = 8192);
  WRONG(UNI_STATUS_INVALID_ARGUMENT, "row_alignment", desc.row_alignment = INT64_MIN);
  WRONG(UNI_STATUS_INVALID_ARGUMENT, "shape[0]", desc.shape[0] = -1);
  WRONG(UNI_STATUS_INVALID_ARGUMENT, "shape[1]", desc.shape[1] = -7);
  WRONG(UNI_STATUS_INVALID_ARGUMENT, "desc", desc.shape[0] = INT64_MAX);
  WRONG(UNI_STATUS_INVALID_ARGUMENT, "desc", desc.shape[0] = INT64_MAX / 4 + 1; desc.shape[1] = 1);
  WRONG(UNI_STATUS_INVALID_ARGUMENT, "desc", desc.shape[0] = (int64_t)1 << 32; desc.shape[1] = (int64_t)1 << 32);
  WRONG(UNI_STATUS_INVALID_ARGUMENT, "desc", desc.shape[0] = INT64_MAX / 4; desc.shape[1] = 1;
        desc.row_alignment = 4096);
  WRONG(UNI_STATUS_OUT_OF_MEMORY, "", desc.shape[0] = INT64_MAX / 8; desc.shape[1] = 1);
  WRONG(UNI_STATUS_OUT_OF_MEMORY, "", desc.shape[0] = INT64_MAX / 4; desc.shape[1] = 1);
  WRONG(UNI_STATUS_OUT_OF_MEMORY, "", desc.shape[0] = (int64_t)1 << 55; desc.shape[1] = 1);
#undef WRONG
}

static void test_default_memory_is_unified(void **state) {
  (void)state;
  uni_tensor_desc desc = host_desc(UNI_DTYPE_UINT8, 1, 100, 0, 0);
  desc.memory = 0;
  uni_tensor *tensor = NULL;
  OK(uni_tensor_create(context, &desc, &tensor, &error));
  assert_int_equal(info_of(tensor).requested_memory, UNI_MEMORY_UNIFIED);
  assert_in_range(info_of(tensor).memory, UNI_MEMORY_HOST, UNI_MEMORY_MANAGED);
  uni_tensor_release(tensor);
}

static void test_empty_tensors(void **state) {
  (void)state;
  const struct {
    int32_t ndim;
    int64_t shape[3];
    int64_t num_elements, row_bytes;
  } table[] = {{0, {0, 0, 0}, 1, 4}, {1, {0, 0, 0}, 0, 4}, {2, {0, 5, 0}, 0, 20},       {2, {5, 0, 0}, 0, 0},
               {1, {1, 0, 0}, 1, 4}, {3, {2, 0, 3}, 0, 0}, {2, {INT64_MAX, 0, 0}, 0, 0}};
  for (size_t i = 0; i < sizeof table / sizeof table[0]; ++i) {
    const uni_tensor_desc desc =
        host_desc(UNI_DTYPE_FLOAT32, table[i].ndim, table[i].shape[0], table[i].shape[1], table[i].shape[2]);
    uni_tensor *tensor = (void *)&poison;
    uni_error_init(&error);
    const uni_status status = uni_tensor_create(context, &desc, &tensor, &error);
    if (table[i].shape[0] == INT64_MAX) { /* Rows of no bytes: either taken as empty, or refused as too large. */
      assert_true(status == UNI_STATUS_OK || (status == UNI_STATUS_INVALID_ARGUMENT && tensor == NULL));
      uni_tensor_release(tensor);
      continue;
    }
    check_ok(status, "uni_tensor_create", __FILE__, __LINE__);
    const uni_tensor_info info = info_of(tensor);
    assert_int_equal(info.num_elements, table[i].num_elements);
    assert_int_equal(info.num_bytes, 4 * table[i].num_elements);
    assert_int_equal(info.row_bytes, table[i].row_bytes);
    assert_int_equal(pointer_of(tensor) == NULL, table[i].num_elements == 0);
    const float one = 1;
    OK(uni_tensor_fill(tensor, &one, NULL, &error));
    if (table[i].num_elements == 1) assert_true(*(float *)pointer_of(tensor) == 1);
    uni_tensor *copy = NULL;
    OK(uni_tensor_create(context, &desc, &copy, &error));
    OK(uni_tensor_copy_from(copy, uni_tensor_array(tensor), NULL, &error));
    OK(uni_tensor_copy_to(copy, uni_tensor_array(tensor), NULL, &error));
    uni_tensor_release(copy);
    uni_tensor_release(tensor);
  }
}

static void test_row_alignment(void **state) {
  (void)state;
  for (int64_t alignment = 1; alignment <= 4096; alignment *= 2) {
    uni_tensor_desc desc = host_desc(UNI_DTYPE_FLOAT32, 2, 7, 5, 0);
    desc.row_alignment = alignment;
    uni_tensor *tensor = NULL;
    OK(uni_tensor_create(context, &desc, &tensor, &error));
    const uni_tensor_info info = info_of(tensor);
    assert_int_equal(info.row_bytes, 20);
    assert_int_equal(info.row_pitch, (20 + alignment - 1) / alignment * alignment);
    assert_int_equal(info.num_bytes, 140);
    assert_int_equal(uni_tensor_array(tensor)->row_pitch, info.row_pitch);
    char *data = pointer_of(tensor);
    assert_int_equal((uintptr_t)data % 64, 0);
    if (alignment >= 64)
      for (int64_t i = 0; i < 7; ++i) assert_int_equal((uintptr_t)(data + i * info.row_pitch) % 64, 0);
    /* Copies go row by row and back. */
    float in[35], out[35] = {0};
    for (int i = 0; i < 35; ++i) in[i] = (float)i;
    const uni_array source = array_2d(UNI_DTYPE_FLOAT32, in, 7, 5),
                    destination = array_2d(UNI_DTYPE_FLOAT32, out, 7, 5);
    OK(uni_tensor_copy_from(tensor, &source, NULL, &error));
    for (int64_t i = 0; i < 7; ++i) assert_memory_equal(data + i * info.row_pitch, in + 5 * i, 20);
    OK(uni_tensor_copy_to(tensor, &destination, NULL, &error));
    assert_memory_equal(in, out, sizeof in);
    const float seven = 7;
    OK(uni_tensor_fill(tensor, &seven, NULL, &error));
    OK(uni_tensor_copy_to(tensor, &destination, NULL, &error));
    for (int i = 0; i < 35; ++i) assert_true(out[i] == 7);
    uni_tensor_release(tensor);
  }
}

static void count_destroy(void *user_data) { ++*(int *)user_data; }

static void test_wrap(void **state) {
  (void)state;
  int destroyed = 0;
  float data[12] = {0};
  const uni_array array = array_2d(UNI_DTYPE_FLOAT32, data, 3, 4);
  uni_tensor *tensor = NULL;
  OK(uni_tensor_wrap(context, &array, count_destroy, &destroyed, &tensor, &error));
  assert_int_equal(destroyed, 0);
  assert_ptr_equal(pointer_of(tensor), data);
  assert_int_equal(info_of(tensor).memory, UNI_MEMORY_HOST);
  assert_ptr_equal(uni_tensor_retain(tensor), tensor);
  uni_tensor_release(tensor);
  assert_int_equal(destroyed, 0);
  uni_tensor_release(tensor);
  assert_int_equal(destroyed, 1);
  OK(uni_tensor_wrap(context, &array, NULL, NULL, &tensor, &error));
  uni_tensor_release(tensor);
}

static void test_wrap_failures_destroy_once(void **state) {
  (void)state;
  int destroyed = 0;
  float data[12] = {0};
  int64_t count = 3;
  const uni_array good = array_2d(UNI_DTYPE_FLOAT32, data, 3, 4);
  uni_array bad = good;
  uni_tensor *tensor = NULL;
#define ONCE(expected, text, call) \
  do { \
    destroyed = 0; \
    FAILS_NULL((expected), (text), tensor, (call)); \
    assert_int_equal(destroyed, 1); \
  } while (0)
  ONCE(UNI_STATUS_INVALID_ARGUMENT, "context",
       uni_tensor_wrap(NULL, &good, count_destroy, &destroyed, &tensor, &error));
  ONCE(UNI_STATUS_INVALID_ARGUMENT, "array",
       uni_tensor_wrap(context, NULL, count_destroy, &destroyed, &tensor, &error));
  bad.dtype = 77;
  ONCE(UNI_STATUS_DTYPE_MISMATCH, "array", uni_tensor_wrap(context, &bad, count_destroy, &destroyed, &tensor, &error));
  bad = good;
  bad.count = &count;
  ONCE(UNI_STATUS_INVALID_ARGUMENT, "count",
       uni_tensor_wrap(context, &bad, count_destroy, &destroyed, &tensor, &error));
  bad = good;
  bad.device_type = UNI_DEVICE_CUDA;
  destroyed = 0;
  tensor = (void *)&poison;
  const uni_status status = uni_tensor_wrap(context, &bad, count_destroy, &destroyed, &tensor, &error);
  assert_true(status == UNI_STATUS_DEVICE_MISMATCH);
  assert_null(tensor);
  assert_int_equal(destroyed, 1);
  destroyed = 0;
  FAILS(UNI_STATUS_INVALID_ARGUMENT, "tensor",
        uni_tensor_wrap(context, &good, count_destroy, &destroyed, NULL, &error));
  assert_int_equal(destroyed, 1);
#undef ONCE
}

static void test_read_only(void **state) {
  (void)state;
  float data[4] = {1, 2, 3, 4}, other[4] = {9, 9, 9, 9};
  uni_array array = array_2d(UNI_DTYPE_FLOAT32, data, 2, 2), from = array_2d(UNI_DTYPE_FLOAT32, other, 2, 2);
  array.flags = UNI_ARRAY_READ_ONLY;
  uni_tensor *tensor = NULL;
  OK(uni_tensor_wrap(context, &array, NULL, NULL, &tensor, &error));
  assert_int_equal(info_of(tensor).flags, UNI_ARRAY_READ_ONLY);
  assert_int_equal(uni_tensor_array(tensor)->flags, UNI_ARRAY_READ_ONLY);
  FAILS(UNI_STATUS_INVALID_ARGUMENT, "tensor", uni_tensor_fill(tensor, NULL, NULL, &error));
  FAILS(UNI_STATUS_INVALID_ARGUMENT, "tensor", uni_tensor_copy_from(tensor, &from, NULL, &error));
  const float expected[4] = {1, 2, 3, 4};
  assert_memory_equal(data, expected, sizeof data);
  OK(uni_tensor_copy_to(tensor, &from, NULL, &error));
  assert_memory_equal(other, expected, sizeof other);
  from.flags = UNI_ARRAY_READ_ONLY;
  FAILS(UNI_STATUS_INVALID_ARGUMENT, "destination", uni_tensor_copy_to(tensor, &from, NULL, &error));
  uni_tensor_release(tensor);
}

static uni_status info_bytes(void *tensor, void *bytes) { return uni_tensor_get_info(tensor, bytes, &error); }

static void test_info_and_pointers_refuse(void **state) {
  (void)state;
  uni_tensor *tensor = make_tensor(context, UNI_DTYPE_INT8, 3, 3, NULL);
  check_output_struct(sizeof(uni_tensor_info), info_bytes, tensor);
  uni_tensor_info info = {0};
  info.struct_size = sizeof info;
  FAILS(UNI_STATUS_INVALID_ARGUMENT, "tensor", uni_tensor_get_info(NULL, &info, &error));
  FAILS(UNI_STATUS_INVALID_ARGUMENT, "info", uni_tensor_get_info(tensor, NULL, &error));
  void *data = &poison;
  FAILS(UNI_STATUS_INVALID_ARGUMENT, "data", uni_tensor_host_pointer(tensor, NULL, &error));
  FAILS(UNI_STATUS_INVALID_ARGUMENT, "tensor", uni_tensor_host_pointer(NULL, &data, &error));
  FAILS(UNI_STATUS_INVALID_ARGUMENT, "data", uni_tensor_device_pointer(tensor, 0, NULL, &error));
  FAILS_NULL(UNI_STATUS_INVALID_ARGUMENT, "tensor", data, uni_tensor_device_pointer(NULL, 0, &data, &error));
  FAILS_NULL(UNI_STATUS_INVALID_ARGUMENT, "device_id", data, uni_tensor_device_pointer(tensor, -1, &data, &error));
  FAILS_NULL(UNI_STATUS_DEVICE_MISMATCH, "device", data, uni_tensor_device_pointer(tensor, 99, &data, &error));
  assert_null(uni_tensor_array(NULL));
  assert_null(uni_tensor_context(NULL));
  assert_null(uni_tensor_retain(NULL));
  uni_tensor_release(NULL);
  uni_tensor_release(tensor);
}

static void test_copies_refuse(void **state) {
  (void)state;
  float data[12] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, other[12] = {0};
  uni_tensor *tensor = make_tensor(context, UNI_DTYPE_FLOAT32, 3, 4, data);
  const uni_array good = array_2d(UNI_DTYPE_FLOAT32, other, 3, 4);
  FAILS(UNI_STATUS_INVALID_ARGUMENT, "tensor", uni_tensor_copy_from(NULL, &good, NULL, &error));
  FAILS(UNI_STATUS_INVALID_ARGUMENT, "source", uni_tensor_copy_from(tensor, NULL, NULL, &error));
  FAILS(UNI_STATUS_INVALID_ARGUMENT, "tensor", uni_tensor_copy_to(NULL, &good, NULL, &error));
  FAILS(UNI_STATUS_INVALID_ARGUMENT, "destination", uni_tensor_copy_to(tensor, NULL, NULL, &error));
  FAILS(UNI_STATUS_INVALID_ARGUMENT, "tensor", uni_tensor_fill(NULL, NULL, NULL, &error));
/* The message names what was given. */
#define WRONG(expected, change) \
  do { \
    uni_array array = good; \
    change; \
    FAILS((expected), "source", uni_tensor_copy_from(tensor, &array, NULL, &error)); \
    FAILS((expected), "destination", uni_tensor_copy_to(tensor, &array, NULL, &error)); \
  } while (0)
  WRONG(UNI_STATUS_DTYPE_MISMATCH, array.dtype = UNI_DTYPE_INT32);
  WRONG(UNI_STATUS_SHAPE_MISMATCH, array.shape[0] = 2);
  WRONG(UNI_STATUS_SHAPE_MISMATCH, array.shape[1] = 3);
  WRONG(UNI_STATUS_SHAPE_MISMATCH, array.ndim = 1);
  WRONG(UNI_STATUS_INVALID_ARGUMENT, array.data = NULL);
  WRONG(UNI_STATUS_INVALID_ARGUMENT, array.data = pointer_of(tensor));
  WRONG(UNI_STATUS_INVALID_ARGUMENT, array.data = (char *)pointer_of(tensor) + 40);
  WRONG(UNI_STATUS_DEVICE_MISMATCH, array.device_type = UNI_DEVICE_CUDA);
#undef WRONG
  assert_memory_equal(pointer_of(tensor), data, sizeof data);
  for (int i = 0; i < 12; ++i) assert_true(other[i] == 0);
  uni_tensor_release(tensor);
}

static void test_fill(void **state) {
  (void)state;
  const unsigned char value[8] = {1, 2, 3, 4, 5, 6, 7, 8};
  for (int32_t dtype = UNI_DTYPE_BOOL; dtype <= UNI_DTYPE_FLOAT64; ++dtype) {
    const int64_t rows = 1000, size = uni_dtype_size(dtype);
    uni_tensor *tensor = make_tensor(context, dtype, rows, 3, NULL);
    OK(uni_tensor_fill(tensor, value, NULL, &error));
    const unsigned char *data = pointer_of(tensor);
    for (int64_t i = 0; i < rows * 3; ++i) assert_memory_equal(data + i * size, value, (size_t)size);
    OK(uni_tensor_fill(tensor, NULL, NULL, &error));
    for (int64_t i = 0; i < rows * 3 * size; ++i) assert_int_equal(data[i], 0);
    uni_tensor_release(tensor);
  }
}

static void count_destroy_call(void *calls) { ++*(int *)calls; }

/* Without a device there is nobody to register memory for. */
static void test_register_refuses(void **state) {
  (void)state;
  float data[4] = {0};
  const uni_array array = array_1d(UNI_DTYPE_FLOAT32, data, 4);
  int calls = 0;
  uni_tensor *tensor = NULL;
  FAILS_NULL(UNI_STATUS_BACKEND_UNAVAILABLE, "CUDA", tensor,
             uni_tensor_register(context, &array, count_destroy_call, &calls, &tensor, &error));
  FAILS_NULL(UNI_STATUS_INVALID_ARGUMENT, "context", tensor,
             uni_tensor_register(NULL, &array, count_destroy_call, &calls, &tensor, &error));
  FAILS_NULL(UNI_STATUS_INVALID_ARGUMENT, "array", tensor,
             uni_tensor_register(context, NULL, count_destroy_call, &calls, &tensor, &error));
  FAILS(UNI_STATUS_INVALID_ARGUMENT, "tensor",
        uni_tensor_register(context, &array, count_destroy_call, &calls, NULL, &error));
  assert_int_equal(calls, 4);
  /* Nor to copy it for. */
  FAILS_NULL(UNI_STATUS_BACKEND_UNAVAILABLE, "CUDA", tensor,
             uni_tensor_register_or_copy(context, &array, count_destroy_call, &calls, &tensor, &error));
  FAILS_NULL(UNI_STATUS_INVALID_ARGUMENT, "context", tensor,
             uni_tensor_register_or_copy(NULL, &array, count_destroy_call, &calls, &tensor, &error));
  FAILS_NULL(UNI_STATUS_INVALID_ARGUMENT, "array", tensor,
             uni_tensor_register_or_copy(context, NULL, count_destroy_call, &calls, &tensor, &error));
  FAILS(UNI_STATUS_INVALID_ARGUMENT, "tensor",
        uni_tensor_register_or_copy(context, &array, count_destroy_call, &calls, NULL, &error));
  assert_int_equal(calls, 8);
  uni_statistics statistics = {.struct_size = sizeof statistics};
  OK(uni_context_statistics(context, &statistics, &error));
  assert_int_equal(statistics.registered_copies, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_desc_sizes),
      cmocka_unit_test(test_create),
      cmocka_unit_test(test_create_refuses),
      cmocka_unit_test(test_default_memory_is_unified),
      cmocka_unit_test(test_empty_tensors),
      cmocka_unit_test(test_row_alignment),
      cmocka_unit_test(test_wrap),
      cmocka_unit_test(test_wrap_failures_destroy_once),
      cmocka_unit_test(test_read_only),
      cmocka_unit_test(test_info_and_pointers_refuse),
      cmocka_unit_test(test_register_refuses),
      cmocka_unit_test(test_copies_refuse),
      cmocka_unit_test(test_fill),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
