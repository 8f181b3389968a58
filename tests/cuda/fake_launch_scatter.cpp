// SPDX-License-Identifier: Apache-2.0
// Scatters on the fake.
#include "fake_launch.hpp"

namespace uni::cuda::fake {
static bool reaches(const Machine &machine, const ScatterRequest &r) {
  Reach reach(machine);
  reach.rows(r.plan.destination).rows(r.plan.rows).optional(r.plan.count, 8).optional(r.record, sizeof *r.record);
  reach.bytes(r.plan.index, r.plan.num_indices * size_of_index(r.plan.index_dtype));
  if (r.pass != ScatterPass::kAdd) reach.table(r.table, r.plan.destination.num_rows);
  return reach.good();
}

Result launch_scatter(const ScatterRequest &request, Stream stream) {
  return enqueue(request, stream, [](const ScatterRequest &r, Launch &&launch) { return dispatch_scatter(r, launch); });
}

}  // namespace uni::cuda::fake
