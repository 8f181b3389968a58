// SPDX-License-Identifier: Apache-2.0
// What can compute here.
#pragma once

#include "core/context.hpp"
#include "unitensor/device.h"

namespace uni::core {

uni_backend_info backend_info(uni_context &context, int32_t device_type);
uni_device_info device_info(uni_context &context, int32_t device_type, int32_t device_id);

}  // namespace uni::core
