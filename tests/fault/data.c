/* SPDX-License-Identifier: Apache-2.0 */
/* The objects that the cases share. */
#include <stdio.h>
#include <stdlib.h>

#include "cases.h"

int64_t index_data[index_length];
int32_t rows_data[(size_t)index_length * table_columns];
int64_t indptr_data[graph_nodes + 1], indices_data[graph_edges], seeds_data[num_seeds];

void need(uni_status status, const uni_error *error, const char *what) {
  if (status == UNI_STATUS_OK) return;
  fprintf(stderr, "a set-up failed: %s: %s\n", what, error->message);
  exit(1);
}

static void fill_data(void) {
  if (indptr_data[graph_nodes] != 0) return;
  for (int64_t i = 0; i < index_length; ++i) index_data[i] = i * 7919 % table_rows;
  const int64_t degree = graph_edges / graph_nodes;
  for (int64_t i = 0; i <= graph_nodes; ++i) indptr_data[i] = degree * i;
  for (int64_t e = 0; e < graph_edges; ++e) indices_data[e] = e * 104729 % graph_nodes;
  for (int64_t i = 0; i < num_seeds; ++i) seeds_data[i] = i * 31 % graph_nodes;
}

void make_context(fixture *f) {
  fill_data();
  uni_context_options options = UNI_CONTEXT_OPTIONS_INIT;
  options.num_threads = 3;
  need(uni_context_create(&options, &f->context, &f->error), &f->error, "uni_context_create");
}

const void *host_data(const uni_tensor *tensor) {
  void *data = NULL;
  uni_error error = UNI_ERROR_INIT;
  need(uni_tensor_host_pointer(tensor, &data, &error), &error, "uni_tensor_host_pointer");
  return data;
}

static uni_tensor *create(fixture *f, int32_t dtype, int32_t ndim, int64_t rows, int64_t columns) {
  uni_tensor_desc desc = UNI_TENSOR_DESC_INIT;
  desc.memory = UNI_MEMORY_HOST;
  desc.dtype = dtype;
  desc.ndim = ndim;
  desc.shape[0] = rows;
  desc.shape[1] = columns;
  uni_tensor *tensor = NULL;
  need(uni_tensor_create(f->context, &desc, &tensor, &f->error), &f->error, "uni_tensor_create");
  return tensor;
}

void make_tensor(fixture *f) {
  make_context(f);
  f->tensor = create(f, UNI_DTYPE_INT32, 2, table_rows, table_columns);
  int32_t *data = (int32_t *)(uintptr_t)host_data(f->tensor);
  for (int32_t i = 0; i < table_rows * table_columns; ++i) data[i] = i;
}

uni_tensor *make_int64(fixture *f, const int64_t *data, int64_t length) {
  uni_tensor *tensor = create(f, UNI_DTYPE_INT64, 1, length, 0);
  memcpy((void *)(uintptr_t)host_data(tensor), data, (size_t)length * 8);
  return tensor;
}

void make_graph(fixture *f) {
  make_context(f);
  uni_tensor *indptr = make_int64(f, indptr_data, graph_nodes + 1), *indices = make_int64(f, indices_data, graph_edges);
  uni_graph_desc desc = UNI_GRAPH_DESC_INIT;
  desc.indptr = indptr;
  desc.indices = indices;
  desc.flags = UNI_GRAPH_TRUST; /* The threads are started by the call under test. */
  need(uni_graph_create(f->context, &desc, &f->graph, &f->error), &f->error, "uni_graph_create");
  uni_tensor_release(indptr);
  uni_tensor_release(indices);
}

int table_is_unchanged(const fixture *f) {
  const int32_t *data = host_data(f->tensor);
  for (int32_t i = 0; i < table_rows * table_columns; ++i)
    if (data[i] != i) return 0;
  return 1;
}

int rows_are_gathered(const void *rows, int64_t pitch) {
  for (int64_t i = 0; i < index_length; ++i) {
    const int32_t *row = (const int32_t *)(const void *)((const char *)rows + i * pitch);
    for (int64_t j = 0; j < table_columns; ++j)
      if (row[j] != index_data[i] * table_columns + j) return 0;
  }
  return 1;
}
