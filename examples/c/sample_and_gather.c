/* SPDX-License-Identifier: Apache-2.0 */
/* One mini-batch of a graph neural network: sample the neighbourhood of some seed nodes, and gather the features of
 * every node that was met.
 *
 *   cc sample_and_gather.c $(pkg-config --cflags --libs unitensor) -o sample_and_gather
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <unitensor/macros.h>
#include <unitensor/unitensor.h>

enum { NUM_NODES = 1000, DEGREE = 8, WIDTH = 4, NUM_SEEDS = 3, NUM_HOPS = 2 };

typedef struct Batch {
  uni_context *context;
  uni_tensor *indptr;
  uni_tensor *indices;
  uni_tensor *features;
  uni_graph *graph;
  uni_sample *sample;
  uni_tensor *rows;
} Batch;

static uni_error error = UNI_ERROR_INIT;

/* Copies an array into a new tensor in memory that every device of the machine can read. */
static uni_status upload(uni_context *context, const uni_array *array, uni_tensor **tensor) {
  uni_tensor_desc desc = UNI_TENSOR_DESC_INIT;
  desc.dtype = array->dtype;
  desc.ndim = array->ndim;
  for (int i = 0; i < array->ndim; ++i) desc.shape[i] = array->shape[i];
  uni_status status = uni_tensor_create(context, &desc, tensor, &error);
  if (status == UNI_STATUS_OK) status = uni_tensor_copy_from(*tensor, array, NULL, &error);
  return status;
}

/* A ring with chords: node v has the in-neighbours v + 1, v + 2, v + 4 and so on. Row v of the features is v, v, ... */
static uni_status make_graph(Batch *batch) {
  static int64_t indptr[NUM_NODES + 1];
  static int64_t indices[NUM_NODES * DEGREE];
  static float features[NUM_NODES * WIDTH];
  for (int64_t v = 0; v < NUM_NODES; ++v) {
    indptr[v + 1] = indptr[v] + DEGREE;
    for (int64_t i = 0; i < DEGREE; ++i) indices[v * DEGREE + i] = (v + ((int64_t)1 << i)) % NUM_NODES;
    for (int64_t i = 0; i < WIDTH; ++i) features[v * WIDTH + i] = (float)v;
  }
  const uni_array indptr_array = UNI_ARRAY_1D(UNI_DTYPE_INT64, indptr, NUM_NODES + 1);
  const uni_array indices_array = UNI_ARRAY_1D(UNI_DTYPE_INT64, indices, NUM_NODES * DEGREE);
  const uni_array features_array = UNI_ARRAY_2D(UNI_DTYPE_FLOAT32, features, NUM_NODES, WIDTH);
  uni_status status = upload(batch->context, &indptr_array, &batch->indptr);
  if (status == UNI_STATUS_OK) status = upload(batch->context, &indices_array, &batch->indices);
  if (status == UNI_STATUS_OK) status = upload(batch->context, &features_array, &batch->features);
  if (status != UNI_STATUS_OK) return status;

  uni_graph_desc desc = UNI_GRAPH_DESC_INIT;
  desc.indptr = batch->indptr;
  desc.indices = batch->indices;
  return uni_graph_create(batch->context, &desc, &batch->graph, &error);
}

/* Two hops of at most 5 and 3 neighbours, then the features of all nodes of the sample. */
static uni_status make_batch(Batch *batch) {
  int64_t seed_nodes[NUM_SEEDS] = {0, 10, 500};
  const int64_t fanouts[NUM_HOPS] = {5, 3};
  const uni_array seeds = UNI_ARRAY_1D(UNI_DTYPE_INT64, seed_nodes, NUM_SEEDS);
  uni_sample_options options = UNI_SAMPLE_OPTIONS_INIT;
  options.num_hops = NUM_HOPS;
  options.fanouts = fanouts;
  options.seed = 7;
  uni_status status = uni_sample_neighbors(batch->graph, &seeds, &options, NULL, &batch->sample, &error);
  if (status != UNI_STATUS_OK) return status;
  return uni_gather(batch->features, uni_sample_nodes(batch->sample), NULL, NULL, &batch->rows, &error);
}

/* Row i has to be the features of node i of the sample. */
static int check_batch(const Batch *batch) {
  uni_sample_info info = {.struct_size = sizeof info};
  void *data = NULL;
  if (uni_sample_get_info(batch->sample, &info, &error) != UNI_STATUS_OK ||
      uni_tensor_host_pointer(batch->rows, &data, &error) != UNI_STATUS_OK)
    return 0;
  const float *rows = data;
  const int64_t *nodes = uni_sample_nodes(batch->sample)->data;
  for (int64_t i = 0; i < info.num_nodes; ++i)
    if (rows[i * WIDTH] != (float)nodes[i]) return 0;
  printf("%" PRId64 " seeds, %" PRId64 " nodes, %" PRId64 " edges\n", info.num_seeds, info.num_nodes, info.num_edges);
  return info.num_edges >= NUM_SEEDS * 5;
}

int main(void) {
  Batch batch = {0};
  uni_status status = uni_context_create(NULL, &batch.context, &error);
  if (status == UNI_STATUS_OK) status = make_graph(&batch);
  if (status == UNI_STATUS_OK) status = make_batch(&batch);
  if (status != UNI_STATUS_OK) fprintf(stderr, "%s: %s\n", uni_status_string(status), error.message);
  const int right = status == UNI_STATUS_OK && check_batch(&batch);

  /* Releasing NULL does nothing, so that what was not made needs no case of its own. */
  uni_tensor_release(batch.rows);
  uni_sample_release(batch.sample);
  uni_graph_release(batch.graph);
  uni_tensor_release(batch.features);
  uni_tensor_release(batch.indices);
  uni_tensor_release(batch.indptr);
  uni_context_release(batch.context);
  return right ? EXIT_SUCCESS : EXIT_FAILURE;
}
