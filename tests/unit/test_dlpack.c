/* SPDX-License-Identifier: Apache-2.0 */
/* dlpack.h. */
#include "dlpack_layout.h"
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

typedef struct DLManagedTensorVersioned managed_tensor;

static int deleted;
static void count_deletion(managed_tensor *self) {
  assert_ptr_equal(self->manager_ctx, &deleted);
  ++deleted;
}

static int64_t shape23[2] = {2, 3}, strides23[2] = {3, 1};
static float numbers[32];

static managed_tensor make_managed(void) {
  managed_tensor managed;
  memset(&managed, 0, sizeof managed);
  managed.version.major = 1;
  managed.manager_ctx = &deleted;
  managed.deleter = count_deletion;
  managed.tensor.data = numbers;
  managed.tensor.device.device_type = DL_CPU;
  managed.tensor.ndim = 2;
  managed.tensor.dtype.code = DL_FLOAT;
  managed.tensor.dtype.bits = 32;
  managed.tensor.dtype.lanes = 1;
  managed.tensor.shape = shape23;
  managed.tensor.strides = strides23;
  deleted = 0;
  return managed;
}

static void test_export(void **state) {
  (void)state;
  static const struct {
    int32_t dtype;
    uint8_t code;
  } table[] = {
      {UNI_DTYPE_BOOL, DL_BOOL},     {UNI_DTYPE_INT8, DL_INT},        {UNI_DTYPE_INT16, DL_INT},
      {UNI_DTYPE_INT32, DL_INT},     {UNI_DTYPE_INT64, DL_INT},       {UNI_DTYPE_UINT8, DL_UINT},
      {UNI_DTYPE_UINT16, DL_UINT},   {UNI_DTYPE_UINT32, DL_UINT},     {UNI_DTYPE_UINT64, DL_UINT},
      {UNI_DTYPE_FLOAT16, DL_FLOAT}, {UNI_DTYPE_BFLOAT16, DL_BFLOAT}, {UNI_DTYPE_FLOAT32, DL_FLOAT},
      {UNI_DTYPE_FLOAT64, DL_FLOAT},
  };
  for (size_t t = 0; t < sizeof table / sizeof table[0]; ++t)
    for (int32_t device = UNI_DLPACK_DEFAULT; device <= UNI_DLPACK_EXACT; ++device) {
      if (device == UNI_DLPACK_CUDA) continue;
      const uni_tensor_desc desc = host_desc(table[t].dtype, 3, 4, 3, 2);
      uni_tensor *tensor = NULL;
      OK(uni_tensor_create(context, &desc, &tensor, &error));
      managed_tensor *managed = NULL;
      OK(uni_tensor_to_dlpack(tensor, device, 0, &managed, &error));
      void *data = pointer_of(tensor);
      uni_tensor_release(tensor); /* The export keeps it alive. */
      assert_int_equal(managed->version.major, 1);
      assert_int_equal(managed->flags & DL_READ_ONLY, 0);
      assert_ptr_equal((char *)managed->tensor.data + managed->tensor.byte_offset, data);
      assert_int_equal(managed->tensor.device.device_type, DL_CPU);
      assert_int_equal(managed->tensor.device.device_id, 0);
      assert_int_equal(managed->tensor.ndim, 3);
      assert_int_equal(managed->tensor.dtype.code, table[t].code);
      assert_int_equal(managed->tensor.dtype.bits, 8 * uni_dtype_size(table[t].dtype));
      assert_int_equal(managed->tensor.dtype.lanes, 1);
      const int64_t shape[3] = {4, 3, 2}, strides[3] = {6, 2, 1};
      assert_memory_equal(managed->tensor.shape, shape, sizeof shape);
      assert_memory_equal(managed->tensor.strides, strides, sizeof strides);
      memset(data, 1, (size_t)(24 * uni_dtype_size(table[t].dtype)));
      managed->deleter(managed);
    }
}

static void test_export_of_padded_and_read_only(void **state) {
  (void)state;
  uni_tensor_desc desc = host_desc(UNI_DTYPE_FLOAT32, 2, 4, 3, 0);
  desc.row_alignment = 64;
  uni_tensor *tensor = NULL, *slice = NULL;
  managed_tensor *managed = NULL;
  OK(uni_tensor_create(context, &desc, &tensor, &error));
  OK(uni_tensor_slice(tensor, 1, 3, &slice, &error));
  OK(uni_tensor_to_dlpack(slice, UNI_DLPACK_DEFAULT, 0, &managed, &error));
  const int64_t strides[2] = {16, 1};
  assert_memory_equal(managed->tensor.strides, strides, sizeof strides);
  assert_int_equal(managed->tensor.shape[0], 2);
  assert_ptr_equal((char *)managed->tensor.data + managed->tensor.byte_offset, (char *)pointer_of(tensor) + 64);
  managed->deleter(managed);
  uni_tensor_release(slice);
  uni_tensor_release(tensor);

  uni_array array = array_2d(UNI_DTYPE_FLOAT32, numbers, 2, 3);
  array.flags = UNI_ARRAY_READ_ONLY;
  OK(uni_tensor_wrap(context, &array, NULL, NULL, &tensor, &error));
  OK(uni_tensor_to_dlpack(tensor, UNI_DLPACK_CPU, 0, &managed, &error));
  assert_int_equal(managed->flags & DL_READ_ONLY, DL_READ_ONLY);
  managed->deleter(managed);
  uni_tensor_release(tensor);
  /* A pitch that is no whole number of elements has no stride. */
  array.row_pitch = 13;
  OK(uni_tensor_wrap(context, &array, NULL, NULL, &tensor, &error));
  FAILS_NULL(UNI_STATUS_INVALID_ARGUMENT, "pitch", managed,
             uni_tensor_to_dlpack(tensor, UNI_DLPACK_CPU, 0, &managed, &error));
  uni_tensor_release(tensor);
}

static void test_export_of_empty(void **state) {
  (void)state;
  const int64_t shapes[][2] = {{0, 3}, {3, 0}, {0, 0}};
  for (int i = 0; i < 3; ++i) {
    uni_tensor *tensor = make_tensor(context, UNI_DTYPE_INT64, shapes[i][0], shapes[i][1], NULL), *back = NULL;
    managed_tensor *managed = NULL;
    OK(uni_tensor_to_dlpack(tensor, UNI_DLPACK_DEFAULT, 0, &managed, &error));
    assert_non_null(managed->tensor.strides);
    OK(uni_tensor_from_dlpack(context, managed, &back, &error));
    assert_memory_equal(info_of(back).shape, shapes[i], 16);
    uni_tensor_release(back);
    uni_tensor_release(tensor);
  }
  const uni_tensor_desc scalar = host_desc(UNI_DTYPE_INT64, 0, 0, 0, 0);
  uni_tensor *tensor = NULL, *back = NULL;
  managed_tensor *managed = NULL;
  OK(uni_tensor_create(context, &scalar, &tensor, &error));
  OK(uni_tensor_to_dlpack(tensor, UNI_DLPACK_DEFAULT, 0, &managed, &error));
  assert_int_equal(managed->tensor.ndim, 0);
  OK(uni_tensor_from_dlpack(context, managed, &back, &error));
  assert_ptr_equal(pointer_of(back), pointer_of(tensor));
  uni_tensor_release(back);
  uni_tensor_release(tensor);
}

static void test_export_refuses(void **state) {
  (void)state;
  uni_tensor *tensor = make_tensor(context, UNI_DTYPE_INT64, 2, 2, NULL);
  managed_tensor *managed = NULL;
  FAILS_NULL(UNI_STATUS_INVALID_ARGUMENT, "tensor", managed, uni_tensor_to_dlpack(NULL, 0, 0, &managed, &error));
  FAILS(UNI_STATUS_INVALID_ARGUMENT, "out", uni_tensor_to_dlpack(tensor, 0, 0, NULL, &error));
  FAILS_NULL(UNI_STATUS_INVALID_ARGUMENT, "device", managed, uni_tensor_to_dlpack(tensor, 4, 0, &managed, &error));
  FAILS_NULL(UNI_STATUS_INVALID_ARGUMENT, "device", managed, uni_tensor_to_dlpack(tensor, -1, 0, &managed, &error));
  FAILS_NULL(UNI_STATUS_INVALID_ARGUMENT, "device_id", managed,
             uni_tensor_to_dlpack(tensor, UNI_DLPACK_CPU, 1, &managed, &error));
  FAILS_NULL(UNI_STATUS_DEVICE_MISMATCH, "", managed,
             uni_tensor_to_dlpack(tensor, UNI_DLPACK_CUDA, 99, &managed, &error));
  FAILS_NULL(UNI_STATUS_INVALID_ARGUMENT, "device_id", managed,
             uni_tensor_to_dlpack(tensor, UNI_DLPACK_CUDA, -1, &managed, &error));
  uni_tensor_release(tensor);
}

static void test_import(void **state) {
  (void)state;
  managed_tensor managed = make_managed();
  uni_tensor *tensor = NULL, *slice = NULL;
  OK(uni_tensor_from_dlpack(context, &managed, &tensor, &error));
  const uni_tensor_info info = info_of(tensor);
  assert_int_equal(info.dtype, UNI_DTYPE_FLOAT32);
  assert_int_equal(info.ndim, 2);
  assert_int_equal(info.shape[0], 2);
  assert_int_equal(info.shape[1], 3);
  assert_int_equal(info.memory, UNI_MEMORY_HOST);
  assert_ptr_equal(pointer_of(tensor), numbers);
  OK(uni_tensor_slice(tensor, 1, 2, &slice, &error));
  uni_tensor_release(tensor);
  assert_int_equal(deleted, 0);
  uni_tensor_release(slice);
  assert_int_equal(deleted, 1);

  managed = make_managed();
  managed.deleter = NULL; /* Allowed: nothing to do. */
  OK(uni_tensor_from_dlpack(context, &managed, &tensor, &error));
  uni_tensor_release(tensor);
  managed = make_managed();
  managed.tensor.strides = NULL; /* Row-major without gaps. */
  managed.version.minor = 77;
  OK(uni_tensor_from_dlpack(context, &managed, &tensor, &error));
  assert_int_equal(info_of(tensor).row_pitch, 12);
  uni_tensor_release(tensor);
  assert_int_equal(deleted, 1);
  managed = make_managed();
  managed.flags = DL_READ_ONLY;
  OK(uni_tensor_from_dlpack(context, &managed, &tensor, &error));
  assert_int_equal(info_of(tensor).flags, UNI_ARRAY_READ_ONLY);
  FAILS(UNI_STATUS_INVALID_ARGUMENT, "tensor", uni_tensor_fill(tensor, NULL, NULL, &error));
  uni_tensor_release(tensor);
}

static void test_byte_offset(void **state) {
  (void)state;
  for (int i = 0; i < 32; ++i) numbers[i] = (float)i;
  managed_tensor managed = make_managed();
  managed.tensor.byte_offset = 20;
  uni_tensor *tensor = NULL;
  OK(uni_tensor_from_dlpack(context, &managed, &tensor, &error));
  assert_ptr_equal(pointer_of(tensor), numbers + 5);
  float out[6];
  const uni_array copy = array_2d(UNI_DTYPE_FLOAT32, out, 2, 3);
  OK(uni_tensor_copy_to(tensor, &copy, NULL, &error));
  for (int i = 0; i < 6; ++i) assert_true(out[i] == (float)(5 + i));
  uni_tensor_release(tensor);
}

static void test_strides(void **state) {
  (void)state;
  static const struct {
    int64_t shape[2], strides[2];
    int64_t pitch; /* 0: refused */
  } table[] = {
      {{2, 3}, {3, 1}, 12},        {{2, 3}, {5, 1}, 20}, {{1, 3}, {77, 1}, 12}, {{2, 1}, {4, 99}, 16},
      {{2, 3}, {1, 2}, 0},         {{2, 3}, {6, 2}, 0},  {{2, 3}, {-3, 1}, 0},  {{2, 3}, {0, 1}, 0},
      {{2, 3}, {2, 1}, 0},         {{2, 3}, {3, -1}, 0}, {{2, 3}, {3, 0}, 0},   {{2, 3}, {INT64_MAX, 1}, 0},
      {{2, 3}, {INT64_MIN, 1}, 0},
  };
  for (size_t t = 0; t < sizeof table / sizeof table[0]; ++t) {
    managed_tensor managed = make_managed();
    int64_t shape[2] = {table[t].shape[0], table[t].shape[1]}, strides[2] = {table[t].strides[0], table[t].strides[1]};
    managed.tensor.shape = shape;
    managed.tensor.strides = strides;
    uni_tensor *tensor = NULL;
    if (table[t].pitch == 0) {
      FAILS_NULL(UNI_STATUS_INVALID_ARGUMENT, "stride", tensor,
                 uni_tensor_from_dlpack(context, &managed, &tensor, &error));
      assert_int_equal(deleted, 0);
      continue;
    }
    OK(uni_tensor_from_dlpack(context, &managed, &tensor, &error));
    if (shape[0] > 1) assert_int_equal(info_of(tensor).row_pitch, table[t].pitch);
    uni_tensor_release(tensor);
    assert_int_equal(deleted, 1);
  }
  /* Nothing to stride over: any strides do. */
  managed_tensor managed = make_managed();
  int64_t shape[2] = {0, 3}, strides[2] = {-9, 44};
  managed.tensor.shape = shape;
  managed.tensor.strides = strides;
  managed.tensor.data = NULL;
  uni_tensor *tensor = NULL;
  OK(uni_tensor_from_dlpack(context, &managed, &tensor, &error));
  uni_tensor_release(tensor);
}

/* On failure the tensor still belongs to the caller; only one of another major version is deleted. */
static void test_import_refuses(void **state) {
  (void)state;
  uni_tensor *tensor = NULL;
  managed_tensor managed = make_managed();
  FAILS_NULL(UNI_STATUS_INVALID_ARGUMENT, "managed", tensor, uni_tensor_from_dlpack(context, NULL, &tensor, &error));
  FAILS_NULL(UNI_STATUS_INVALID_ARGUMENT, "context", tensor, uni_tensor_from_dlpack(NULL, &managed, &tensor, &error));
  FAILS(UNI_STATUS_INVALID_ARGUMENT, "tensor", uni_tensor_from_dlpack(context, &managed, NULL, &error));
  assert_int_equal(deleted, 0);
#define WRONG(expected, text, change) \
  do { \
    managed = make_managed(); \
    change; \
    FAILS_NULL((expected), (text), tensor, uni_tensor_from_dlpack(context, &managed, &tensor, &error)); \
    assert_int_equal(deleted, 0); \
  } while (0)
  int64_t negative[2] = {-1, 3}, huge[2] = {INT64_MAX, INT64_MAX};
  WRONG(UNI_STATUS_DTYPE_MISMATCH, "lanes", managed.tensor.dtype.lanes = 2);
  WRONG(UNI_STATUS_DTYPE_MISMATCH, "", managed.tensor.dtype.lanes = 0);
  WRONG(UNI_STATUS_DTYPE_MISMATCH, "", managed.tensor.dtype.code = DL_COMPLEX);
  WRONG(UNI_STATUS_DTYPE_MISMATCH, "", managed.tensor.dtype.code = 200);
  WRONG(UNI_STATUS_DTYPE_MISMATCH, "", managed.tensor.dtype.bits = 24);
  WRONG(UNI_STATUS_DTYPE_MISMATCH, "", managed.tensor.dtype.bits = 0);
  WRONG(UNI_STATUS_DTYPE_MISMATCH, "", managed.tensor.dtype.code = DL_INT; managed.tensor.dtype.bits = 4);
  WRONG(UNI_STATUS_SHAPE_MISMATCH, "dimensions", managed.tensor.ndim = 9);
  WRONG(UNI_STATUS_SHAPE_MISMATCH, "dimensions", managed.tensor.ndim = -1);
  WRONG(UNI_STATUS_INVALID_ARGUMENT, "shape", managed.tensor.shape = NULL);
  WRONG(UNI_STATUS_INVALID_ARGUMENT, "data", managed.tensor.data = NULL);
  WRONG(UNI_STATUS_INVALID_ARGUMENT, "shape", managed.tensor.shape = negative);
  WRONG(UNI_STATUS_INVALID_ARGUMENT, "", managed.tensor.shape = huge; managed.tensor.strides = NULL);
  WRONG(UNI_STATUS_DEVICE_MISMATCH, "", managed.tensor.device.device_type = 4);
  WRONG(UNI_STATUS_DEVICE_MISMATCH, "", managed.tensor.device.device_type = 99);
  WRONG(UNI_STATUS_DEVICE_MISMATCH, "", managed.tensor.device.device_type = DL_CUDA;
        managed.tensor.device.device_id = 99);
  WRONG(UNI_STATUS_INVALID_ARGUMENT, "", managed.tensor.byte_offset = UINT64_MAX);
#undef WRONG
  const uint32_t majors[] = {0, 2, UINT32_MAX};
  for (int i = 0; i < 3; ++i) {
    managed = make_managed();
    managed.version.major = majors[i];
    memset(&managed.tensor, 0xff, sizeof managed.tensor); /* Not looked at. */
    FAILS_NULL(UNI_STATUS_VERSION_MISMATCH, "version", tensor,
               uni_tensor_from_dlpack(context, &managed, &tensor, &error));
    assert_int_equal(deleted, 1);
  }
}

static void test_round_trip(void **state) {
  (void)state;
  managed_tensor managed = make_managed(), *exported = NULL;
  uni_tensor *tensor = NULL, *again = NULL;
  OK(uni_tensor_from_dlpack(context, &managed, &tensor, &error));
  OK(uni_tensor_to_dlpack(tensor, UNI_DLPACK_EXACT, 0, &exported, &error));
  uni_tensor_release(tensor);
  OK(uni_tensor_from_dlpack(context, exported, &again, &error));
  assert_ptr_equal(pointer_of(again), numbers);
  assert_int_equal(deleted, 0);
  uni_tensor_release(again);
  assert_int_equal(deleted, 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_export),          cmocka_unit_test(test_export_of_padded_and_read_only),
      cmocka_unit_test(test_export_of_empty), cmocka_unit_test(test_export_refuses),
      cmocka_unit_test(test_import),          cmocka_unit_test(test_byte_offset),
      cmocka_unit_test(test_strides),         cmocka_unit_test(test_import_refuses),
      cmocka_unit_test(test_round_trip),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
