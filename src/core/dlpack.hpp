// SPDX-License-Identifier: Apache-2.0
// Tensors from and to DLPack.
#pragma once

#include "core/tensor.hpp"
#include "unitensor/dlpack.h"

namespace uni::core {

DLManagedTensorVersioned *to_dlpack(const uni_tensor &tensor, int32_t device, int32_t device_id);
Ref<uni_tensor> from_dlpack(uni_context *context, DLManagedTensorVersioned *managed);

}  // namespace uni::core
