// SPDX-License-Identifier: Apache-2.0
#include "read_back.hpp"

#include <cstring>

#include "pinned_page.hpp"

namespace uni::cuda {

ReadBack::~ReadBack() {
  if (page_ != nullptr) free_pinned_page(calls_, page_);
}

void ReadBack::read_bytes(void *to, const void *from, int64_t num_bytes, Stream stream) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (num_bytes > pinned_page_bytes) throw Error(UNI_STATUS_INTERNAL, "more than a page to read back");
  if (page_ == nullptr) page_ = allocate_pinned_page(calls_);
  calls_.require(calls_.api().copy_rows(page_, num_bytes, from, num_bytes, num_bytes, 1, stream),
                 "cudaMemcpyAsync(%lld bytes)", static_cast<long long>(num_bytes));
  calls_.require(calls_.api().synchronize_stream(stream), "cudaStreamSynchronize()");
  std::memcpy(to, page_, static_cast<size_t>(num_bytes));
}

}  // namespace uni::cuda
