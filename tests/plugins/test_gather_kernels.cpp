// SPDX-License-Identifier: Apache-2.0
// The kernels of gathers against plain loops: rows of every size on every alignment, several tensors, an order of one's
// own, conversions; for every width of lane group. What is read and written outside of rows would be seen by the address
// sanitizer, and around results by the bytes there.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <memory>
#include <new>
#include <numeric>
#include <random>
#include <vector>

#include "emulated_groups.hpp"
#include "kernels/gather.hpp"

#include "cmocka_cpp.hpp"

namespace {

using namespace uni::kernels;
using namespace uni::tests;

constexpr int64_t kRows = 9, kEntries = 23, kGroups = 3;
constexpr char kBorder = 0x5a;

template <class Group>
constexpr int lane_shift_of() {
  return std::countr_zero(static_cast<unsigned>(Group::kLanes));
}

// Rows at `offset` bytes behind a border of a line, `gap` bytes between them, in memory that ends with the last of them.
class Rows {
 public:
  Rows(int64_t num_rows, int64_t row_bytes, int64_t offset, int64_t gap, unsigned seed)
      : pitch(row_bytes + gap),
        bytes(static_cast<size_t>(row_bytes)),
        span_(static_cast<size_t>((num_rows - 1) * pitch + row_bytes)),
        offset_(static_cast<size_t>(offset)),
        memory_(static_cast<char *>(::operator new(offset_ + span_, kLine))) {
    std::memset(memory_.get(), kBorder, offset_ + span_);
    std::mt19937 random(seed);
    if (seed != 0)
      for (size_t i = 0; i < span_; ++i) data()[i] = static_cast<char>(random());
  }
  char *data() const { return memory_.get() + offset_; }
  char *row(int64_t i) const { return data() + i * pitch; }
  // Whether what lies before the rows and between them is as it was.
  bool has_its_borders() const {
    const auto untouched = [](const char *begin, const char *end) {
      return std::all_of(begin, end, [](char byte) { return byte == kBorder; });
    };
    bool good = untouched(memory_.get(), data());
    for (const char *at = data(); pitch > 0 && at + pitch <= data() + span_; at += pitch)
      good = good && untouched(at + bytes, at + pitch);
    return good;
  }

  const int64_t pitch;
  const size_t bytes;

 private:
  static constexpr std::align_val_t kLine{128};
  struct Free {
    void operator()(char *memory) const { ::operator delete(memory, kLine); }
  };
  size_t span_, offset_;
  std::unique_ptr<char, Free> memory_;
};

std::vector<int64_t> make_index() {
  std::vector<int64_t> index;
  for (int64_t i = 0; i < kEntries; ++i) index.push_back(i % 7 == 3 ? (i % 2 == 0 ? -i : kRows + i) : i * i % kRows);
  return index;
}

IndexView view_of(const std::vector<int64_t> &index, const int64_t *count = nullptr) {
  return {index.data(), true, count, static_cast<int64_t>(index.size()), kRows, false};
}

template <class Kernel, class Group>
void launch(Group g, const Kernel &kernel) {
  for (int64_t i = kGroups - 1; i >= 0; --i) kernel(g, i, kGroups);
}

// Whether rows, and what lies around them, are as a plain loop leaves them.
bool is_gathered(const Rows &source, const Rows &out, const std::vector<int64_t> &index, int64_t valid) {
  const std::vector<char> zeros(source.bytes + 1);  // never NULL
  bool good = out.has_its_borders();
  for (int64_t i = 0; i < kEntries; ++i) {
    const int64_t row = index[static_cast<size_t>(i)];
    const bool inside = i < valid && row >= 0 && row < kRows;
    good = good && std::memcmp(out.row(i), inside ? source.row(row) : zeros.data(), source.bytes) == 0;
  }
  return good;
}

// check(group) holds for groups of every width, and lanes in several orders.
template <class Check>
bool holds_for_every_group(Check &&check) {
  bool good = true;
  for_each_group([&](auto group) { good = good && check(group); });
  return good;
}

void rows_of_every_size_on_every_alignment(void **) {
  const std::vector<int64_t> index = make_index();
  const int64_t sizes[] = {0,   1,   2,   3,   4,   6,   8,   12,  16,  20,  32,  47,  48,   64,   96,   100, 128,
                           130, 132, 136, 144, 188, 256, 400, 512, 516, 520, 528, 656, 1024, 2048, 2408, 4100};
  for (const int64_t row_bytes : sizes) {
    for (const int64_t offset : {0, 1, 2, 4, 8, 16, 24, 112}) {
      for (const int64_t gap : {0, 1, 8, 16}) {
        for (const bool align_out : {false, true}) {
          assert_true(holds_for_every_group([&](auto g) {
            Rows source(kRows, row_bytes, offset, gap, 1), out(kEntries, row_bytes, offset * 3 % 128, gap, 0);
            BoundsRecord record = {};
            GatherRowsArguments arguments = {};
            arguments.tensors[0] = plan_row_moves({source.data(), source.pitch, kRows}, out.data(), out.pitch,
                                                  row_bytes, lane_shift_of<decltype(g)>(), align_out);
            arguments.num_tensors = 1;
            arguments.index = view_of(index);
            arguments.record = &record;
            launch(g, GatherRows{arguments});
            return is_gathered(source, out, index, kEntries) && record.count == 3 && record.first_plus_one == 4 &&
                   record.value == index[3];
          }));
        }
      }
    }
  }
}

void pieces_are_as_wide_as_addresses_allow(void **) {
  alignas(16) char memory[64];
  const auto shift_of = [&](int64_t offset, int64_t pitch, int64_t row_bytes) {
    return plan_row_moves({memory + offset, pitch, 2}, memory, pitch, row_bytes, 5, false).piece_shift;
  };
  assert_int_equal(shift_of(0, 512, 512), 4);
  assert_int_equal(shift_of(8, 512, 512), 3);
  assert_int_equal(shift_of(0, 2408, 2408), 3);
  assert_int_equal(shift_of(0, 512, 100), 2);
  assert_int_equal(shift_of(0, 512, 94), 1);
  assert_int_equal(shift_of(0, 47, 47), 0);
  const auto lanes_of = [&](int64_t row_bytes) {
    return 1 << plan_row_moves({memory, row_bytes, 2}, memory, row_bytes, row_bytes, 5, false).lane_shift;
  };
  assert_int_equal(lanes_of(16), 1);
  assert_int_equal(lanes_of(64), 4);
  assert_int_equal(lanes_of(400), 32);
  assert_int_equal(lanes_of(4096), 32);
}

void several_tensors_in_an_order_with_a_count(void **) {
  const std::vector<int64_t> index = make_index();
  std::vector<uint32_t> order(kEntries);
  std::iota(order.begin(), order.end(), 0u);
  std::shuffle(order.begin(), order.end(), std::mt19937(5));
  const int64_t count = 17, sizes[] = {256, 8, 1, 400, 0};
  assert_true(holds_for_every_group([&](auto g) {
    std::vector<Rows> sources, outs;
    BoundsRecord record = {};
    GatherRowsArguments arguments = {};
    for (const int64_t row_bytes : sizes) {
      sources.emplace_back(kRows, row_bytes, row_bytes % 16, 0, static_cast<unsigned>(row_bytes) + 7);
      outs.emplace_back(kEntries, row_bytes, 0, 3, 0);
    }
    for (size_t t = 0; t < sources.size(); ++t)
      arguments.tensors[arguments.num_tensors++] =
          plan_row_moves({sources[t].data(), sources[t].pitch, kRows}, outs[t].data(), outs[t].pitch, sizes[t],
                         lane_shift_of<decltype(g)>(), false);
    arguments.index = view_of(index, &count);
    arguments.order = order.data();
    arguments.record = &record;
    launch(g, GatherRows{arguments});
    bool good = record.count == 2 && record.first_plus_one == 4 && record.value == index[3];
    for (size_t t = 0; t < sources.size(); ++t) good &= is_gathered(sources[t], outs[t], index, count);
    return good;
  }));
}

void keys_order_rows(void **) {
  const std::vector<int64_t> index = make_index();
  const int64_t count = 17;
  assert_true(holds_for_every_group([&](auto g) {
    std::vector<uint32_t> keys(kEntries), positions(kEntries);
    launch(g, OrderKeys{view_of(index, &count), 1, keys.data(), positions.data()});
    bool good = true;
    for (size_t i = 0; i < kEntries; ++i) {
      const bool inside = static_cast<int64_t>(i) < count && index[i] >= 0 && index[i] < kRows;
      good &= positions[i] == i && keys[i] == static_cast<uint32_t>(inside ? index[i] : kRows - 1) / 2;
    }
    return good;
  }));
}

// Elements of a type of floating-point numbers, some of them special.
template <class Type>
std::vector<typename Type::Bits> make_elements(size_t count) {
  std::vector<typename Type::Bits> elements(count);
  const float special[] = {0.0f, -0.0f, 1.0f, 65519.0f, 65520.0f, 1e-8f, -3e-5f, 1e38f, INFINITY, 0.1f, 3e-41f, NAN};
  std::mt19937 random(3);
  for (size_t i = 0; i < count; ++i) {
    const float value =
        i % 3 == 0 ? special[i / 3 % 12] : static_cast<float>(static_cast<int>(random() % 20001) - 10000) / 97;
    if constexpr (std::is_same_v<Type, ScaledInt8>)
      elements[i] = static_cast<int8_t>(random());
    else
      elements[i] = Type::from_float(value);
  }
  return elements;
}

template <class From, class To>
void convert_rows(int64_t width, bool even) {
  const std::vector<int64_t> index = make_index();
  const auto source = make_elements<From>(static_cast<size_t>(kRows * width));
  std::vector<float> scales;
  for (int64_t row = 0; row < kRows; ++row) scales.push_back(0.37f * static_cast<float>(row) - 1);
  assert_true(holds_for_every_group([&](auto g) {
    std::vector<typename To::Bits> out(static_cast<size_t>(kEntries * width)), expected(out.size());
    BoundsRecord record = {};
    GatherRowsArguments arguments = {};
    const int64_t from_bytes = sizeof(typename From::Bits), to_bytes = sizeof(typename To::Bits);
    arguments.tensors[0] = plan_conversion<From, To>(
        {reinterpret_cast<const char *>(source.data()), width * from_bytes, kRows},
        reinterpret_cast<char *>(out.data()), width * to_bytes, width, lane_shift_of<decltype(g)>(), width % 32 == 0);
    assert_int_equal(arguments.tensors[0].piece_shift, even ? 4 : 0);
    arguments.num_tensors = 1;
    arguments.index = view_of(index);
    arguments.scales = scales.data();
    arguments.record = &record;
    launch(g, GatherConverted<From, To>{arguments});
    for (size_t i = 0; i < kEntries; ++i) {
      if (index[i] < 0 || index[i] >= kRows) continue;
      for (int64_t e = 0; e < width; ++e) {
        const auto bits = source[static_cast<size_t>(index[i] * width + e)];
        float value;
        if constexpr (std::is_same_v<From, ScaledInt8>)
          value = static_cast<float>(bits) * scales[static_cast<size_t>(index[i])];
        else
          value = From::to_float(bits, NoScale{});
        expected[i * static_cast<size_t>(width) + static_cast<size_t>(e)] = To::from_float(value);
      }
    }
    return record.count == 3 && std::memcmp(out.data(), expected.data(), out.size() * sizeof out[0]) == 0;
  }));
}

template <class From, class To>
void convert_rows_in_every_width() {
  for (const int64_t width : {16, 48, 128, 144, 256, 1024}) convert_rows<From, To>(width, true);
  for (const int64_t width : {1, 2, 3, 7, 33, 66, 129, 602}) convert_rows<From, To>(width, false);
}

void conversions_are_those_of_elements(void **) {
  convert_rows_in_every_width<Float32, Float16>();
  convert_rows_in_every_width<Float32, Bfloat16>();
  convert_rows_in_every_width<Float16, Float32>();
  convert_rows_in_every_width<Float16, Bfloat16>();
  convert_rows_in_every_width<Bfloat16, Float32>();
  convert_rows_in_every_width<Bfloat16, Float16>();
  convert_rows_in_every_width<ScaledInt8, Float32>();
  convert_rows_in_every_width<ScaledInt8, Float16>();
  convert_rows_in_every_width<ScaledInt8, Bfloat16>();
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(rows_of_every_size_on_every_alignment),
      cmocka_unit_test(pieces_are_as_wide_as_addresses_allow),
      cmocka_unit_test(several_tensors_in_an_order_with_a_count),
      cmocka_unit_test(keys_order_rows),
      cmocka_unit_test(conversions_are_those_of_elements),
  };
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}
