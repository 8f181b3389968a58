// SPDX-License-Identifier: Apache-2.0
// Page-locked host memory: mappings of ours, and memory of callers' that devices read where it lies. CUDA refuses to
// register memory twice, and forgets it at the first release; so every range is known here with how many use it.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>

#include "calls.hpp"

namespace uni::cuda {

struct PageLockedRange {
  char *data = nullptr;
  int64_t num_bytes = 0;
  int64_t registered_bytes = 0;  // from the start on
  int64_t mapped_bytes = 0;      // 0: the memory is not ours
  void *mapping = nullptr;
  int64_t num_uses = 0;
  bool settled = false;  // neither being registered nor being released
};

class PageLocked {
 public:
  explicit PageLocked(Calls &calls) noexcept : calls_(calls) {}

  // Memory of ours, on huge pages where there are.
  PageLockedRange *allocate(int64_t num_bytes);
  // Memory of the caller's; NULL where it is page-locked already, by others.
  PageLockedRange *add(void *data, int64_t num_bytes);
  // Gives back what the functions above gave; NULL: nothing. Never fails.
  void release(PageLockedRange *range) noexcept;

 private:
  using Lock = std::unique_lock<std::mutex>;

  // A known range that has all of these bytes, with one use more, or NULL. Throws where one has some of them.
  PageLockedRange *find_locked(Lock &lock, const char *data, int64_t num_bytes);
  void register_chunks(PageLockedRange &range);
  void free(PageLockedRange &range) noexcept;
  // Whether every page is known to CUDA.
  bool is_page_locked(char *data, int64_t num_bytes);

  Calls &calls_;
  std::mutex mutex_;
  std::condition_variable settled_;
  std::map<uintptr_t, PageLockedRange> ranges_;  // by their start
};

}  // namespace uni::cuda
