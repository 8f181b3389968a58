// SPDX-License-Identifier: Apache-2.0
// Schedules a scatter.
#include "backend.hpp"
#include "core/dtype.hpp"
#include "tables.hpp"
#include "unitensor/gather.h"

namespace uni::cuda {
namespace {

int64_t index_bytes(const uni_scatter_plan &plan) { return plan.num_indices * core::dtype_size(plan.index_dtype); }

void note_uses(Operation &operation, const uni_scatter_plan &plan) {
  operation.writes(plan.destination);
  operation.reads(plan.index, index_bytes(plan));
  operation.reads(plan.count, sizeof *plan.count);
  operation.reads(plan.rows);
}

}  // namespace

uni_status scatter(void *self, const uni_scatter_plan *plan, void *stream, uni_error *error) noexcept {
  return enter(self, error, [&](Backend &backend) {
    Calls &calls = backend.calls();
    if (plan->num_indices == 0) return;
    const bool to_host =
        backend.require_readable(plan->destination, "destination", plan->device_id) != PointerKind::kDevice;
    backend.require_readable(plan->index, index_bytes(*plan), "index", plan->device_id);
    backend.require_count(plan->count, plan->device_id);
    const bool from_host = backend.require_readable(plan->rows, "rows", plan->device_id) != PointerKind::kDevice;
    const bool looks = plan->bounds != UNI_BOUNDS_TRUST;
    if (!looks && plan->rows.row_bytes == 0) return;
    BoundsQuestion question;
    question.report = plan->bounds == UNI_BOUNDS_CHECK;
    question.num_rows = plan->destination.num_rows;
    question.num_indices = plan->num_indices;
    ScatterRequest request = {};
    request.plan = *plan;
    request.num_multiprocessors =
        backend.multiprocessors_for(plan->num_multiprocessors, to_host || from_host, plan->device_id);
    request.align_destination = to_host;
    const auto launch = [&](ScatterPass pass) {
      request.pass = pass;
      calls.require(backend.api().launch_scatter(request, stream), "the kernel that scatters %lld rows of %lld bytes",
                    static_cast<long long>(plan->num_indices), static_cast<long long>(plan->rows.row_bytes));
    };
    if (plan->reduce == UNI_SCATTER_ADD) {
      const int64_t element_bytes = core::dtype_size(plan->dtype);
      require_aligned(plan->destination, element_bytes, "destination", "adding");
      require_aligned(plan->rows, element_bytes, "rows", "adding");
      Operation operation(backend, plan->device_id, stream, looks, question, Operation::Capture::kPossible);
      note_uses(operation, *plan);
      request.record = operation.record();
      operation.begin();
      launch(ScatterPass::kAdd);
      operation.finish();
      return;
    }
    Operation operation(backend, plan->device_id, stream, looks, question, Operation::Capture::kPossible);
    note_uses(operation, *plan);
    request.record = operation.record();
    operation.begin();
    request.table = make_table(backend, operation, plan->destination.num_rows, plan->num_indices);
    launch(ScatterPass::kChoose);
    if (plan->rows.row_bytes > 0) launch(ScatterPass::kAssign);
    operation.finish();
  });
}

}  // namespace uni::cuda
