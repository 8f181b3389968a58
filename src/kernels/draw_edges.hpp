// SPDX-License-Identifier: Apache-2.0
// The passes of a hop on a device that read the graph: how many neighbours each node of the frontier draws, and which.
#pragma once

#include <cstdint>

#include "kernels/adjacency.hpp"
#include "kernels/lane_group.hpp"
#include "kernels/philox.hpp"
#include "kernels/sample_counts.hpp"
#include "kernels/sample_neighbors.hpp"

namespace uni::kernels {

// Where the list of each node of the frontier stands, so that nobody has to read that again, and how many neighbours it
// draws; zero up to the capacity, which the scan reads, and once more behind it, where the scan leaves the total.
template <class Indptr, class Node>
struct CountDraws {
  const Indptr *indptr;
  const Node *nodes;
  int64_t capacity;
  int64_t fanout;
  bool replace;
  const SampleCounts *counts;
  AdjacencyList *lists;
  int64_t *draws;

  // Two lanes to a node, one for each end of its list.
  static constexpr int64_t kLanesPerNode = 2;

  template <class Group>
  UNI_HOST_DEVICE void operator()(Group &g, int64_t group, int64_t num_groups) const {
    static_assert(Group::kLanes % kLanesPerNode == 0);
    constexpr int64_t kNodes = Group::kLanes / kLanesPerNode;
    const int64_t size = counts->frontier_size;
    const Node *const frontier = nodes + counts->frontier_begin;
    for (int64_t tile = group * kNodes; tile <= capacity; tile += num_groups * kNodes) {
      Lane<Group, Indptr> offset;
      Lane<Group, int> neighbor;
      g.each([&](int lane) {
        const int64_t i = tile + lane / 2;
        const bool there = i < size;
        offset[lane] = g.load(lane, there, indptr, there ? static_cast<int64_t>(frontier[i]) + lane % 2 : 0);
        neighbor[lane] = lane | 1;
      });
      const Lane<Group, Indptr> end = g.shuffle(offset, neighbor);
      g.each([&](int lane) {
        const int64_t i = tile + lane / 2;
        if (lane % 2 != 0 || i > capacity) return;
        const int64_t begin = static_cast<int64_t>(offset[lane]);
        const int64_t degree = static_cast<int64_t>(end[lane]) - begin;
        if (i < size) lists[i] = {begin, degree};
        draws[i] = num_drawn(degree, fanout, replace);
      });
    }
  }
};

template <class Indptr, class Node>
struct DrawEdges {
  const AdjacencyList *lists;
  const Node *indices;
  int64_t num_indices;
  const Indptr *graph_edge_ids;  // may be NULL
  bool indices_over_link, edge_ids_over_link;
  const Node *nodes;
  int64_t fanout;
  bool replace;
  Subkey subkey;
  const SampleCounts *counts;
  const int64_t *first_edge;  // of each node of the frontier, within the hop
  int64_t *picks;             // as many as edges of the hop; for nodes that draw more than a group has lanes
  uint64_t *sets;             // a PickSet to a group, where the fan-out needs one
  uint64_t set_capacity;
  // Of the hop: its edges begin at edge 0, or at edge counts->num_edges where they lie behind those of earlier hops.
  bool behind_earlier_hops;
  Node *met;
  Node *targets;
  Indptr *edge_ids;  // may be NULL

  template <class Group>
  UNI_HOST_DEVICE void operator()(Group &g, int64_t group, int64_t num_groups) const {
    static_assert(Group::kLanes > 1, "a group of one keeps its picks in memory: draw_neighbors()");
    const int64_t size = counts->frontier_size, begin_local = counts->frontier_begin;
    const int64_t shift = behind_earlier_hops ? counts->num_edges : 0;
    const PickSet set{sets + group * static_cast<int64_t>(set_capacity), set_capacity - 1};
    for (int64_t i = group; i < size; i += num_groups) {
      const uint64_t node = static_cast<uint64_t>(nodes[begin_local + i]);
      const AdjacencyList list = lists[i];
      const int64_t first = first_edge[i];
      const int64_t drawn = num_drawn(list.degree, fanout, replace);
      const Draw how = how_to_draw(list.degree, fanout, replace);
      Lane<Group, int64_t> of_lane = {};
      const Picks<Group> drawn_picks{drawn <= Group::kLanes, of_lane, picks + first};
      draw(g, how, node, list.degree, picks + first, drawn <= Group::kLanes, set, of_lane);
      Node *const neighbors = met + first;
      read_drawn_entries(g, indices, num_indices, indices_over_link, list, how == Draw::kAll, drawn, drawn_picks,
                         [&](int, int64_t slot, Node neighbor) { neighbors[slot] = neighbor; });
      for_each_strided(g, 0, drawn,
                       [&](int, int64_t slot) { targets[shift + first + slot] = static_cast<Node>(begin_local + i); });
      if (edge_ids == nullptr) continue;
      Indptr *const ids = edge_ids + shift + first;
      if (graph_edge_ids != nullptr) {
        read_drawn_entries(g, graph_edge_ids, num_indices, edge_ids_over_link, list, how == Draw::kAll, drawn,
                           drawn_picks, [&](int, int64_t slot, Indptr id) { ids[slot] = id; });
      } else {
        for_each_strided(g, 0, drawn, [&](int lane, int64_t slot) {
          ids[slot] = static_cast<Indptr>(list.begin + (how == Draw::kAll ? slot : drawn_picks.of(lane, slot)));
        });
      }
    }
  }

 private:
  template <class Group>
  UNI_HOST_DEVICE void draw(Group &g, Draw how, uint64_t node, int64_t degree, int64_t *in_memory, bool one_to_a_lane,
                            const PickSet &set, Lane<Group, int64_t> &of_lane) const {
    const auto store = [&](int lane, int64_t slot, int64_t pick) {
      if (one_to_a_lane) {
        of_lane[lane] = pick;
      } else {
        in_memory[slot] = pick;
      }
    };
    if (how == Draw::kFloyd) draw_floyd(g, subkey, node, degree, fanout, in_memory, set, store);
    if (how == Draw::kWithReplacement) draw_with_replacement(g, subkey, node, degree, fanout, store);
  }
};

}  // namespace uni::kernels
