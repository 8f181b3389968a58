// SPDX-License-Identifier: Apache-2.0
// One page of page-locked host memory.
#pragma once

#include "calls.hpp"

namespace uni::cuda {

constexpr int64_t pinned_page_bytes = 4096;

// Throws if there is none. CUDA's own memory rather than registered memory of ours: devices that cannot use the host's
// address of the latter can use it of the former.
void *allocate_pinned_page(Calls &calls);
void free_pinned_page(Calls &calls, void *page) noexcept;

}  // namespace uni::cuda
