/* SPDX-License-Identifier: Apache-2.0 */
/* Any numbers as a graph; where it is accepted, it is right, and samples of it are made of its edges. */
#include "fuzz.h"

enum { max_nodes = 40, max_edges = 120, max_seeds = 20, max_hops = 5 };

static uni_tensor *make(const int64_t *values, int64_t length, int narrow) {
  uni_tensor_desc desc = UNI_TENSOR_DESC_INIT;
  desc.memory = UNI_MEMORY_HOST;
  desc.dtype = narrow ? UNI_DTYPE_INT32 : UNI_DTYPE_INT64;
  desc.ndim = 1;
  desc.shape[0] = length;
  uni_tensor *tensor = NULL;
  CHECK(uni_tensor_create(fuzz_context(), &desc, &tensor, NULL) == UNI_STATUS_OK);
  void *data = NULL;
  CHECK(uni_tensor_host_pointer(tensor, &data, NULL) == UNI_STATUS_OK);
  for (int64_t i = 0; i < length; ++i) {
    if (narrow)
      ((int32_t *)data)[i] = (int32_t)values[i];
    else
      ((int64_t *)data)[i] = values[i];
  }
  return tensor;
}

static int64_t value_at(const uni_tensor *tensor, int64_t i) {
  const uni_array *array = uni_tensor_array(tensor);
  CHECK(i >= 0 && i < array->shape[0]);
  return array->dtype == UNI_DTYPE_INT32 ? ((int32_t *)array->data)[i] : ((int64_t *)array->data)[i];
}

static int64_t take_number(reader *r, int narrow) {
  const uint8_t form = take_byte(r);
  const int64_t value = form == 255 ? take_int64(r) : form == 254 ? (int8_t)take_byte(r) : form;
  return narrow ? (int32_t)value : value;
}

static void sample(reader *r, const uni_graph *graph, const int64_t *indptr, const int64_t *indices,
                   int64_t num_nodes) {
  int64_t seeds[max_seeds], fanouts[max_hops];
  const int64_t num_seeds = take_byte(r) % max_seeds;
  int good = 1;
  for (int64_t i = 0; i < num_seeds; ++i) {
    const uint8_t form = take_byte(r);
    seeds[i] = form >= 250 ? take_int64(r) : num_nodes > 0 ? form % num_nodes : 0;
    good &= seeds[i] >= 0 && seeds[i] < num_nodes;
  }
  uni_sample_options options = UNI_SAMPLE_OPTIONS_INIT;
  options.num_hops = take_byte(r) % max_hops;
  options.flags = take_byte(r) % 8;
  options.seed = (uint64_t)take_int64(r);
  options.fanouts = fanouts;
  for (int32_t h = 0; h < options.num_hops; ++h) {
    const uint8_t form = take_byte(r);
    fanouts[h] = (int64_t)(form % 8) - 2;
    /* As many draws with replacement would ask for as many edges. */
    if (form >= 240 && (options.flags & UNI_SAMPLE_REPLACE) == 0) fanouts[h] = take_int64(r);
    good &= fanouts[h] >= -1;
  }
  const uni_array borrowed = UNI_ARRAY_1D(UNI_DTYPE_INT64, seeds, num_seeds);
  uni_error error = UNI_ERROR_INIT;
  uni_sample *made = NULL;
  const uni_status status = uni_sample_neighbors(graph, &borrowed, &options, NULL, &made, &error);
  check_outcome(status, made, &error);
  CHECK((status == UNI_STATUS_OK) == good);
  if (made == NULL) return;
  uni_sample_info info = {0};
  info.struct_size = sizeof info;
  CHECK(uni_sample_get_info(made, &info, NULL) == UNI_STATUS_OK);
  CHECK(info.num_seeds == num_seeds);
  const uni_tensor *nodes = uni_sample_tensor(made, UNI_SAMPLE_NODES);
  for (int64_t e = 0; e < info.num_edges; ++e) {
    const int64_t source = value_at(nodes, value_at(uni_sample_tensor(made, UNI_SAMPLE_SOURCES), e));
    const int64_t target = value_at(nodes, value_at(uni_sample_tensor(made, UNI_SAMPLE_TARGETS), e));
    int found = 0;
    for (int64_t p = indptr[target]; p < indptr[target + 1]; ++p) found |= indices[p] == source;
    CHECK(found);
  }
  for (int64_t i = 0; i < num_seeds; ++i)
    CHECK(value_at(nodes, value_at(uni_sample_tensor(made, UNI_SAMPLE_SEED_INDEX), i)) == seeds[i]);
  uni_sample_release(made);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  reader r = {data, size};
  const uint8_t form = take_byte(&r);
  const int narrow_indptr = form & 1, narrow_indices = form >> 1 & 1, as_degrees = form >> 2 & 1;
  const int64_t num_nodes = take_byte(&r) % max_nodes, num_edges = take_byte(&r) % max_edges;
  int64_t indptr[max_nodes + 1] = {0}, indices[max_edges];
  for (int64_t v = 0; v <= num_nodes; ++v) {
    indptr[v] = take_number(&r, narrow_indptr);
    /* Mostly a graph, so that sampling is reached. */
    if (as_degrees)
      indptr[v] = v == 0 ? 0 : v == num_nodes ? num_edges : indptr[v - 1] + (num_edges - indptr[v - 1]) % 4;
  }
  for (int64_t e = 0; e < num_edges; ++e) {
    indices[e] = take_number(&r, narrow_indices);
    if (as_degrees && indices[e] < 250 && indices[e] >= 0 && num_nodes > 0) indices[e] %= num_nodes;
  }
  int good = indptr[0] == 0 && indptr[num_nodes] == num_edges;
  for (int64_t v = 0; v < num_nodes; ++v) good &= indptr[v] <= indptr[v + 1];
  for (int64_t e = 0; e < num_edges; ++e) good &= indices[e] >= 0 && indices[e] < num_nodes;
  uni_tensor *starts = make(indptr, num_nodes + 1, narrow_indptr), *ends = make(indices, num_edges, narrow_indices);
  uni_graph_desc desc = UNI_GRAPH_DESC_INIT;
  desc.indptr = starts;
  desc.indices = ends;
  uni_error error = UNI_ERROR_INIT;
  uni_graph *graph = NULL;
  const uni_status status = uni_graph_create(fuzz_context(), &desc, &graph, &error);
  check_outcome(status, graph, &error);
  CHECK((status == UNI_STATUS_OK) == good);
  if (graph != NULL) sample(&r, graph, indptr, indices, num_nodes);
  uni_graph_release(graph);
  uni_tensor_release(starts);
  uni_tensor_release(ends);
  return 0;
}
