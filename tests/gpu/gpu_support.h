/* SPDX-License-Identifier: Apache-2.0 */
/* Tests on a device: "PROGRAM PLUGIN [MEGABYTES]". The plugin is the real one, or the emulated one as a stand-in; no test
 * takes more memory than MEGABYTES, by default a quarter of what the device has free, and 6 GiB at most. */
#ifndef TESTS_GPU_SUPPORT_H
#define TESTS_GPU_SUPPORT_H

#include "../cuda/device_tensors.h"

typedef struct gpu_machine {
  const char *plugin;
  int emulated;
  int64_t most_bytes; /* for one test, of each kind of memory */
} gpu_machine;

extern gpu_machine machine;

/* Reads the command line. Returns 0, or the exit status: 77 where there is no device, having said why. */
int start_gpu_tests(int argc, char **argv);

/* On its own thread pool of `num_threads`. */
uni_context *make_gpu_context(int32_t num_threads);

/* As a program beside the library has them. */
void *create_stream(void);
void synchronize_stream(void *stream);
void destroy_stream(void *stream);
/* What the device has free; -1 where nobody says. */
int64_t free_device_bytes(void);

/* 0 to count - 1 in no order, of int64 or int32; some twice, some never. */
void random_index(int32_t dtype, void *index, int64_t length, int64_t count, uint64_t *state);

#endif
