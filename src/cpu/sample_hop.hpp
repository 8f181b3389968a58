// SPDX-License-Identifier: Apache-2.0
// One hop of a sample: what it reads and writes, how its frontier is measured and split over workers.
#pragma once

#include <cstdint>

#include "core/bounds_error.hpp"
#include "cpu/sample_workspaces.hpp"
#include "cpu/thread_pool.hpp"
#include "kernels/sample_neighbors.hpp"

namespace uni::cpu {

// A frontier node's neighbours in the graph, and its first edge, counted from the beginning of the worker's part.
struct NodeRange {
  int64_t begin, degree, first_edge;
};

template <class Indptr, class Node>
struct Hop {
  const Indptr *indptr;
  const Node *indices;
  const Indptr *graph_edge_ids;  // may be NULL

  kernels::Subkey subkey;
  int64_t fanout;
  bool replace;
  bool is_last;

  int64_t first_local;  // local number of the first frontier node; the frontier is nodes[first_local ...)
  int64_t frontier_size;
  int64_t num_numbered;  // nodes that have numbers before this hop
  int64_t num_edges;
  int64_t most_drawn;  // edges of one node

  NodeRange *ranges;
  int num_parts;  // parts in which the frontier was measured
  Node *nodes;    // list of nodes by local number; new ones go behind num_numbered

  Node *sources, *targets;  // of this hop's edges
  Indptr *edge_ids;         // may be NULL
};

// Degrees and counts of the frontier, in one part to a worker.
template <class Indptr, class Node>
void measure_frontier(Hop<Indptr, Node> &hop, ThreadPool &pool, SampleWorkspace &workspace) {
  constexpr int64_t kGrain = 2048, kAhead = 24;
  int parts = pool.num_threads();
  if (hop.frontier_size / kGrain < parts) parts = static_cast<int>(hop.frontier_size / kGrain) + 1;
  hop.num_parts = parts;
  pool.run(parts, [&](int worker) noexcept {
    const int64_t begin = ThreadPool::split(hop.frontier_size, parts, worker);
    const int64_t end = ThreadPool::split(hop.frontier_size, parts, worker + 1);
    const Node *frontier = hop.nodes + hop.first_local;
    WorkerScratch &scratch = workspace.workers[worker];
    int64_t edges = 0, most = 0;
    bool overflow = false;
    for (int64_t i = begin; i < end; ++i) {
      if (i + kAhead < end) __builtin_prefetch(hop.indptr + frontier[i + kAhead]);
      const Indptr *entry = hop.indptr + frontier[i];
      const int64_t degree = static_cast<int64_t>(entry[1]) - static_cast<int64_t>(entry[0]);
      const int64_t drawn = kernels::num_drawn(degree, hop.fanout, hop.replace);
      hop.ranges[i] = {static_cast<int64_t>(entry[0]), degree, edges};
      overflow |= __builtin_add_overflow(edges, drawn, &edges);
      if (drawn > most) most = drawn;
    }
    scratch.num_edges = overflow ? INT64_MAX : edges;
    scratch.most_drawn = most;
  });
  hop.num_edges = 0;
  hop.most_drawn = 0;
  for (int part = 0; part < parts; ++part) {
    const WorkerScratch &scratch = workspace.workers[part];
    if (__builtin_add_overflow(hop.num_edges, scratch.num_edges, &hop.num_edges)) hop.num_edges = INT64_MAX;
    if (scratch.most_drawn > hop.most_drawn) hop.most_drawn = scratch.most_drawn;
  }
  // Edges and local numbers share the 40 bits of a table's value.
  if (hop.num_edges > static_cast<int64_t>(kernels::kValueMask) - hop.num_numbered)
    throw too_many_edges_error(hop.frontier_size, hop.fanout);
}

// The first edge of frontier position i, which may be frontier_size.
template <class Indptr, class Node>
int64_t first_edge(const Hop<Indptr, Node> &hop, const SampleWorkspace &workspace, int64_t i) {
  if (i >= hop.frontier_size) return hop.num_edges;
  int64_t before = 0;
  for (int part = 0;; ++part) {
    if (i < ThreadPool::split(hop.frontier_size, hop.num_parts, part + 1)) return before + hop.ranges[i].first_edge;
    before += workspace.workers[part].num_edges;
  }
}

// Where part `part` of `parts` begins in the frontier, so that parts have about equally many edges.
template <class Indptr, class Node>
int64_t split_frontier(const Hop<Indptr, Node> &hop, const SampleWorkspace &workspace, int parts, int part) {
  if (part <= 0) return 0;
  if (part >= parts) return hop.frontier_size;
  const int64_t edge = ThreadPool::split(hop.num_edges, parts, part);
  int64_t low = 0, high = hop.frontier_size;
  while (low < high) {
    const int64_t middle = low + (high - low) / 2;
    if (first_edge(hop, workspace, middle) < edge) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

}  // namespace uni::cpu
