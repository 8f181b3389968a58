// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "api.hpp"

namespace uni::cuda {

// What a user can do about an error of CUDA's, for those that say something about the machine rather than the program;
// "" for all others. Static text.
const char *advice(Result result) noexcept;

}  // namespace uni::cuda
