// SPDX-License-Identifier: Apache-2.0
#include "core/gather.hpp"

#include <algorithm>

namespace uni::core {

void check_row_options(int32_t bounds, uint32_t flags, int32_t num_multiprocessors, uint32_t reserved) {
  if (bounds < UNI_BOUNDS_CHECK || bounds > UNI_BOUNDS_TRUST)
    throw Error(UNI_STATUS_INVALID_ARGUMENT, "options->bounds is %d, expected UNI_BOUNDS_CHECK (0) to _TRUST (2)",
                bounds);
  if (flags != 0) throw Error(UNI_STATUS_INVALID_ARGUMENT, "options->flags is 0x%x, expected 0", flags);
  if (num_multiprocessors < 0)
    throw Error(UNI_STATUS_INVALID_ARGUMENT, "options->num_multiprocessors is %d, expected at least 0",
                num_multiprocessors);
  if (reserved != 0) throw Error(UNI_STATUS_INVALID_ARGUMENT, "options->reserved is 0x%x, expected 0", reserved);
}

void row_shape(const uni_tensor &tensor, const char *name, const ArrayView &index, int64_t shape[UNI_MAX_NDIM]) {
  const uni_array &a = tensor.array();
  if (a.ndim == 0) throw Error(UNI_STATUS_SHAPE_MISMATCH, "%s has 0 dimensions, expected at least 1", name);
  std::copy_n(a.shape, a.ndim, shape);
  shape[0] = index.layout.num_rows;
}

namespace {

void check_options(const uni_gather_options &options) {
  check_row_options(options.bounds, options.flags, options.num_multiprocessors, options.reserved);
  if (options.order < UNI_ORDER_AUTO || options.order > UNI_ORDER_BY_PAGE)
    throw Error(UNI_STATUS_INVALID_ARGUMENT, "options->order is %d, expected UNI_ORDER_AUTO (0) to _BY_PAGE (2)",
                options.order);
}

bool is_converted_float(int32_t dtype) noexcept {
  return dtype == UNI_DTYPE_FLOAT16 || dtype == UNI_DTYPE_BFLOAT16 || dtype == UNI_DTYPE_FLOAT32;
}

// The dtype of the result.
int32_t result_dtype(const uni_tensor &source, const uni_gather_options &options) {
  const int32_t from = source.array().dtype, to = options.dtype == 0 ? from : options.dtype;
  const bool scaled = from == UNI_DTYPE_INT8 && to != from;
  if (dtype_size(to) == 0)
    throw Error(UNI_STATUS_DTYPE_MISMATCH, "options->dtype is %d, expected 0 or one of UNI_DTYPE_*", to);
  if (to != from && !(is_converted_float(to) && (is_converted_float(from) || scaled)))
    throw Error(
        UNI_STATUS_NOT_SUPPORTED,
        "options->dtype is %s and source has %s: float16, bfloat16 and float32 are converted to each other, and "
        "int8 to them",
        dtype_name(to), dtype_name(from));
  if (scaled != (options.row_scales != nullptr))
    throw Error(UNI_STATUS_INVALID_ARGUMENT, scaled ? "options->row_scales is NULL, and int8 is converted with a scale"
                                                    : "options->row_scales is not NULL, expected an int8 source and a "
                                                      "dtype to convert it to");
  return to;
}

// Checks one tensor, and the memory of its result.
uni_gather_part make_part(const uni_tensor &source, const char *source_name, const ArrayView &index, int32_t dtype,
                          const ArrayView &out, const char *out_name) {
  int64_t shape[UNI_MAX_NDIM];
  require_inherited(source, source_name);
  row_shape(source, source_name, index, shape);
  require_no_count(out, out_name);
  if (dtype == source.array().dtype)
    require_same_dtype(out, out_name, source.view(), source_name);
  else if (out.array.dtype != dtype)
    throw Error(UNI_STATUS_DTYPE_MISMATCH, "%s has dtype %s, expected %s as options->dtype says", out_name,
                dtype_name(out.array.dtype), dtype_name(dtype));
  require_shape(out, out_name, source.array().ndim, shape);
  require_writable(out, out_name);
  require_no_overlap(out, out_name, source.view(), source_name);
  require_no_overlap(out, out_name, index, "index");
  return {source.rows(), out.rows(), source.array().dtype, out.array.dtype};
}

Backend &choose_backend(const uni_tensor &source, const char *source_name, const ArrayView &index, const ArrayView &out,
                        const char *out_name) {
  Backend &backend = backend_for(source.context(), index, "index", source.view(), source_name);
  backend_for(source.context(), index, "index", out, out_name);
  return backend;
}

// Before the CPU uses memory that a device may be using.
void wait_if_on_cpu(const Backend &backend, const uni_tensor &source, const ArrayView &index, const ArrayView &out) {
  if (&backend != &source.context()->cpu()) return;
  wait_before_cpu_reads(source.context(), source.view());
  wait_before_cpu_reads(source.context(), index);
  wait_before_cpu_writes(source.context(), out);
}

void run(uni_context *context, Backend &backend, const ArrayView &index, const uni_gather_options &options,
         const float *row_scales, const uni_gather_part *parts, int32_t num_parts, void *stream) {
  int64_t out_of_bounds = 0, row_bytes = 0;
  uni_gather_plan plan = {};
  plan.parts = parts;
  plan.num_parts = num_parts;
  plan.index = index.array.data;
  plan.count = index.array.count;
  plan.num_indices = index.layout.num_rows;
  plan.index_dtype = index.array.dtype;
  plan.bounds = options.bounds;
  plan.device_id = index.array.device_id;
  plan.order = options.order;
  plan.num_multiprocessors = options.num_multiprocessors;
  plan.row_scales = row_scales;
  plan.num_out_of_bounds = &out_of_bounds;
  for (int32_t t = 0; t < num_parts; ++t) row_bytes += parts[t].source.row_bytes;
  Statistics &statistics = context->statistics;
  try {
    backend.call(backend.ops().gather, &plan, stream);
  } catch (const Error &) {
    statistics.out_of_bounds.fetch_add(out_of_bounds, std::memory_order_relaxed);
    throw;
  }
  statistics.gather_calls.fetch_add(1, std::memory_order_relaxed);
  statistics.gather_rows.fetch_add(plan.num_indices, std::memory_order_relaxed);
  statistics.gather_bytes.fetch_add(plan.num_indices * row_bytes, std::memory_order_relaxed);
  if (out_of_bounds != 0) statistics.out_of_bounds.fetch_add(out_of_bounds, std::memory_order_relaxed);
}

// One scale to each row of the source.
const float *read_row_scales(const uni_tensor &source, const ArrayView &index, const uni_gather_options &options,
                             const ArrayView &out) {
  if (options.row_scales == nullptr) return nullptr;
  constexpr const char *name = "options->row_scales";
  const ArrayView scales = read_array(options.row_scales, name);
  require_no_count(scales, name);
  if (scales.array.dtype != UNI_DTYPE_FLOAT32)
    throw Error(UNI_STATUS_DTYPE_MISMATCH, "%s has dtype %s, expected float32", name, dtype_name(scales.array.dtype));
  require_shape(scales, name, 1, source.array().shape);
  if (reinterpret_cast<uintptr_t>(scales.array.data) % sizeof(float) != 0 ||
      (scales.layout.num_rows > 1 && scales.layout.row_pitch != sizeof(float)))
    throw Error(UNI_STATUS_INVALID_ARGUMENT, "%s is not aligned to its elements, or has gaps between them", name);
  require_no_overlap(out, "out", scales, name);
  const Backend &backend = backend_for(source.context(), index, "index", scales, name);
  if (&backend == &source.context()->cpu()) wait_before_cpu_reads(source.context(), scales);
  return static_cast<const float *>(scales.array.data);
}

}  // namespace

void gather_into(const uni_tensor &source, const ArrayView &index, const uni_gather_options &options, void *stream,
                 const ArrayView &out) {
  check_options(options);
  if (options.memory < 0 || options.memory > UNI_MEMORY_UNIFIED)
    throw Error(UNI_STATUS_INVALID_ARGUMENT, "options->memory is %d, expected 0 to UNI_MEMORY_UNIFIED (5)",
                options.memory);
  const uni_gather_part part = make_part(source, "source", index, result_dtype(source, options), out, "out");
  Backend &backend = choose_backend(source, "source", index, out, "out");
  const float *const row_scales = read_row_scales(source, index, options, out);
  wait_if_on_cpu(backend, source, index, out);
  run(source.context(), backend, index, options, row_scales, &part, 1, stream);
}

Ref<uni_tensor> gather(const uni_tensor &source, const ArrayView &index, const uni_gather_options &options,
                       void *stream) {
  check_options(options);
  backend_for(source.context(), index, "index", source.view(), "source");
  uni_tensor_desc desc = {};
  desc.memory = options.memory != 0 ? options.memory : index.on_cpu() ? UNI_MEMORY_HOST : UNI_MEMORY_DEVICE;
  desc.device_id = desc.memory == UNI_MEMORY_DEVICE ? index.array.device_id : 0;
  desc.dtype = result_dtype(source, options);
  desc.ndim = source.array().ndim;
  row_shape(source, "source", index, desc.shape);
  Ref<uni_tensor> out = create_tensor(source.context(), desc);
  gather_into(source, index, options, stream, out->view());
  return out;
}

void gather_many(int32_t num_tensors, const uni_tensor *const *sources, const ArrayView &index,
                 const uni_gather_options &options, void *stream, const ArrayView *outs) {
  check_options(options);
  if (options.dtype != 0 || options.memory != 0 || options.row_scales != nullptr)
    throw Error(UNI_STATUS_INVALID_ARGUMENT, "options->dtype, memory or row_scales is not 0, as uni_gather_many needs");
  uni_gather_part parts[UNI_GATHER_MANY_MAX];
  Backend *backend = nullptr;
  for (int32_t t = 0; t < num_tensors; ++t) {
    const uni_tensor &source = *sources[t];
    const Name source_name("sources", t), out_name("outs", t);
    if (source.context() != sources[0]->context())
      throw Error(UNI_STATUS_INVALID_ARGUMENT, "%s is of another context than sources[0]", source_name.text);
    parts[t] = make_part(source, source_name.text, index, source.array().dtype, outs[t], out_name.text);
    if (parts[t].source.num_rows != parts[0].source.num_rows)
      throw Error(UNI_STATUS_SHAPE_MISMATCH, "%s has %lld rows, expected %lld as sources[0] has", source_name.text,
                  static_cast<long long>(parts[t].source.num_rows), static_cast<long long>(parts[0].source.num_rows));
    for (int32_t other = 0; other < num_tensors; ++other)
      require_no_overlap(outs[t], out_name.text, sources[other]->view(), Name("sources", other).text);
    for (int32_t other = 0; other < t; ++other)
      require_no_overlap(outs[t], out_name.text, outs[other], Name("outs", other).text);
    backend = &choose_backend(source, source_name.text, index, outs[t], out_name.text);
  }
  for (int32_t t = 0; t < num_tensors; ++t) wait_if_on_cpu(*backend, *sources[t], index, outs[t]);
  run(sources[0]->context(), *backend, index, options, nullptr, parts, num_tensors, stream);
}

}  // namespace uni::core
