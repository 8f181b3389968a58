/* SPDX-License-Identifier: Apache-2.0 */
/* Graphs for the tests of graph.h and sample.h. */
#ifndef TESTS_GRAPH_SUPPORT_H
#define TESTS_GRAPH_SUPPORT_H

#include "support.h"

/* A graph of int64 arrays, which are copied. */
static inline uni_graph *make_graph(uni_context *context, const int64_t *indptr, int64_t num_nodes,
                                    const int64_t *indices) {
  const int64_t num_edges = indptr[num_nodes];
  uni_tensor *starts = make_int64(context, num_nodes + 1, indptr), *ends = make_int64(context, num_edges, indices);
  uni_graph_desc desc = UNI_GRAPH_DESC_INIT;
  desc.indptr = starts;
  desc.indices = ends;
  uni_graph *graph = NULL;
  OK(uni_graph_create(context, &desc, &graph, &error));
  uni_tensor_release(starts);
  uni_tensor_release(ends);
  return graph;
}

/* Degrees from 0 to about 40, some nodes with 500, neighbours anywhere. */
static inline uni_graph *make_random_graph(uni_context *context, int64_t num_nodes, uint64_t seed) {
  int64_t *indptr = malloc((size_t)(num_nodes + 1) * 8);
  indptr[0] = 0;
  for (int64_t v = 0; v < num_nodes; ++v) {
    const uint64_t draw = next_random(&seed);
    indptr[v + 1] = indptr[v] + (draw % 1000 == 0 ? 500 : draw % 8 == 0 ? 0 : (int64_t)(draw >> 32) % 41);
  }
  int64_t *indices = malloc((size_t)indptr[num_nodes] * 8 + 8);
  for (int64_t e = 0; e < indptr[num_nodes]; ++e) indices[e] = (int64_t)(next_random(&seed) % (uint64_t)num_nodes);
  uni_graph *graph = make_graph(context, indptr, num_nodes, indices);
  free(indptr);
  free(indices);
  return graph;
}

static inline uni_sample_info sample_info_of(const uni_sample *sample) {
  uni_sample_info info = {0};
  info.struct_size = sizeof info;
  OK(uni_sample_get_info(sample, &info, &error));
  return info;
}

static inline const int64_t *part_of(const uni_sample *sample, int32_t part) {
  return pointer_of(uni_sample_tensor(sample, part));
}

#endif
