// SPDX-License-Identifier: Apache-2.0
// How much memory the host has left, as the kernel tells it, and how much of that a container may take.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

namespace uni::cuda {

// INT64_MAX: the kernel does not tell, or sets no limit. With what can be swapped out.
struct HostMemory {
  int64_t left = INT64_MAX;
  // Of the control group of this process that may take least, be it that of a container or one above it.
  int64_t group_left = INT64_MAX;
  int64_t group_limit = INT64_MAX;

  int64_t available() const noexcept { return std::min(left, group_left); }
};

// What a machine says whose files lie below `root`: "" for this one. Groups of both versions, each with those above it, as
// `unitensor info` looks for the limit (tools/unitensor_tools/limits.py).
HostMemory read_host_memory(const std::string &root = {});

// What a user can do where memory of the host is missing, and how much there is.
std::string host_memory_advice(const HostMemory &memory = read_host_memory());

// Below it the files are not read: that would take longer than the memory.
constexpr int64_t least_bytes_to_look = int64_t{1} << 20;

// Throws OUT_OF_MEMORY where a control group would not let this process touch so much memory of this kind: the kernel ends
// whoever does, and tells nobody. The host's own memory is not looked at, of which more may be had than the kernel says.
void require_room_in_groups(int64_t num_bytes, const char *kind, const std::string &root);

}  // namespace uni::cuda
