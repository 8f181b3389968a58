/* SPDX-License-Identifier: Apache-2.0 */
/* tensor.h and dlpack.h. */
#include <stdlib.h>

#include "cases.h"

static uni_status create_bytes(fixture *f, int64_t num_bytes) {
  uni_tensor_desc desc = UNI_TENSOR_DESC_INIT;
  desc.dtype = UNI_DTYPE_UINT8;
  desc.ndim = 1;
  desc.shape[0] = num_bytes;
  desc.memory = UNI_MEMORY_HOST;
  return uni_tensor_create(f->context, &desc, (uni_tensor **)&f->made, &f->error);
}

static uni_status create_small(fixture *f) { return create_bytes(f, 1000); }
static uni_status create_large(fixture *f) { return create_bytes(f, 20 << 20); }

static uni_status create_unified(fixture *f) {
  uni_tensor_desc desc = UNI_TENSOR_DESC_INIT;
  desc.dtype = UNI_DTYPE_UINT8;
  desc.ndim = 1;
  desc.shape[0] = 100;
  return uni_tensor_create(f->context, &desc, (uni_tensor **)&f->made, &f->error);
}

static void count_destroy(void *user_data) { ++((fixture *)user_data)->destroyed; }

static uni_status wrap(fixture *f) {
  static float data[12];
  const uni_array array = UNI_ARRAY_2D(UNI_DTYPE_FLOAT32, data, 3, 4);
  f->destroyed = 0;
  return uni_tensor_wrap(f->context, &array, count_destroy, f, (uni_tensor **)&f->made, &f->error);
}

/* Once, at once where wrapping failed, and with the last reference where it did not. */
static int destroyed_once(fixture *f, uni_status status) {
  if (status != UNI_STATUS_OK) return f->destroyed == 1;
  if (f->destroyed != 0) return 0;
  uni_tensor_release(f->made);
  f->made = NULL;
  return f->destroyed == 1;
}

static uni_status register_memory(fixture *f) {
  static float data[12];
  const uni_array array = UNI_ARRAY_2D(UNI_DTYPE_FLOAT32, data, 3, 4);
  f->destroyed = 0;
  return uni_tensor_register(f->context, &array, count_destroy, f, (uni_tensor **)&f->made, &f->error);
}

static uni_status register_or_copy(fixture *f) {
  static float data[12];
  const uni_array array = UNI_ARRAY_2D(UNI_DTYPE_FLOAT32, data, 3, 4);
  f->destroyed = 0;
  return uni_tensor_register_or_copy(f->context, &array, count_destroy, f, (uni_tensor **)&f->made, &f->error);
}

static uni_status slice(fixture *f) { return uni_tensor_slice(f->tensor, 10, 20, (uni_tensor **)&f->made, &f->error); }

static uni_status reshape(fixture *f) {
  const int64_t shape[3] = {table_rows / 2, 2, table_columns};
  return uni_tensor_reshape(f->tensor, 3, shape, (uni_tensor **)&f->made, &f->error);
}

static int view_is_right(fixture *f, uni_status status) {
  if (!table_is_unchanged(f)) return 0;
  return status != UNI_STATUS_OK || host_data(f->made) != NULL;
}

static uni_status get_info(fixture *f) {
  uni_tensor_info info = {0};
  info.struct_size = sizeof info;
  return uni_tensor_get_info(f->tensor, &info, &f->error);
}

static uni_status array(fixture *f) { return uni_tensor_array(f->tensor) != NULL ? 0 : -1; }
static uni_status context_of(fixture *f) { return uni_tensor_context(f->tensor) == f->context ? 0 : -1; }

static uni_status host_pointer(fixture *f) {
  void *data = NULL;
  return uni_tensor_host_pointer(f->tensor, &data, &f->error);
}

static uni_status device_pointer(fixture *f) {
  void *data = f;
  const uni_status status = uni_tensor_device_pointer(f->tensor, 0, &data, &f->error);
  return status != UNI_STATUS_OK && data != NULL ? UNI_STATUS_OK : status;
}

static uni_status copy_from(fixture *f) {
  const uni_array source = UNI_ARRAY_2D(UNI_DTYPE_INT32, rows_data, index_length, table_columns);
  return uni_tensor_copy_from(f->ids, &source, NULL, &f->error);
}

static uni_status copy_to(fixture *f) {
  const uni_array destination = UNI_ARRAY_2D(UNI_DTYPE_INT32, rows_data, index_length, table_columns);
  return uni_tensor_copy_to(f->ids, &destination, NULL, &f->error);
}

static uni_status fill(fixture *f) {
  const int32_t value = 9;
  return uni_tensor_fill(f->ids, &value, NULL, &f->error);
}

static int is_filled(fixture *f, uni_status status) {
  if (status != UNI_STATUS_OK) return 1;
  const int32_t *data = host_data(f->ids);
  for (int64_t i = 0; i < (int64_t)index_length * table_columns; ++i)
    if (data[i] != 9) return 0;
  return 1;
}

/* Large enough for several threads. */
static void make_wide(fixture *f) {
  make_context(f);
  uni_tensor_desc desc = UNI_TENSOR_DESC_INIT;
  desc.memory = UNI_MEMORY_HOST;
  desc.dtype = UNI_DTYPE_INT32;
  desc.ndim = 2;
  desc.shape[0] = index_length;
  desc.shape[1] = table_columns;
  need(uni_tensor_create(f->context, &desc, &f->ids, &f->error), &f->error, "uni_tensor_create");
}

static uni_status retain(fixture *f) {
  uni_tensor_release(uni_tensor_retain(f->tensor));
  return UNI_STATUS_OK;
}

static void make_wrapped(fixture *f) {
  make_context(f);
  need(wrap(f), &f->error, "uni_tensor_wrap");
  f->tensor = f->made;
  f->made = NULL;
}

static uni_status release(fixture *f) {
  uni_tensor_release(f->tensor);
  uni_tensor_release(NULL);
  f->tensor = NULL;
  return f->destroyed == 1 ? UNI_STATUS_OK : -1;
}

/* Without a device there is no stream either: the reference is still the caller's. */
static uni_status release_after(fixture *f) { return uni_tensor_release_after(f->tensor, 0, NULL, &f->error); }

static int is_still_there(fixture *f, uni_status status) {
  (void)status;
  return host_data(f->tensor) != NULL && table_is_unchanged(f);
}

static uni_status to_dlpack(fixture *f) {
  return uni_tensor_to_dlpack(f->tensor, UNI_DLPACK_DEFAULT, 0, (struct DLManagedTensorVersioned **)&f->made,
                              &f->error);
}

static struct DLManagedTensorVersioned foreign;
static int64_t foreign_shape[2] = {2, 2};
static float foreign_data[4];
static void delete_foreign(struct DLManagedTensorVersioned *self) { ++((fixture *)self->manager_ctx)->destroyed; }

static uni_status from_dlpack(fixture *f) {
  memset(&foreign, 0, sizeof foreign);
  foreign.version.major = 1;
  foreign.manager_ctx = f;
  foreign.deleter = delete_foreign;
  foreign.tensor.data = foreign_data;
  foreign.tensor.device.device_type = DL_CPU;
  foreign.tensor.ndim = 2;
  foreign.tensor.dtype.code = DL_FLOAT;
  foreign.tensor.dtype.bits = 32;
  foreign.tensor.dtype.lanes = 1;
  foreign.tensor.shape = foreign_shape;
  f->destroyed = 0;
  return uni_tensor_from_dlpack(f->context, &foreign, (uni_tensor **)&f->made, &f->error);
}

/* On failure it still belongs to the caller. */
static int deleted_with_the_tensor(fixture *f, uni_status status) {
  if (f->destroyed != 0) return 0;
  if (status != UNI_STATUS_OK) return 1;
  uni_tensor_release(f->made);
  f->made = NULL;
  return f->destroyed == 1;
}

static const fault_case cases[] = {
    {"uni_tensor_create", "small", make_context, create_small, NULL, MADE_TENSOR, 0},
    {"uni_tensor_create", "large", make_context, create_large, NULL, MADE_TENSOR, 0},
    {"uni_tensor_create", "unified", make_context, create_unified, NULL, MADE_TENSOR, 0},
    {"uni_tensor_wrap", "", make_context, wrap, destroyed_once, MADE_TENSOR, 0},
    {"uni_tensor_register", "", make_context, register_memory, destroyed_once, MADE_TENSOR, CASE_ALWAYS_FAILS},
    {"uni_tensor_register_or_copy", "", make_context, register_or_copy, destroyed_once, MADE_TENSOR, CASE_ALWAYS_FAILS},
    {"uni_tensor_slice", "", make_tensor, slice, view_is_right, MADE_TENSOR, 0},
    {"uni_tensor_reshape", "", make_tensor, reshape, view_is_right, MADE_TENSOR, 0},
    {"uni_tensor_get_info", "", make_tensor, get_info, NULL, MADE_NOTHING, CASE_CANNOT_FAIL},
    {"uni_tensor_array", "", make_tensor, array, NULL, MADE_NOTHING, CASE_CANNOT_FAIL},
    {"uni_tensor_context", "", make_tensor, context_of, NULL, MADE_NOTHING, CASE_CANNOT_FAIL},
    {"uni_tensor_host_pointer", "", make_tensor, host_pointer, NULL, MADE_NOTHING, CASE_CANNOT_FAIL},
    {"uni_tensor_device_pointer", "", make_tensor, device_pointer, NULL, MADE_NOTHING, CASE_ALWAYS_FAILS},
    {"uni_tensor_copy_from", "", make_wide, copy_from, NULL, MADE_NOTHING, 0},
    {"uni_tensor_copy_to", "", make_wide, copy_to, NULL, MADE_NOTHING, 0},
    {"uni_tensor_fill", "", make_wide, fill, is_filled, MADE_NOTHING, 0},
    {"uni_tensor_retain", "", make_tensor, retain, NULL, MADE_NOTHING, CASE_CANNOT_FAIL},
    {"uni_tensor_release", "", make_wrapped, release, NULL, MADE_NOTHING, CASE_CANNOT_FAIL | CASE_USES_UP},
    {"uni_tensor_release_after", "", make_tensor, release_after, is_still_there, MADE_NOTHING, CASE_ALWAYS_FAILS},
    {"uni_tensor_to_dlpack", "", make_tensor, to_dlpack, NULL, MADE_DLPACK, 0},
    {"uni_tensor_from_dlpack", "", make_context, from_dlpack, deleted_with_the_tensor, MADE_TENSOR, 0},
};

case_list tensor_cases(void) { return (case_list){cases, sizeof cases / sizeof cases[0]}; }
