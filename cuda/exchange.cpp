// SPDX-License-Identifier: Apache-2.0
// What the work of the library and that of others, on the CPU and on other streams, waits for.
#include "backend.hpp"

namespace uni::cuda {

uni_status hold_stream(void *self, int32_t device_id, void *stream, uni_error *error) noexcept {
  return enter(self, error, [&](Backend &backend) {
    backend.device(device_id);
    const DeviceScope scope(backend.calls(), device_id);
    // A stream that is being captured cannot wait for others, and need not where nothing runs.
    if (!backend.timeline().has_running()) return;
    backend.require_not_captured(stream);
    backend.timeline().hold_stream(stream);
  });
}

uni_status note_stream(void *self, int32_t device_id, void *stream, int32_t follow, uni_error *error) noexcept {
  return enter(self, error, [&](Backend &backend) {
    Operation operation(backend, device_id, stream);
    if (follow != 0) operation.be_followed();
    operation.finish();
  });
}

uni_status wait_for_memory(void *self, const void *data, int64_t num_bytes, int32_t purpose,
                           uni_error *error) noexcept {
  return guard(error, [&] {
    Backend &backend = backend_of(self);
    // In a forked child nothing of the parent's runs.
    if (backend.calls().forked()) return;
    const CaptureModeScope scope(backend.calls());
    if (data == nullptr)
      backend.timeline().look_at_all();
    else
      backend.timeline().wait_for_memory(data, num_bytes, purpose);
  });
}

}  // namespace uni::cuda
