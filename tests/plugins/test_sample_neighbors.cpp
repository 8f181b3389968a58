// SPDX-License-Identifier: Apache-2.0
// The whole sampling operation of the CPU backend, for every width of lane group, several numbers of threads, both sizes
// of table and every dtype, against a reference written from docs/sampling.md.
#include <algorithm>
#include <cstring>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include "cpu/backend.hpp"
#include "cpu/sample_scheduler.hpp"
#include "emulated_groups.hpp"
#include "reference_sampler.hpp"
#include "unitensor/sample.h"

#include "cmocka_cpp.hpp"

namespace {

using namespace uni;
using namespace uni::tests;
using uni::kernels::HostGroup;

struct Graph {
  std::vector<int64_t> indptr, indices, edge_ids;
};

// Degrees from 0 to a hub; neighbours within [first_node, first_node + span).
Graph make_graph(int64_t num_nodes, int64_t first_node, int64_t span, uint64_t seed) {
  std::mt19937_64 random(seed);
  Graph graph;
  graph.indptr.assign(static_cast<size_t>(num_nodes) + 1, 0);
  for (int64_t i = first_node; i < first_node + span; ++i) {
    int64_t degree = static_cast<int64_t>(random() % 24);
    if (random() % 10 == 0) degree = 0;
    if (i == first_node + span / 2) degree = 700;
    graph.indptr[static_cast<size_t>(i) + 1] = degree;
  }
  for (int64_t i = 0; i < num_nodes; ++i)
    graph.indptr[static_cast<size_t>(i) + 1] += graph.indptr[static_cast<size_t>(i)];
  for (int64_t e = 0; e < graph.indptr.back(); ++e) {
    graph.indices.push_back(first_node + static_cast<int64_t>(random() % static_cast<uint64_t>(span)));
    graph.edge_ids.push_back(static_cast<int64_t>(random() % 100000));
  }
  return graph;
}

template <class T>
std::vector<T> narrow(const std::vector<int64_t> &values) {
  return std::vector<T>(values.begin(), values.end());
}

template <class T>
std::vector<int64_t> read_block(const uni_memory_block &block, size_t count) {
  std::vector<int64_t> values(count);
  for (size_t i = 0; i < count; ++i) values[i] = static_cast<const T *>(block.data)[i];
  return values;
}

struct Case {
  std::vector<int64_t> seeds, fanouts;
  uint64_t seed = 0;
  uint32_t flags = 0;
  bool graph_has_edge_ids = false;
};

using SampleFunction = uni_status (*)(void *, const uni_sample_plan &, uint64_t, uni_sample_output *,
                                      uni_error *) noexcept;

constexpr SampleFunction kSampleFunctions[] = {
    cpu::sample_with_groups<HostGroup<1>>,  cpu::sample_with_groups<HostGroup<2>>,
    cpu::sample_with_groups<HostGroup<4>>,  cpu::sample_with_groups<HostGroup<8>>,
    cpu::sample_with_groups<HostGroup<16>>, cpu::sample_with_groups<HostGroup<32>>};

std::unique_ptr<cpu::Backend> make_backend(int num_threads) {
  uni_backend_config config{};
  config.struct_size = sizeof config;
  config.num_threads = num_threads;
  return std::make_unique<cpu::Backend>(config);
}

void release_all(cpu::Backend &backend, uni_sample_output &output) {
  for (uni_memory_block *block :
       {&output.nodes, &output.sources, &output.targets, &output.edge_ids, &output.seed_index})
    cpu::release(&backend, block);
}

template <class Indptr, class Node, class Seed>
uni_sample_plan make_plan(const std::vector<Indptr> &indptr, const std::vector<Node> &indices,
                          const std::vector<Indptr> &edge_ids, const std::vector<Seed> &seeds, const Case &c) {
  uni_sample_plan plan{};
  plan.graph.indptr = indptr.data();
  plan.graph.indices = indices.data();
  plan.graph.edge_ids = c.graph_has_edge_ids ? edge_ids.data() : nullptr;
  plan.graph.num_nodes = static_cast<int64_t>(indptr.size()) - 1;
  plan.graph.num_edges = static_cast<int64_t>(indices.size());
  plan.graph.indptr_dtype = sizeof(Indptr) == 8 ? UNI_DTYPE_INT64 : UNI_DTYPE_INT32;
  plan.graph.indices_dtype = sizeof(Node) == 8 ? UNI_DTYPE_INT64 : UNI_DTYPE_INT32;
  plan.seeds = seeds.data();
  plan.num_seeds = static_cast<int64_t>(seeds.size());
  plan.seeds_dtype = sizeof(Seed) == 8 ? UNI_DTYPE_INT64 : UNI_DTYPE_INT32;
  plan.num_hops = static_cast<int32_t>(c.fanouts.size());
  std::copy(c.fanouts.begin(), c.fanouts.end(), plan.fanouts);
  plan.seed = c.seed;
  plan.flags = c.flags;
  return plan;
}

template <class Indptr, class Node, class Seed>
void check_case(cpu::Backend &backend, const Graph &graph, const Case &c, const ReferenceSample &expected,
                SampleFunction sample, uint64_t order) {
  const auto indptr = narrow<Indptr>(graph.indptr), edge_ids = narrow<Indptr>(graph.edge_ids);
  const auto indices = narrow<Node>(graph.indices);
  const auto seeds = narrow<Seed>(c.seeds);
  const uni_sample_plan plan = make_plan<Indptr, Node, Seed>(indptr, indices, edge_ids, seeds, c);
  uni_sample_output output;
  std::memset(&output, 0x5A, sizeof output);
  uni_error error = UNI_ERROR_INIT;
  const uni_status status = sample(&backend, plan, order, &output, &error);
  if (status != UNI_STATUS_OK) fail_msg("%s", error.message);
  const size_t num_nodes = expected.nodes.size(), num_edges = expected.sources.size();
  for (size_t h = 0; h <= c.fanouts.size(); ++h) assert_int_equal(output.hop_nodes[h], expected.hop_nodes[h]);
  for (size_t h = 0; h < c.fanouts.size(); ++h) assert_int_equal(output.hop_edges[h], expected.hop_edges[h]);
  assert_true(read_block<Node>(output.nodes, num_nodes) == expected.nodes);
  assert_true(read_block<Node>(output.sources, num_edges) == expected.sources);
  assert_true(read_block<Node>(output.targets, num_edges) == expected.targets);
  assert_true(read_block<Node>(output.seed_index, c.seeds.size()) == expected.seed_index);
  if ((c.flags & UNI_SAMPLE_WITH_EDGE_IDS) != 0) {
    assert_true(read_block<Indptr>(output.edge_ids, num_edges) == expected.edge_ids);
  } else {
    assert_null(output.edge_ids.data);
  }
  assert_null(output.pending);
  release_all(backend, output);
}

std::vector<Case> make_cases(int64_t first_node, int64_t span, size_t num_seeds) {
  std::mt19937_64 random(11);
  std::vector<int64_t> seeds;
  for (size_t i = 0; i < num_seeds; ++i)
    seeds.push_back(first_node + static_cast<int64_t>(random() % static_cast<uint64_t>(span)));
  seeds.push_back(first_node + span / 2);  // the hub
  seeds.push_back(seeds.front());          // and a seed that stands twice
  const std::vector<std::vector<int64_t>> fanouts = {{5, 4, 3}, {-1, 2}, {2, 0, 3}, {60, 3}, {200}, {}};
  std::vector<Case> cases;
  for (const auto &f : fanouts) {
    for (uint32_t flags = 0; flags < 8; ++flags) cases.push_back({seeds, f, random(), flags, flags % 3 == 2});
  }
  cases.push_back({{}, {3, 3}, 1, 0, false});
  return cases;
}

void check_all(const Graph &graph, const std::vector<Case> &cases, std::initializer_list<int> thread_counts,
               std::initializer_list<uint64_t> orders) {
  for (const int threads : thread_counts) {
    const auto backend = make_backend(threads);
    for (const Case &c : cases) {
      const ReferenceSample expected = reference_sample(
          graph.indptr, graph.indices, c.graph_has_edge_ids ? graph.edge_ids : std::vector<int64_t>{}, c.seeds,
          c.fanouts, c.seed, (c.flags & UNI_SAMPLE_REPLACE) != 0, (c.flags & UNI_SAMPLE_UNIQUE_SEEDS) != 0);
      for (const SampleFunction sample : kSampleFunctions) {
        for (const uint64_t order : orders)
          check_case<int64_t, int64_t, int64_t>(*backend, graph, c, expected, sample, order);
      }
      check_case<int32_t, int64_t, int32_t>(*backend, graph, c, expected, kSampleFunctions[0], 0);
      check_case<int64_t, int32_t, int32_t>(*backend, graph, c, expected, kSampleFunctions[3], 1);
      check_case<int32_t, int32_t, int64_t>(*backend, graph, c, expected, kSampleFunctions[0], 0);
      check_case<int32_t, int32_t, int64_t>(*backend, graph, c, expected, kSampleFunctions[5], 2);
    }
  }
}

void samples_are_those_of_the_scheme(void **) {
  check_all(make_graph(600, 0, 600, 3), make_cases(0, 600, 60), {1, 2, 7}, {0, 1, 99});
}

// Enough edges that every worker of the CPU's own path has work.
void large_samples_are_those_of_the_scheme(void **) {
  const Graph graph = make_graph(60000, 0, 60000, 4);
  std::vector<Case> cases;
  for (const Case &c : make_cases(0, 60000, 3000)) {
    if (c.fanouts.size() > 1 && c.flags % 2 == 0 && c.fanouts[0] != 60) cases.push_back(c);
  }
  check_all(graph, cases, {1, 2, 3, 4, 7}, {5});
}

// More nodes than a dense table takes.
void samples_of_a_graph_with_many_nodes_are_those_of_the_scheme(void **) {
  const int64_t num_nodes = (int64_t{8} << 20) + 12345;
  const Graph graph = make_graph(num_nodes, num_nodes - 20000, 20000, 5);
  const Case c = {make_cases(num_nodes - 20000, 20000, 1500)[0].seeds, {7, 4, 3}, 12, UNI_SAMPLE_WITH_EDGE_IDS, false};
  const ReferenceSample expected =
      reference_sample(graph.indptr, graph.indices, {}, c.seeds, c.fanouts, c.seed, false, false);
  const auto seeds = narrow<int64_t>(c.seeds);
  for (const int threads : {1, 2, 4, 7}) {
    const auto backend = make_backend(threads);
    for (int repeat = 0; repeat < 2; ++repeat)
      check_case<int64_t, int64_t, int64_t>(*backend, graph, c, expected, kSampleFunctions[0], 0);
    check_case<int64_t, int64_t, int64_t>(*backend, graph, c, expected, kSampleFunctions[5], 3);
  }
}

void a_graph_without_edges_and_one_without_nodes_can_be_sampled(void **) {
  const auto backend = make_backend(2);
  Graph graph;
  graph.indptr.assign(5, 0);
  for (const SampleFunction sample : kSampleFunctions) {
    const Case c = {{2, 2, 0}, {3, -1}, 1, UNI_SAMPLE_WITH_EDGE_IDS, false};
    check_case<int64_t, int64_t, int64_t>(
        *backend, graph, c, reference_sample(graph.indptr, {}, {}, c.seeds, c.fanouts, 1, false, false), sample, 0);
    Graph none;
    none.indptr.assign(1, 0);
    const Case no_seeds = {{}, {3}, 1, 0, false};
    check_case<int64_t, int64_t, int64_t>(*backend, none, no_seeds,
                                          reference_sample(none.indptr, {}, {}, {}, {3}, 1, false, false), sample, 0);
  }
}

void a_bad_seed_is_named_and_nothing_is_left(void **) {
  const auto backend = make_backend(2);
  const Graph graph = make_graph(100, 0, 100, 6);
  for (const int64_t bad : {int64_t{100}, int64_t{-1}, INT64_MAX, INT64_MIN}) {
    const Case c = {{5, 7, bad, -3}, {3}, 0, 0, false};
    const uni_sample_plan plan = make_plan<int64_t, int64_t, int64_t>(graph.indptr, graph.indices, {}, c.seeds, c);
    for (const SampleFunction sample : kSampleFunctions) {
      uni_sample_output output{};
      uni_error error = UNI_ERROR_INIT;
      assert_int_equal(sample(backend.get(), plan, 0, &output, &error), UNI_STATUS_OUT_OF_BOUNDS);
      assert_non_null(std::strstr(error.message, "seeds[2]"));
      assert_non_null(std::strstr(error.message, std::to_string(bad).c_str()));
      assert_null(output.nodes.data);
      assert_null(output.seed_index.data);
    }
  }
}

void a_sample_beyond_any_memory_is_refused(void **) {
  const auto backend = make_backend(2);
  const Graph graph = make_graph(100, 0, 100, 6);
  // More edges than a table can number, and fewer, for which no machine has the memory.
  for (const auto &[fanout, status] : {std::pair<int64_t, uni_status>{INT64_MAX, UNI_STATUS_NOT_SUPPORTED},
                                       {int64_t{1} << 38, UNI_STATUS_OUT_OF_MEMORY}}) {
    const Case c = {{50, 50, 50}, {fanout}, 0, UNI_SAMPLE_REPLACE, false};
    const uni_sample_plan plan = make_plan<int64_t, int64_t, int64_t>(graph.indptr, graph.indices, {}, c.seeds, c);
    for (const SampleFunction sample : kSampleFunctions) {
      uni_sample_output output{};
      uni_error error = UNI_ERROR_INIT;
      assert_int_equal(sample(backend.get(), plan, 0, &output, &error), status);
      assert_null(output.nodes.data);
      assert_null(output.seed_index.data);
    }
  }
}

// A table's epochs run out after 16 million calls; the next call must still see an empty one.
void a_table_survives_the_end_of_its_epochs(void **) {
  cpu::TableMemory memory;
  auto table = memory.open<true>(10, 0);
  table.find_or_insert(3, 7);
  memory.set_epoch(kernels::kMaxEpoch - 1);
  table = memory.open<true>(10, 0);
  table.find_or_insert(4, 8);
  assert_int_equal(table.find(4), 8);
  assert_int_equal(table.find(3), kernels::kNoValue);
  table = memory.open<true>(10, 0);
  assert_int_equal(table.find(4), kernels::kNoValue);
  assert_int_equal(table.find(3), kernels::kNoValue);
}

// --- validation ---

void validation_names_the_first_fault(void **) {
  std::vector<int64_t> indptr(300001), indices(300000);
  for (size_t i = 0; i < indptr.size(); ++i) indptr[i] = static_cast<int64_t>(i);
  for (size_t i = 0; i < indices.size(); ++i) indices[i] = static_cast<int64_t>(i * 7 % 300000);
  for (const int threads : {1, 2, 7}) {
    const auto backend = make_backend(threads);
    const auto validate = [&](int64_t num_edges, const char *first, const char *second) {
      uni_graph_view view{indptr.data(), indices.data(), nullptr, 300000, num_edges, UNI_DTYPE_INT64, UNI_DTYPE_INT64};
      uni_error error = UNI_ERROR_INIT;
      const uni_status status = cpu::validate_graph(backend.get(), &view, &error);
      if (status != UNI_STATUS_OK) {
        assert_non_null(std::strstr(error.message, first));
        assert_non_null(std::strstr(error.message, second));
      }
      return status;
    };
    assert_int_equal(validate(300000, "", ""), UNI_STATUS_OK);
    assert_int_equal(validate(299999, "indptr[300000]", "299999"), UNI_STATUS_INVALID_ARGUMENT);
    indptr[0] = 1;
    assert_int_equal(validate(300000, "indptr[0]", "1"), UNI_STATUS_INVALID_ARGUMENT);
    indptr[0] = 0;
    indptr[70000] = 5, indptr[250000] = 5;
    assert_int_equal(validate(300000, "indptr[70000] is 5", "69999"), UNI_STATUS_INVALID_ARGUMENT);
    indptr[70000] = 70000, indptr[250000] = 250000;
    const int64_t a = indices[80001], b = indices[290000];
    indices[80001] = -4, indices[290000] = 300000;
    assert_int_equal(validate(300000, "indices[80001]", "-4"), UNI_STATUS_OUT_OF_BOUNDS);
    indices[80001] = a;
    assert_int_equal(validate(300000, "indices[290000]", "300000"), UNI_STATUS_OUT_OF_BOUNDS);
    indices[290000] = b;
  }
}

void scratch_memory_is_kept_until_it_is_trimmed(void **) {
  const auto backend = make_backend(2);
  const std::vector<int64_t> indptr = {0, 1, 2}, indices = {1, 0}, seeds = {0};
  const uni_sample_plan plan = make_plan<int64_t, int64_t, int64_t>(indptr, indices, {}, seeds, {{}, {1}});
  uni_error error = UNI_ERROR_INIT;
  for (int turn = 0; turn < 2; ++turn) {
    uni_sample_output output = {};
    assert_int_equal(cpu::sample_neighbors(backend.get(), &plan, nullptr, &output, &error), UNI_STATUS_OK);
    release_all(*backend, output);
    assert_non_null(backend->sample_workspaces->free.get());
    assert_int_equal(cpu::trim(backend.get(), &error), UNI_STATUS_OK);
    assert_null(backend->sample_workspaces->free.get());
  }
}

void validation_takes_every_dtype_and_empty_graphs(void **) {
  const auto backend = make_backend(2);
  const std::vector<int32_t> indptr = {0, 1, 2}, indices = {1, -1};
  uni_graph_view view{indptr.data(), indices.data(), nullptr, 2, 2, UNI_DTYPE_INT32, UNI_DTYPE_INT32};
  uni_error error = UNI_ERROR_INIT;
  assert_int_equal(cpu::validate_graph(backend.get(), &view, &error), UNI_STATUS_OUT_OF_BOUNDS);
  const int32_t zero = 0;
  view = {&zero, nullptr, nullptr, 0, 0, UNI_DTYPE_INT32, UNI_DTYPE_INT64};
  assert_int_equal(cpu::validate_graph(backend.get(), &view, &error), UNI_STATUS_OK);
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(samples_are_those_of_the_scheme),
      cmocka_unit_test(large_samples_are_those_of_the_scheme),
      cmocka_unit_test(samples_of_a_graph_with_many_nodes_are_those_of_the_scheme),
      cmocka_unit_test(a_graph_without_edges_and_one_without_nodes_can_be_sampled),
      cmocka_unit_test(a_bad_seed_is_named_and_nothing_is_left),
      cmocka_unit_test(a_sample_beyond_any_memory_is_refused),
      cmocka_unit_test(a_table_survives_the_end_of_its_epochs),
      cmocka_unit_test(scratch_memory_is_kept_until_it_is_trimmed),
      cmocka_unit_test(validation_names_the_first_fault),
      cmocka_unit_test(validation_takes_every_dtype_and_empty_graphs),
  };
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}
