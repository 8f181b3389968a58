// SPDX-License-Identifier: Apache-2.0
// Checks the contents of a graph on the device that reads it; blocks.
#include "backend.hpp"
#include "core/bounds_error.hpp"

namespace uni::cuda {
namespace {

// Copies an entry of a device's array; blocks.
int64_t read_entry(Operation &operation, Backend &backend, const void *array, int32_t dtype, int64_t position) {
  Calls &calls = backend.calls();
  const int64_t bytes = dtype == UNI_DTYPE_INT64 ? 8 : 4;
  int64_t wide = 0;
  int32_t narrow = 0;
  void *const to = dtype == UNI_DTYPE_INT64 ? static_cast<void *>(&wide) : static_cast<void *>(&narrow);
  calls.require(backend.api().copy_rows(to, bytes, static_cast<const char *>(array) + position * bytes, bytes, bytes, 1,
                                        operation.stream()),
                "cudaMemcpyAsync(%lld bytes)", static_cast<long long>(bytes));
  calls.require(backend.api().synchronize_stream(operation.stream()), "cudaStreamSynchronize()");
  return dtype == UNI_DTYPE_INT64 ? wide : narrow;
}

int32_t device_that_has(Backend &backend, const void *data) {
  PointerReport report = {};
  backend.calls().require(backend.api().pointer_report(data, &report), "cudaPointerGetAttributes(indptr)");
  return report.kind == PointerKind::kDevice ? report.device_id : 0;
}

}  // namespace

uni_status validate_graph(void *self, const uni_graph_view *graph, uni_error *error) noexcept {
  return guard(error, [&] {
    Backend &backend = backend_of(self);
    Calls &calls = backend.calls();
    calls.require_usable();
    const int32_t device_id = device_that_has(backend, graph->indptr);
    const DeviceScope scope(calls, device_id);
    Operation operation(backend, device_id, backend.service_stream(device_id));
    auto *const records = operation.allocate_array<kernels::BoundsRecord>(2);
    calls.require(backend.api().set_bytes(records, 0, sizeof(kernels::BoundsRecord) * 2, operation.stream()),
                  "cudaMemsetAsync(%zu bytes)", sizeof(kernels::BoundsRecord) * 2);
    calls.require(backend.api().launch_validate_graph({*graph, &records[0], &records[1]}, operation.stream()),
                  "the kernel that checks a graph of %lld nodes and %lld edges",
                  static_cast<long long>(graph->num_nodes), static_cast<long long>(graph->num_edges));
    kernels::BoundsRecord found[2] = {};
    calls.require(
        backend.api().copy_rows(found, sizeof found, records, sizeof found, sizeof found, 1, operation.stream()),
        "cudaMemcpyAsync(%zu bytes)", sizeof found);
    calls.require(backend.api().synchronize_stream(operation.stream()), "cudaStreamSynchronize()");
    const auto indptr = [&](int64_t position) {
      return read_entry(operation, backend, graph->indptr, graph->indptr_dtype, position);
    };
    if (const int64_t start = indptr(0); start != 0) throw indptr_start_error(start);
    if (found[0].count != 0) {
      const int64_t position = static_cast<int64_t>(found[0].first_plus_one) - 1;
      throw indptr_order_error(position, indptr(position), found[0].value);
    }
    if (const int64_t end = indptr(graph->num_nodes); end != graph->num_edges)
      throw indptr_end_error(graph->num_nodes, end, graph->num_edges);
    if (found[1].count != 0)
      throw neighbor_error(static_cast<int64_t>(found[1].first_plus_one) - 1, found[1].value, graph->num_nodes);
    operation.finish();
  });
}

}  // namespace uni::cuda
