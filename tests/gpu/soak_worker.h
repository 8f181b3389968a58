/* SPDX-License-Identifier: Apache-2.0 */
/* One of the threads of test_gpu_soak.c, and what it does in a step. */
#ifndef TESTS_GPU_SOAK_WORKER_H
#define TESTS_GPU_SOAK_WORKER_H

#include <stdatomic.h>

#include "gpu_support.h"

enum { SOAK_SLOTS = 24, SOAK_BUFFERS = 4 };

/* A tensor whose contents are known: those that its tag says, from a row on, or one number. */
typedef struct soak_slot {
  uni_tensor *tensor; /* NULL: free */
  int32_t memory;
  int64_t rows, columns;
  int64_t tag, first_row;
  int filled, frozen; /* with the number `tag`; not to be filled, since others share it or it may only be read */
  int read_only;
} soak_slot;

typedef struct soak_worker {
  int number;
  uint64_t seed, random;
  double end;
  uni_context *context;
  uni_graph *graph;
  void *stream;
  soak_slot slots[SOAK_SLOTS];
  int64_t live_bytes, most_bytes, scale;
  int64_t steps;
  /* For rows on their way to a tensor and back, and for an index. Each step has others, since copies that are enqueued may
   * still read them. */
  float *buffers[SOAK_BUFFERS], *staged;
  int64_t *indices[SOAK_BUFFERS], *picked;
  uni_statistics expected;
  uni_error error;
} soak_worker;

/* Memory of the caller's that was wrapped or registered, and has not been given back; of all workers. */
extern _Atomic int64_t soak_foreign_blocks;

/* Before and after the thread. */
void soak_start(soak_worker *worker, int64_t most_bytes);
void soak_finish(soak_worker *worker);
/* In the thread. What goes wrong ends the program. */
void soak_step(soak_worker *worker);
void soak_release_everything(soak_worker *worker);

#endif
