// SPDX-License-Identifier: Apache-2.0
// The kernels that move rows, under every width of lane group and several orders of lanes and of groups; and the same
// checker against kernels that depend on one of them.
#include <bit>
#include <cstring>
#include <vector>

#include "emulated_groups.hpp"
#include "kernels/gather.hpp"
#include "kernels/scatter.hpp"

#include "cmocka_cpp.hpp"

namespace {

using namespace uni::kernels;
using namespace uni::tests;

constexpr int64_t kRows = 6, kEntries = 70, kRowBytes = 12;

struct Case {
  std::vector<char> rows, table;
  std::vector<int64_t> index;

  Case() : rows(kEntries * kRowBytes), table(kRows * kRowBytes) {
    for (size_t i = 0; i < rows.size(); ++i) rows[i] = static_cast<char>(i * 31 + i / 12);
    for (size_t i = 0; i < table.size(); ++i) table[i] = static_cast<char>(i * 7 + 1);
    for (int64_t i = 0; i < kEntries; ++i) index.push_back(i % 11 == 5 ? kRows + i : i * i % kRows);
  }
};

// What a launch leaves: the bytes, and what was out of bounds.
struct Result {
  std::vector<char> bytes;
  BoundsRecord record = {};
  bool operator==(const Result &other) const {
    return bytes == other.bytes && record.count == other.record.count &&
           record.first_plus_one == other.record.first_plus_one && record.value == other.record.value;
  }
};

// Some groups, one after another, from the first or from the last on.
template <class Group, class Kernel>
void launch(Group g, bool backwards, const Kernel &kernel) {
  constexpr int64_t kGroups = 5;
  for (int64_t i = 0; i < kGroups; ++i) kernel(g, backwards ? kGroups - 1 - i : i, kGroups);
}

// run(group, backwards) gives the same for every width, order of lanes and order of groups.
template <class Run>
bool is_independent_of_order(Run &&run) {
  return is_independent_of_lanes([&](auto g) { return run(g, false); }) &&
         is_independent_of_lanes([&](auto g) { return run(g, true); }) &&
         run(HostGroup<1>(), false) == run(HostGroup<1>(), true);
}

template <class Index>
ScatterRowsArguments<Index> scatter_arguments(const Case &c, Result *result) {
  result->bytes = c.table;
  return {result->bytes.data(), kRowBytes, kRows,    c.rows.data(), kRowBytes,      kRowBytes,
          c.index.data(),       nullptr,   kEntries, false,         &result->record};
}

template <class Group>
constexpr int lane_shift_of() {
  return std::countr_zero(static_cast<unsigned>(Group::kLanes));
}

Result gather(auto g, bool backwards) {
  const Case c;
  Result result;
  result.bytes.resize(kEntries * kRowBytes);
  GatherRowsArguments arguments = {};
  arguments.tensors[0] = plan_row_moves({c.table.data(), kRowBytes, kRows}, result.bytes.data(), kRowBytes, kRowBytes,
                                        lane_shift_of<decltype(g)>(), false);
  arguments.num_tensors = 1;
  arguments.index = {c.index.data(), true, nullptr, kEntries, kRows, false};
  arguments.record = &result.record;
  launch(g, backwards, GatherRows{arguments});
  return result;
}

Result scatter_assign(auto g, bool backwards) {
  const Case c;
  Result result;
  std::vector<uint64_t> words(32);
  const NodeTable<false> table{words.data(), uint64_t{1} << kValueBits, words.size() / 2 - 1};
  const auto arguments = scatter_arguments<int64_t>(c, &result);
  launch(g, backwards, ScatterChoose<int64_t, false>{arguments, table});
  const RowMoves moves = plan_row_moves({c.rows.data(), kRowBytes, kEntries}, result.bytes.data(), kRowBytes, kRowBytes,
                                        lane_shift_of<decltype(g)>(), true);
  launch(g, backwards, ScatterAssign<int64_t, false>{arguments, table, moves});
  return result;
}

Result scatter_add(auto g, bool backwards) {
  const Case c;
  Result result;
  launch(g, backwards,
         ScatterAdd<int64_t, uint16_t, AddSum>{scatter_arguments<int64_t>(c, &result),
                                               lane_shift_for(kRowBytes / 2, lane_shift_of<decltype(g)>()), backwards});
  return result;
}

// Wrong: an assignment by every entry, so that the last to come stays.
struct AssignByAll {
  ScatterRowsArguments<int64_t> a;
  template <class Group>
  void operator()(Group &g, int64_t group, int64_t num_groups) const {
    for (int64_t i = group; i < a.num_indices; i += num_groups) {
      if (!a.is_inside(a.index[i])) continue;
      char *const to = a.destination + a.index[i] * a.destination_pitch;
      const char *const from = a.rows + i * a.rows_pitch;
      for_each_strided(g, 0, a.row_bytes, [&](int, int64_t byte) { to[byte] = from[byte]; });
    }
  }
};

// Wrong: the first position out of bounds that a group comes by is taken for the first of all.
struct ReportsWhatComesFirst {
  ScatterRowsArguments<int64_t> a;
  template <class Group>
  void operator()(Group &g, int64_t group, int64_t num_groups) const {
    g.each([&](int lane) {
      for (int64_t i = group * Group::kLanes + lane; i < a.num_indices; i += num_groups * Group::kLanes)
        if (!a.is_inside(a.index[i]) && a.record->first_plus_one == 0)
          a.record->first_plus_one = static_cast<uint64_t>(i) + 1;
    });
  }
};

template <class Kernel>
Result planted(auto g, bool backwards) {
  const Case c;
  Result result;
  launch(g, backwards, Kernel{scatter_arguments<int64_t>(c, &result)});
  return result;
}

void rows_do_not_depend_on_order(void **) {
  assert_true(is_independent_of_order([](auto g, bool backwards) { return gather(g, backwards); }));
  assert_true(is_independent_of_order([](auto g, bool backwards) { return scatter_assign(g, backwards); }));
  assert_true(is_independent_of_order([](auto g, bool backwards) { return scatter_add(g, backwards); }));
}

void rows_are_what_plain_loops_give(void **) {
  const Case c;
  const Result gathered = gather(HostGroup<32>(3), true), assigned = scatter_assign(HostGroup<8>(3), true);
  std::vector<char> expected = c.table;
  uint64_t outside = 0;
  for (size_t i = 0; i < kEntries; ++i) {
    const char zeros[kRowBytes] = {};
    const bool inside = c.index[i] < kRows;
    const size_t row = static_cast<size_t>(c.index[i]) * kRowBytes;
    outside += !inside;
    assert_memory_equal(gathered.bytes.data() + i * kRowBytes, inside ? c.table.data() + row : zeros, kRowBytes);
    if (inside) std::memcpy(expected.data() + row, c.rows.data() + i * kRowBytes, kRowBytes);
  }
  assert_true(assigned.bytes == expected);
  for (const Result *result : {&gathered, &assigned}) {
    assert_int_equal(result->record.count, outside);
    assert_int_equal(result->record.first_plus_one, 6);
    assert_int_equal(result->record.value, kRows + 5);
  }
}

void the_checker_catches_planted_faults(void **) {
  assert_false(is_independent_of_order([](auto g, bool backwards) { return planted<AssignByAll>(g, backwards); }));
  assert_false(
      is_independent_of_order([](auto g, bool backwards) { return planted<ReportsWhatComesFirst>(g, backwards); }));
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(rows_do_not_depend_on_order),
      cmocka_unit_test(rows_are_what_plain_loops_give),
      cmocka_unit_test(the_checker_catches_planted_faults),
  };
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}
