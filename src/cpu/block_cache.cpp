// SPDX-License-Identifier: Apache-2.0
#include "cpu/block_cache.hpp"

#include <stdlib.h>
#include <sys/mman.h>

namespace uni::cpu {
namespace {

constexpr int64_t huge_page = int64_t{2} << 20;
constexpr int64_t smallest_mapping = int64_t{1} << 20;  // below it the C library's allocator does better
constexpr int64_t smallest_kept = int64_t{64} << 10;

constexpr int64_t round_up(int64_t value, int64_t unit) noexcept { return (value + unit - 1) / unit * unit; }

// Mapped at a huge page's boundary, so that the kernel can put huge pages under it from the first byte.
void *map(int64_t num_bytes) noexcept {
  const size_t wanted = static_cast<size_t>(num_bytes), slack = static_cast<size_t>(huge_page);
  char *base =
      static_cast<char *>(mmap(nullptr, wanted + slack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  if (base == MAP_FAILED) return nullptr;
  const size_t before = (slack - reinterpret_cast<uintptr_t>(base) % slack) % slack;
  if (before > 0) munmap(base, before);
  if (before < slack) munmap(base + before + wanted, slack - before);
  char *const data = base + before;
  // A wish: where the kernel has no huge pages the memory is as good as any other.
  static_cast<void>(madvise(data, wanted, MADV_HUGEPAGE));
  return data;
}

// The cache is locked for a few dozen instructions. Whoever does not get in soon does without it: a forked child may have
// inherited the lock held by a thread that it does not have.
std::unique_lock<std::mutex> lock_soon(std::mutex &mutex) noexcept {
  std::unique_lock<std::mutex> lock(mutex, std::try_to_lock);
  for (int attempt = 0; attempt < 1000 && !lock.owns_lock(); ++attempt) static_cast<void>(lock.try_lock());
  return lock;
}

void give_back(void *data, int64_t capacity) noexcept {
  if (capacity >= smallest_mapping)
    munmap(data, static_cast<size_t>(capacity));
  else
    free(data);
}

}  // namespace

BlockCache::~BlockCache() {
  for (core::KeptBlock block; (block = kept_.take_oldest()).data != nullptr;) give_back(block.data, block.capacity);
}

void BlockCache::trim() noexcept {
  for (;;) {
    core::KeptBlock block;
    if (const auto lock = lock_soon(mutex_); lock.owns_lock()) block = kept_.take_oldest();
    if (block.data == nullptr) return;
    give_back(block.data, block.capacity);
  }
}

void *BlockCache::allocate(int64_t num_bytes, int64_t *capacity) noexcept {
  if (num_bytes > INT64_MAX - 2 * huge_page) return nullptr;
  if (num_bytes >= smallest_kept && num_bytes <= max_bytes) {
    const auto lock = lock_soon(mutex_);
    if (lock.owns_lock()) {
      if (const core::KeptBlock block = kept_.take(num_bytes, 2 * num_bytes); block.data != nullptr) {
        *capacity = block.capacity;
        return block.data;
      }
    }
  }
  // The capacity decides, as it does when the block is given back: what is a little smaller than a mapping becomes one.
  *capacity = round_up(num_bytes, 64);
  if (*capacity < smallest_mapping) return aligned_alloc(64, static_cast<size_t>(*capacity));
  // A page more than 4 KiB for a block that will hardly fill a huge page would be wasteful.
  *capacity = round_up(num_bytes, num_bytes >= huge_page ? huge_page : 4096);
  return map(*capacity);
}

void BlockCache::release(void *data, int64_t capacity) noexcept {
  if (capacity >= smallest_kept && capacity <= max_bytes / 2) {
    const auto lock = lock_soon(mutex_);
    if (lock.owns_lock() && kept_.keep({data, capacity})) return;
  }
  give_back(data, capacity);
}

}  // namespace uni::cpu
