/* SPDX-License-Identifier: Apache-2.0 */
/* A child of fork uses a context whose threads its parent has used. It works or says why not; it never hangs. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#include "graph_support.h"

enum { table_rows = 100000, num_seeds = 2000, num_nodes = 20000 };

#if defined(__SANITIZE_THREAD__)
#define UNDER_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define UNDER_TSAN 1
#endif
#endif
#ifndef UNDER_TSAN
#define UNDER_TSAN 0
#endif

static uni_context *context;
static uni_tensor *table;
static uni_graph *graph;
static int64_t *index_data;
static int64_t seeds[num_seeds];

static int acceptable(uni_status status, const uni_error *own) {
  return status == UNI_STATUS_OK || (status == UNI_STATUS_INVALID_STATE && own->message[0] != '\0');
}

static int gather_works(void) {
  uni_error own = UNI_ERROR_INIT;
  uni_tensor *out = NULL;
  const uni_array index = array_1d(UNI_DTYPE_INT64, index_data, table_rows);
  const uni_status status = uni_gather(table, &index, NULL, NULL, &out, &own);
  if (!acceptable(status, &own)) return 0;
  if (status != UNI_STATUS_OK) return out == NULL;
  void *data = NULL;
  uni_tensor_host_pointer(out, &data, NULL);
  const int64_t pitch = uni_tensor_array(out)->row_pitch;
  int right = 1;
  for (int64_t i = 0; i < table_rows; ++i) right &= *(int64_t *)(void *)((char *)data + i * pitch) == 3 * index_data[i];
  uni_tensor_release(out);
  return right;
}

static uni_sample *take_sample(void) {
  const int64_t fanouts[2] = {10, 5};
  const uni_array borrowed = array_1d(UNI_DTYPE_INT64, seeds, num_seeds);
  uni_sample_options options = UNI_SAMPLE_OPTIONS_INIT;
  options.num_hops = 2;
  options.fanouts = fanouts;
  uni_error own = UNI_ERROR_INIT;
  uni_sample *sample = NULL;
  const uni_status status = uni_sample_neighbors(graph, &borrowed, &options, NULL, &sample, &own);
  return acceptable(status, &own) ? sample : NULL;
}

static int sample_works(const uni_sample *expected) {
  uni_sample *sample = take_sample();
  if (sample == NULL) return 0;
  const uni_array *a = uni_sample_nodes(sample), *b = uni_sample_nodes(expected);
  const int right = a->shape[0] == b->shape[0] && memcmp(a->data, b->data, (size_t)a->shape[0] * 8) == 0;
  uni_sample_release(sample);
  return right;
}

static void wait_for_child(pid_t child) {
  int status = 0;
  assert_int_equal(waitpid(child, &status, 0), child);
  if (WIFSIGNALED(status)) fail_msg("the child was ended by signal %d", WTERMSIG(status));
  assert_int_equal(WEXITSTATUS(status), 0);
}

static void run_child(const uni_sample *expected, int release) {
  const pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    alarm(60);
    int code = 0;
    if (!gather_works()) code = 1;
    if (code == 0 && !sample_works(expected)) code = 2;
    if (code == 0 && !gather_works()) code = 3;
    if (code == 0) {
      uni_context *fresh = NULL;
      uni_context_options options = UNI_CONTEXT_OPTIONS_INIT;
      options.num_threads = 3;
      if (uni_context_create(&options, &fresh, NULL) != UNI_STATUS_OK) code = 4;
      uni_context_release(fresh);
    }
    if (release) { /* Giving everything back must not wait for threads that are not there. */
      uni_graph_release(graph);
      uni_tensor_release(table);
      uni_context_release(context);
    }
    _exit(code);
  }
  wait_for_child(child);
}

static void make_inputs(int32_t threads) {
  context = make_context(threads);
  table = make_tensor(context, UNI_DTYPE_INT64, table_rows, 4, NULL);
  index_data = malloc(table_rows * 8);
  uint64_t random = 1;
  int64_t *data = pointer_of(table);
  for (int64_t i = 0; i < table_rows; ++i) {
    index_data[i] = (int64_t)(next_random(&random) % table_rows);
    for (int64_t j = 0; j < 4; ++j) data[4 * i + j] = 3 * i;
  }
  graph = make_random_graph(context, num_nodes, 2);
  for (int i = 0; i < num_seeds; ++i) seeds[i] = (int64_t)(next_random(&random) % num_nodes);
}

static void release_inputs(void) {
  uni_graph_release(graph);
  uni_tensor_release(table);
  uni_context_release(context);
  free(index_data);
}

static void test_fork(void **state) {
  (void)state;
  make_inputs(4);
  assert_int_equal(gather_works(), 1);
  uni_sample *expected = take_sample();
  assert_non_null(expected);
  for (int round = 0; round < 6; ++round) {
    run_child(expected, round & 1);
    assert_int_equal(gather_works(), 1); /* The parent goes on. */
    assert_int_equal(sample_works(expected), 1);
  }
  uni_sample_release(expected);
  release_inputs();
}

enum { num_threads = 2, num_gathered = 20000 };
/* Threads that spin begin closer together than those that a barrier wakes. */
static atomic_int num_ready;
static int64_t *results[num_threads];

static void *gather_at_once(void *number) {
  int64_t *const result = results[(intptr_t)number];
  uni_array out = array_1d(UNI_DTYPE_INT64, result, num_gathered);
  out.ndim = 2;
  out.shape[1] = 4;
  const uni_array index = array_1d(UNI_DTYPE_INT64, index_data, num_gathered);
  uni_error own = UNI_ERROR_INIT;
  atomic_fetch_add(&num_ready, 1);
  while (atomic_load(&num_ready) < num_threads) {
  }
  if (uni_gather_into(table, &index, NULL, NULL, &out, &own) != UNI_STATUS_OK) return "refused";
  for (int64_t i = 0; i < num_gathered; ++i)
    if (result[4 * i] != 3 * index_data[i]) return "wrong";
  return NULL;
}

/* The first thing that the child does with the context, by several threads at once. */
static void test_threads_of_a_child(void **state) {
  (void)state;
  /* ThreadSanitizer takes a thread of the child for one of the parent's that had the same stack. */
  if (UNDER_TSAN) skip();
  make_inputs(2);
  assert_int_equal(gather_works(), 1);
  for (int i = 0; i < num_threads; ++i) results[i] = malloc(num_gathered * 4 * sizeof(int64_t));
  for (int round = 0; round < 600; ++round) {
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
      alarm(60);
      pthread_t threads[num_threads];
      int code = 0;
      for (intptr_t i = 0; i < num_threads; ++i)
        code |= pthread_create(&threads[i], NULL, gather_at_once, (void *)i) != 0;
      for (int i = 0; i < num_threads; ++i) {
        void *wrong = NULL;
        code |= pthread_join(threads[i], &wrong) != 0 || wrong != NULL;
      }
      _exit(code);
    }
    wait_for_child(child);
  }
  for (int i = 0; i < num_threads; ++i) free(results[i]);
  release_inputs();
}

int main(void) {
  /* ThreadSanitizer ends a process that starts threads after a fork from one with threads, unless told otherwise. */
  const char *options = getenv("TSAN_OPTIONS");
  if (UNDER_TSAN && (options == NULL || strstr(options, "die_after_fork=0") == NULL)) return 77;
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_fork), cmocka_unit_test(test_threads_of_a_child)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
