// SPDX-License-Identifier: Apache-2.0
#include "core/readable_memory.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace uni::core {
namespace {

// The kernel reads a byte of each page for a pipe, and says EFAULT where it cannot.
class Probe {
 public:
  Probe() noexcept { opened_ = pipe2(ends_, O_CLOEXEC | O_NONBLOCK) == 0; }
  ~Probe() {
    if (!opened_) return;
    close(ends_[0]);
    close(ends_[1]);
  }
  Probe(const Probe &) = delete;
  Probe &operator=(const Probe &) = delete;

  bool opened() const noexcept { return opened_; }
  static constexpr int kMost = 256;  // bytes to a call, which every pipe has room for

  bool reads(const iovec *bytes, int count) noexcept {
    for (int done = 0; done < count;) {
      const ssize_t written = writev(ends_[1], bytes + done, count - done);
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return errno != EFAULT;
      char drained[kMost];
      for (ssize_t left = written; left > 0;) {
        const ssize_t got = read(ends_[0], drained, static_cast<size_t>(left));
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return true;
        left -= got;
      }
      done += static_cast<int>(written);
    }
    return true;
  }

 private:
  int ends_[2] = {-1, -1};
  bool opened_ = false;
};

}  // namespace

bool is_readable(const void *data, int64_t num_bytes) noexcept {
  if (num_bytes <= 0) return true;
  Probe probe;
  if (!probe.opened()) return true;
  const uintptr_t page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  const uintptr_t begin = reinterpret_cast<uintptr_t>(data), end = begin + static_cast<uintptr_t>(num_bytes);
  iovec bytes[Probe::kMost];
  int count = 0;
  for (uintptr_t at = begin; at < end; at = (at / page + 1) * page) {
    bytes[count++] = {reinterpret_cast<void *>(at), 1};
    if (count < Probe::kMost) continue;
    if (!probe.reads(bytes, count)) return false;
    count = 0;
  }
  return count == 0 || probe.reads(bytes, count);
}

bool is_mapped(const void *data, int64_t num_bytes) noexcept {
  constexpr uintptr_t pages_at_once = 16384;
  const uintptr_t page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  const uintptr_t end = reinterpret_cast<uintptr_t>(data) + static_cast<uintptr_t>(num_bytes);
  unsigned char resident[pages_at_once];
  for (uintptr_t at = reinterpret_cast<uintptr_t>(data) / page * page; at < end; at += pages_at_once * page)
    if (mincore(reinterpret_cast<void *>(at), std::min(end - at, pages_at_once * page), resident) != 0 &&
        errno == ENOMEM)
      return false;
  return true;
}

// Where the kernel or a container forbids to ask, nothing is said against it.
static bool reads_byte(const char *data) noexcept {
  char byte = 0;
  const iovec to = {&byte, 1}, from = {const_cast<char *>(data), 1};
  return process_vm_readv(getpid(), &to, 1, &from, 1, 0) == 1 || errno != EFAULT;
}

bool is_likely_readable(const void *data, int64_t num_bytes) noexcept {
  if (num_bytes <= 0) return true;
  const char *const first = static_cast<const char *>(data);
  return is_mapped(data, num_bytes) && reads_byte(first) && reads_byte(first + num_bytes - 1);
}

}  // namespace uni::core
