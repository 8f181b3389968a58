// SPDX-License-Identifier: Apache-2.0
// Fills and gathers on the fake.
#include "fake_launch.hpp"

namespace uni::cuda::fake {
static bool reaches(const Machine &machine, const FillRequest &r) { return Reach(machine).rows(r.rows).good(); }

static bool reaches(const Machine &machine, const GatherRequest &r) {
  return Reach(machine)
      .rows(r.plan.source)
      .rows(r.plan.out)
      .bytes(r.plan.index, r.plan.num_indices * size_of_index(r.plan.index_dtype))
      .optional(r.plan.count, 8)
      .optional(r.record, sizeof *r.record)
      .good();
}

Result launch_fill(const FillRequest &request, Stream stream) {
  return enqueue(request, stream, [](const FillRequest &r, Launch &&launch) { return dispatch_fill(r, launch); });
}
Result launch_gather(const GatherRequest &request, Stream stream) {
  return enqueue(request, stream, [](const GatherRequest &r, Launch &&launch) { return dispatch_gather(r, launch); });
}

}  // namespace uni::cuda::fake
