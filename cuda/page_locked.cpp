// SPDX-License-Identifier: Apache-2.0
#include "page_locked.hpp"

#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <utility>

#include "advice.hpp"
#include "host_memory.hpp"
#include "mapping.hpp"

namespace uni::cuda {
namespace {

// One call for 512 GiB fails on recent drivers; and a copy that spans two registrations may, so they are as large as they
// can be.
constexpr int64_t registration_chunk = int64_t{256} << 30;
constexpr int64_t huge_page = int64_t{2} << 20;

uintptr_t address_of(const void *data) noexcept { return reinterpret_cast<uintptr_t>(data); }
uintptr_t page_bytes() noexcept { return static_cast<uintptr_t>(sysconf(_SC_PAGESIZE)); }

std::string why_pinning_fails(int64_t num_bytes, const PageLockedPages &pages, Calls &calls, Result result) {
  const int64_t registered_bytes = pages.registered_bytes;
  std::string text = "page-locking " + std::to_string(num_bytes) + " bytes of host memory was refused after " +
                     std::to_string(registered_bytes) + ": " + calls.api().error_text(result) + " (" +
                     std::to_string(result) + ", " + calls.api().error_name(result) + ")";
  rlimit limit = {};
  if (result == result::kOutOfMemory)
    text += "; " + host_memory_advice();
  else if (const char *const what_to_do = advice(result); what_to_do[0] != '\0')
    text += std::string("; ") + what_to_do;
  else if (const uintptr_t begin = address_of(pages.data);
           report_mapping(begin, begin + static_cast<uintptr_t>(pages.num_bytes)).file_shared)
    text += "; these are a file's own pages, which kernels may refuse to pin: map it with MAP_PRIVATE, or load it";
  if (result == result::kHostMemoryAlreadyRegistered)
    text +=
        "; another library has page-locked some of these pages: register the array before it does, or after it "
        "has let go";
  if (getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
    text += "; the limit of locked memory is " + std::to_string(limit.rlim_cur) +
            " bytes (ulimit -l; docker run --ulimit memlock=-1)";
  std::string release;
  std::getline(std::ifstream("/proc/sys/kernel/osrelease"), release);
  if (release.find("microsoft") != std::string::npos)
    text += "; under WSL page-locked memory is limited by Windows (half of the memory, or less)";
  return text;
}

}  // namespace

Result PageLocked::register_chunk(void *data, int64_t num_bytes) {
  const Result result = calls_.api().register_host(data, num_bytes);
  if (result == kSuccess || result == result::kOutOfMemory || result == result::kHostMemoryAlreadyRegistered)
    return result;
  // Memory that this process may only read, a mapped file say, is refused by whatever error, unless one says so.
  const uintptr_t begin = address_of(data);
  if (!report_mapping(begin, begin + static_cast<uintptr_t>(num_bytes)).read_only) return result;
  calls_.absorb(result);
  calls_.require_usable();
  return calls_.absorb(calls_.api().register_host_read_only(data, num_bytes)) ? kSuccess : result;
}

void PageLocked::register_chunks(PageLockedPages &range, int64_t array_bytes) {
  while (range.registered_bytes < range.num_bytes) {
    const int64_t bytes = std::min(registration_chunk, range.num_bytes - range.registered_bytes);
    const Result result = register_chunk(range.data + range.registered_bytes, bytes);
    if (result != kSuccess) {
      calls_.absorb(result);
      calls_.require_usable();
      throw Error(result == result::kOutOfMemory ? UNI_STATUS_OUT_OF_MEMORY : UNI_STATUS_BACKEND_ERROR, "%s",
                  why_pinning_fails(array_bytes, range, calls_, result).c_str())
          .with_native_code(result);
    }
    range.registered_bytes += bytes;
  }
}

void PageLocked::free(PageLockedPages &range) noexcept {
  if (calls_.usable())
    for (int64_t at = 0; at < range.registered_bytes; at += registration_chunk)
      calls_.absorb(calls_.api().unregister_host(range.data + at));
  // A child has not inherited the mapping, and may have something else there by now.
  if (range.mapped_bytes > 0 && !calls_.forked()) munmap(range.mapping, static_cast<size_t>(range.mapped_bytes));
}

PageLockedRange *PageLocked::allocate(int64_t num_bytes, const HostPlacement &placement) {
  require_room_in_groups(num_bytes, "pinned", placement.root);
  int64_t mapped = 0;
  void *mapping = MAP_FAILED;
  auto range = std::make_unique<PageLockedRange>();
  range->pages.reserve(1);
  // On huge pages, and aligned to them.
  if (!__builtin_add_overflow(num_bytes, 2 * huge_page, &mapped))
    mapping = mmap(nullptr, static_cast<size_t>(mapped), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapping == MAP_FAILED)
    throw Error(UNI_STATUS_OUT_OF_MEMORY, "out of host memory (requested %lld bytes of pinned memory); %s",
                static_cast<long long>(num_bytes), host_memory_advice().c_str());
  PageLockedPages pages;
  pages.mapping = mapping;
  pages.mapped_bytes = mapped;
  pages.data = reinterpret_cast<char *>((address_of(mapping) + static_cast<uintptr_t>(huge_page) - 1) &
                                        ~static_cast<uintptr_t>(huge_page - 1));
  const int64_t page = static_cast<int64_t>(page_bytes());
  pages.num_bytes = (num_bytes + page - 1) / page * page;
  pages.num_uses = 1;
  pages.settled = true;
  madvise(mapping, static_cast<size_t>(mapped), MADV_HUGEPAGE);
  // A device goes on writing to the pages of the parent: a child must not share them.
  madvise(mapping, static_cast<size_t>(mapped), MADV_DONTFORK);
  // Registering takes the faults of all pages on one thread.
  first_touch(pages.data, pages.num_bytes, placement);
  try {
    // Nobody else knows the address yet, so that nothing has to be kept from others meanwhile.
    register_chunks(pages, num_bytes);
    const Lock lock(mutex_);
    range->pages.push_back(&pages_.emplace(address_of(pages.data), pages).first->second);
  } catch (...) {
    free(pages);
    throw;
  }
  range->data = pages.data;
  range->ours = true;
  return range.release();
}

void PageLocked::take_locked(Lock &lock, uintptr_t begin, uintptr_t end, PageLockedRange &range,
                             std::vector<PageLockedPages *> &made) {
  for (;;) {
    auto first = pages_.upper_bound(begin);
    if (first != pages_.begin() &&
        std::prev(first)->first + static_cast<uintptr_t>(std::prev(first)->second.num_bytes) > begin)
      --first;
    auto last = first;
    while (last != pages_.end() && last->first < end && last->second.settled) ++last;
    if (last != pages_.end() && last->first < end) {
      settled_.wait(lock);
      continue;
    }
    const auto count = static_cast<size_t>(std::distance(first, last));
    range.pages.reserve(2 * count + 1);
    made.reserve(count + 1);
    for (uintptr_t at = begin; at < end;) {
      const uintptr_t next = first != last ? first->first : end;
      if (at < next) {
        PageLockedPages &pages = pages_[at];
        pages.data = reinterpret_cast<char *>(at);
        pages.num_bytes = static_cast<int64_t>(next - at);
        pages.num_uses = 1;
        made.push_back(&pages);
        range.pages.push_back(&pages);
        at = next;
        continue;
      }
      ++first->second.num_uses;
      range.pages.push_back(&first->second);
      at = first->first + static_cast<uintptr_t>(first->second.num_bytes);
      ++first;
    }
    return;
  }
}

bool PageLocked::is_page_locked(uintptr_t array, uintptr_t begin, uintptr_t end) {
  // There is nothing to ask for more than one page.
  const uintptr_t page = page_bytes();
  for (uintptr_t at = begin; at < end; at = (at / page + 1) * page) {
    PointerReport report = {};
    calls_.require(calls_.api().pointer_report(reinterpret_cast<const void *>(at), &report),
                   "cudaPointerGetAttributes(byte %llu of array)", static_cast<unsigned long long>(at - array));
    if (report.kind == PointerKind::kDevice)
      throw Error(UNI_STATUS_DEVICE_MISMATCH, "array is memory of CUDA device %d, expected host memory",
                  report.device_id);
    if (report.kind == PointerKind::kUnregistered) return false;
  }
  return true;
}

PageLockedRange *PageLocked::add(void *data, int64_t num_bytes) {
  const uintptr_t array = address_of(data), array_end = array + static_cast<uintptr_t>(num_bytes), page = page_bytes();
  // The end of its page could not be written down; no process has memory there.
  if (array_end > UINTPTR_MAX - (page - 1))
    throw Error(UNI_STATUS_INVALID_ARGUMENT, "array ends in the last page of the address space, expected memory");
  // The most that a process can have with five levels of page tables; sizes beyond would not fit into their types.
  if (array_end > uintptr_t{1} << 57)
    throw Error(UNI_STATUS_INVALID_ARGUMENT, "array of %lld bytes ends past what a process can have as memory",
                static_cast<long long>(num_bytes));
  auto range = std::make_unique<PageLockedRange>();
  range->data = static_cast<char *>(data);
  std::vector<PageLockedPages *> made;
  try {
    {
      Lock lock(mutex_);
      take_locked(lock, array / page * page, (array_end + page - 1) / page * page, *range, made);
    }
    for (PageLockedPages *pages : made) {
      // What others have made readable, managed memory among it, is theirs to unregister.
      const uintptr_t begin = address_of(pages->data), end = begin + static_cast<uintptr_t>(pages->num_bytes);
      if (is_page_locked(array, std::max(begin, array), std::min(end, array_end))) {
        range->pages.erase(std::find(range->pages.begin(), range->pages.end(), pages));
        drop(*pages);
        continue;
      }
      register_chunks(*pages, num_bytes);
      const Lock lock(mutex_);
      pages->settled = true;
      settled_.notify_all();
    }
  } catch (...) {
    release(range.release());
    throw;
  }
  return range->pages.empty() ? nullptr : range.release();
}

// Pages that nobody uses, and that are not settled.
void PageLocked::drop(PageLockedPages &pages) noexcept {
  free(pages);
  const Lock lock(mutex_);
  pages_.erase(address_of(pages.data));
  settled_.notify_all();
}

bool PageLocked::is_ours_alone(const PageLockedRange *range) noexcept {
  if (range == nullptr || !range->ours) return false;
  const Lock lock(mutex_);
  return range->pages.front()->num_uses == 1;
}

void PageLocked::release(PageLockedRange *range) noexcept {
  const std::unique_ptr<PageLockedRange> owned(range);
  if (range == nullptr) return;
  if (calls_.forked())
    return;  // the parent's; and the lock may have been taken by a thread that the child does not have
  for (PageLockedPages *pages : range->pages) {
    {
      const Lock lock(mutex_);
      if (--pages->num_uses > 0) continue;
      pages->settled = false;
    }
    drop(*pages);
  }
}

}  // namespace uni::cuda
