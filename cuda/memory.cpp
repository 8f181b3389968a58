// SPDX-License-Identifier: Apache-2.0
// Memory of every kind that a device reads: allocation, registration in place, release.
#include <sys/mman.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <memory>
#include <string>

#include "backend.hpp"
#include "unitensor/array.h"

namespace uni::cuda {
namespace {

// One call for 512 GiB fails on recent drivers; and a copy that spans two registrations may, so they are as large as they
// can be.
constexpr int64_t registration_chunk = int64_t{256} << 30;
constexpr int64_t huge_page = int64_t{2} << 20;

// Page-locked host memory: a mapping of ours, or the caller's memory.
struct PinnedBlock {
  char *data = nullptr;
  int64_t num_bytes = 0;
  int64_t registered_bytes = 0;  // from the start on
  int64_t mapped_bytes = 0;      // 0: the memory is not ours
  void *mapping = nullptr;
};

std::string why_pinning_fails(const PinnedBlock &block, Calls &calls, Result result) {
  std::string text = "page-locking " + std::to_string(block.num_bytes) + " bytes of host memory was refused after " +
                     std::to_string(block.registered_bytes) + ": " + calls.api().error_text(result) + " (" +
                     std::to_string(result) + ", " + calls.api().error_name(result) + ")";
  rlimit limit = {};
  if (getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
    text += "; the limit of locked memory is " + std::to_string(limit.rlim_cur) +
            " bytes (ulimit -l; docker run --ulimit memlock=-1)";
  std::string release;
  std::getline(std::ifstream("/proc/sys/kernel/osrelease"), release);
  if (release.find("microsoft") != std::string::npos)
    text += "; under WSL page-locked memory is limited by Windows (half of the memory, or less)";
  return text;
}

// Undoes as much of it as was done. Never fails.
void free_pinned(PinnedBlock &block, Calls &calls) noexcept {
  if (calls.usable())
    for (int64_t at = 0; at < block.registered_bytes; at += registration_chunk)
      calls.absorb(calls.api().unregister_host(block.data + at));
  // A child has not inherited the mapping, and may have something else there by now.
  if (block.mapped_bytes > 0 && !calls.forked()) munmap(block.mapping, static_cast<size_t>(block.mapped_bytes));
}

void register_chunks(PinnedBlock &block, Calls &calls) {
  while (block.registered_bytes < block.num_bytes) {
    const int64_t bytes = std::min(registration_chunk, block.num_bytes - block.registered_bytes);
    const Result result = calls.api().register_host(block.data + block.registered_bytes, bytes);
    if (result != kSuccess) {
      calls.absorb(result);
      calls.require_usable();
      const std::string why = why_pinning_fails(block, calls, result);
      throw Error(result == result::kOutOfMemory ? UNI_STATUS_OUT_OF_MEMORY : UNI_STATUS_BACKEND_ERROR, "%s",
                  why.c_str())
          .with_native_code(result);
    }
    block.registered_bytes += bytes;
  }
}

struct FreePinned {
  Calls *calls;
  void operator()(PinnedBlock *block) const noexcept {
    free_pinned(*block, *calls);
    delete block;
  }
};
using OwnedPinned = std::unique_ptr<PinnedBlock, FreePinned>;

void allocate_pinned(Backend &backend, int64_t num_bytes, uni_memory_block *out) {
  OwnedPinned block(new PinnedBlock, {&backend.calls()});
  // On huge pages, and aligned to them.
  int64_t mapped = 0;
  if (__builtin_add_overflow(num_bytes, 2 * huge_page, &mapped))
    throw Error(UNI_STATUS_OUT_OF_MEMORY, "out of host memory (requested %lld bytes)",
                static_cast<long long>(num_bytes));
  void *const mapping =
      mmap(nullptr, static_cast<size_t>(mapped), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapping == MAP_FAILED)
    throw Error(UNI_STATUS_OUT_OF_MEMORY, "out of host memory (requested %lld bytes)",
                static_cast<long long>(num_bytes));
  block->mapping = mapping;
  block->mapped_bytes = mapped;
  const uintptr_t address = reinterpret_cast<uintptr_t>(mapping) + static_cast<uintptr_t>(huge_page) - 1;
  block->data = reinterpret_cast<char *>(address & ~static_cast<uintptr_t>(huge_page - 1));
  block->num_bytes = num_bytes;
  madvise(mapping, static_cast<size_t>(mapped), MADV_HUGEPAGE);
  // A device goes on writing to the pages of the parent: a child must not share them.
  madvise(mapping, static_cast<size_t>(mapped), MADV_DONTFORK);
  register_chunks(*block, backend.calls());
  out->data = block->data;
  out->handle = block.release();
}

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
  Calls &calls = backend.calls();
  const DeviceScope scope(calls, device_id);
  const Stream stream = backend.service_stream(device_id);
  void *data = nullptr;
  Result result = calls.api().allocate_device(&data, num_bytes, stream);
  if (result == result::kOutOfMemory) {
    // What was released and is still in use may be what is missing.
    calls.absorb(result);
    backend.timeline().wait_for_all();
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
  if (synchronized != kSuccess) calls.absorb(calls.api().free_device(data, stream));
  calls.require(synchronized, "cudaStreamSynchronize()");
  out->data = data;
}

}  // namespace

int32_t supports_memory(void *self, int32_t memory, char *reason, int32_t size) noexcept {
  try {
    const MemorySupport support = memory_support(backend_of(self).machine(), memory);
    std::snprintf(reason, static_cast<size_t>(size), "%s", support.reason.c_str());
    return support.supported;
  } catch (const std::exception &) {
    std::snprintf(reason, static_cast<size_t>(size), "out of host memory");
    return 0;
  }
}

int32_t choose_unified(void *self, char *reason, int32_t size) noexcept {
  try {
    const UnifiedChoice choice = unified_choice(backend_of(self).machine());
    std::snprintf(reason, static_cast<size_t>(size), "%s", choice.reason.c_str());
    return choice.memory;
  } catch (const std::exception &) {
    std::snprintf(reason, static_cast<size_t>(size), "out of host memory");
    return UNI_MEMORY_HOST;
  }
}

int32_t reads_memory(void *self, int32_t device_id, int32_t memory, char *reason, int32_t size) noexcept {
  try {
    const MemorySupport support = reads_memory(backend_of(self).machine(), device_id, memory);
    std::snprintf(reason, static_cast<size_t>(size), "%s", support.reason.c_str());
    return support.supported;
  } catch (const std::exception &) {
    std::snprintf(reason, static_cast<size_t>(size), "out of host memory");
    return 0;
  }
}

uni_status allocate(void *self, int32_t memory, int32_t device_id, int64_t num_bytes, uni_memory_block *block,
                    uni_error *error) noexcept {
  return guard(error, [&] {
    Backend &backend = backend_of(self);
    *block = {};
    backend.calls().require_usable();
    backend.timeline().poll();
    if (memory == UNI_MEMORY_DEVICE) backend.device(device_id);
    uni_memory_block made = {};
    if (num_bytes > 0) {
      switch (memory) {
        case UNI_MEMORY_PINNED:
          allocate_pinned(backend, num_bytes, &made);
          break;
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
  return guard(error, [&] {
    Backend &backend = backend_of(self);
    Calls &calls = backend.calls();
    *block = {};
    calls.require_usable();
    if (const MemorySupport support = memory_support(backend.machine(), UNI_MEMORY_PINNED); !support.supported)
      throw Error(UNI_STATUS_NOT_SUPPORTED, "memory kind pinned: %s", support.reason.c_str());
    OwnedPinned pinned;
    if (num_bytes > 0) {
      PointerReport first = {}, last = {};
      calls.require(calls.api().pointer_report(data, &first), "cudaPointerGetAttributes(the first byte)");
      calls.require(calls.api().pointer_report(static_cast<char *>(data) + num_bytes - 1, &last),
                    "cudaPointerGetAttributes(the last byte)");
      if (first.kind == PointerKind::kDevice)
        throw Error(UNI_STATUS_DEVICE_MISMATCH, "array is memory of CUDA device %d, expected host memory",
                    first.device_id);
      pinned = OwnedPinned(new PinnedBlock, {&calls});
      pinned->data = static_cast<char *>(data);
      pinned->num_bytes = num_bytes;
      // Somebody has registered it already: it is theirs to unregister.
      const bool known = first.kind != PointerKind::kUnregistered && first.kind == last.kind;
      if (!known) register_chunks(*pinned, calls);
    }
    block->data = data;
    block->num_bytes = num_bytes;
    block->memory = UNI_MEMORY_PINNED;
    block->handle = pinned.release();
  });
}

void release(void *self, uni_memory_block *block) noexcept {
  Backend &backend = backend_of(self);
  Calls &calls = backend.calls();
  if (block->handle != nullptr) FreePinned{&calls}(static_cast<PinnedBlock *>(block->handle));
  if (block->data != nullptr && calls.usable()) {
    if (block->memory == UNI_MEMORY_MANAGED) calls.absorb(calls.api().free_managed(block->data));
    if (block->memory == UNI_MEMORY_DEVICE)
      calls.absorb(calls.api().free_device(block->data, backend.known_service_stream(block->device_id)));
  }
  block->data = nullptr;
  block->handle = nullptr;
}

}  // namespace uni::cuda
