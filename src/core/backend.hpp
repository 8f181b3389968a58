// SPDX-License-Identifier: Apache-2.0
// A backend in use by a context: its table of operations and the object they work on.
#pragma once

#include <memory>

#include "core/error.hpp"
#include "unitensor/backend.h"

namespace uni::core {

class Backend {
 public:
  // Checks that the table has every operation that is not optional, then creates the backend's object.
  Backend(const uni_backend_ops &ops, const uni_backend_config &config);
  ~Backend();
  Backend(const Backend &) = delete;
  Backend &operator=(const Backend &) = delete;

  const uni_backend_ops &ops() const noexcept { return ops_; }

  // Calls an operation of the table with the backend's object and an error of its own, and throws what it reports:
  // backend.call(backend.ops().gather, &plan, stream).
  template <class... Parameters, class... Arguments>
  void call(uni_status (*operation)(void *, Parameters...), Arguments... arguments) {
    uni_error error = UNI_ERROR_INIT;
    throw_if_failed(operation(self_, arguments..., &error), error);
  }
  bool supports_memory(int32_t memory, char *reason, int32_t size) {
    return ops_.supports_memory(self_, memory, reason, size) != 0;
  }
  bool reads_memory(int32_t device_id, int32_t memory, char *reason, int32_t size) {
    return ops_.reads_memory(self_, device_id, memory, reason, size) != 0;
  }
  int32_t choose_unified(char *reason, int32_t size) { return ops_.choose_unified(self_, reason, size); }
  void note_stream(int32_t device_id, uni_error *error) noexcept {
    ops_.note_stream(self_, device_id, nullptr, 0, error);
  }
  int32_t num_devices() { return ops_.num_devices(self_); }
  void defer(uni_deferred *item) noexcept { ops_.defer(self_, item); }
  void synchronize_quietly() noexcept {
    uni_error error = UNI_ERROR_INIT;
    ops_.synchronize(self_, &error);
  }
  // Does what has waited for operations, or for graphs that are no more, and need not any longer.
  void do_deferred() noexcept {
    uni_error ignored = UNI_ERROR_INIT;
    if (ops_.wait_for_memory != nullptr) ops_.wait_for_memory(self_, nullptr, 0, 0, &ignored);
  }
  uni_status trim(uni_error *error) noexcept { return ops_.trim != nullptr ? ops_.trim(self_, error) : UNI_STATUS_OK; }
  void sample_forget(uni_sample_output *output) noexcept { ops_.sample_forget(self_, output); }
  void release(uni_memory_block *block) noexcept { ops_.release(self_, block); }

 private:
  uni_backend_ops ops_;
  void *self_ = nullptr;
};

}  // namespace uni::core
