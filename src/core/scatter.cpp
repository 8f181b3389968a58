// SPDX-License-Identifier: Apache-2.0
#include "core/scatter.hpp"

#include "core/gather.hpp"

namespace uni::core {

void scatter(uni_tensor &destination, const ArrayView &index, const ArrayView &rows, const uni_scatter_options &options,
             void *stream) {
  check_row_options(options.bounds, options.flags, options.num_multiprocessors, options.reserved);
  if (options.reduce != UNI_SCATTER_ASSIGN && options.reduce != UNI_SCATTER_ADD)
    throw Error(UNI_STATUS_INVALID_ARGUMENT, "options->reduce is %d, expected UNI_SCATTER_ASSIGN (0) or _ADD (1)",
                options.reduce);
  int64_t shape[UNI_MAX_NDIM];
  require_inherited(destination, "destination");
  row_shape(destination, "destination", index, shape);
  require_no_count(rows, "rows");
  require_same_dtype(rows, "rows", destination.view(), "destination");
  require_shape(rows, "rows", destination.array().ndim, shape);
  require_writable(destination.view(), "destination");
  require_no_overlap(rows, "rows", destination.view(), "destination");
  require_no_overlap(index, "index", destination.view(), "destination");
  if (options.reduce == UNI_SCATTER_ADD && destination.array().dtype == UNI_DTYPE_BOOL)
    throw Error(UNI_STATUS_DTYPE_MISMATCH, "destination has dtype bool, expected a number to add to");
  Backend &backend = backend_for(destination.context(), index, "index", destination.view(), "destination");
  backend_for(destination.context(), index, "index", rows, "rows");

  if (&backend == &destination.context()->cpu()) {
    wait_before_cpu_reads(destination.context(), index);
    wait_before_cpu_reads(destination.context(), rows);
    wait_before_cpu_writes(destination.context(), destination.view());
  }

  int64_t out_of_bounds = 0;
  uni_scatter_plan plan = {};
  plan.destination = destination.rows();
  plan.rows = rows.rows();
  plan.index = index.array.data;
  plan.count = index.array.count;
  plan.num_indices = index.layout.num_rows;
  plan.index_dtype = index.array.dtype;
  plan.bounds = options.bounds;
  plan.reduce = options.reduce;
  plan.dtype = destination.array().dtype;
  plan.num_multiprocessors = options.num_multiprocessors;
  plan.device_id = index.array.device_id;
  plan.num_out_of_bounds = &out_of_bounds;
  Statistics &statistics = destination.context()->statistics;
  try {
    backend.call(backend.ops().scatter, &plan, stream);
  } catch (const Error &) {
    statistics.out_of_bounds.fetch_add(out_of_bounds, std::memory_order_relaxed);
    throw;
  }
  statistics.scatter_calls.fetch_add(1, std::memory_order_relaxed);
  statistics.scatter_rows.fetch_add(plan.num_indices, std::memory_order_relaxed);
  statistics.scatter_bytes.fetch_add(plan.num_indices * plan.rows.row_bytes, std::memory_order_relaxed);
  if (out_of_bounds != 0) statistics.out_of_bounds.fetch_add(out_of_bounds, std::memory_order_relaxed);
}

}  // namespace uni::core
