// SPDX-License-Identifier: Apache-2.0
#include "core/dlpack.hpp"

#include "core/structs.hpp"

using uni::guard;
using uni::core::require;

extern "C" {

uni_status uni_tensor_to_dlpack(const uni_tensor *tensor, int32_t device, int32_t device_id,
                                DLManagedTensorVersioned **out, uni_error *error) {
  if (out != nullptr) *out = nullptr;
  return guard(error, [&] {
    require(tensor, "tensor");
    require(out, "out");
    *out = uni::core::to_dlpack(*tensor, device, device_id);
  });
}

uni_status uni_tensor_from_dlpack(uni_context *context, DLManagedTensorVersioned *managed, uni_tensor **tensor,
                                  uni_error *error) {
  if (tensor != nullptr) *tensor = nullptr;
  return guard(error, [&] {
    require(context, "context");
    require(managed, "managed");
    require(tensor, "tensor");
    *tensor = uni::core::from_dlpack(context, managed).detach();
  });
}

}  // extern "C"
