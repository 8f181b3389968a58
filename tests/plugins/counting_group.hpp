// SPDX-License-Identifier: Apache-2.0
// A lane group that counts what it asks of memory of the host, as a GPU would: what the lanes read in one instruction of a
// line of 128 bytes is one request for each run of neighbouring sectors of 32 bytes (Min et al., "EMOGI", PVLDB 14(2),
// section 3.3). No cache is counted on.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "kernels/lane_group.hpp"

namespace uni::tests {

// Memory whose reads are counted, and what has been counted.
struct CountedMemory {
  uintptr_t begin = 0, end = 0;
  int64_t num_requests = 0;
  int64_t num_lines = 0;    // by which each instruction's requests would count if lines were read whole
  int64_t num_sectors = 0;  // of 32 bytes, that cross the link

  CountedMemory(const void *data, int64_t num_bytes)
      : begin(reinterpret_cast<uintptr_t>(data)), end(begin + static_cast<uintptr_t>(num_bytes)) {}

  // The sectors that one instruction reads of one line, a bit each.
  void count(uint32_t sectors) {
    ++num_lines;
    for (int sector = 0; sector < 4; ++sector) {
      if ((sectors >> sector & 1u) == 0) continue;
      ++num_sectors;
      if (sector == 0 || (sectors >> (sector - 1) & 1u) == 0) ++num_requests;
    }
  }
};

template <int N>
class CountingGroup : public kernels::HostGroup<N> {
  using Base = kernels::HostGroup<N>;

 public:
  explicit CountingGroup(CountedMemory &memory, uint64_t order = 0) : Base(order), memory_(&memory) {}

  template <class Body>
  void each(Body &&body) {
    for (size_t &next : next_) next = 0;
    Base::each(body);
    for (const std::map<uintptr_t, uint32_t> &lines : instructions_)
      for (const auto &[line, sectors] : lines) memory_->count(sectors);
    instructions_.clear();
  }

  template <class T>
  T load(int lane, bool wanted, const T *array, int64_t i = 0) {
    const size_t instruction = next_[lane]++;
    if (!wanted) return T{};
    const uintptr_t at = reinterpret_cast<uintptr_t>(array + i);
    if (at >= memory_->begin && at < memory_->end) {
      if (instructions_.size() <= instruction) instructions_.resize(instruction + 1);
      // A load of at most 16 bytes on their own alignment is within one sector.
      instructions_[instruction][at / 128] |= 1u << (at / 32 % 4);
    }
    return array[i];
  }

 private:
  CountedMemory *memory_;
  size_t next_[N] = {};
  std::vector<std::map<uintptr_t, uint32_t>> instructions_;
};

}  // namespace uni::tests
