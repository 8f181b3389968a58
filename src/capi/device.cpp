// SPDX-License-Identifier: Apache-2.0
#include "core/device.hpp"

#include "core/structs.hpp"

using uni::guard;
using uni::core::require;

extern "C" {

uni_status uni_context_backend_info(uni_context *context, int32_t device_type, uni_backend_info *info,
                                    uni_error *error) {
  return guard(error, [&] {
    require(context, "context");
    require(info, "info");
    uni::core::write_struct(uni::core::backend_info(*context, device_type), info, "info");
  });
}

uni_status uni_context_device_info(uni_context *context, int32_t device_type, int32_t device_id, uni_device_info *info,
                                   uni_error *error) {
  return guard(error, [&] {
    require(context, "context");
    require(info, "info");
    uni::core::write_struct(uni::core::device_info(*context, device_type, device_id), info, "info");
  });
}

}  // extern "C"
