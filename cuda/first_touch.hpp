// SPDX-License-Identifier: Apache-2.0
// The first write to every page of fresh memory, which is when the kernel looks for a page and clears it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace uni::cuda {

// How memory of the host is made ready for devices.
struct HostPlacement {
  int32_t num_threads = 1;
  std::vector<int32_t> nodes;  // as in NodeChoice
  std::string root;            // of the files that the kernel tells in what there is; "" but in tests
};

// Below it a thread takes longer to start than the pages do.
constexpr int64_t least_bytes_for_threads = int64_t{32} << 20;

// Writes a zero to each page of memory that holds nothing yet, on threads that are gone on return; whichever cannot be
// started is done without. The memory policy of the calling thread stays what it is. More than the machine or the container has
// left is not touched: it is for who uses it, or registers it, to find out.
void first_touch(void *data, int64_t num_bytes, const HostPlacement &placement) noexcept;

}  // namespace uni::cuda
