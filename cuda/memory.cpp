// SPDX-License-Identifier: Apache-2.0
// Memory of every kind that a device reads: allocation, registration in place, release.
#include <cstdio>

#include "backend.hpp"
#include "unitensor/array.h"

namespace uni::cuda {
namespace {

// What `make` gives; where there was no memory for it, once more after everything has been given back that was released.
template <class Make>
auto with_room(Backend &backend, Make &&make) {
  try {
    return make();
  } catch (const Error &e) {
    if (e.status() != UNI_STATUS_OUT_OF_MEMORY) throw;
  }
  // What is still in use may be what is missing.
  backend.timeline().wait_for_every();
  backend.host_blocks().trim();
  return make();
}

void *allocate_device(Backend &backend, int32_t device_id, int64_t num_bytes) {
  Calls &calls = backend.calls();
  const DeviceScope scope(calls, device_id);
  const Stream stream = backend.service_streams().of(device_id);
  void *const data = backend.allocate_device(device_id, Operation::whole_words(num_bytes), stream);
  // From here on it can be used on any stream.
  const Result synchronized = calls.api().synchronize_stream(stream);
  if (synchronized != kSuccess) calls.absorb(calls.api().free_device(data, device_id, stream));
  calls.require(synchronized, "cudaStreamSynchronize()");
  return data;
}

// Writes the reason of what `ask` gives.
template <class Ask>
int32_t tell(char *reason, int32_t size, Ask &&ask) noexcept {
  try {
    const MemorySupport support = ask();
    write_text(reason, static_cast<size_t>(size), support.reason.c_str());
    return support.supported;
  } catch (const std::exception &) {
    std::snprintf(reason, static_cast<size_t>(size), "out of host memory");
    return 0;
  }
}

}  // namespace

int32_t supports_memory(void *self, int32_t memory, char *reason, int32_t size) noexcept {
  return tell(reason, size, [&] {
    const Backend &backend = backend_of(self);
    MemorySupport support = memory_support(backend.machine(), memory);
    if (support.supported) support.reason += backend.where_on_the_host(memory);
    return support;
  });
}

int32_t choose_unified(void *self, char *reason, int32_t size) noexcept {
  int32_t chosen = UNI_MEMORY_HOST;
  tell(reason, size, [&] {
    const Backend &backend = backend_of(self);
    UnifiedChoice choice = unified_choice(backend.machine());
    chosen = choice.memory;
    choice.reason += backend.where_on_the_host(chosen);
    return MemorySupport{true, std::move(choice.reason)};
  });
  return chosen;
}

int32_t reads_memory(void *self, int32_t device_id, int32_t memory, char *reason, int32_t size) noexcept {
  return tell(reason, size, [&] { return reads_memory(backend_of(self).machine(), device_id, memory); });
}

uni_status allocate(void *self, int32_t memory, int32_t device_id, int64_t num_bytes, uni_memory_block *block,
                    uni_error *error) noexcept {
  *block = {};
  return enter(self, error, [&](Backend &backend) {
    backend.timeline().poll();
    if (memory == UNI_MEMORY_DEVICE) backend.device(device_id);
    uni_memory_block made = {};
    if (num_bytes > 0) {
      switch (memory) {
        case UNI_MEMORY_PINNED:
        case UNI_MEMORY_MANAGED: {
          const auto num_devices = static_cast<int32_t>(backend.machine().devices.size());
          made = with_room(backend, [&] {
            return backend.host_blocks().allocate(memory, num_bytes, num_devices, backend.host_placement());
          });
          break;
        }
        case UNI_MEMORY_DEVICE:
          made.data = allocate_device(backend, device_id, num_bytes);
          break;
        default:
          throw Error(UNI_STATUS_INTERNAL, "memory kind %d asked of the CUDA backend", memory);
      }
    }
    made.num_bytes = num_bytes;
    made.memory = memory;
    made.device_id = memory == UNI_MEMORY_DEVICE ? device_id : 0;
    *block = made;
  });
}

uni_status register_memory(void *self, void *data, int64_t num_bytes, uni_memory_block *block,
                           uni_error *error) noexcept {
  *block = {};
  return enter(self, error, [&](Backend &backend) {
    if (const MemorySupport support = memory_support(backend.machine(), UNI_MEMORY_PINNED); !support.supported)
      throw Error(UNI_STATUS_NOT_SUPPORTED, "memory kind pinned: %s", support.reason.c_str());
    if (num_bytes > 0) block->handle = with_room(backend, [&] { return backend.page_locked().add(data, num_bytes); });
    block->data = data;
    block->num_bytes = num_bytes;
    block->memory = UNI_MEMORY_PINNED;
  });
}

void release(void *self, uni_memory_block *block) noexcept {
  Backend &backend = backend_of(self);
  Calls &calls = backend.calls();
  const CaptureModeScope scope(calls);
  if (block->memory != UNI_MEMORY_DEVICE)
    backend.host_blocks().release(*block);
  else if (block->data != nullptr && calls.usable())
    calls.absorb(
        calls.api().free_device(block->data, block->device_id, backend.service_streams().known(block->device_id)));
  block->data = nullptr;
  block->handle = nullptr;
}

uni_status trim(void *self, uni_error *error) noexcept {
  return guard(error, [&] {
    Backend &backend = backend_of(self);
    if (backend.calls().forked()) return;  // what is kept is the parent's
    backend.calls().require_usable();
    const CaptureModeScope scope(backend.calls());
    backend.timeline().look_at_all();
    backend.host_blocks().trim();
    // Memory that is still to be freed on a stream of ours, which nothing of the caller's is ahead of, cannot be given back.
    backend.service_streams().synchronize();
    backend.calls().require(backend.api().trim_pools(), "cudaMemPoolTrimTo()");
  });
}

}  // namespace uni::cuda
