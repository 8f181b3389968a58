// SPDX-License-Identifier: Apache-2.0
#include "page_locked.hpp"

#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <utility>

namespace uni::cuda {
namespace {

// One call for 512 GiB fails on recent drivers; and a copy that spans two registrations may, so they are as large as they
// can be.
constexpr int64_t registration_chunk = int64_t{256} << 30;
constexpr int64_t huge_page = int64_t{2} << 20;

uintptr_t address_of(const void *data) noexcept { return reinterpret_cast<uintptr_t>(data); }

std::string why_pinning_fails(const PageLockedRange &range, Calls &calls, Result result) {
  std::string text = "page-locking " + std::to_string(range.num_bytes) + " bytes of host memory was refused after " +
                     std::to_string(range.registered_bytes) + ": " + calls.api().error_text(result) + " (" +
                     std::to_string(result) + ", " + calls.api().error_name(result) + ")";
  rlimit limit = {};
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

void PageLocked::register_chunks(PageLockedRange &range) {
  while (range.registered_bytes < range.num_bytes) {
    const int64_t bytes = std::min(registration_chunk, range.num_bytes - range.registered_bytes);
    const Result result = calls_.api().register_host(range.data + range.registered_bytes, bytes);
    if (result != kSuccess) {
      calls_.absorb(result);
      calls_.require_usable();
      throw Error(result == result::kOutOfMemory ? UNI_STATUS_OUT_OF_MEMORY : UNI_STATUS_BACKEND_ERROR, "%s",
                  why_pinning_fails(range, calls_, result).c_str())
          .with_native_code(result);
    }
    range.registered_bytes += bytes;
  }
}

void PageLocked::free(PageLockedRange &range) noexcept {
  if (calls_.usable())
    for (int64_t at = 0; at < range.registered_bytes; at += registration_chunk)
      calls_.absorb(calls_.api().unregister_host(range.data + at));
  // A child has not inherited the mapping, and may have something else there by now.
  if (range.mapped_bytes > 0 && !calls_.forked()) munmap(range.mapping, static_cast<size_t>(range.mapped_bytes));
}

PageLockedRange *PageLocked::allocate(int64_t num_bytes) {
  int64_t mapped = 0;
  void *mapping = MAP_FAILED;
  // On huge pages, and aligned to them.
  if (!__builtin_add_overflow(num_bytes, 2 * huge_page, &mapped))
    mapping = mmap(nullptr, static_cast<size_t>(mapped), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapping == MAP_FAILED)
    throw Error(UNI_STATUS_OUT_OF_MEMORY, "out of host memory (requested %lld bytes)",
                static_cast<long long>(num_bytes));
  PageLockedRange range;
  range.mapping = mapping;
  range.mapped_bytes = mapped;
  range.data = reinterpret_cast<char *>((address_of(mapping) + static_cast<uintptr_t>(huge_page) - 1) &
                                        ~static_cast<uintptr_t>(huge_page - 1));
  range.num_bytes = num_bytes;
  range.num_uses = 1;
  range.settled = true;
  madvise(mapping, static_cast<size_t>(mapped), MADV_HUGEPAGE);
  // A device goes on writing to the pages of the parent: a child must not share them.
  madvise(mapping, static_cast<size_t>(mapped), MADV_DONTFORK);
  try {
    // Nobody else knows the address yet, so that nothing has to be kept from others meanwhile.
    register_chunks(range);
    const Lock lock(mutex_);
    return &ranges_.emplace(address_of(range.data), range).first->second;
  } catch (...) {
    free(range);
    throw;
  }
}

PageLockedRange *PageLocked::find_locked(Lock &lock, const char *data, int64_t num_bytes) {
  const uintptr_t begin = address_of(data), end = begin + static_cast<uintptr_t>(num_bytes);
  for (;;) {
    // The last range that starts before the end is the only one that can have all of it.
    auto after = ranges_.lower_bound(end);
    if (after == ranges_.begin()) return nullptr;
    PageLockedRange &range = std::prev(after)->second;
    const uintptr_t range_begin = address_of(range.data);
    const uintptr_t range_end = range_begin + static_cast<uintptr_t>(range.num_bytes);
    if (range_end <= begin) return nullptr;
    if (!range.settled) {
      settled_.wait(lock);
      continue;
    }
    if (begin < range_begin || end > range_end)
      throw Error(UNI_STATUS_INVALID_ARGUMENT,
                  "array overlaps %lld registered bytes without being part of them: register the larger array first, "
                  "or release the other one",
                  static_cast<long long>(range.num_bytes));
    ++range.num_uses;
    return &range;
  }
}

bool PageLocked::is_page_locked(char *data, int64_t num_bytes) {
  // CUDA's ranges are of whole pages, and there is nothing to ask for more than one.
  const uintptr_t page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  const uintptr_t begin = address_of(data), end = begin + static_cast<uintptr_t>(num_bytes);
  for (uintptr_t at = begin; at < end; at = (at / page + 1) * page) {
    PointerReport report = {};
    calls_.require(calls_.api().pointer_report(reinterpret_cast<const void *>(at), &report),
                   "cudaPointerGetAttributes(byte %llu of array)", static_cast<unsigned long long>(at - begin));
    if (report.kind == PointerKind::kDevice)
      throw Error(UNI_STATUS_DEVICE_MISMATCH, "array is memory of CUDA device %d, expected host memory",
                  report.device_id);
    if (report.kind == PointerKind::kUnregistered) return false;
  }
  return true;
}

PageLockedRange *PageLocked::add(void *data, int64_t num_bytes) {
  char *const bytes = static_cast<char *>(data);
  // What others have made readable, managed memory among it, is theirs to unregister.
  PageLockedRange *range = nullptr;
  {
    Lock lock(mutex_);
    range = find_locked(lock, bytes, num_bytes);
    if (range != nullptr) return range;
    range = &ranges_[address_of(data)];
    range->data = bytes;
    range->num_bytes = num_bytes;
    range->num_uses = 1;
  }
  try {
    if (is_page_locked(bytes, num_bytes)) {
      // Nothing of ours.
      const Lock lock(mutex_);
      ranges_.erase(address_of(data));
      settled_.notify_all();
      return nullptr;
    }
    register_chunks(*range);
  } catch (...) {
    free(*range);
    const Lock lock(mutex_);
    ranges_.erase(address_of(data));
    settled_.notify_all();
    throw;
  }
  const Lock lock(mutex_);
  range->settled = true;
  settled_.notify_all();
  return range;
}

void PageLocked::release(PageLockedRange *range) noexcept {
  if (range == nullptr) return;
  if (calls_.forked())
    return;  // the parent's; and the lock may have been taken by a thread that the child does not have
  {
    const Lock lock(mutex_);
    if (--range->num_uses > 0) return;
    range->settled = false;
  }
  free(*range);
  const Lock lock(mutex_);
  ranges_.erase(address_of(range->data));
  settled_.notify_all();
}

}  // namespace uni::cuda
