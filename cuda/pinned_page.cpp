// SPDX-License-Identifier: Apache-2.0
#include "pinned_page.hpp"

namespace uni::cuda {

void *allocate_pinned_page(Calls &calls) {
  void *page = nullptr;
  calls.require(calls.api().allocate_host(&page, pinned_page_bytes), "cudaHostAlloc(%lld bytes)",
                static_cast<long long>(pinned_page_bytes));
  return page;
}

void free_pinned_page(Calls &calls, void *page) noexcept {
  if (calls.usable()) calls.absorb(calls.api().free_host(page));
}

}  // namespace uni::cuda
