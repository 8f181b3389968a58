// SPDX-License-Identifier: Apache-2.0
// Checks the contents of a graph on the device that reads it; blocks.
#include "backend.hpp"
#include "core/bounds_error.hpp"
#include "graph_bytes.hpp"

namespace uni::cuda {
namespace {

// An entry of a device's array; blocks.
int64_t read_entry(Backend &backend, Stream stream, const void *array, int32_t dtype, int64_t position) {
  if (dtype == UNI_DTYPE_INT64) return backend.read_back().read(static_cast<const int64_t *>(array) + position, stream);
  return backend.read_back().read(static_cast<const int32_t *>(array) + position, stream);
}

struct Found {
  kernels::BoundsRecord indptr, indices;
};

int32_t device_that_has(Backend &backend, const void *data) {
  PointerReport report = {};
  backend.calls().require(backend.api().pointer_report(data, &report), "cudaPointerGetAttributes(indptr)");
  return report.kind == PointerKind::kDevice ? report.device_id : 0;
}

}  // namespace

uni_status validate_graph(void *self, const uni_graph_view *graph, uni_error *error) noexcept {
  return enter(self, error, [&](Backend &backend) {
    Calls &calls = backend.calls();
    const int32_t device_id = device_that_has(backend, graph->indptr);
    const GraphBytes bytes(*graph);
    backend.require_readable(graph->indptr, bytes.indptr, "indptr", device_id);
    backend.require_readable(graph->indices, bytes.indices, "indices", device_id);
    backend.require_readable(graph->edge_ids, bytes.edge_ids, "edge_ids", device_id);
    // What is still being written, by this library on any stream or by others on the default one, is not checked before
    // it is there.
    backend.timeline().wait_for_every();
    const DeviceScope scope(calls, device_id);
    backend.require_not_captured(nullptr);
    calls.require(calls.api().synchronize_stream(nullptr), "cudaStreamSynchronize(the default stream)");
    Operation operation(backend, device_id, backend.service_streams().of(device_id));
    auto *const records = operation.allocate_array<Found>(1);
    calls.require(backend.api().set_bytes(records, 0, sizeof(Found), operation.stream()), "cudaMemsetAsync(%zu bytes)",
                  sizeof(Found));
    calls.require(
        backend.api().launch_validate_graph({*graph, &records->indptr, &records->indices}, operation.stream()),
        "the kernel that checks a graph of %lld nodes and %lld edges", static_cast<long long>(graph->num_nodes),
        static_cast<long long>(graph->num_edges));
    const Found found = backend.read_back().read(records, operation.stream());
    const auto indptr = [&](int64_t position) {
      return read_entry(backend, operation.stream(), graph->indptr, graph->indptr_dtype, position);
    };
    if (const int64_t start = indptr(0); start != 0) throw indptr_start_error(start);
    if (found.indptr.count != 0) {
      const int64_t position = static_cast<int64_t>(found.indptr.first_plus_one) - 1;
      throw indptr_order_error(position, indptr(position), found.indptr.value);
    }
    if (const int64_t end = indptr(graph->num_nodes); end != graph->num_edges)
      throw indptr_end_error(graph->num_nodes, end, graph->num_edges);
    if (found.indices.count != 0)
      throw neighbor_error(static_cast<int64_t>(found.indices.first_plus_one) - 1, found.indices.value,
                           graph->num_nodes);
    operation.finish();
  });
}

}  // namespace uni::cuda
