// SPDX-License-Identifier: Apache-2.0
// The gather loop over a vector type. Included by one file per instruction set, each compiled for its own: everything
// here has internal linkage and uses no inline function of a header, so that no code for a wider instruction set can be
// picked by the linker for use elsewhere.
#pragma once

#include "cpu/gather_rows.hpp"

namespace uni::cpu {
namespace {

// How many bytes of source rows are asked for ahead of the copy: enough to cover a memory access of about 100 ns at the
// rate of one core, and no more than the core's fill buffers and second-level cache can hold.
constexpr int64_t prefetch_bytes = 8192;
constexpr int64_t least_rows_ahead = 4, most_rows_ahead = 24;
// The processor's own prefetching takes over within a long row.
constexpr int64_t prefetched_row_bytes = 1024;

template <class Word>
inline void move(char *to, const char *from) noexcept {
  Word word;
  __builtin_memcpy(&word, from, sizeof word);
  __builtin_memcpy(to, &word, sizeof word);
}

// Rows shorter than a vector: two moves of the largest power of two, which may overlap.
inline void copy_short(char *to, const char *from, int64_t bytes) noexcept {
  const auto ends = [&]<class Word>(Word) {
    move<Word>(to, from);
    move<Word>(to + bytes - sizeof(Word), from + bytes - sizeof(Word));
  };
  typedef char Vector16 __attribute__((vector_size(16)));
  if (bytes >= 16)
    ends(Vector16{});
  else if (bytes >= 8)
    ends(uint64_t{});
  else if (bytes >= 4)
    ends(uint32_t{});
  else if (bytes >= 2)
    ends(uint16_t{});
  else if (bytes == 1)
    *to = *from;
}

template <class Vector>
inline void copy_row(char *__restrict to, const char *__restrict from, int64_t bytes) noexcept {
  constexpr int64_t width = sizeof(Vector);
  if (bytes < width) {
    if constexpr (width == 64) {
      if (bytes >= 32) {
        typedef char Vector32 __attribute__((vector_size(32)));
        move<Vector32>(to, from);
        move<Vector32>(to + bytes - 32, from + bytes - 32);
        return;
      }
    }
    copy_short(to, from, bytes);
    return;
  }
  int64_t at = 0;
  for (; at + 4 * width <= bytes; at += 4 * width) {
    Vector a, b, c, d;
    __builtin_memcpy(&a, from + at, width);
    __builtin_memcpy(&b, from + at + width, width);
    __builtin_memcpy(&c, from + at + 2 * width, width);
    __builtin_memcpy(&d, from + at + 3 * width, width);
    __builtin_memcpy(to + at, &a, width);
    __builtin_memcpy(to + at + width, &b, width);
    __builtin_memcpy(to + at + 2 * width, &c, width);
    __builtin_memcpy(to + at + 3 * width, &d, width);
  }
  for (; at + width <= bytes; at += width) move<Vector>(to + at, from + at);
  if (at < bytes) move<Vector>(to + bytes - width, from + bytes - width);
}

// With `skip`, indices are looked at; the loop is there twice, so that where they need not be nothing looks.
template <bool skip, class Index, class Copy>
int64_t gather_entries(const GatherRange &range, Copy &&copy) noexcept {
  // In variables of their own: what is stored to a result might be the range, for all the compiler knows.
  const Index *const index = static_cast<const Index *>(range.index);
  const char *const source = range.source;
  const int64_t row_bytes = range.row_bytes, pitch = range.source_pitch, num_rows = range.num_source_rows;
  const int64_t out_pitch = range.out_pitch, begin = range.begin, end = range.end;
  int64_t ahead = row_bytes > 0 ? prefetch_bytes / row_bytes : 0;
  ahead = ahead < least_rows_ahead ? least_rows_ahead : ahead > most_rows_ahead ? most_rows_ahead : ahead;
  const int64_t prefetched = row_bytes < prefetched_row_bytes ? row_bytes : prefetched_row_bytes;
  // Whether a row lies in no more lines than its bytes fill. If not, it may end on one more.
  const uint64_t place = static_cast<uint64_t>(reinterpret_cast<uintptr_t>(source)),
                 step = static_cast<uint64_t>(pitch);
  const bool whole_lines =
      step % 64 == 0 ? place % 64 == 0 : step < 64 && 64 % step == 0 && place % step == 0 && prefetched <= pitch;
  const auto prefetch = [&](int64_t i) {
    // GCC 12 takes a function that does nothing but prefetch for one without effect, and drops the call.
    asm volatile("");
    // A prefetch of an address that is not mapped does nothing: an index out of bounds is harmless here.
    const uint64_t row = place + static_cast<uint64_t>(static_cast<int64_t>(index[i])) * step;
    for (int64_t at = 0; at < prefetched; at += 64)
      __builtin_prefetch(reinterpret_cast<const void *>(row + static_cast<uint64_t>(at)), 0, 3);
    if (!whole_lines)
      __builtin_prefetch(reinterpret_cast<const void *>(row + static_cast<uint64_t>(prefetched) - 1), 0, 3);
  };
  const int64_t last_prefetch = prefetched > 0 ? end - ahead : begin;
  if (prefetched > 0)
    for (int64_t i = begin; i < end && i < begin + ahead; ++i) prefetch(i);
  int64_t skipped = 0;
  char *to = range.out + begin * out_pitch;
  const auto move_row = [&](int64_t i) {
    const int64_t row = index[i];
    if (skip && (row < 0 || row >= num_rows)) {
      __builtin_memset(to, 0, static_cast<size_t>(row_bytes));
      ++skipped;
    } else {
      copy(to, source + row * pitch);
    }
    to += out_pitch;
  };
  int64_t i = begin;
  for (; i < last_prefetch; ++i) {
    prefetch(i + ahead);
    move_row(i);
  }
  for (; i < end; ++i) move_row(i);
  return skipped;
}

template <class Vector, class Index, class Copy>
int64_t gather_loop(const GatherRange &range, Copy &&copy) noexcept {
  return range.skip ? gather_entries<true, Index>(range, copy) : gather_entries<false, Index>(range, copy);
}

// Row sizes that are common get a copy of known length.
template <class Vector, class Index>
int64_t gather_by_size(const GatherRange &range) noexcept {
  const int64_t bytes = range.row_bytes;
  const auto fixed = [&]<int64_t size>() {
    return gather_loop<Vector, Index>(range, [](char *to, const char *from) { copy_row<Vector>(to, from, size); });
  };
  switch (bytes) {
    case 4:
      return fixed.template operator()<4>();
    case 8:
      return fixed.template operator()<8>();
    case 16:
      return fixed.template operator()<16>();
    case 32:
      return fixed.template operator()<32>();
    case 64:
      return fixed.template operator()<64>();
    case 128:
      return fixed.template operator()<128>();
    case 256:
      return fixed.template operator()<256>();
    case 512:
      return fixed.template operator()<512>();
    default:
      return gather_loop<Vector, Index>(range,
                                        [bytes](char *to, const char *from) { copy_row<Vector>(to, from, bytes); });
  }
}

typedef long long Vector16 __attribute__((vector_size(16), may_alias));

template <class Vector, class Store>
inline void stream(char *to, const char *from, Store &&store) noexcept {
  Vector value;
  __builtin_memcpy(&value, from, sizeof value);
  store(to, value);
}

// Results lie on 16-byte boundaries here. Whole vectors go to their own boundaries, and what is before and after them in
// pieces of 16 bytes: neighbouring rows complete each other's lines in the write-combining buffers.
template <class Vector, class Index, class Store, class StoreShort>
int64_t gather_streaming(const GatherRange &range, Store &&store, StoreShort &&store_short) noexcept {
  const int64_t bytes = range.row_bytes;
  constexpr int64_t width = sizeof(Vector);
  // Rows that are whole vectors on their own boundaries, as most long ones are.
  const uint64_t all = static_cast<uint64_t>(reinterpret_cast<uintptr_t>(range.out)) |
                       static_cast<uint64_t>(range.out_pitch) | static_cast<uint64_t>(bytes);
  if (all % width == 0)
    return gather_loop<Vector, Index>(range, [&store, bytes](char *to, const char *from) {
      for (int64_t at = 0; at < bytes; at += width) stream<Vector>(to + at, from + at, store);
    });
  return gather_loop<Vector, Index>(range, [&, bytes](char *to, const char *from) {
    int64_t at = 0;
    for (; at < bytes && reinterpret_cast<uintptr_t>(to + at) % width != 0; at += 16)
      stream<Vector16>(to + at, from + at, store_short);
    for (; at + width <= bytes; at += width) stream<Vector>(to + at, from + at, store);
    for (; at < bytes; at += 16) stream<Vector16>(to + at, from + at, store_short);
  });
}

template <class Vector, class Store, class StoreShort>
int64_t gather_any(const GatherRange &range, Store &&store, StoreShort &&store_short) noexcept {
  if (range.stream)
    return range.wide_index ? gather_streaming<Vector, int64_t>(range, store, store_short)
                            : gather_streaming<Vector, int32_t>(range, store, store_short);
  return range.wide_index ? gather_by_size<Vector, int64_t>(range) : gather_by_size<Vector, int32_t>(range);
}

}  // namespace
}  // namespace uni::cpu
