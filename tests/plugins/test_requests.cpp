// SPDX-License-Identifier: Apache-2.0
// What the kernels ask of memory of the host, counted request by request: that rows and lists are read by whole lines, each
// once, and that short lists are read so where it saves requests. `test_requests --table` prints the counts that
// docs/kernels.md has.
#include <algorithm>
#include <bit>
#include <cstdio>
#include <cstring>
#include <memory>
#include <numeric>
#include <random>

#include "counting_group.hpp"
#include "emulated_groups.hpp"
#include "kernels/draw_edges.hpp"
#include "kernels/gather.hpp"
#include "kernels/scatter.hpp"
#include "reference_sampler.hpp"

#include "cmocka_cpp.hpp"

namespace {

using namespace uni::kernels;
using namespace uni::tests;

constexpr std::align_val_t kLine{128};
struct FreeLines {
  void operator()(char *memory) const { ::operator delete(memory, kLine); }
};
using Lines = std::unique_ptr<char, FreeLines>;

// Memory that begins `offset` bytes behind a border of a line, and ends exactly behind its last byte.
struct Region {
  Region(int64_t num_bytes, int64_t offset)
      : memory(static_cast<char *>(::operator new(static_cast<size_t>(num_bytes + offset), kLine))),
        data(memory.get() + offset),
        size(num_bytes) {
    std::memset(memory.get(), 0, static_cast<size_t>(num_bytes + offset));
  }
  Lines memory;
  char *data;
  int64_t size;
};

int64_t lines_of(const char *data, int64_t num_bytes) {
  const uintptr_t begin = reinterpret_cast<uintptr_t>(data);
  return static_cast<int64_t>((begin + static_cast<uintptr_t>(num_bytes) - 1) / 128 - begin / 128) + 1;
}

// --- gather ---

struct GatherCount {
  int64_t num_rows, num_lines_of_rows;
  CountedMemory memory;
};

// Gathers rows that lie `pitch` bytes apart, and no two neighbours of them, from memory of the host.
GatherCount count_gather(int64_t row_bytes, int64_t offset, int64_t pitch) {
  constexpr int64_t kRows = 997;
  Region source(kRows * pitch, offset), out(kRows * row_bytes, 0);
  std::vector<int64_t> index;
  for (int64_t i = 0; i < kRows; ++i) index.push_back(i * 389 % kRows);
  GatherRowsArguments arguments = {};
  arguments.num_tensors = 1;
  arguments.tensors[0] = plan_row_moves({source.data, pitch, kRows}, out.data, row_bytes, row_bytes, 5, false);
  arguments.index = {index.data(), true, nullptr, kRows, kRows, false};
  BoundsRecord record = {};
  arguments.record = &record;
  GatherCount count{kRows, 0, CountedMemory(source.data, source.size)};
  for (const int64_t row : index) count.num_lines_of_rows += lines_of(source.data + row * pitch, row_bytes);
  CountingGroup<32> g(count.memory);
  GatherRows{arguments}(g, 0, 1);
  return count;
}

void rows_are_read_by_whole_lines_each_once(void **) {
  for (const int64_t row_bytes : {1,   16,  32,  47,   64,   94,   100,  128,  188,  256,  301,  400,
                                  512, 516, 602, 1000, 1001, 1002, 1024, 2404, 2408, 4096, 16384}) {
    for (const int64_t offset : {0, 1, 2, 4, 8, 16, 64, 100}) {
      for (const int64_t gap : {0, 1, 4, 8, 112}) {
        const GatherCount count = count_gather(row_bytes, offset, row_bytes + gap);
        assert_true(count.memory.num_requests <= count.num_lines_of_rows);
        // Fewer only where several short rows that stand in one line were read in one instruction, and by the first and the
        // last piece of the tensor, which are not read as one where they stick out.
        if (row_bytes >= 600) assert_true(count.memory.num_requests >= count.num_lines_of_rows - 2);
      }
    }
  }
}

// --- scatter ---

// Adds rows that lie in memory of the host to a table.
template <class Element>
GatherCount count_scatter_add(int64_t row_bytes, int64_t offset) {
  constexpr int64_t kRows = 211;
  Region rows(kRows * row_bytes, offset), table(kRows * row_bytes, 0);
  std::vector<int64_t> index;
  for (int64_t i = 0; i < kRows; ++i) index.push_back(i * 89 % kRows);
  BoundsRecord record = {};
  const ScatterRowsArguments<int64_t> arguments{table.data,   row_bytes, kRows, rows.data, row_bytes, row_bytes,
                                                index.data(), nullptr,   kRows, false,     &record};
  GatherCount count{kRows, 0, CountedMemory(rows.data, rows.size)};
  for (int64_t row = 0; row < kRows; ++row) count.num_lines_of_rows += lines_of(rows.data + row * row_bytes, row_bytes);
  CountingGroup<32> g(count.memory);
  const int64_t num_elements = row_bytes / static_cast<int64_t>(sizeof(Element));
  ScatterAdd<int64_t, Element, AddSum>{arguments, lane_shift_for(num_elements, 5), false}(g, 0, 1);
  return count;
}

void rows_that_are_added_are_read_by_lines(void **) {
  for (const int64_t row_bytes : {400, 512, 1000, 4096}) {
    for (const int64_t offset : {0, 8, 64}) {
      for (const GatherCount &count :
           {count_scatter_add<float>(row_bytes, offset), count_scatter_add<uint64_t>(row_bytes, offset)})
        assert_int_equal(count.memory.num_requests, count.num_lines_of_rows);
      const GatherCount twos = count_scatter_add<uint16_t>(row_bytes, offset);
      assert_true(twos.memory.num_requests <= 2 * twos.num_lines_of_rows);
    }
  }
}

// --- adjacency lists ---

// A graph whose every list has `degree` entries, in memory that begins `offset` bytes behind a border of a line.
template <class Entry>
struct Lists {
  Lists(int64_t num_nodes, int64_t list_degree, int64_t offset)
      : degree(list_degree),
        entries(num_nodes * list_degree * static_cast<int64_t>(sizeof(Entry)), offset),
        nodes(static_cast<size_t>(num_nodes)) {
    for (int64_t i = 0; i < num_nodes * degree; ++i) array()[i] = static_cast<Entry>(7 * i + 3);
    for (int64_t i = 0; i < num_nodes; ++i) lists.push_back({i * degree, degree});
    std::iota(nodes.begin(), nodes.end(), Entry{0});
  }
  Entry *array() const { return reinterpret_cast<Entry *>(entries.data); }

  int64_t degree;
  Region entries;
  std::vector<AdjacencyList> lists;
  std::vector<Entry> nodes;
};

// Draws edges of every node, and compares them with what the scheme says.
template <class Entry, class Group>
void draw_edges(const Lists<Entry> &graph, int64_t fanout, bool replace, bool over_link, Group g) {
  const int64_t size = static_cast<int64_t>(graph.lists.size()), drawn = num_drawn(graph.degree, fanout, replace);
  const uint64_t seed = 41, capacity = fanout > 0 ? pick_set_capacity(fanout) : 0;
  SampleCounts counts = {};
  counts.frontier_size = size;
  std::vector<int64_t> first_edge;
  for (int64_t i = 0; i < size; ++i) first_edge.push_back(i * drawn);
  const size_t edges = static_cast<size_t>(size * drawn);
  std::vector<int64_t> picks(edges);
  std::vector<uint64_t> set(capacity);
  std::vector<Entry> met(edges + 1, Entry{-5}), targets(edges + 1, Entry{-5}), ids(edges + 1, Entry{-5});
  const Subkey subkey = make_subkey(seed, 0, 0, 0, replace ? Method::kUniformWithReplacement : Method::kUniform);
  const DrawEdges<Entry, Entry> kernel{graph.lists.data(),
                                       graph.array(),
                                       size * graph.degree,
                                       graph.array(),
                                       over_link,
                                       over_link,
                                       graph.nodes.data(),
                                       fanout,
                                       replace,
                                       subkey,
                                       &counts,
                                       first_edge.data(),
                                       picks.data(),
                                       set.data(),
                                       capacity,
                                       false,
                                       met.data(),
                                       targets.data(),
                                       ids.data()};
  kernel(g, 0, 1);
  assert_true(met.back() == -5 && targets.back() == -5 && ids.back() == -5);
  const uint64_t reference = reference_subkey(seed, 0, replace);
  size_t edge = 0;
  for (int64_t i = 0; i < size; ++i) {
    for (const int64_t pick : reference_picks(reference, i, graph.degree, fanout, replace)) {
      const Entry expected = graph.array()[i * graph.degree + pick];
      assert_true(met[edge] == expected && ids[edge] == expected && targets[edge] == static_cast<Entry>(i));
      ++edge;
    }
  }
  assert_int_equal(edge, edges);
}

template <class Entry>
CountedMemory count_draws(int64_t degree, int64_t offset, int64_t fanout, bool over_link, bool replace = false) {
  const Lists<Entry> graph(100, degree, offset);
  CountedMemory memory(graph.entries.data, graph.entries.size);
  const auto run = [&](auto g) { draw_edges(graph, fanout, replace, over_link, g); };
  if (fanout >= 0 && fanout <= 8) {
    run(CountingGroup<8>(memory));
  } else if (fanout >= 0 && fanout <= 16) {
    run(CountingGroup<16>(memory));
  } else {
    run(CountingGroup<32>(memory));
  }
  return memory;
}

template <class Entry>
void edges_are_those_of_the_scheme(void **) {
  for (const int64_t offset : {int64_t{0}, static_cast<int64_t>(sizeof(Entry)), int64_t{40}, int64_t{120}}) {
    for (const int64_t degree : {0, 1, 3, 8, 15, 16, 17, 31, 32, 33, 50, 64, 100, 200, 400, 1000}) {
      const Lists<Entry> graph(5, degree, offset);
      for (const int64_t fanout : {-1, 1, 2, 4, 5, 8, 10, 15, 16, 25, 32, 33, 48, 49, 100, 300}) {
        for (const bool replace : {false, true}) {
          for (const bool over_link : {false, true}) {
            draw_edges(graph, fanout, replace, over_link, HostGroup<4>(3));
            draw_edges(graph, fanout, replace, over_link, HostGroup<8>(0));
            draw_edges(graph, fanout, replace, over_link, HostGroup<16>(77));
            draw_edges(graph, fanout, replace, over_link, HostGroup<32>(9));
          }
        }
      }
    }
  }
}

void both_ends_of_a_list_are_one_request(void **) {
  // 8 bytes each, the frontier in no order: one line, or two where its border stands between the two.
  constexpr int64_t kNodes = 3000;
  Region indptr((kNodes + 1) * 8, 0);
  int64_t *const offsets = reinterpret_cast<int64_t *>(indptr.data);
  for (int64_t i = 0; i <= kNodes; ++i) offsets[i] = i * i;
  std::vector<int64_t> frontier;
  int64_t expected = 0;
  for (int64_t i = 0; i < 500; ++i) {
    frontier.push_back(i * 1237 % kNodes);
    expected += lines_of(indptr.data + 8 * frontier.back(), 16);
  }
  SampleCounts counts = {};
  counts.frontier_size = 500;
  std::vector<AdjacencyList> lists(600, {-1, -1});
  std::vector<int64_t> draws(601, -1);
  CountedMemory memory(indptr.data, indptr.size);
  CountingGroup<32> g(memory, 5);
  CountDraws<int64_t, int64_t>{offsets, frontier.data(), 600, 1 << 30, false, &counts, lists.data(), draws.data()}(g, 0,
                                                                                                                   1);
  assert_in_range(memory.num_requests, expected * 9 / 10, expected);
  for (size_t i = 0; i < 601; ++i) {
    const int64_t degree = i < 500 ? 2 * frontier[i] + 1 : 0;
    assert_int_equal(draws[i], degree);
    if (i < 500) assert_true(lists[i].begin == frontier[i] * frontier[i] && lists[i].degree == degree);
    if (i >= 500 && i < 600) assert_int_equal(lists[i].degree, -1);
  }
}

void lists_as_a_whole_are_read_by_lines_each_once(void **) {
  for (const int64_t offset : {0, 4, 60, 124}) {
    for (const int64_t degree : {1, 7, 32, 33, 100, 1000}) {
      const Lists<int32_t> graph(100, degree, offset);
      int64_t lines = 0;
      for (const AdjacencyList &list : graph.lists) lines += lines_of(graph.entries.data + 4 * list.begin, 4 * degree);
      // Once for the neighbours, once for the edge ids, which are the same memory here.
      assert_int_equal(count_draws<int32_t>(degree, offset, -1, true).num_requests, 2 * lines);
    }
  }
}

// The rule by which lines are read whole must not cost requests worth the name (a list that covers its lines in part does
// not gain by it), and has to save them where there is much to save.
void whole_lines_are_read_where_that_saves_requests(void **) {
  double most_saved = 1;
  for (const int64_t degree : {6, 12, 20, 32, 48, 64, 96, 128, 200, 256, 400, 1000}) {
    for (const int64_t fanout : {1, 2, 3, 4, 5, 8, 10, 12, 15, 20, 25, 32, 64}) {
      for (const int64_t offset : {0, 64}) {
        const double singly = static_cast<double>(count_draws<int32_t>(degree, offset, fanout, false).num_requests);
        const double by_rule = static_cast<double>(count_draws<int32_t>(degree, offset, fanout, true).num_requests);
        assert_true(by_rule <= 1.07 * singly);
        most_saved = std::max(most_saved, singly / by_rule);
      }
    }
  }
  assert_true(most_saved > 1.3);
  // Few of a long list: as many requests as draws at most.
  assert_true(count_draws<int64_t>(1000, 0, 10, true).num_requests <= 2 * 100 * 10);
}

// --- the table ---

void print_table() {
  std::printf(
      "| row bytes | requests to a row | lines of a row | bytes over the link to a byte of the row "
      "|\n|--:|--:|--:|--:|\n");
  for (const int64_t row_bytes : {32, 64, 100, 128, 256, 400, 512, 1002, 1024, 2408, 4096}) {
    const GatherCount count = count_gather(row_bytes, 0, row_bytes);
    const double rows = static_cast<double>(count.num_rows);
    std::printf("| %lld | %.2f | %.2f | %.2f |\n", static_cast<long long>(row_bytes),
                static_cast<double>(count.memory.num_requests) / rows,
                static_cast<double>(count.num_lines_of_rows) / rows,
                32.0 * static_cast<double>(count.memory.num_sectors) / rows / static_cast<double>(row_bytes));
  }
  std::printf("\n| degree | fan-out | requests to a node, entry by entry | as it is read |\n|--:|--:|--:|--:|\n");
  for (const int64_t degree : {16, 32, 64, 128, 256, 1024}) {
    for (const int64_t fanout : {5, 10, 15, 25}) {
      const auto per_node = [&](bool over_link) {
        // Twice, since ids are read from the same memory; on borders of lines and between them.
        return static_cast<double>(count_draws<int32_t>(degree, 0, fanout, over_link).num_requests +
                                   count_draws<int32_t>(degree, 64, fanout, over_link).num_requests) /
               400;
      };
      std::printf("| %lld | %lld | %.2f | %.2f |\n", static_cast<long long>(degree), static_cast<long long>(fanout),
                  per_node(false), per_node(true));
    }
  }
}

}  // namespace

int main(int argc, char **argv) {
  if (argc == 2 && std::strcmp(argv[1], "--table") == 0) return print_table(), 0;
  const CMUnitTest tests[] = {
      cmocka_unit_test(rows_are_read_by_whole_lines_each_once),
      cmocka_unit_test(rows_that_are_added_are_read_by_lines),
      cmocka_unit_test(edges_are_those_of_the_scheme<int32_t>),
      cmocka_unit_test(edges_are_those_of_the_scheme<int64_t>),
      cmocka_unit_test(both_ends_of_a_list_are_one_request),
      cmocka_unit_test(lists_as_a_whole_are_read_by_lines_each_once),
      cmocka_unit_test(whole_lines_are_read_where_that_saves_requests),
  };
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}
