// SPDX-License-Identifier: Apache-2.0
#include <cub/device/device_scan.cuh>
#include <cub/version.cuh>
#include <limits>

#include "runtime_entries.hpp"

namespace uni::cuda {
namespace {

// Older versions of CUB count in an int, whatever they are given.
constexpr int64_t most_items =
    CUB_VERSION < 200700 ? int64_t{std::numeric_limits<int>::max()} : std::numeric_limits<int64_t>::max();

Result exclusive_sum(void *workspace, size_t &workspace_bytes, int64_t *values, int64_t count, Stream stream) {
  if (count > most_items) return cudaErrorInvalidValue;
  return cub::DeviceScan::ExclusiveSum(workspace, workspace_bytes, values, values, count,
                                       static_cast<cudaStream_t>(stream));
}

}  // namespace

Result scan_workspace_bytes(int64_t count, int64_t *num_bytes) noexcept {
  size_t bytes = 0;
  const Result result = exclusive_sum(nullptr, bytes, nullptr, count, nullptr);
  *num_bytes = static_cast<int64_t>(bytes);
  return result;
}

Result scan(int64_t *values, int64_t count, void *workspace, int64_t workspace_bytes, Stream stream) noexcept {
  if (count <= 0) return kSuccess;
  size_t bytes = static_cast<size_t>(workspace_bytes);
  return exclusive_sum(workspace, bytes, values, count, stream);
}

}  // namespace uni::cuda
