// SPDX-License-Identifier: Apache-2.0
// The rule for structs that carry their size (see unitensor/unitensor.h): a caller may have been compiled against an
// older or a newer header than this library.
#pragma once

#include <cstring>

#include "core/error.hpp"
#include "unitensor/gather.h"

namespace uni::core {

// The size of a struct's first version. Those that have not grown since are as large as they were.
template <class Struct>
constexpr size_t first_size = sizeof(Struct);
template <>
inline constexpr size_t first_size<uni_gather_options> = 16;
template <>
inline constexpr size_t first_size<uni_scatter_options> = 16;

// Copies what the caller has of an input struct into one that is zero elsewhere.
template <class Struct>
Struct read_struct(const Struct *input, const char *name) {
  uint32_t size;
  std::memcpy(&size, input, sizeof size);
  if (size < first_size<Struct>)
    throw Error(UNI_STATUS_INVALID_ARGUMENT, "%s->struct_size is %u, expected at least %zu", name, size,
                first_size<Struct>);
  const char *bytes = reinterpret_cast<const char *>(input);
  for (size_t i = sizeof(Struct); i < size; ++i)
    if (bytes[i] != 0)
      throw Error(UNI_STATUS_VERSION_MISMATCH,
                  "%s->struct_size is %u, this library knows %zu bytes, and byte %zu beyond them is not zero", name,
                  size, sizeof(Struct), i);
  Struct copy = {};
  std::memcpy(&copy, input, size < sizeof copy ? size : sizeof copy);
  return copy;
}

// Writes as much of an output struct as the caller has, and leaves its struct_size alone.
template <class Struct>
void write_struct(const Struct &value, Struct *output, const char *name) {
  uint32_t size;
  std::memcpy(&size, output, sizeof size);
  if (size < sizeof(Struct))
    throw Error(UNI_STATUS_INVALID_ARGUMENT, "%s->struct_size is %u, expected at least %zu", name, size,
                sizeof(Struct));
  Struct copy = value;
  copy.struct_size = size;
  std::memcpy(output, &copy, sizeof copy);
}

template <class Pointer>
void require(Pointer *pointer, const char *name) {
  if (pointer == nullptr) throw Error(UNI_STATUS_INVALID_ARGUMENT, "%s is NULL", name);
}

}  // namespace uni::core
