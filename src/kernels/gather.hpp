// SPDX-License-Identifier: Apache-2.0
// Gathers rows with lane groups, one group to a row at a time: out[i] = source[index[i]], a row of zeros where the index
// is out of bounds or past the valid ones.
#pragma once

#include <cstdint>

#include "kernels/bounds.hpp"
#include "kernels/lane_group.hpp"

namespace uni::kernels {

// What a lane moves at once.
struct alignas(16) Piece16 {
  uint64_t low, high;
};

template <class Index>
struct GatherRowsArguments {
  const char *source;
  int64_t source_pitch;
  int64_t num_source_rows;
  char *out;
  int64_t out_pitch;
  int64_t row_bytes;
  const Index *index;
  const int64_t *count;  // may be NULL
  int64_t num_indices;
  bool trust;
  BoundsRecord *record;  // NULL if `trust`
};

// Piece divides both addresses, both pitches and the row.
template <class Index, class Piece>
struct GatherRows {
  GatherRowsArguments<Index> a;

  template <class Group>
  UNI_HOST_DEVICE void operator()(Group &g, int64_t group, int64_t num_groups) const {
    const int64_t valid = num_valid(a.count, a.num_indices);
    const int64_t num_pieces = a.row_bytes / static_cast<int64_t>(sizeof(Piece));
    BoundsTally tally;
    for (int64_t i = group; i < a.num_indices; i += num_groups) {
      const int64_t row = i < valid ? static_cast<int64_t>(a.index[i]) : -1;
      bool inside = i < valid;
      if (!a.trust && inside && static_cast<uint64_t>(row) >= static_cast<uint64_t>(a.num_source_rows)) {
        tally.add(i, row);
        inside = false;
      }
      Piece *const to = reinterpret_cast<Piece *>(a.out + i * a.out_pitch);
      if (inside) {
        const Piece *const from = reinterpret_cast<const Piece *>(a.source + row * a.source_pitch);
        for_each_strided(g, 0, num_pieces, [&](int, int64_t piece) { to[piece] = from[piece]; });
      } else {
        for_each_strided(g, 0, num_pieces, [&](int, int64_t piece) { to[piece] = Piece{}; });
      }
    }
    if (!a.trust) {
      g.each([&](int lane) {
        if (lane == 0) tally.report(a.record);
      });
    }
  }
};

}  // namespace uni::kernels
