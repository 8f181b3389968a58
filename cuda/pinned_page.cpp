// SPDX-License-Identifier: Apache-2.0
#include "pinned_page.hpp"

#include <sys/mman.h>

namespace uni::cuda {

void *allocate_pinned_page(Calls &calls) {
  void *const page = mmap(nullptr, pinned_page_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) throw Error(UNI_STATUS_OUT_OF_MEMORY, "out of host memory (one page)");
  madvise(page, pinned_page_bytes, MADV_DONTFORK);
  const Result result = calls.api().register_host(page, pinned_page_bytes);
  if (result != kSuccess) munmap(page, pinned_page_bytes);
  calls.require(result, "cudaHostRegister(%lld bytes)", static_cast<long long>(pinned_page_bytes));
  return page;
}

void free_pinned_page(Calls &calls, void *page) noexcept {
  if (calls.usable()) calls.absorb(calls.api().unregister_host(page));
  munmap(page, pinned_page_bytes);
}

}  // namespace uni::cuda
