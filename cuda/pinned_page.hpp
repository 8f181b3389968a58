// SPDX-License-Identifier: Apache-2.0
// One page of page-locked host memory.
#pragma once

#include "calls.hpp"

namespace uni::cuda {

constexpr int64_t pinned_page_bytes = 4096;

// Throws if there is none; no child inherits it: it would make the kernel copy the page, and the device would write to
// the copy.
void *allocate_pinned_page(Calls &calls);
void free_pinned_page(Calls &calls, void *page) noexcept;

}  // namespace uni::cuda
