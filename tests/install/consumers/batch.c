/* SPDX-License-Identifier: Apache-2.0 */
/* Samples a neighbourhood and gathers its features, with an installed library. */
#include <stdio.h>
#include <string.h>

#include <unitensor/macros.h>
#include <unitensor/unitensor.h>

enum { NUM_NODES = 6, NUM_SEEDS = 2 };

int main(void) {
  /* A ring: node v has the in-neighbours v + 1 and v + 2. Row v of the features is v. */
  int64_t indptr[NUM_NODES + 1], indices[2 * NUM_NODES];
  float features[NUM_NODES];
  indptr[0] = 0;
  for (int64_t v = 0; v < NUM_NODES; ++v) {
    indptr[v + 1] = 2 * (v + 1);
    indices[2 * v] = (v + 1) % NUM_NODES;
    indices[2 * v + 1] = (v + 2) % NUM_NODES;
    features[v] = (float)v;
  }
  int64_t seed_nodes[NUM_SEEDS] = {0, 3};
  const int64_t fanouts[] = {2};
  const uni_array indptr_array = UNI_ARRAY_1D(UNI_DTYPE_INT64, indptr, NUM_NODES + 1);
  const uni_array indices_array = UNI_ARRAY_1D(UNI_DTYPE_INT64, indices, 2 * NUM_NODES);
  const uni_array features_array = UNI_ARRAY_2D(UNI_DTYPE_FLOAT32, features, NUM_NODES, 1);
  const uni_array seeds = UNI_ARRAY_1D(UNI_DTYPE_INT64, seed_nodes, NUM_SEEDS);

  uni_error error = UNI_ERROR_INIT;
  uni_context *context = NULL;
  uni_tensor *tensors[3] = {NULL, NULL, NULL}, *rows = NULL;
  uni_graph *graph = NULL;
  uni_sample *sample = NULL;
  uni_graph_desc desc = UNI_GRAPH_DESC_INIT;
  uni_sample_options options = UNI_SAMPLE_OPTIONS_INIT;
  options.num_hops = 1;
  options.fanouts = fanouts;
  uni_status status = uni_context_create(NULL, &context, &error);
  if (status == UNI_STATUS_OK) status = uni_tensor_wrap(context, &indptr_array, NULL, NULL, &tensors[0], &error);
  if (status == UNI_STATUS_OK) status = uni_tensor_wrap(context, &indices_array, NULL, NULL, &tensors[1], &error);
  if (status == UNI_STATUS_OK) status = uni_tensor_wrap(context, &features_array, NULL, NULL, &tensors[2], &error);
  desc.indptr = tensors[0];
  desc.indices = tensors[1];
  if (status == UNI_STATUS_OK) status = uni_graph_create(context, &desc, &graph, &error);
  if (status == UNI_STATUS_OK) status = uni_sample_neighbors(graph, &seeds, &options, NULL, &sample, &error);
  if (status == UNI_STATUS_OK) status = uni_gather(tensors[2], uni_sample_nodes(sample), NULL, NULL, &rows, &error);

  int right = 0;
  if (status == UNI_STATUS_OK) {
    const float *gathered = uni_tensor_array(rows)->data;
    const uni_array *nodes = uni_sample_nodes(sample);
    const int64_t *node = nodes->data;
    float sum = 0;
    right = nodes->shape[0] == NUM_NODES && strcmp(uni_version(), UNI_VERSION_STRING) == 0;
    for (int64_t i = 0; i < nodes->shape[0]; ++i) {
      right = right && gathered[i] == (float)node[i];
      sum += gathered[i];
    }
    printf("unitensor %s: %d nodes, sum %g\n", uni_version(), (int)nodes->shape[0], (double)sum);
  } else {
    fprintf(stderr, "%s: %s\n", uni_status_string(status), error.message);
  }
  uni_tensor_release(rows);
  uni_sample_release(sample);
  uni_graph_release(graph);
  for (int i = 0; i < 3; ++i) uni_tensor_release(tensors[i]);
  uni_context_release(context);
  return right ? 0 : 1;
}
