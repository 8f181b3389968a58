// SPDX-License-Identifier: Apache-2.0
#include "first_touch.hpp"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "host_memory.hpp"
#include "numa.hpp"

namespace uni::cuda {
namespace {

// Whole huge pages, which two threads would otherwise wait for each other to get.
constexpr uintptr_t piece_bytes = uintptr_t{8} << 20;

// Memory of which every thread takes the next piece.
class Pieces {
 public:
  Pieces(void *data, int64_t num_bytes) noexcept
      : begin_(reinterpret_cast<uintptr_t>(data)),
        end_(begin_ + static_cast<uintptr_t>(num_bytes)),
        next_(begin_ / piece_bytes) {}

  int64_t count() const noexcept { return static_cast<int64_t>((end_ - 1) / piece_bytes - begin_ / piece_bytes + 1); }

  void touch() noexcept {
    const uintptr_t page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
    for (;;) {
      const uintptr_t piece = next_.fetch_add(1, std::memory_order_relaxed);
      const uintptr_t end = std::min(end_, (piece + 1) * piece_bytes);
      if (piece * piece_bytes >= end_) return;
      for (uintptr_t at = std::max(begin_, piece * piece_bytes); at < end; at = (at / page + 1) * page)
        *reinterpret_cast<volatile char *>(at) = 0;
    }
  }

 private:
  const uintptr_t begin_, end_;
  std::atomic<uintptr_t> next_;
};

// Whether the machine, and the container, has so much: whoever touches what it has not is ended by the kernel, and not told.
bool is_there(int64_t num_bytes, const std::string &root) noexcept {
  try {
    return num_bytes < least_bytes_to_look || num_bytes <= read_host_memory(root).available();
  } catch (const std::exception &) {
    return true;
  }
}

}  // namespace

void first_touch(void *data, int64_t num_bytes, const HostPlacement &placement) noexcept {
  if (num_bytes <= 0 || !is_there(num_bytes, placement.root)) return;
  Pieces pieces(data, num_bytes);
  // A policy is a thread's, and the caller's is not ours to change.
  const bool by_others = !placement.nodes.empty();
  int64_t num_threads = 1;
  if (num_bytes >= least_bytes_for_threads) num_threads = std::clamp<int64_t>(placement.num_threads, 1, pieces.count());
  std::vector<std::thread> threads;
  try {
    const auto wanted = static_cast<size_t>(by_others ? num_threads : num_threads - 1);
    threads.reserve(wanted);
    while (threads.size() < wanted)
      threads.emplace_back([&] {
        if (by_others) static_cast<void>(take_pages_from(placement.nodes));
        pieces.touch();
      });
  } catch (const std::exception &) {
    // Those that run do the work.
  }
  if (!by_others || threads.empty()) pieces.touch();
  for (std::thread &thread : threads) thread.join();
}

}  // namespace uni::cuda
