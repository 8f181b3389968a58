// SPDX-License-Identifier: Apache-2.0
// What is known of an element type.
#pragma once

#include "unitensor/array.h"

namespace uni::core {

struct DtypeInfo {
  int64_t size;
  const char *name;
};

constexpr DtypeInfo dtype_table[] = {
    {0, "unknown"}, {1, "bool"},   {1, "int8"},   {2, "int16"},   {4, "int32"},    {8, "int64"},   {1, "uint8"},
    {2, "uint16"},  {4, "uint32"}, {8, "uint64"}, {2, "float16"}, {2, "bfloat16"}, {4, "float32"}, {8, "float64"},
};
static_assert(sizeof dtype_table / sizeof dtype_table[0] == UNI_DTYPE_FLOAT64 + 1);

constexpr const DtypeInfo &dtype_info(int32_t dtype) noexcept {
  return dtype_table[dtype >= UNI_DTYPE_BOOL && dtype <= UNI_DTYPE_FLOAT64 ? dtype : 0];
}
constexpr int64_t dtype_size(int32_t dtype) noexcept { return dtype_info(dtype).size; }
constexpr const char *dtype_name(int32_t dtype) noexcept { return dtype_info(dtype).name; }
constexpr bool is_index_dtype(int32_t dtype) noexcept { return dtype == UNI_DTYPE_INT32 || dtype == UNI_DTYPE_INT64; }

}  // namespace uni::core
