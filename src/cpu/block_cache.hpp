// SPDX-License-Identifier: Apache-2.0
// Host memory blocks: large ones are mapped on huge pages, and a few that were released lately are kept, since touching
// fresh pages costs more than most operations that ask for a result of some megabytes.
#pragma once

#include <cstdint>
#include <mutex>

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

 private:
  struct Block {
    void *data = nullptr;
    int64_t capacity = 0;
  };
  static constexpr int max_blocks = 16;
  static constexpr int64_t max_bytes = int64_t{128} << 20;  // kept in all

  std::mutex mutex_;
  Block blocks_[max_blocks];
  int64_t kept_bytes_ = 0;
};

}  // namespace uni::cpu
