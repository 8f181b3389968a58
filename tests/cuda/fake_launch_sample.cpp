// SPDX-License-Identifier: Apache-2.0
// Graphs, samples and scans on the fake.
#include <utility>

#include "fake_launch.hpp"

namespace uni::cuda::fake {
static bool reaches(const Machine &machine, const ValidateGraphRequest &r) {
  return Reach(machine)
      .bytes(r.graph.indptr, (r.graph.num_nodes + 1) * size_of_index(r.graph.indptr_dtype))
      .bytes(r.graph.indices, r.graph.num_edges * size_of_index(r.graph.indices_dtype))
      .bytes(r.indptr_record, sizeof *r.indptr_record)
      .bytes(r.indices_record, sizeof *r.indices_record)
      .good();
}

static bool reaches(const Machine &machine, const SampleRequest &r) {
  const int64_t node = size_of_index(r.node_dtype), offset = size_of_index(r.indptr_dtype);
  Reach reach(machine);
  reach.bytes(r.counts, sizeof *r.counts);
  switch (r.pass) {
    case SamplePass::kCheckSeeds:
      return reach.bytes(r.seeds, r.num_seeds * size_of_index(r.seeds_dtype)).bytes(r.record, sizeof *r.record).good();
    case SamplePass::kStartSample:
      return reach.bytes(r.seeds, r.num_seeds * size_of_index(r.seeds_dtype)).bytes(r.met, r.num_seeds * node).good();
    case SamplePass::kPlaceSeeds:
      return reach.bytes(r.nodes, r.num_seeds * node).table(r.table, r.num_graph_nodes).good();
    case SamplePass::kCountDraws:
      return reach.bytes(r.indptr, (r.num_graph_nodes + 1) * offset)
          .bytes(r.draws, 8 * (r.frontier_capacity + 1))
          .bytes(r.lists, 16 * r.frontier_capacity)
          .good();
    case SamplePass::kDrawEdges:
      return reach.bytes(r.draws, 8 * (r.frontier_capacity + 1))
          .bytes(r.lists, 16 * r.frontier_capacity)
          .bytes(r.indices, r.num_graph_edges * node)
          .optional(r.graph_edge_ids, r.num_graph_edges * offset)
          .bytes(r.nodes, 1)
          .bytes(r.met, 1)
          .bytes(r.picks, 1)
          .bytes(r.targets, 1)
          .optional(r.edge_ids, 1)
          .optional(r.sets, 8 * r.num_sets * static_cast<int64_t>(r.set_capacity))
          .good();
    case SamplePass::kInsertNodes:
    case SamplePass::kFindFirsts:
    case SamplePass::kNumberNodes:
    case SamplePass::kLookUpNodes:
      return reach.bytes(r.met, r.capacity * node)
          .bytes(r.found, r.capacity * 8)
          .bytes(r.firsts, 8 * (kernels::num_chunks(r.capacity) + 1))
          .bytes(r.positions, 8)
          .bytes(r.base, 8)
          .bytes(r.numbers, r.capacity > 0)
          .optional(r.shift, 8)
          .table(r.table, r.num_graph_nodes)
          .good();
    case SamplePass::kRefillTable:
      return reach.bytes(r.nodes, r.capacity * node).table(r.table, r.num_graph_nodes).good();
    case SamplePass::kFinishHop:
    case SamplePass::kFinishSample:
      return reach.optional(r.num_edges, 8).optional(r.num_new, 8).good();
  }
  return false;
}

Result launch_validate_graph(const ValidateGraphRequest &request, Stream stream) {
  return enqueue(request, stream,
                 [](const ValidateGraphRequest &r, Launch &&launch) { return dispatch_validate_graph(r, launch); });
}
Result launch_sample(const SampleRequest &request, Stream stream) {
  return enqueue(request, stream, [](const SampleRequest &r, Launch &&launch) { return dispatch_sample(r, launch); });
}

Result scan_workspace_bytes(int64_t, int64_t *num_bytes) {
  *num_bytes = 1;
  return kSuccess;
}

Result scan(int64_t *values, int64_t count, void *workspace, int64_t workspace_bytes, Stream stream) {
  Machine &machine = Machine::instance();
  const std::lock_guard<std::mutex> lock(machine.mutex);
  if (const Result failed = machine.begin_call_locked(); failed != kSuccess) return failed;
  machine.enqueue_locked(machine.stream_of_locked(stream), [&machine, values, count, workspace, workspace_bytes] {
    if (machine.fatal != kSuccess) return;
    if (!Reach(machine).bytes(values, 8 * count).bytes(workspace, workspace_bytes).good())
      return machine.poison_locked(kIllegalAddress);
    machine.on_device_locked([&] {
      int64_t sum = 0;
      for (int64_t i = 0; i < count; ++i) sum += std::exchange(values[i], sum);
    });
  });
  return kSuccess;
}

}  // namespace uni::cuda::fake
