/* SPDX-License-Identifier: Apache-2.0 */
/* What goes wrong on a device and how it is said, over the emulated machine. */
#define _GNU_SOURCE
#include "cuda_support.h"

static const float table[4][2] = {{0, 1}, {10, 11}, {20, 21}, {30, 31}};

static uni_statistics statistics_of(const uni_context *context) {
  uni_statistics statistics = {.struct_size = sizeof statistics};
  OK(uni_context_statistics(context, &statistics, &error));
  return statistics;
}

static void test_bounds_are_reported_later(void **state) {
  (void)state;
  fake_reset();
  uni_context *context = make_cuda_context();
  uni_tensor *source = make_in(context, UNI_MEMORY_UNIFIED, UNI_DTYPE_FLOAT32, 4, 2, table);
  const int64_t bad[5] = {1, 4, 2, -7, INT64_MIN};
  uni_tensor *index = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, 5, -1, bad);
  uni_tensor *out = NULL;
  OK(uni_gather(source, uni_tensor_array(index), NULL, NULL, &out, &error));
  /* It has not run: there is nothing to report, and nobody waits. */
  OK(uni_context_check(context, &error));
  assert_int_equal(statistics_of(context).out_of_bounds, 0);
  fake_synchronize(NULL);
  FAILS(UNI_STATUS_OUT_OF_BOUNDS, "index[1] is 4, expected 0 to 3 (3 of 5", uni_context_check(context, &error));
  OK(uni_context_check(context, &error));
  assert_int_equal(statistics_of(context).out_of_bounds, 3);
  const float expected[5][2] = {{10, 11}, {0, 0}, {20, 21}, {0, 0}, {0, 0}};
  float rows[5][2];
  read_back(out, rows);
  assert_memory_equal(rows, expected, sizeof rows);
  /* The first operation with an error is the one that is named; skipped rows are counted only. */
  uni_gather_options skip = UNI_GATHER_OPTIONS_INIT;
  skip.bounds = UNI_BOUNDS_SKIP;
  OK(uni_gather_into(source, uni_tensor_array(index), &skip, NULL, uni_tensor_array(out), &error));
  const int64_t worse[1] = {99};
  uni_tensor *second = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, 1, -1, worse);
  assert_int_equal(statistics_of(context).out_of_bounds, 6);
  uni_array rows_given = *uni_tensor_array(out);
  rows_given.shape[0] = 1;
  uni_tensor *destination = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_FLOAT32, 4, 2, table);
  OK(uni_scatter(destination, uni_tensor_array(second), &rows_given, NULL, NULL, &error));
  OK(uni_gather_into(source, uni_tensor_array(index), NULL, NULL, uni_tensor_array(out), &error));
  FAILS(UNI_STATUS_OUT_OF_BOUNDS, "index[0] is 99", uni_context_synchronize(context, &error));
  OK(uni_context_synchronize(context, &error));
  float untouched[4][2];
  read_back(destination, untouched);
  assert_memory_equal(untouched, table, sizeof table);
  uni_tensor_release(destination);
  uni_tensor_release(second);
  uni_tensor_release(out);
  uni_tensor_release(index);
  uni_tensor_release(source);
  uni_context_release(context);
  check_nothing_left();
}

static void test_sample_without_a_wait(void **state) {
  (void)state;
  fake_reset();
  uni_context *context = make_cuda_context();
  uni_graph *graph = NULL;
  OK(graph_in(context, UNI_MEMORY_UNIFIED, &graph));
  float features[50][2];
  for (int i = 0; i < 50; ++i) features[i][0] = features[i][1] = (float)i;
  uni_tensor *x = make_in(context, UNI_MEMORY_UNIFIED, UNI_DTYPE_FLOAT32, 50, 2, features);
  const int64_t seeds[3] = {9, 18, 27}, fanouts[2] = {4, 3};
  uni_tensor *from = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, 3, -1, seeds);
  uni_sample_options options = UNI_SAMPLE_OPTIONS_INIT;
  options.num_hops = 2;
  options.fanouts = fanouts;
  uni_sample *sample = NULL;
  uni_tensor *rows = NULL;
  void *stream = fake_create_stream();
  OK(uni_sample_neighbors(graph, uni_tensor_array(from), &options, stream, &sample, &error));
  OK(uni_gather(x, uni_sample_nodes(sample), NULL, stream, &rows, &error));
  uni_sample_info info = {.struct_size = sizeof info};
  FAILS(UNI_STATUS_INVALID_STATE, "uni_sample_wait", uni_sample_get_info(sample, &info, &error));
  assert_true(counts_now().pending_work > 0);
  const uni_array *before = uni_sample_nodes(sample);
  assert_non_null(before->count);
  const int64_t capacity = before->shape[0];
  uni_tensor *copied = NULL;
  FAILS_NULL(UNI_STATUS_INVALID_ARGUMENT, "count", copied,
             uni_tensor_wrap(context, before, NULL, NULL, &copied, &error));
  OK(uni_sample_wait(sample, &error));
  OK(uni_sample_wait(sample, &error));
  OK(uni_sample_get_info(sample, &info, &error));
  assert_true(info.num_nodes < capacity);
  assert_int_equal(before->shape[0], capacity);
  const uni_array *after = uni_sample_nodes(sample);
  assert_int_equal(after->shape[0], info.num_nodes);
  assert_null(after->count);
  int64_t nodes[64];
  float gathered[64][2];
  read_back(uni_sample_tensor(sample, UNI_SAMPLE_NODES), nodes);
  assert_int_equal(info_of(rows).shape[0], capacity);
  read_back(rows, gathered);
  for (int64_t i = 0; i < capacity; ++i) assert_true(gathered[i][1] == (i < info.num_nodes ? (float)nodes[i] : 0.0f));
  assert_int_equal(statistics_of(context).out_of_bounds, 0);
  uni_tensor_release(rows);
  uni_sample_release(sample);

  /* One that nobody waits for, and one with a bad seed. */
  OK(uni_sample_neighbors(graph, uni_tensor_array(from), &options, stream, &sample, &error));
  uni_sample_release(sample);
  const int64_t bad[3] = {1, 50, -1};
  uni_tensor *wrong = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, 3, -1, bad);
  for (int exact = 0; exact < 2; ++exact) {
    const int64_t all[2] = {4, exact ? -1 : 3};
    options.fanouts = all;
    if (exact) {
      FAILS_NULL(UNI_STATUS_OUT_OF_BOUNDS, "seeds[1] is 50", sample,
                 uni_sample_neighbors(graph, uni_tensor_array(wrong), &options, stream, &sample, &error));
    } else {
      OK(uni_sample_neighbors(graph, uni_tensor_array(wrong), &options, stream, &sample, &error));
      for (int turn = 0; turn < 2; ++turn)
        FAILS(UNI_STATUS_OUT_OF_BOUNDS, "seeds[1] is 50", uni_sample_wait(sample, &error));
      FAILS(UNI_STATUS_INVALID_STATE, "succeeded", uni_sample_get_info(sample, &info, &error));
      uni_sample_release(sample);
    }
    OK(uni_context_synchronize(context, &error));
  }
  /* Without a wait the context says it. */
  options.fanouts = fanouts;
  OK(uni_sample_neighbors(graph, uni_tensor_array(wrong), &options, stream, &sample, &error));
  uni_sample_release(sample);
  FAILS(UNI_STATUS_OUT_OF_BOUNDS, "seeds[1] is 50", uni_context_synchronize(context, &error));
  uni_tensor_release(wrong);
  uni_tensor_release(from);
  uni_tensor_release(x);
  uni_graph_release(graph);
  fake_destroy_stream(stream);
  uni_context_release(context);
  check_nothing_left();
}

/* Every operation once; the status of the first that fails. Outputs of what failed are NULL. */
static uni_status everything(void) {
  uni_context_options context_options = UNI_CONTEXT_OPTIONS_INIT;
  context_options.backend_path = CUDA_EMULATED;
  context_options.num_threads = 1;
  uni_context *context = NULL;
  uni_status status = uni_context_create(&context_options, &context, &error);
  if (status != UNI_STATUS_OK) {
    assert_null(context);
    return status;
  }
  uni_tensor *tensors[4] = {NULL, NULL, NULL, NULL}, *index = NULL, *out = NULL;
  uni_graph *graph = NULL;
  uni_sample *samples[2] = {NULL, NULL};
  const int64_t picks[3] = {3, 0, 2}, fanouts[2] = {3, 2}, all[2] = {60, -1};
  for (int32_t memory = UNI_MEMORY_PINNED; memory <= UNI_MEMORY_DEVICE && status == UNI_STATUS_OK; ++memory) {
    const uni_array host = array_2d(UNI_DTYPE_FLOAT32, table, 4, 2);
    status = create_in(context, memory, UNI_DTYPE_FLOAT32, 4, 2, &tensors[memory - 1]);
    if (status != UNI_STATUS_OK) assert_null(tensors[memory - 1]);
    if (status == UNI_STATUS_OK) status = uni_tensor_copy_from(tensors[memory - 1], &host, NULL, &error);
  }
  const uni_array host_index = array_1d(UNI_DTYPE_INT64, picks, 3);
  if (status == UNI_STATUS_OK) status = create_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, 3, -1, &index);
  if (status == UNI_STATUS_OK) status = uni_tensor_copy_from(index, &host_index, NULL, &error);
  if (status == UNI_STATUS_OK) status = uni_tensor_fill(tensors[3], NULL, NULL, &error);
  if (status == UNI_STATUS_OK) {
    uni_gather_options options = UNI_GATHER_OPTIONS_INIT;
    options.order = UNI_ORDER_BY_PAGE;
    status = uni_gather(tensors[1], uni_tensor_array(index), &options, NULL, &out, &error);
    if (status != UNI_STATUS_OK) assert_null(out);
  }
  for (int32_t reduce = UNI_SCATTER_ASSIGN; reduce <= UNI_SCATTER_ADD && status == UNI_STATUS_OK; ++reduce) {
    uni_scatter_options options = UNI_SCATTER_OPTIONS_INIT;
    options.reduce = reduce;
    status = uni_scatter(tensors[3], uni_tensor_array(index), uni_tensor_array(out), &options, NULL, &error);
  }
  if (status == UNI_STATUS_OK) {
    status = graph_in(context, UNI_MEMORY_DEVICE, &graph);
    if (status != UNI_STATUS_OK) assert_null(graph);
  }
  for (int exact = 0; exact < 2 && status == UNI_STATUS_OK; ++exact) {
    uni_sample_options options = UNI_SAMPLE_OPTIONS_INIT;
    options.num_hops = 2;
    options.fanouts = exact ? all : fanouts;
    options.flags = exact ? UNI_SAMPLE_WITH_EDGE_IDS : UNI_SAMPLE_UNIQUE_SEEDS;
    status = uni_sample_neighbors(graph, uni_tensor_array(index), &options, NULL, &samples[exact], &error);
    if (status != UNI_STATUS_OK) assert_null(samples[exact]);
    if (status == UNI_STATUS_OK) status = uni_sample_wait(samples[exact], &error);
  }
  if (status == UNI_STATUS_OK) status = uni_context_synchronize(context, &error);
  const uni_error first = error;
  for (int i = 0; i < 2; ++i) uni_sample_release(samples[i]);
  uni_graph_release(graph);
  uni_tensor_release(out);
  uni_tensor_release(index);
  for (int i = 0; i < 4; ++i) uni_tensor_release(tensors[i]);
  uni_context_release(context);
  error = first;
  return status;
}

/* Every call of CUDA fails once, and nothing is lost by it. */
static void test_every_call_fails(void **state) {
  (void)state;
  const struct {
    int32_t error;
    uni_status status;
  } failures[] = {{2, UNI_STATUS_OUT_OF_MEMORY}, {999, UNI_STATUS_BACKEND_ERROR}, {719, UNI_STATUS_DEVICE_LOST}};
  for (size_t f = 0; f < sizeof failures / sizeof *failures; ++f) {
    int64_t hits = 0, unnoticed = 0;
    for (int64_t nth = 1;; ++nth) {
      fake_reset();
      fake_fail_call(nth, failures[f].error);
      uni_error_init(&error);
      const uni_status status = everything();
      const fake_counts counts = counts_now();
      if (counts.calls < nth) break;
      ++hits;
      if (failures[f].error != 719) {
        check_nothing_left();
      } else {
        assert_int_equal(counts.last_error, 0);
      }
      if (status == UNI_STATUS_OK) {
        ++unnoticed;
        continue;
      }
      char number[16];
      snprintf(number, sizeof number, "(%d", (int)failures[f].error);
      if (strstr(error.message, number) == NULL && strstr(error.message, "refused") == NULL)
        fail_msg("call %lld: \"%s\" does not name error %s)", (long long)nth, error.message, number);
      if (status != failures[f].status && status != UNI_STATUS_BACKEND_UNAVAILABLE)
        fail_msg("call %lld: %s \"%s\"", (long long)nth, uni_status_string(status), error.message);
    }
    print_message("error %d: %lld calls failed, %lld without harm\n", (int)failures[f].error, (long long)hits,
                  (long long)unnoticed);
    /* A floor, so that a test that reaches nothing cannot pass; what may fail unseen is what only frees, and memory that is
     * missing once, since it is asked for again. */
    assert_true(hits >= 200);
    assert_true(failures[f].error == 2 ? unnoticed < hits * 2 / 3 : unnoticed < hits / 2);
  }
  fake_reset();
  assert_int_equal(everything(), UNI_STATUS_OK);
  check_nothing_left();
}

static void count_call(void *calls) { ++*(int *)calls; }

static void test_lost_device(void **state) {
  (void)state;
  fake_reset();
  uni_context *context = make_cuda_context();
  uni_tensor *source = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_FLOAT32, 4, 2, table);
  const int64_t picks[1] = {1};
  uni_tensor *index = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, 1, -1, picks);
  const uni_array lent = *uni_tensor_array(source);
  int calls = 0;
  uni_tensor *wrapped = NULL, *out = NULL, *second = NULL;
  OK(uni_tensor_wrap(context, &lent, count_call, &calls, &wrapped, &error));
  fake_poison_next_launch(700);
  OK(uni_gather(wrapped, uni_tensor_array(index), NULL, NULL, &out, &error));
  uni_tensor_release(wrapped);
  FAILS(UNI_STATUS_DEVICE_LOST, "illegal memory access", uni_context_synchronize(context, &error));
  assert_non_null(strstr(error.message, "started again"));
  assert_int_equal(error.native_code, 700);
  FAILS_NULL(UNI_STATUS_DEVICE_LOST, "started again", second,
             uni_gather(source, uni_tensor_array(index), NULL, NULL, &second, &error));
  FAILS_NULL(UNI_STATUS_DEVICE_LOST, "700", second,
             create_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT8, 4, -1, &second));
  FAILS(UNI_STATUS_DEVICE_LOST, "700", uni_context_check(context, &error));
  /* The CPU goes on, and what waited for the device is given back. */
  const uni_array cpu_index = array_1d(UNI_DTYPE_INT64, picks, 1);
  uni_tensor *host = make_tensor(context, UNI_DTYPE_FLOAT32, 4, 2, table);
  OK(uni_gather(host, &cpu_index, NULL, NULL, &second, &error));
  assert_memory_equal(pointer_of(second), table[1], sizeof table[1]);
  uni_tensor_release(second);
  uni_tensor_release(host);
  uni_tensor_release(out);
  uni_tensor_release(index);
  uni_tensor_release(source);
  uni_context_release(context);
  assert_int_equal(calls, 1);
  assert_int_equal(counts_now().last_error, 0);
  fake_reset();
}

/* Counts of a device that are no address of one, and fan-outs whose sums do not fit. */
static void test_hostile_numbers(void **state) {
  (void)state;
  fake_reset();
  uni_context *context = make_cuda_context();
  uni_tensor *source = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_FLOAT32, 4, 2, table), *out = NULL;
  uni_tensor *rows = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_FLOAT32, 4, 2, table);
  const int64_t picks[4] = {3, 1, 0, 2};
  uni_tensor *index = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, 4, -1, picks);
  uni_tensor *counts = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, 2, -1, picks);
  const int64_t launches = counts_now().launches, host_count = 1;
  void *count_data = NULL;
  OK(uni_tensor_device_pointer(counts, 0, &count_data, &error));
  uni_array counted = *uni_tensor_array(index);
  counted.count = (const int64_t *)(const void *)((const char *)count_data + 4);
  FAILS_NULL(UNI_STATUS_INVALID_ARGUMENT, "aligned", out, uni_gather(source, &counted, NULL, NULL, &out, &error));
  FAILS(UNI_STATUS_INVALID_ARGUMENT, "aligned",
        uni_scatter(source, &counted, uni_tensor_array(rows), NULL, NULL, &error));
  counted.count = &host_count;
  FAILS_NULL(UNI_STATUS_DEVICE_MISMATCH, "count of the index", out,
             uni_gather(source, &counted, NULL, NULL, &out, &error));
  uni_graph *graph = NULL;
  OK(graph_in(context, UNI_MEMORY_DEVICE, &graph));
  uni_sample_options options = UNI_SAMPLE_OPTIONS_INIT;
  uni_sample *sample = NULL;
  static const int64_t large[] = {INT64_MAX, INT64_MAX / 2, INT64_MAX / 4 + 1, INT64_C(1) << 40};
  const uni_array seeds = *uni_tensor_array(index);
  for (size_t i = 0; i < sizeof large / sizeof *large; ++i)
    for (int hops = 1; hops < 3; ++hops) {
      const int64_t fanouts[2] = {hops == 1 ? large[i] : 2, large[i]};
      options.flags = UNI_SAMPLE_REPLACE;
      options.num_hops = hops;
      options.fanouts = fanouts;
      const uni_status status = uni_sample_neighbors(graph, &seeds, &options, NULL, &sample, &error);
      assert_true(status == UNI_STATUS_OUT_OF_MEMORY || status == UNI_STATUS_NOT_SUPPORTED ||
                  status == UNI_STATUS_INVALID_ARGUMENT);
      assert_true(strlen(error.message) > 20);
      assert_null(sample);
    }
  assert_true(counts_now().launches > launches); /* the graph has been checked */
  OK(uni_gather(source, uni_tensor_array(index), NULL, NULL, &out, &error));
  uni_tensor_release(out);
  uni_graph_release(graph);
  uni_tensor_release(counts);
  uni_tensor_release(rows);
  uni_tensor_release(index);
  uni_tensor_release(source);
  uni_context_release(context);
  check_nothing_left();
}

/* What cannot be captured is refused, and what goes on beside it, on other streams, does not end the capture. */
static void test_capture(void **state) {
  (void)state;
  fake_reset();
  uni_context *context = make_cuda_context();
  uni_tensor *source = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_FLOAT32, 4, 2, table);
  const int64_t picks[2] = {3, 1};
  uni_tensor *index = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, 2, -1, picks);
  void *stream = fake_create_stream(), *other = fake_create_stream();
  uni_tensor *before = NULL, *during = NULL, *pinned = NULL, *managed = NULL;
  OK(uni_gather(source, uni_tensor_array(index), NULL, other, &before, &error));
  uni_graph *graph = NULL;
  OK(graph_in(context, UNI_MEMORY_DEVICE, &graph));
  const int64_t fanouts[1] = {2};
  uni_sample_options options = UNI_SAMPLE_OPTIONS_INIT;
  options.num_hops = 1;
  options.fanouts = fanouts;
  uni_sample *sample = NULL;
  OK(uni_sample_neighbors(graph, uni_tensor_array(index), &options, other, &sample, &error));
  fake_begin_capture(stream);
  FAILS(UNI_STATUS_NOT_SUPPORTED, "captured", uni_tensor_fill(source, NULL, NULL, &error));
  uni_sample *refused = NULL;
  FAILS_NULL(UNI_STATUS_NOT_SUPPORTED, "captured", refused,
             uni_sample_neighbors(graph, uni_tensor_array(index), &options, stream, &refused, &error));
  FAILS(UNI_STATUS_NOT_SUPPORTED, "captured", uni_context_hold_stream(context, 0, stream, &error));
  FAILS(UNI_STATUS_NOT_SUPPORTED, "captured", uni_context_follow_stream(context, 0, stream, &error));
  OK(uni_gather(source, uni_tensor_array(index), NULL, other, &during, &error));
  uni_tensor_release(before);
  OK(create_in(context, UNI_MEMORY_PINNED, UNI_DTYPE_INT8, 3, 5, &pinned));
  OK(create_in(context, UNI_MEMORY_MANAGED, UNI_DTYPE_INT8, 3, 5, &managed));
  uni_tensor_release(pinned);
  uni_tensor_release(managed);
  OK(uni_context_check(context, &error));
  OK(uni_context_trim(context, &error));
  OK(uni_context_synchronize(context, &error));
  OK(uni_sample_wait(sample, &error));
  OK(uni_tensor_register(context,
                         &(const uni_array){.struct_size = sizeof(uni_array),
                                            .dtype = UNI_DTYPE_FLOAT32,
                                            .device_type = UNI_DEVICE_CPU,
                                            .ndim = 1,
                                            .shape = {8},
                                            .data = (void *)table,
                                            .flags = UNI_ARRAY_READ_ONLY},
                         NULL, NULL, &pinned, &error));
  uni_tensor_release(pinned);
  assert_int_equal(fake_end_capture(NULL), 0);
  /* The emulated machine does notice. */
  fake_begin_capture(stream);
  fake_synchronize_strictly(other);
  assert_int_equal(fake_end_capture(NULL), 1);
  OK(uni_tensor_fill(source, NULL, stream, &error));
  uni_sample_release(sample);
  uni_graph_release(graph);
  uni_tensor_release(during);
  uni_tensor_release(index);
  uni_tensor_release(source);
  uni_context_release(context);
  fake_destroy_stream(stream);
  fake_destroy_stream(other);
  check_nothing_left();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_bounds_are_reported_later), cmocka_unit_test(test_sample_without_a_wait),
      cmocka_unit_test(test_every_call_fails),          cmocka_unit_test(test_lost_device),
      cmocka_unit_test(test_hostile_numbers),           cmocka_unit_test(test_capture),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
