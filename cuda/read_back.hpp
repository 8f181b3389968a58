// SPDX-License-Identifier: Apache-2.0
// Small values from a device to the host, by way of pages that outlive every copy: should waiting fail, the copy still
// writes to memory that is there.
#pragma once

#include <list>
#include <mutex>

#include "pinned_page.hpp"

namespace uni::cuda {

class ReadBack {
 public:
  explicit ReadBack(Calls &calls) noexcept : calls_(calls) {}
  ReadBack(const ReadBack &) = delete;
  ReadBack &operator=(const ReadBack &) = delete;

  // Blocks until what was enqueued on the stream before has run, and gives what then lies at `from`. Each thread that
  // waits has a page of its own.
  template <class T>
  T read(const T *from, Stream stream) {
    static_assert(sizeof(T) <= pinned_page_bytes);
    T value = {};
    read_bytes(&value, from, sizeof value, stream);
    return value;
  }

 private:
  void read_bytes(void *to, const void *from, int64_t num_bytes, Stream stream);
  std::list<PinnedPage> take_page();

  Calls &calls_;
  std::mutex mutex_;
  std::list<PinnedPage> idle_;
  std::list<PinnedPage> lost_;  // a copy may still write to these
};

}  // namespace uni::cuda
