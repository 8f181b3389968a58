// SPDX-License-Identifier: Apache-2.0
#include <cuda_runtime.h>

#include "runtime_entries.hpp"

namespace uni::cuda {
namespace {

// What a copy of rows in one piece can have for a pitch: not less than a row, and not more than the device's limit.
bool fits(int64_t pitch, int64_t width, int64_t most) { return width <= pitch && pitch <= most; }

}  // namespace

Result copy_rows(void *to, int64_t to_pitch, const void *from, int64_t from_pitch, int64_t width, int64_t height,
                 Stream stream) noexcept {
  if (width <= 0 || height <= 0) return kSuccess;
  const cudaStream_t queue = static_cast<cudaStream_t>(stream);
  const size_t row = static_cast<size_t>(width), rows = static_cast<size_t>(height);
  if (height == 1 || (to_pitch == width && from_pitch == width))
    return cudaMemcpyAsync(to, from, row * rows, cudaMemcpyDefault, queue);
  int device = 0, most = 0;
  if (const cudaError_t error = cudaGetDevice(&device); error != cudaSuccess) return error;
  if (const cudaError_t error = cudaDeviceGetAttribute(&most, cudaDevAttrMaxPitch, device); error != cudaSuccess)
    return error;
  if (fits(to_pitch, width, most) && fits(from_pitch, width, most))
    return cudaMemcpy2DAsync(to, static_cast<size_t>(to_pitch), from, static_cast<size_t>(from_pitch), row, rows,
                             cudaMemcpyDefault, queue);
  for (int64_t i = 0; i < height; ++i) {
    const cudaError_t error =
        cudaMemcpyAsync(static_cast<char *>(to) + i * to_pitch, static_cast<const char *>(from) + i * from_pitch, row,
                        cudaMemcpyDefault, queue);
    if (error != cudaSuccess) return error;
  }
  return kSuccess;
}

}  // namespace uni::cuda
