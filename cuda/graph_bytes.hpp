// SPDX-License-Identifier: Apache-2.0
// How many bytes the arrays of a graph take.
#pragma once

#include <cstdint>

#include "core/dtype.hpp"
#include "unitensor/backend.h"

namespace uni::cuda {

struct GraphBytes {
  int64_t indptr, indices, edge_ids;

  explicit GraphBytes(const uni_graph_view &graph) noexcept
      : indptr((graph.num_nodes + 1) * core::dtype_size(graph.indptr_dtype)),
        indices(graph.num_edges * core::dtype_size(graph.indices_dtype)),
        edge_ids(graph.num_edges * core::dtype_size(graph.indptr_dtype)) {}
};

}  // namespace uni::cuda
