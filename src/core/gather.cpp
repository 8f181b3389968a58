// SPDX-License-Identifier: Apache-2.0
#include "core/gather.hpp"

#include <algorithm>

namespace uni::core {
namespace {

void check_options(int32_t bounds, uint32_t flags) {
  if (bounds < UNI_BOUNDS_CHECK || bounds > UNI_BOUNDS_TRUST)
    throw Error(UNI_STATUS_INVALID_ARGUMENT, "options->bounds is %d, expected UNI_BOUNDS_CHECK (0) to _TRUST (2)",
                bounds);
  if (flags != 0) throw Error(UNI_STATUS_INVALID_ARGUMENT, "options->flags is 0x%x, expected 0", flags);
}

// Shape of rows taken from `tensor` by `index`.
void row_shape(const uni_tensor &tensor, const char *name, const ArrayView &index, int64_t shape[UNI_MAX_NDIM]) {
  const uni_array &a = tensor.array();
  if (a.ndim == 0) throw Error(UNI_STATUS_SHAPE_MISMATCH, "%s has 0 dimensions, expected at least 1", name);
  std::copy_n(a.shape, a.ndim, shape);
  shape[0] = index.layout.num_rows;
}

}  // namespace

void gather_into(const uni_tensor &source, const ArrayView &index, const uni_gather_options &options, void *stream,
                 const ArrayView &out) {
  check_options(options.bounds, options.flags);
  int64_t shape[UNI_MAX_NDIM];
  require_inherited(source, "source");
  row_shape(source, "source", index, shape);
  require_no_count(out, "out");
  require_same_dtype(out, "out", source.view(), "source");
  require_shape(out, "out", source.array().ndim, shape);
  require_writable(out, "out");
  require_no_overlap(out, "out", source.view(), "source");
  require_no_overlap(out, "out", index, "index");
  Backend &backend = backend_for(source.context(), index, "index", source.view(), "source");
  backend_for(source.context(), index, "index", out, "out");

  if (&backend == &source.context()->cpu()) {
    wait_before_cpu_reads(source.context(), source.view());
    wait_before_cpu_reads(source.context(), index);
    wait_before_cpu_writes(source.context(), out);
  }

  int64_t out_of_bounds = 0;
  uni_gather_plan plan = {};
  plan.source = source.rows();
  plan.out = out.rows();
  plan.index = index.array.data;
  plan.count = index.array.count;
  plan.num_indices = index.layout.num_rows;
  plan.index_dtype = index.array.dtype;
  plan.bounds = options.bounds;
  plan.device_id = index.array.device_id;
  plan.num_out_of_bounds = &out_of_bounds;
  Statistics &statistics = source.context()->statistics;
  try {
    backend.call(backend.ops().gather, &plan, stream);
  } catch (const Error &) {
    statistics.out_of_bounds.fetch_add(out_of_bounds, std::memory_order_relaxed);
    throw;
  }
  statistics.gather_calls.fetch_add(1, std::memory_order_relaxed);
  statistics.gather_rows.fetch_add(plan.num_indices, std::memory_order_relaxed);
  statistics.gather_bytes.fetch_add(plan.num_indices * plan.source.row_bytes, std::memory_order_relaxed);
  if (out_of_bounds != 0) statistics.out_of_bounds.fetch_add(out_of_bounds, std::memory_order_relaxed);
}

Ref<uni_tensor> gather(const uni_tensor &source, const ArrayView &index, const uni_gather_options &options,
                       void *stream) {
  check_options(options.bounds, options.flags);
  backend_for(source.context(), index, "index", source.view(), "source");
  uni_tensor_desc desc = {};
  desc.memory = options.memory != 0 ? options.memory : index.on_cpu() ? UNI_MEMORY_HOST : UNI_MEMORY_DEVICE;
  desc.device_id = desc.memory == UNI_MEMORY_DEVICE ? index.array.device_id : 0;
  desc.dtype = source.array().dtype;
  desc.ndim = source.array().ndim;
  row_shape(source, "source", index, desc.shape);
  Ref<uni_tensor> out = create_tensor(source.context(), desc);
  gather_into(source, index, options, stream, out->view());
  return out;
}

void scatter(uni_tensor &destination, const ArrayView &index, const ArrayView &rows, const uni_scatter_options &options,
             void *stream) {
  check_options(options.bounds, options.flags);
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
