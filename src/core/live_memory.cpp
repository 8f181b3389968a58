// SPDX-License-Identifier: Apache-2.0
#include "core/live_memory.hpp"

#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include <mutex>
#include <new>

#include "core/tensor.hpp"

namespace uni::core {

std::atomic<bool> LiveMemory::in_child_{false};

// A fork takes the lock, so that no child inherits it from a thread that it does not have.
struct LiveMemory::List {
  std::mutex mutex;
  LiveMemory *first = nullptr;

  // Never destroyed: tensors may go while the process ends.
  static List &instance() noexcept {
    alignas(List) static unsigned char place[sizeof(List)];
    static List *const list = [] {
      List *const made = new (place) List;
      pthread_atfork([] { instance().mutex.lock(); }, [] { instance().mutex.unlock(); },
                     [] {
                       instance().mutex.unlock();
                       in_child_.store(true, std::memory_order_relaxed);
                     });
      return made;
    }();
    return *list;
  }
};

void LiveMemory::enter(const void *data, int64_t num_bytes) noexcept {
  if (data == nullptr || num_bytes <= 0 || entered_) return;
  List &list = List::instance();
  const std::lock_guard<std::mutex> lock(list.mutex);
  begin_ = reinterpret_cast<uintptr_t>(data);
  end_ = begin_ + static_cast<uintptr_t>(num_bytes);
  next_ = list.first;
  if (next_ != nullptr) next_->previous_ = this;
  list.first = this;
  entered_ = true;
}

void LiveMemory::leave() noexcept {
  if (!entered_) return;
  List &list = List::instance();
  const std::lock_guard<std::mutex> lock(list.mutex);
  (previous_ != nullptr ? previous_->next_ : list.first) = next_;
  if (next_ != nullptr) next_->previous_ = previous_;
  entered_ = false;
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
  List &list = List::instance();
  {
    const std::lock_guard<std::mutex> lock(list.mutex);
    for (LiveMemory *memory = list.first; memory != nullptr && complete; memory = memory->next_) {
      // One whose last reference is being given up on another thread has left for anybody but the list.
      if (!memory->has(data, num_bytes) || !memory->storage_.retain_unless_gone()) continue;
      Kept *const item = new (std::nothrow) Kept{};
      complete = item != nullptr;
      if (!complete) {
        // Not the last reference: the caller has a tensor.
        memory->storage_.release();
        break;
      }
      item->storage = Ref<Storage>::take(&memory->storage_);
      item->run = [](uni_deferred *self) { delete static_cast<Kept *>(self); };
      item->next = kept;
      kept = item;
    }
  }
  if (!complete) {
    while (kept != nullptr) {
      uni_deferred *const item = kept;
      kept = item->next;
      item->run(item);
    }
  }
  *items = kept;
  return complete;
}

// Whether all of it can be touched. Where the parent's memory was, the child may have put some of its own.
static bool is_mapped(const void *data, int64_t num_bytes) noexcept {
  const uintptr_t page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  const uintptr_t begin = reinterpret_cast<uintptr_t>(data) / page * page;
  const uintptr_t end = reinterpret_cast<uintptr_t>(data) + static_cast<uintptr_t>(num_bytes);
  return msync(reinterpret_cast<void *>(begin), end - begin, MS_ASYNC) == 0;
}

void LiveMemory::look_for_lost(const void *data, int64_t num_bytes, const char *name) {
  if (num_bytes <= 0) return;
  int32_t lost = UNI_MEMORY_HOST;
  {
    List &list = List::instance();
    const std::lock_guard<std::mutex> lock(list.mutex);
    for (const LiveMemory *memory = list.first; memory != nullptr; memory = memory->next_)
      if (memory->has(data, num_bytes) && memory->storage_.was_left_behind()) lost = memory->storage_.memory();
  }
  if (lost != UNI_MEMORY_HOST && !is_mapped(data, num_bytes)) throw left_behind_error(name, lost);
}

}  // namespace uni::core
