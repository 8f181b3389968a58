// SPDX-License-Identifier: Apache-2.0
// Bounds records in page-locked memory, which a kernel writes and the host reads when an event has happened.
#pragma once

#include <vector>

#include "calls.hpp"
#include "kernels/bounds.hpp"

namespace uni::cuda {

// Not thread-safe.
class RecordPool {
 public:
  explicit RecordPool(Calls &calls) noexcept : calls_(calls) {}
  ~RecordPool();

  // A zeroed one.
  kernels::BoundsRecord *take();
  void give_back(kernels::BoundsRecord *record) noexcept;

 private:
  Calls &calls_;
  std::vector<void *> pages_;
  std::vector<kernels::BoundsRecord *> free_;
};

}  // namespace uni::cuda
