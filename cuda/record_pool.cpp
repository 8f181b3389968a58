// SPDX-License-Identifier: Apache-2.0
#include "record_pool.hpp"

#include <sys/mman.h>

namespace uni::cuda {
namespace {

constexpr size_t page_bytes = 4096;
constexpr size_t records_per_page = page_bytes / sizeof(kernels::BoundsRecord);

}  // namespace

RecordPool::~RecordPool() {
  for (void *page : pages_) {
    if (calls_.usable()) calls_.absorb(calls_.api().unregister_host(page));
    munmap(page, page_bytes);
  }
}

kernels::BoundsRecord *RecordPool::take() {
  if (free_.empty()) {
    pages_.reserve(pages_.size() + 1);
    free_.reserve((pages_.size() + 1) * records_per_page);  // so that give_back never allocates
    void *const page = mmap(nullptr, page_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) throw Error(UNI_STATUS_OUT_OF_MEMORY, "out of host memory (a page for bounds records)");
    // A child that inherited it would make the kernel copy the page, and the device would write to the copy.
    madvise(page, page_bytes, MADV_DONTFORK);
    const Result result = calls_.api().register_host(page, page_bytes);
    if (result != kSuccess) munmap(page, page_bytes);
    calls_.require(result, "cudaHostRegister(%zu bytes for bounds records)", page_bytes);
    pages_.push_back(page);
    for (size_t i = 0; i < records_per_page; ++i) free_.push_back(static_cast<kernels::BoundsRecord *>(page) + i);
  }
  kernels::BoundsRecord *const record = free_.back();
  free_.pop_back();
  *record = {};
  return record;
}

void RecordPool::give_back(kernels::BoundsRecord *record) noexcept { free_.push_back(record); }

}  // namespace uni::cuda
