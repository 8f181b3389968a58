// SPDX-License-Identifier: Apache-2.0
#include <atomic>

#include "launch.cuh"

namespace uni::cuda {
namespace {

// More than fit at once: rows and nodes differ in size, and a multiprocessor that is done early takes the next block.
constexpr int64_t blocks_per_multiprocessor = 16;

// Devices from here on are asked each time.
constexpr int remembered_devices = 64;
std::atomic<int> multiprocessors[remembered_devices];

}  // namespace

Result most_blocks(int64_t *num_blocks) noexcept {
  int device = 0;
  if (const cudaError_t error = cudaGetDevice(&device); error != cudaSuccess) return error;
  int count = device < remembered_devices ? multiprocessors[device].load(std::memory_order_relaxed) : 0;
  if (count == 0) {
    const cudaError_t error = cudaDeviceGetAttribute(&count, cudaDevAttrMultiProcessorCount, device);
    if (error != cudaSuccess) return error;
    if (device < remembered_devices) multiprocessors[device].store(count, std::memory_order_relaxed);
  }
  *num_blocks = count * blocks_per_multiprocessor;
  return kSuccess;
}

}  // namespace uni::cuda
