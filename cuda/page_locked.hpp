// SPDX-License-Identifier: Apache-2.0
// Page-locked host memory: mappings of ours, and memory of callers' that devices read where it lies. CUDA page-locks whole
// pages, refuses those that are page-locked already, and forgets them at the first release. So every run of pages is known
// here with how many use it, and arrays may share pages, or lie in each other.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <vector>

#include "calls.hpp"
#include "first_touch.hpp"

namespace uni::cuda {

// A run of pages that was registered as one.
struct PageLockedPages {
  char *data = nullptr;
  int64_t num_bytes = 0;
  int64_t registered_bytes = 0;  // from the start on
  int64_t mapped_bytes = 0;      // 0: the memory is not ours
  void *mapping = nullptr;
  int64_t num_uses = 0;
  bool settled = false;  // neither being registered nor being released
};

// What one array uses.
struct PageLockedRange {
  char *data = nullptr;
  bool ours = false;  // of `allocate`
  std::vector<PageLockedPages *> pages;
};

class PageLocked {
 public:
  explicit PageLocked(Calls &calls) noexcept : calls_(calls) {}

  // Memory of ours, on huge pages where there are.
  PageLockedRange *allocate(int64_t num_bytes, const HostPlacement &placement);
  // Memory of the caller's; NULL where it is page-locked already, by others.
  PageLockedRange *add(void *data, int64_t num_bytes);
  // Gives back what the functions above gave; NULL: nothing. Never fails.
  void release(PageLockedRange *range) noexcept;
  // Whether it is memory of `allocate` in which no array has been registered. Not in a forked child.
  bool is_ours_alone(const PageLockedRange *range) noexcept;

 private:
  using Lock = std::unique_lock<std::mutex>;

  // Known pages from `begin` to `end`, when none of them is being registered or released; each with one use more. The rest
  // is known from then on, and for the caller to register: `made`.
  void take_locked(Lock &lock, uintptr_t begin, uintptr_t end, PageLockedRange &range,
                   std::vector<PageLockedPages *> &made);
  // `array_bytes` is for the message.
  void register_chunks(PageLockedPages &pages, int64_t array_bytes);
  Result register_chunk(void *data, int64_t num_bytes);
  void free(PageLockedPages &pages) noexcept;
  void drop(PageLockedPages &pages) noexcept;
  // Whether CUDA knows every page of the array between two addresses.
  bool is_page_locked(uintptr_t array, uintptr_t begin, uintptr_t end);

  Calls &calls_;
  std::mutex mutex_;
  std::condition_variable settled_;
  std::map<uintptr_t, PageLockedPages> pages_;  // by their start
};

}  // namespace uni::cuda
