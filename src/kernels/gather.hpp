// SPDX-License-Identifier: Apache-2.0
// Gathers rows with lane groups: out[i] = source[index[i]], a row of zeros where the index is out of bounds or past the
// valid ones. Several tensors by one index, with a conversion, and in an order of the caller's.
#pragma once

#include <cstdint>

#include "kernels/bounds.hpp"
#include "kernels/convert.hpp"
#include "kernels/lane_group.hpp"
#include "kernels/move_rows.hpp"

namespace uni::kernels {

// An index as it is given: int32 or int64. Told apart at run time, since one kernel per type of index would double what
// there is to compile for a branch that all lanes take alike.
struct IndexView {
  const void *data;
  bool wide;             // int64
  const int64_t *count;  // may be NULL
  int64_t num_indices;
  int64_t num_rows;  // what it points into
  bool trust;

  UNI_HOST_DEVICE int64_t operator[](int64_t position) const {
    return wide ? static_cast<const int64_t *>(data)[position] : static_cast<const int32_t *>(data)[position];
  }
  UNI_HOST_DEVICE bool is_inside(int64_t row) const {
    return trust || static_cast<uint64_t>(row) < static_cast<uint64_t>(num_rows);
  }
};

constexpr int kMostGatheredTensors = 16;

struct GatherRowsArguments {
  RowMoves tensors[kMostGatheredTensors];
  int32_t num_tensors;
  IndexView index;
  const uint32_t *order;  // a permutation of the positions, in which rows are read; NULL: as they are
  const float *scales;    // of the rows of the source, for a conversion from int8; else NULL
  BoundsRecord *record;   // NULL if the index is trusted
};

// Positions of rows, and which of them are out of bounds.
template <class Group, class Scale>
struct GatherLocate {
  const GatherRowsArguments &a;
  const RowMoves &moves;
  const int64_t valid;
  const bool counts;  // or somebody else does
  Lane<Group, BoundsTally> &tally;

  UNI_HOST_DEVICE void operator()(int lane, int64_t slot, bool is_first_lane, RowMove<Scale> *move) const {
    const int64_t position = a.order == nullptr ? slot : static_cast<int64_t>(a.order[slot]);
    move->to = moves.out + position * moves.out_pitch;
    if (position >= valid) return;
    const int64_t row = a.index[position];
    if (!a.index.is_inside(row)) {
      if (counts && is_first_lane) tally[lane].add(position, row);
      return;
    }
    move->from = moves.source + row * moves.source_pitch;
    if constexpr (std::is_same_v<Scale, float>) move->scale = a.scales[row];
  }
};

template <class Group>
UNI_HOST_DEVICE inline void report_lanes(Group &g, const Lane<Group, BoundsTally> &tally, BoundsRecord *record) {
  if (record == nullptr) return;
  g.each([&](int lane) { tally[lane].report(record); });
}

// Tensors of any types, as they are.
struct GatherRows {
  GatherRowsArguments a;

  template <class Group>
  UNI_HOST_DEVICE void operator()(Group &g, int64_t group, int64_t num_groups) const {
    const int64_t valid = num_valid(a.index.count, a.index.num_indices);
    Lane<Group, BoundsTally> tally = {};
    for (int32_t t = 0; t < a.num_tensors; ++t) {
      const RowMoves &moves = a.tensors[t];
      const GatherLocate<Group, NoScale> locate{a, moves, valid, t == 0, tally};
      move_plain_rows(g, group, num_groups, a.index.num_indices, moves, locate);
    }
    report_lanes(g, tally, a.record);
  }
};

// One tensor, with a conversion.
template <class From, class To>
struct GatherConverted {
  GatherRowsArguments a;

  template <class Group>
  UNI_HOST_DEVICE void operator()(Group &g, int64_t group, int64_t num_groups) const {
    using Move = ConvertingMove<From, To>;
    const RowMoves &moves = a.tensors[0];
    const int64_t valid = num_valid(a.index.count, a.index.num_indices);
    Lane<Group, BoundsTally> tally = {};
    const GatherLocate<Group, typename Move::Scale> locate{a, moves, valid, true, tally};
    if (moves.piece_shift == 4) {
      move_rows<Move>(g, group, num_groups, a.index.num_indices, moves, locate);
    } else {
      move_uneven_rows(g, group, num_groups, a.index.num_indices, moves, ConvertElements<From, To>{}, locate);
    }
    report_lanes(g, tally, a.record);
  }
};

// What a sort orders the positions of an index by: rows, the lowest bits left out where they would not fit in 32. What is
// out of bounds, or past the valid ones, comes last.
struct OrderKeys {
  IndexView index;
  int32_t row_shift;
  uint32_t *keys;
  uint32_t *positions;

  template <class Group>
  UNI_HOST_DEVICE void operator()(Group &g, int64_t group, int64_t num_groups) const {
    const int64_t valid = num_valid(index.count, index.num_indices);
    g.each([&](int lane) {
      for (int64_t i = group * Group::kLanes + lane; i < index.num_indices; i += num_groups * Group::kLanes) {
        const int64_t row = i < valid ? index[i] : -1;
        const bool inside = static_cast<uint64_t>(row) < static_cast<uint64_t>(index.num_rows);
        keys[i] = static_cast<uint32_t>((inside ? row : index.num_rows - 1) >> row_shift);
        positions[i] = static_cast<uint32_t>(i);
      }
    });
  }
};

}  // namespace uni::kernels
