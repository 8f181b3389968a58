// SPDX-License-Identifier: Apache-2.0
// Whether memory of the caller's can be read, without a signal where it cannot.
#pragma once

#include <cstdint>

namespace uni::core {

// False if a page of it is not there: not mapped, or past the end of a file that has become shorter. True also where that
// cannot be found out, for lack of file descriptors.
bool is_readable(const void *data, int64_t num_bytes) noexcept;

// Whether every page is mapped, readable or not. Looks at none of them.
bool is_mapped(const void *data, int64_t num_bytes) noexcept;

// Between the two, for memory that may be too much to read all of: whether it is mapped, and its ends can be read.
bool is_likely_readable(const void *data, int64_t num_bytes) noexcept;

}  // namespace uni::core
