// SPDX-License-Identifier: Apache-2.0
// Whether a graph's contents are those of a graph. The first fault in order of position is reported, whatever the number
// of threads.
#include <atomic>
#include <cstdint>

#include "core/bounds_error.hpp"
#include "cpu/backend.hpp"

namespace uni::cpu {
namespace {

constexpr int64_t kGrain = 1 << 16;

// The least position in [0, count) that is bad, or `count`. is_bad(i) looks at one; any_bad(begin, end) at many, as fast
// as it can.
template <class AnyBad, class IsBad>
int64_t first_bad(ThreadPool &pool, int64_t count, AnyBad &&any_bad, IsBad &&is_bad) {
  std::atomic<int64_t> first{count};
  pool.for_ranges(count, kGrain, [&](int, int64_t begin, int64_t end) noexcept {
    for (int64_t block = begin; block < end; block += kGrain) {
      if (first.load(std::memory_order_relaxed) < block) return;
      const int64_t stop = end - block < kGrain ? end : block + kGrain;
      if (!any_bad(block, stop)) continue;
      int64_t position = block;
      while (!is_bad(position)) ++position;
      int64_t seen = first.load(std::memory_order_relaxed);
      while (position < seen && !first.compare_exchange_weak(seen, position, std::memory_order_relaxed)) {
      }
      return;
    }
  });
  return first.load(std::memory_order_relaxed);
}

template <class Indptr>
void validate_indptr(ThreadPool &pool, const Indptr *indptr, int64_t num_nodes, int64_t num_edges) {
  if (indptr[0] != 0) throw indptr_start_error(indptr[0]);
  const int64_t position = first_bad(
      pool, num_nodes,
      [&](int64_t begin, int64_t end) {
        bool bad = false;
        for (int64_t i = begin; i < end; ++i) bad |= indptr[i + 1] < indptr[i];
        return bad;
      },
      [&](int64_t i) { return indptr[i + 1] < indptr[i]; });
  if (position < num_nodes) throw indptr_order_error(position, indptr[position], indptr[position + 1]);
  if (indptr[num_nodes] != num_edges) throw indptr_end_error(num_nodes, indptr[num_nodes], num_edges);
}

template <class Node>
void validate_indices(ThreadPool &pool, const Node *indices, int64_t num_nodes, int64_t num_edges) {
  // Negative numbers are large without their sign.
  const auto is_bad = [&](int64_t i) {
    return static_cast<uint64_t>(static_cast<int64_t>(indices[i])) >= static_cast<uint64_t>(num_nodes);
  };
  const int64_t position = first_bad(
      pool, num_edges,
      [&](int64_t begin, int64_t end) {
        bool bad = false;
        for (int64_t i = begin; i < end; ++i) bad |= is_bad(i);
        return bad;
      },
      is_bad);
  if (position < num_edges) throw neighbor_error(position, indices[position], num_nodes);
}

}  // namespace

uni_status validate_graph(void *self, const uni_graph_view *graph, uni_error *error) noexcept {
  return guard(error, [&] {
    ThreadPool &pool = static_cast<Backend *>(self)->pool;
    if (graph->indptr_dtype == UNI_DTYPE_INT64) {
      validate_indptr(pool, static_cast<const int64_t *>(graph->indptr), graph->num_nodes, graph->num_edges);
    } else {
      validate_indptr(pool, static_cast<const int32_t *>(graph->indptr), graph->num_nodes, graph->num_edges);
    }
    if (graph->indices_dtype == UNI_DTYPE_INT64) {
      validate_indices(pool, static_cast<const int64_t *>(graph->indices), graph->num_nodes, graph->num_edges);
    } else {
      validate_indices(pool, static_cast<const int32_t *>(graph->indices), graph->num_nodes, graph->num_edges);
    }
  });
}

}  // namespace uni::cpu
