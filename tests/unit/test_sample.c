/* SPDX-License-Identifier: Apache-2.0 */
/* sample.h. The expected numbers themselves are those of the conformance suite; here are shapes, bounds, structure and
 * that the number of threads does not matter. */
#include "graph_support.h"

static uni_context *context;
static uni_graph *graph; /* 5 nodes: 0 <- 1, 2, 3; 1 <- 0; 2 <- nothing; 3 <- 4, 4; 4 <- 0, 1, 2, 3, 4 */
static const int64_t indptr5[6] = {0, 3, 4, 4, 6, 11}, indices5[11] = {1, 2, 3, 0, 4, 4, 0, 1, 2, 3, 4};

static int set_up(void **state) {
  (void)state;
  context = make_context(4);
  graph = make_graph(context, indptr5, 5, indices5);
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  uni_graph_release(graph);
  uni_context_release(context);
  return 0;
}

static uni_sample_options with(int32_t num_hops, const int64_t *fanouts, uint32_t flags) {
  uni_sample_options options = UNI_SAMPLE_OPTIONS_INIT;
  options.num_hops = num_hops;
  options.fanouts = fanouts;
  options.flags = flags;
  options.seed = 42;
  return options;
}

static uni_status sample_bytes(void *seeds, const void *bytes) {
  uni_sample *sample = (void *)&poison;
  const uni_status status = uni_sample_neighbors(graph, seeds, bytes, NULL, &sample, &error);
  if (status != UNI_STATUS_OK) assert_null(sample);
  uni_sample_release(sample);
  return status;
}

static uni_status info_bytes(void *sample, void *bytes) { return uni_sample_get_info(sample, bytes, &error); }

static void test_all_neighbours(void **state) {
  (void)state;
  const int64_t seeds[2] = {3, 0}, fanouts[2] = {-1, -1};
  uni_array borrowed = array_1d(UNI_DTYPE_INT64, seeds, 2);
  const uni_sample_options options = with(2, fanouts, UNI_SAMPLE_WITH_EDGE_IDS);
  check_input_struct(&options, sizeof options, sample_bytes, &borrowed);
  uni_sample *sample = NULL;
  OK(uni_sample_neighbors(graph, &borrowed, &options, NULL, &sample, &error));
  check_output_struct(sizeof(uni_sample_info), info_bytes, sample);
  OK(uni_sample_wait(sample, &error));
  const uni_sample_info info = sample_info_of(sample);
  assert_int_equal(info.num_hops, 2);
  assert_int_equal(info.num_seeds, 2);
  assert_int_equal(info.num_nodes, 5);
  assert_int_equal(info.num_edges, 11);
  assert_int_equal(info.hop_nodes[0], 2);
  assert_int_equal(info.hop_nodes[1], 3);
  assert_int_equal(info.hop_nodes[2], 0);
  assert_int_equal(info.hop_edges[0], 5);
  assert_int_equal(info.hop_edges[1], 6);
  /* Seeds 3, 0; then 4 (of 3), 1, 2 (of 0; 3 is known). */
  const int64_t nodes[5] = {3, 0, 4, 1, 2}, sources[11] = {2, 2, 3, 4, 0, 1, 3, 4, 0, 2, 1};
  const int64_t targets[11] = {0, 0, 1, 1, 1, 2, 2, 2, 2, 2, 3}, ids[11] = {4, 5, 0, 1, 2, 6, 7, 8, 9, 10, 3};
  assert_memory_equal(part_of(sample, UNI_SAMPLE_NODES), nodes, sizeof nodes);
  assert_memory_equal(part_of(sample, UNI_SAMPLE_SOURCES), sources, sizeof sources);
  assert_memory_equal(part_of(sample, UNI_SAMPLE_TARGETS), targets, sizeof targets);
  assert_memory_equal(part_of(sample, UNI_SAMPLE_EDGE_IDS), ids, sizeof ids);
  const int64_t seed_index[2] = {0, 1};
  assert_memory_equal(part_of(sample, UNI_SAMPLE_SEED_INDEX), seed_index, sizeof seed_index);
  const uni_array *as_index = uni_sample_nodes(sample);
  assert_int_equal(as_index->ndim, 1);
  assert_int_equal(as_index->shape[0], 5);
  assert_int_equal(as_index->dtype, UNI_DTYPE_INT64);
  assert_memory_equal(as_index->data, nodes, sizeof nodes);
  assert_null(uni_sample_tensor(sample, 0));
  assert_null(uni_sample_tensor(sample, 6));
  /* The nodes gather rows as they are. */
  const float rows[5] = {0, 10, 20, 30, 40}, expected[5] = {30, 0, 40, 10, 20};
  uni_tensor *features = make_tensor(context, UNI_DTYPE_FLOAT32, 5, 1, rows), *out = NULL;
  OK(uni_gather(features, as_index, NULL, NULL, &out, &error));
  assert_memory_equal(pointer_of(out), expected, sizeof expected);
  uni_tensor_release(out);
  uni_tensor_release(features);
  /* An array may outlive its sample. */
  uni_tensor *kept = uni_tensor_retain(uni_sample_tensor(sample, UNI_SAMPLE_SOURCES));
  assert_ptr_equal(uni_sample_retain(sample), sample);
  uni_sample_release(sample);
  uni_sample_release(sample);
  assert_memory_equal(pointer_of(kept), sources, sizeof sources);
  uni_tensor_release(kept);
}

static void test_edge_ids(void **state) {
  (void)state;
  const int64_t ids[11] = {100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110}, seeds[1] = {4}, fanouts[1] = {-1};
  uni_tensor *indptr = make_int64(context, 6, indptr5), *indices = make_int64(context, 11, indices5);
  uni_tensor *edge_ids = make_int64(context, 11, ids);
  uni_graph_desc desc = UNI_GRAPH_DESC_INIT;
  desc.indptr = indptr;
  desc.indices = indices;
  desc.edge_ids = edge_ids;
  uni_graph *named = NULL;
  OK(uni_graph_create(context, &desc, &named, &error));
  const uni_array borrowed = array_1d(UNI_DTYPE_INT64, seeds, 1);
  uni_sample_options options = with(1, fanouts, UNI_SAMPLE_WITH_EDGE_IDS);
  uni_sample *sample = NULL;
  OK(uni_sample_neighbors(named, &borrowed, &options, NULL, &sample, &error));
  assert_memory_equal(part_of(sample, UNI_SAMPLE_EDGE_IDS), ids + 6, 40);
  uni_sample_release(sample);
  options.flags = 0;
  OK(uni_sample_neighbors(named, &borrowed, &options, NULL, &sample, &error));
  assert_null(uni_sample_tensor(sample, UNI_SAMPLE_EDGE_IDS));
  uni_sample_release(sample);
  uni_graph_release(named);
  uni_tensor_release(edge_ids);
  uni_tensor_release(indices);
  uni_tensor_release(indptr);
}

static void test_repeated_seeds(void **state) {
  (void)state;
  const int64_t fanouts[1] = {2};
  const int32_t seeds[4] = {4, 1, 4, 4};
  const uni_array borrowed = array_1d(UNI_DTYPE_INT32, seeds, 4);
  uni_sample_options options = with(1, fanouts, UNI_SAMPLE_WITH_EDGE_IDS);
  uni_sample *sample = NULL;
  OK(uni_sample_neighbors(graph, &borrowed, &options, NULL, &sample, &error));
  uni_sample_info info = sample_info_of(sample);
  assert_int_equal(info.hop_nodes[0], 4);
  assert_int_equal(info.num_edges, 7);
  const int64_t *nodes = part_of(sample, UNI_SAMPLE_NODES), *ids = part_of(sample, UNI_SAMPLE_EDGE_IDS);
  for (int i = 0; i < 4; ++i) assert_int_equal(nodes[i], seeds[i]);
  const int64_t places[4] = {0, 1, 2, 3};
  assert_memory_equal(part_of(sample, UNI_SAMPLE_SEED_INDEX), places, sizeof places);
  /* Every place of seed 4 draws the same edges. */
  assert_memory_equal(ids, ids + 3, 16);
  assert_memory_equal(ids, ids + 5, 16);
  const int64_t targets[7] = {0, 0, 1, 2, 2, 3, 3};
  assert_memory_equal(part_of(sample, UNI_SAMPLE_TARGETS), targets, sizeof targets);
  /* An edge that reaches 4 is given its first place. */
  const int64_t *sources = part_of(sample, UNI_SAMPLE_SOURCES);
  for (int e = 0; e < 7; ++e)
    if (indices5[ids[e]] == 4) assert_int_equal(sources[e], 0);
  uni_sample_release(sample);
  options.flags |= UNI_SAMPLE_UNIQUE_SEEDS;
  OK(uni_sample_neighbors(graph, &borrowed, &options, NULL, &sample, &error));
  info = sample_info_of(sample);
  assert_int_equal(info.num_seeds, 4);
  assert_int_equal(info.hop_nodes[0], 2);
  assert_int_equal(info.num_edges, 3);
  const int64_t unique[4] = {0, 1, 0, 0};
  assert_memory_equal(part_of(sample, UNI_SAMPLE_SEED_INDEX), unique, sizeof unique);
  assert_int_equal(part_of(sample, UNI_SAMPLE_NODES)[0], 4);
  assert_int_equal(part_of(sample, UNI_SAMPLE_NODES)[1], 1);
  uni_sample_release(sample);
}

static void check_empty(const uni_graph *of, const int64_t *seeds, int64_t num_seeds, int32_t num_hops,
                        const int64_t *fanouts) {
  for (uint32_t flags = 0; flags < 8; ++flags) {
    const uni_array borrowed = array_1d(UNI_DTYPE_INT64, seeds, num_seeds);
    const uni_sample_options options = with(num_hops, fanouts, flags);
    uni_sample *sample = NULL;
    OK(uni_sample_neighbors(of, &borrowed, &options, NULL, &sample, &error));
    OK(uni_sample_wait(sample, &error));
    const uni_sample_info info = sample_info_of(sample);
    assert_int_equal(info.num_hops, num_hops);
    assert_int_equal(info.num_seeds, num_seeds);
    assert_int_equal(info.num_nodes, num_seeds);
    assert_int_equal(info.num_edges, 0);
    for (int h = 1; h <= num_hops; ++h) assert_int_equal(info.hop_nodes[h], 0);
    assert_int_equal(info_of(uni_sample_tensor(sample, UNI_SAMPLE_SOURCES)).shape[0], 0);
    assert_int_equal(info_of(uni_sample_tensor(sample, UNI_SAMPLE_NODES)).shape[0], num_seeds);
    assert_int_equal(uni_sample_tensor(sample, UNI_SAMPLE_EDGE_IDS) != NULL, (flags & UNI_SAMPLE_WITH_EDGE_IDS) != 0);
    uni_sample_release(sample);
  }
}

static void test_empty(void **state) {
  (void)state;
  const int64_t seeds[2] = {4, 3}, isolated[1] = {2}, zeros[4] = {0, 0, 0, 0}, some[2] = {3, -1};
  check_empty(graph, NULL, 0, 2, some);
  check_empty(graph, seeds, 2, 0, NULL);
  check_empty(graph, seeds, 2, 2, zeros);
  check_empty(graph, isolated, 1, 2, some);
  uni_graph *edgeless = make_graph(context, zeros, 3, NULL), *nothing = make_graph(context, zeros, 0, NULL);
  check_empty(edgeless, isolated, 1, 2, some);
  check_empty(nothing, NULL, 0, 2, some);
  uni_sample *sample = NULL;
  const uni_array first = array_1d(UNI_DTYPE_INT64, zeros, 1);
  const uni_sample_options options = with(2, some, 0);
  FAILS_NULL(UNI_STATUS_OUT_OF_BOUNDS, "seeds", sample,
             uni_sample_neighbors(nothing, &first, &options, NULL, &sample, &error));
  uni_graph_release(edgeless);
  uni_graph_release(nothing);
}

/* More than any node has is all of them, up to the largest number there is. */
static void test_large_fanouts(void **state) {
  (void)state;
  const int64_t seeds[] = {0, 3, 7},
                large[] = {1000, INT64_C(1) << 33, INT64_C(1) << 62, (INT64_C(1) << 62) + 1, INT64_MAX};
  uni_graph *small = make_random_graph(context, 50, 9);
  const uni_array from = array_1d(UNI_DTYPE_INT64, seeds, 3);
  int64_t fanouts[2] = {-1, -1};
  uni_sample_options options = UNI_SAMPLE_OPTIONS_INIT;
  options.num_hops = 2;
  options.fanouts = fanouts;
  uni_sample *all = NULL;
  OK(uni_sample_neighbors(small, &from, &options, NULL, &all, &error));
  const uni_sample_info expected = sample_info_of(all);
  assert_true(expected.num_edges > 0);
  for (size_t i = 0; i < sizeof large / sizeof *large; ++i) {
    fanouts[0] = fanouts[1] = large[i];
    uni_sample *sample = NULL;
    OK(uni_sample_neighbors(small, &from, &options, NULL, &sample, &error));
    assert_int_equal(sample_info_of(sample).num_edges, expected.num_edges);
    assert_memory_equal(part_of(sample, UNI_SAMPLE_SOURCES), part_of(all, UNI_SAMPLE_SOURCES),
                        (size_t)expected.num_edges * 8);
    uni_sample_release(sample);
  }
  fanouts[0] = INT64_MAX;
  options.flags = UNI_SAMPLE_REPLACE;
  uni_sample_release(all);
  FAILS_NULL(UNI_STATUS_NOT_SUPPORTED, "2^40", all, uni_sample_neighbors(small, &from, &options, NULL, &all, &error));
  uni_graph_release(small);
}

static void test_refuses(void **state) {
  (void)state;
  const int64_t seeds[3] = {0, 4, 1}, fanouts[16] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
  const uni_array good = array_1d(UNI_DTYPE_INT64, seeds, 3);
  const uni_sample_options good_options = with(2, fanouts, 0);
  uni_sample *sample = NULL;
#define CALL(of, with_seeds, with_options) \
  uni_sample_neighbors((of), (with_seeds), (with_options), NULL, &sample, &error)
  FAILS_NULL(UNI_STATUS_INVALID_ARGUMENT, "graph", sample, CALL(NULL, &good, &good_options));
  FAILS_NULL(UNI_STATUS_INVALID_ARGUMENT, "seeds", sample, CALL(graph, NULL, &good_options));
  FAILS_NULL(UNI_STATUS_INVALID_ARGUMENT, "options", sample, CALL(graph, &good, NULL));
  FAILS(UNI_STATUS_INVALID_ARGUMENT, "sample", uni_sample_neighbors(graph, &good, &good_options, NULL, NULL, &error));
  assert_int_equal(uni_sample_neighbors(NULL, NULL, NULL, NULL, NULL, NULL), UNI_STATUS_INVALID_ARGUMENT);
#define OPTIONS(text, change) \
  do { \
    uni_sample_options options = good_options; \
    change; \
    FAILS_NULL(UNI_STATUS_INVALID_ARGUMENT, (text), sample, CALL(graph, &good, &options)); \
  } while (0)
  OPTIONS("flags", options.flags = 8);
  OPTIONS("flags", options.flags = 0x80000000u);
  OPTIONS("num_hops", options.num_hops = -1);
  OPTIONS("num_hops", options.num_hops = 17);
  OPTIONS("reserved", options.reserved = 1);
  OPTIONS("fanouts", options.fanouts = NULL);
  const int64_t below[2] = {1, -2}, least[2] = {INT64_MIN, 1};
  OPTIONS("fanouts[1]", options.fanouts = below);
  OPTIONS("-2", options.fanouts = below);
  OPTIONS("fanouts[0]", options.fanouts = least);
#undef OPTIONS
#define SEEDS(expected, text, change) \
  do { \
    uni_array bad = good; \
    change; \
    FAILS_NULL((expected), (text), sample, CALL(graph, &bad, &good_options)); \
  } while (0)
  SEEDS(UNI_STATUS_SHAPE_MISMATCH, "seeds", bad.ndim = 2);
  SEEDS(UNI_STATUS_DTYPE_MISMATCH, "seeds", bad.dtype = UNI_DTYPE_UINT64);
  SEEDS(UNI_STATUS_INVALID_ARGUMENT, "seeds", bad.data = NULL);
  SEEDS(UNI_STATUS_INVALID_ARGUMENT, "seeds", bad.shape[0] = -3);
  SEEDS(UNI_STATUS_DEVICE_MISMATCH, "seeds", bad.device_type = UNI_DEVICE_CUDA);
  const int64_t wrong[] = {-1, 5, INT64_MIN, INT64_MAX, (int64_t)1 << 32};
  for (size_t w = 0; w < sizeof wrong / sizeof wrong[0]; ++w)
    for (int place = 0; place < 3; ++place) {
      int64_t changed[3] = {0, 4, 1};
      char position[32], value[32];
      changed[place] = wrong[w];
      snprintf(position, sizeof position, "seeds[%d]", place);
      snprintf(value, sizeof value, "%lld", (long long)wrong[w]);
      SEEDS(UNI_STATUS_OUT_OF_BOUNDS, position, bad.data = changed);
      SEEDS(UNI_STATUS_OUT_OF_BOUNDS, value, bad.data = changed);
    }
#undef SEEDS
#undef CALL
}

static void test_accessors_refuse(void **state) {
  (void)state;
  uni_sample_info info = {0};
  info.struct_size = sizeof info;
  FAILS(UNI_STATUS_INVALID_ARGUMENT, "sample", uni_sample_get_info(NULL, &info, &error));
  FAILS(UNI_STATUS_INVALID_ARGUMENT, "sample", uni_sample_wait(NULL, &error));
  assert_null(uni_sample_nodes(NULL));
  assert_null(uni_sample_tensor(NULL, UNI_SAMPLE_NODES));
  assert_null(uni_sample_retain(NULL));
  uni_sample_release(NULL);
  const int64_t seeds[1] = {0};
  const uni_array borrowed = array_1d(UNI_DTYPE_INT64, seeds, 1);
  const uni_sample_options options = with(0, NULL, 0);
  uni_sample *sample = NULL;
  OK(uni_sample_neighbors(graph, &borrowed, &options, NULL, &sample, &error));
  FAILS(UNI_STATUS_INVALID_ARGUMENT, "info", uni_sample_get_info(sample, NULL, &error));
  uni_sample_release(sample);
}

/* What docs/sampling.md says of any sample, looked up in the graph: each edge is one of the graph's, none is drawn twice
 * without replacement, numbers follow first appearance, and a node with few neighbours gives all of them. */
static void check_structure(const uni_graph *of, const uni_sample *sample, const uni_sample_options *options) {
  const uni_sample_info info = sample_info_of(sample);
  const int64_t *indptr = pointer_of(uni_graph_tensor(of, UNI_GRAPH_INDPTR));
  const int64_t *indices = pointer_of(uni_graph_tensor(of, UNI_GRAPH_INDICES));
  const int64_t *nodes = part_of(sample, UNI_SAMPLE_NODES), *sources = part_of(sample, UNI_SAMPLE_SOURCES);
  const int64_t *targets = part_of(sample, UNI_SAMPLE_TARGETS), *ids = part_of(sample, UNI_SAMPLE_EDGE_IDS);
  int64_t edge = 0, frontier = 0, known = info.hop_nodes[0], next = info.hop_nodes[0];
  for (int32_t h = 0; h < info.num_hops; ++h) {
    const int64_t hop_begin = edge, end = frontier + info.hop_nodes[h];
    for (; frontier < end; ++frontier) {
      const int64_t first = indptr[nodes[frontier]], degree = indptr[nodes[frontier] + 1] - first,
                    k = options->fanouts[h];
      const int replace = (options->flags & UNI_SAMPLE_REPLACE) != 0;
      const int64_t drawn = k < 0 ? degree : degree == 0 ? 0 : replace ? k : degree < k ? degree : k;
      const int64_t begin = edge;
      for (int64_t s = 0; s < drawn; ++s, ++edge) {
        assert_true(edge < info.num_edges);
        assert_int_equal(targets[edge], frontier);
        assert_in_range(ids[edge] - first, 0, degree - 1);
        assert_int_equal(indices[ids[edge]], nodes[sources[edge]]);
        assert_true(sources[edge] <= next);
        if (sources[edge] == next) ++next;
        for (int64_t other = begin; other < edge && !replace; ++other) assert_true(ids[other] != ids[edge]);
        if (k < 0 || (!replace && degree <= k)) assert_int_equal(ids[edge], first + s);
      }
    }
    assert_int_equal(edge - hop_begin, info.hop_edges[h]);
    assert_int_equal(next - known, info.hop_nodes[h + 1]);
    known = next;
  }
  assert_int_equal(edge, info.num_edges);
  assert_int_equal(known, info.num_nodes);
}

static void assert_same_part(const uni_sample *a, const uni_sample *b, int32_t part) {
  const uni_tensor_info info = info_of(uni_sample_tensor(a, part));
  assert_int_equal(info.num_bytes, info_of(uni_sample_tensor(b, part)).num_bytes);
  if (info.num_bytes > 0) assert_memory_equal(part_of(a, part), part_of(b, part), (size_t)info.num_bytes);
}

static void test_threads_do_not_matter(void **state) {
  (void)state;
  enum { num_nodes = 20000, num_seeds = 3000 };
  const int32_t threads[3] = {1, 2, 7};
  static int64_t seeds[num_seeds];
  uint64_t random = 5;
  for (int i = 0; i < num_seeds; ++i) seeds[i] = (int64_t)(next_random(&random) % num_nodes);
  const int64_t fanouts[3] = {10, -1, 3};
  const uni_array borrowed = array_1d(UNI_DTYPE_INT64, seeds, num_seeds);
  for (uint32_t flags = 0; flags < 8; ++flags) {
    const uni_sample_options options = with(3, fanouts, flags | UNI_SAMPLE_WITH_EDGE_IDS);
    uni_sample *reference = NULL;
    for (int t = 0; t < 3; ++t) {
      uni_context *own = make_context(threads[t]);
      uni_graph *large = make_random_graph(own, num_nodes, 9);
      uni_sample *sample = NULL;
      OK(uni_sample_neighbors(large, &borrowed, &options, NULL, &sample, &error));
      if (t == 0) {
        check_structure(large, sample, &options);
        reference = sample;
      } else {
        const uni_sample_info a = sample_info_of(reference), b = sample_info_of(sample);
        assert_memory_equal(&a, &b, sizeof a);
        for (int32_t part = UNI_SAMPLE_NODES; part <= UNI_SAMPLE_SEED_INDEX; ++part)
          assert_same_part(reference, sample, part);
        uni_sample_release(sample);
      }
      uni_graph_release(large);
      uni_context_release(own);
    }
    uni_sample_release(reference);
  }
}

/* Another seed number gives another sample; the same one the same again, also after other calls. */
static void test_seed_number(void **state) {
  (void)state;
  uni_graph *large = make_random_graph(context, 2000, 1);
  int64_t seeds[200];
  for (int i = 0; i < 200; ++i) seeds[i] = 7 * i;
  const int64_t fanouts[2] = {5, 5};
  const uni_array borrowed = array_1d(UNI_DTYPE_INT64, seeds, 200);
  uni_sample_options options = with(2, fanouts, UNI_SAMPLE_WITH_EDGE_IDS);
  uni_sample *samples[3];
  for (int i = 0; i < 3; ++i) {
    options.seed = i == 1 ? 43 : 42;
    OK(uni_sample_neighbors(large, &borrowed, &options, NULL, &samples[i], &error));
  }
  for (int32_t part = UNI_SAMPLE_NODES; part <= UNI_SAMPLE_SEED_INDEX; ++part)
    assert_same_part(samples[0], samples[2], part);
  const int64_t first_hop = sample_info_of(samples[0]).hop_edges[0];
  assert_int_equal(first_hop, sample_info_of(samples[1]).hop_edges[0]);
  assert_memory_not_equal(part_of(samples[0], UNI_SAMPLE_EDGE_IDS), part_of(samples[1], UNI_SAMPLE_EDGE_IDS),
                          (size_t)first_hop * 8);
  uni_statistics statistics = {0};
  statistics.struct_size = sizeof statistics;
  uni_context_reset_statistics(context);
  uni_sample_release(samples[1]);
  OK(uni_sample_neighbors(large, &borrowed, &options, NULL, &samples[1], &error));
  OK(uni_context_statistics(context, &statistics, &error));
  assert_int_equal(statistics.sample_calls, 1);
  assert_int_equal(statistics.sample_nodes, sample_info_of(samples[0]).num_nodes);
  assert_int_equal(statistics.sample_edges, sample_info_of(samples[0]).num_edges);
  for (int i = 0; i < 3; ++i) uni_sample_release(samples[i]);
  uni_graph_release(large);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_all_neighbours),   cmocka_unit_test(test_edge_ids),
      cmocka_unit_test(test_repeated_seeds),   cmocka_unit_test(test_empty),
      cmocka_unit_test(test_large_fanouts),    cmocka_unit_test(test_refuses),
      cmocka_unit_test(test_accessors_refuse), cmocka_unit_test(test_threads_do_not_matter),
      cmocka_unit_test(test_seed_number),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
