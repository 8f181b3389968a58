// SPDX-License-Identifier: Apache-2.0
// A hop with lane groups of any width on any number of threads: one group to a frontier node, one table for all with
// atomic inserts, and the passes of kernels/relabel.hpp. This is the order of work of a GPU.
#pragma once

#include <cstdint>

#include "cpu/sample_hop.hpp"
#include "cpu/sample_workspaces.hpp"
#include "kernels/relabel.hpp"
#include "kernels/sample_neighbors.hpp"

namespace uni::cpu {

// Numbers nodes[0 .. count) by first appearance, from num_numbered on: numbers[i], and list[number]. Returns how many
// nodes have numbers then. `found` is scratch for `count` values.
template <class Group, bool kDense, class Node>
int64_t relabel(ThreadPool &pool, SampleWorkspace &workspace, int workers, uint64_t order,
                const kernels::NodeTable<kDense> &table, const Node *nodes, int64_t count, int64_t num_numbered,
                bool keep, int64_t *found, Node *numbers, Node *list) {
  const int64_t base = num_numbered;
  const auto part = [&](int worker) { return ThreadPool::split(count, workers, worker); };
  pool.run(workers, [&](int worker) noexcept {
    Group g(order);
    kernels::relabel_insert(g, table, nodes, part(worker), part(worker + 1), base);
  });
  pool.run(workers, [&](int worker) noexcept {
    Group g(order);
    workspace.workers[worker].num_firsts =
        kernels::relabel_find(g, table, nodes, part(worker), part(worker + 1), base, found);
  });
  for (int worker = 0; worker < workers; ++worker) {
    const int64_t firsts = workspace.workers[worker].num_firsts;
    workspace.workers[worker].num_firsts = num_numbered;
    num_numbered += firsts;
  }
  pool.run(workers, [&](int worker) noexcept {
    Group g(order);
    kernels::relabel_number(g, table, nodes, part(worker), part(worker + 1), base, found,
                            workspace.workers[worker].num_firsts, keep, numbers, list);
  });
  pool.run(workers, [&](int worker) noexcept {
    Group g(order);
    kernels::relabel_look_up(g, part(worker), part(worker + 1), base, found, numbers);
  });
  return num_numbered;
}

template <class Group, bool kDense, class Indptr, class Node>
int64_t sample_hop_shared(const Hop<Indptr, Node> &hop, ThreadPool &pool, SampleWorkspace &workspace, int workers,
                          uint64_t order, const kernels::NodeTable<kDense> &table) {
  Node *neighbors = workspace.neighbors.reserve<Node>(hop.num_edges);
  int64_t *found = workspace.found.reserve<int64_t>(hop.num_edges);
  // Picks of a node stand in scratch memory of its group, here the worker's.
  const bool draws = hop.fanout > 0 && !hop.replace && hop.most_drawn >= hop.fanout;
  const uint64_t set_capacity = draws ? kernels::pick_set_capacity(hop.fanout) : 0;
  for (int worker = 0; worker < workers; ++worker) {
    WorkerScratch &scratch = workspace.workers[worker];
    scratch.positions.reserve<int64_t>(hop.most_drawn);
    scratch.pick_set.reserve<uint64_t>(static_cast<int64_t>(set_capacity));
  }
  pool.run(workers, [&](int worker) noexcept {
    Group g(order + static_cast<uint64_t>(worker) * (order != 0));
    WorkerScratch &scratch = workspace.workers[worker];
    int64_t *picks = scratch.positions.data<int64_t>();
    const kernels::PickSet set{scratch.pick_set.data<uint64_t>(), set_capacity - 1};
    const int64_t begin = split_frontier(hop, workspace, workers, worker);
    const int64_t end = split_frontier(hop, workspace, workers, worker + 1);
    int64_t edge = first_edge(hop, workspace, begin);
    for (int64_t i = begin; i < end; ++i) {
      const NodeRange range = hop.ranges[i];
      const int64_t drawn = kernels::num_drawn(range.degree, hop.fanout, hop.replace);
      kernels::draw_neighbors(g, hop.subkey, static_cast<uint64_t>(hop.nodes[hop.first_local + i]), range.degree,
                              hop.fanout, hop.replace, picks, set);
      kernels::for_each_strided(g, 0, drawn, [&](int, int64_t s) {
        const int64_t position = range.begin + picks[s];
        neighbors[edge + s] = hop.indices[position];
        hop.targets[edge + s] = static_cast<Node>(hop.first_local + i);
        if (hop.edge_ids != nullptr) {
          hop.edge_ids[edge + s] =
              hop.graph_edge_ids != nullptr ? hop.graph_edge_ids[position] : static_cast<Indptr>(position);
        }
      });
      edge += drawn;
    }
  });
  return relabel<Group>(pool, workspace, workers, order, table, neighbors, hop.num_edges, hop.num_numbered,
                        !hop.is_last, found, hop.sources, hop.nodes);
}

}  // namespace uni::cpu
