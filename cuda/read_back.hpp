// SPDX-License-Identifier: Apache-2.0
// Small values from a device to the host, by way of a page that outlives every copy: should waiting fail, the copy still
// writes to memory that is there.
#pragma once

#include <mutex>

#include "calls.hpp"

namespace uni::cuda {

class ReadBack {
 public:
  explicit ReadBack(Calls &calls) noexcept : calls_(calls) {}
  ~ReadBack();
  ReadBack(const ReadBack &) = delete;
  ReadBack &operator=(const ReadBack &) = delete;

  // Blocks until what was enqueued on the stream before has run, and gives what then lies at `from`.
  template <class T>
  T read(const T *from, Stream stream) {
    T value = {};
    read_bytes(&value, from, sizeof value, stream);
    return value;
  }

 private:
  void read_bytes(void *to, const void *from, int64_t num_bytes, Stream stream);

  Calls &calls_;
  std::mutex mutex_;
  void *page_ = nullptr;
};

}  // namespace uni::cuda
