// SPDX-License-Identifier: Apache-2.0
// Schedules a gather.
#include "unitensor/gather.h"
#include "backend.hpp"
#include "core/dtype.hpp"

namespace uni::cuda {

uni_status gather(void *self, const uni_gather_plan *plan, void *stream, uni_error *error) noexcept {
  return enter(self, error, [&](Backend &backend) {
    if (plan->num_indices == 0) return;
    backend.require_readable(plan->source.data, "source", plan->device_id);
    backend.require_readable(plan->index, "index", plan->device_id);
    backend.require_count(plan->count, plan->device_id);
    backend.require_readable(plan->out.data, "out", plan->device_id);
    const bool looks = plan->bounds != UNI_BOUNDS_TRUST;
    if (!looks && plan->out.row_bytes == 0) return;
    BoundsQuestion question;
    question.report = plan->bounds == UNI_BOUNDS_CHECK;
    question.num_rows = plan->source.num_rows;
    question.num_indices = plan->num_indices;
    Operation operation(backend, plan->device_id, stream, looks, question);
    operation.reads(plan->source);
    operation.reads(plan->index, plan->num_indices * core::dtype_size(plan->index_dtype));
    operation.reads(plan->count, sizeof *plan->count);
    operation.writes(plan->out);
    GatherRequest request = {};
    request.plan = *plan;
    request.record = operation.record();
    backend.calls().require(backend.api().launch_gather(request, stream),
                            "the kernel that gathers %lld rows of %lld bytes",
                            static_cast<long long>(plan->num_indices), static_cast<long long>(plan->out.row_bytes));
    operation.finish();
  });
}

}  // namespace uni::cuda
