// SPDX-License-Identifier: Apache-2.0
// Pinned and managed memory of ours. To get it ready for devices takes milliseconds (system calls, the driver, the first
// touch of its pages), so that blocks that were released are kept for the next tensor of their size, whichever context
// asks.
#pragma once

#include <cstdint>
#include <mutex>

#include "core/kept_blocks.hpp"
#include "first_touch.hpp"
#include "page_locked.hpp"
#include "unitensor/backend.h"

namespace uni::cuda {

class HostBlocks {
 public:
  HostBlocks(Calls &calls, PageLocked &page_locked) noexcept : calls_(calls), page_locked_(page_locked) {}
  ~HostBlocks() { trim(); }
  HostBlocks(const HostBlocks &) = delete;
  HostBlocks &operator=(const HostBlocks &) = delete;

  // `memory` is UNI_MEMORY_PINNED or UNI_MEMORY_MANAGED; every one of the devices reads it.
  uni_memory_block allocate(int32_t memory, int64_t num_bytes, int32_t num_devices, const HostPlacement &placement);
  // When no operation uses it any more: memory from above, and the caller's that was page-locked where it lies.
  void release(const uni_memory_block &block) noexcept;
  // Gives back to the system what is kept.
  void trim() noexcept;

  // What is really taken for so many bytes: one of few sizes, an eighth more at most or the rest of a page, so that what is
  // kept fits what comes next.
  static int64_t capacity_for(int64_t num_bytes) noexcept;
  static constexpr int64_t largest_kept = int64_t{64} << 20;
  static constexpr int64_t most_bytes_kept = int64_t{256} << 20;  // of each kind

 private:
  using Kept = core::KeptBlocks<256>;

  void allocate_managed(int64_t capacity, int32_t num_devices, const HostPlacement &placement, uni_memory_block *out);
  bool is_kept(const uni_memory_block &block) noexcept;
  void give_back(int32_t memory, const core::KeptBlock &block) noexcept;
  Kept &kept(int32_t memory) noexcept { return memory == UNI_MEMORY_PINNED ? pinned_ : managed_; }

  Calls &calls_;
  PageLocked &page_locked_;
  std::mutex mutex_;  // not held while CUDA is called, which may wait for devices
  Kept pinned_{most_bytes_kept}, managed_{most_bytes_kept};
};

}  // namespace uni::cuda
