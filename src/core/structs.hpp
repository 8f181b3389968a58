// SPDX-License-Identifier: Apache-2.0
// The rule for structs that carry their size (see unitensor/unitensor.h): a caller may have been compiled against an
// older or a newer header than this library.
#pragma once

#include <array>
#include <cstddef>
#include <cstring>

#include "core/error.hpp"
#include "unitensor/context.h"
#include "unitensor/gather.h"

namespace uni::core {

// The sizes that a caller may have a struct in: that of its first version, and the end of each member added since. Any
// other up to the last would cut a member in two, half of a pointer say. Those that have not grown are as large as they were.
template <class Struct>
inline constexpr std::array<size_t, 1> known_sizes = {sizeof(Struct)};
template <>
inline constexpr std::array<size_t, 6> known_sizes<uni_gather_options> = {
    offsetof(uni_gather_options, dtype),
    offsetof(uni_gather_options, order),
    offsetof(uni_gather_options, num_multiprocessors),
    offsetof(uni_gather_options, reserved),
    offsetof(uni_gather_options, row_scales),
    sizeof(uni_gather_options)};
template <>
inline constexpr std::array<size_t, 3> known_sizes<uni_scatter_options> = {
    offsetof(uni_scatter_options, num_multiprocessors), offsetof(uni_scatter_options, reserved),
    sizeof(uni_scatter_options)};
template <>
inline constexpr std::array<size_t, 3> known_sizes<uni_statistics> = {offsetof(uni_statistics, registered_copies),
                                                                      offsetof(uni_statistics, registered_copy_bytes),
                                                                      sizeof(uni_statistics)};

// Throws unless a struct of this size is one of those, or larger than what this library knows.
template <class Struct>
void require_known_size(uint32_t size, const char *name) {
  constexpr const auto &known = known_sizes<Struct>;
  static_assert(known.back() == sizeof(Struct));
  if (size < known.front())
    throw Error(UNI_STATUS_INVALID_ARGUMENT, "%s->struct_size is %u, expected at least %zu", name, size, known.front());
  size_t next = known.front();
  for (size_t i = 0; next < size && i < known.size(); ++i) next = known[i];
  if (size < next)
    throw Error(UNI_STATUS_INVALID_ARGUMENT, "%s->struct_size is %u, which ends within a member; the next ends at %zu",
                name, size, next);
}

// Copies what the caller has of an input struct into one that is zero elsewhere.
template <class Struct>
Struct read_struct(const Struct *input, const char *name) {
  uint32_t size;
  std::memcpy(&size, input, sizeof size);
  require_known_size<Struct>(size, name);
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
  require_known_size<Struct>(size, name);
  Struct copy = value;
  copy.struct_size = size;
  std::memcpy(static_cast<void *>(output), &copy, size < sizeof copy ? size : sizeof copy);
}

template <class Pointer>
void require(Pointer *pointer, const char *name) {
  if (pointer == nullptr) throw Error(UNI_STATUS_INVALID_ARGUMENT, "%s is NULL", name);
}

}  // namespace uni::core
