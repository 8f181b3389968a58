// SPDX-License-Identifier: Apache-2.0
// What a backend says of an index, a seed or a graph that is wrong, in the same words whichever backend it is. Header only:
// plugins have it too.
#pragma once

#include <cstdint>

#include "core/error.hpp"

namespace uni {

// A negative num_indices: of any number of launches of a graph.
inline Error index_error(int64_t position, int64_t value, int64_t num_rows, int64_t num_bad, int64_t num_indices) {
  const auto number = [](int64_t n) { return static_cast<long long>(n); };
  if (num_rows == 0)
    return Error(UNI_STATUS_OUT_OF_BOUNDS, "index[%lld] is %lld, expected no index at all, since there are no rows",
                 number(position), number(value));
  if (num_indices < 0)
    return Error(UNI_STATUS_OUT_OF_BOUNDS,
                 "index[%lld] is %lld, expected 0 to %lld (launches of a CUDA graph found %lld out of bounds)",
                 number(position), number(value), number(num_rows - 1), number(num_bad));
  return Error(UNI_STATUS_OUT_OF_BOUNDS,
               "index[%lld] is %lld, expected 0 to %lld (%lld of %lld indices are out of bounds)", number(position),
               number(value), number(num_rows - 1), number(num_bad), number(num_indices));
}

inline Error seed_error(int64_t position, int64_t value, int64_t num_nodes) {
  return Error(UNI_STATUS_OUT_OF_BOUNDS, "seeds[%lld] is %lld, expected a node of the graph, 0 <= node < %lld",
               static_cast<long long>(position), static_cast<long long>(value), static_cast<long long>(num_nodes));
}

inline Error indptr_start_error(int64_t value) {
  return Error(UNI_STATUS_INVALID_ARGUMENT, "indptr[0] is %lld, expected 0", static_cast<long long>(value));
}

// indptr[position + 1] is less than the entry before it.
inline Error indptr_order_error(int64_t position, int64_t entry, int64_t next) {
  return Error(UNI_STATUS_INVALID_ARGUMENT,
               "indptr[%lld] is %lld, less than indptr[%lld], which is %lld: indptr must not decrease",
               static_cast<long long>(position + 1), static_cast<long long>(next), static_cast<long long>(position),
               static_cast<long long>(entry));
}

inline Error indptr_end_error(int64_t num_nodes, int64_t value, int64_t num_edges) {
  return Error(UNI_STATUS_INVALID_ARGUMENT, "indptr[%lld], the last entry, is %lld, expected the number of edges, %lld",
               static_cast<long long>(num_nodes), static_cast<long long>(value), static_cast<long long>(num_edges));
}

inline Error neighbor_error(int64_t position, int64_t value, int64_t num_nodes) {
  return Error(UNI_STATUS_OUT_OF_BOUNDS, "indices[%lld] is %lld, expected a node of the graph, which has %lld",
               static_cast<long long>(position), static_cast<long long>(value), static_cast<long long>(num_nodes));
}

inline Error too_many_edges_error(int64_t frontier_size, int64_t fanout) {
  return Error(UNI_STATUS_NOT_SUPPORTED,
               "a hop of this sample has more than 2^40 edges (%lld frontier nodes, fan-out %lld)",
               static_cast<long long>(frontier_size), static_cast<long long>(fanout));
}

inline Error too_many_nodes_error(int64_t num_nodes) {
  return Error(UNI_STATUS_NOT_SUPPORTED, "sampling takes graphs of up to 2^40 nodes, this one has %lld",
               static_cast<long long>(num_nodes));
}

// Local numbers have the dtype of the graph's indices.
inline Error too_many_numbers_error(int64_t num_nodes) {
  return Error(UNI_STATUS_INVALID_ARGUMENT,
               "the sample has %lld nodes, more than the graph's index dtype (int32) can number: use int64 indices",
               static_cast<long long>(num_nodes));
}

}  // namespace uni
