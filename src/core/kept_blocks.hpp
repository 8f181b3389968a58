// SPDX-License-Identifier: Apache-2.0
// Memory that was released lately and is kept for the next who asks for its size: what caches of memory have in common,
// whatever kind it is of. Nothing is allocated here, so that releases cannot fail. Not thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace uni::core {

struct KeptBlock {
  void *data = nullptr;
  int64_t capacity = 0;
  void *handle = nullptr;  // the owner's
};

template <size_t most_blocks>
class KeptBlocks {
 public:
  explicit KeptBlocks(int64_t most_bytes) noexcept : most_bytes_(most_bytes) {}

  // Whether it was taken: not where there are too many, or too many bytes.
  bool keep(const KeptBlock &block) noexcept {
    if (count_ == most_blocks || block.capacity > most_bytes_ - num_bytes_) return false;
    blocks_[count_++] = block;
    num_bytes_ += block.capacity;
    return true;
  }

  // The smallest that holds `least` bytes, if it holds no more than `most`; without data where there is none.
  KeptBlock take(int64_t least, int64_t most) noexcept {
    size_t best = count_;
    for (size_t i = 0; i < count_; ++i)
      if (blocks_[i].capacity >= least && blocks_[i].capacity <= most &&
          (best == count_ || blocks_[i].capacity < blocks_[best].capacity))
        best = i;
    return take_at(best);
  }

  // The one that has been kept longest; without data where there is none.
  KeptBlock take_oldest() noexcept { return take_at(0); }

 private:
  KeptBlock take_at(size_t at) noexcept {
    if (at >= count_) return {};
    const KeptBlock taken = blocks_[at];
    for (--count_; at < count_; ++at) blocks_[at] = blocks_[at + 1];
    num_bytes_ -= taken.capacity;
    return taken;
  }

  const int64_t most_bytes_;
  int64_t num_bytes_ = 0;
  size_t count_ = 0;
  std::array<KeptBlock, most_blocks> blocks_;  // the oldest first
};

}  // namespace uni::core
