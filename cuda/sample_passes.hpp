// SPDX-License-Identifier: Apache-2.0
// The passes of a sample, enqueued one by one on an operation's stream with the memory that each needs.
#pragma once

#include <algorithm>

#include "backend.hpp"
#include "tables.hpp"

namespace uni::cuda {

// An array of the sample's on the device. Its count lies behind its entries.
struct SampleArray {
  void *data = nullptr;
  int64_t num_bytes = 0;
  int64_t *count = nullptr;
};

struct EdgeArrays {
  void *sources = nullptr, *targets = nullptr, *edge_ids = nullptr;
};

// Where the entries of a graph lie.
struct GraphMemory {
  PointerKind indices, edge_ids;
};

// What the passes of one hop share.
struct HopMemory {
  int hop = -1;  // -1: the seeds
  int64_t frontier_capacity = 0;
  kernels::AdjacencyList *lists = nullptr;
  int64_t *draws = nullptr;            // after the scan: the first edge of each node of the frontier, and the total
  const int64_t *num_edges = nullptr;  // the total, in memory
  int64_t edge_capacity = 0;
  void *met = nullptr;
  int64_t *picks = nullptr;
  uint64_t *sets = nullptr;
  int64_t *found = nullptr;
  int64_t *firsts = nullptr;  // after the scan: the new nodes before each chunk, and the total
  const int64_t *num_new = nullptr;
};

class SamplePasses {
 public:
  SamplePasses(Backend &backend, Operation &operation, const uni_sample_plan &plan, const GraphMemory &graph_memory);

  int64_t node_bytes() const noexcept { return plan_.graph.indices_dtype == UNI_DTYPE_INT64 ? 8 : 4; }
  int64_t edge_id_bytes() const noexcept { return plan_.graph.indptr_dtype == UNI_DTYPE_INT64 ? 8 : 4; }
  bool with_edge_ids() const noexcept;

  // An array of `length` entries, all -1, with `tail_bytes` zeroed behind it.
  SampleArray allocate_array(int64_t length, int64_t entry_bytes, int64_t tail_bytes);
  // Zeroed; set before anything else.
  void use_counts(kernels::SampleCounts *counts) noexcept { base_.counts = counts; }
  kernels::SampleCounts *counts() const noexcept { return base_.counts; }

  // Checks the seeds and gives them numbers.
  void number_seeds(const TableRequest &table, void *nodes, void *seed_index);
  // The draws of a hop, whose frontier has at most `frontier_capacity` nodes.
  HopMemory count_draws(int hop, int64_t frontier_capacity, void *nodes);
  // The edges of a hop, at most `edge_capacity`. `behind_earlier_hops`: the arrays are those of the whole sample.
  void draw_edges(HopMemory &memory, int64_t edge_capacity, void *nodes, const EdgeArrays &edges,
                  bool behind_earlier_hops);
  // Numbers what the hop has met, the new nodes into `nodes`, and brings the counts up to date.
  void number_nodes(HopMemory &memory, const TableRequest &table, void *nodes, const EdgeArrays &edges,
                    bool behind_earlier_hops, bool keep);
  void refill_table(const TableRequest &table, void *nodes, int64_t num_nodes);
  void finish_sample(int64_t *const (&edge_counts)[3]);
  void free(HopMemory &memory) noexcept;

  // Blocks until all passes so far have run.
  kernels::SampleCounts read_counts();
  int64_t read(const int64_t *number);

 private:
  void launch(SampleRequest &request, SamplePass pass);
  void scan(int64_t *values, int64_t count);
  void number(HopMemory &memory, SampleRequest &request);

  Backend &backend_;
  Operation &operation_;
  const uni_sample_plan &plan_;
  SampleRequest base_ = {};
};

}  // namespace uni::cuda
