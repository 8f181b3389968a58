// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "api.hpp"

namespace uni::cuda {

// What a user can do about an error of CUDA's, for those that say something about the machine rather than the program;
// "" for all others. Static text.
const char *advice(Result result) noexcept;

// The same where memory of the host is what is missing, with how much there is.
std::string host_memory_advice();

}  // namespace uni::cuda
