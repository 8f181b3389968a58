// SPDX-License-Identifier: Apache-2.0
// The header of a .npy file (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace uni::core {

struct NpyHeader {
  int32_t dtype = 0;
  int32_t ndim = 0;
  int64_t shape[8] = {};
};

constexpr int64_t npy_prefix_bytes = 12;  // magic, version, and a length of up to 4 bytes

// From the first npy_prefix_bytes of a file: how long the text is and where it begins. Throws Error FORMAT_ERROR.
void parse_npy_prefix(const unsigned char *prefix, const char *path, int64_t *text_begin, int64_t *text_bytes);
// From the text: a Python dictionary with descr, fortran_order and shape. Throws Error FORMAT_ERROR.
NpyHeader parse_npy_text(std::string_view text, const char *path);
// Everything before the elements, of format version 1, padded so that they begin at a multiple of 64.
std::string make_npy_header(const NpyHeader &header);

}  // namespace uni::core
