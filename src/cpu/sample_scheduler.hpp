// SPDX-License-Identifier: Apache-2.0
// Neighbour sampling over several hops on the threads of a pool, with lane groups of any width.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>

#include "core/bounds_error.hpp"
#include "cpu/backend.hpp"
#include "cpu/sample_hop.hpp"
#include "cpu/sample_private_tables.hpp"
#include "cpu/sample_shared_table.hpp"
#include "cpu/sample_workspaces.hpp"
#include "unitensor/sample.h"

namespace uni::cpu {

// Output blocks that go back unless they are handed over.
class OutputBlocks {
 public:
  OutputBlocks(void *self, uni_sample_output &output) : self_(self), output_(output) {}
  ~OutputBlocks() {
    if (handed_over_) return;
    for (int i = 0; i < num_blocks_; ++i) {
      release(self_, blocks_[i]);
      *blocks_[i] = uni_memory_block{};
    }
  }
  OutputBlocks(const OutputBlocks &) = delete;
  OutputBlocks &operator=(const OutputBlocks &) = delete;

  template <class T>
  T *allocate(uni_memory_block &block, int64_t count) {
    int64_t bytes;
    if (__builtin_mul_overflow(count, static_cast<int64_t>(sizeof(T)), &bytes)) throw std::bad_alloc();
    uni_error error = UNI_ERROR_INIT;
    throw_if_failed(cpu::allocate(self_, UNI_MEMORY_HOST, 0, bytes, &block, &error), error);
    blocks_[num_blocks_++] = &block;
    return static_cast<T *>(block.data);
  }
  void hand_over() noexcept { handed_over_ = true; }
  uni_sample_output &output() const noexcept { return output_; }

 private:
  void *self_;
  uni_sample_output &output_;
  uni_memory_block *blocks_[5] = {};
  int num_blocks_ = 0;
  bool handed_over_ = false;
};

template <class Group, class Indptr, class Node, class Seed>
class Sampler {
 public:
  Sampler(ThreadPool &pool, SampleWorkspace &workspace, const uni_sample_plan &plan, uint64_t order,
          OutputBlocks &blocks)
      : pool_(pool), workspace_(workspace), plan_(plan), order_(order), blocks_(blocks) {}

  void run() {
    check_seeds();
    workspace_.reserve_workers(pool_.num_threads());
    if (plan_.graph.num_nodes <= kMostDenseNodes) {
      run_with_table<true>();
    } else {
      run_with_table<false>();
    }
  }

 private:
  // A dense table of 64 MiB; larger graphs get a hash table.
  static constexpr int64_t kMostDenseNodes = int64_t{8} << 20;
  // Edges from which another worker pays. Wide groups are for tests, which want many workers.
  static constexpr int64_t kEdgesPerWorker = Group::kLanes == 1 ? 4096 : 64;

  const Seed *seeds() const { return static_cast<const Seed *>(plan_.seeds); }
  bool with_edge_ids() const { return (plan_.flags & UNI_SAMPLE_WITH_EDGE_IDS) != 0; }

  int workers_for(int64_t edges) const {
    const int64_t most = edges / kEdgesPerWorker + 1;
    return most < pool_.num_threads() ? static_cast<int>(most) : pool_.num_threads();
  }

  void check_seeds() const {
    const int64_t count = plan_.num_seeds;
    for (int64_t i = 0; i < count; ++i) {
      const int64_t seed = static_cast<int64_t>(seeds()[i]);
      if (static_cast<uint64_t>(seed) >= static_cast<uint64_t>(plan_.graph.num_nodes))
        throw seed_error(i, seed, plan_.graph.num_nodes);
    }
    if (plan_.graph.num_nodes > static_cast<int64_t>(kernels::kValueMask))
      throw too_many_nodes_error(plan_.graph.num_nodes);
    check_numbers(count);
  }

  // Local numbers have the dtype of the graph's indices.
  static void check_numbers(int64_t num_numbered) {
    if (num_numbered - 1 > static_cast<int64_t>(std::numeric_limits<Node>::max()))
      throw too_many_numbers_error(num_numbered);
  }

  // Room for `count` local numbers, and for one more entry that a numbering loop may scribble on.
  void reserve_nodes(int64_t count, int64_t keep) { nodes_ = workspace_.nodes.reserve<Node>(count + 1, keep); }

  template <bool kDense>
  void run_with_table() {
    const uni_graph_view &graph = plan_.graph;
    auto table = workspace_.table.open<kDense>(graph.num_nodes, plan_.num_seeds);
    number_seeds(table);
    uni_sample_output &output = blocks_.output();
    output.hop_nodes[0] = num_numbered_;

    int64_t first_local = 0;
    for (int32_t h = 0; h < plan_.num_hops; ++h) {
      Hop<Indptr, Node> hop{};
      hop.indptr = static_cast<const Indptr *>(graph.indptr);
      hop.indices = static_cast<const Node *>(graph.indices);
      hop.graph_edge_ids = static_cast<const Indptr *>(graph.edge_ids);
      hop.fanout = plan_.fanouts[h];
      hop.replace = (plan_.flags & UNI_SAMPLE_REPLACE) != 0;
      hop.subkey =
          kernels::make_subkey(plan_.seed, 0, static_cast<uint32_t>(h), 0,
                               hop.replace ? kernels::Method::kUniformWithReplacement : kernels::Method::kUniform);
      hop.is_last = h + 1 == plan_.num_hops;
      hop.first_local = first_local;
      hop.frontier_size = num_numbered_ - first_local;
      hop.num_numbered = num_numbered_;
      hop.nodes = nodes_;
      hop.ranges = workspace_.ranges.reserve<NodeRange>(hop.frontier_size);
      measure_frontier(hop, pool_, workspace_);

      // No more new nodes than edges, nor than the graph has.
      const int64_t most_new = std::min(hop.num_edges, graph.num_nodes);
      reserve_nodes(num_numbered_ + most_new, num_numbered_);
      hop.nodes = nodes_;
      table = workspace_.table.grow<kDense>(num_numbered_ + most_new, nodes_, num_numbered_);
      place_edges(hop);
      first_local = num_numbered_;
      const int workers = workers_for(hop.num_edges);
      if (hop.num_edges > 0) {
        num_numbered_ = Group::kLanes == 1 && workers <= kMostPrivateTables
                            ? sample_hop_private<kDense>(hop, pool_, workspace_, workers, graph.num_nodes, table)
                            : sample_hop_shared<Group, kDense>(hop, pool_, workspace_, workers, order_, table);
        check_numbers(num_numbered_);
      }
      num_edges_ += hop.num_edges;
      output.hop_edges[h] = hop.num_edges;
      output.hop_nodes[h + 1] = num_numbered_ - first_local;
    }
    if (plan_.num_hops == 0) allocate_edges(0);
    copy_out(blocks_.template allocate<Node>(output.nodes, num_numbered_), nodes_, num_numbered_);
  }

  template <class Table>
  void number_seeds(Table &table) {
    const int64_t count = plan_.num_seeds;
    reserve_nodes(count, 0);
    Node *seed_index = blocks_.template allocate<Node>(blocks_.output().seed_index, count);
    int64_t next = 0;
    const bool unique = (plan_.flags & UNI_SAMPLE_UNIQUE_SEEDS) != 0;
    for (int64_t i = 0; i < count; ++i) {
      const Node seed = static_cast<Node>(seeds()[i]);
      const int64_t number = table.find_or_insert(static_cast<uint64_t>(seed), next);
      nodes_[next] = seed;
      seed_index[i] = static_cast<Node>(unique ? number : i);
      next += unique ? number == next : 1;
    }
    num_numbered_ = next;
  }

  // Edges of the last hop go straight to the output, whose size is known by then; those before are kept until then.
  void place_edges(Hop<Indptr, Node> &hop) {
    const int64_t total = num_edges_ + hop.num_edges;
    if (hop.is_last) {
      allocate_edges(total);
    } else {
      sources_ = workspace_.sources.reserve<Node>(total, num_edges_);
      targets_ = workspace_.targets.reserve<Node>(total, num_edges_);
      if (with_edge_ids()) edge_ids_ = workspace_.edge_ids.reserve<Indptr>(total, num_edges_);
    }
    hop.sources = sources_ + num_edges_;
    hop.targets = targets_ + num_edges_;
    hop.edge_ids = with_edge_ids() ? edge_ids_ + num_edges_ : nullptr;
  }

  void allocate_edges(int64_t total) {
    uni_sample_output &output = blocks_.output();
    const Node *sources = sources_, *targets = targets_;
    const Indptr *edge_ids = edge_ids_;
    sources_ = blocks_.template allocate<Node>(output.sources, total);
    targets_ = blocks_.template allocate<Node>(output.targets, total);
    copy_out(sources_, sources, num_edges_);
    copy_out(targets_, targets, num_edges_);
    if (with_edge_ids()) {
      edge_ids_ = blocks_.template allocate<Indptr>(output.edge_ids, total);
      copy_out(edge_ids_, edge_ids, num_edges_);
    }
  }

  template <class T>
  void copy_out(T *destination, const T *source, int64_t count) {
    constexpr int64_t kGrain = 1 << 15;
    pool_.for_ranges(count, kGrain, [&](int, int64_t begin, int64_t end) noexcept {
      if (begin < end) std::memcpy(destination + begin, source + begin, static_cast<size_t>(end - begin) * sizeof(T));
    });
  }

  ThreadPool &pool_;
  SampleWorkspace &workspace_;
  const uni_sample_plan &plan_;
  uint64_t order_;
  OutputBlocks &blocks_;

  Node *nodes_ = nullptr;
  Node *sources_ = nullptr, *targets_ = nullptr;
  Indptr *edge_ids_ = nullptr;
  int64_t num_numbered_ = 0, num_edges_ = 0;
};

template <class Group, class Indptr, class Node>
void sample_with_seeds(Backend &backend, SampleWorkspace &workspace, const uni_sample_plan &plan, uint64_t order,
                       OutputBlocks &blocks) {
  if (plan.seeds_dtype == UNI_DTYPE_INT32) {
    Sampler<Group, Indptr, Node, int32_t>(backend.pool, workspace, plan, order, blocks).run();
  } else {
    Sampler<Group, Indptr, Node, int64_t>(backend.pool, workspace, plan, order, blocks).run();
  }
}

// The whole operation, with groups of Group's width whose lanes are visited in an order that `order` picks.
template <class Group>
uni_status sample_with_groups(void *self, const uni_sample_plan &plan, uint64_t order, uni_sample_output *output,
                              uni_error *error) noexcept {
  return guard(error, [&] {
    Backend &backend = *static_cast<Backend *>(self);
    *output = uni_sample_output{};
    OutputBlocks blocks(self, *output);
    const WorkspaceLease lease(*backend.sample_workspaces);
    const bool wide_indptr = plan.graph.indptr_dtype == UNI_DTYPE_INT64;
    const bool wide_indices = plan.graph.indices_dtype == UNI_DTYPE_INT64;
    if (wide_indptr && wide_indices) {
      sample_with_seeds<Group, int64_t, int64_t>(backend, *lease, plan, order, blocks);
    } else if (wide_indptr) {
      sample_with_seeds<Group, int64_t, int32_t>(backend, *lease, plan, order, blocks);
    } else if (wide_indices) {
      sample_with_seeds<Group, int32_t, int64_t>(backend, *lease, plan, order, blocks);
    } else {
      sample_with_seeds<Group, int32_t, int32_t>(backend, *lease, plan, order, blocks);
    }
    blocks.hand_over();
  });
}

}  // namespace uni::cpu
