/* SPDX-License-Identifier: Apache-2.0 */
/* 16 threads on one context, one table and one graph. cmocka's assertions jump, which only the main thread may do, so
 * that workers count what went wrong and the main thread looks at the count. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdatomic.h>

#include "dlpack_layout.h"
#include "graph_support.h"

enum { num_threads = 16, num_rounds = 12, table_rows = 5000, table_columns = 24, num_nodes = 3000, num_seeds = 300 };

struct shared {
  uni_context *context;
  uni_tensor *table;
  uni_graph *graph;
  uni_sample *expected[2];
  int64_t seeds[num_seeds];
  _Atomic int failures;
  _Atomic int destroyed;
  pthread_barrier_t barrier;
};

static struct shared shared;

#define EXPECT(condition) \
  do { \
    if (!(condition)) { \
      if (atomic_fetch_add(&shared.failures, 1) < 5) fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
    } \
  } while (0)

static int32_t expected_value(int64_t row, int64_t column) { return (int32_t)(row * 100 + column); }

static void create_and_release(uint64_t *random) {
  uni_tensor_desc desc = UNI_TENSOR_DESC_INIT;
  desc.memory = UNI_MEMORY_HOST;
  desc.dtype = UNI_DTYPE_INT64;
  desc.ndim = 1;
  desc.shape[0] = (int64_t)(next_random(random) % 100000);
  uni_tensor *tensor = NULL;
  EXPECT(uni_tensor_create(shared.context, &desc, &tensor, NULL) == UNI_STATUS_OK);
  const int64_t value = (int64_t)next_random(random);
  EXPECT(uni_tensor_fill(tensor, &value, NULL, NULL) == UNI_STATUS_OK);
  void *data = NULL;
  EXPECT(uni_tensor_host_pointer(tensor, &data, NULL) == UNI_STATUS_OK);
  for (int64_t i = 0; i < desc.shape[0]; i += 997) EXPECT(((int64_t *)data)[i] == value);
  uni_tensor_release(uni_tensor_retain(tensor));
  uni_tensor_release(tensor);
}

static void gather(uint64_t *random, int64_t length) {
  int64_t *index = malloc((size_t)length * 8);
  for (int64_t i = 0; i < length; ++i) index[i] = (int64_t)(next_random(random) % table_rows);
  const uni_array borrowed = array_1d(UNI_DTYPE_INT64, index, length);
  uni_tensor *out = NULL;
  EXPECT(uni_gather(shared.table, &borrowed, NULL, NULL, &out, NULL) == UNI_STATUS_OK);
  void *data = NULL;
  uni_tensor_host_pointer(out, &data, NULL);
  const int64_t pitch = uni_tensor_array(out)->row_pitch;
  for (int64_t i = 0; i < length; ++i)
    for (int64_t j = 0; j < table_columns; j += 23)
      EXPECT(*(int32_t *)(void *)((char *)data + i * pitch + 4 * j) == expected_value(index[i], j));
  uni_tensor_release(out);
  /* A bad index fails on this thread alone, with its own message. */
  uni_error own = UNI_ERROR_INIT;
  char text[32];
  index[length / 2] = -1 - (int64_t)(next_random(random) % 1000);
  snprintf(text, sizeof text, "%lld", (long long)index[length / 2]);
  EXPECT(uni_gather(shared.table, &borrowed, NULL, NULL, &out, &own) == UNI_STATUS_OUT_OF_BOUNDS);
  EXPECT(out == NULL && strstr(own.message, text) != NULL);
  free(index);
}

/* Each thread scatters into a tensor of its own. */
static void scatter(uint64_t *random) {
  enum { length = 20000, targets = 50 };
  int64_t *index = malloc(length * 8), sums[targets] = {0};
  int32_t *rows = malloc(length * 4);
  for (int i = 0; i < length; ++i) {
    index[i] = (int64_t)(next_random(random) % targets);
    rows[i] = (int32_t)(next_random(random) % 1000);
    sums[index[i]] += rows[i];
  }
  int32_t zeros[targets] = {0};
  const uni_array memory = array_2d(UNI_DTYPE_INT32, zeros, targets, 1);
  const uni_array borrowed = array_1d(UNI_DTYPE_INT64, index, length),
                  source = array_2d(UNI_DTYPE_INT32, rows, length, 1);
  uni_tensor *destination = NULL;
  EXPECT(uni_tensor_wrap(shared.context, &memory, NULL, NULL, &destination, NULL) == UNI_STATUS_OK);
  uni_scatter_options options = UNI_SCATTER_OPTIONS_INIT;
  options.reduce = UNI_SCATTER_ADD;
  EXPECT(uni_scatter(destination, &borrowed, &source, &options, NULL, NULL) == UNI_STATUS_OK);
  for (int i = 0; i < targets; ++i) EXPECT(zeros[i] == sums[i]);
  uni_tensor_release(destination);
  free(index);
  free(rows);
}

static const int64_t fanouts[2] = {6, 4};

static uni_status sample_once(int which, uni_sample **sample) {
  uni_sample_options options = UNI_SAMPLE_OPTIONS_INIT;
  options.num_hops = 2;
  options.fanouts = fanouts;
  options.seed = 11;
  options.flags = UNI_SAMPLE_WITH_EDGE_IDS | (which == 1 ? UNI_SAMPLE_REPLACE | UNI_SAMPLE_UNIQUE_SEEDS : 0);
  const uni_array borrowed = array_1d(UNI_DTYPE_INT64, shared.seeds, num_seeds);
  return uni_sample_neighbors(shared.graph, &borrowed, &options, NULL, sample, NULL);
}

static void sample(uint64_t *random) {
  const int which = (int)(next_random(random) % 2);
  uni_sample *own = NULL;
  EXPECT(sample_once(which, &own) == UNI_STATUS_OK);
  if (own == NULL) return;
  EXPECT(uni_sample_wait(own, NULL) == UNI_STATUS_OK);
  for (int32_t part = UNI_SAMPLE_NODES; part <= UNI_SAMPLE_SEED_INDEX; ++part) {
    const uni_array *a = uni_tensor_array(uni_sample_tensor(own, part));
    const uni_array *b = uni_tensor_array(uni_sample_tensor(shared.expected[which], part));
    EXPECT(a->shape[0] == b->shape[0] && memcmp(a->data, b->data, (size_t)a->shape[0] * 8) == 0);
  }
  uni_tensor *kept = uni_tensor_retain(uni_sample_tensor(own, UNI_SAMPLE_NODES));
  uni_sample_release(own);
  uni_tensor_release(kept);
}

static void slice_and_export(uint64_t *random) {
  const int64_t start = (int64_t)(next_random(random) % (table_rows - 10));
  uni_tensor *view = NULL, *back = NULL;
  struct DLManagedTensorVersioned *managed = NULL;
  EXPECT(uni_tensor_slice(shared.table, start, start + 10, &view, NULL) == UNI_STATUS_OK);
  EXPECT(uni_tensor_to_dlpack(view, UNI_DLPACK_DEFAULT, 0, &managed, NULL) == UNI_STATUS_OK);
  uni_tensor_release(view);
  EXPECT(uni_tensor_from_dlpack(shared.context, managed, &back, NULL) == UNI_STATUS_OK);
  void *data = NULL;
  uni_tensor_host_pointer(back, &data, NULL);
  EXPECT(*(int32_t *)data == expected_value(start, 0));
  uni_tensor_release(back);
}

static void read_and_reset(void) {
  uni_statistics statistics = {0};
  statistics.struct_size = sizeof statistics;
  EXPECT(uni_context_statistics(shared.context, &statistics, NULL) == UNI_STATUS_OK);
  uni_memory_info info = {0};
  info.struct_size = sizeof info;
  EXPECT(uni_context_memory_info(shared.context, UNI_MEMORY_UNIFIED, &info, NULL) == UNI_STATUS_OK);
  EXPECT(uni_context_check(shared.context, NULL) == UNI_STATUS_OK);
  EXPECT(uni_context_synchronize(shared.context, NULL) == UNI_STATUS_OK);
  uni_context_release(uni_context_retain(shared.context));
}

static void *work(void *argument) {
  uint64_t random = (uint64_t)(uintptr_t)argument;
  pthread_barrier_wait(&shared.barrier);
  for (int round = 0; round < num_rounds; ++round)
    for (int action = 0; action < 7; ++action) switch (next_random(&random) % 7) {
        case 0:
          create_and_release(&random);
          break;
        case 1:
          gather(&random, 50);
          break;
        case 2:
          gather(&random, 20000);
          break;
        case 3:
          scatter(&random);
          break;
        case 4:
          sample(&random);
          break;
        case 5:
          slice_and_export(&random);
          break;
        default:
          read_and_reset();
          break;
      }
  return NULL;
}

static void count_destroy(void *user_data) { atomic_fetch_add((_Atomic int *)user_data, 1); }

static void run_threads(void *(*body)(void *)) {
  pthread_t threads[num_threads];
  assert_int_equal(pthread_barrier_init(&shared.barrier, NULL, num_threads), 0);
  for (uintptr_t i = 0; i < num_threads; ++i)
    assert_int_equal(pthread_create(&threads[i], NULL, body, (void *)(i + 1)), 0);
  for (int i = 0; i < num_threads; ++i) assert_int_equal(pthread_join(threads[i], NULL), 0);
  pthread_barrier_destroy(&shared.barrier);
  assert_int_equal(atomic_load(&shared.failures), 0);
}

static void test_everything_at_once(void **state) {
  (void)state;
  static int32_t rows[table_rows * table_columns];
  for (int64_t i = 0; i < table_rows * table_columns; ++i)
    rows[i] = expected_value(i / table_columns, i % table_columns);
  uint64_t random = 3;
  for (int i = 0; i < num_seeds; ++i) shared.seeds[i] = (int64_t)(next_random(&random) % num_nodes);
  shared.context = make_context(4);
  uni_array array = array_2d(UNI_DTYPE_INT32, rows, table_rows, table_columns);
  array.flags = UNI_ARRAY_READ_ONLY;
  OK(uni_tensor_wrap(shared.context, &array, count_destroy, &shared.destroyed, &shared.table, &error));
  shared.graph = make_random_graph(shared.context, num_nodes, 4);
  /* What is expected was sampled while nothing else ran. */
  for (int which = 0; which < 2; ++which) OK(sample_once(which, &shared.expected[which]));
  run_threads(work);
  for (int which = 0; which < 2; ++which) uni_sample_release(shared.expected[which]);
  uni_graph_release(shared.graph);
  assert_int_equal(atomic_load(&shared.destroyed), 0);
  uni_tensor_release(shared.table);
  assert_int_equal(atomic_load(&shared.destroyed), 1);
  uni_context_release(shared.context);
}

/* The last references are dropped on many threads at once: each object goes once. */
static void *drop(void *argument) {
  (void)argument;
  pthread_barrier_wait(&shared.barrier);
  for (int i = 0; i < 1000; ++i) uni_tensor_release(uni_tensor_retain(shared.table));
  uni_tensor_release(shared.table);
  uni_context_release(shared.context);
  return NULL;
}

static void test_last_references(void **state) {
  (void)state;
  static float data[4];
  for (int round = 0; round < 20; ++round) {
    atomic_store(&shared.destroyed, 0);
    shared.context = make_context(2);
    const uni_array array = array_2d(UNI_DTYPE_FLOAT32, data, 2, 2);
    OK(uni_tensor_wrap(shared.context, &array, count_destroy, &shared.destroyed, &shared.table, &error));
    for (int i = 1; i < num_threads; ++i) {
      uni_tensor_retain(shared.table);
      uni_context_retain(shared.context);
    }
    run_threads(drop);
    assert_int_equal(atomic_load(&shared.destroyed), 1);
  }
}

/* Statistics count every call of every thread. */
static void *count_calls(void *argument) {
  (void)argument;
  const int64_t index[3] = {0, 1, 2};
  const uni_array borrowed = array_1d(UNI_DTYPE_INT64, index, 3);
  int32_t rows[3];
  const uni_array out = array_2d(UNI_DTYPE_INT32, rows, 3, 1);
  pthread_barrier_wait(&shared.barrier);
  for (int i = 0; i < 2000; ++i)
    EXPECT(uni_gather_into(shared.table, &borrowed, NULL, NULL, &out, NULL) == UNI_STATUS_OK);
  return NULL;
}

static void test_statistics(void **state) {
  (void)state;
  shared.context = make_context(2);
  const int32_t values[3] = {1, 2, 3};
  shared.table = make_tensor(shared.context, UNI_DTYPE_INT32, 3, 1, values);
  run_threads(count_calls);
  uni_statistics statistics = {0};
  statistics.struct_size = sizeof statistics;
  OK(uni_context_statistics(shared.context, &statistics, &error));
  assert_int_equal(statistics.gather_calls, num_threads * 2000);
  assert_int_equal(statistics.gather_rows, num_threads * 6000);
  assert_int_equal(statistics.gather_bytes, num_threads * 24000);
  uni_tensor_release(shared.table);
  uni_context_release(shared.context);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_everything_at_once),
      cmocka_unit_test(test_last_references),
      cmocka_unit_test(test_statistics),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
