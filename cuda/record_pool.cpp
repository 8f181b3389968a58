// SPDX-License-Identifier: Apache-2.0
#include "record_pool.hpp"

#include "pinned_page.hpp"

namespace uni::cuda {
namespace {

constexpr size_t records_per_page = pinned_page_bytes / sizeof(kernels::BoundsRecord);

}  // namespace

RecordPool::~RecordPool() {
  for (void *page : pages_) free_pinned_page(calls_, page);
}

kernels::BoundsRecord *RecordPool::take() {
  if (free_.empty()) {
    pages_.reserve(pages_.size() + 1);
    free_.reserve((pages_.size() + 1) * records_per_page);  // so that give_back never allocates
    void *const page = allocate_pinned_page(calls_);
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
