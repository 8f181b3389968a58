// SPDX-License-Identifier: Apache-2.0
// Schedules neighbour sampling: which arrays, of what size, and which passes run over them.
//
// Two ways. Where the fan-outs bound the sample, arrays get the size of the bound, everything is enqueued at once, and the
// counts stay on the device. Where they do not, or the bound is far too large, the host waits for the counts of each hop
// and makes arrays of exactly that size.
#include <limits>
#include <memory>
#include <optional>
#include <vector>

#include "core/bounds_error.hpp"
#include "core/dtype.hpp"
#include "graph_bytes.hpp"
#include "sample_passes.hpp"
#include "unitensor/sample.h"

namespace uni::cuda {
namespace {

// A bound of more edges than this is worth waiting for the counts instead.
constexpr int64_t most_bounded_edges = int64_t{1} << 24;

struct Bounds {
  int64_t frontier[kernels::kMostHops];
  int64_t edges[kernels::kMostHops];
  int64_t num_nodes;
  int64_t num_edges;
};

// The most that a sample can have; nothing where the fan-outs do not say, or say too much.
std::optional<Bounds> bounds_of(const uni_sample_plan &plan) {
  Bounds bounds = {};
  int64_t frontier = plan.num_seeds, met = 0;
  if (frontier > most_bounded_edges) return {};
  for (int32_t hop = 0; hop < plan.num_hops; ++hop) {
    bounds.frontier[hop] = frontier;
    int64_t edges = 0;
    if (plan.fanouts[hop] < 0 || __builtin_mul_overflow(frontier, plan.fanouts[hop], &edges)) return {};
    if (edges > most_bounded_edges - bounds.num_edges) return {};
    bounds.edges[hop] = edges;
    bounds.num_edges += edges;
    frontier = std::min(edges, plan.graph.num_nodes);
    met += frontier;
  }
  bounds.num_nodes = plan.num_seeds + std::min(met, plan.graph.num_nodes);
  return bounds;
}

// What a sample without a wait leaves behind until somebody waits.
struct PendingSample {
  uint64_t operation;
  int32_t device_id;
  int32_t num_hops;
  int64_t num_graph_nodes;
  const kernels::SampleCounts *counts;  // behind the nodes
};

void give_counts(const kernels::SampleCounts &counts, int32_t num_hops, uni_sample_output *output) {
  std::copy_n(counts.hop_nodes, num_hops + 1, output->hop_nodes);
  std::copy_n(counts.hop_edges, num_hops, output->hop_edges);
}

void hand_over(Operation &operation, const SampleArray &array, int32_t device_id, uni_memory_block *block) {
  operation.keep(array.data);
  *block = {array.data, array.num_bytes, UNI_MEMORY_DEVICE, device_id, nullptr};
}

void sample_within_bounds(Operation &operation, SamplePasses &passes, Backend &backend, const uni_sample_plan &plan,
                          const Bounds &bounds, uni_sample_output *output) {
  constexpr int64_t count_bytes = 64;
  const SampleArray nodes = passes.allocate_array(bounds.num_nodes, passes.node_bytes(), sizeof(kernels::SampleCounts));
  passes.use_counts(reinterpret_cast<kernels::SampleCounts *>(nodes.count));
  const SampleArray seed_index = passes.allocate_array(plan.num_seeds, passes.node_bytes(), 0);
  const SampleArray sources = passes.allocate_array(bounds.num_edges, passes.node_bytes(), count_bytes);
  const SampleArray targets = passes.allocate_array(bounds.num_edges, passes.node_bytes(), count_bytes);
  SampleArray edge_ids;
  if (passes.with_edge_ids()) edge_ids = passes.allocate_array(bounds.num_edges, passes.edge_id_bytes(), count_bytes);
  const EdgeArrays edges = {sources.data, targets.data, edge_ids.data};
  const TableRequest table = make_table(backend, operation, plan.graph.num_nodes, bounds.num_nodes);
  passes.number_seeds(table, nodes.data, seed_index.data);
  for (int32_t hop = 0; hop < plan.num_hops; ++hop) {
    HopMemory memory = passes.count_draws(hop, bounds.frontier[hop], nodes.data);
    passes.draw_edges(memory, bounds.edges[hop], nodes.data, edges, true);
    passes.number_nodes(memory, table, nodes.data, edges, true, hop + 1 < plan.num_hops);
    passes.free(memory);
  }
  passes.finish_sample({sources.count, targets.count, edge_ids.count});

  auto pending = std::make_unique<PendingSample>();
  pending->device_id = plan.device_id;
  pending->num_hops = plan.num_hops;
  pending->num_graph_nodes = plan.graph.num_nodes;
  pending->counts = passes.counts();
  hand_over(operation, nodes, plan.device_id, &output->nodes);
  hand_over(operation, seed_index, plan.device_id, &output->seed_index);
  hand_over(operation, sources, plan.device_id, &output->sources);
  hand_over(operation, targets, plan.device_id, &output->targets);
  if (edge_ids.data != nullptr) hand_over(operation, edge_ids, plan.device_id, &output->edge_ids);
  output->num_nodes_capacity = bounds.num_nodes;
  output->num_edges_capacity = bounds.num_edges;
  output->num_nodes = nodes.count;
  output->num_edges = sources.count;
  pending->operation = operation.finish();
  output->pending = pending.release();
}

// The arrays of one hop, joined when all hops are known.
struct HopArrays {
  SampleArray sources, targets, edge_ids;
  int64_t num_edges;
};

class ExactSample {
 public:
  ExactSample(Operation &operation, SamplePasses &passes, Backend &backend, const uni_sample_plan &plan)
      : operation_(operation), passes_(passes), backend_(backend), plan_(plan) {}

  void run(uni_sample_output *output) {
    const SampleArray counts = passes_.allocate_array(0, 1, sizeof(kernels::SampleCounts));
    passes_.use_counts(reinterpret_cast<kernels::SampleCounts *>(counts.count));
    const SampleArray seed_index = passes_.allocate_array(plan_.num_seeds, passes_.node_bytes(), 0);
    grow_nodes(plan_.num_seeds);
    grow_table(plan_.num_seeds);
    passes_.number_seeds(table_, nodes_.data, seed_index.data);
    kernels::SampleCounts now = passes_.read_counts();
    if (now.num_bad_seeds != 0) {
      operation_.silence();
      throw seed_error(now.bad_seed_position, now.bad_seed_value, plan_.graph.num_nodes);
    }
    check_numbers(now.num_nodes);
    for (int32_t hop = 0; hop < plan_.num_hops; ++hop) now = run_hop(hop, now);
    const SampleArray nodes = join_nodes(now.num_nodes);
    SampleArray edges[3];
    join_edges(now.num_edges, edges);
    hand_over(operation_, nodes, plan_.device_id, &output->nodes);
    hand_over(operation_, seed_index, plan_.device_id, &output->seed_index);
    hand_over(operation_, edges[0], plan_.device_id, &output->sources);
    hand_over(operation_, edges[1], plan_.device_id, &output->targets);
    if (edges[2].data != nullptr) hand_over(operation_, edges[2], plan_.device_id, &output->edge_ids);
    give_counts(now, plan_.num_hops, output);
    operation_.finish();
  }

 private:
  kernels::SampleCounts run_hop(int32_t hop, const kernels::SampleCounts &before) {
    // With replacement a node draws as many as it is asked for: the sum must not pass the end of 64 bits unnoticed.
    int64_t most_edges = 0;
    if (plan_.fanouts[hop] > static_cast<int64_t>(kernels::kValueMask) && (plan_.flags & UNI_SAMPLE_REPLACE) != 0)
      throw too_many_edges_error(before.frontier_size, plan_.fanouts[hop]);
    if ((plan_.flags & UNI_SAMPLE_REPLACE) != 0 && plan_.fanouts[hop] > 0 &&
        __builtin_mul_overflow(before.frontier_size, plan_.fanouts[hop], &most_edges))
      throw too_many_edges_error(before.frontier_size, plan_.fanouts[hop]);
    HopMemory memory = passes_.count_draws(hop, before.frontier_size, nodes_.data);
    const int64_t num_edges = passes_.read(memory.num_edges);
    // Edges and local numbers share the 40 bits of a table's value.
    if (num_edges < 0 || num_edges > static_cast<int64_t>(kernels::kValueMask) - before.num_nodes)
      throw too_many_edges_error(before.frontier_size, plan_.fanouts[hop]);
    const int64_t most_nodes = before.num_nodes + std::min(num_edges, plan_.graph.num_nodes);
    grow_nodes(most_nodes);
    grow_table(most_nodes);
    hops_.reserve(hops_.size() + 1);
    HopArrays arrays = {};
    arrays.num_edges = num_edges;
    arrays.sources = passes_.allocate_array(num_edges, passes_.node_bytes(), 0);
    arrays.targets = passes_.allocate_array(num_edges, passes_.node_bytes(), 0);
    if (passes_.with_edge_ids()) arrays.edge_ids = passes_.allocate_array(num_edges, passes_.edge_id_bytes(), 0);
    hops_.push_back(arrays);
    const EdgeArrays edges = {arrays.sources.data, arrays.targets.data, arrays.edge_ids.data};
    passes_.draw_edges(memory, num_edges, nodes_.data, edges, false);
    passes_.number_nodes(memory, table_, nodes_.data, edges, false, hop + 1 < plan_.num_hops);
    passes_.free(memory);
    const kernels::SampleCounts after = passes_.read_counts();
    check_numbers(after.num_nodes);
    num_nodes_ = after.num_nodes;
    return after;
  }

  void check_numbers(int64_t num_nodes) const {
    if (passes_.node_bytes() == 4 && num_nodes - 1 > std::numeric_limits<int32_t>::max())
      throw too_many_numbers_error(num_nodes);
    num_nodes_ = num_nodes;
  }

  void copy(void *to, const void *from, int64_t num_bytes) {
    if (num_bytes == 0) return;
    Calls &calls = backend_.calls();
    calls.require(calls.api().copy_rows(to, num_bytes, from, num_bytes, num_bytes, 1, operation_.stream()),
                  "cudaMemcpyAsync(%lld bytes)", static_cast<long long>(num_bytes));
  }

  void grow_nodes(int64_t capacity) {
    if (nodes_.data != nullptr && capacity <= node_capacity_) return;
    const SampleArray larger = passes_.allocate_array(capacity, passes_.node_bytes(), 0);
    copy(larger.data, nodes_.data, num_nodes_ * passes_.node_bytes());
    if (nodes_.data != nullptr) operation_.free(nodes_.data);
    nodes_ = larger;
    node_capacity_ = capacity;
  }

  // A table that has all nodes numbered so far, and room for `most`.
  void grow_table(int64_t most) {
    if (table_.words != nullptr && (table_.dense || 2 * most <= static_cast<int64_t>(table_.mask) + 1)) return;
    uint64_t *const before = table_.words;
    table_ = make_table(backend_, operation_, plan_.graph.num_nodes, most);
    if (before != nullptr) operation_.free(before);
    passes_.refill_table(table_, nodes_.data, num_nodes_);
  }

  SampleArray join_nodes(int64_t num_nodes) {
    if (num_nodes == node_capacity_) return nodes_;
    const SampleArray exact = passes_.allocate_array(num_nodes, passes_.node_bytes(), 0);
    copy(exact.data, nodes_.data, num_nodes * passes_.node_bytes());
    return exact;
  }

  void join_edges(int64_t num_edges, SampleArray (&joined)[3]) {
    const int64_t bytes[3] = {passes_.node_bytes(), passes_.node_bytes(), passes_.edge_id_bytes()};
    for (int part = 0; part < (passes_.with_edge_ids() ? 3 : 2); ++part) {
      joined[part] = passes_.allocate_array(num_edges, bytes[part], 0);
      int64_t at = 0;
      for (const HopArrays &hop : hops_) {
        const SampleArray &from = part == 0 ? hop.sources : part == 1 ? hop.targets : hop.edge_ids;
        copy(static_cast<char *>(joined[part].data) + at * bytes[part], from.data, hop.num_edges * bytes[part]);
        at += hop.num_edges;
      }
    }
  }

  Operation &operation_;
  SamplePasses &passes_;
  Backend &backend_;
  const uni_sample_plan &plan_;
  SampleArray nodes_;
  int64_t node_capacity_ = 0;
  mutable int64_t num_nodes_ = 0;
  TableRequest table_ = {};
  std::vector<HopArrays> hops_;
};

}  // namespace

uni_status sample_neighbors(void *self, const uni_sample_plan *plan, void *stream, uni_sample_output *output,
                            uni_error *error) noexcept {
  *output = {};
  return enter(self, error, [&](Backend &backend) {
    if (plan->graph.num_nodes > static_cast<int64_t>(kernels::kValueMask))
      throw too_many_nodes_error(plan->graph.num_nodes);
    const uni_graph_view &graph = plan->graph;
    const GraphBytes graph_bytes(graph);
    const int64_t seeds_bytes = plan->num_seeds * core::dtype_size(plan->seeds_dtype);
    backend.require_readable(plan->seeds, seeds_bytes, "seeds", plan->device_id);
    backend.require_readable(graph.indptr, graph_bytes.indptr, "graph", plan->device_id);
    GraphMemory memory = {};
    memory.indices = backend.require_readable(graph.indices, graph_bytes.indices, "graph", plan->device_id);
    memory.edge_ids = backend.require_readable(graph.edge_ids, graph_bytes.edge_ids, "graph", plan->device_id);
    BoundsQuestion question;
    question.kind = BoundsQuestion::kSeeds;
    question.report = true;
    question.num_rows = plan->graph.num_nodes;
    question.num_indices = plan->num_seeds;
    Operation operation(backend, plan->device_id, stream, true, question);
    operation.reads(plan->seeds, seeds_bytes);
    operation.reads(graph.indptr, graph_bytes.indptr);
    operation.reads(graph.indices, graph_bytes.indices);
    operation.reads(graph.edge_ids, graph_bytes.edge_ids);
    backend.service_streams().of(plan->device_id);  // the arrays will be freed on it
    SamplePasses passes(backend, operation, *plan, memory);
    if (const std::optional<Bounds> bounds = bounds_of(*plan); bounds.has_value())
      sample_within_bounds(operation, passes, backend, *plan, *bounds, output);
    else
      ExactSample(operation, passes, backend, *plan).run(output);
  });
}

uni_status sample_wait(void *self, uni_sample_output *output, uni_error *error) noexcept {
  return guard(error, [&] {
    Backend &backend = backend_of(self);
    Calls &calls = backend.calls();
    const std::unique_ptr<PendingSample> pending(static_cast<PendingSample *>(output->pending));
    output->pending = nullptr;
    calls.require_usable();
    const CaptureModeScope capture(calls);
    backend.timeline().wait(pending->operation);
    const DeviceScope scope(calls, pending->device_id);
    const Stream stream = backend.service_streams().of(pending->device_id);
    const kernels::SampleCounts counts = backend.read_back().read(pending->counts, stream);
    give_counts(counts, pending->num_hops, output);
    if (counts.num_bad_seeds != 0)
      throw seed_error(counts.bad_seed_position, counts.bad_seed_value, pending->num_graph_nodes);
  });
}

void sample_forget(void *, uni_sample_output *output) noexcept {
  delete static_cast<PendingSample *>(output->pending);
  output->pending = nullptr;
}

}  // namespace uni::cuda
