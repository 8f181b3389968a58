// SPDX-License-Identifier: Apache-2.0
// The kernels under every width of lane group and several orders of lanes, and the checker against a kernel that is wrong.
#include <algorithm>
#include <numeric>
#include <type_traits>
#include <vector>

#include "cpu/philox_batch.hpp"
#include "emulated_groups.hpp"
#include "kernels/lane_group.hpp"
#include "kernels/philox.hpp"
#include "kernels/relabel.hpp"
#include "kernels/sample_neighbors.hpp"
#include "reference_sampler.hpp"

#include "cmocka_cpp.hpp"

namespace {

using namespace uni::kernels;
using namespace uni::tests;

// --- random numbers ---

struct KnownAnswer {
  uint32_t counter[4], key[2], words[4];
};
// From the authors' table of known answers.
const KnownAnswer kKnownAnswers[] = {
    {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
    {{~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}, {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
    {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
     {0xa4093822, 0x299f31d0},
     {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
};

uint64_t join(uint32_t low, uint32_t high) { return low | static_cast<uint64_t>(high) << 32; }

void philox_gives_the_known_answers(void **) {
  for (const KnownAnswer &known : kKnownAnswers) {
    const Block block = philox(known.key, known.counter);
    assert_true(block.x0 == join(known.words[0], known.words[1]));
    assert_true(block.x1 == join(known.words[2], known.words[3]));
    const auto words = reference_philox({known.counter[0], known.counter[1], known.counter[2], known.counter[3]},
                                        {known.key[0], known.key[1]});
    for (size_t i = 0; i < 4; ++i) assert_int_equal(words[i], known.words[i]);
  }
}

using Batch = int64_t (*)(const Subkey &, const uint64_t *, const uint64_t *, int64_t, uint64_t *, uint64_t *);

void check_batch(Batch batch, int64_t width) {
  std::vector<uint64_t> nodes, pairs;
  for (const KnownAnswer &known : kKnownAnswers) {
    // The counter of a known answer, in a batch of other counters.
    const Subkey subkey = {{known.key[0], known.key[1]}};
    nodes.assign(37, join(known.counter[0], known.counter[1]));
    pairs.assign(37, join(known.counter[2], known.counter[3]));
    for (size_t i = 1; i < nodes.size(); i += 2) nodes[i] += i << 30, pairs[i] -= i << 29;
    for (int64_t count = 0; count <= 37; ++count) {
      std::vector<uint64_t> x0(37, 5), x1(37, 6);
      const int64_t done = batch(subkey, nodes.data(), pairs.data(), count, x0.data(), x1.data());
      assert_int_equal(done, count / width * width);
      for (size_t i = 0; i < static_cast<size_t>(done); ++i) {
        const Block block = draw_pair(subkey, nodes[i], pairs[i]);
        assert_true(x0[i] == block.x0 && x1[i] == block.x1);
      }
      for (size_t i = static_cast<size_t>(done); i < 37; ++i) assert_true(x0[i] == 5 && x1[i] == 6);
    }
  }
}

void batches_of_philox_agree(void **) {
  check_batch(
      [](const Subkey &subkey, const uint64_t *nodes, const uint64_t *pairs, int64_t count, uint64_t *x0,
         uint64_t *x1) {
        uni::cpu::draw_pairs(subkey, nodes, pairs, count, x0, x1);
        return count;
      },
      1);
#if defined(__x86_64__)
  check_batch(uni::cpu::philox_detail::batch_sse2, 2);
  if (__builtin_cpu_supports("avx2")) check_batch(uni::cpu::philox_detail::batch_avx2, 4);
  if (__builtin_cpu_supports("avx512f")) check_batch(uni::cpu::philox_detail::batch_avx512, 8);
#endif
}

void bounded_numbers_are_the_upper_half_of_the_product(void **) {
  assert_int_equal(bounded(0, 10), 0);
  assert_int_equal(bounded(~uint64_t{0}, 10), 9);
  assert_int_equal(bounded(uint64_t{1} << 63, 10), 5);
  assert_int_equal(bounded((uint64_t{1} << 63) - 1, 10), 4);
  assert_int_equal(bounded(~uint64_t{0}, 1), 0);
  assert_true(bounded(~uint64_t{0}, uint64_t{1} << 62) == (int64_t{1} << 62) - 1);
}

// --- lane groups ---

void each_visits_every_lane_once(void **) {
  for_each_group([](auto g) {
    constexpr int kLanes = decltype(g)::kLanes;
    for (int repeat = 0; repeat < 20; ++repeat) {
      std::vector<int> visits(kLanes, 0);
      g.each([&](int lane) { visits[static_cast<size_t>(lane)]++; });
      for (const int count : visits) assert_int_equal(count, 1);
    }
  });
}

void orders_differ(void **) {
  std::set<std::vector<int>> orders;
  HostGroup<8> g(5);
  for (int repeat = 0; repeat < 50; ++repeat) {
    std::vector<int> order;
    g.each([&](int lane) { order.push_back(lane); });
    orders.insert(order);
  }
  assert_true(orders.size() > 20);
}

void lanes_meet_in_ballot_shuffle_scan_and_sum(void **) {
  for_each_group([](auto g) {
    using Group = decltype(g);
    constexpr int kLanes = Group::kLanes;
    Lane<Group, bool> odd;
    Lane<Group, int64_t> value;
    Lane<Group, uint32_t> small;
    g.each([&](int lane) {
      odd[lane] = lane % 2 == 1;
      value[lane] = (int64_t{1} << 40) + lane;
      small[lane] = static_cast<uint32_t>(lane + 1);
    });
    const uint32_t all = kLanes == 32 ? ~0u : (1u << kLanes % 32) - 1u;
    assert_int_equal(g.ballot(odd), 0xAAAAAAAAu & all);
    for (int lane = 0; lane < kLanes; ++lane) assert_true(g.shuffle(value, lane) == (int64_t{1} << 40) + lane);
    const auto before = g.scan(small);
    const auto wide_before = g.scan(value);
    for (int lane = 0; lane < kLanes; ++lane) {
      assert_int_equal(before[lane], lane * (lane + 1) / 2);
      assert_true(wide_before[lane] == (int64_t{1} << 40) * lane + lane * (lane - 1) / 2);
    }
    assert_int_equal(g.sum(small), kLanes * (kLanes + 1) / 2);
  });
}

// --- draws ---

std::vector<int64_t> draw_with(auto g, const Subkey &subkey, int64_t node, int64_t degree, int64_t fanout,
                               bool replace) {
  const uint64_t capacity = fanout > 0 ? pick_set_capacity(fanout) : 0;
  std::vector<uint64_t> slots(capacity);
  constexpr int64_t kGuard = 0x5555;
  std::vector<int64_t> picks(static_cast<size_t>(num_drawn(degree, fanout, replace)) + 1, kGuard);
  draw_neighbors(g, subkey, static_cast<uint64_t>(node), degree, fanout, replace, picks.data(),
                 PickSet{slots.data(), capacity - 1});
  assert_true(picks.back() == kGuard);
  picks.pop_back();
  return picks;
}

void draws_are_those_of_the_scheme_for_every_group(void **) {
  const int64_t degrees[] = {0, 1, 2, 5, 16, 33, 47, 48, 49, 64, 100, 1000, int64_t{1} << 33};
  const int64_t fanouts[] = {-1, 0, 1, 2, 3, 5, 10, 15, 31, 32, 33, 48, 49, 64, 99, 200, 1000};
  for (const bool replace : {false, true}) {
    const uint64_t seed = 0x0123456789abcdef;
    const Subkey subkey = make_subkey(seed, 0, 3, 0, replace ? Method::kUniformWithReplacement : Method::kUniform);
    const uint64_t expected_subkey = reference_subkey(seed, 3, replace);
    assert_true(join(subkey.words[0], subkey.words[1]) == expected_subkey);
    for (const int64_t degree : degrees) {
      for (const int64_t fanout : fanouts) {
        if (fanout < 0 && degree > 100000) continue;
        for (const int64_t node : {int64_t{0}, int64_t{12345}, (int64_t{1} << 35) + 7}) {
          const auto expected = reference_picks(expected_subkey, node, degree, fanout, replace);
          for_each_group([&](auto g) { assert_true(draw_with(g, subkey, node, degree, fanout, replace) == expected); });
        }
      }
    }
  }
}

void a_wide_draw_takes_time_in_proportion_to_its_fanout(void **) {
  // 100,000 of a million in quadratic time would take 5 * 10^9 steps.
  const Subkey subkey = make_subkey(1, 0, 0, 0, Method::kUniform);
  std::vector<int64_t> picks = draw_with(HostGroup<1>(), subkey, 5, 1000000, 100000, false);
  assert_true(draw_with(HostGroup<32>(3), subkey, 5, 1000000, 100000, false) == picks);
  std::sort(picks.begin(), picks.end());
  assert_true(std::adjacent_find(picks.begin(), picks.end()) == picks.end());
  assert_true(picks.front() >= 0 && picks.back() < 1000000);
}

// --- relabelling ---

struct Relabelled {
  std::vector<int32_t> numbers, list;
  bool operator==(const Relabelled &) const = default;
};

template <bool kDense>
Relabelled relabel_with(auto g, const std::vector<int32_t> &known, const std::vector<int32_t> &nodes) {
  std::vector<uint64_t> words(kDense ? 1000 : 4096);
  NodeTable<kDense> table{words.data(), uint64_t{1} << kValueBits, kDense ? 0 : words.size() / 2 - 1};
  const int64_t count = static_cast<int64_t>(nodes.size());
  int64_t base = 0;
  Relabelled out;
  out.list = known;
  for (const int32_t node : known) table.find_or_insert(static_cast<uint64_t>(node), base++);
  out.list.resize(known.size() + nodes.size());
  out.numbers.resize(nodes.size());
  std::vector<int64_t> found(nodes.size());
  relabel_insert(g, table, nodes.data(), 0, count, base);
  const int64_t firsts = relabel_find(g, table, nodes.data(), 0, count, base, found.data());
  relabel_number(g, table, nodes.data(), 0, count, base, found.data(), base, true, out.numbers.data(), out.list.data());
  relabel_look_up(g, 0, count, base, found.data(), out.numbers.data());
  out.list.resize(static_cast<size_t>(base + firsts));
  for (size_t i = 0; i < out.list.size(); ++i) {
    assert_int_equal(table.find(static_cast<uint64_t>(out.list[i])), static_cast<int64_t>(i));
  }
  return out;
}

void numbers_go_by_first_appearance_for_every_group(void **) {
  const std::vector<int32_t> known = {7, 3, 900};
  std::vector<int32_t> nodes;
  for (uint32_t i = 0; i < 500; ++i) nodes.push_back(static_cast<int32_t>(i * i * 2654435761u % 331));
  Relabelled expected;
  std::map<int32_t, int32_t> numbers;
  expected.list = known;
  for (const int32_t node : known) numbers.emplace(node, static_cast<int32_t>(numbers.size()));
  for (const int32_t node : nodes) {
    if (numbers.emplace(node, static_cast<int32_t>(numbers.size())).second) expected.list.push_back(node);
    expected.numbers.push_back(numbers[node]);
  }
  for_each_group([&](auto g) {
    assert_true(relabel_with<true>(g, known, nodes) == expected);
    assert_true(relabel_with<false>(g, known, nodes) == expected);
  });
}

void words_of_earlier_epochs_are_not_there(void **) {
  std::vector<uint64_t> words(64, 0);
  for (uint64_t epoch = 1; epoch <= kMaxEpoch; epoch += kMaxEpoch / 3) {
    NodeTable<true> dense{words.data(), epoch << kValueBits, 0};
    assert_true(dense.find(5) == kNoValue);
    dense.insert_least(5, 17);
    dense.insert_least(5, 40);
    assert_int_equal(dense.find(5), 17);
    dense.insert_least(5, 2);
    assert_int_equal(dense.find(5), 2);
  }
}

// --- the checker against planted faults ---

// Right: every lane adds to its own counter, and they meet in a sum.
int64_t count_correctly(auto g, int64_t n) {
  using Group = decltype(g);
  Lane<Group, int64_t> counts;
  g.each([&](int lane) { counts[lane] = 0; });
  for_each_strided(g, 0, n, [&](int lane, int64_t) { counts[lane] += 1; });
  return g.sum(counts);
}

// Wrong: the lane that comes last in a block leaves its mark, as two lanes that write one word do on a GPU.
int64_t last_writer_wins(auto g, int64_t n) {
  int64_t last = -1;
  for_each_strided(g, 0, n, [&](int, int64_t i) { last = i; });
  return last;
}

// Wrong: a lane reads, in the same block, what the lane before it wrote.
std::vector<int64_t> reads_a_neighbour_within_a_block(auto g, int64_t n) {
  std::vector<int64_t> sums(static_cast<size_t>(n) + 1, 0);
  for_each_strided(g, 0, n,
                   [&](int, int64_t i) { sums[static_cast<size_t>(i) + 1] = sums[static_cast<size_t>(i)] + i; });
  return sums;
}

// Wrong: lanes add to one word in two blocks, the reading and the writing: an addition that is not atomic.
int64_t adds_without_atomicity(auto g, int64_t n) {
  using Group = decltype(g);
  int64_t total = 0;
  for (int64_t tile = 0; tile < n; tile += Group::kLanes) {
    Lane<Group, int64_t> seen;
    g.each([&](int lane) { seen[lane] = total; });
    g.each([&](int lane) {
      if (tile + lane < n) total = seen[lane] + 1;
    });
  }
  return total;
}

// Wrong: Floyd's draws that look at the picks of earlier tiles only.
std::vector<int64_t> floyd_blind_to_its_own_tile(auto g, int64_t degree, int64_t fanout) {
  const Subkey subkey = make_subkey(9, 0, 0, 0, Method::kUniform);
  std::vector<int64_t> picks(static_cast<size_t>(fanout), -1);
  for_each_strided(g, 0, fanout, [&](int lane, int64_t s) {
    const int64_t j = degree - fanout + s,
                  t = bounded(draw(subkey, 4, static_cast<uint64_t>(s)), static_cast<uint64_t>(j) + 1);
    bool taken = false;
    for (int64_t earlier = 0; earlier < s - lane; ++earlier) taken |= picks[static_cast<size_t>(earlier)] == t;
    picks[static_cast<size_t>(s)] = taken ? j : t;
  });
  return picks;
}

void the_checker_catches_planted_faults(void **) {
  assert_true(is_independent_of_lanes([](auto g) { return count_correctly(g, 100); }));
  assert_false(is_independent_of_lanes([](auto g) { return last_writer_wins(g, 100); }));
  assert_false(is_independent_of_lanes([](auto g) { return reads_a_neighbour_within_a_block(g, 100); }));
  assert_false(is_independent_of_lanes([](auto g) { return adds_without_atomicity(g, 100); }));
  assert_false(is_independent_of_lanes([](auto g) { return floyd_blind_to_its_own_tile(g, 20, 15); }));
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(philox_gives_the_known_answers),
      cmocka_unit_test(batches_of_philox_agree),
      cmocka_unit_test(bounded_numbers_are_the_upper_half_of_the_product),
      cmocka_unit_test(each_visits_every_lane_once),
      cmocka_unit_test(orders_differ),
      cmocka_unit_test(lanes_meet_in_ballot_shuffle_scan_and_sum),
      cmocka_unit_test(draws_are_those_of_the_scheme_for_every_group),
      cmocka_unit_test(a_wide_draw_takes_time_in_proportion_to_its_fanout),
      cmocka_unit_test(numbers_go_by_first_appearance_for_every_group),
      cmocka_unit_test(words_of_earlier_epochs_are_not_there),
      cmocka_unit_test(the_checker_catches_planted_faults),
  };
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}
