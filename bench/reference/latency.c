/* SPDX-License-Identifier: Apache-2.0 */
/* What one small call costs through C: a gather of one row of 512 bytes into memory that is there, and a context.
 * The index changes from call to call over a table that fits the second-level cache, so that the call is measured and not
 * the memory. */
#define _POSIX_C_SOURCE 200809L
#include <time.h>

#include "unitensor/macros.h"
#include "unitensor/unitensor.h"

enum { ROWS = 4096, WIDTH = 128, CONTEXTS = 20 };

int uni_measure_latency(int64_t calls, double *gather_seconds, double *create_seconds);

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static int measure_gather(uni_context *context, int64_t calls, double *seconds) {
  uni_tensor_desc desc = UNI_TENSOR_DESC_INIT;
  desc.dtype = UNI_DTYPE_FLOAT32;
  desc.ndim = 2;
  desc.shape[0] = ROWS;
  desc.shape[1] = WIDTH;
  uni_tensor *table = NULL, *result = NULL;
  int status = uni_tensor_create(context, &desc, &table, NULL);
  desc.shape[0] = 1;
  if (status == UNI_STATUS_OK) status = uni_tensor_create(context, &desc, &result, NULL);
  if (status == UNI_STATUS_OK) status = uni_tensor_fill(table, NULL, NULL, NULL);
  if (status == UNI_STATUS_OK) {
    int64_t row = 0;
    const uni_array index = UNI_ARRAY_1D(UNI_DTYPE_INT64, &row, 1);
    const uni_array *out = uni_tensor_array(result);
    const double begin = now();
    for (int64_t call = 0; call < calls && status == UNI_STATUS_OK; ++call) {
      row = call * 61 % ROWS;
      status = uni_gather_into(table, &index, NULL, NULL, out, NULL);
    }
    *seconds = (now() - begin) / (double)calls;
  }
  uni_tensor_release(result);
  uni_tensor_release(table);
  return status;
}

int uni_measure_latency(int64_t calls, double *gather_seconds, double *create_seconds) {
  uni_context *context = NULL;
  int status = UNI_STATUS_OK;
  const double begin = now();
  for (int i = 0; i < CONTEXTS && status == UNI_STATUS_OK; ++i) {
    status = uni_context_create(NULL, &context, NULL);
    uni_context_release(context);
  }
  *create_seconds = (now() - begin) / CONTEXTS;
  if (status == UNI_STATUS_OK) status = uni_context_create(NULL, &context, NULL);
  if (status != UNI_STATUS_OK) return status;
  status = measure_gather(context, calls, gather_seconds);
  uni_context_release(context);
  return status;
}
