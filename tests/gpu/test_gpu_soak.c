/* SPDX-License-Identifier: Apache-2.0 */
/* Two threads on two streams do what a program does with tensors, at random and for a while, and what they have taken is
 * back afterwards: "PROGRAM PLUGIN [MEGABYTES [SECONDS [SEED]]]", by default for a minute, or two seconds on the emulated
 * device. The same seed makes the same calls in each thread, though not at the same time. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "soak_worker.h"

#define MEGABYTE (INT64_C(1) << 20)

enum { NUM_WORKERS = 2 };

static double seconds = 60;
static uint64_t first_seed;

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void *work(void *argument) {
  soak_worker *const worker = argument;
  use_device_in_this_thread();
  while (now() < worker->end) soak_step(worker);
  soak_release_everything(worker);
  return NULL;
}

/* Sanitizers keep what is freed, and more beside. */
static int resident_memory_tells(void) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return 0;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
  return 0;
#endif
#endif
  return 1;
}

static void check_no_more(const char *what, int64_t before, int64_t after, int64_t tolerance) {
  print_message("%s: %lld before, %lld after\n", what, (long long)before, (long long)after);
  if (after - before > tolerance)
    fail_msg("%s: %lld before and %lld after, %lld more are allowed; seed %llu", what, (long long)before,
             (long long)after, (long long)tolerance, (unsigned long long)first_seed);
}

/* On the emulated device what is alive is counted. On a real one
 * - a block that is not given back keeps at least the 2 MiB that the driver takes at a time, and those that are lost again
 *   and again keep ever more; the driver itself takes some for graphs, and for kernels that are loaded late;
 * - the driver pins a few pages of its own.
 * The C library keeps parts of pages that the threads have freed, and both allocators their tables. */
static void check_memory(const memory_use *before, const memory_use *after, int with_context) {
  if (!machine.emulated)
    check_no_more("device memory that is not free", -before->device_free, -after->device_free, 16 * MEGABYTE);
  check_no_more("locked memory", before->locked, after->locked, MEGABYTE);
  if (resident_memory_tells())
    check_no_more("resident memory", before->resident, after->resident, (machine.emulated ? 4 : 24) * MEGABYTE);
  check_no_more("device blocks", before->counts.device_blocks, after->counts.device_blocks, 0);
  check_no_more("managed blocks", before->counts.managed_blocks, after->counts.managed_blocks, 0);
  check_no_more("bytes in pools", before->counts.pool_bytes, after->counts.pool_bytes, 0);
  /* Of bounds records a context keeps pages for as many as ran at once, and of events as many as those. */
  check_no_more("registered ranges", before->counts.registered_ranges, after->counts.registered_ranges,
                with_context ? 8 : 0);
  if (!with_context) check_no_more("events", before->counts.events, after->counts.events, 0);
  check_no_more("streams", before->counts.streams, after->counts.streams, 0);
  check_no_more("work that is not done", before->counts.pending_work, after->counts.pending_work, 0);
  assert_int_equal(after->counts.broken_borders, 0);
  assert_int_equal(after->counts.fatal, 0);
}

static void check_statistics(const uni_context *context, const soak_worker *workers) {
  uni_statistics seen = {0}, expected = {0};
  seen.struct_size = sizeof seen;
  OK(uni_context_statistics(context, &seen, &error));
  for (int i = 0; i < NUM_WORKERS; ++i) {
    const uni_statistics *own = &workers[i].expected;
    expected.gather_calls += own->gather_calls;
    expected.gather_rows += own->gather_rows;
    expected.gather_bytes += own->gather_bytes;
    expected.scatter_calls += own->scatter_calls;
    expected.scatter_rows += own->scatter_rows;
    expected.scatter_bytes += own->scatter_bytes;
    expected.sample_calls += own->sample_calls;
    expected.out_of_bounds += own->out_of_bounds;
  }
  assert_int_equal(seen.gather_calls, expected.gather_calls);
  assert_int_equal(seen.gather_rows, expected.gather_rows);
  assert_int_equal(seen.gather_bytes, expected.gather_bytes);
  assert_int_equal(seen.scatter_calls, expected.scatter_calls);
  assert_int_equal(seen.scatter_rows, expected.scatter_rows);
  assert_int_equal(seen.scatter_bytes, expected.scatter_bytes);
  assert_int_equal(seen.sample_calls, expected.sample_calls);
  assert_int_equal(seen.out_of_bounds, expected.out_of_bounds);
}

/* For a while; what is taken afterwards, with the context and without it. */
static void soak(uint64_t seed, double length, memory_use *with_context, memory_use *without_context) {
  uni_context *context = make_gpu_context(2);
  uni_graph *graph = NULL;
  OK(graph_in(context, UNI_MEMORY_UNIFIED, &graph));
  uni_context_reset_statistics(context);
  soak_worker *const workers = calloc(NUM_WORKERS, sizeof *workers);
  assert_non_null(workers);
  pthread_t threads[NUM_WORKERS];
  int64_t steps = 0;
  for (int i = 0; i < NUM_WORKERS; ++i) {
    workers[i].number = i;
    workers[i].seed = seed;
    workers[i].random = seed + (uint64_t)i * 1000;
    workers[i].context = context;
    workers[i].graph = graph;
    workers[i].stream = create_stream();
    workers[i].end = now() + length;
    soak_start(&workers[i], machine.most_bytes / 4 / NUM_WORKERS);
    assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
  }
  for (int i = 0; i < NUM_WORKERS; ++i) {
    assert_int_equal(pthread_join(threads[i], NULL), 0);
    steps += workers[i].steps;
  }
  uni_graph_release(graph);
  OK(uni_context_synchronize(context, &error));
  wait_until_given_back(context, &soak_foreign_blocks);
  check_statistics(context, workers);
  for (int i = 0; i < NUM_WORKERS; ++i) {
    soak_finish(&workers[i]);
    destroy_stream(workers[i].stream);
  }
  free(workers);
  OK(uni_context_trim(context, &error));
  *with_context = measure_memory();
  uni_context_release(context);
  *without_context = measure_memory();
  print_message("seed %llu: %lld steps\n", (unsigned long long)seed, (long long)steps);
}

/* The first round is what the others are measured against: CUDA, the C library and the kernel take what they keep. */
static void test_everything_comes_back(void **state) {
  (void)state;
  memory_use first[2], last[2];
  soak(first_seed, seconds / 4, &first[0], &first[1]);
  soak(first_seed + 1, seconds * 3 / 4, &last[0], &last[1]);
  check_memory(&first[0], &last[0], 1);
  check_memory(&first[1], &last[1], 0);
  /* Not even the first has left any. */
  assert_int_equal(first[0].counts.device_blocks + first[0].counts.managed_blocks + first[0].counts.pool_bytes, 0);
  assert_int_equal(first[1].counts.registered_ranges + first[1].counts.events + first[1].counts.streams, 0);
}

int main(int argc, char **argv) {
  const int status = start_gpu_tests(argc > 3 ? 3 : argc, argv);
  if (status != 0) return status;
  seconds = argc > 3 ? strtod(argv[3], NULL) : machine.emulated ? 2 : 60;
  first_seed = argc > 4 ? strtoull(argv[4], NULL, 10) : (uint64_t)time(NULL);
  printf("%g s, seed %llu\n", seconds, (unsigned long long)first_seed);
  fflush(stdout);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_everything_comes_back),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
