/* SPDX-License-Identifier: Apache-2.0 */
/* How a test steers the fake of CUDA and what it asks of it: the plugin unitensor_cuda_emulated.so exports these beside
 * uni_backend_init. One state for the whole process, behind a lock. */
#ifndef TESTS_CUDA_FAKE_CONTROL_H
#define TESTS_CUDA_FAKE_CONTROL_H

#include <stdint.h>

#include "unitensor/export.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What is alive. */
typedef struct fake_counts {
  int64_t device_blocks, managed_blocks, registered_ranges, streams, events;
  int64_t pending_work;    /* enqueued and not run */
  int64_t calls;           /* of functions that may fail, since fake_reset */
  int64_t launches;        /* of kernels */
  int64_t allocations;     /* calls that allocate, register or create something, since fake_reset */
  int64_t waits;           /* calls that wait for a device, since fake_reset */
  int32_t last_error;      /* what cudaGetLastError would give */
  int32_t fatal;           /* the error that ended the context, or 0 */
  int64_t broken_borders;  /* blocks of which somebody wrote past the end, or before the start */
  int64_t untouched_pages; /* that nobody had touched when they were registered, since fake_reset */
  int64_t pool_bytes;      /* of device memory that was freed and is kept by pools */
  int64_t arena_bytes;     /* of the process's memory that have stood for memory of devices */
} fake_counts;

/* What the last gather was launched with: how many multiprocessors at most (0: all), and whether in an order of its own. */
UNI_API void fake_get_last_gather(int32_t *num_multiprocessors, int32_t *ordered);
/* The most multiprocessors that a kernel was given since this was asked; 0 if one was given all of them. */
UNI_API int32_t fake_take_most_multiprocessors(void);
UNI_API void fake_get_counts(fake_counts *counts);
/* Forgets everything, as after a start of the process. Nothing may be alive that is still used. */
UNI_API void fake_reset(void);
/* The Nth call from now on fails (1: the next), with this error; 0: none does. */
UNI_API void fake_fail_call(int64_t nth, int32_t error);
/* How much enqueued work a query of an event runs: 0 (the start): none, so that all waits for somebody to wait. */
UNI_API void fake_set_progress(int32_t items_per_query);
/* Whether work of other streams runs before that of the stream that somebody waits for: what must not depend on it has to
 * wait for it. */
UNI_API void fake_set_others_first(int32_t others_first);
/* Faults that a correct backend cannot have, planted between it and the machine, to show that they are noticed. */
enum { FAKE_PLANT_NOTHING = 0, FAKE_PLANT_MISSING_WAIT = 1, FAKE_PLANT_EARLY_RELEASE = 2 };
UNI_API void fake_plant(int32_t fault);
/* Lane order (0: as they come), most groups to a launch, threads that run them. */
UNI_API void fake_set_schedule(uint64_t lane_order, int64_t most_groups, int32_t threads);
/* The machine: number of devices, driver version (0: none). */
UNI_API void fake_set_machine(int32_t num_devices, int32_t driver_version, int32_t concurrent_managed_access);
/* Whether the process sees the files that a driver offers its devices by. */
UNI_API void fake_set_device_nodes(int32_t present);
/* Whether the devices allocate in the order of streams; for contexts that are made from then on. */
UNI_API void fake_set_memory_pools(int32_t present);
/* Whether the devices read all memory of the host (HMM), and that through the host's page tables (ATS). */
UNI_API void fake_set_pageable_access(int32_t pageable, int32_t host_page_tables);
/* The error that the next kernel to run ends the context with; 0: none. */
UNI_API void fake_poison_next_launch(int32_t error);
/* Capture of a stream into a graph, as cudaStreamBeginCapture with cudaStreamCaptureModeGlobal. The end returns 1 if somebody
 * ended it before, by what may not be called meanwhile, 0 if not, and gives the graph (NULL: it is destroyed). */
UNI_API void fake_begin_capture(void *stream);
UNI_API int32_t fake_end_capture(void **graph);
/* Enqueues what the graph holds. */
UNI_API void fake_launch_graph(void *graph, void *stream);
/* Destroys what it keeps on another thread, which may call nothing of CUDA; no launch of it may be running. */
UNI_API void fake_destroy_graph(void *graph);
/* Called once, with nothing locked by the machine, when somebody next waits for an event. */
UNI_API void fake_on_wait(void (*hook)(void *), void *user_data);
/* cudaSetDevice of the program, for the calling thread. */
UNI_API void fake_set_device(int32_t device_id);
UNI_API int32_t fake_get_device(void);
/* cudaHostRegister, cudaHostUnregister of a program beside the library; 0: done. */
UNI_API int32_t fake_register_host(void *data, int64_t num_bytes);
UNI_API int32_t fake_unregister_host(void *data);
/* A stream of the caller's, as cudaStreamCreate would give. */
UNI_API void *fake_create_stream(void);
UNI_API void fake_destroy_stream(void *stream);
/* Runs what is enqueued on a stream. */
UNI_API void fake_synchronize(void *stream);
/* cudaStreamSynchronize as a program calls it that does not know of a capture. */
UNI_API void fake_synchronize_strictly(void *stream);
/* cudaMalloc, cudaMemcpy, cudaFree of a program beside the library. */
UNI_API void *fake_malloc(int64_t num_bytes);
UNI_API void fake_free(void *data);
UNI_API void fake_copy(void *to, const void *from, int64_t num_bytes);
/* A kernel of the program's, which copies when its turn comes in the stream. */
UNI_API void fake_enqueue_copy(void *stream, void *to, const void *from, int64_t num_bytes);
/* How much device memory there is, in all. */
UNI_API void fake_set_device_bytes(int64_t num_bytes);
/* How much of the host's memory may be managed, and how much registered, in all. */
UNI_API void fake_set_host_bytes(int64_t managed, int64_t lockable);
/* Whether registering is refused for what the memory is, as kernels do that pin no pages of a file's for writing. */
UNI_API void fake_refuse_file_pages(int32_t refuse);

#ifdef __cplusplus
}
#endif

#endif
