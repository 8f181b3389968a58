// SPDX-License-Identifier: Apache-2.0
#include "core/array.hpp"

#include <algorithm>
#include <cstdint>

#include "core/live_memory.hpp"
#include "core/structs.hpp"

namespace uni::core {

Layout make_layout(const char *name, int32_t dtype, int32_t ndim, const int64_t *shape, int64_t row_pitch) {
  const int64_t item = dtype_size(dtype);
  if (item == 0)
    throw Error(UNI_STATUS_DTYPE_MISMATCH, "%s: %d is no dtype, expected UNI_DTYPE_BOOL (1) to UNI_DTYPE_FLOAT64 (13)",
                name, dtype);
  if (ndim < 0 || ndim > UNI_MAX_NDIM)
    throw Error(UNI_STATUS_SHAPE_MISMATCH, "%s: ndim is %d, expected 0 to %d", name, ndim, UNI_MAX_NDIM);
  Layout layout;
  int64_t row_elements = 1;
  bool empty = false, overflow = false;
  for (int32_t i = 0; i < ndim; ++i) {
    if (shape[i] < 0)
      throw Error(UNI_STATUS_INVALID_ARGUMENT, "%s: shape[%d] is %lld, expected at least 0", name, i,
                  static_cast<long long>(shape[i]));
    empty |= shape[i] == 0;
    // A zero elsewhere does not make an overflowing product of the others acceptable: views could bring it back.
    if (i > 0) overflow |= __builtin_mul_overflow(row_elements, std::max<int64_t>(shape[i], 1), &row_elements);
  }
  layout.num_rows = ndim > 0 ? shape[0] : 1;
  int64_t all = 0, bytes = 0;
  overflow |= __builtin_mul_overflow(row_elements, std::max<int64_t>(layout.num_rows, 1), &all);
  overflow |= __builtin_mul_overflow(all, item, &bytes);
  if (overflow)
    throw Error(UNI_STATUS_INVALID_ARGUMENT, "%s: the size of shape %s of %s overflows 63 bits", name,
                ShapeText(ndim, shape).text, dtype_name(dtype));
  bool empty_row = false;
  for (int32_t i = 1; i < ndim; ++i) empty_row |= shape[i] == 0;
  layout.row_bytes = empty_row ? 0 : row_elements * item;
  layout.num_elements = empty ? 0 : all;
  layout.num_bytes = empty ? 0 : bytes;
  layout.row_pitch = row_pitch == 0 ? layout.row_bytes : row_pitch;
  if (layout.row_pitch < layout.row_bytes)
    throw Error(UNI_STATUS_INVALID_ARGUMENT, "%s: row_pitch is %lld, expected 0 or at least the %lld bytes of a row",
                name, static_cast<long long>(row_pitch), static_cast<long long>(layout.row_bytes));
  if (__builtin_mul_overflow(layout.row_pitch, layout.num_rows, &layout.span_bytes))
    throw Error(UNI_STATUS_INVALID_ARGUMENT, "%s: %lld rows of pitch %lld overflow 63 bits", name,
                static_cast<long long>(layout.num_rows), static_cast<long long>(layout.row_pitch));
  layout.span_bytes = empty ? 0 : layout.span_bytes - layout.row_pitch + layout.row_bytes;
  return layout;
}

ShapeText::ShapeText(int32_t ndim, const int64_t *shape) noexcept {
  size_t used = 0;
  text[used++] = '[';
  for (int32_t i = 0; i < ndim && i < UNI_MAX_NDIM; ++i) {
    const int written =
        std::snprintf(text + used, sizeof text - used, "%s%lld", i > 0 ? ", " : "", static_cast<long long>(shape[i]));
    used = std::min(used + static_cast<size_t>(std::max(written, 0)), sizeof text - 2);
  }
  text[used++] = ']';
  text[used] = '\0';
}

ArrayView read_array(const uni_array *array, const char *name) {
  require(array, name);
  ArrayView view{read_struct(array, name), {}};
  uni_array &a = view.array;
  if (a.device_type == 0) a.device_type = UNI_DEVICE_CPU;
  if (a.device_type != UNI_DEVICE_CPU && a.device_type != UNI_DEVICE_CUDA)
    throw Error(UNI_STATUS_INVALID_ARGUMENT,
                "%s->device_type is %d, expected UNI_DEVICE_CPU (1) or UNI_DEVICE_CUDA (2)", name, a.device_type);
  if (a.device_id < 0 || (a.device_type == UNI_DEVICE_CPU && a.device_id != 0))
    throw Error(UNI_STATUS_INVALID_ARGUMENT, "%s->device_id is %d, expected %s", name, a.device_id,
                a.device_type == UNI_DEVICE_CPU ? "0 for the CPU" : "at least 0");
  if ((a.flags & ~static_cast<uint32_t>(UNI_ARRAY_READ_ONLY)) != 0)
    throw Error(UNI_STATUS_INVALID_ARGUMENT, "%s->flags is 0x%x, expected 0 or UNI_ARRAY_READ_ONLY (1)", name, a.flags);
  if (a.row_pitch < 0)
    throw Error(UNI_STATUS_INVALID_ARGUMENT, "%s->row_pitch is %lld, expected at least 0", name,
                static_cast<long long>(a.row_pitch));
  view.layout = make_layout(name, a.dtype, a.ndim, a.shape, a.row_pitch);
  a.row_pitch = view.layout.row_pitch;
  if (view.layout.num_elements > 0) {
    if (a.data == nullptr)
      throw Error(UNI_STATUS_INVALID_ARGUMENT, "%s->data is NULL, expected the memory of shape %s", name,
                  ShapeText(a.ndim, a.shape).text);
    uintptr_t end;
    if (__builtin_add_overflow(reinterpret_cast<uintptr_t>(a.data), static_cast<uintptr_t>(view.layout.span_bytes),
                               &end))
      throw Error(UNI_STATUS_INVALID_ARGUMENT, "%s: %lld bytes at %p pass the end of the address space", name,
                  static_cast<long long>(view.layout.span_bytes), a.data);
    LiveMemory::require_inherited(a.data, view.layout.span_bytes, name);
  }
  return view;
}

ArrayView read_index(const uni_array *array, const char *name) {
  ArrayView view = read_array(array, name);
  const uni_array &a = view.array;
  if (a.ndim != 1) throw Error(UNI_STATUS_SHAPE_MISMATCH, "%s has %d dimensions, expected 1", name, a.ndim);
  if (!is_index_dtype(a.dtype))
    throw Error(UNI_STATUS_DTYPE_MISMATCH, "%s has dtype %s, expected int32 or int64", name, dtype_name(a.dtype));
  if (view.layout.num_rows > 1 && view.layout.row_pitch != view.layout.row_bytes)
    throw Error(UNI_STATUS_INVALID_ARGUMENT, "%s has a row_pitch of %lld, expected its entries to be contiguous (%lld)",
                name, static_cast<long long>(view.layout.row_pitch), static_cast<long long>(view.layout.row_bytes));
  if (reinterpret_cast<uintptr_t>(a.data) % static_cast<uintptr_t>(dtype_size(a.dtype)) != 0)
    throw Error(UNI_STATUS_INVALID_ARGUMENT, "%s->data is %p, expected a multiple of the %lld bytes of an entry", name,
                a.data, static_cast<long long>(dtype_size(a.dtype)));
  return view;
}

void require_same_dtype(const ArrayView &a, const char *a_name, const ArrayView &b, const char *b_name) {
  if (a.array.dtype != b.array.dtype)
    throw Error(UNI_STATUS_DTYPE_MISMATCH, "%s has dtype %s, expected %s as %s has", a_name, dtype_name(a.array.dtype),
                dtype_name(b.array.dtype), b_name);
}

void require_shape(const ArrayView &a, const char *name, int32_t ndim, const int64_t *shape) {
  if (a.array.ndim != ndim || !std::equal(shape, shape + ndim, a.array.shape))
    throw Error(UNI_STATUS_SHAPE_MISMATCH, "%s has shape %s, expected %s", name,
                ShapeText(a.array.ndim, a.array.shape).text, ShapeText(ndim, shape).text);
}

void require_no_count(const ArrayView &a, const char *name) {
  if (a.array.count != nullptr)
    throw Error(UNI_STATUS_INVALID_ARGUMENT, "%s->count is not NULL, expected an array of known size", name);
}

void require_writable(const ArrayView &a, const char *name) {
  if ((a.array.flags & UNI_ARRAY_READ_ONLY) != 0)
    throw Error(UNI_STATUS_INVALID_ARGUMENT, "%s is read-only, expected memory that may be written", name);
}

void require_no_overlap(const ArrayView &a, const char *a_name, const ArrayView &b, const char *b_name) {
  const auto a_begin = reinterpret_cast<uintptr_t>(a.array.data), b_begin = reinterpret_cast<uintptr_t>(b.array.data);
  const uintptr_t a_end = a_begin + static_cast<uintptr_t>(a.layout.span_bytes);
  const uintptr_t b_end = b_begin + static_cast<uintptr_t>(b.layout.span_bytes);
  if (a_begin < b_end && b_begin < a_end)
    throw Error(UNI_STATUS_INVALID_ARGUMENT, "%s overlaps the memory of %s, expected them to be apart", a_name, b_name);
}

}  // namespace uni::core
