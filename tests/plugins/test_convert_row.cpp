// SPDX-License-Identifier: Apache-2.0
// The CPU's loops that convert rows, of every instruction set that this processor has, against the conversions of single
// elements that a GPU uses: bit for bit, for every float16 and bfloat16 and for float32 of every exponent.
#include <cstring>
#include <vector>

#include "cpu/convert_row.hpp"
#include "kernels/half.hpp"
#include "unitensor/array.h"

#include "cmocka_cpp.hpp"

namespace {

using uni::cpu::ConvertRow;
using namespace uni::kernels;

// Odd, so that what is left over after pieces of eight is converted too.
constexpr size_t kShorts = 65536, kFloats = (1u << 20) + 5;

std::vector<uint16_t> every_short() {
  std::vector<uint16_t> bits(kShorts);
  for (size_t i = 0; i < kShorts; ++i) bits[i] = static_cast<uint16_t>(i);
  return bits;
}

std::vector<float> floats_of_every_exponent() {
  std::vector<float> values(kFloats);
  for (size_t i = 0; i < kFloats; ++i) {
    // A step that is odd reaches every exponent with many fractions; some lie on what rounds to even.
    const uint32_t bits = static_cast<uint32_t>(i) * 4099u;
    values[i] = __builtin_bit_cast(float, i % 4 == 0 ? bits & 0xfffff000u : bits);
  }
  return values;
}

float widen(uint16_t bits, int32_t dtype) {
  return dtype == UNI_DTYPE_FLOAT16 ? half_to_float(bits) : bfloat_to_float(bits);
}
uint16_t narrow(float value, int32_t dtype) {
  return dtype == UNI_DTYPE_FLOAT16 ? float_to_half(value) : float_to_bfloat(value);
}

template <class From, class To>
void compare(ConvertRow convert, const std::vector<From> &from, float scale, To (*expect)(From, float, int32_t),
             int32_t dtype) {
  assert_non_null(convert);
  // On an odd address.
  std::vector<char> memory(from.size() * sizeof(From) + 1), out(from.size() * sizeof(To) + 1);
  std::memcpy(memory.data() + 1, from.data(), from.size() * sizeof(From));
  convert(out.data() + 1, memory.data() + 1, static_cast<int64_t>(from.size()), scale);
  for (size_t i = 0; i < from.size(); ++i) {
    const To expected = expect(from[i], scale, dtype);
    assert_memory_equal(out.data() + 1 + i * sizeof(To), &expected, sizeof expected);
  }
}

void check_set(ConvertRow (*choose)(int32_t, int32_t)) {
  const auto shorts = every_short();
  const auto floats = floats_of_every_exponent();
  for (const int32_t dtype : {UNI_DTYPE_FLOAT16, UNI_DTYPE_BFLOAT16}) {
    compare<uint16_t, float>(
        choose(dtype, UNI_DTYPE_FLOAT32), shorts, 1, [](uint16_t bits, float, int32_t d) { return widen(bits, d); },
        dtype);
    compare<float, uint16_t>(
        choose(UNI_DTYPE_FLOAT32, dtype), floats, 1, [](float value, float, int32_t d) { return narrow(value, d); },
        dtype);
  }
  compare<uint16_t, uint16_t>(
      choose(UNI_DTYPE_FLOAT16, UNI_DTYPE_BFLOAT16), shorts, 1,
      [](uint16_t bits, float, int32_t) { return float_to_bfloat(half_to_float(bits)); }, 0);
  compare<uint16_t, uint16_t>(
      choose(UNI_DTYPE_BFLOAT16, UNI_DTYPE_FLOAT16), shorts, 1,
      [](uint16_t bits, float, int32_t) { return float_to_half(bfloat_to_float(bits)); }, 0);
  std::vector<int8_t> bytes(256);
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<int8_t>(i);
  for (const float scale : {0.37f, -1e30f, 0.0f, 1e-42f}) {
    compare<int8_t, float>(
        choose(UNI_DTYPE_INT8, UNI_DTYPE_FLOAT32), bytes, scale,
        [](int8_t bits, float s, int32_t) { return static_cast<float>(bits) * s; }, 0);
    for (const int32_t dtype : {UNI_DTYPE_FLOAT16, UNI_DTYPE_BFLOAT16})
      compare<int8_t, uint16_t>(
          choose(UNI_DTYPE_INT8, dtype), bytes, scale,
          [](int8_t bits, float s, int32_t d) { return narrow(static_cast<float>(bits) * s, d); }, dtype);
  }
  assert_null(choose(UNI_DTYPE_FLOAT64, UNI_DTYPE_FLOAT32));
  assert_null(choose(UNI_DTYPE_FLOAT32, UNI_DTYPE_INT8));
}

void baseline(void **) { check_set(uni::cpu::convert_row_baseline); }

// What this processor is given: another set where it has one.
void chosen(void **) { check_set(uni::cpu::choose_convert_row); }

}  // namespace

int main() {
  const CMUnitTest tests[] = {cmocka_unit_test(baseline), cmocka_unit_test(chosen)};
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}
