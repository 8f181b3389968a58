// SPDX-License-Identifier: Apache-2.0
// Which NUMA nodes memory of the host comes from that devices read: a read of a GPU that crosses from one socket to the
// other shares a narrower link with everything else that does. What the kernel says is read in one place and decided on in
// another, so that machines that nobody has at hand are rows of a table in the tests.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "api.hpp"

namespace uni::cuda {

struct NumaReport {
  std::vector<int32_t> nodes;         // those that are online; none: unknown
  std::vector<int32_t> device_nodes;  // of each device; -1: unknown
};

struct NodeChoice {
  std::vector<int32_t> nodes;  // in rising order; several take turns by pages; none: the kernel's own choice
  std::string reason;          // "" where there is nothing to choose
};

NodeChoice choose_nodes(const NumaReport &report);

// `folder` is /sys, other than in tests.
NumaReport read_numa_report(const std::string &folder, const std::vector<DeviceReport> &devices);

// "0-1,4" as {0, 1, 4}; none where the text is no such list.
std::vector<int32_t> parse_node_list(const std::string &text);

// From now on pages that the calling thread touches first come from these nodes, where they have any. Whether the kernel
// agrees, which in a container it may not.
bool take_pages_from(const std::vector<int32_t> &nodes) noexcept;

}  // namespace uni::cuda
