/* SPDX-License-Identifier: Apache-2.0 */
/* What CUDA graphs keep alive, until when, and that it comes back: also of captures that are abandoned. */
#include "gpu_support.h"

enum { ROWS = 3000, PICKS = 700 };

static uni_context *context;
static void *stream;
static int64_t numbers[ROWS], picks[PICKS];

static int set_up(void **state) {
  (void)state;
  uint64_t seed = 12;
  context = make_gpu_context(2);
  stream = create_stream();
  random_index(UNI_DTYPE_INT64, picks, PICKS, ROWS, &seed);
  for (int64_t i = 0; i < ROWS; ++i) numbers[i] = i * i + 1;
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  uni_context_release(context);
  destroy_stream(stream);
  check_nothing_is_left();
  return 0;
}

static void count_down(void *user_data) { atomic_fetch_sub((_Atomic int64_t *)user_data, 1); }

/* The numbers, as memory of the caller's that counts when it is given back. */
static uni_tensor *register_numbers(uni_context *owner, _Atomic int64_t *kept) {
  uni_tensor *table = NULL;
  const uni_array array = array_1d(UNI_DTYPE_INT64, numbers, ROWS);
  OK(uni_tensor_register(owner, &array, count_down, kept, &table, &error));
  return table;
}

static void *capture_gather(const uni_tensor *table, const uni_tensor *index, int32_t order, const uni_tensor *out) {
  uni_gather_options options = UNI_GATHER_OPTIONS_INIT;
  options.order = order;
  begin_capture(stream);
  OK(uni_gather_into(table, uni_tensor_array(index), &options, stream, uni_tensor_array(out), &error));
  void *const graph = end_capture(stream);
  assert_non_null(graph);
  return graph;
}

static void launch(void *graph) {
  launch_graph(graph, stream);
  synchronize_stream(stream);
}

static void fill_and_wait(uni_tensor *tensor, int64_t value) {
  OK(uni_tensor_fill(tensor, &value, stream, &error));
  synchronize_stream(stream);
}

static void check_picked(const uni_tensor *out) {
  int64_t back[PICKS];
  read_back(out, back);
  for (int i = 0; i < PICKS; ++i) assert_int_equal(back[i], numbers[picks[i]]);
}

/* Registered memory is unlocked when the last graph has gone, whether or not its context is still there. */
static void test_what_graphs_keep_goes_after_the_last(void **state) {
  (void)state;
  for (int with_context = 0; with_context < 2; ++with_context) {
    _Atomic int64_t kept = 1;
    uni_context *own = make_gpu_context(1);
    uni_tensor *table = register_numbers(own, &kept), *out = NULL;
    uni_tensor *index = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, PICKS, -1, picks);
    OK(create_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, PICKS, -1, &out));
    void *graphs[2];
    for (int i = 0; i < 2; ++i) graphs[i] = capture_gather(table, index, UNI_ORDER_AUTO, out);
    uni_tensor_release(table);
    if (!with_context) uni_context_release(own);
    launch(graphs[0]);
    destroy_graph(graphs[0]);
    OK(uni_context_synchronize(context, &error));
    OK(uni_context_trim(context, &error));
    assert_int_equal(atomic_load(&kept), 1);
    fill_and_wait(out, 9);
    launch(graphs[1]);
    check_picked(out);
    assert_int_equal(atomic_load(&kept), 1);
    destroy_graph(graphs[1]);
    wait_until_given_back(context, &kept);
    if (with_context) uni_context_release(own);
    uni_tensor_release(out);
    uni_tensor_release(index);
  }
}

/* Two at once, on two streams, of one tensor; each has an index of its own. */
static void test_two_graphs_of_one_tensor(void **state) {
  (void)state;
  enum { REPLAYS = 10 };
  _Atomic int64_t kept = 1;
  int64_t backwards[PICKS], back[PICKS];
  for (int i = 0; i < PICKS; ++i) backwards[i] = ROWS - 1 - picks[i];
  const int64_t *const rows[2] = {picks, backwards};
  uni_tensor *table = register_numbers(context, &kept), *indices[2], *outs[2] = {NULL, NULL};
  void *graphs[2], *const streams[2] = {stream, create_stream()};
  for (int i = 0; i < 2; ++i) {
    indices[i] = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, PICKS, -1, rows[i]);
    OK(create_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, PICKS, -1, &outs[i]));
    graphs[i] = capture_gather(table, indices[i], UNI_ORDER_BY_PAGE, outs[i]);
  }
  uni_tensor_release(table);
  for (int round = 0; round < REPLAYS; ++round) {
    for (int i = 0; i < 2; ++i) launch_graph(graphs[i], streams[i]);
    for (int i = 0; i < 2; ++i) synchronize_stream(streams[i]);
    for (int i = 0; i < 2; ++i) {
      read_back(outs[i], back);
      for (int p = 0; p < PICKS; ++p) assert_int_equal(back[p], numbers[rows[i][p]]);
      fill_and_wait(outs[i], -round);
    }
  }
  for (int i = 0; i < 2; ++i) destroy_graph(graphs[i]);
  wait_until_given_back(context, &kept);
  for (int i = 0; i < 2; ++i) {
    uni_tensor_release(outs[i]);
    uni_tensor_release(indices[i]);
  }
  destroy_stream(streams[1]);
}

/* Nothing of it has run, what it was to keep is given back, and the stream is as any other. */
static void test_a_capture_that_is_abandoned(void **state) {
  (void)state;
  _Atomic int64_t kept = 1;
  int64_t back[PICKS];
  const int64_t nine = 9;
  uni_tensor *table = register_numbers(context, &kept), *out = NULL;
  uni_tensor *index = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, PICKS, -1, picks);
  OK(create_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, PICKS, -1, &out));
  fill_and_wait(out, 5);
  uni_gather_options options = UNI_GATHER_OPTIONS_INIT;
  options.order = UNI_ORDER_BY_PAGE;
  begin_capture(stream);
  OK(uni_gather_into(table, uni_tensor_array(index), &options, stream, uni_tensor_array(out), &error));
  OK(uni_tensor_fill(out, &nine, stream, &error));
  uni_tensor_release(table);
  abandon_capture(stream);
  wait_until_given_back(context, &kept);
  read_back(out, back);
  for (int i = 0; i < PICKS; ++i) assert_int_equal(back[i], 5);
  table = make_in(context, UNI_MEMORY_UNIFIED, UNI_DTYPE_INT64, ROWS, -1, numbers);
  OK(uni_gather_into(table, uni_tensor_array(index), &options, stream, uni_tensor_array(out), &error));
  OK(uni_context_synchronize(context, &error));
  check_picked(out);
  /* And can be captured again. */
  fill_and_wait(out, 5);
  void *const graph = capture_gather(table, index, UNI_ORDER_AUTO, out);
  launch(graph);
  check_picked(out);
  destroy_graph(graph);
  uni_tensor_release(table);
  uni_tensor_release(index);
  uni_tensor_release(out);
}

/* Graphs that take memory of the device for themselves, one after the other. The first takes little, and is what the others
 * are measured against. */
static void test_memory_of_graphs_comes_back(void **state) {
  (void)state;
  const int64_t most = (int64_t)8 << 20, allowed = machine.most_bytes / 64;
  const int64_t longest = machine.emulated ? 5000 : allowed < most ? allowed : most;
  int64_t *index = malloc((size_t)longest * 8), before = 0;
  uint64_t seed = 13;
  assert_non_null(index);
  random_index(UNI_DTYPE_INT64, index, longest, ROWS, &seed);
  for (int round = 0; round < 4; ++round) {
    const int64_t length = round == 0 ? 100 : longest;
    _Atomic int64_t kept = 1;
    uni_tensor *table = register_numbers(context, &kept), *out = NULL;
    uni_tensor *there = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, length, -1, index);
    OK(create_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, length, -1, &out));
    void *const graph = capture_gather(table, there, UNI_ORDER_BY_PAGE, out);
    uni_tensor_release(table);
    launch(graph);
    destroy_graph(graph);
    wait_until_given_back(context, &kept);
    uni_tensor_release(out);
    uni_tensor_release(there);
    OK(uni_context_synchronize(context, &error));
    OK(uni_context_trim(context, &error));
    const memory_use use = measure_memory();
    assert_int_equal(use.counts.device_blocks + use.counts.pool_bytes, 0);
    if (round == 0) before = use.device_free;
    if (before - use.device_free > (int64_t)16 << 20)
      fail_msg("%lld bytes of the device are gone", (long long)(before - use.device_free));
  }
  free(index);
}

int main(int argc, char **argv) {
  const int status = start_gpu_tests(argc, argv);
  if (status != 0) return status;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_what_graphs_keep_goes_after_the_last, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_two_graphs_of_one_tensor, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_a_capture_that_is_abandoned, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_memory_of_graphs_comes_back, set_up, tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
