// SPDX-License-Identifier: Apache-2.0
#include "sample_passes.hpp"

#include "kernels/sample_neighbors.hpp"

#include "unitensor/sample.h"

namespace uni::cuda {
namespace {

// Sets of picks for large fan-outs are one to a lane group; more groups than this memory allows have to take turns.
constexpr int64_t most_set_bytes = int64_t{64} << 20;

int64_t round_up_to_line(int64_t bytes) { return (bytes + 63) & ~int64_t{63}; }

}  // namespace

SamplePasses::SamplePasses(Backend &backend, Operation &operation, const uni_sample_plan &plan,
                           const GraphMemory &graph_memory)
    : backend_(backend), operation_(operation), plan_(plan) {
  base_.indptr_dtype = plan.graph.indptr_dtype;
  base_.node_dtype = plan.graph.indices_dtype;
  base_.seeds_dtype = plan.seeds_dtype;
  base_.record = operation.record();
  base_.seeds = plan.seeds;
  base_.num_seeds = plan.num_seeds;
  base_.num_graph_nodes = plan.graph.num_nodes;
  base_.num_graph_edges = plan.graph.num_edges;
  base_.indptr = plan.graph.indptr;
  base_.indices = plan.graph.indices;
  base_.graph_edge_ids = plan.graph.edge_ids;
  base_.indices_over_link = graph_memory.indices != PointerKind::kDevice;
  base_.edge_ids_over_link = plan.graph.edge_ids != nullptr && graph_memory.edge_ids != PointerKind::kDevice;
  base_.replace = (plan.flags & UNI_SAMPLE_REPLACE) != 0;
}

bool SamplePasses::with_edge_ids() const noexcept { return (plan_.flags & UNI_SAMPLE_WITH_EDGE_IDS) != 0; }

SampleArray SamplePasses::allocate_array(int64_t length, int64_t entry_bytes, int64_t tail_bytes) {
  SampleArray array;
  const int64_t entries = round_up_to_line(length * entry_bytes);
  array.num_bytes = entries + tail_bytes;
  array.data = operation_.allocate(array.num_bytes);
  array.count = reinterpret_cast<int64_t *>(static_cast<char *>(array.data) + entries);
  Calls &calls = backend_.calls();
  if (entries > 0)
    calls.require(calls.api().set_bytes(array.data, 0xff, entries, operation_.stream()), "cudaMemsetAsync(%lld bytes)",
                  static_cast<long long>(entries));
  if (tail_bytes > 0)
    calls.require(calls.api().set_bytes(array.count, 0, tail_bytes, operation_.stream()), "cudaMemsetAsync(%lld bytes)",
                  static_cast<long long>(tail_bytes));
  return array;
}

void SamplePasses::launch(SampleRequest &request, SamplePass pass) {
  request.pass = pass;
  backend_.calls().require(backend_.api().launch_sample(request, operation_.stream()),
                           "pass %d of sampling (%lld seeds, hop %d)", static_cast<int>(pass),
                           static_cast<long long>(plan_.num_seeds), request.hop);
}

void SamplePasses::scan(int64_t *values, int64_t count) {
  Calls &calls = backend_.calls();
  int64_t num_bytes = 0;
  calls.require(calls.api().scan_workspace_bytes(count, &num_bytes), "the size of a scan of %lld numbers",
                static_cast<long long>(count));
  void *const workspace = operation_.allocate(num_bytes);
  calls.require(calls.api().scan(values, count, workspace, num_bytes, operation_.stream()), "a scan of %lld numbers",
                static_cast<long long>(count));
  operation_.free(workspace);
}

// From `met` to numbers. memory.found and memory.firsts are made here.
void SamplePasses::number(HopMemory &memory, SampleRequest &request) {
  const int64_t chunks = kernels::num_chunks(memory.edge_capacity);
  memory.found = operation_.allocate_array<int64_t>(memory.edge_capacity);
  memory.firsts = operation_.allocate_array<int64_t>(chunks + 1);
  memory.num_new = memory.firsts + chunks;
  request.met = memory.met;
  request.base = &base_.counts->num_nodes;
  request.capacity = memory.edge_capacity;
  request.found = memory.found;
  request.firsts = memory.firsts;
  launch(request, SamplePass::kInsertNodes);
  launch(request, SamplePass::kFindFirsts);
  scan(memory.firsts, chunks + 1);
  launch(request, SamplePass::kNumberNodes);
  launch(request, SamplePass::kLookUpNodes);
}

void SamplePasses::number_seeds(const TableRequest &table, void *nodes, void *seed_index) {
  SampleRequest request = base_;
  request.hop = -1;
  HopMemory memory;
  memory.edge_capacity = plan_.num_seeds;
  memory.met = operation_.allocate(plan_.num_seeds * node_bytes());
  request.met = memory.met;
  request.table = table;
  request.nodes = nodes;
  request.numbers = seed_index;
  launch(request, SamplePass::kCheckSeeds);
  launch(request, SamplePass::kStartSample);
  if ((plan_.flags & UNI_SAMPLE_UNIQUE_SEEDS) != 0) {
    request.positions = &base_.counts->num_seeds;
    request.keep = true;
    number(memory, request);
    request.num_new = memory.num_new;
  } else {
    launch(request, SamplePass::kPlaceSeeds);
  }
  launch(request, SamplePass::kFinishHop);
  free(memory);
}

HopMemory SamplePasses::count_draws(int hop, int64_t frontier_capacity, void *nodes) {
  HopMemory memory;
  memory.hop = hop;
  memory.frontier_capacity = frontier_capacity;
  memory.draws = operation_.allocate_array<int64_t>(frontier_capacity + 1);
  memory.lists = operation_.allocate_array<kernels::AdjacencyList>(frontier_capacity);
  memory.num_edges = memory.draws + frontier_capacity;
  SampleRequest request = base_;
  request.hop = hop;
  request.nodes = nodes;
  request.fanout = plan_.fanouts[hop];
  request.frontier_capacity = frontier_capacity;
  request.lists = memory.lists;
  request.draws = memory.draws;
  launch(request, SamplePass::kCountDraws);
  scan(memory.draws, frontier_capacity + 1);
  return memory;
}

void SamplePasses::draw_edges(HopMemory &memory, int64_t edge_capacity, void *nodes, const EdgeArrays &edges,
                              bool behind_earlier_hops) {
  memory.edge_capacity = edge_capacity;
  memory.met = operation_.allocate(edge_capacity * node_bytes());
  memory.picks = operation_.allocate_array<int64_t>(edge_capacity);
  SampleRequest request = base_;
  request.hop = memory.hop;
  request.nodes = nodes;
  request.met = memory.met;
  request.fanout = plan_.fanouts[memory.hop];
  request.subkey =
      kernels::make_subkey(plan_.seed, 0, static_cast<uint32_t>(memory.hop), 0,
                           base_.replace ? kernels::Method::kUniformWithReplacement : kernels::Method::kUniform);
  request.frontier_capacity = memory.frontier_capacity;
  request.lists = memory.lists;
  request.draws = memory.draws;
  request.picks = memory.picks;
  if (!base_.replace && request.fanout > 0 && edge_capacity > 0) {
    request.set_capacity = kernels::pick_set_capacity(request.fanout);
    if (request.set_capacity > 0) {
      const int64_t set_bytes = static_cast<int64_t>(request.set_capacity) * 8;
      request.num_sets = std::clamp<int64_t>(most_set_bytes / set_bytes, 1, memory.frontier_capacity);
      memory.sets = operation_.allocate_array<uint64_t>(request.num_sets * static_cast<int64_t>(request.set_capacity));
      request.sets = memory.sets;
    }
  }
  request.behind_earlier_hops = behind_earlier_hops;
  request.targets = edges.targets;
  request.edge_ids = edges.edge_ids;
  if (edge_capacity > 0) launch(request, SamplePass::kDrawEdges);
}

void SamplePasses::number_nodes(HopMemory &memory, const TableRequest &table, void *nodes, const EdgeArrays &edges,
                                bool behind_earlier_hops, bool keep) {
  SampleRequest request = base_;
  request.hop = memory.hop;
  request.positions = memory.num_edges;
  request.table = table;
  request.keep = keep;
  request.numbers = edges.sources;
  request.shift = behind_earlier_hops ? &base_.counts->num_edges : nullptr;
  request.nodes = nodes;
  number(memory, request);
  request.num_edges = memory.num_edges;
  request.num_new = memory.num_new;
  launch(request, SamplePass::kFinishHop);
}

void SamplePasses::refill_table(const TableRequest &table, void *nodes, int64_t num_nodes) {
  SampleRequest request = base_;
  request.table = table;
  request.nodes = nodes;
  request.capacity = num_nodes;
  if (num_nodes > 0) launch(request, SamplePass::kRefillTable);
}

void SamplePasses::finish_sample(int64_t *const (&edge_counts)[3]) {
  SampleRequest request = base_;
  std::copy_n(edge_counts, 3, request.edge_counts);
  launch(request, SamplePass::kFinishSample);
}

void SamplePasses::free(HopMemory &memory) noexcept {
  for (void *data : {static_cast<void *>(memory.lists), static_cast<void *>(memory.draws), memory.met,
                     static_cast<void *>(memory.picks), static_cast<void *>(memory.sets),
                     static_cast<void *>(memory.found), static_cast<void *>(memory.firsts)})
    if (data != nullptr) operation_.free(data);
}

kernels::SampleCounts SamplePasses::read_counts() {
  return backend_.read_back().read(base_.counts, operation_.stream());
}

int64_t SamplePasses::read(const int64_t *number) { return backend_.read_back().read(number, operation_.stream()); }

}  // namespace uni::cuda
