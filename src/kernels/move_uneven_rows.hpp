// SPDX-License-Identifier: Apache-2.0
// Moves rows that lie on no borders of words: of an odd number of bytes or elements, or at odd addresses.
//
// Moved by elements of a byte or two, a line of the host's memory would be asked for two to four times (see move_rows.hpp).
// So on the side that crosses the link lanes touch pieces of 16 bytes on their own borders, neighbouring lanes neighbouring
// pieces, and on the other side single elements: there the caches join them. What is read with a row's ends and is not the
// row's is thrown away; nothing but the row is written.
#pragma once

#include <cstdint>

#include "kernels/global_access.hpp"
#include "kernels/lane_group.hpp"
#include "kernels/move_rows.hpp"

namespace uni::kernels {

// Stores elements as they are, of 2^piece_shift bytes: one or two.
struct StoreElements {
  using Scale = NoScale;
  bool in_twos;

  // `piece` has the bytes of the row from `begin` on, which may be before the row.
  UNI_HOST_DEVICE void operator()(const Piece16 &piece, int64_t begin, int64_t row_bytes, char *to, NoScale) const {
    uint64_t words[2] = {piece.low, piece.high};
    const int step = in_twos ? 2 : 1;
    UNI_UNROLL
    for (int half = 0; half < 2; ++half) {
      UNI_DO_NOT_UNROLL
      for (int i = 0; i < 8; i += step) {
        const int64_t at = begin + 8 * half + i;
        if (static_cast<uint64_t>(at) < static_cast<uint64_t>(row_bytes)) {
          if (in_twos) {
            store_global(reinterpret_cast<uint16_t *>(to + at), static_cast<uint16_t>(words[half]));
          } else {
            store_global(reinterpret_cast<uint8_t *>(to + at), static_cast<uint8_t>(words[half]));
          }
        }
        words[half] >>= 8 * step;
      }
    }
  }
};

// The element in the lowest bits.
template <class From>
UNI_HOST_DEVICE inline typename From::Bits element_of(uint64_t bits) {
  if constexpr (sizeof(typename From::Bits) == 4) {
    return __builtin_bit_cast(typename From::Bits, static_cast<uint32_t>(bits));
  } else {
    return static_cast<typename From::Bits>(bits);
  }
}

// Converts elements and stores them one by one.
template <class From, class To>
struct ConvertElements {
  using Scale = std::conditional_t<std::is_same_v<typename From::Bits, int8_t>, float, NoScale>;

  UNI_HOST_DEVICE void operator()(const Piece16 &piece, int64_t begin, int64_t row_bytes, char *to, Scale scale) const {
    using Source = typename From::Bits;
    using Result = typename To::Bits;
    constexpr int kBytes = sizeof(Source);
    uint64_t words[2] = {piece.low, piece.high};
    UNI_UNROLL
    for (int half = 0; half < 2; ++half) {
      UNI_DO_NOT_UNROLL
      for (int i = 0; i < 8; i += kBytes) {
        const int64_t at = begin + 8 * half + i;
        if (static_cast<uint64_t>(at) < static_cast<uint64_t>(row_bytes)) {
          store_global(reinterpret_cast<Result *>(to) + at / kBytes,
                       To::from_float(From::to_float(element_of<From>(words[half]), scale)));
        }
        words[half] >>= 8 * kBytes;
      }
    }
  }
};

// As move_rows, reading whole pieces: store(piece, begin, row_bytes, to, scale) writes what belongs to the row.
template <class Store, class Group, class Locate>
UNI_HOST_DEVICE inline void move_uneven_rows(Group &g, int64_t group, int64_t num_groups, int64_t num_slots,
                                             const RowMoves &moves, const Store &store, Locate &&locate) {
  const int lane_shift = moves.lane_shift, lanes = 1 << lane_shift;
  const int rows_per_group = Group::kLanes >> lane_shift;
  const int64_t step = num_groups * rows_per_group;
  const uintptr_t source_begin = reinterpret_cast<uintptr_t>(moves.source);
  const int32_t most_shift = most_piece_shift(moves.num_pieces, lanes, sizeof(Piece16));
  const int64_t end = moves.num_pieces + most_shift;
  UNI_DO_NOT_UNROLL
  for (int64_t base = group * rows_per_group; base < num_slots; base += kRowsInFlight * step) {
    g.each([&](int lane) {
      const int64_t slot = base + (lane >> lane_shift);
      const int in_row = lane & (lanes - 1);
      RowMove<typename Store::Scale> rows[kRowsInFlight];
      UNI_UNROLL
      for (int r = 0; r < kRowsInFlight; ++r)
        if (slot + r * step < num_slots) locate(lane, slot + r * step, in_row == 0, &rows[r]);
      UNI_DO_NOT_UNROLL
      for (int64_t at = in_row; at < end; at += lanes) {
        Piece16 pieces[kRowsInFlight];
        UNI_UNROLL
        for (int r = 0; r < kRowsInFlight; ++r) {
          const uintptr_t from = reinterpret_cast<uintptr_t>(rows[r].from);
          const uintptr_t address = from / 16 * 16 + static_cast<uintptr_t>(at - piece_shift_of(from, most_shift)) * 16;
          const bool inside = address + 16 > from && address < from + static_cast<uintptr_t>(moves.row_bytes);
          const bool whole = address >= source_begin && address + 16 <= moves.source_end;
          const bool wanted = inside && rows[r].from != nullptr;
          pieces[r] = g.load(lane, wanted && whole, reinterpret_cast<const Piece16 *>(address));
          // At the ends of the tensor.
          if (wanted && !whole) pieces[r] = load_bytes(address, source_begin, moves.source_end);
        }
        UNI_UNROLL
        for (int r = 0; r < kRowsInFlight; ++r) {
          const uintptr_t from = reinterpret_cast<uintptr_t>(rows[r].from);
          const int64_t begin = (at - piece_shift_of(from, most_shift)) * 16 - static_cast<int64_t>(from % 16);
          if (rows[r].to != nullptr) store(pieces[r], begin, moves.row_bytes, rows[r].to, rows[r].scale);
        }
      }
    });
  }
}

// As move_rows, writing whole pieces of elements of 2^piece_shift bytes, where it is `out` whose lines cross the link.
template <class Group, class Locate>
UNI_HOST_DEVICE inline void move_rows_to_uneven(Group &g, int64_t group, int64_t num_groups, int64_t num_slots,
                                                const RowMoves &moves, Locate &&locate) {
  const int lane_shift = moves.lane_shift, lanes = 1 << lane_shift;
  const int rows_per_group = Group::kLanes >> lane_shift;
  const int64_t step = num_groups * rows_per_group;
  const bool in_twos = moves.piece_shift == 1;
  const int32_t most_shift = most_piece_shift(moves.num_pieces, lanes, sizeof(Piece16));
  UNI_DO_NOT_UNROLL
  for (int64_t base = group * rows_per_group; base < num_slots; base += step) {
    g.each([&](int lane) {
      const int64_t slot = base + (lane >> lane_shift);
      const int in_row = lane & (lanes - 1);
      RowMove<NoScale> row;
      if (slot < num_slots) locate(lane, slot, in_row == 0, &row);
      if (row.to == nullptr) return;
      const uintptr_t to = reinterpret_cast<uintptr_t>(row.to);
      UNI_DO_NOT_UNROLL
      for (int64_t at = in_row; at < moves.num_pieces + most_shift; at += lanes) {
        const int64_t begin = (at - piece_shift_of(to, most_shift)) * 16 - static_cast<int64_t>(to % 16);
        if (begin + 16 <= 0 || begin >= moves.row_bytes) continue;
        uint64_t words[2] = {0, 0};
        UNI_UNROLL
        for (int half = 0; half < 2; ++half) {
          UNI_DO_NOT_UNROLL
          for (int i = 0; i < 8; i += in_twos ? 2 : 1) {
            const int64_t byte = begin + 8 * half + i;
            if (row.from == nullptr || static_cast<uint64_t>(byte) >= static_cast<uint64_t>(moves.row_bytes)) continue;
            const uint64_t value = in_twos ? load_global(reinterpret_cast<const uint16_t *>(row.from + byte))
                                           : load_global(reinterpret_cast<const uint8_t *>(row.from + byte));
            words[half] |= value << (8 * i);
          }
        }
        const Piece16 piece{words[0], words[1]};
        if (begin >= 0 && begin + 16 <= moves.row_bytes) {
          store_global(reinterpret_cast<Piece16 *>(row.to + begin), piece);
        } else {
          StoreElements{in_twos}(piece, begin, moves.row_bytes, row.to, NoScale{});
        }
      }
    });
  }
}

// Rows as they are, by pieces as wide as addresses allow.
template <class Group, class Locate>
UNI_HOST_DEVICE inline void move_plain_rows(Group &g, int64_t group, int64_t num_groups, int64_t num_slots,
                                            const RowMoves &moves, Locate &&locate) {
  switch (moves.piece_shift) {
    case 4:
      return move_rows<PlainMove<Piece16>>(g, group, num_groups, num_slots, moves, locate);
    case 3:
      return move_rows<PlainMove<uint64_t>>(g, group, num_groups, num_slots, moves, locate);
    case 2:
      return move_rows<PlainMove<uint32_t>>(g, group, num_groups, num_slots, moves, locate);
    default:
      if (moves.align_out != 0) return move_rows_to_uneven(g, group, num_groups, num_slots, moves, locate);
      return move_uneven_rows(g, group, num_groups, num_slots, moves, StoreElements{moves.piece_shift == 1}, locate);
  }
}

}  // namespace uni::kernels
