/* SPDX-License-Identifier: Apache-2.0 */
/* graph.h, apart from files, and sample.h. */
#include "cases.h"

static void make_parts(fixture *f) {
  make_context(f);
  f->tensor = make_int64(f, indptr_data, graph_nodes + 1);
  f->index = make_int64(f, indices_data, graph_edges);
}

static uni_status create(fixture *f) {
  uni_graph_desc desc = UNI_GRAPH_DESC_INIT;
  desc.indptr = f->tensor;
  desc.indices = f->index;
  return uni_graph_create(f->context, &desc, (uni_graph **)&f->made, &f->error);
}

static int parts_are_unchanged(fixture *f, uni_status status) {
  (void)status;
  return memcmp(host_data(f->tensor), indptr_data, sizeof indptr_data) == 0 &&
         memcmp(host_data(f->index), indices_data, sizeof indices_data) == 0;
}

static uni_status get_info(fixture *f) {
  uni_graph_info info = {0};
  info.struct_size = sizeof info;
  return uni_graph_get_info(f->graph, &info, &f->error);
}

static uni_status tensor(fixture *f) { return uni_graph_tensor(f->graph, UNI_GRAPH_INDICES) != NULL ? 0 : -1; }

static uni_status retain(fixture *f) {
  uni_graph_release(uni_graph_retain(f->graph));
  return UNI_STATUS_OK;
}

static uni_status release(fixture *f) {
  uni_graph_release(f->graph);
  uni_graph_release(NULL);
  f->graph = NULL;
  return UNI_STATUS_OK;
}

static uni_status sample_with(fixture *f, uint32_t flags) {
  static const int64_t fanouts[2] = {5, 4};
  const uni_array seeds = UNI_ARRAY_1D(UNI_DTYPE_INT64, seeds_data, num_seeds);
  uni_sample_options options = UNI_SAMPLE_OPTIONS_INIT;
  options.num_hops = 2;
  options.fanouts = fanouts;
  options.flags = flags;
  options.seed = 3;
  return uni_sample_neighbors(f->graph, &seeds, &options, NULL, (uni_sample **)&f->made, &f->error);
}

static uni_status sample(fixture *f) { return sample_with(f, UNI_SAMPLE_WITH_EDGE_IDS); }
static uni_status sample_replace(fixture *f) { return sample_with(f, UNI_SAMPLE_REPLACE | UNI_SAMPLE_UNIQUE_SEEDS); }

/* Each edge is one of the graph, so that half-done work that was called a success is seen. */
static int sample_is_right(fixture *f, uni_status status) {
  if (memcmp(host_data(uni_graph_tensor(f->graph, UNI_GRAPH_INDICES)), indices_data, sizeof indices_data) != 0)
    return 0;
  if (status != UNI_STATUS_OK) return 1;
  uni_sample_info info = {0};
  info.struct_size = sizeof info;
  if (uni_sample_get_info(f->made, &info, NULL) != UNI_STATUS_OK) return 0;
  const int64_t *nodes = host_data(uni_sample_tensor(f->made, UNI_SAMPLE_NODES));
  const int64_t *sources = host_data(uni_sample_tensor(f->made, UNI_SAMPLE_SOURCES));
  const int64_t *targets = host_data(uni_sample_tensor(f->made, UNI_SAMPLE_TARGETS));
  if (info.num_edges < num_seeds) return 0;
  for (int64_t e = 0; e < info.num_edges; ++e) {
    const int64_t node = nodes[targets[e]];
    int found = 0;
    for (int64_t p = indptr_data[node]; p < indptr_data[node + 1]; ++p) found |= indices_data[p] == nodes[sources[e]];
    if (!found) return 0;
  }
  return 1;
}

static void make_sample(fixture *f) {
  make_graph(f);
  need(sample(f), &f->error, "uni_sample_neighbors");
  f->sample = f->made;
  f->made = NULL;
}

static uni_status sample_get_info(fixture *f) {
  uni_sample_info info = {0};
  info.struct_size = sizeof info;
  return uni_sample_get_info(f->sample, &info, &f->error);
}

static uni_status sample_wait(fixture *f) { return uni_sample_wait(f->sample, &f->error); }
static uni_status sample_nodes(fixture *f) { return uni_sample_nodes(f->sample) != NULL ? 0 : -1; }
static uni_status sample_tensor(fixture *f) {
  return uni_sample_tensor(f->sample, UNI_SAMPLE_TARGETS) != NULL ? 0 : -1;
}

static uni_status sample_retain(fixture *f) {
  uni_sample_release(uni_sample_retain(f->sample));
  return UNI_STATUS_OK;
}

static uni_status sample_release(fixture *f) {
  uni_sample_release(f->sample);
  uni_sample_release(NULL);
  f->sample = NULL;
  return UNI_STATUS_OK;
}

static const fault_case cases[] = {
    {"uni_graph_create", "", make_parts, create, parts_are_unchanged, MADE_GRAPH, 0},
    {"uni_graph_get_info", "", make_graph, get_info, NULL, MADE_NOTHING, CASE_CANNOT_FAIL},
    {"uni_graph_tensor", "", make_graph, tensor, NULL, MADE_NOTHING, CASE_CANNOT_FAIL},
    {"uni_graph_retain", "", make_graph, retain, NULL, MADE_NOTHING, CASE_CANNOT_FAIL},
    {"uni_graph_release", "", make_graph, release, NULL, MADE_NOTHING, CASE_CANNOT_FAIL | CASE_USES_UP},
    {"uni_sample_neighbors", "", make_graph, sample, sample_is_right, MADE_SAMPLE, 0},
    {"uni_sample_neighbors", "replace", make_graph, sample_replace, sample_is_right, MADE_SAMPLE, 0},
    {"uni_sample_get_info", "", make_sample, sample_get_info, NULL, MADE_NOTHING, CASE_CANNOT_FAIL},
    {"uni_sample_wait", "", make_sample, sample_wait, NULL, MADE_NOTHING, CASE_CANNOT_FAIL},
    {"uni_sample_nodes", "", make_sample, sample_nodes, NULL, MADE_NOTHING, CASE_CANNOT_FAIL},
    {"uni_sample_tensor", "", make_sample, sample_tensor, NULL, MADE_NOTHING, CASE_CANNOT_FAIL},
    {"uni_sample_retain", "", make_sample, sample_retain, NULL, MADE_NOTHING, CASE_CANNOT_FAIL},
    {"uni_sample_release", "", make_sample, sample_release, NULL, MADE_NOTHING, CASE_CANNOT_FAIL | CASE_USES_UP},
};

case_list graph_cases(void) { return (case_list){cases, sizeof cases / sizeof cases[0]}; }
