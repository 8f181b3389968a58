// SPDX-License-Identifier: Apache-2.0
#include "core/tensor.hpp"

#include "core/structs.hpp"

using uni::guard;
using uni::core::read_array;
using uni::core::require;

extern "C" {

uni_status uni_tensor_create(uni_context *context, const uni_tensor_desc *desc, uni_tensor **tensor, uni_error *error) {
  if (tensor != nullptr) *tensor = nullptr;
  return guard(error, [&] {
    require(context, "context");
    require(desc, "desc");
    require(tensor, "tensor");
    *tensor = uni::core::create_tensor(context, uni::core::read_struct(desc, "desc")).detach();
  });
}

uni_status uni_tensor_wrap(uni_context *context, const uni_array *array, uni_destroy_fn destroy, void *user_data,
                           uni_tensor **tensor, uni_error *error) {
  if (tensor != nullptr) *tensor = nullptr;
  const uni_status status = guard(error, [&] {
    require(context, "context");
    require(tensor, "tensor");
    const uni::core::ArrayView view = read_array(array, "array");
    const int32_t memory = view.on_cpu() ? UNI_MEMORY_HOST : UNI_MEMORY_DEVICE;
    *tensor = uni::core::wrap_tensor(context, view, memory, destroy, user_data).detach();
  });
  if (status != UNI_STATUS_OK && destroy != nullptr) destroy(user_data);
  return status;
}

uni_status uni_tensor_register(uni_context *context, const uni_array *array, uni_destroy_fn destroy, void *user_data,
                               uni_tensor **tensor, uni_error *error) {
  if (tensor != nullptr) *tensor = nullptr;
  const uni_status status = guard(error, [&] {
    require(context, "context");
    require(tensor, "tensor");
    *tensor = uni::core::register_tensor(context, read_array(array, "array"), destroy, user_data).detach();
  });
  if (status != UNI_STATUS_OK && destroy != nullptr) destroy(user_data);
  return status;
}

uni_status uni_tensor_register_or_copy(uni_context *context, const uni_array *array, uni_destroy_fn destroy,
                                       void *user_data, uni_tensor **tensor, uni_error *error) {
  if (tensor != nullptr) *tensor = nullptr;
  const uni_status status = guard(error, [&] {
    require(context, "context");
    require(tensor, "tensor");
    *tensor = uni::core::register_or_copy_tensor(context, read_array(array, "array"), destroy, user_data).detach();
  });
  if (status != UNI_STATUS_OK && destroy != nullptr) destroy(user_data);
  return status;
}

uni_status uni_tensor_slice(const uni_tensor *tensor, int64_t start, int64_t stop, uni_tensor **view,
                            uni_error *error) {
  if (view != nullptr) *view = nullptr;
  return guard(error, [&] {
    require(tensor, "tensor");
    require(view, "view");
    *view = uni::core::slice_tensor(*tensor, start, stop).detach();
  });
}

uni_status uni_tensor_reshape(const uni_tensor *tensor, int32_t ndim, const int64_t *shape, uni_tensor **view,
                              uni_error *error) {
  if (view != nullptr) *view = nullptr;
  return guard(error, [&] {
    require(tensor, "tensor");
    require(view, "view");
    if (ndim != 0) require(shape, "shape");
    *view = uni::core::reshape_tensor(*tensor, ndim, shape).detach();
  });
}

uni_tensor *uni_tensor_retain(uni_tensor *tensor) {
  if (tensor != nullptr) tensor->retain();
  return tensor;
}

void uni_tensor_release(uni_tensor *tensor) {
  if (tensor != nullptr) tensor->release();
}

uni_status uni_tensor_release_after(uni_tensor *tensor, int32_t device_id, void *stream, uni_error *error) {
  if (tensor == nullptr) return UNI_STATUS_OK;
  return guard(error, [&] {
    uni::core::note_stream(*tensor, device_id, stream);
    tensor->release();
  });
}

uni_status uni_tensor_get_info(const uni_tensor *tensor, uni_tensor_info *info, uni_error *error) {
  return guard(error, [&] {
    require(tensor, "tensor");
    require(info, "info");
    uni::core::write_struct(uni::core::describe_tensor(*tensor), info, "info");
  });
}

const uni_array *uni_tensor_array(const uni_tensor *tensor) { return tensor != nullptr ? &tensor->array() : nullptr; }

uni_context *uni_tensor_context(const uni_tensor *tensor) { return tensor != nullptr ? tensor->context() : nullptr; }

uni_status uni_tensor_host_pointer(const uni_tensor *tensor, void **data, uni_error *error) {
  if (data != nullptr) *data = nullptr;
  return guard(error, [&] {
    require(tensor, "tensor");
    require(data, "data");
    if (!tensor->readable_by_cpu())
      throw uni::Error(UNI_STATUS_DEVICE_MISMATCH, "tensor is memory of CUDA device %d, which the CPU cannot read",
                       tensor->array().device_id);
    uni::core::require_inherited(*tensor, "tensor");
    uni::core::wait_before_cpu_reads(tensor->context(), tensor->view());
    *data = tensor->array().data;
  });
}

uni_status uni_tensor_device_pointer(const uni_tensor *tensor, int32_t device_id, void **data, uni_error *error) {
  if (data != nullptr) *data = nullptr;
  return guard(error, [&] {
    require(tensor, "tensor");
    require(data, "data");
    *data = uni::core::device_pointer(*tensor, device_id);
  });
}

uni_status uni_tensor_copy_from(uni_tensor *tensor, const uni_array *source, void *stream, uni_error *error) {
  return guard(error, [&] {
    require(tensor, "tensor");
    uni::core::copy_array_to_tensor(*tensor, read_array(source, "source"), stream);
  });
}

uni_status uni_tensor_copy_to(const uni_tensor *tensor, const uni_array *destination, void *stream, uni_error *error) {
  return guard(error, [&] {
    require(tensor, "tensor");
    uni::core::copy_tensor_to_array(*tensor, read_array(destination, "destination"), stream);
  });
}

uni_status uni_tensor_fill(uni_tensor *tensor, const void *value, void *stream, uni_error *error) {
  return guard(error, [&] {
    require(tensor, "tensor");
    uni::core::fill_tensor(*tensor, value, stream);
  });
}

}  // extern "C"
