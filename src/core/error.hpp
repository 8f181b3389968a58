// SPDX-License-Identifier: Apache-2.0
// Errors inside of the library are exceptions of one type; `guard` turns them into a status and a message where a
// function is called from C. Header only, since the CPU backend is also built into test plugins.
#pragma once

#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <exception>
#include <new>
#include <utility>

#include "unitensor/status.h"

namespace uni {

// Ends a text with "..." where it had `length` bytes and did not fit into `size`, as snprintf leaves it. What reads it takes
// it for UTF-8, of which no character is left in part.
inline void mark_cut(char *text, size_t size, int length) noexcept {
  if (length < 0 || size < 4 || static_cast<size_t>(length) < size) return;
  size_t end = size - 4;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  std::memcpy(text + end, "...", 4);
}

inline void write_text(char *text, size_t size, const char *from) noexcept {
  mark_cut(text, size, std::snprintf(text, size, "%s", from));
}

// An error with its message in place: throwing one allocates nothing but the exception object itself, for which the
// C++ runtime keeps an emergency pool.
class Error final : public std::exception {
 public:
  Error(uni_status status, const char *format, ...) noexcept __attribute__((format(printf, 3, 4))) : status_(status) {
    va_list arguments;
    va_start(arguments, format);
    mark_cut(message_, sizeof message_, std::vsnprintf(message_, sizeof message_, format, arguments));
    va_end(arguments);
  }
  Error &with_native_code(int64_t code) noexcept {
    native_code_ = code;
    return *this;
  }
  const char *what() const noexcept override { return message_; }
  uni_status status() const noexcept { return status_; }
  int64_t native_code() const noexcept { return native_code_; }

 private:
  uni_status status_;
  int64_t native_code_ = 0;
  char message_[sizeof(uni_error::message)];
};

inline uni_status set_error(uni_error *error, uni_status status, int64_t native_code, const char *message) noexcept {
  if (error != nullptr) {
    // A caller built against a later header may have a larger struct; one that never set the size has ours.
    error->struct_size = sizeof(uni_error);
    error->code = status;
    error->native_code = native_code;
    write_text(error->message, sizeof error->message, message);
  }
  return status;
}

// Turns a status that came from below (a backend) back into an exception.
inline void throw_if_failed(uni_status status, const uni_error &error) {
  if (status == UNI_STATUS_OK) return;
  throw Error(status, "%s", error.message[0] != '\0' ? error.message : "the backend gave no message")
      .with_native_code(error.native_code);
}

template <class Body>
uni_status guard(uni_error *error, Body &&body) noexcept {
  try {
    std::forward<Body>(body)();
    return UNI_STATUS_OK;
  } catch (const Error &e) {
    return set_error(error, e.status(), e.native_code(), e.what());
  } catch (const std::bad_alloc &) {
    return set_error(error, UNI_STATUS_OUT_OF_MEMORY, 0, "out of host memory");
  } catch (const std::exception &e) {
    return set_error(error, UNI_STATUS_INTERNAL, 0, e.what());
  } catch (...) {
    return set_error(error, UNI_STATUS_INTERNAL, 0, "an unknown exception was thrown");
  }
}

}  // namespace uni
