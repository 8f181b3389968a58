// SPDX-License-Identifier: Apache-2.0
// Lane groups: how an algorithm is written once for one thread of a CPU and for 1 to 32 lanes of a warp.
//
// A group has kLanes lanes. Values that differ between lanes are Lane<T>, code that runs in every lane is a block
// `g.each([&](int lane) {...})`, and all that stands between blocks is uniform over the group. Lanes meet only in ballot,
// shuffle, scan and sum, or in memory from one block to the next: within a block no lane may read what another wrote.
//
// What may lie in memory of the host is read by `g.load(lane, wanted, array, i)`, which every lane calls, so that the reads of
// a block stand in the same order in all of them: a GPU turns each into one request to a line of memory.
#pragma once

#include <cstdint>

#if defined(__CUDACC__)
#define UNI_HOST_DEVICE __host__ __device__
#else
#define UNI_HOST_DEVICE
#endif
// For short loops over what is to stay in registers on a GPU, and for loops around them.
#if defined(__CUDA_ARCH__)
#define UNI_UNROLL _Pragma("unroll")
#define UNI_DO_NOT_UNROLL _Pragma("unroll 1")
#else
#define UNI_UNROLL
#define UNI_DO_NOT_UNROLL
#endif

namespace uni::kernels {

// A group of N lanes on the host: one thread visits the lanes one after another. With N = 1 it costs nothing, and is how
// the CPU backend runs; wider groups are how tests run what a GPU runs. `order` picks the order of visits, which changes
// from block to block; 0 visits lanes in their own order.
template <int N>
class HostGroup {
  static_assert(N >= 1 && N <= 32 && (N & (N - 1)) == 0, "a group has a power of two of lanes, 32 at most");

 public:
  static constexpr int kLanes = N;

  template <class T>
  struct Lane {
    T values[N];
    UNI_HOST_DEVICE T &operator[](int lane) { return values[lane]; }
    UNI_HOST_DEVICE const T &operator[](int lane) const { return values[lane]; }
  };

  UNI_HOST_DEVICE explicit HostGroup(uint64_t order = 0) : state_(order) {}

  template <class Body>
  UNI_HOST_DEVICE void each(Body &&body) {
    if constexpr (N == 1) {
      body(0);
    } else if (state_ == 0) {
      for (int lane = 0; lane < N; ++lane) body(lane);
    } else {
      // An odd multiplier, an offset and an exclusive or each permute the lanes of a power of two.
      state_ = state_ * 6364136223846793005u + 1442695040888963407u;
      const unsigned bits = static_cast<unsigned>(state_ >> 40);
      const unsigned multiplier = (bits & 31u) | 1u, offset = (bits >> 5) & 31u, flip = (bits >> 10) & (N - 1u);
      for (unsigned i = 0; i < N; ++i) body(static_cast<int>(((i * multiplier + offset) & (N - 1u)) ^ flip));
    }
  }

  // Bit i is lane i's p.
  UNI_HOST_DEVICE uint32_t ballot(const Lane<bool> &p) const {
    uint32_t mask = 0;
    for (int lane = 0; lane < N; ++lane) mask |= static_cast<uint32_t>(p[lane]) << lane;
    return mask;
  }

  // The value of lane `source`, for all.
  template <class T>
  UNI_HOST_DEVICE T shuffle(const Lane<T> &x, int source) const {
    return x[source];
  }

  // For each lane the value of the lane that it names.
  template <class T>
  UNI_HOST_DEVICE Lane<T> shuffle(const Lane<T> &x, const Lane<int> &sources) const {
    Lane<T> values;
    for (int lane = 0; lane < N; ++lane) values[lane] = x[sources[lane]];
    return values;
  }

  // Of an array, zero where it is not wanted.
  template <class T>
  UNI_HOST_DEVICE T load(int /*lane*/, bool wanted, const T *array, int64_t i = 0) const {
    return wanted ? array[i] : T{};
  }

  // For each lane the sum over the lanes before it.
  template <class T>
  UNI_HOST_DEVICE Lane<T> scan(const Lane<T> &x) const {
    Lane<T> before;
    T sum = 0;
    for (int lane = 0; lane < N; ++lane) {
      before[lane] = sum;
      sum = static_cast<T>(sum + x[lane]);
    }
    return before;
  }

  // The sum over all lanes, for all.
  template <class T>
  UNI_HOST_DEVICE T sum(const Lane<T> &x) const {
    T sum = 0;
    for (int lane = 0; lane < N; ++lane) sum = static_cast<T>(sum + x[lane]);
    return sum;
  }

 private:
  uint64_t state_;
};

template <class Group, class T>
using Lane = typename Group::template Lane<T>;

// Calls body(lane, i) for every i in [begin, end), kLanes at a time, neighbouring lanes with neighbouring i. For code in
// which lanes do not meet.
template <class Group, class Body>
UNI_HOST_DEVICE inline void for_each_strided(Group &g, int64_t begin, int64_t end, Body &&body) {
  for (int64_t tile = begin; tile < end; tile += Group::kLanes) {
    g.each([&](int lane) {
      const int64_t i = tile + lane;
      if (i < end) body(lane, i);
    });
  }
}

}  // namespace uni::kernels
