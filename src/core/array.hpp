// SPDX-License-Identifier: Apache-2.0
// An array descriptor of the caller's, checked once and read once.
#pragma once

#include "core/dtype.hpp"
#include "core/error.hpp"
#include "unitensor/array.h"
#include "unitensor/backend.h"

namespace uni::core {

// A shape with the sizes that follow from it.
struct Layout {
  int64_t num_elements = 0;
  int64_t num_rows = 0;  // shape[0]; 1 where there is no dimension
  int64_t row_bytes = 0;
  int64_t row_pitch = 0;
  int64_t num_bytes = 0;   // payload
  int64_t span_bytes = 0;  // from the first byte of the first row to the last byte of the last one
};

// Throws Error if an extent is negative, a size overflows, or the pitch is less than a row. A pitch of 0 is a row.
Layout make_layout(const char *name, int32_t dtype, int32_t ndim, const int64_t *shape, int64_t row_pitch);

struct ArrayView {
  uni_array array;  // normalised: device_type and row_pitch are set
  Layout layout;

  uni_rows rows() const noexcept {
    return {static_cast<char *>(array.data), layout.num_rows, layout.row_bytes, layout.row_pitch};
  }
  bool on_cpu() const noexcept { return array.device_type == UNI_DEVICE_CPU; }
};

// Reads and checks a descriptor; `name` stands for it in messages.
ArrayView read_array(const uni_array *array, const char *name);

// The same for something that holds indices: one dimension, int32 or int64, aligned, contiguous.
ArrayView read_index(const uni_array *array, const char *name);

void require_same_dtype(const ArrayView &a, const char *a_name, const ArrayView &b, const char *b_name);
void require_shape(const ArrayView &a, const char *name, int32_t ndim, const int64_t *shape);
// Throws if the array carries a count, which only an index may do.
void require_no_count(const ArrayView &a, const char *name);
void require_writable(const ArrayView &a, const char *name);
void require_no_overlap(const ArrayView &a, const char *a_name, const ArrayView &b, const char *b_name);

// "[3, 4]" for messages.
struct ShapeText {
  char text[200];
  ShapeText(int32_t ndim, const int64_t *shape) noexcept;
};

}  // namespace uni::core
