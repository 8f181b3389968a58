// SPDX-License-Identifier: Apache-2.0
// What the passes of a sample on a device tell each other.
#pragma once

#include <cstdint>

namespace uni::kernels {

constexpr int kMostHops = 16;

// The counts of a sample in progress. The first two are what an array of the sample carries as its count.
struct SampleCounts {
  int64_t num_nodes;
  int64_t num_edges;
  int64_t num_seeds;  // 0 if one of them is bad
  int64_t num_bad_seeds;
  int64_t bad_seed_position;  // of the first one
  int64_t bad_seed_value;
  int64_t frontier_begin;  // local number of the first node of the hop's frontier
  int64_t frontier_size;
  int64_t hop_edges[kMostHops];
  int64_t hop_nodes[kMostHops + 1];
};

}  // namespace uni::kernels
