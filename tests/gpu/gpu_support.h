/* SPDX-License-Identifier: Apache-2.0 */
/* Tests on a device: "PROGRAM PLUGIN [MEGABYTES]". The plugin is the real one, or the emulated one as a stand-in; no test
 * takes more memory than MEGABYTES, by default a quarter of what the device has free, and 6 GiB at most. */
#ifndef TESTS_GPU_SUPPORT_H
#define TESTS_GPU_SUPPORT_H

#include <stdatomic.h>

#include "../cuda/device_tensors.h"
#include "../cuda/fake_control.h"

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

/* As a program beside the library has them. A thread that has called nothing of CUDA has no device to use them with; who
 * creates one has. */
void use_device_in_this_thread(void);
void *create_stream(void);
void synchronize_stream(void *stream);
void destroy_stream(void *stream);
/* What the device has free; -1 where nobody says. */
int64_t free_device_bytes(void);

/* Capture of a stream into a graph, by the thread that ends it. What is captured is ready to be launched; NULL where
 * something has ended the capture before. On the emulated device one stream is captured at a time. */
void begin_capture(void *stream);
void *end_capture(void *stream);
void abandon_capture(void *stream);
void launch_graph(void *graph, void *stream);
/* What it keeps is let go by a thread of CUDA's, after this returns on a real device. No launch may be running. */
void destroy_graph(void *graph);
/* Until a number is zero that counts what is still kept, which is given back in calls that use a context: 20 s at most. A
 * thread of CUDA's lets go of what graphs kept. */
void wait_until_given_back(uni_context *context, const _Atomic int64_t *kept);

typedef struct memory_use {
  int64_t device_free; /* -1 where nobody says */
  int64_t locked;      /* bytes of this process that are locked or pinned, as the kernel counts */
  int64_t resident;    /* of this process, without what stands for the memory of an emulated device */
  fake_counts counts;  /* of the emulated device; else zeros */
} memory_use;

memory_use measure_memory(void);
/* That everything has gone: on the emulated device, where all that is alive is counted. */
void check_nothing_is_left(void);

/* Never NULL, also of no bytes. */
void *allocate(int64_t num_bytes);

/* 0 to count - 1 in no order, of int64 or int32; some twice, some never. */
void random_index(int32_t dtype, void *index, int64_t length, int64_t count, uint64_t *state);

#endif
