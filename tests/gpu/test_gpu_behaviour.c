/* SPDX-License-Identifier: Apache-2.0 */
/* How the library behaves on a device: what is out of bounds, streams, contexts, threads, forked children, releases. */
#define _GNU_SOURCE
#include "gpu_support.h"

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROWS = 5000, COLUMNS = 64, LENGTH = 20000 };

static float table[ROWS][COLUMNS];
static int64_t picks[LENGTH];

static void make_numbers(void) {
  uint64_t seed = 7;
  for (int i = 0; i < ROWS; ++i)
    for (int c = 0; c < COLUMNS; ++c) table[i][c] = (float)(i * COLUMNS + c);
  random_index(UNI_DTYPE_INT64, picks, LENGTH, ROWS, &seed);
}

/* The first wrong row, or -1. */
static int first_wrong(float (*rows)[COLUMNS], const int64_t *index, int length) {
  for (int i = 0; i < length; ++i)
    if (memcmp(rows[i], table[index[i]], sizeof rows[i]) != 0) return i;
  return -1;
}

static float (*read_rows(const uni_tensor *out))[COLUMNS] {
  float(*rows)[COLUMNS] = malloc(sizeof(float) * LENGTH * COLUMNS);
  assert_non_null(rows);
  read_back(out, rows);
  return rows;
}

static void test_out_of_bounds(void **state) {
  (void)state;
  uni_context *context = make_gpu_context(2);
  uni_tensor *source = make_in(context, UNI_MEMORY_UNIFIED, UNI_DTYPE_FLOAT32, ROWS, COLUMNS, table);
  int64_t *bad = malloc(sizeof picks);
  memcpy(bad, picks, sizeof picks);
  bad[12345] = ROWS;
  bad[777] = -1;
  bad[19999] = INT64_MAX;
  uni_tensor *index = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, LENGTH, -1, bad), *out = NULL;
  uni_context_reset_statistics(context);
  for (int32_t bounds = UNI_BOUNDS_CHECK; bounds <= UNI_BOUNDS_SKIP; ++bounds) {
    uni_gather_options options = UNI_GATHER_OPTIONS_INIT;
    options.bounds = bounds;
    OK(uni_gather(source, uni_tensor_array(index), &options, NULL, &out, &error));
    if (bounds == UNI_BOUNDS_CHECK)
      FAILS(UNI_STATUS_OUT_OF_BOUNDS, "index[777] is -1", uni_context_synchronize(context, &error));
    OK(uni_context_synchronize(context, &error)); /* told once */
    float(*rows)[COLUMNS] = read_rows(out);
    const float zeros[COLUMNS] = {0};
    for (int i = 0; i < LENGTH; ++i)
      assert_memory_equal(rows[i], bad[i] == picks[i] ? table[picks[i]] : zeros, sizeof rows[i]);
    free(rows);
    uni_tensor_release(out);
  }
  uni_statistics statistics = {0};
  statistics.struct_size = sizeof statistics;
  OK(uni_context_statistics(context, &statistics, &error));
  assert_int_equal(statistics.out_of_bounds, 6);
  /* A scatter leaves everything else as it was, and a bad seed ends the sample alone. */
  uni_tensor *target = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_FLOAT32, ROWS, COLUMNS, table);
  uni_tensor *rows = NULL;
  OK(create_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_FLOAT32, LENGTH, COLUMNS, &rows));
  OK(uni_tensor_fill(rows, NULL, NULL, &error));
  OK(uni_scatter(target, uni_tensor_array(index), uni_tensor_array(rows), NULL, NULL, &error));
  FAILS(UNI_STATUS_OUT_OF_BOUNDS, "index[777] is -1", uni_context_synchronize(context, &error));
  uni_graph *graph = NULL;
  OK(graph_in(context, UNI_MEMORY_UNIFIED, &graph));
  const int64_t seeds[3] = {3, 50, 4}, fanouts[1] = {2};
  uni_tensor *there = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, 3, -1, seeds);
  uni_sample_options options = UNI_SAMPLE_OPTIONS_INIT;
  options.num_hops = 1;
  options.fanouts = fanouts;
  uni_sample *sample = NULL;
  OK(uni_sample_neighbors(graph, uni_tensor_array(there), &options, NULL, &sample, &error));
  FAILS(UNI_STATUS_OUT_OF_BOUNDS, "seeds[1] is 50", uni_sample_wait(sample, &error));
  uni_sample_release(sample);
  OK(uni_context_synchronize(context, &error));
  uni_tensor_release(there);
  uni_graph_release(graph);
  uni_tensor_release(rows);
  uni_tensor_release(target);
  uni_tensor_release(index);
  uni_tensor_release(source);
  uni_context_release(context);
  free(bad);
}

/* Everything is released as soon as it is enqueued, on two streams that wait for nobody, while others allocate. */
static void test_two_streams(void **state) {
  (void)state;
  enum { ROUNDS = 20 };
  uni_context *context = make_gpu_context(2);
  void *streams[2] = {create_stream(), create_stream()};
  uni_tensor *outs[ROUNDS];
  for (int round = 0; round < ROUNDS; ++round) {
    const int32_t memory = round % 4 == 0 ? UNI_MEMORY_DEVICE : round % 4 == 1 ? UNI_MEMORY_PINNED : UNI_MEMORY_MANAGED;
    uni_tensor *source = make_in(context, memory, UNI_DTYPE_FLOAT32, ROWS, COLUMNS, table);
    uni_tensor *index = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, LENGTH, -1, picks);
    OK(uni_gather(source, uni_tensor_array(index), NULL, streams[round % 2], &outs[round], &error));
    uni_tensor_release(source);
    uni_tensor_release(index);
    uni_tensor *other = NULL;
    OK(create_in(context, memory, UNI_DTYPE_FLOAT32, ROWS, COLUMNS, &other));
    OK(uni_tensor_fill(other, NULL, streams[1 - round % 2], &error));
    uni_tensor_release(other);
  }
  for (int i = 0; i < 2; ++i) synchronize_stream(streams[i]);
  for (int round = 0; round < ROUNDS; ++round) {
    float(*rows)[COLUMNS] = read_rows(outs[round]);
    assert_int_equal(first_wrong(rows, picks, LENGTH), -1);
    free(rows);
    uni_tensor_release(outs[round]);
  }
  for (int i = 0; i < 2; ++i) destroy_stream(streams[i]);
  uni_context_release(context);
}

/* A sample's nodes as the index of a gather, without a wait in between: rows past the count are zero. */
static void test_sample_then_gather(void **state) {
  (void)state;
  uni_context *context = make_gpu_context(2);
  uni_tensor *source = make_in(context, UNI_MEMORY_UNIFIED, UNI_DTYPE_FLOAT32, ROWS, COLUMNS, table), *out = NULL;
  uni_graph *graph = NULL;
  OK(graph_in(context, UNI_MEMORY_UNIFIED, &graph));
  const int64_t seeds[4] = {9, 19, 29, 48}, fanouts[2] = {4, 4};
  uni_tensor *there = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, 4, -1, seeds);
  uni_sample_options options = UNI_SAMPLE_OPTIONS_INIT;
  options.num_hops = 2;
  options.fanouts = fanouts;
  void *stream = create_stream();
  uni_sample *sample = NULL;
  OK(uni_sample_neighbors(graph, uni_tensor_array(there), &options, stream, &sample, &error));
  OK(uni_gather(source, uni_sample_nodes(sample), NULL, stream, &out, &error));
  const int64_t capacity = info_of(out).shape[0];
  assert_true(capacity >= 4 && capacity <= LENGTH);
  OK(uni_sample_wait(sample, &error));
  const uni_tensor *nodes = uni_sample_tensor(sample, UNI_SAMPLE_NODES);
  const int64_t num_nodes = info_of(nodes).shape[0];
  int64_t numbers[100];
  assert_true(num_nodes <= 100 && num_nodes >= 4);
  read_back(nodes, numbers);
  synchronize_stream(stream);
  float(*rows)[COLUMNS] = read_rows(out);
  assert_int_equal(first_wrong(rows, numbers, (int)num_nodes), -1);
  const float zeros[COLUMNS] = {0};
  for (int64_t i = num_nodes; i < capacity; ++i) assert_memory_equal(rows[i], zeros, sizeof zeros);
  free(rows);
  uni_tensor_release(out);
  uni_sample_release(sample);
  uni_tensor_release(there);
  uni_graph_release(graph);
  uni_tensor_release(source);
  destroy_stream(stream);
  uni_context_release(context);
}

typedef struct worker {
  pthread_t thread;
  uni_context *context;
  uni_tensor *source; /* shared by the workers of a context */
  int wrong;
  char message[512];
} worker;

static void *work(void *argument) {
  worker *self = argument;
  uni_error own = UNI_ERROR_INIT;
  void *stream = create_stream();
  float(*rows)[COLUMNS] = malloc(sizeof(float) * LENGTH * COLUMNS);
  uni_status status = UNI_STATUS_OK;
  for (int round = 0; round < 10 && status == UNI_STATUS_OK && !self->wrong; ++round) {
    uni_tensor_desc desc = UNI_TENSOR_DESC_INIT;
    desc.memory = UNI_MEMORY_DEVICE;
    desc.dtype = UNI_DTYPE_INT64;
    desc.ndim = 1;
    desc.shape[0] = LENGTH;
    uni_tensor *index = NULL, *out = NULL;
    const uni_array said = array_1d(UNI_DTYPE_INT64, picks, LENGTH),
                    into = array_2d(UNI_DTYPE_FLOAT32, rows, LENGTH, COLUMNS);
    status = uni_tensor_create(self->context, &desc, &index, &own);
    if (status == UNI_STATUS_OK) status = uni_tensor_copy_from(index, &said, stream, &own);
    if (status == UNI_STATUS_OK) status = uni_gather(self->source, uni_tensor_array(index), NULL, stream, &out, &own);
    uni_tensor_release(index);
    if (status == UNI_STATUS_OK) status = uni_tensor_copy_to(out, &into, stream, &own);
    if (status == UNI_STATUS_OK) status = uni_context_synchronize(self->context, &own);
    uni_tensor_release(out);
    if (status == UNI_STATUS_OK) self->wrong = first_wrong(rows, picks, LENGTH) != -1;
  }
  if (status != UNI_STATUS_OK) {
    self->wrong = 1;
    memcpy(self->message, own.message,
           sizeof self->message < sizeof own.message ? sizeof self->message : sizeof own.message);
    self->message[sizeof self->message - 1] = 0;
  }
  free(rows);
  destroy_stream(stream);
  return NULL;
}

static void test_two_contexts_on_four_threads(void **state) {
  (void)state;
  worker workers[4];
  memset(workers, 0, sizeof workers);
  uni_context *contexts[2] = {make_gpu_context(1), make_gpu_context(2)};
  uni_tensor *sources[2];
  for (int c = 0; c < 2; ++c)
    sources[c] =
        make_in(contexts[c], c == 0 ? UNI_MEMORY_UNIFIED : UNI_MEMORY_DEVICE, UNI_DTYPE_FLOAT32, ROWS, COLUMNS, table);
  for (int i = 0; i < 4; ++i) {
    workers[i].context = contexts[i % 2];
    workers[i].source = sources[i % 2];
    assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
  }
  for (int i = 0; i < 4; ++i) {
    pthread_join(workers[i].thread, NULL);
    if (workers[i].wrong) fail_msg("thread %d: %s", i, workers[i].message[0] ? workers[i].message : "wrong rows");
  }
  for (int c = 0; c < 2; ++c) {
    uni_tensor_release(sources[c]);
    uni_context_release(contexts[c]);
  }
}

/* The child is refused what needs the device, may use the CPU, and leaves the parent as it was. */
static void test_fork(void **state) {
  (void)state;
  uni_context *context = make_gpu_context(2);
  uni_tensor *source = make_in(context, UNI_MEMORY_UNIFIED, UNI_DTYPE_FLOAT32, ROWS, COLUMNS, table);
  uni_tensor *index = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, LENGTH, -1, picks), *out = NULL;
  fflush(NULL);
  const pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    alarm(60);
    uni_tensor *other = NULL, *host = NULL;
    const uni_array few = array_1d(UNI_DTYPE_INT64, picks, 3);
    int right = uni_gather(source, uni_tensor_array(index), NULL, NULL, &other, &error) == UNI_STATUS_INVALID_STATE &&
                uni_context_synchronize(context, &error) == UNI_STATUS_INVALID_STATE;
    right &= create_in(context, UNI_MEMORY_HOST, UNI_DTYPE_FLOAT32, ROWS, COLUMNS, &host) == UNI_STATUS_OK &&
             uni_gather(host, &few, NULL, NULL, &other, &error) == UNI_STATUS_OK;
    uni_tensor_release(other);
    uni_tensor_release(host);
    uni_tensor_release(index);
    uni_tensor_release(source);
    uni_context_release(context);
    _exit(right ? 0 : 1);
  }
  int status = 0;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), 0);
  OK(uni_gather(source, uni_tensor_array(index), NULL, NULL, &out, &error));
  float(*rows)[COLUMNS] = read_rows(out);
  assert_int_equal(first_wrong(rows, picks, LENGTH), -1);
  free(rows);
  uni_tensor_release(out);
  uni_tensor_release(index);
  uni_tensor_release(source);
  uni_context_release(context);
}

/* Hundreds of tensors of every kind come and go: what the device has free afterwards is what it had after the first. */
static void test_nothing_is_lost(void **state) {
  (void)state;
  int64_t before = 0;
  for (int round = 0; round < 4; ++round) {
    uni_context *context = make_gpu_context(2);
    for (int i = 0; i < 40; ++i) {
      uni_tensor *source = NULL, *out = NULL;
      OK(create_in(context, UNI_MEMORY_PINNED + i % 3, UNI_DTYPE_FLOAT32, ROWS, COLUMNS, &source));
      uni_tensor *index = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, LENGTH, -1, picks);
      OK(uni_gather(source, uni_tensor_array(index), NULL, NULL, &out, &error));
      uni_tensor_release(source);
      uni_tensor_release(index);
      uni_tensor_release(out);
    }
    uni_context_release(context);
    if (round == 0) before = free_device_bytes();
  }
  const int64_t lost = before - free_device_bytes();
  if (lost > (int64_t)32 << 20) fail_msg("%lld bytes of the device are gone", (long long)lost);
}

int main(int argc, char **argv) {
  const int status = start_gpu_tests(argc, argv);
  if (status != 0) return status;
  make_numbers();
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_out_of_bounds),
      cmocka_unit_test(test_two_streams),
      cmocka_unit_test(test_sample_then_gather),
      cmocka_unit_test(test_two_contexts_on_four_threads),
      cmocka_unit_test(test_fork),
      cmocka_unit_test(test_nothing_is_lost),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
