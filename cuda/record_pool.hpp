// SPDX-License-Identifier: Apache-2.0
// Bounds records in page-locked memory, which a kernel writes and the host reads when an event has happened.
#pragma once

#include <vector>

#include "kernels/bounds.hpp"
#include "pinned_page.hpp"

namespace uni::cuda {

// Not thread-safe.
class RecordPool {
 public:
  // A zeroed one; NULL where `add` has to be called before.
  kernels::BoundsRecord *take() noexcept;
  void give_back(kernels::BoundsRecord *record) noexcept;
  // Takes a page, unless it throws.
  void add(PinnedPage &page);

 private:
  std::vector<PinnedPage> pages_;
  std::vector<kernels::BoundsRecord *> free_;
};

}  // namespace uni::cuda
