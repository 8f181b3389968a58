/* SPDX-License-Identifier: Apache-2.0 */
/* Operations that are captured into CUDA graphs, launched again and again with what their memory holds then, and what they
 * keep alive meanwhile. */
#include "cuda_support.h"

enum { num_rows = 40, num_picks = 6, num_columns = 5 };

static float contents[num_rows][num_columns];
static uni_context *context;
static void *stream;

static int set_up(void **state) {
  (void)state;
  fake_reset();
  context = make_cuda_context();
  stream = fake_create_stream();
  for (int i = 0; i < num_rows; ++i)
    for (int j = 0; j < num_columns; ++j) contents[i][j] = (float)(10 * i + j);
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  uni_context_release(context);
  fake_destroy_stream(stream);
  check_nothing_left();
  return 0;
}

static void write_index(uni_tensor *index, const int64_t *picks) {
  const uni_array host = array_1d(UNI_DTYPE_INT64, picks, num_picks);
  OK(uni_tensor_copy_from(index, &host, NULL, &error));
  OK(uni_context_synchronize(context, &error));
}

static void launch(void *graph) {
  fake_launch_graph(graph, stream);
  fake_synchronize(stream);
}

static void check_rows(const uni_tensor *out, const int64_t *picks) {
  float back[num_picks][num_columns];
  read_back(out, back);
  for (int i = 0; i < num_picks; ++i)
    for (int j = 0; j < num_columns; ++j)
      assert_true(back[i][j] == (picks[i] >= 0 && picks[i] < num_rows ? contents[picks[i]][j] : 0.0f));
}

static void make_operands(int32_t memory, const int64_t *picks, uni_tensor **source, uni_tensor **index,
                          uni_tensor **out) {
  *source = make_in(context, memory, UNI_DTYPE_FLOAT32, num_rows, num_columns, contents);
  *index = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, num_picks, -1, picks);
  OK(create_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_FLOAT32, num_picks, num_columns, out));
}

/* In every order; the one by page allocates within the graph. */
static void test_gather_is_launched_again(void **state) {
  (void)state;
  const int64_t first[num_picks] = {3, 1, 39, 0, 3, 7}, second[num_picks] = {8, 8, 2, 38, 5, 0};
  for (int32_t order = UNI_ORDER_AUTO; order <= UNI_ORDER_BY_PAGE; ++order) {
    uni_tensor *source = make_in(context, UNI_MEMORY_UNIFIED, UNI_DTYPE_FLOAT32, num_rows, num_columns, contents);
    uni_tensor *index = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, num_picks, -1, first), *out = NULL;
    OK(create_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_FLOAT32, num_picks, num_columns, &out));
    uni_gather_options options = UNI_GATHER_OPTIONS_INIT;
    options.order = order;
    void *graph = NULL;
    const int64_t events = counts_now().events;
    fake_begin_capture(stream);
    OK(uni_gather_into(source, uni_tensor_array(index), &options, stream, uni_tensor_array(out), &error));
    assert_int_equal(fake_end_capture(&graph), 0);
    assert_int_equal(counts_now().events, events);
    launch(graph);
    check_rows(out, first);
    write_index(index, second);
    launch(graph);
    check_rows(out, second);
    /* The graph still reads it. */
    const int64_t managed = counts_now().managed_blocks;
    uni_tensor_release(source);
    write_index(index, first);
    OK(uni_context_trim(context, &error));
    assert_int_equal(counts_now().managed_blocks, managed);
    launch(graph);
    check_rows(out, first);
    fake_destroy_graph(graph);
    /* Given back in a later call. */
    write_index(index, second);
    OK(uni_context_trim(context, &error));
    assert_int_equal(counts_now().managed_blocks, managed - 1);
    uni_tensor_release(out);
    uni_tensor_release(index);
  }
}

static void test_bad_indices_of_launches(void **state) {
  (void)state;
  const int64_t good[num_picks] = {3, 1, 39, 0, 3, 7}, bad[num_picks] = {8, 8, 2, 40, 5, -1};
  uni_tensor *source = make_in(context, UNI_MEMORY_PINNED, UNI_DTYPE_FLOAT32, num_rows, num_columns, contents);
  uni_tensor *index = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, num_picks, -1, good), *out = NULL;
  OK(create_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_FLOAT32, num_picks, num_columns, &out));
  void *graph = NULL;
  fake_begin_capture(stream);
  OK(uni_gather_into(source, uni_tensor_array(index), NULL, stream, uni_tensor_array(out), &error));
  assert_int_equal(fake_end_capture(&graph), 0);
  launch(graph);
  OK(uni_context_check(context, &error));
  write_index(index, bad);
  launch(graph);
  FAILS(UNI_STATUS_OUT_OF_BOUNDS, "index[3] is 40", uni_context_check(context, &error));
  OK(uni_context_check(context, &error));
  check_rows(out, bad);
  launch(graph);
  launch(graph);
  FAILS(UNI_STATUS_OUT_OF_BOUNDS, "index[3] is 40", uni_context_synchronize(context, &error));
  write_index(index, good);
  launch(graph);
  OK(uni_context_check(context, &error));
  /* What a graph's last launch found is not lost with the graph. */
  write_index(index, bad);
  launch(graph);
  launch(graph);
  uni_context_reset_statistics(context);
  fake_destroy_graph(graph);
  FAILS(UNI_STATUS_OUT_OF_BOUNDS, "index[3] is 40, expected 0 to 39 (launches of a CUDA graph found 4 out of bounds)",
        uni_context_check(context, &error));
  uni_statistics statistics = {0};
  statistics.struct_size = sizeof statistics;
  OK(uni_context_statistics(context, &statistics, &error));
  assert_int_equal(statistics.out_of_bounds, 4);
  OK(uni_context_check(context, &error));
  uni_tensor_release(out);
  uni_tensor_release(index);
  uni_tensor_release(source);
}

/* Sources, index, scales, rows, and what a gather made for its result: each is released before the graph is launched. */
static void test_graph_keeps_every_operand(void **state) {
  (void)state;
  enum { memory = UNI_MEMORY_MANAGED };
  const int64_t picks[num_picks] = {3, 1, 39, 0, 4, 7};
  int8_t small[num_rows][num_columns];
  float scales[num_rows];
  for (int i = 0; i < num_rows; ++i) {
    scales[i] = 0.5f * (float)(i + 1);
    for (int j = 0; j < num_columns; ++j) small[i][j] = (int8_t)(i - 3 * j);
  }
  uni_tensor *source = make_in(context, memory, UNI_DTYPE_INT8, num_rows, num_columns, small);
  uni_tensor *row_scales = make_in(context, memory, UNI_DTYPE_FLOAT32, num_rows, -1, scales);
  uni_tensor *index = make_in(context, memory, UNI_DTYPE_INT64, num_picks, -1, picks);
  uni_tensor *on_device = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, num_picks, -1, picks), *rows = NULL;
  uni_tensor *table = make_in(context, memory, UNI_DTYPE_FLOAT32, num_rows, num_columns, contents);
  uni_tensor *target = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_FLOAT32, num_rows, num_columns, contents);
  uni_gather_options options = UNI_GATHER_OPTIONS_INIT;
  options.dtype = UNI_DTYPE_FLOAT32;
  options.memory = memory;
  options.row_scales = uni_tensor_array(row_scales);
  uni_array managed_index = *uni_tensor_array(index);
  managed_index.device_type = UNI_DEVICE_CUDA; /* as the device sees it */
  void *graph = NULL;
  fake_begin_capture(stream);
  OK(uni_gather(source, &managed_index, &options, stream, &rows, &error));
  OK(uni_tensor_copy_from(target, uni_tensor_array(table), stream, &error));
  OK(uni_scatter(target, uni_tensor_array(on_device), uni_tensor_array(rows), NULL, stream, &error));
  assert_int_equal(fake_end_capture(&graph), 0);
  const int64_t managed = counts_now().managed_blocks;
  assert_int_equal(managed, 5);
  uni_tensor *const released[] = {source, row_scales, index, on_device, rows, table};
  for (size_t i = 0; i < sizeof released / sizeof *released; ++i) uni_tensor_release(released[i]);
  OK(uni_context_trim(context, &error));
  assert_int_equal(counts_now().managed_blocks, managed);
  launch(graph);
  float back[num_rows][num_columns], expected[num_rows][num_columns];
  memcpy(expected, contents, sizeof expected);
  for (int p = 0; p < num_picks; ++p)
    for (int j = 0; j < num_columns; ++j) expected[picks[p]][j] = (float)small[picks[p]][j] * scales[picks[p]];
  read_back(target, back);
  assert_memory_equal(back, expected, sizeof back);
  fake_destroy_graph(graph);
  OK(uni_context_check(context, &error));
  OK(uni_context_trim(context, &error));
  assert_int_equal(counts_now().managed_blocks, 0);
  uni_tensor_release(target);
}

static void test_scatters_fills_and_copies(void **state) {
  (void)state;
  const int64_t picks[num_picks] = {3, 1, 39, 0, 4, 7};
  float rows[num_picks][num_columns], back[num_rows][num_columns];
  for (int i = 0; i < num_picks; ++i)
    for (int j = 0; j < num_columns; ++j) rows[i][j] = (float)(i + 1);
  uni_tensor *table = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_FLOAT32, num_rows, num_columns, contents);
  uni_tensor *copy = make_in(context, UNI_MEMORY_MANAGED, UNI_DTYPE_FLOAT32, num_rows, num_columns, contents);
  uni_tensor *index = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, num_picks, -1, picks);
  uni_tensor *added = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_FLOAT32, num_picks, num_columns, rows);
  uni_scatter_options add = UNI_SCATTER_OPTIONS_INIT;
  add.reduce = UNI_SCATTER_ADD;
  const float half = 0.5f;
  void *graph = NULL;
  fake_begin_capture(stream);
  OK(uni_tensor_fill(table, &half, stream, &error));
  OK(uni_scatter(table, uni_tensor_array(index), uni_tensor_array(added), NULL, stream, &error));
  OK(uni_scatter(table, uni_tensor_array(index), uni_tensor_array(added), &add, stream, &error));
  OK(uni_tensor_copy_from(copy, uni_tensor_array(table), stream, &error));
  assert_int_equal(fake_end_capture(&graph), 0);
  read_back(table, back);
  assert_memory_equal(back, contents, sizeof back);
  uni_tensor_release(table);
  for (int times = 0; times < 3; ++times) {
    launch(graph);
    read_back(copy, back);
    for (int i = 0; i < num_rows; ++i) {
      float expected = half;
      for (int p = 0; p < num_picks; ++p)
        if (picks[p] == i) expected = 2 * (float)(p + 1);
      for (int j = 0; j < num_columns; ++j) assert_true(back[i][j] == expected);
    }
  }
  fake_destroy_graph(graph);
  uni_tensor_release(copy);
  uni_tensor_release(index);
  uni_tensor_release(added);
}

/* A graph may outlive what it was captured with; everything goes in a call of whatever context there is then. */
static void test_graph_outlives_its_context(void **state) {
  (void)state;
  const int64_t picks[num_picks] = {3, 1, 39, 0, 4, 7};
  uni_context *other = make_cuda_context();
  uni_tensor *source = make_in(other, UNI_MEMORY_MANAGED, UNI_DTYPE_FLOAT32, num_rows, num_columns, contents);
  uni_tensor *index = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, num_picks, -1, picks), *out = NULL;
  OK(create_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_FLOAT32, num_picks, num_columns, &out));
  void *graph = NULL;
  fake_begin_capture(stream);
  OK(uni_gather_into(source, uni_tensor_array(index), NULL, stream, uni_tensor_array(out), &error));
  assert_int_equal(fake_end_capture(&graph), 0);
  uni_tensor_release(source);
  uni_context_release(other);
  launch(graph);
  check_rows(out, picks);
  OK(uni_context_trim(context, &error));
  assert_int_equal(counts_now().managed_blocks, 1);
  fake_destroy_graph(graph);
  OK(uni_context_check(context, &error));
  OK(uni_context_trim(context, &error));
  assert_int_equal(counts_now().managed_blocks, 0);
  uni_tensor_release(out);
  uni_tensor_release(index);
}

/* What a graph frees it has to have allocated itself: without stream-ordered memory nothing is allocated for it. */
static void test_captures_without_memory_pools(void **state) {
  (void)state;
  const int64_t picks[num_picks] = {3, 1, 39, 0, 4, 7};
  uni_tensor *source = NULL, *index = NULL, *out = NULL;
  make_operands(UNI_MEMORY_PINNED, picks, &source, &index, &out);
  fake_set_memory_pools(0);
  uni_context *const other = make_cuda_context();
  uni_tensor *lent = NULL;
  OK(uni_tensor_wrap(other, uni_tensor_array(source), NULL, NULL, &lent, &error));
  uni_gather_options by_page = UNI_GATHER_OPTIONS_INIT;
  by_page.order = UNI_ORDER_BY_PAGE;
  const uni_array *const indices = uni_tensor_array(index), *const rows = uni_tensor_array(out);
  OK(uni_gather_into(lent, indices, &by_page, stream, rows, &error));
  OK(uni_scatter(lent, indices, rows, NULL, stream, &error));
  const int64_t blocks = counts_now().device_blocks;
  void *graph = NULL;
  fake_begin_capture(stream);
  OK(uni_gather_into(lent, indices, NULL, stream, rows, &error));
  FAILS(UNI_STATUS_NOT_SUPPORTED, "memory pools", uni_gather_into(lent, indices, &by_page, stream, rows, &error));
  FAILS(UNI_STATUS_NOT_SUPPORTED, "memory pools", uni_scatter(lent, indices, rows, NULL, stream, &error));
  assert_int_equal(counts_now().device_blocks, blocks);
  assert_int_equal(fake_end_capture(&graph), 0);
  launch(graph);
  check_rows(out, picks);
  fake_destroy_graph(graph);
  uni_tensor_release(lent);
  uni_context_release(other);
  fake_set_memory_pools(1);
  uni_tensor_release(source);
  uni_tensor_release(index);
  uni_tensor_release(out);
}

/* Each call of CUDA fails once while a gather is captured: nothing is lost, and the tensor is still the caller's. */
static void test_every_call_of_a_capture_fails(void **state) {
  (void)state;
  const int64_t picks[num_picks] = {3, 1, 39, 0, 4, 7};
  uni_tensor *source = NULL, *index = NULL, *out = NULL;
  make_operands(UNI_MEMORY_MANAGED, picks, &source, &index, &out);
  uni_gather_options options = UNI_GATHER_OPTIONS_INIT;
  options.order = UNI_ORDER_BY_PAGE;
  int failed = 0;
  for (int64_t nth = 1;; ++nth) {
    void *graph = NULL;
    fake_begin_capture(stream);
    const int64_t before = counts_now().calls;
    fake_fail_call(nth, 999);
    const uni_status status =
        uni_gather_into(source, uni_tensor_array(index), &options, stream, uni_tensor_array(out), &error);
    const int64_t made = counts_now().calls - before;
    fake_fail_call(0, 0);
    fake_end_capture(&graph);
    failed += status != UNI_STATUS_OK;
    if (status == UNI_STATUS_OK) {
      launch(graph);
      check_rows(out, picks);
    }
    fake_destroy_graph(graph);
    OK(uni_context_synchronize(context, &error));
    if (nth > made) break;
  }
  assert_true(failed >= 8);
  uni_tensor_release(source);
  OK(uni_context_trim(context, &error));
  assert_int_equal(counts_now().managed_blocks, 0);
  uni_tensor_release(out);
  uni_tensor_release(index);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_gather_is_launched_again, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_bad_indices_of_launches, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_graph_keeps_every_operand, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_scatters_fills_and_copies, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_graph_outlives_its_context, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_captures_without_memory_pools, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_every_call_of_a_capture_fails, set_up, tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
