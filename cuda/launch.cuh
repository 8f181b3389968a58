// SPDX-License-Identifier: Apache-2.0
// How kernels are launched: one __global__ template for all of them, and the Launch that dispatch.hpp asks for.
#pragma once

#include <cuda_runtime.h>

#include <algorithm>
#include <cstdint>

#include "api.hpp"
#include "kernels/lane_group_cuda.hpp"

namespace uni::cuda {

constexpr int kThreadsPerBlock = 256;
// Blocks that a multiprocessor has to have room for: 64 registers to a thread. Told the size of a block and not this, the
// compiler spills registers of some kernels to make room for more blocks.
constexpr int kResidentBlocks = 4;

// The most blocks that are of use to the current device, which groups then share the work among.
Result most_blocks(int64_t *num_blocks) noexcept;

// A kernel is given as many groups as were launched, and never more than num_groups: memory may be sized by that. Groups
// leave whole, so that the masks of those that stay name no lane that has left.
template <int kLanes, class Kernel>
__device__ __forceinline__ void run_group(const Kernel &kernel, const int64_t num_groups) {
  const int groups_per_block = static_cast<int>(blockDim.x) / kLanes;
  const int64_t launched = static_cast<int64_t>(gridDim.x) * groups_per_block;
  const int64_t group = static_cast<int64_t>(blockIdx.x) * groups_per_block + static_cast<int>(threadIdx.x) / kLanes;
  if (group >= num_groups) return;
  kernels::WarpGroup<kLanes> lanes;
  kernel(lanes, group, launched < num_groups ? launched : num_groups);
}

template <int kLanes, class Kernel>
__global__ void __launch_bounds__(kThreadsPerBlock, kResidentBlocks)
    run_kernel(const __grid_constant__ Kernel kernel, const int64_t num_groups) {
  run_group<kLanes>(kernel, num_groups);
}

// For kernels that a few multiprocessors are to run alone: of blocks so large each takes one, and is all that it needs to
// have enough requests to the host on the way.
constexpr int kThreadsPerMultiprocessor = 1024;

template <class Kernel>
__global__ void __launch_bounds__(kThreadsPerMultiprocessor, 1)
    run_rows_kernel(const __grid_constant__ Kernel kernel, const int64_t num_groups) {
  run_group<32>(kernel, num_groups);
}

class Launch {
 public:
  explicit Launch(Stream stream) noexcept : stream_(static_cast<cudaStream_t>(stream)) {}

  template <int kLanes, class Kernel>
  Result run(const Kernel &kernel, int64_t num_groups) const {
    if (num_groups <= 0) return kSuccess;
    constexpr int64_t kGroupsPerBlock = kThreadsPerBlock / kLanes;
    int64_t most = 0;
    if (const Result result = most_blocks(&most); result != kSuccess) return result;
    const int64_t needed = (num_groups - 1) / kGroupsPerBlock + 1;
    const dim3 grid(static_cast<unsigned>(std::min(needed, most)));
    run_kernel<kLanes, Kernel><<<grid, kThreadsPerBlock, 0, stream_>>>(kernel, num_groups);
    return cudaGetLastError();
  }

  template <class Kernel>
  Result run_rows(const Kernel &kernel, int64_t num_groups, int32_t num_multiprocessors) const {
    if (num_groups <= 0) return kSuccess;
    const int threads = num_multiprocessors > 0 ? kThreadsPerMultiprocessor : kThreadsPerBlock;
    int64_t most = num_multiprocessors;
    if (num_multiprocessors == 0)
      if (const Result result = most_blocks(&most); result != kSuccess) return result;
    const int64_t needed = (num_groups - 1) / (threads / 32) + 1;
    const dim3 grid(static_cast<unsigned>(std::min(needed, most)));
    run_rows_kernel<Kernel><<<grid, threads, 0, stream_>>>(kernel, num_groups);
    return cudaGetLastError();
  }

 private:
  const cudaStream_t stream_;
};

}  // namespace uni::cuda
