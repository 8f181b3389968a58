// SPDX-License-Identifier: Apache-2.0
// Memory of every kind that a device reads: allocation, registration in place, release.
#include <cstdio>

#include "backend.hpp"
#include "unitensor/array.h"

namespace uni::cuda {
namespace {

void allocate_managed(Backend &backend, int64_t num_bytes, uni_memory_block *out) {
  Calls &calls = backend.calls();
  void *data = nullptr;
  calls.require(calls.api().allocate_managed(&data, num_bytes), "cudaMallocManaged(%lld bytes)",
                static_cast<long long>(num_bytes));
  std::vector<int32_t> ids;
  for (size_t i = 0; i < backend.machine().devices.size(); ++i) ids.push_back(static_cast<int32_t>(i));
  const Result result = calls.api().advise_host_resident(data, num_bytes, ids.data(), static_cast<int32_t>(ids.size()));
  if (result != kSuccess) calls.absorb(calls.api().free_managed(data));
  calls.require(result, "cudaMemAdvise(%lld bytes: preferred location host, accessed by %zu devices)",
                static_cast<long long>(num_bytes), ids.size());
  out->data = data;
}

void allocate_device(Backend &backend, int32_t device_id, int64_t num_bytes, uni_memory_block *out) {
  backend.device(device_id);
  num_bytes = Operation::whole_words(num_bytes);
  Calls &calls = backend.calls();
  const DeviceScope scope(calls, device_id);
  const Stream stream = backend.service_streams().of(device_id);
  void *data = nullptr;
  Result result = calls.api().allocate_device(&data, num_bytes, stream);
  if (result == result::kOutOfMemory) {
    // What was released and is still in use may be what is missing.
    calls.absorb(result);
    backend.finish_releases(device_id);
    result = calls.api().allocate_device(&data, num_bytes, stream);
  }
  if (result != kSuccess) {
    int64_t free_bytes = 0, total_bytes = 0;
    calls.absorb(calls.api().memory_info(&free_bytes, &total_bytes));
    calls.require(result, "cudaMallocAsync(%lld bytes; device %d has %lld of %lld free)",
                  static_cast<long long>(num_bytes), device_id, static_cast<long long>(free_bytes),
                  static_cast<long long>(total_bytes));
  }
  // From here on it can be used on any stream.
  const Result synchronized = calls.api().synchronize_stream(stream);
  if (synchronized != kSuccess) calls.absorb(calls.api().free_device(data, device_id, stream));
  calls.require(synchronized, "cudaStreamSynchronize()");
  out->data = data;
}

// Writes the reason of what `ask` gives.
template <class Ask>
int32_t tell(char *reason, int32_t size, Ask &&ask) noexcept {
  try {
    const MemorySupport support = ask();
    std::snprintf(reason, static_cast<size_t>(size), "%s", support.reason.c_str());
    return support.supported;
  } catch (const std::exception &) {
    std::snprintf(reason, static_cast<size_t>(size), "out of host memory");
    return 0;
  }
}

}  // namespace

int32_t supports_memory(void *self, int32_t memory, char *reason, int32_t size) noexcept {
  return tell(reason, size, [&] { return memory_support(backend_of(self).machine(), memory); });
}

int32_t choose_unified(void *self, char *reason, int32_t size) noexcept {
  int32_t chosen = UNI_MEMORY_HOST;
  tell(reason, size, [&] {
    UnifiedChoice choice = unified_choice(backend_of(self).machine());
    chosen = choice.memory;
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
        case UNI_MEMORY_PINNED: {
          PageLockedRange *const range = backend.page_locked().allocate(num_bytes);
          made.data = range->data;
          made.handle = range;
          break;
        }
        case UNI_MEMORY_MANAGED:
          allocate_managed(backend, num_bytes, &made);
          break;
        case UNI_MEMORY_DEVICE:
          allocate_device(backend, device_id, num_bytes, &made);
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
    if (num_bytes > 0) block->handle = backend.page_locked().add(data, num_bytes);
    block->data = data;
    block->num_bytes = num_bytes;
    block->memory = UNI_MEMORY_PINNED;
  });
}

void release(void *self, uni_memory_block *block) noexcept {
  Backend &backend = backend_of(self);
  Calls &calls = backend.calls();
  const CaptureModeScope scope(calls);
  backend.page_locked().release(static_cast<PageLockedRange *>(block->handle));
  if (block->data != nullptr && calls.usable()) {
    if (block->memory == UNI_MEMORY_MANAGED) calls.absorb(calls.api().free_managed(block->data));
    if (block->memory == UNI_MEMORY_DEVICE)
      calls.absorb(
          calls.api().free_device(block->data, block->device_id, backend.service_streams().known(block->device_id)));
  }
  block->data = nullptr;
  block->handle = nullptr;
}

}  // namespace uni::cuda
