// SPDX-License-Identifier: Apache-2.0
// How much memory the host has left, as the kernel tells it.
#pragma once

#include <cstdint>
#include <string>

namespace uni::cuda {

// With what can be swapped out; INT64_MAX where the kernel does not tell. What a container may take can be less.
int64_t available_host_bytes();

// What a user can do where memory of the host is missing, and how much there is.
std::string host_memory_advice();

}  // namespace uni::cuda
