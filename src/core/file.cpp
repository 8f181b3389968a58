// SPDX-License-Identifier: Apache-2.0
#include "core/file.hpp"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>

#include "core/error.hpp"

namespace uni::core {
namespace {

// One system call moves at most 2 GiB.
constexpr int64_t largest_transfer = int64_t{1} << 30;

[[noreturn]] void fail(const char *call, const std::string &path) {
  const int code = errno;
  char text[96];
  throw Error(UNI_STATUS_IO_ERROR, "[%s] %s: %s", call, path.c_str(), strerror_r(code, text, sizeof text))
      .with_native_code(code);
}

std::string temporary_name(const std::string &path) {
  static std::atomic<uint32_t> counter{0};
  return path + ".part-" + std::to_string(getpid()) + "-" + std::to_string(counter.fetch_add(1));
}

// The path, unless it names something that a file must not take the place of: renaming would do that to a device.
const char *replaceable(const char *path) {
  struct stat status = {};
  if (stat(path, &status) != 0) {
    if (errno != ENOENT) fail("stat", path);
  } else if (!S_ISREG(status.st_mode)) {
    throw Error(UNI_STATUS_IO_ERROR, "[stat] %s is there and is no regular file, which is not replaced", path);
  }
  return path;
}

}  // namespace

void remove_file(const char *path) {
  if (unlink(path) != 0 && errno != ENOENT) fail("unlink", path);
}

bool file_exists(const char *path) noexcept { return access(path, F_OK) == 0; }

// Not blocking, since opening a pipe would wait for somebody to write.
InputFile::InputFile(const char *path) : path_(path), descriptor_(open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
  if (descriptor_ < 0) fail("open", path_);
  struct stat status;
  if (fstat(descriptor_, &status) != 0) {
    const int code = errno;
    close(descriptor_);
    errno = code;
    fail("fstat", path_);
  }
  if (!S_ISREG(status.st_mode)) {
    close(descriptor_);
    errno = EISDIR;
    if (S_ISDIR(status.st_mode)) fail("open", path_);
    throw Error(UNI_STATUS_IO_ERROR, "[open] %s is neither a regular file nor a folder, expected a regular file", path);
  }
  size_ = status.st_size;
}

InputFile::~InputFile() { close(descriptor_); }

void InputFile::read_at(int64_t offset, void *data, int64_t num_bytes) const {
  char *to = static_cast<char *>(data);
  while (num_bytes > 0) {
    const ssize_t got = pread(descriptor_, to, static_cast<size_t>(std::min(num_bytes, largest_transfer)), offset);
    if (got < 0) {
      if (errno == EINTR) continue;
      fail("pread", path_);
    }
    if (got == 0)
      throw Error(UNI_STATUS_FORMAT_ERROR, "%s is truncated: %lld bytes are missing at offset %lld", path_.c_str(),
                  static_cast<long long>(num_bytes), static_cast<long long>(offset));
    to += got;
    offset += got;
    num_bytes -= got;
  }
}

OutputFile::OutputFile(const char *path)
    : path_(replaceable(path)),
      temporary_path_(temporary_name(path_)),
      descriptor_(open(temporary_path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666)) {
  if (descriptor_ < 0) fail("open", temporary_path_);
}

OutputFile::~OutputFile() {
  if (descriptor_ < 0) return;
  close(descriptor_);
  unlink(temporary_path_.c_str());
}

void OutputFile::write(const void *data, int64_t num_bytes) {
  const char *from = static_cast<const char *>(data);
  while (num_bytes > 0) {
    const ssize_t done = ::write(descriptor_, from, static_cast<size_t>(std::min(num_bytes, largest_transfer)));
    if (done < 0) {
      if (errno == EINTR) continue;
      fail("write", temporary_path_);
    }
    from += done;
    num_bytes -= done;
  }
}

void OutputFile::commit() {
  if (fsync(descriptor_) != 0) fail("fsync", temporary_path_);
  // The descriptor is gone whatever close says; the file is removed here if it was not complete.
  const int descriptor = descriptor_;
  descriptor_ = -1;
  if (close(descriptor) != 0 || rename(temporary_path_.c_str(), path_.c_str()) != 0) {
    const int code = errno;
    unlink(temporary_path_.c_str());
    errno = code;
    fail("rename", path_);
  }
}

}  // namespace uni::core
