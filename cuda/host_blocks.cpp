// SPDX-License-Identifier: Apache-2.0
#include "host_blocks.hpp"

#include <algorithm>
#include <bit>
#include <vector>

#include "host_memory.hpp"
#include "unitensor/array.h"

namespace uni::cuda {

int64_t HostBlocks::capacity_for(int64_t num_bytes) noexcept {
  if (num_bytes > largest_kept) return num_bytes;
  constexpr uint64_t page = 4096;
  const auto bytes = static_cast<uint64_t>(num_bytes);
  const uint64_t step = std::max(page, std::bit_floor(bytes) / 8);
  return static_cast<int64_t>((bytes + step - 1) / step * step);
}

void HostBlocks::allocate_managed(int64_t capacity, int32_t num_devices, const HostPlacement &placement,
                                  uni_memory_block *out) {
  require_room_in_groups(capacity, "managed", placement.root);
  std::vector<int32_t> ids;
  for (int32_t i = 0; i < num_devices; ++i) ids.push_back(i);
  void *data = nullptr;
  Result result = calls_.api().allocate_managed(&data, capacity);
  if (result == result::kOutOfMemory) {
    // It lies on the host: what the device has free says nothing.
    calls_.absorb(result);
    throw Error(UNI_STATUS_OUT_OF_MEMORY, "cudaMallocManaged(%lld bytes) failed: %s (%d, %s); %s",
                static_cast<long long>(capacity), calls_.api().error_text(result), result,
                calls_.api().error_name(result), host_memory_advice().c_str())
        .with_native_code(result);
  }
  calls_.require(result, "cudaMallocManaged(%lld bytes)", static_cast<long long>(capacity));
  result = calls_.api().advise_host_resident(data, capacity, ids.data(), num_devices);
  if (result != kSuccess) calls_.absorb(calls_.api().free_managed(data));
  calls_.require(result, "cudaMemAdvise(%lld bytes: preferred location host, accessed by %d devices)",
                 static_cast<long long>(capacity), num_devices);
  // Now that its place is known: otherwise whoever writes to it first takes the faults of all pages on one thread.
  first_touch(data, capacity, placement);
  out->data = data;
}

uni_memory_block HostBlocks::allocate(int32_t memory, int64_t num_bytes, int32_t num_devices,
                                      const HostPlacement &placement) {
  uni_memory_block made = {};
  made.memory = memory;
  made.num_bytes = num_bytes;
  const int64_t capacity = capacity_for(num_bytes);
  core::KeptBlock block;
  if (capacity <= largest_kept) {
    const std::lock_guard<std::mutex> lock(mutex_);
    block = kept(memory).take(capacity, capacity);
  }
  if (block.data != nullptr) {
    made.data = block.data;
    made.handle = block.handle;
  } else if (memory == UNI_MEMORY_MANAGED) {
    allocate_managed(capacity, num_devices, placement, &made);
  } else {
    PageLockedRange *const range = page_locked_.allocate(capacity, placement);
    made.data = range->data;
    made.handle = range;
  }
  return made;
}

// Whether what is released may be used again as a whole.
bool HostBlocks::is_kept(const uni_memory_block &block) noexcept {
  if (block.data == nullptr || !calls_.usable() || capacity_for(block.num_bytes) > largest_kept) return false;
  return block.memory == UNI_MEMORY_MANAGED || page_locked_.is_ours_alone(static_cast<PageLockedRange *>(block.handle));
}

void HostBlocks::release(const uni_memory_block &block) noexcept {
  core::KeptBlock left = {block.data, capacity_for(block.num_bytes), block.handle};
  if (!is_kept(block)) {
    give_back(block.memory, left);
    return;
  }
  for (;;) {
    core::KeptBlock oldest;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (kept(block.memory).keep(left)) return;
      // Sizes that nobody asks for any more make room for those of now.
      oldest = kept(block.memory).take_oldest();
    }
    give_back(block.memory, oldest);
  }
}

void HostBlocks::give_back(int32_t memory, const core::KeptBlock &block) noexcept {
  if (memory == UNI_MEMORY_PINNED)
    page_locked_.release(static_cast<PageLockedRange *>(block.handle));
  else if (block.data != nullptr && calls_.usable())
    calls_.absorb(calls_.api().free_managed(block.data));
}

void HostBlocks::trim() noexcept {
  if (calls_.forked())
    return;  // the parent's; and the lock may have been taken by a thread that the child does not have
  for (const int32_t memory : {UNI_MEMORY_PINNED, UNI_MEMORY_MANAGED})
    for (;;) {
      core::KeptBlock block;
      {
        const std::lock_guard<std::mutex> lock(mutex_);
        block = kept(memory).take_oldest();
      }
      if (block.data == nullptr) break;
      give_back(memory, block);
    }
}

}  // namespace uni::cuda
