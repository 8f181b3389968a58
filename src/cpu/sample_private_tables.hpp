// SPDX-License-Identifier: Apache-2.0
// A hop on a few threads with groups of one lane. Worker 0 numbers the nodes it meets at once, in the table of the whole
// sample; each other worker numbers what it meets by itself, in a table of its own, and a merge gives those nodes their
// final numbers. Workers hold consecutive parts of the frontier, so that what a lower worker met came first. No word is
// written by two threads, hence nothing is atomic and no cache line travels.
#pragma once

#include <cstdint>
#include <cstring>

#include "cpu/philox_batch.hpp"
#include "cpu/sample_hop.hpp"
#include "cpu/sample_workspaces.hpp"
#include "kernels/relabel.hpp"
#include "kernels/sample_neighbors.hpp"

namespace uni::cpu {

constexpr int kMostPrivateTables = 4;

// Edges handled together: all their picks are drawn and prefetched before any is read, and so on.
constexpr int64_t kChunkEdges = 512;

// Takes the memory for drawing, since nothing may fail later.
template <class Indptr, class Node>
void reserve_draw_scratch(const Hop<Indptr, Node> &hop, WorkerScratch &scratch) {
  const int64_t edges = kChunkEdges + hop.most_drawn;
  scratch.positions.reserve<int64_t>(edges);
  if (hop.fanout > 0) {
    const int64_t blocks = edges;  // a node that draws takes no more blocks than slots
    scratch.block_nodes.reserve<uint64_t>(blocks);
    scratch.block_pairs.reserve<uint64_t>(blocks);
    scratch.block_x0.reserve<uint64_t>(blocks);
    scratch.block_x1.reserve<uint64_t>(blocks);
    if (!hop.replace && hop.most_drawn >= hop.fanout) {
      scratch.pick_set.reserve<uint64_t>(static_cast<int64_t>(kernels::pick_set_capacity(hop.fanout)));
    }
  }
}

// Draws for frontier positions [i, end), whose edges begin at `edge`. After each chunk its neighbours stand in
// hop.sources as the graph numbers them, and number(first edge, count) is called.
template <class Indptr, class Node, class Prefetch, class Number>
void draw_chunks(const Hop<Indptr, Node> &hop, WorkerScratch &scratch, int64_t i, int64_t end, int64_t edge,
                 Prefetch &&prefetch_entry, Number &&number) {
  using kernels::Draw;
  int64_t *positions = scratch.positions.data<int64_t>();
  uint64_t *block_nodes = scratch.block_nodes.data<uint64_t>(), *block_pairs = scratch.block_pairs.data<uint64_t>();
  uint64_t *x0 = scratch.block_x0.data<uint64_t>(), *x1 = scratch.block_x1.data<uint64_t>();
  const Node *frontier = hop.nodes + hop.first_local;
  const NodeRange *ranges = hop.ranges;
  const int64_t fanout = hop.fanout, pairs_per_node = fanout > 0 ? fanout / 2 + fanout % 2 : 0;
  const bool replace = hop.replace;
  // Copies, since a store of an int64 could otherwise be one to the hop's own numbers.
  const Node *indices = hop.indices;
  Node *sources = hop.sources, *targets = hop.targets;
  const int64_t first_local = hop.first_local;
  const uint64_t set_capacity = fanout > 0 && !replace ? kernels::pick_set_capacity(fanout) : 0;
  const kernels::PickSet set{scratch.pick_set.data<uint64_t>(), set_capacity - 1};

  while (i < end) {
    const int64_t chunk_begin = i;
    int64_t count = 0, blocks = 0;
    for (; i < end && count < kChunkEdges; ++i) {
      const int64_t degree = ranges[i].degree;
      const Draw how = kernels::how_to_draw(degree, fanout, replace);
      count += kernels::num_drawn(degree, fanout, replace);
      if (how == Draw::kFloyd || how == Draw::kWithReplacement) {
        const uint64_t node = static_cast<uint64_t>(frontier[i]);
        for (int64_t pair = 0; pair < pairs_per_node; ++pair) {
          block_nodes[blocks + pair] = node;
          block_pairs[blocks + pair] = static_cast<uint64_t>(pair);
        }
        blocks += pairs_per_node;
      }
    }
    draw_pairs(hop.subkey, block_nodes, block_pairs, blocks, x0, x1);

    int64_t filled = 0, block = 0;
    for (int64_t k = chunk_begin; k < i; ++k) {
      const NodeRange range = ranges[k];
      int64_t *picks = positions + filled;
      int64_t drawn = 0;
      switch (kernels::how_to_draw(range.degree, fanout, replace)) {
        case Draw::kNothing:
          break;
        case Draw::kAll:
          drawn = range.degree;
          for (int64_t s = 0; s < drawn; ++s) picks[s] = s;
          break;
        case Draw::kFloyd:
          drawn = fanout;
          kernels::draw_floyd_one_lane([first0 = x0 + block, first1 = x1 + block](
                                           int64_t s) { return s % 2 == 0 ? first0[s / 2] : first1[s / 2]; },
                                       range.degree, fanout, picks, set);
          block += pairs_per_node;
          break;
        case Draw::kWithReplacement:
          drawn = fanout;
          for (int64_t s = 0; s < drawn; ++s) {
            const uint64_t x = s % 2 == 0 ? x0[block + s / 2] : x1[block + s / 2];
            picks[s] = kernels::bounded(x, static_cast<uint64_t>(range.degree));
          }
          block += pairs_per_node;
          break;
      }
      for (int64_t s = 0; s < drawn; ++s) {
        picks[s] += range.begin;
        __builtin_prefetch(indices + picks[s]);
        targets[edge + filled + s] = static_cast<Node>(first_local + k);
      }
      filled += drawn;
    }

    Node *neighbors = sources + edge;
    for (int64_t e = 0; e < count; ++e) {
      neighbors[e] = indices[positions[e]];
      prefetch_entry(static_cast<uint64_t>(neighbors[e]));
    }
    if (hop.edge_ids != nullptr) {
      if (hop.graph_edge_ids == nullptr) {
        for (int64_t e = 0; e < count; ++e) hop.edge_ids[edge + e] = static_cast<Indptr>(positions[e]);
      } else {
        for (int64_t e = 0; e < count; ++e) __builtin_prefetch(hop.graph_edge_ids + positions[e]);
        for (int64_t e = 0; e < count; ++e) hop.edge_ids[edge + e] = hop.graph_edge_ids[positions[e]];
      }
    }
    number(edge, count);
    edge += count;
  }
}

// Draws [begin, end) of the frontier and replaces each neighbour by its number in `table`, where new ones get `next` and
// on; list[number] = node. `list` has room for one more than the new ones. Returns the next number.
template <bool kDense, class Indptr, class Node>
int64_t draw_and_number(const Hop<Indptr, Node> &hop, WorkerScratch &scratch, int64_t begin, int64_t end, int64_t edge,
                        kernels::NodeTable<kDense> table, Node *list, int64_t next) {
  draw_chunks(
      hop, scratch, begin, end, edge,
      [&](uint64_t node) {
        asm volatile("");  // or GCC 12 drops the call as one without effect
        __builtin_prefetch(table.first_word(node), 1);
      },
      [&](int64_t first, int64_t count) {
        Node *sources = hop.sources + first, *const here = list;
        kernels::NodeTable<kDense> local_table = table;
        int64_t running = next;
        for (int64_t e = 0; e < count; ++e) {
          const Node node = sources[e];
          const int64_t number = local_table.find_or_insert(static_cast<uint64_t>(node), running);
          here[running] = node;  // stays if the node is new, else is overwritten
          running += number == running;
          sources[e] = static_cast<Node>(number);
        }
        next = running;
      });
  return next;
}

// Returns how many nodes have numbers after the hop.
template <bool kDense, class Indptr, class Node>
int64_t sample_hop_private(const Hop<Indptr, Node> &hop, ThreadPool &pool, SampleWorkspace &workspace, int workers,
                           int64_t num_graph_nodes, const kernels::NodeTable<kDense> &table) {
  // For a node that a lower worker q met first, as its number `own` there, until that is final.
  const auto refer = [](int q, int64_t own) { return -2 - ((static_cast<int64_t>(q) << kernels::kValueBits) | own); };
  constexpr int64_t kNew = -1, kAhead = 16;

  int64_t begins[kMostPrivateTables + 1], edges[kMostPrivateTables + 1];
  kernels::NodeTable<kDense> tables[kMostPrivateTables];
  for (int worker = 0; worker <= workers; ++worker) {
    // Worker 0 gets 7 parts where the others get 8: its table is the one of the whole sample, half of which was last
    // written by others, so that it takes longer for an edge.
    begins[worker] = split_frontier(hop, workspace, 8 * workers - 1, worker > 0 ? 8 * worker - 1 : 0);
    edges[worker] = first_edge(hop, workspace, begins[worker]);
  }
  for (int worker = 0; worker < workers; ++worker) {
    WorkerScratch &scratch = workspace.workers[worker];
    reserve_draw_scratch(hop, scratch);
    if (worker == 0) {
      tables[worker] = table;
    } else {
      const int64_t most = edges[worker + 1] - edges[worker];
      tables[worker] = scratch.table.open<kDense>(num_graph_nodes, most);
      scratch.firsts.reserve<Node>(most + 1);
      scratch.final_number.reserve<int64_t>(most);
    }
  }

  pool.run(workers, [&](int worker) noexcept {
    WorkerScratch &scratch = workspace.workers[worker];
    Node *list = worker == 0 ? hop.nodes : scratch.firsts.data<Node>();
    const int64_t next = worker == 0 ? hop.num_numbered : 0;
    scratch.num_firsts = draw_and_number<kDense>(hop, scratch, begins[worker], begins[worker + 1], edges[worker],
                                                 tables[worker], list, next) -
                         next;
  });
  int64_t num_numbered = hop.num_numbered + workspace.workers[0].num_firsts;
  if (workers == 1) return num_numbered;

  // The merge. Each worker's list is split over all threads, and each part of it keeps its new nodes at its beginning.
  // No branch depends on whether a node is new, which is as good as random.
  constexpr int64_t kNewBit = int64_t{1} << 62;
  int64_t num_new[kMostPrivateTables][kMostPrivateTables] = {}, starts[kMostPrivateTables][kMostPrivateTables] = {};
  pool.run(workers, [&](int thread) noexcept {
    for (int owner = 1; owner < workers; ++owner) {
      WorkerScratch &scratch = workspace.workers[owner];
      Node *firsts = scratch.firsts.data<Node>();
      int64_t *final_number = scratch.final_number.data<int64_t>();
      const int64_t begin = ThreadPool::split(scratch.num_firsts, workers, thread);
      const int64_t end = ThreadPool::split(scratch.num_firsts, workers, thread + 1);
      int64_t found_new = 0;
      for (int64_t i = begin; i < end; ++i) {
        if (i + kAhead < end) {
          const uint64_t ahead = static_cast<uint64_t>(firsts[i + kAhead]);
          for (int lower = 0; lower < owner; ++lower) __builtin_prefetch(tables[lower].first_word(ahead));
        }
        const Node node = firsts[i];
        int64_t number = tables[0].find(static_cast<uint64_t>(node));
        for (int lower = 1; lower < owner && number == kNew; ++lower) {
          const int64_t own = tables[lower].find(static_cast<uint64_t>(node));
          if (own != kernels::kNoValue) number = refer(lower, own);
        }
        firsts[begin + found_new] = node;
        final_number[i] = number == kNew ? kNewBit | found_new : number;
        found_new += number == kNew;
      }
      num_new[owner][thread] = found_new;
    }
  });
  static_assert(kernels::kNoValue == kNew, "a node in no table is new");
  for (int owner = 1; owner < workers; ++owner) {
    for (int thread = 0; thread < workers; ++thread) {
      starts[owner][thread] = num_numbered;
      num_numbered += num_new[owner][thread];
    }
  }
  pool.run(workers, [&](int thread) noexcept {
    for (int owner = 1; owner < workers; ++owner) {
      WorkerScratch &scratch = workspace.workers[owner];
      const int64_t begin = ThreadPool::split(scratch.num_firsts, workers, thread);
      const int64_t end = ThreadPool::split(scratch.num_firsts, workers, thread + 1);
      const Node *firsts = scratch.firsts.data<Node>() + begin;
      const int64_t start = starts[owner][thread], count = num_new[owner][thread];
      if (count > 0) std::memcpy(hop.nodes + start, firsts, static_cast<size_t>(count) * sizeof(Node));
      if (!hop.is_last) {
        for (int64_t i = 0; i < count; ++i) {
          if (i + kAhead < count) __builtin_prefetch(table.first_word(static_cast<uint64_t>(firsts[i + kAhead])), 1);
          const uint64_t node = static_cast<uint64_t>(firsts[i]);
          // Each is new once, so that a dense table's words are written by one thread each.
          if constexpr (kDense) {
            table.renumber(node, start + i);
          } else {
            table.insert_least(node, start + i);
          }
        }
      }
      int64_t *final_number = scratch.final_number.data<int64_t>();
      for (int64_t i = begin; i < end; ++i) {
        const int64_t number = final_number[i];
        final_number[i] = number >= kNewBit ? start + (number ^ kNewBit) : number;
      }
    }
  });
  pool.run(workers, [&](int thread) noexcept {
    for (int owner = 1; owner < workers; ++owner) {
      const int64_t *final_number = workspace.workers[owner].final_number.data<int64_t>();
      const int64_t count = edges[owner + 1] - edges[owner];
      const int64_t begin = edges[owner] + ThreadPool::split(count, workers, thread);
      const int64_t end = edges[owner] + ThreadPool::split(count, workers, thread + 1);
      for (int64_t e = begin; e < end; ++e) {
        int64_t number = final_number[hop.sources[e]];
        if (number < kNew) {
          const int64_t reference = -2 - number;
          const int lower = static_cast<int>(reference >> kernels::kValueBits);
          const int64_t own = reference & static_cast<int64_t>(kernels::kValueMask);
          number = workspace.workers[lower].final_number.data<int64_t>()[own];
        }
        hop.sources[e] = static_cast<Node>(number);
      }
    }
  });
  return num_numbered;
}

}  // namespace uni::cpu
