// SPDX-License-Identifier: Apache-2.0
// How lane groups move rows, for gathers and scatters.
//
// What limits a gather from memory of the host is how many requests of whole 128-byte lines are on the way at once (Min et
// al., "EMOGI", PVLDB 14(2), section 3.3: a GPU asks for each line that the lanes of a warp touch in one instruction). So
// lanes move the widest pieces that addresses allow, neighbouring lanes neighbouring pieces; rows that are short are packed
// several to a group; rows longer than a group begin at a border of a line, so that no line is asked for twice; and every
// lane asks for pieces of several rows before it stores the first.
#pragma once

#include <cstdint>

#include "kernels/global_access.hpp"
#include "kernels/lane_group.hpp"

namespace uni::kernels {

constexpr int kRowsInFlight = 2;

// How the rows of one tensor are moved: what is the same for all of them.
struct RowMoves {
  const char *source;
  int64_t source_pitch;
  uintptr_t source_end;  // of the last row
  char *out;
  int64_t out_pitch;
  int64_t row_bytes;    // of the source
  int64_t num_pieces;   // of a row; of an uneven one, the most that it touches
  int32_t piece_shift;  // a piece has 2^piece_shift bytes; less than 4 bytes: rows are uneven (move_uneven_rows.hpp)
  int32_t lane_shift;   // 2^lane_shift lanes to a row
  int32_t align_out;    // lines of `out` are kept whole, rather than lines of `source`
};

// Rows as they are given to a plan.
struct RowsAt {
  const char *data;
  int64_t pitch;
  int64_t num_rows;

  uintptr_t end(int64_t row_bytes) const {
    return reinterpret_cast<uintptr_t>(data) +
           static_cast<uintptr_t>(num_rows > 0 ? (num_rows - 1) * pitch + row_bytes : 0);
  }
};

// The most pieces of 16 bytes, on their own borders, that a row of so many bytes touches anywhere.
inline int64_t most_pieces_touched(int64_t row_bytes) { return row_bytes > 0 ? (row_bytes + 14) / 16 + 1 : 0; }

// As many lanes as a row has pieces, up to 2^most_lane_shift, as a power of two.
inline int32_t lane_shift_for(int64_t num_pieces, int most_lane_shift) {
  int32_t lane_shift = 0;
  while (lane_shift < most_lane_shift && int64_t{1} << lane_shift < num_pieces) ++lane_shift;
  return lane_shift;
}

// With the widest piece that divides addresses, pitches and the row.
inline RowMoves plan_row_moves(const RowsAt &source, char *out, int64_t out_pitch, int64_t row_bytes,
                               int most_lane_shift, bool align_out) {
  const uint64_t all = reinterpret_cast<uintptr_t>(source.data) | reinterpret_cast<uintptr_t>(out) |
                       static_cast<uint64_t>(source.pitch | out_pitch | row_bytes);
  RowMoves moves = {source.data, source.pitch, source.end(row_bytes), out, out_pitch, row_bytes, 0, 0, 0, align_out};
  while (moves.piece_shift < 4 && (all >> moves.piece_shift & 1u) == 0) ++moves.piece_shift;
  moves.num_pieces = moves.piece_shift >= 2 ? row_bytes >> moves.piece_shift : most_pieces_touched(row_bytes);
  moves.lane_shift = lane_shift_for(moves.num_pieces, most_lane_shift);
  return moves;
}

// Where a row has more pieces than lanes, its first piece is moved by the lane that its place in a line gives, so that every
// line is touched by one instruction: by how many pieces the lanes shift at most, and by how many for a row at an address.
UNI_HOST_DEVICE inline int32_t most_piece_shift(int64_t num_pieces, int lanes, uint64_t piece_bytes) {
  const uint64_t tile_bytes = static_cast<uint64_t>(lanes) * piece_bytes;
  const uint64_t border = tile_bytes < kLineBytes ? tile_bytes : kLineBytes;
  return num_pieces > lanes ? static_cast<int32_t>(border / piece_bytes) - 1 : 0;
}
UNI_HOST_DEVICE inline int32_t piece_shift_of(uintptr_t address, int32_t most_shift) {
  return static_cast<int32_t>(address / sizeof(Piece16)) & most_shift;
}

// Where a row is read and written: nothing is written where `to` is NULL, zeros where `from` is.
template <class Scale>
struct RowMove {
  const char *from = nullptr;
  char *to = nullptr;
  Scale scale = {};  // what a conversion needs to know of the row
};

struct NoScale {};

// Moves a piece as it is.
template <class Piece>
struct PlainMove {
  using Source = Piece;
  using Result = Piece;
  using Scale = NoScale;
  UNI_HOST_DEVICE static void store(Result *to, const Source &piece, NoScale) { store_global(to, piece); }
};

// Moves the rows of slots [0, num_slots): locate(lane, slot, is_first_lane, &move) says where each is. Called in every lane
// of a row, in order of slots.
template <class Move, class Group, class Locate>
UNI_HOST_DEVICE inline void move_rows(Group &g, int64_t group, int64_t num_groups, int64_t num_slots,
                                      const RowMoves &moves, Locate &&locate) {
  using Source = typename Move::Source;
  using Result = typename Move::Result;
  const int lane_shift = moves.lane_shift, lanes = 1 << lane_shift;
  const int rows_per_group = Group::kLanes >> lane_shift;
  const int64_t step = num_groups * rows_per_group;
  const int64_t num_pieces = moves.num_pieces;
  const int32_t most_shift = most_piece_shift(num_pieces, lanes, moves.align_out ? sizeof(Result) : sizeof(Source));
  const int64_t end = num_pieces + most_shift;
  UNI_DO_NOT_UNROLL
  for (int64_t base = group * rows_per_group; base < num_slots; base += kRowsInFlight * step) {
    g.each([&](int lane) {
      const int64_t slot = base + (lane >> lane_shift);
      const int in_row = lane & (lanes - 1);
      RowMove<typename Move::Scale> rows[kRowsInFlight];
      int32_t shift[kRowsInFlight];
      UNI_UNROLL
      for (int r = 0; r < kRowsInFlight; ++r) {
        if (slot + r * step < num_slots) locate(lane, slot + r * step, in_row == 0, &rows[r]);
        const uintptr_t place = moves.align_out ? reinterpret_cast<uintptr_t>(rows[r].to) / sizeof(Result)
                                                : reinterpret_cast<uintptr_t>(rows[r].from) / sizeof(Source);
        shift[r] = static_cast<int32_t>(place) & most_shift;
      }
      UNI_DO_NOT_UNROLL
      for (int64_t at = in_row; at < end; at += lanes) {
        Source values[kRowsInFlight];
        UNI_UNROLL
        for (int r = 0; r < kRowsInFlight; ++r) {
          const int64_t piece = at - shift[r];
          const bool inside = static_cast<uint64_t>(piece) < static_cast<uint64_t>(num_pieces);
          values[r] =
              g.load(lane, inside && rows[r].from != nullptr, reinterpret_cast<const Source *>(rows[r].from), piece);
        }
        UNI_UNROLL
        for (int r = 0; r < kRowsInFlight; ++r) {
          const int64_t piece = at - shift[r];
          const bool inside = static_cast<uint64_t>(piece) < static_cast<uint64_t>(num_pieces);
          if (inside && rows[r].to != nullptr)
            Move::store(reinterpret_cast<Result *>(rows[r].to) + piece, values[r], rows[r].scale);
        }
      }
    });
  }
}

}  // namespace uni::kernels
