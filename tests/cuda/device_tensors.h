/* SPDX-License-Identifier: Apache-2.0 */
/* Tensors and graphs in memory of any kind, emulated or not. */
#ifndef TESTS_DEVICE_TENSORS_H
#define TESTS_DEVICE_TENSORS_H

#include "../unit/support.h"

static inline uni_status create_in(uni_context *context, int32_t memory, int32_t dtype, int64_t rows, int64_t columns,
                                   uni_tensor **tensor) {
  uni_tensor_desc desc = UNI_TENSOR_DESC_INIT;
  desc.memory = memory;
  desc.dtype = dtype;
  desc.ndim = columns < 0 ? 1 : 2;
  desc.shape[0] = rows;
  desc.shape[1] = columns < 0 ? 0 : columns;
  return uni_tensor_create(context, &desc, tensor, &error);
}

/* A tensor in this kind of memory with these contents, which are there when this returns. */
static inline uni_tensor *make_in(uni_context *context, int32_t memory, int32_t dtype, int64_t rows, int64_t columns,
                                  const void *data) {
  uni_tensor *tensor = NULL;
  OK(create_in(context, memory, dtype, rows, columns, &tensor));
  const uni_array host = columns < 0 ? array_1d(dtype, data, rows) : array_2d(dtype, data, rows, columns);
  OK(uni_tensor_copy_from(tensor, &host, NULL, &error));
  OK(uni_context_synchronize(context, &error));
  return tensor;
}

/* The contents of a tensor, into memory of the caller's; waits. */
static inline void read_back(const uni_tensor *tensor, void *data) {
  uni_array host = *uni_tensor_array(tensor);
  host.device_type = 0;
  host.device_id = 0;
  host.flags = 0;
  host.row_pitch = 0;
  host.data = data;
  OK(uni_tensor_copy_to(tensor, &host, NULL, &error));
  OK(uni_context_synchronize(uni_tensor_context(tensor), &error));
}

/* A graph of 50 nodes with degrees 0 to 9 in this kind of memory. */
static inline uni_status graph_in(uni_context *context, int32_t memory, uni_graph **graph) {
  int64_t indptr[51], indices[500];
  uint64_t state = 5;
  indptr[0] = 0;
  for (int v = 0; v < 50; ++v) {
    indptr[v + 1] = indptr[v] + v % 10;
    for (int64_t e = indptr[v]; e < indptr[v + 1]; ++e) indices[e] = (int64_t)(next_random(&state) % 50);
  }
  uni_tensor *starts = NULL, *ends = NULL;
  uni_status status = create_in(context, memory, UNI_DTYPE_INT64, 51, -1, &starts);
  if (status == UNI_STATUS_OK) status = create_in(context, memory, UNI_DTYPE_INT64, indptr[50], -1, &ends);
  const uni_array host_starts = array_1d(UNI_DTYPE_INT64, indptr, 51),
                  host_ends = array_1d(UNI_DTYPE_INT64, indices, indptr[50]);
  if (status == UNI_STATUS_OK) status = uni_tensor_copy_from(starts, &host_starts, NULL, &error);
  if (status == UNI_STATUS_OK) status = uni_tensor_copy_from(ends, &host_ends, NULL, &error);
  if (status == UNI_STATUS_OK) {
    uni_graph_desc desc = UNI_GRAPH_DESC_INIT;
    desc.indptr = starts;
    desc.indices = ends;
    status = uni_graph_create(context, &desc, graph, &error);
  }
  uni_tensor_release(starts);
  uni_tensor_release(ends);
  return status;
}

#endif
