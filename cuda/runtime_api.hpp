// SPDX-License-Identifier: Apache-2.0
// The table of cuda/api.hpp over the CUDA runtime.
#pragma once

#include "api.hpp"

namespace uni::cuda {

const Api &runtime_api() noexcept;

}  // namespace uni::cuda
