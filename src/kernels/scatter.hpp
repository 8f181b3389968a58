// SPDX-License-Identifier: Apache-2.0
// Scatters rows with lane groups. Where several entries name one row, an assignment keeps the last of them whole: a first
// pass leaves for each row the entry that wins, and only that one writes. Additions are atomic, element by element.
#pragma once

#include <cstdint>

#include "kernels/bounds.hpp"
#include "kernels/half.hpp"
#include "kernels/lane_group.hpp"
#include "kernels/move_uneven_rows.hpp"
#include "kernels/relabel.hpp"

namespace uni::kernels {

template <class Index>
struct ScatterRowsArguments {
  char *destination;
  int64_t destination_pitch;
  int64_t num_destination_rows;
  const char *rows;
  int64_t rows_pitch;
  int64_t row_bytes;
  const Index *index;
  const int64_t *count;  // may be NULL
  int64_t num_indices;
  bool trust;
  BoundsRecord *record;  // NULL if `trust`

  UNI_HOST_DEVICE bool is_inside(int64_t row) const {
    return trust || static_cast<uint64_t>(row) < static_cast<uint64_t>(num_destination_rows);
  }
};

// The table's least value is the last entry's.
template <class Index>
UNI_HOST_DEVICE inline int64_t scatter_rank(const ScatterRowsArguments<Index> &a, int64_t entry) {
  return a.num_indices - 1 - entry;
}

// First pass of an assignment: who writes which row. Also finds what is out of bounds.
template <class Index, bool kDense, class Access = Atomics>
struct ScatterChoose {
  ScatterRowsArguments<Index> a;
  NodeTable<kDense> table;

  template <class Group>
  UNI_HOST_DEVICE void operator()(Group &g, int64_t group, int64_t num_groups) const {
    const int64_t valid = num_valid(a.count, a.num_indices);
    g.each([&](int lane) {
      BoundsTally tally;
      for (int64_t i = group * Group::kLanes + lane; i < valid; i += num_groups * Group::kLanes) {
        const int64_t row = static_cast<int64_t>(a.index[i]);
        if (!a.is_inside(row))
          tally.add(i, row);
        else
          table.template insert_least<Access>(static_cast<uint64_t>(row), scatter_rank(a, i));
      }
      if (!a.trust) tally.report<Access>(a.record);
    });
  }
};

// Second pass of an assignment. `moves` has the rows as its source and the destination as its result.
template <class Index, bool kDense>
struct ScatterAssign {
  ScatterRowsArguments<Index> a;
  NodeTable<kDense> table;
  RowMoves moves;

  template <class Group>
  UNI_HOST_DEVICE void operator()(Group &g, int64_t group, int64_t num_groups) const {
    const auto locate = [&](int, int64_t i, bool, RowMove<NoScale> *move) {
      const int64_t row = static_cast<int64_t>(a.index[i]);
      if (!a.is_inside(row) || table.find(static_cast<uint64_t>(row)) != scatter_rank(a, i)) return;
      move->to = a.destination + row * a.destination_pitch;
      move->from = a.rows + i * a.rows_pitch;
    };
    move_plain_rows(g, group, num_groups, num_valid(a.count, a.num_indices), moves, locate);
  }
};

// How an element is added: Sum for numbers that the processor has, the others through float32.
struct AddSum {
  template <class Access, class Element>
  UNI_HOST_DEVICE static void add(Element *to, Element value) {
    Access::add_element(to, value);
  }
};
struct AddHalf {
  template <class Access>
  UNI_HOST_DEVICE static void add(uint16_t *to, uint16_t value) {
    Access::update(to, value,
                   [](uint16_t a, uint16_t b) { return float_to_half(half_to_float(a) + half_to_float(b)); });
  }
};
struct AddBfloat {
  template <class Access>
  UNI_HOST_DEVICE static void add(uint16_t *to, uint16_t value) {
    Access::update(to, value,
                   [](uint16_t a, uint16_t b) { return float_to_bfloat(bfloat_to_float(a) + bfloat_to_float(b)); });
  }
};

// A row to 2^lane_shift lanes, several to a group where they are short; each lane has elements of kRowsInFlight rows on the
// way. A row of more elements than lanes begins at the border of a line of the side that is over the link, so that lines are
// touched once where lanes times elements are a line: of elements of 4 bytes or 8. Lines are touched twice of those of 2 bytes,
// and four times of single ones, which a processor of a GPU adds by the word anyway.
template <class Index, class Element, class Add, class Access = Atomics>
struct ScatterAdd {
  ScatterRowsArguments<Index> a;
  int32_t lane_shift;
  bool align_destination;

  template <class Group>
  UNI_HOST_DEVICE void operator()(Group &g, int64_t group, int64_t num_groups) const {
    const int64_t valid = num_valid(a.count, a.num_indices);
    const int64_t num_elements = a.row_bytes / static_cast<int64_t>(sizeof(Element));
    const int lanes = 1 << lane_shift, rows_per_group = Group::kLanes >> lane_shift;
    const int64_t step = num_groups * rows_per_group;
    const int32_t most_shift = most_piece_shift(num_elements, lanes, sizeof(Element));
    Lane<Group, BoundsTally> tally = {};
    UNI_DO_NOT_UNROLL
    for (int64_t base = group * rows_per_group; base < valid; base += kRowsInFlight * step) {
      g.each([&](int lane) {
        const int64_t first = base + (lane >> lane_shift);
        const int in_row = lane & (lanes - 1);
        Element *to[kRowsInFlight] = {};
        const Element *from[kRowsInFlight] = {};
        int32_t shift[kRowsInFlight] = {};
        UNI_UNROLL
        for (int r = 0; r < kRowsInFlight; ++r) {
          const int64_t i = first + r * step;
          if (i >= valid) continue;
          const int64_t row = static_cast<int64_t>(a.index[i]);
          if (!a.is_inside(row)) {
            if (in_row == 0) tally[lane].add(i, row);
            continue;
          }
          to[r] = reinterpret_cast<Element *>(a.destination + row * a.destination_pitch);
          from[r] = reinterpret_cast<const Element *>(a.rows + i * a.rows_pitch);
          const Element *const aligned = align_destination ? to[r] : from[r];
          shift[r] = static_cast<int32_t>(reinterpret_cast<uintptr_t>(aligned) / sizeof(Element)) & most_shift;
        }
        UNI_DO_NOT_UNROLL
        for (int64_t at = in_row; at < num_elements + most_shift; at += lanes) {
          Element values[kRowsInFlight];
          UNI_UNROLL
          for (int r = 0; r < kRowsInFlight; ++r) {
            const bool inside = static_cast<uint64_t>(at - shift[r]) < static_cast<uint64_t>(num_elements);
            values[r] = g.load(lane, inside && to[r] != nullptr, from[r], at - shift[r]);
          }
          UNI_UNROLL
          for (int r = 0; r < kRowsInFlight; ++r) {
            const bool inside = static_cast<uint64_t>(at - shift[r]) < static_cast<uint64_t>(num_elements);
            if (inside && to[r] != nullptr) Add::template add<Access>(to[r] + (at - shift[r]), values[r]);
          }
        }
      });
    }
    if (!a.trust) g.each([&](int lane) { tally[lane].template report<Access>(a.record); });
  }
};

}  // namespace uni::kernels
