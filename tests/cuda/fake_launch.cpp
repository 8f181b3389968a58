// SPDX-License-Identifier: Apache-2.0
// The launchers of the fake: what CUDA would run on a device runs in host lane groups, when its turn in the stream comes.
// Before that every address is looked at: one that a device cannot reach ends the context.
#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>

#include "dispatch.hpp"
#include "fake_api.hpp"
#include "fake_machine.hpp"

namespace uni::cuda::fake {
namespace {

// Runs kernels, with the memory of the device accessible.
class Launch {
 public:
  explicit Launch(const Schedule &schedule) : schedule_(schedule) {}

  template <int kLanes, class Kernel>
  Result run(const Kernel &kernel, int64_t num_groups) {
    const int64_t groups = std::min(num_groups, schedule_.most_groups);
    if (groups <= 0) return kSuccess;
    const int threads = static_cast<int>(std::min<int64_t>(std::max(schedule_.threads, 1), groups));
    std::atomic<int64_t> next{0};
    const auto work = [&] {
      for (int64_t i = next.fetch_add(1, std::memory_order_relaxed); i < groups;
           i = next.fetch_add(1, std::memory_order_relaxed)) {
        // Groups in no particular order either.
        const int64_t group = schedule_.lane_order == 0 ? i : groups - 1 - i;
        kernels::HostGroup<kLanes> lanes(
            schedule_.lane_order == 0 ? 0 : schedule_.lane_order + static_cast<uint64_t>(group));
        kernel(lanes, group, groups);
      }
    };
    std::vector<std::thread> others;
    for (int t = 1; t < threads; ++t) others.emplace_back(work);
    work();
    for (std::thread &other : others) other.join();
    return kSuccess;
  }

 private:
  const Schedule schedule_;
};

// Gathers what addresses a launch may touch.
class Reach {
 public:
  explicit Reach(const Machine &machine) : machine_(machine) {}
  Reach &bytes(const void *data, int64_t num_bytes) {
    good_ &= data == nullptr ? num_bytes <= 0 : machine_.accessible_locked(data, num_bytes);
    return *this;
  }
  Reach &optional(const void *data, int64_t num_bytes) { return data == nullptr ? *this : bytes(data, num_bytes); }
  Reach &rows(const uni_rows &rows) {
    return bytes(rows.data,
                 rows.num_rows <= 0 || rows.row_bytes == 0 ? 0 : (rows.num_rows - 1) * rows.row_pitch + rows.row_bytes);
  }
  Reach &table(const TableRequest &table, int64_t num_keys) {
    return bytes(table.words, 8 * (table.dense ? num_keys : 2 * (static_cast<int64_t>(table.mask) + 1)));
  }
  bool good() const { return good_; }

 private:
  const Machine &machine_;
  bool good_ = true;
};

int64_t size_of_index(int32_t dtype) { return dtype == UNI_DTYPE_INT64 ? 8 : 4; }

bool reaches(const Machine &machine, const FillRequest &r) { return Reach(machine).rows(r.rows).good(); }

bool reaches(const Machine &machine, const GatherRequest &r) {
  return Reach(machine)
      .rows(r.plan.source)
      .rows(r.plan.out)
      .bytes(r.plan.index, r.plan.num_indices * size_of_index(r.plan.index_dtype))
      .optional(r.plan.count, 8)
      .optional(r.record, sizeof *r.record)
      .good();
}

bool reaches(const Machine &machine, const ScatterRequest &r) {
  Reach reach(machine);
  reach.rows(r.plan.destination).rows(r.plan.rows).optional(r.plan.count, 8).optional(r.record, sizeof *r.record);
  reach.bytes(r.plan.index, r.plan.num_indices * size_of_index(r.plan.index_dtype));
  if (r.pass != ScatterPass::kAdd) reach.table(r.table, r.plan.destination.num_rows);
  return reach.good();
}

bool reaches(const Machine &machine, const ValidateGraphRequest &r) {
  return Reach(machine)
      .bytes(r.graph.indptr, (r.graph.num_nodes + 1) * size_of_index(r.graph.indptr_dtype))
      .bytes(r.graph.indices, r.graph.num_edges * size_of_index(r.graph.indices_dtype))
      .bytes(r.indptr_record, sizeof *r.indptr_record)
      .bytes(r.indices_record, sizeof *r.indices_record)
      .good();
}

bool reaches(const Machine &machine, const SampleRequest &r) {
  const int64_t node = size_of_index(r.node_dtype), offset = size_of_index(r.indptr_dtype);
  Reach reach(machine);
  reach.bytes(r.counts, sizeof *r.counts);
  switch (r.pass) {
    case SamplePass::kCheckSeeds:
      return reach.bytes(r.seeds, r.num_seeds * size_of_index(r.seeds_dtype)).bytes(r.record, sizeof *r.record).good();
    case SamplePass::kStartSample:
      return reach.bytes(r.met, r.num_seeds * node).good();
    case SamplePass::kPlaceSeeds:
      return reach.bytes(r.nodes, r.num_seeds * node).table(r.table, r.num_graph_nodes).good();
    case SamplePass::kCountDraws:
      return reach.bytes(r.indptr, (r.num_graph_nodes + 1) * offset)
          .bytes(r.draws, 8 * (r.frontier_capacity + 1))
          .good();
    case SamplePass::kDrawEdges:
      return reach.bytes(r.draws, 8 * (r.frontier_capacity + 1))
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

// Enqueues a launch; `dispatch` is one of dispatch.hpp.
template <class Request, class Dispatch>
Result enqueue(const Request &request, Stream stream, Dispatch dispatch) {
  Machine &machine = Machine::instance();
  const std::lock_guard<std::mutex> lock(machine.mutex);
  if (const Result failed = machine.begin_call_locked(); failed != kSuccess) return failed;
  ++machine.launches;
  machine.enqueue_locked(machine.stream_of_locked(stream), [&machine, request, dispatch] {
    if (machine.poison_next != kSuccess) {
      machine.poison_locked(machine.poison_next);
      machine.poison_next = kSuccess;
    }
    if (machine.fatal != kSuccess) return;
    if (!reaches(machine, request)) return machine.poison_locked(kIllegalAddress);
    machine.on_device_locked([&] { dispatch(request, Launch(machine.schedule)); });
  });
  return kSuccess;
}

}  // namespace

Result launch_fill(const FillRequest &request, Stream stream) {
  return enqueue(request, stream, [](const FillRequest &r, Launch &&launch) { return dispatch_fill(r, launch); });
}
Result launch_gather(const GatherRequest &request, Stream stream) {
  return enqueue(request, stream, [](const GatherRequest &r, Launch &&launch) { return dispatch_gather(r, launch); });
}
Result launch_scatter(const ScatterRequest &request, Stream stream) {
  return enqueue(request, stream, [](const ScatterRequest &r, Launch &&launch) { return dispatch_scatter(r, launch); });
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
