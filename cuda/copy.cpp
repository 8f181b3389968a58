// SPDX-License-Identifier: Apache-2.0
// Schedules copies and fills.
#include <cstring>

#include "backend.hpp"

namespace uni::cuda {
namespace {

// The device on whose stream memory is moved: the one that has it, or the current one.
int32_t device_of(Backend &backend, const void *a, const void *b) {
  Calls &calls = backend.calls();
  int32_t current = 0;
  calls.require(calls.api().get_device(&current), "cudaGetDevice()");
  for (const void *data : {a, b}) {
    PointerReport report = {};
    if (data == nullptr) continue;
    calls.require(calls.api().pointer_report(data, &report), "cudaPointerGetAttributes()");
    if (report.kind == PointerKind::kDevice) return report.device_id;
  }
  return current;
}

}  // namespace

uni_status copy(void *self, const uni_rows *destination, const uni_rows *source, void *stream,
                uni_error *error) noexcept {
  return enter(self, error, [&](Backend &backend) {
    if (source->row_bytes == 0 || source->num_rows == 0) return;
    Operation operation(backend, device_of(backend, destination->data, source->data), stream, false, {},
                        Operation::Capture::kPossible);
    operation.reads(*source);
    operation.writes(*destination);
    operation.begin();
    uni_rows to = *destination, from = *source;
    if (to.row_pitch == to.row_bytes && from.row_pitch == from.row_bytes) {
      to.row_bytes *= to.num_rows;
      to.num_rows = 1;
      to.row_pitch = from.row_pitch = to.row_bytes;
    }
    backend.calls().require(
        backend.api().copy_rows(to.data, to.row_pitch, from.data, from.row_pitch, to.row_bytes, to.num_rows, stream),
        "cudaMemcpy2DAsync(%lld rows of %lld bytes)", static_cast<long long>(to.num_rows),
        static_cast<long long>(to.row_bytes));
    operation.finish();
  });
}

uni_status fill(void *self, const uni_rows *destination, const void *value, int64_t element_bytes, void *stream,
                uni_error *error) noexcept {
  return enter(self, error, [&](Backend &backend) {
    if (destination->row_bytes == 0 || destination->num_rows == 0) return;
    require_aligned(*destination, element_bytes, "tensor", "filling");
    Operation operation(backend, device_of(backend, destination->data, nullptr), stream, false, {},
                        Operation::Capture::kPossible);
    operation.writes(*destination);
    operation.begin();
    FillRequest request = {};
    request.rows = *destination;
    if (request.rows.row_pitch == request.rows.row_bytes) {
      request.rows.row_bytes *= request.rows.num_rows;
      request.rows.num_rows = 1;
    }
    std::memcpy(&request.value, value, static_cast<size_t>(element_bytes));
    request.element_bytes = element_bytes;
    backend.calls().require(backend.api().launch_fill(request, stream), "the kernel that fills %lld bytes",
                            static_cast<long long>(request.rows.num_rows * request.rows.row_bytes));
    operation.finish();
  });
}

}  // namespace uni::cuda
