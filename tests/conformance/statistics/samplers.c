/* SPDX-License-Identifier: Apache-2.0 */
#include "samplers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unitensor/unitensor.h"

const char *const bias_names[BIAS_COUNT] = {"none",      "modulo",     "shifted",      "no swap", "keeps last",
                                            "same half", "node pairs", "all nodes",    "no hop",  "hop as seed",
                                            "no method", "seed pairs", "seed low word"};

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

/* The nodes that draw come first, each with loops as its neighbours. For a later hop there is a chain of nodes before
 * each of them: node L num_nodes + v leads to (L - 1) num_nodes + v. */
void draw_by_library(const void *self, const draws *what, int64_t *positions) {
  uni_context *context = (uni_context *)(uintptr_t)self;
  const int64_t nodes = what->num_nodes, chained = nodes * what->hop, own = nodes * what->degree;
  int64_t *starts, *ends, *first;
  uni_tensor *indptr = int64_tensor(context, nodes + chained + 1, &starts);
  uni_tensor *indices = int64_tensor(context, own + chained, &ends);
  uni_tensor *seeds = int64_tensor(context, nodes, &first);
  for (int64_t v = 0; v <= nodes + chained; ++v) starts[v] = v <= nodes ? v * what->degree : own + v - nodes;
  for (int64_t e = 0; e < own; ++e) ends[e] = e / what->degree;
  for (int64_t v = 0; v < chained; ++v) ends[own + v] = v;
  for (int64_t v = 0; v < nodes; ++v) first[v] = chained + v;
  uni_graph_desc desc = UNI_GRAPH_DESC_INIT;
  desc.indptr = indptr;
  desc.indices = indices;
  int64_t fanouts[UNI_MAX_HOPS];
  for (int hop = 0; hop < what->hop; ++hop) fanouts[hop] = -1;
  fanouts[what->hop] = what->fanout;
  uni_sample_options options = UNI_SAMPLE_OPTIONS_INIT;
  options.num_hops = what->hop + 1;
  options.fanouts = fanouts;
  options.seed = what->seed;
  options.flags = UNI_SAMPLE_WITH_EDGE_IDS | (what->replace ? UNI_SAMPLE_REPLACE : 0);
  uni_error error = UNI_ERROR_INIT;
  uni_graph *graph = NULL;
  uni_sample *sample = NULL;
  uni_sample_info info = {0};
  info.struct_size = sizeof info;
  void *edge_ids = NULL;
  require(uni_graph_create(context, &desc, &graph, &error), &error);
  require(uni_sample_neighbors(graph, uni_tensor_array(seeds), &options, NULL, &sample, &error), &error);
  require(uni_sample_get_info(sample, &info, &error), &error);
  require(uni_tensor_host_pointer(uni_sample_tensor(sample, UNI_SAMPLE_EDGE_IDS), &edge_ids, &error), &error);
  if (info.hop_edges[what->hop] != nodes * what->fanout) {
    fprintf(stderr, "%lld edges were drawn, expected %lld\n", (long long)info.hop_edges[what->hop],
            (long long)(nodes * what->fanout));
    exit(2);
  }
  const int64_t *drawn = (const int64_t *)edge_ids + (info.num_edges - info.hop_edges[what->hop]);
  for (int64_t i = 0; i < nodes * what->fanout; ++i) positions[i] = drawn[i] - i / what->fanout * what->degree;
  uni_sample_release(sample);
  uni_graph_release(graph);
  uni_tensor_release(seeds);
  uni_tensor_release(indices);
  uni_tensor_release(indptr);
}

/* --- samplers of this test's own --- */

static void philox4x32_10(uint32_t counter[4], uint32_t key0, uint32_t key1) {
  for (int round = 0; round < 10; ++round) {
    const uint64_t p0 = (uint64_t)0xd2511f53u * counter[0], p1 = (uint64_t)0xcd9e8d57u * counter[2];
    const uint32_t next[4] = {(uint32_t)(p1 >> 32) ^ counter[1] ^ key0, (uint32_t)p1,
                              (uint32_t)(p0 >> 32) ^ counter[3] ^ key1, (uint32_t)p0};
    memcpy(counter, next, sizeof next);
    key0 += 0x9e3779b9u;
    key1 += 0xbb67ae85u;
  }
}

static uint64_t subkey_of(bias wrong, const draws *what) {
  uint64_t seed = what->seed;
  int hop = what->hop;
  if (wrong == BIAS_NO_HOP || wrong == BIAS_HOP_AS_SEED) hop = 0;
  if (wrong == BIAS_HOP_AS_SEED) seed += (uint64_t)what->hop;
  if (wrong == BIAS_SEED_PAIRS) seed &= ~(uint64_t)1;
  if (wrong == BIAS_SEED_LOW_WORD) seed = (uint32_t)seed;
  uint32_t words[4] = {0, 0, (uint32_t)hop, what->replace && wrong != BIAS_NO_METHOD ? 2 : 1};
  philox4x32_10(words, (uint32_t)seed, (uint32_t)(seed >> 32));
  return words[0] | (uint64_t)words[1] << 32;
}

static uint64_t number_of(bias wrong, uint64_t subkey, int64_t node, int64_t slot) {
  if (wrong == BIAS_NODE_PAIRS) node /= 2;
  if (wrong == BIAS_ALL_NODES) node = 0;
  const uint64_t block = (uint64_t)slot / 2;
  uint32_t words[4] = {(uint32_t)node, (uint32_t)((uint64_t)node >> 32), (uint32_t)block, (uint32_t)(block >> 32)};
  philox4x32_10(words, (uint32_t)subkey, (uint32_t)(subkey >> 32));
  const int half = wrong == BIAS_SAME_HALF ? 0 : (int)(slot & 1);
  return words[2 * half] | (uint64_t)words[2 * half + 1] << 32;
}

static int64_t below(bias wrong, int64_t n, uint64_t number) {
  if (wrong == BIAS_MODULO) return (int64_t)((number >> 56) % (uint64_t)n);
  if (wrong == BIAS_SHIFTED && n > 1) --n;
  /* The upper half of a 64 by 64 bit product; n has less than 32 bits here. */
  const uint64_t factor = (uint64_t)n;
  return (int64_t)((factor * (number >> 32) + (factor * (uint32_t)number >> 32)) >> 32);
}

static int is_among(const int64_t *chosen, int64_t count, int64_t position) {
  for (int64_t i = 0; i < count; ++i)
    if (chosen[i] == position) return 1;
  return 0;
}

void draw_planted(const void *self, const draws *what, int64_t *positions) {
  const bias wrong = *(const bias *)self;
  const uint64_t subkey = subkey_of(wrong, what);
  for (int64_t node = 0; node < what->num_nodes; ++node) {
    int64_t *chosen = positions + node * what->fanout;
    for (int64_t slot = 0; slot < what->fanout; ++slot) {
      const uint64_t number = number_of(wrong, subkey, node, slot);
      if (what->replace) {
        chosen[slot] = below(wrong, what->degree, number);
        continue;
      }
      const int64_t last = what->degree - what->fanout + slot;
      int64_t position = below(wrong, last + 1, number);
      if (wrong == BIAS_NO_SWAP)
        while (is_among(chosen, slot, position)) position = (position + 1) % (last + 1);
      chosen[slot] = is_among(chosen, slot, position) ? last : position;
    }
    if (wrong == BIAS_KEEPS_LAST && !is_among(chosen, what->fanout, what->degree - 1))
      chosen[what->fanout - 1] = what->degree - 1;
  }
}
