/* SPDX-License-Identifier: Apache-2.0 */
#include "runner.h"

int32_t memory_under_test = UNI_MEMORY_HOST;

int on_device(void) { return memory_under_test != UNI_MEMORY_HOST; }

uni_status finish(uni_context *context, uni_status status, uni_error *error) {
  if (status != UNI_STATUS_OK || !on_device()) return status;
  return uni_context_synchronize(context, error);
}

void copy_into(uni_context *context, uni_tensor *tensor, const uni_array *source) {
  uni_error error = UNI_ERROR_INIT;
  uni_status status = uni_tensor_copy_from(tensor, source, NULL, &error);
  status = finish(context, status, &error);
  if (status != UNI_STATUS_OK) fail_msg("a copy of the case: %s", error.message);
}

uni_tensor *result_like(uni_context *context, const uni_array *like, int64_t row_alignment) {
  uni_tensor_desc desc = UNI_TENSOR_DESC_INIT;
  desc.memory = on_device() ? UNI_MEMORY_DEVICE : UNI_MEMORY_HOST;
  desc.dtype = like->dtype;
  desc.ndim = like->ndim;
  desc.row_alignment = row_alignment;
  memcpy(desc.shape, like->shape, sizeof desc.shape);
  uni_tensor *tensor = NULL;
  uni_error error = UNI_ERROR_INIT;
  if (uni_tensor_create(context, &desc, &tensor, &error) != UNI_STATUS_OK) fail_msg("%s", error.message);
  return tensor;
}

operand operand_of(uni_context *context, const cJSON *spec) {
  operand o = {.host = array_of(spec)};
  o.descriptor = o.host.descriptor;
  if (!on_device()) return o;
  o.tensor = result_like(context, &o.host.descriptor, 0);
  copy_into(context, o.tensor, &o.host.descriptor);
  o.descriptor = *uni_tensor_array(o.tensor);
  return o;
}

void set_count(uni_context *context, operand *o, int64_t count) {
  o->count = count;
  o->descriptor.count = &o->count;
  if (!on_device()) return;
  const uni_array host = {
      .struct_size = sizeof host, .dtype = UNI_DTYPE_INT64, .ndim = 1, .data = &o->count, .shape = {1}};
  o->count_tensor = result_like(context, &host, 0);
  copy_into(context, o->count_tensor, &host);
  o->descriptor.count = uni_tensor_array(o->count_tensor)->data;
}

void free_operand(operand *o) {
  uni_tensor_release(o->count_tensor);
  uni_tensor_release(o->tensor);
  free_array(&o->host);
}
