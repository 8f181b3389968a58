// SPDX-License-Identifier: Apache-2.0
// Elements from one floating-point type to another, and from int8 with a scale: value times scale, in float32, then
// rounded once to the type that is asked for (to nearest, ties to even).
#pragma once

#include <cstdint>
#include <type_traits>

#include "kernels/half.hpp"
#include "kernels/lane_group.hpp"
#include "kernels/move_rows.hpp"

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

// What a lane converts at once.
template <class Bits, int kElements>
struct alignas(sizeof(Bits) * kElements) Elements {
  Bits values[kElements];
};

// A piece of kElements.
template <class From, class To, int kElements>
struct ConvertingMove {
  using Source = Elements<typename From::Bits, kElements>;
  using Result = Elements<typename To::Bits, kElements>;
  using Scale = std::conditional_t<std::is_same_v<From, ScaledInt8>, float, NoScale>;

  UNI_HOST_DEVICE static Result convert(const Source &source, Scale scale) {
    Result result;
    UNI_UNROLL
    for (int i = 0; i < kElements; ++i) result.values[i] = To::from_float(From::to_float(source.values[i], scale));
    return result;
  }
};

// How elements of a row are moved by conversions of `elements` to a piece: as plan_row_moves, in pieces of them.
inline RowMoves plan_conversion(const char *source, int64_t source_pitch, char *out, int64_t out_pitch,
                                int64_t num_elements, int elements, int most_lane_shift, bool align_out) {
  RowMoves moves = {source, source_pitch, out, out_pitch, num_elements / elements, 0, 0, align_out};
  moves.lane_shift = lane_shift_for(moves.num_pieces, most_lane_shift);
  return moves;
}

// Elements to a piece of a conversion where addresses allow.
constexpr int kConvertedElements = 4;

// Whether rows can be converted kConvertedElements at a time.
inline bool converts_in_pieces(const char *source, int64_t source_pitch, int64_t source_element_bytes, const char *out,
                               int64_t out_pitch, int64_t out_element_bytes, int64_t num_elements) {
  const auto divides = [](int64_t bytes, uint64_t all) { return all % static_cast<uint64_t>(bytes) == 0; };
  return num_elements % kConvertedElements == 0 &&
         divides(source_element_bytes * kConvertedElements,
                 reinterpret_cast<uintptr_t>(source) | static_cast<uint64_t>(source_pitch)) &&
         divides(out_element_bytes * kConvertedElements,
                 reinterpret_cast<uintptr_t>(out) | static_cast<uint64_t>(out_pitch));
}

}  // namespace uni::kernels
