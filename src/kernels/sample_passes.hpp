// SPDX-License-Identifier: Apache-2.0
// The passes of a sample on a device, each over all of its groups, one after another on a stream. What a pass needs to
// know of those before it lies in memory (SampleCounts), so that nobody has to wait for a number to reach the host: arrays
// have room for the most there can be, and what lies past the counts is left alone.
//
//   check_seeds, start_sample                                          the seeds are nodes, or the sample is empty
//   [insert_nodes, find_firsts, scan, number_nodes, look_up_nodes]     number them
//   for each hop:  count_draws, scan, draw_edges (kernels/draw_edges.hpp), [number as above], finish_hop
#pragma once

#include <cstdint>

#include "kernels/bounds.hpp"
#include "kernels/lane_group.hpp"
#include "kernels/relabel.hpp"
#include "kernels/sample_counts.hpp"

namespace uni::kernels {

// Positions that one group numbers in one go; each such chunk has one entry in the scan.
constexpr int64_t kNumberChunk = 512;

UNI_HOST_DEVICE constexpr int64_t num_chunks(int64_t positions) {
  return (positions + kNumberChunk - 1) / kNumberChunk;
}

template <class Group, class Body>
UNI_HOST_DEVICE inline void for_each_of_all(Group &g, int64_t group, int64_t num_groups, int64_t count, Body &&body) {
  for (int64_t tile = group * Group::kLanes; tile < count; tile += num_groups * Group::kLanes) {
    g.each([&](int lane) {
      if (tile + lane < count) body(tile + lane);
    });
  }
}

template <class Seed>
struct CheckSeeds {
  const Seed *seeds;
  int64_t num_seeds;
  int64_t num_nodes;
  SampleCounts *counts;
  BoundsRecord *record;

  template <class Group>
  UNI_HOST_DEVICE void operator()(Group &g, int64_t group, int64_t num_groups) const {
    g.each([&](int lane) {
      BoundsTally tally;
      for (int64_t i = group * Group::kLanes + lane; i < num_seeds; i += num_groups * Group::kLanes) {
        const int64_t seed = static_cast<int64_t>(seeds[i]);
        if (static_cast<uint64_t>(seed) >= static_cast<uint64_t>(num_nodes)) tally.add(i, seed);
      }
      if (tally.count != 0) Atomics::add(reinterpret_cast<uint64_t *>(&counts->num_bad_seeds), 1);
      tally.report(record);
    });
  }
};

// Copies the seeds to where the nodes of a hop are numbered from.
template <class Seed, class Node>
struct StartSample {
  const Seed *seeds;
  int64_t num_seeds;
  Node *met;
  SampleCounts *counts;
  const BoundsRecord *record;

  template <class Group>
  UNI_HOST_DEVICE void operator()(Group &g, int64_t group, int64_t num_groups) const {
    const int64_t used = counts->num_bad_seeds != 0 ? 0 : num_seeds;
    for_each_of_all(g, group, num_groups, used, [&](int64_t i) { met[i] = static_cast<Node>(seeds[i]); });
    g.each([&](int lane) {
      if (group != 0 || lane != 0) return;
      counts->num_seeds = used;
      if (used == num_seeds) return;
      counts->bad_seed_position = static_cast<int64_t>(record->first_plus_one) - 1;
      counts->bad_seed_value = record->value;
    });
  }
};

// What the passes that number nodes have in common: `positions` of them stand in `met`.
template <class Node>
struct NumberArguments {
  const Node *met;
  const int64_t *positions;  // in memory
  const int64_t *base;       // how many have a number already, in memory
  int64_t capacity;          // the most that *positions can be
  int64_t *found;
  int64_t *firsts;  // of each chunk, and one entry more
  bool keep;        // another pass will look nodes up
  Node *numbers;
  const int64_t *shift;  // NULL, or where in `numbers` the first position goes, in memory
  Node *nodes;
};

template <class Node, bool kDense>
struct InsertNodes {
  NumberArguments<Node> a;
  NodeTable<kDense> table;

  template <class Group>
  UNI_HOST_DEVICE void operator()(Group &g, int64_t group, int64_t num_groups) const {
    const int64_t positions = *a.positions, base = *a.base;
    for (int64_t chunk = group; chunk < num_chunks(positions); chunk += num_groups) {
      const int64_t begin = chunk * kNumberChunk;
      relabel_insert(g, table, a.met, begin, begin + kNumberChunk < positions ? begin + kNumberChunk : positions, base);
    }
  }
};

template <class Node, bool kDense>
struct FindFirsts {
  NumberArguments<Node> a;
  NodeTable<kDense> table;

  template <class Group>
  UNI_HOST_DEVICE void operator()(Group &g, int64_t group, int64_t num_groups) const {
    const int64_t positions = *a.positions, base = *a.base;
    for (int64_t chunk = group; chunk <= num_chunks(a.capacity); chunk += num_groups) {
      const int64_t begin = chunk * kNumberChunk;
      int64_t firsts = 0;
      if (begin < positions)
        firsts = relabel_find(g, table, a.met, begin,
                              begin + kNumberChunk < positions ? begin + kNumberChunk : positions, base, a.found);
      g.each([&](int lane) {
        if (lane == 0) a.firsts[chunk] = firsts;
      });
    }
  }
};

// After an exclusive scan of `firsts`.
template <class Node, bool kDense>
struct NumberNodes {
  NumberArguments<Node> a;
  NodeTable<kDense> table;

  template <class Group>
  UNI_HOST_DEVICE void operator()(Group &g, int64_t group, int64_t num_groups) const {
    const int64_t positions = *a.positions, base = *a.base;
    Node *const numbers = a.numbers + (a.shift != nullptr ? *a.shift : 0);
    for (int64_t chunk = group; chunk < num_chunks(positions); chunk += num_groups) {
      const int64_t begin = chunk * kNumberChunk;
      relabel_number(g, table, a.met, begin, begin + kNumberChunk < positions ? begin + kNumberChunk : positions, base,
                     a.found, base + a.firsts[chunk], a.keep, numbers, a.nodes);
    }
  }
};

template <class Node>
struct LookUpNodes {
  NumberArguments<Node> a;

  template <class Group>
  UNI_HOST_DEVICE void operator()(Group &g, int64_t group, int64_t num_groups) const {
    const int64_t positions = *a.positions, base = *a.base;
    Node *const numbers = a.numbers + (a.shift != nullptr ? *a.shift : 0);
    for (int64_t chunk = group; chunk < num_chunks(positions); chunk += num_groups) {
      const int64_t begin = chunk * kNumberChunk;
      relabel_look_up(g, begin, begin + kNumberChunk < positions ? begin + kNumberChunk : positions, base, a.found,
                      numbers);
    }
  }
};

// Seeds that keep their places: each is a node of its own, and the table has the first place of each.
template <class Node, bool kDense>
struct PlaceSeeds {
  const Node *met;
  const SampleCounts *counts;
  NodeTable<kDense> table;
  Node *nodes;
  Node *seed_index;

  template <class Group>
  UNI_HOST_DEVICE void operator()(Group &g, int64_t group, int64_t num_groups) const {
    for_each_of_all(g, group, num_groups, counts->num_seeds, [&](int64_t i) {
      table.insert_least(static_cast<uint64_t>(met[i]), i);
      nodes[i] = met[i];
      seed_index[i] = static_cast<Node>(i);
    });
  }
};

// Puts numbered nodes into a new table.
template <class Node, bool kDense>
struct RefillTable {
  const Node *nodes;
  const SampleCounts *counts;
  NodeTable<kDense> table;

  template <class Group>
  UNI_HOST_DEVICE void operator()(Group &g, int64_t group, int64_t num_groups) const {
    for_each_of_all(g, group, num_groups, counts->num_nodes,
                    [&](int64_t i) { table.insert_least(static_cast<uint64_t>(nodes[i]), i); });
  }
};

// By one group: the counts after the seeds (hop -1), or after a hop.
struct FinishHop {
  SampleCounts *counts;
  int hop;
  const int64_t *num_edges;  // of the hop; NULL for the seeds
  const int64_t *num_new;    // nodes; NULL: as many as seeds

  template <class Group>
  UNI_HOST_DEVICE void operator()(Group &g, int64_t group, int64_t) const {
    g.each([&](int lane) {
      if (group != 0 || lane != 0) return;
      const int64_t added = num_new != nullptr ? *num_new : counts->num_seeds;
      counts->frontier_begin = counts->num_nodes;
      counts->frontier_size = added;
      counts->num_nodes += added;
      counts->hop_nodes[hop + 1] = added;
      if (num_edges != nullptr) {
        counts->hop_edges[hop] = *num_edges;
        counts->num_edges += *num_edges;
      }
    });
  }
};

// By one group: the count of edges goes to where the arrays of the sample have theirs.
struct FinishSample {
  const SampleCounts *counts;
  int64_t *edge_counts[3];  // each may be NULL

  template <class Group>
  UNI_HOST_DEVICE void operator()(Group &g, int64_t group, int64_t) const {
    g.each([&](int lane) {
      if (group != 0 || lane != 0) return;
      for (int64_t *count : edge_counts)
        if (count != nullptr) *count = counts->num_edges;
    });
  }
};

}  // namespace uni::kernels
