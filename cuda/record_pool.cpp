// SPDX-License-Identifier: Apache-2.0
#include "record_pool.hpp"

#include <utility>

namespace uni::cuda {
namespace {

constexpr size_t records_per_page = pinned_page_bytes / sizeof(kernels::BoundsRecord);

}  // namespace

kernels::BoundsRecord *RecordPool::take() noexcept {
  if (free_.empty()) return nullptr;
  kernels::BoundsRecord *const record = free_.back();
  free_.pop_back();
  *record = {};
  return record;
}

void RecordPool::give_back(kernels::BoundsRecord *record) noexcept { free_.push_back(record); }

void RecordPool::add(PinnedPage &page) {
  pages_.reserve(pages_.size() + 1);
  free_.reserve((pages_.size() + 1) * records_per_page);  // so that give_back never allocates
  auto *const records = static_cast<kernels::BoundsRecord *>(page.data());
  pages_.push_back(std::move(page));
  for (size_t i = 0; i < records_per_page; ++i) free_.push_back(records + i);
}

}  // namespace uni::cuda
