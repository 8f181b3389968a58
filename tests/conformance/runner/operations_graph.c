/* SPDX-License-Identifier: Apache-2.0 */
/* Graphs and neighbour sampling. */
#include <errno.h>

#include "runner.h"

static uni_status create_graph(uni_context *context, const cJSON *test, uni_graph **graph, uni_error *error) {
  uni_tensor *indptr = tensor_of(context, member(test, "indptr"), 0);
  uni_tensor *indices = tensor_of(context, member(test, "indices"), 0);
  uni_tensor *edge_ids = NULL;
  if (optional_member(test, "edge_ids") != NULL) edge_ids = tensor_of(context, member(test, "edge_ids"), 0);
  uni_graph_desc desc = UNI_GRAPH_DESC_INIT;
  desc.indptr = indptr;
  desc.indices = indices;
  desc.edge_ids = edge_ids;
  const uni_status status = uni_graph_create(context, &desc, graph, error);
  uni_tensor_release(edge_ids);
  uni_tensor_release(indices);
  uni_tensor_release(indptr);
  return status;
}

void run_graph(uni_context *context, const cJSON *test) {
  allow_members(test, "name operation indptr indices edge_ids expect ");
  const cJSON *expect = member(test, "expect");
  allow_members(expect, "status message num_nodes num_edges ");
  uni_graph *graph = NULL;
  uni_error error = UNI_ERROR_INIT;
  const uni_status status = create_graph(context, test, &graph, &error);
  if (!check_status(test, status, &error)) {
    assert_null(graph);
    return;
  }
  uni_graph_info info = {.struct_size = sizeof info};
  assert_int_equal(uni_graph_get_info(graph, &info, &error), UNI_STATUS_OK);
  assert_int_equal(info.num_nodes, integer_member(expect, "num_nodes"));
  assert_int_equal(info.num_edges, integer_member(expect, "num_edges"));
  assert_int_equal(info.has_edge_ids, optional_member(test, "edge_ids") != NULL);
  uni_graph_release(graph);
}

static uint32_t flags_of(const cJSON *test) {
  uint32_t flags = 0;
  const cJSON *item;
  cJSON_ArrayForEach(item, member(test, "flags")) {
    const char *word = cJSON_IsString(item) ? item->valuestring : "";
    if (strcmp(word, "replace") == 0)
      flags |= UNI_SAMPLE_REPLACE;
    else if (strcmp(word, "edge_ids") == 0)
      flags |= UNI_SAMPLE_WITH_EDGE_IDS;
    else if (strcmp(word, "unique_seeds") == 0)
      flags |= UNI_SAMPLE_UNIQUE_SEEDS;
    else
      fail_msg("the runner does not know the flag \"%s\"", word);
  }
  return flags;
}

static void check_counts(const char *what, const cJSON *expect, const int64_t *counts, int32_t length) {
  int64_t expected[UNI_MAX_HOPS + 1] = {0};
  assert_int_equal(integers_member(expect, what, expected, UNI_MAX_HOPS + 1), length);
  for (int32_t i = 0; i < length; ++i)
    if (counts[i] != expected[i])
      fail_msg("%s[%d] is %lld, expected %lld", what, (int)i, (long long)counts[i], (long long)expected[i]);
}

static void check_sample(const cJSON *test, const cJSON *expect, uni_sample *sample) {
  static const struct {
    const char *name;
    int32_t part;
  } parts[] = {{"nodes", UNI_SAMPLE_NODES},
               {"sources", UNI_SAMPLE_SOURCES},
               {"targets", UNI_SAMPLE_TARGETS},
               {"seed_index", UNI_SAMPLE_SEED_INDEX},
               {"edge_ids", UNI_SAMPLE_EDGE_IDS}};
  uni_error error = UNI_ERROR_INIT;
  if (uni_sample_wait(sample, &error) != UNI_STATUS_OK) fail_msg("uni_sample_wait: %s", error.message);
  uni_sample_info info = {.struct_size = sizeof info};
  assert_int_equal(uni_sample_get_info(sample, &info, &error), UNI_STATUS_OK);
  check_counts("hop_nodes", expect, info.hop_nodes, info.num_hops + 1);
  check_counts("hop_edges", expect, info.hop_edges, info.num_hops);
  array seeds = array_of(member(test, "seeds"));
  assert_int_equal(info.num_seeds, seeds.descriptor.shape[0]);
  free_array(&seeds);
  int64_t num_nodes = 0, num_edges = 0;
  for (int32_t i = 0; i <= info.num_hops; ++i) num_nodes += info.hop_nodes[i];
  for (int32_t i = 0; i < info.num_hops; ++i) num_edges += info.hop_edges[i];
  assert_int_equal(info.num_nodes, num_nodes);
  assert_int_equal(info.num_edges, num_edges);
  for (size_t p = 0; p < sizeof parts / sizeof parts[0]; ++p) {
    const uni_tensor *tensor = uni_sample_tensor(sample, parts[p].part);
    if (parts[p].part == UNI_SAMPLE_EDGE_IDS && !(flags_of(test) & UNI_SAMPLE_WITH_EDGE_IDS)) {
      assert_null(optional_member(expect, "edge_ids"));
      assert_null(tensor);
      continue;
    }
    assert_non_null(tensor);
    check_tensor(parts[p].name, member(expect, parts[p].name), tensor);
  }
  assert_int_equal(uni_sample_nodes(sample)->shape[0], num_nodes);
}

void run_sample_neighbors(uni_context *context, const cJSON *test) {
  enum { most_fanouts = 64 };
  allow_members(test, "name operation indptr indices edge_ids seeds fanouts seed flags expect ");
  const cJSON *expect = member(test, "expect");
  allow_members(expect, "status message nodes sources targets edge_ids seed_index hop_nodes hop_edges ");
  uni_graph *graph = NULL;
  uni_error error = UNI_ERROR_INIT;
  if (create_graph(context, test, &graph, &error) != UNI_STATUS_OK) fail_msg("the graph: %s", error.message);
  operand seeds = operand_of(context, member(test, "seeds"));
  int64_t fanouts[most_fanouts];
  uni_sample_options options = UNI_SAMPLE_OPTIONS_INIT;
  options.num_hops = integers_member(test, "fanouts", fanouts, most_fanouts);
  options.fanouts = fanouts;
  options.flags = flags_of(test);
  const char *seed = text_member(test, "seed");
  char *end = NULL;
  errno = 0;
  options.seed = strtoull(seed, &end, 10);
  if (errno != 0 || *end != '\0' || end == seed) fail_msg("\"%s\" is no 64-bit number", seed);
  uni_sample *sample = NULL;
  uni_status status = uni_sample_neighbors(graph, &seeds.descriptor, &options, NULL, &sample, &error);
  const int failed_at_once = status != UNI_STATUS_OK;
  if (!failed_at_once) status = uni_sample_wait(sample, &error);
  if (check_status(test, status, &error))
    check_sample(test, expect, sample);
  else if (failed_at_once || !on_device())
    assert_null(sample);
  uni_sample_release(sample);
  free_operand(&seeds);
  uni_graph_release(graph);
}
