// SPDX-License-Identifier: Apache-2.0
// Host memory blocks: large ones are mapped on huge pages, and a few that were released lately are kept, since touching
// fresh pages costs more than most operations that ask for a result of some megabytes.
#pragma once

#include <cstdint>
#include <mutex>

#include "core/kept_blocks.hpp"

namespace uni::cpu {

class BlockCache {
 public:
  BlockCache() = default;
  ~BlockCache();
  BlockCache(const BlockCache &) = delete;
  BlockCache &operator=(const BlockCache &) = delete;

  // Memory of at least `num_bytes` (> 0), on a 64-byte boundary or better; NULL where there is none. `capacity` receives
  // what it really holds, to be given back with it.
  void *allocate(int64_t num_bytes, int64_t *capacity) noexcept;
  void release(void *data, int64_t capacity) noexcept;
  // Gives back to the system what is kept.
  void trim() noexcept;

 private:
  static constexpr int64_t max_bytes = int64_t{128} << 20;  // kept in all

  std::mutex mutex_;
  core::KeptBlocks<16> kept_{max_bytes};
};

}  // namespace uni::cpu
