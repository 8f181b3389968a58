// SPDX-License-Identifier: Apache-2.0
// Fills and gathers on the fake.
#include <utility>

#include "fake_launch.hpp"

namespace uni::cuda::fake {
static bool reaches(const Machine &machine, const FillRequest &r) { return Reach(machine).rows(r.rows).good(); }

static Reach &index_within(Reach &&reach, const IndexRequest &index) {
  return reach.bytes(index.data, index.num_indices * size_of_index(index.dtype)).optional(index.count, 8);
}

static bool reaches(const Machine &machine, const OrderKeysRequest &r) {
  return index_within(Reach(machine), r.index)
      .bytes(r.keys, 4 * r.index.num_indices)
      .bytes(r.positions, 4 * r.index.num_indices)
      .good();
}

static bool reaches(const Machine &machine, const GatherRequest &r) {
  Reach reach(machine);
  for (int32_t t = 0; t < r.num_parts; ++t) reach.rows(r.parts[t].source).rows(r.parts[t].out);
  return index_within(std::move(reach), r.index)
      .optional(r.row_scales, 4 * r.index.num_rows)
      .optional(r.order, 4 * r.index.num_indices)
      .optional(r.record, sizeof *r.record)
      .good();
}

Result launch_fill(const FillRequest &request, Stream stream) {
  return enqueue(request, stream, [](const FillRequest &r, Launch &&launch) { return dispatch_fill(r, launch); });
}
Result launch_order_keys(const OrderKeysRequest &request, Stream stream) {
  return enqueue(request, stream,
                 [](const OrderKeysRequest &r, Launch &&launch) { return dispatch_order_keys(r, launch); });
}
Result launch_gather(const GatherRequest &request, Stream stream) {
  {
    Machine &machine = Machine::instance();
    const std::lock_guard<std::mutex> lock(machine.mutex);
    machine.last_gather_multiprocessors = request.num_multiprocessors;
    machine.last_gather_ordered = request.order != nullptr;
  }
  return enqueue(request, stream, [](const GatherRequest &r, Launch &&launch) { return dispatch_gather(r, launch); });
}

Result sort_workspace_bytes(int64_t, int32_t, int64_t *num_bytes) {
  *num_bytes = 1;
  return kSuccess;
}

Result sort_pairs(const SortRequest &r, void *workspace, int64_t workspace_bytes, Stream stream,
                  uint32_t **sorted_positions) {
  Machine &machine = Machine::instance();
  const std::lock_guard<std::mutex> lock(machine.mutex);
  if (const Result failed = machine.begin_call_locked(); failed != kSuccess) return failed;
  *sorted_positions = r.other_positions;
  machine.enqueue_locked(machine.stream_of_locked(stream), [&machine, r, workspace, workspace_bytes] {
    if (machine.fatal != kSuccess) return;
    Reach reach(machine);
    for (const uint32_t *array : {r.keys, r.other_keys, r.positions, r.other_positions})
      reach.bytes(array, 4 * r.count);
    if (!reach.bytes(workspace, workspace_bytes).good()) return machine.poison_locked(kIllegalAddress);
    machine.on_device_locked([&] {
      std::vector<std::pair<uint32_t, uint32_t>> pairs;
      const uint64_t mask = (uint64_t{1} << r.num_bits) - 1;
      for (int64_t i = 0; i < r.count; ++i) pairs.emplace_back(r.keys[i] & mask, r.positions[i]);
      std::stable_sort(pairs.begin(), pairs.end(), [](const auto &a, const auto &b) { return a.first < b.first; });
      for (int64_t i = 0; i < r.count; ++i) r.other_positions[i] = pairs[static_cast<size_t>(i)].second;
    });
  });
  return kSuccess;
}

}  // namespace uni::cuda::fake
