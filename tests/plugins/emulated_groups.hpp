// SPDX-License-Identifier: Apache-2.0
// What the tests of the kernels share: running one thing with every width of lane group and several orders of lanes.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/lane_group.hpp"

namespace uni::tests {

constexpr uint64_t kOrders[] = {0, 1, 2, 3, 0x9E3779B97F4A7C15u, 77};

// Calls body(group) with a group of N lanes for every N and every order.
template <class Body>
void for_each_group(Body &&body) {
  for (const uint64_t order : kOrders) {
    body(kernels::HostGroup<1>(order));
    body(kernels::HostGroup<2>(order));
    body(kernels::HostGroup<4>(order));
    body(kernels::HostGroup<8>(order));
    body(kernels::HostGroup<16>(order));
    body(kernels::HostGroup<32>(order));
  }
}

// The checker that a kernel does not depend on how wide its group is or in which order its lanes are visited:
// run(group) returns the result as a comparable value. True if all results are equal.
template <class Run>
bool is_independent_of_lanes(Run &&run) {
  const auto expected = run(kernels::HostGroup<1>());
  bool equal = true;
  for_each_group([&](auto group) { equal = equal && run(group) == expected; });
  return equal;
}

}  // namespace uni::tests
