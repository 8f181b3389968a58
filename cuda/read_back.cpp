// SPDX-License-Identifier: Apache-2.0
#include "read_back.hpp"

#include <cstring>

namespace uni::cuda {

std::list<PinnedPage> ReadBack::take_page() {
  std::list<PinnedPage> taken;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!idle_.empty()) taken.splice(taken.end(), idle_, idle_.begin());
  }
  if (taken.empty()) taken.emplace_back(calls_);
  return taken;
}

void ReadBack::read_bytes(void *to, const void *from, int64_t num_bytes, Stream stream) {
  std::list<PinnedPage> page = take_page();
  void *const data = page.front().data();
  try {
    calls_.require(calls_.api().copy_rows(data, num_bytes, from, num_bytes, num_bytes, 1, stream),
                   "cudaMemcpyAsync(%lld bytes)", static_cast<long long>(num_bytes));
    calls_.require(calls_.api().synchronize_stream(stream), "cudaStreamSynchronize()");
  } catch (...) {
    const std::lock_guard<std::mutex> lock(mutex_);
    lost_.splice(lost_.end(), page);
    throw;
  }
  std::memcpy(to, data, static_cast<size_t>(num_bytes));
  const std::lock_guard<std::mutex> lock(mutex_);
  idle_.splice(idle_.end(), page);
}

}  // namespace uni::cuda
