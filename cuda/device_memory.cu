// SPDX-License-Identifier: Apache-2.0
// Memory of a device, from a pool of our own where the device has pools: in the order of a stream, and kept for the next
// operation when freed. The device's default pool belongs to the program, and its settings are not ours to change.
#include <cuda_runtime.h>

#include <cstdint>
#include <mutex>
#include <vector>

#include "runtime_entries.hpp"

namespace uni::cuda {
namespace {

struct DevicePool {
  bool known = false;
  cudaMemPool_t pool = nullptr;  // NULL: the device has no pools
};

struct DevicePools {
  std::mutex mutex;
  std::vector<DevicePool> of_device;
};

// Never destroyed: memory may be freed while the program ends.
DevicePools &pools() {
  static auto *const all = new DevicePools;
  return *all;
}

cudaError_t make_pool(int device, DevicePool *made) {
  int supported = 0;
  if (const cudaError_t error = cudaDeviceGetAttribute(&supported, cudaDevAttrMemoryPoolsSupported, device);
      error != cudaSuccess)
    return error;
  if (supported != 0) {
    cudaMemPoolProps properties = {};
    properties.allocType = cudaMemAllocationTypePinned;
    properties.handleTypes = cudaMemHandleTypeNone;
    properties.location.type = cudaMemLocationTypeDevice;
    properties.location.id = device;
    if (const cudaError_t error = cudaMemPoolCreate(&made->pool, &properties); error != cudaSuccess) return error;
    // Otherwise everything freed goes back to the driver whenever a stream is waited for.
    uint64_t keep = UINT64_MAX;
    cudaError_t error = cudaMemPoolSetAttribute(made->pool, cudaMemPoolAttrReleaseThreshold, &keep);
    // Nor may an allocation wait for work on other streams, to get what was freed there.
    int wait_for_others = 0;
    if (error == cudaSuccess)
      error = cudaMemPoolSetAttribute(made->pool, cudaMemPoolReuseAllowInternalDependencies, &wait_for_others);
    if (error != cudaSuccess) {
      cudaMemPoolDestroy(made->pool);
      return error;
    }
  }
  made->known = true;
  return cudaSuccess;
}

cudaError_t pool_of(int device, cudaMemPool_t *pool) {
  DevicePools &all = pools();
  const std::lock_guard<std::mutex> lock(all.mutex);
  const size_t slot = static_cast<size_t>(device);
  if (all.of_device.size() <= slot) all.of_device.resize(slot + 1);
  if (!all.of_device[slot].known) {
    DevicePool made;
    if (const cudaError_t error = make_pool(device, &made); error != cudaSuccess) return error;
    all.of_device[slot] = made;
  }
  *pool = all.of_device[slot].pool;
  return cudaSuccess;
}

}  // namespace

Result allocate_device(void **data, int64_t num_bytes, Stream stream) noexcept try {
  int device = 0;
  cudaMemPool_t pool = nullptr;
  if (const cudaError_t error = cudaGetDevice(&device); error != cudaSuccess) return error;
  if (const cudaError_t error = pool_of(device, &pool); error != cudaSuccess) return error;
  const size_t bytes = static_cast<size_t>(num_bytes);
  if (pool == nullptr) return cudaMalloc(data, bytes);
  return cudaMallocFromPoolAsync(data, bytes, pool, static_cast<cudaStream_t>(stream));
} catch (const std::exception &) {
  return cudaErrorMemoryAllocation;
}

Result free_device(void *data, int32_t device_id, Stream stream) noexcept try {
  cudaMemPool_t pool = nullptr;
  if (const cudaError_t error = pool_of(device_id, &pool); error != cudaSuccess) return error;
  return pool == nullptr ? cudaFree(data) : cudaFreeAsync(data, static_cast<cudaStream_t>(stream));
} catch (const std::exception &) {
  return cudaErrorMemoryAllocation;
}

Result trim_pools() noexcept {
  DevicePools &all = pools();
  const std::lock_guard<std::mutex> lock(all.mutex);
  cudaError_t first = cudaSuccess;
  for (size_t slot = 0; slot < all.of_device.size(); ++slot) {
    if (all.of_device[slot].pool == nullptr) continue;
    cudaError_t error = cudaMemPoolTrimTo(all.of_device[slot].pool, 0);
    // What was allocated within graphs is kept elsewhere, also when the graphs have gone.
    const cudaError_t of_graphs = cudaDeviceGraphMemTrim(static_cast<int>(slot));
    if (error == cudaSuccess) error = of_graphs;
    if (first == cudaSuccess) first = error;
  }
  return first;
}

}  // namespace uni::cuda
