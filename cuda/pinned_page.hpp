// SPDX-License-Identifier: Apache-2.0
// One page of page-locked host memory.
#pragma once

#include <utility>

#include "calls.hpp"

namespace uni::cuda {

constexpr int64_t pinned_page_bytes = 4096;

// CUDA's own memory rather than registered memory of ours: devices that cannot use the host's address of the latter can
// use it of the former.
class PinnedPage {
 public:
  // Throws if there is none.
  explicit PinnedPage(Calls &calls) : calls_(&calls) {
    calls.require(calls.api().allocate_host(&data_, pinned_page_bytes), "cudaHostAlloc(%lld bytes)",
                  static_cast<long long>(pinned_page_bytes));
  }
  PinnedPage(PinnedPage &&other) noexcept : calls_(other.calls_), data_(std::exchange(other.data_, nullptr)) {}
  PinnedPage &operator=(PinnedPage &&) = delete;
  ~PinnedPage() {
    if (data_ != nullptr && calls_->usable()) calls_->absorb(calls_->api().free_host(data_));
  }

  void *data() const noexcept { return data_; }

 private:
  Calls *calls_;
  void *data_ = nullptr;
};

}  // namespace uni::cuda
