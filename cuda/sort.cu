// SPDX-License-Identifier: Apache-2.0
#include <cub/device/device_radix_sort.cuh>

#include "runtime_entries.hpp"

namespace uni::cuda {
namespace {

// Two buffers for each, so that the workspace is small.
Result sort(const SortRequest &r, void *workspace, size_t &workspace_bytes, Stream stream, uint32_t **sorted) {
  cub::DoubleBuffer<uint32_t> keys(r.keys, r.other_keys), positions(r.positions, r.other_positions);
  const cudaError_t error =
      cub::DeviceRadixSort::SortPairs(workspace, workspace_bytes, keys, positions, static_cast<int>(r.count), 0,
                                      static_cast<int>(r.num_bits), static_cast<cudaStream_t>(stream));
  *sorted = positions.Current();
  return error;
}

}  // namespace

Result sort_workspace_bytes(int64_t count, int32_t num_bits, int64_t *num_bytes) noexcept {
  size_t bytes = 0;
  uint32_t *sorted = nullptr;
  SortRequest request = {};
  request.count = count;
  request.num_bits = num_bits;
  const Result result = sort(request, nullptr, bytes, nullptr, &sorted);
  *num_bytes = static_cast<int64_t>(bytes);
  return result;
}

Result sort_pairs(const SortRequest &request, void *workspace, int64_t workspace_bytes, Stream stream,
                  uint32_t **sorted_positions) noexcept {
  size_t bytes = static_cast<size_t>(workspace_bytes);
  return sort(request, workspace, bytes, stream, sorted_positions);
}

}  // namespace uni::cuda
