// SPDX-License-Identifier: Apache-2.0
// Whether a graph's contents are those of a graph, with lane groups.
#pragma once

#include <cstdint>

#include "kernels/bounds.hpp"
#include "kernels/lane_group.hpp"

namespace uni::kernels {

// Records i where indptr[i + 1] < indptr[i].
template <class Indptr>
struct ValidateIndptr {
  const Indptr *indptr;
  int64_t num_nodes;
  BoundsRecord *record;

  template <class Group>
  UNI_HOST_DEVICE void operator()(Group &g, int64_t group, int64_t num_groups) const {
    g.each([&](int lane) {
      BoundsTally tally;
      for (int64_t i = group * Group::kLanes + lane; i < num_nodes; i += num_groups * Group::kLanes)
        if (indptr[i + 1] < indptr[i]) tally.add(i, static_cast<int64_t>(indptr[i + 1]));
      tally.report(record);
    });
  }
};

// Records indices that are no node.
template <class Node>
struct ValidateIndices {
  const Node *indices;
  int64_t num_edges;
  int64_t num_nodes;
  BoundsRecord *record;

  template <class Group>
  UNI_HOST_DEVICE void operator()(Group &g, int64_t group, int64_t num_groups) const {
    g.each([&](int lane) {
      BoundsTally tally;
      for (int64_t i = group * Group::kLanes + lane; i < num_edges; i += num_groups * Group::kLanes) {
        const int64_t node = static_cast<int64_t>(indices[i]);
        if (static_cast<uint64_t>(node) >= static_cast<uint64_t>(num_nodes)) tally.add(i, node);
      }
      tally.report(record);
    });
  }
};

}  // namespace uni::kernels
