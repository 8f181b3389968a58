// SPDX-License-Identifier: Apache-2.0
// The lane group of a GPU: N neighbouring lanes of a warp, each holding its own part of a Lane<T> in a register. Blocks
// of threads are one-dimensional and a multiple of 32 wide.
#pragma once

#include "kernels/global_access.hpp"
#include "kernels/lane_group.hpp"

#if !defined(__CUDACC__)
#error "this header is for nvcc"
#endif

namespace uni::kernels {

template <int N>
class WarpGroup {
  static_assert(N >= 1 && N <= 32 && (N & (N - 1)) == 0, "a group has a power of two of lanes, 32 at most");

 public:
  static constexpr int kLanes = N;

  template <class T>
  struct Lane {
    T value;
    __host__ __device__ T &operator[](int) { return value; }
    __host__ __device__ const T &operator[](int) const { return value; }
  };

  __device__ WarpGroup() : lane_(static_cast<int>(threadIdx.x & (N - 1u))), shift_(threadIdx.x & 31u & ~(N - 1u)) {}

#pragma nv_exec_check_disable
  template <class Body>
  __host__ __device__ void each(Body &&body) {
    body(lane_);
#if defined(__CUDA_ARCH__)
    __syncwarp(mask());
#endif
  }

  __host__ __device__ uint32_t ballot(const Lane<bool> &p) const {
#if defined(__CUDA_ARCH__)
    return (__ballot_sync(mask(), p.value) >> shift_) & kLow;
#else
    return p.value;
#endif
  }

  template <class T>
  __host__ __device__ T shuffle(const Lane<T> &x, int source) const {
#if defined(__CUDA_ARCH__)
    return __shfl_sync(mask(), x.value, source, N);
#else
    (void)source;
    return x.value;
#endif
  }

  template <class T>
  __host__ __device__ Lane<T> shuffle(const Lane<T> &x, const Lane<int> &sources) const {
#if defined(__CUDA_ARCH__)
    return Lane<T>{__shfl_sync(mask(), x.value, sources.value, N)};
#else
    (void)sources;
    return x;
#endif
  }

  template <class T>
  __host__ __device__ T load(int, bool wanted, const T *array, int64_t i = 0) const {
    return wanted ? load_global(array + i) : T{};
  }

  template <class T>
  __host__ __device__ Lane<T> scan(const Lane<T> &x) const {
    T inclusive = inclusive_scan(x.value);
    return Lane<T>{static_cast<T>(inclusive - x.value)};
  }

  template <class T>
  __host__ __device__ T sum(const Lane<T> &x) const {
    return shuffle(Lane<T>{inclusive_scan(x.value)}, N - 1);
  }

 private:
  static constexpr uint32_t kLow = N == 32 ? ~0u : (1u << (N & 31)) - 1u;

  __host__ __device__ uint32_t mask() const { return kLow << shift_; }

  template <class T>
  __host__ __device__ T inclusive_scan(T value) const {
#if defined(__CUDA_ARCH__)
#pragma unroll
    for (int distance = 1; distance < N; distance *= 2) {
      const T before = __shfl_up_sync(mask(), value, distance, N);
      if (lane_ >= distance) value = static_cast<T>(value + before);
    }
#endif
    return value;
  }

  int lane_;
  uint32_t shift_;
};

}  // namespace uni::kernels
