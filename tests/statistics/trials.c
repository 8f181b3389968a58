/* SPDX-License-Identifier: Apache-2.0 */
#include "trials.h"

#include <stdio.h>
#include <stdlib.h>

#include "unitensor/unitensor.h"

const char *const planted_names[PLANTED_COUNT] = {"none",
                                                  "modulo of 8 bits",
                                                  "modulo of 16 bits",
                                                  "over the degree",
                                                  "keeps a duplicate",
                                                  "last free position",
                                                  "slot pairs",
                                                  "all nodes",
                                                  "no hop",
                                                  "seed pairs",
                                                  "seed low word",
                                                  "seed plus node"};

int64_t num_trials(const trials *what) { return what->num_nodes * what->num_seeds; }

void *zeroed(int64_t count, int64_t size) {
  void *memory = calloc((size_t)(count > 0 ? count : 1), (size_t)size);
  if (memory == NULL) {
    fprintf(stderr, "out of memory\n");
    exit(2);
  }
  return memory;
}

/* --- the library --- */

static void require(uni_status status, const uni_error *error) {
  if (status == UNI_STATUS_OK) return;
  fprintf(stderr, "%s\n", error->message);
  exit(2);
}

static uni_tensor *int64_tensor(uni_context *context, int64_t length, int64_t **data) {
  uni_tensor_desc desc = UNI_TENSOR_DESC_INIT;
  desc.memory = UNI_MEMORY_HOST;
  desc.dtype = UNI_DTYPE_INT64;
  desc.ndim = 1;
  desc.shape[0] = length;
  uni_error error = UNI_ERROR_INIT;
  uni_tensor *tensor = NULL;
  void *pointer = NULL;
  require(uni_tensor_create(context, &desc, &tensor, &error), &error);
  require(uni_tensor_host_pointer(tensor, &pointer, &error), &error);
  *data = pointer;
  return tensor;
}

static void draw_once(const uni_graph *graph, const uni_tensor *seeds, const trials *what, uint64_t seed,
                      int64_t *positions) {
  const int64_t fanouts[2] = {what->fanout, what->fanout};
  const int64_t expected = what->num_nodes * what->fanout;
  uni_sample_options options = UNI_SAMPLE_OPTIONS_INIT;
  options.num_hops = what->hop + 1;
  options.fanouts = fanouts;
  options.seed = seed;
  options.flags = UNI_SAMPLE_WITH_EDGE_IDS | (what->replace ? UNI_SAMPLE_REPLACE : 0);
  uni_error error = UNI_ERROR_INIT;
  uni_sample *sample = NULL;
  uni_sample_info info = {0};
  info.struct_size = sizeof info;
  void *edge_ids = NULL;
  require(uni_sample_neighbors(graph, uni_tensor_array(seeds), &options, NULL, &sample, &error), &error);
  require(uni_sample_wait(sample, &error), &error);
  require(uni_sample_get_info(sample, &info, &error), &error);
  require(uni_tensor_host_pointer(uni_sample_tensor(sample, UNI_SAMPLE_EDGE_IDS), &edge_ids, &error), &error);
  if (info.hop_edges[what->hop] != expected) {
    fprintf(stderr, "hop %d has %lld edges, expected %lld\n", what->hop, (long long)info.hop_edges[what->hop],
            (long long)expected);
    exit(2);
  }
  const int64_t *drawn = (const int64_t *)edge_ids + (info.num_edges - expected);
  for (int64_t i = 0; i < expected; ++i) {
    positions[i] = drawn[i] - i / what->fanout * what->degree;
    if (positions[i] < 0 || positions[i] >= what->degree) {
      fprintf(stderr, "edge %lld is no neighbour of node %lld\n", (long long)drawn[i], (long long)(i / what->fanout));
      exit(2);
    }
  }
  uni_sample_release(sample);
}

/* The nodes that draw come first, each with loops as its neighbours. For hop 1 node num_nodes + v, a seed, has nothing
 * but edges to v, so that whatever it draws in hop 0 makes v the next frontier's node. */
void draw_by_library(const void *self, const trials *what, int64_t *positions) {
  uni_context *context = (uni_context *)(uintptr_t)self;
  const int64_t nodes = what->num_nodes * (what->hop + 1);
  int64_t *starts, *ends, *first;
  uni_tensor *indptr = int64_tensor(context, nodes + 1, &starts);
  uni_tensor *indices = int64_tensor(context, nodes * what->degree, &ends);
  uni_tensor *seeds = int64_tensor(context, what->num_nodes, &first);
  for (int64_t v = 0; v <= nodes; ++v) starts[v] = v * what->degree;
  for (int64_t v = 0; v < nodes; ++v)
    for (int64_t e = starts[v]; e < starts[v + 1]; ++e) ends[e] = v % what->num_nodes;
  for (int64_t v = 0; v < what->num_nodes; ++v) first[v] = nodes - what->num_nodes + v;
  uni_graph_desc desc = UNI_GRAPH_DESC_INIT;
  desc.indptr = indptr;
  desc.indices = indices;
  uni_error error = UNI_ERROR_INIT;
  uni_graph *graph = NULL;
  require(uni_graph_create(context, &desc, &graph, &error), &error);
  for (int64_t i = 0; i < what->num_seeds; ++i)
    draw_once(graph, seeds, what, what->first_seed + (uint64_t)i, positions + i * what->num_nodes * what->fanout);
  uni_graph_release(graph);
  uni_tensor_release(seeds);
  uni_tensor_release(indices);
  uni_tensor_release(indptr);
}

/* --- samplers of this test's own --- */

/* The finalizer of SplitMix64 (Steele, Lea and Flood, Fast splittable pseudorandom number generators, OOPSLA 2014). */
static uint64_t mix(uint64_t z) {
  z += 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

static uint64_t stream_of(planted wrong, const trials *what, uint64_t seed, int64_t node) {
  uint64_t hop = (uint64_t)what->hop, which = (uint64_t)node;
  if (wrong == PLANTED_ALL_NODES) which = 0;
  if (wrong == PLANTED_NO_HOP) hop = 0;
  if (wrong == PLANTED_SEED_PAIRS) seed &= ~(uint64_t)1;
  if (wrong == PLANTED_SEED_LOW_WORD) seed = (uint32_t)seed;
  if (wrong == PLANTED_SEED_PLUS_NODE) {
    seed += which;
    which = 0;
  }
  return mix(mix(mix(mix(seed) + hop) + (uint64_t)what->replace) + which);
}

static int64_t below(planted wrong, int64_t n, uint64_t stream, int64_t slot) {
  const uint64_t number = mix(stream + (uint64_t)(wrong == PLANTED_SLOT_PAIRS ? slot / 2 : slot)), factor = (uint64_t)n;
  if (wrong == PLANTED_MODULO_8) return (int64_t)((number >> 56) % factor);
  if (wrong == PLANTED_MODULO_16) return (int64_t)((number >> 48) % factor);
  /* The upper half of a 64 by 64 bit product; n has less than 32 bits here. */
  return (int64_t)((factor * (number >> 32) + (factor * (uint32_t)number >> 32)) >> 32);
}

/* last_trial[position] is the last trial, counted from 1, that has drawn the position. */
static void draw_trial(planted wrong, const trials *what, uint64_t stream, int64_t trial, int64_t *last_trial,
                       int64_t *chosen) {
  const int64_t d = what->degree;
  for (int64_t slot = 0; slot < what->fanout; ++slot) {
    if (what->replace) {
      chosen[slot] = below(wrong, d, stream, slot);
      continue;
    }
    const int64_t j = d - what->fanout + slot;
    int64_t position = below(wrong, wrong == PLANTED_OVER_DEGREE ? d : j + 1, stream, slot);
    if (last_trial[position] == trial && wrong != PLANTED_DUPLICATE) {
      position = wrong == PLANTED_LAST_FREE ? d - 1 : j;
      /* A spoiled draw may have taken that one too: the result is to be wrong in its frequencies alone. */
      while (last_trial[position] == trial) position = (position + d - 1) % d;
    }
    last_trial[position] = trial;
    chosen[slot] = position;
  }
}

void draw_planted(const void *self, const trials *what, int64_t *positions) {
  const planted wrong = *(const planted *)self;
  int64_t *last_trial = zeroed(what->degree, sizeof *last_trial);
  for (int64_t trial = 0; trial < num_trials(what); ++trial) {
    const uint64_t seed = what->first_seed + (uint64_t)(trial / what->num_nodes);
    const uint64_t stream = stream_of(wrong, what, seed, trial % what->num_nodes);
    draw_trial(wrong, what, stream, trial + 1, last_trial, positions + trial * what->fanout);
  }
  free(last_trial);
}
