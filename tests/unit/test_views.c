/* SPDX-License-Identifier: Apache-2.0 */
/* tensor.h: slices and reshapes, and how long memory lives. */
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

static void test_slice(void **state) {
  (void)state;
  int32_t data[12];
  for (int32_t i = 0; i < 12; ++i) data[i] = i;
  uni_tensor *tensor = make_tensor(context, UNI_DTYPE_INT32, 4, 3, data), *view = NULL, *inner = NULL;
  OK(uni_tensor_slice(tensor, 1, 3, &view, &error));
  assert_int_equal(info_of(view).shape[0], 2);
  assert_int_equal(info_of(view).shape[1], 3);
  assert_int_equal(info_of(view).num_elements, 6);
  assert_ptr_equal(pointer_of(view), (char *)pointer_of(tensor) + 12);
  assert_ptr_equal(uni_tensor_array(view)->data, pointer_of(view));
  OK(uni_tensor_slice(view, 1, 2, &inner, &error));
  assert_memory_equal(pointer_of(inner), data + 6, 12);
  *(int32_t *)pointer_of(inner) = 60;
  assert_int_equal(((int32_t *)pointer_of(tensor))[6], 60);
  uni_tensor_release(view);
  uni_tensor_release(tensor);
  assert_int_equal(*(int32_t *)pointer_of(inner), 60);
  uni_tensor_release(inner);
}

static void test_slice_bounds(void **state) {
  (void)state;
  uni_tensor *tensor = make_tensor(context, UNI_DTYPE_INT32, 4, 3, NULL), *view = NULL;
  const int64_t ends[] = {0, 2, 4};
  for (int i = 0; i < 3; ++i) {
    OK(uni_tensor_slice(tensor, ends[i], ends[i], &view, &error));
    assert_int_equal(info_of(view).num_elements, 0);
    uni_tensor_release(view);
  }
  OK(uni_tensor_slice(tensor, 0, 4, &view, &error));
  assert_int_equal(info_of(view).num_elements, 12);
  uni_tensor_release(view);
  FAILS_NULL(UNI_STATUS_OUT_OF_BOUNDS, "start", view, uni_tensor_slice(tensor, -1, 2, &view, &error));
  FAILS_NULL(UNI_STATUS_OUT_OF_BOUNDS, "stop", view, uni_tensor_slice(tensor, 0, 5, &view, &error));
  FAILS_NULL(UNI_STATUS_OUT_OF_BOUNDS, "start", view, uni_tensor_slice(tensor, 3, 2, &view, &error));
  FAILS_NULL(UNI_STATUS_OUT_OF_BOUNDS, "stop", view, uni_tensor_slice(tensor, 0, INT64_MAX, &view, &error));
  FAILS_NULL(UNI_STATUS_OUT_OF_BOUNDS, "", view, uni_tensor_slice(tensor, INT64_MIN, INT64_MIN, &view, &error));
  FAILS_NULL(UNI_STATUS_INVALID_ARGUMENT, "tensor", view, uni_tensor_slice(NULL, 0, 0, &view, &error));
  FAILS(UNI_STATUS_INVALID_ARGUMENT, "view", uni_tensor_slice(tensor, 0, 1, NULL, &error));
  uni_tensor_release(tensor);
  const uni_tensor_desc scalar = host_desc(UNI_DTYPE_INT32, 0, 0, 0, 0);
  OK(uni_tensor_create(context, &scalar, &tensor, &error));
  FAILS_NULL(UNI_STATUS_SHAPE_MISMATCH, "tensor", view, uni_tensor_slice(tensor, 0, 0, &view, &error));
  uni_tensor_release(tensor);
}

static void test_reshape(void **state) {
  (void)state;
  int32_t data[12];
  for (int32_t i = 0; i < 12; ++i) data[i] = i;
  uni_tensor *tensor = make_tensor(context, UNI_DTYPE_INT32, 4, 3, data), *view = NULL;
  const int64_t shapes[][4] = {{12, 0, 0, 0}, {2, 6, 0, 0}, {3, 2, 2, 0}, {1, 1, 12, 1}};
  for (int32_t ndim = 1; ndim <= 4; ++ndim) {
    OK(uni_tensor_reshape(tensor, ndim, shapes[ndim - 1], &view, &error));
    const uni_tensor_info info = info_of(view);
    assert_int_equal(info.ndim, ndim);
    for (int32_t i = 0; i < ndim; ++i) assert_int_equal(info.shape[i], shapes[ndim - 1][i]);
    assert_int_equal(info.row_pitch, 48 / info.shape[0]);
    assert_ptr_equal(pointer_of(view), pointer_of(tensor));
    uni_tensor_release(view);
  }
  const int64_t seven[1] = {7}, negative[2] = {-3, -4}, huge[3] = {INT64_MAX, INT64_MAX, 12},
                nine[9] = {12, 1, 1, 1, 1, 1, 1, 1, 1};
  FAILS_NULL(UNI_STATUS_SHAPE_MISMATCH, "shape", view, uni_tensor_reshape(tensor, 1, seven, &view, &error));
  FAILS_NULL(UNI_STATUS_SHAPE_MISMATCH, "shape", view, uni_tensor_reshape(tensor, 0, NULL, &view, &error));
  FAILS_NULL(UNI_STATUS_INVALID_ARGUMENT, "shape[0]", view, uni_tensor_reshape(tensor, 2, negative, &view, &error));
  FAILS_NULL(UNI_STATUS_INVALID_ARGUMENT, "", view, uni_tensor_reshape(tensor, 3, huge, &view, &error));
  FAILS_NULL(UNI_STATUS_SHAPE_MISMATCH, "ndim", view, uni_tensor_reshape(tensor, 9, nine, &view, &error));
  FAILS_NULL(UNI_STATUS_SHAPE_MISMATCH, "ndim", view, uni_tensor_reshape(tensor, -1, nine, &view, &error));
  FAILS_NULL(UNI_STATUS_INVALID_ARGUMENT, "shape", view, uni_tensor_reshape(tensor, 2, NULL, &view, &error));
  FAILS_NULL(UNI_STATUS_INVALID_ARGUMENT, "tensor", view, uni_tensor_reshape(NULL, 1, seven, &view, &error));
  FAILS(UNI_STATUS_INVALID_ARGUMENT, "view", uni_tensor_reshape(tensor, 1, seven, NULL, &error));
  uni_tensor_release(tensor);

  tensor = make_tensor(context, UNI_DTYPE_INT32, 1, 1, data);
  OK(uni_tensor_reshape(tensor, 0, NULL, &view, &error));
  assert_int_equal(info_of(view).ndim, 0);
  assert_int_equal(info_of(view).num_elements, 1);
  uni_tensor_release(view);
  uni_tensor_release(tensor);
}

/* Padding between rows may stay where it is, and cannot be crossed. */
static void test_reshape_with_padding(void **state) {
  (void)state;
  uni_tensor_desc desc = host_desc(UNI_DTYPE_INT32, 2, 4, 6, 0);
  desc.row_alignment = 64;
  uni_tensor *tensor = NULL, *view = NULL;
  OK(uni_tensor_create(context, &desc, &tensor, &error));
  const int64_t same[3] = {4, 2, 3}, other[2] = {8, 3}, flat[1] = {24};
  OK(uni_tensor_reshape(tensor, 3, same, &view, &error));
  assert_int_equal(info_of(view).row_pitch, 64);
  uni_tensor_release(view);
  FAILS_NULL(UNI_STATUS_SHAPE_MISMATCH, "", view, uni_tensor_reshape(tensor, 2, other, &view, &error));
  FAILS_NULL(UNI_STATUS_SHAPE_MISMATCH, "", view, uni_tensor_reshape(tensor, 1, flat, &view, &error));
  OK(uni_tensor_slice(tensor, 1, 3, &view, &error));
  assert_ptr_equal(pointer_of(view), (char *)pointer_of(tensor) + 64);
  assert_int_equal(info_of(view).row_pitch, 64);
  uni_tensor_release(view);
  uni_tensor_release(tensor);
}

static void count_destroy(void *user_data) { ++*(int *)user_data; }

/* The memory goes with the last of all views, also when the context's own reference went first. */
static void test_lifetimes(void **state) {
  (void)state;
  int destroyed = 0;
  int32_t data[12] = {0};
  for (int32_t i = 0; i < 12; ++i) data[i] = i;
  uni_context *own = make_context(2);
  const uni_array array = array_2d(UNI_DTYPE_INT32, data, 4, 3);
  uni_tensor *tensor = NULL, *slice = NULL, *reshaped = NULL;
  OK(uni_tensor_wrap(own, &array, count_destroy, &destroyed, &tensor, &error));
  OK(uni_tensor_slice(tensor, 2, 4, &slice, &error));
  const int64_t six[1] = {6};
  OK(uni_tensor_reshape(slice, 1, six, &reshaped, &error));
  uni_context_release(own);
  uni_tensor_release(tensor);
  uni_tensor_release(slice);
  assert_int_equal(destroyed, 0);
  const int64_t index[2] = {5, 0};
  const uni_array borrowed = array_1d(UNI_DTYPE_INT64, index, 2);
  uni_tensor *out = NULL;
  OK(uni_gather(reshaped, &borrowed, NULL, NULL, &out, &error));
  assert_int_equal(((int32_t *)pointer_of(out))[0], 11);
  assert_int_equal(((int32_t *)pointer_of(out))[1], 6);
  uni_tensor_release(reshaped);
  assert_int_equal(destroyed, 1);
  assert_int_equal(((int32_t *)pointer_of(out))[0], 11);
  uni_tensor_release(out);
  assert_int_equal(destroyed, 1);
}

static void test_views_of_read_only_tensors(void **state) {
  (void)state;
  int32_t data[6] = {0};
  uni_array array = array_2d(UNI_DTYPE_INT32, data, 2, 3);
  array.flags = UNI_ARRAY_READ_ONLY;
  uni_tensor *tensor = NULL, *slice = NULL, *reshaped = NULL;
  OK(uni_tensor_wrap(context, &array, NULL, NULL, &tensor, &error));
  OK(uni_tensor_slice(tensor, 0, 1, &slice, &error));
  const int64_t three[1] = {3};
  OK(uni_tensor_reshape(slice, 1, three, &reshaped, &error));
  assert_int_equal(info_of(slice).flags, UNI_ARRAY_READ_ONLY);
  assert_int_equal(info_of(reshaped).flags, UNI_ARRAY_READ_ONLY);
  FAILS(UNI_STATUS_INVALID_ARGUMENT, "tensor", uni_tensor_fill(reshaped, NULL, NULL, &error));
  uni_tensor_release(reshaped);
  uni_tensor_release(slice);
  uni_tensor_release(tensor);
}

static void test_views_of_empty_tensors(void **state) {
  (void)state;
  uni_tensor *tensor = make_tensor(context, UNI_DTYPE_INT32, 0, 3, NULL), *view = NULL;
  OK(uni_tensor_slice(tensor, 0, 0, &view, &error));
  assert_null(pointer_of(view));
  uni_tensor_release(view);
  const int64_t shape[3] = {5, 0, 2};
  OK(uni_tensor_reshape(tensor, 3, shape, &view, &error));
  assert_int_equal(info_of(view).shape[0], 5);
  uni_tensor *rows = NULL;
  OK(uni_tensor_slice(view, 1, 4, &rows, &error));
  assert_int_equal(info_of(rows).shape[0], 3);
  assert_int_equal(info_of(rows).num_elements, 0);
  uni_tensor_release(rows);
  uni_tensor_release(view);
  uni_tensor_release(tensor);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_slice),
      cmocka_unit_test(test_slice_bounds),
      cmocka_unit_test(test_reshape),
      cmocka_unit_test(test_reshape_with_padding),
      cmocka_unit_test(test_lifetimes),
      cmocka_unit_test(test_views_of_read_only_tensors),
      cmocka_unit_test(test_views_of_empty_tensors),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
