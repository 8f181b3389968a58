// SPDX-License-Identifier: Apache-2.0
// Files with the system's reason in every message.
#pragma once

#include <cstdint>
#include <string>

namespace uni::core {

// Removes a file, which need not be there.
void remove_file(const char *path);
bool file_exists(const char *path) noexcept;

class InputFile {
 public:
  explicit InputFile(const char *path);
  ~InputFile();
  InputFile(const InputFile &) = delete;
  InputFile &operator=(const InputFile &) = delete;

  int64_t size() const noexcept { return size_; }
  const char *path() const noexcept { return path_.c_str(); }
  // Reads all of [offset, offset + num_bytes); a file that ends before is a FORMAT_ERROR.
  void read_at(int64_t offset, void *data, int64_t num_bytes) const;

 private:
  std::string path_;
  int descriptor_;
  int64_t size_ = 0;
};

// A file that takes its name only when commit() has succeeded; until then what had the name stays.
class OutputFile {
 public:
  explicit OutputFile(const char *path);
  ~OutputFile();
  OutputFile(const OutputFile &) = delete;
  OutputFile &operator=(const OutputFile &) = delete;

  void write(const void *data, int64_t num_bytes);
  void commit();

 private:
  std::string path_, temporary_path_;
  int descriptor_;
};

}  // namespace uni::core
