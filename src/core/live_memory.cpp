// SPDX-License-Identifier: Apache-2.0
#include "core/live_memory.hpp"

#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include <mutex>
#include <type_traits>
#include <utility>

#include "core/readable_memory.hpp"
#include "core/tensor.hpp"

namespace uni::core {

std::atomic<bool> LiveMemory::in_child_{false};

// There from the start, and never destroyed: tensors may go while the process ends. A fork takes the lock, so that no child
// inherits it from a thread that it does not have.
struct LiveMemory::Lists {
  std::mutex mutex;
  // Apart: a child has all of the host's, and of the others the few that its parent had.
  LiveMemory *host = nullptr, *others = nullptr;

  static int watch_forks() noexcept {
    return pthread_atfork([] { lists_.mutex.lock(); }, [] { lists_.mutex.unlock(); },
                          [] {
                            lists_.mutex.unlock();
                            for (LiveMemory *memory = lists_.others; memory != nullptr; memory = memory->next_)
                              memory->reserve_place();
                            if (lists_.others != nullptr) in_child_.store(true, std::memory_order_relaxed);
                          });
  }
};

constinit LiveMemory::Lists LiveMemory::lists_;
static_assert(std::is_trivially_destructible_v<std::mutex>);
// From the load on: a thread that came here first could be about to begin with it when another one forks.
const int LiveMemory::watches_forks_ = Lists::watch_forks();

void LiveMemory::enter(const void *data, int64_t num_bytes) noexcept {
  if (data == nullptr || num_bytes <= 0 || list_ != nullptr) return;
  const std::lock_guard<std::mutex> lock(lists_.mutex);
  begin_ = reinterpret_cast<uintptr_t>(data);
  end_ = begin_ + static_cast<uintptr_t>(num_bytes);
  list_ = storage_.memory() == UNI_MEMORY_HOST ? &lists_.host : &lists_.others;
  next_ = *list_;
  if (next_ != nullptr) next_->previous_ = this;
  *list_ = this;
}

void LiveMemory::leave() noexcept {
  if (list_ == nullptr) return;
  const std::lock_guard<std::mutex> lock(lists_.mutex);
  (previous_ != nullptr ? previous_->next_ : *list_) = next_;
  if (next_ != nullptr) next_->previous_ = previous_;
  list_ = nullptr;
}

// Where memory of the parent's is missing, the child must not be given memory of its own: it could not be told apart.
void LiveMemory::reserve_place() noexcept {
  const uintptr_t page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  const uintptr_t begin = begin_ / page * page, bytes = (end_ + page - 1) / page * page - begin;
  void *const place = mmap(reinterpret_cast<void *>(begin), bytes, PROT_NONE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
  if (place == MAP_FAILED) return;
  reserved_ = reinterpret_cast<uintptr_t>(place) == begin;
  // A kernel that does not know MAP_FIXED_NOREPLACE (before 4.17) takes the address for a wish.
  if (!reserved_) munmap(place, bytes);
}

bool LiveMemory::has(const void *data, int64_t num_bytes) const noexcept {
  const uintptr_t begin = reinterpret_cast<uintptr_t>(data);
  return begin < end_ && begin_ < begin + static_cast<uintptr_t>(num_bytes);
}

bool LiveMemory::keep(const void *data, int64_t num_bytes, uni_deferred **items) noexcept {
  struct Kept : uni_deferred {
    Ref<Storage> storage;
  };
  bool complete = true;
  uni_deferred *kept = nullptr;
  // Released without the lock, which its last reference would take.
  Ref<Storage> not_kept;
  {
    const std::lock_guard<std::mutex> lock(lists_.mutex);
    for (LiveMemory *const first : {lists_.host, lists_.others}) {
      for (LiveMemory *memory = first; memory != nullptr && complete; memory = memory->next_) {
        // One whose last reference is being given up on another thread has left for anybody but the list.
        if (!memory->has(data, num_bytes) || !memory->storage_.retain_unless_gone()) continue;
        Ref<Storage> storage = Ref<Storage>::take(&memory->storage_);
        Kept *const item = new (std::nothrow) Kept{};
        complete = item != nullptr;
        if (!complete) {
          not_kept = std::move(storage);
          break;
        }
        item->storage = std::move(storage);
        item->run = [](uni_deferred *self) { delete static_cast<Kept *>(self); };
        item->next = kept;
        kept = item;
      }
    }
  }
  while (!complete && kept != nullptr) {
    uni_deferred *const item = kept;
    kept = item->next;
    item->run(item);
  }
  *items = kept;
  return complete;
}

void LiveMemory::look_for_lost(const void *data, int64_t num_bytes, const char *name) {
  if (num_bytes <= 0) return;
  int32_t lost = UNI_MEMORY_HOST;
  bool certain = false;
  {
    const std::lock_guard<std::mutex> lock(lists_.mutex);
    for (const LiveMemory *memory = lists_.others; memory != nullptr; memory = memory->next_)
      if (memory->has(data, num_bytes) && memory->storage_.was_left_behind()) {
        lost = memory->storage_.memory();
        // The driver's mappings may be inherited and cannot be touched all the same. What else is there, is a caller's.
        certain = certain || memory->reserved_ || lost != UNI_MEMORY_PINNED;
      }
  }
  // Page-locked memory whose place could not be reserved was inherited after all, or the child has put some of its own there.
  if (lost != UNI_MEMORY_HOST && (certain || !is_mapped(data, num_bytes))) throw left_behind_error(name, lost);
}

}  // namespace uni::core
