// SPDX-License-Identifier: Apache-2.0
// Elements from one floating-point type to another, and from int8 with a scale: value times scale, in float32, then
// rounded once to the type that is asked for (to nearest, ties to even).
#pragma once

#include <cstdint>
#include <type_traits>

#include "kernels/half.hpp"
#include "kernels/lane_group.hpp"
#include "kernels/move_uneven_rows.hpp"

namespace uni::kernels {

// Types by name: float16 and bfloat16 are both 16 bits to a compiler.
struct Float32 {
  using Bits = float;
  UNI_HOST_DEVICE static float to_float(float bits, NoScale) { return bits; }
  UNI_HOST_DEVICE static float from_float(float value) { return value; }
};
struct Float16 {
  using Bits = uint16_t;
  UNI_HOST_DEVICE static float to_float(uint16_t bits, NoScale) { return half_to_float(bits); }
  UNI_HOST_DEVICE static uint16_t from_float(float value) { return float_to_half(value); }
};
struct Bfloat16 {
  using Bits = uint16_t;
  UNI_HOST_DEVICE static float to_float(uint16_t bits, NoScale) { return bfloat_to_float(bits); }
  UNI_HOST_DEVICE static uint16_t from_float(float value) { return float_to_bfloat(value); }
};
struct ScaledInt8 {
  using Bits = int8_t;
  UNI_HOST_DEVICE static float to_float(int8_t bits, float scale) { return static_cast<float>(bits) * scale; }
};

// What a lane converts at once: 16 bytes of the source, in a result of 8 to 64.
template <class Bits, int kElements>
struct alignas(sizeof(Bits) * kElements < 16 ? sizeof(Bits) * kElements : 16) Elements {
  Bits values[kElements];
};

template <class From, class To>
struct ConvertingMove {
  static constexpr int kBytes = sizeof(typename From::Bits), kElements = static_cast<int>(sizeof(Piece16)) / kBytes;
  using Source = Piece16;
  using Result = Elements<typename To::Bits, kElements>;
  using Scale = std::conditional_t<std::is_same_v<From, ScaledInt8>, float, NoScale>;

  UNI_HOST_DEVICE static void store(Result *to, const Source &source, Scale scale) {
    // Of bytes one half after the other, since the whole of the result takes more registers than there are.
    constexpr int kParts = kBytes == 1 ? 2 : 1, kPart = kElements / kParts, kPerWord = 8 / kBytes;
    using Part = Elements<typename To::Bits, kPart>;
    UNI_DO_NOT_UNROLL
    for (int part = 0; part < kParts; ++part) {
      Part result;
      UNI_UNROLL
      for (int i = 0; i < kPart; ++i) {
        const uint64_t word = kParts == 1 ? (i < kPerWord ? source.low : source.high)
                              : part == 0 ? source.low
                                          : source.high;
        result.values[i] = To::from_float(From::to_float(element_of<From>(word >> (i % kPerWord * kBytes * 8)), scale));
      }
      store_wide(reinterpret_cast<Part *>(to) + part, result);
    }
  }
};

// As plan_row_moves; rows that are not on borders of pieces on both sides are uneven.
template <class From, class To>
inline RowMoves plan_conversion(const RowsAt &source, char *out, int64_t out_pitch, int64_t num_elements,
                                int most_lane_shift, bool align_out) {
  using Move = ConvertingMove<From, To>;
  const int64_t row_bytes = num_elements * static_cast<int64_t>(sizeof(typename From::Bits));
  const uint64_t source_all = reinterpret_cast<uintptr_t>(source.data) | static_cast<uint64_t>(source.pitch);
  const uint64_t out_all = reinterpret_cast<uintptr_t>(out) | static_cast<uint64_t>(out_pitch);
  const bool even = num_elements % Move::kElements == 0 && source_all % alignof(typename Move::Source) == 0 &&
                    out_all % alignof(typename Move::Result) == 0;
  RowMoves moves = {source.data, source.pitch, source.end(row_bytes), out, out_pitch, row_bytes, 0, 0, 0, align_out};
  moves.piece_shift = even ? 4 : 0;
  moves.num_pieces = even ? num_elements / Move::kElements : most_pieces_touched(row_bytes);
  moves.lane_shift = lane_shift_for(moves.num_pieces, most_lane_shift);
  return moves;
}

}  // namespace uni::kernels
