/* SPDX-License-Identifier: Apache-2.0 */
/* How gathers and scatters are launched on the emulated device: over how many multiprocessors, in which order, in how many
 * launches, and what comes out is the same. */
#include "cuda_support.h"

enum { num_rows = 300, width = 33, num_picks = 1000, link_multiprocessors = 12 };

static uni_context *context;
static float contents[num_rows][width], expected[num_picks][width];
static int64_t picks[num_picks];

static int set_up(void **state) {
  (void)state;
  fake_reset();
  context = make_cuda_context();
  uint64_t random = 3;
  for (int i = 0; i < num_rows; ++i)
    for (int j = 0; j < width; ++j) contents[i][j] = (float)(i * width + j);
  for (int i = 0; i < num_picks; ++i) picks[i] = (int64_t)(next_random(&random) % num_rows);
  for (int i = 0; i < num_picks; ++i) memcpy(expected[i], contents[picks[i]], sizeof expected[i]);
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  uni_context_release(context);
  check_nothing_left();
  return 0;
}

static void check_rows(const uni_tensor *out) {
  static float back[num_picks][width];
  read_back(out, back);
  assert_memory_equal(back, expected, sizeof expected);
}

static void test_multiprocessors_and_order(void **state) {
  (void)state;
  uni_tensor *index = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, num_picks, -1, picks);
  for (int32_t memory = UNI_MEMORY_PINNED; memory <= UNI_MEMORY_DEVICE; ++memory) {
    uni_tensor *source = make_in(context, memory, UNI_DTYPE_FLOAT32, num_rows, width, contents);
    for (int32_t order = UNI_ORDER_AUTO; order <= UNI_ORDER_BY_PAGE; ++order) {
      for (int32_t asked = 0; asked <= 3; asked += 3) {
        for (int32_t result = UNI_MEMORY_PINNED; result <= UNI_MEMORY_DEVICE; ++result) {
          uni_gather_options options = UNI_GATHER_OPTIONS_INIT;
          options.order = order;
          options.num_multiprocessors = asked;
          options.memory = result;
          uni_tensor *out = NULL;
          const int64_t launches = counts_now().launches;
          OK(uni_gather(source, uni_tensor_array(index), &options, NULL, &out, &error));
          int32_t multiprocessors = -1, ordered = -1;
          fake_get_last_gather(&multiprocessors, &ordered);
          const int over_link = memory != UNI_MEMORY_DEVICE || result != UNI_MEMORY_DEVICE;
          assert_int_equal(multiprocessors, asked > 0 ? asked : over_link ? link_multiprocessors : 0);
          /* Small tables are not worth sorting for. */
          assert_int_equal(ordered, order == UNI_ORDER_BY_PAGE);
          assert_int_equal(counts_now().launches - launches, order == UNI_ORDER_BY_PAGE ? 2 : 1);
          fake_take_most_multiprocessors();
          check_rows(out);
          assert_int_equal(fake_take_most_multiprocessors(), multiprocessors);
          uni_tensor_release(out);
        }
      }
    }
    uni_tensor_release(source);
  }
  uni_tensor_release(index);
}

/* Every pass of a scatter stays within them. */
static void test_multiprocessors_of_scatters(void **state) {
  (void)state;
  uni_tensor *index = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, num_picks, -1, picks);
  uni_tensor *rows = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_FLOAT32, num_picks, width, expected);
  for (int32_t memory = UNI_MEMORY_PINNED; memory <= UNI_MEMORY_DEVICE; ++memory) {
    uni_tensor *table = make_in(context, memory, UNI_DTYPE_FLOAT32, num_rows, width, contents);
    for (int32_t reduce = UNI_SCATTER_ASSIGN; reduce <= UNI_SCATTER_ADD; ++reduce) {
      for (int32_t asked = 0; asked <= 3; asked += 3) {
        uni_scatter_options options = UNI_SCATTER_OPTIONS_INIT;
        options.reduce = reduce;
        options.num_multiprocessors = asked;
        OK(uni_context_synchronize(context, &error));
        fake_take_most_multiprocessors();
        OK(uni_scatter(table, uni_tensor_array(index), uni_tensor_array(rows), &options, NULL, &error));
        OK(uni_context_synchronize(context, &error));
        assert_int_equal(fake_take_most_multiprocessors(), asked > 0                     ? asked
                                                           : memory != UNI_MEMORY_DEVICE ? link_multiprocessors
                                                                                         : 0);
      }
    }
    uni_tensor_release(table);
  }
  uni_tensor_release(rows);
  uni_tensor_release(index);
}

/* What a launch takes is there from those before it; only a sort, and the table of a scatter that assigns, take memory in the
 * order of the stream. Nothing waits. */
static void test_launches_neither_allocate_nor_wait(void **state) {
  (void)state;
  void *const stream = fake_create_stream();
  uni_tensor *source = make_in(context, UNI_MEMORY_MANAGED, UNI_DTYPE_FLOAT32, num_rows, width, contents);
  uni_tensor *index = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, num_picks, -1, picks), *out = NULL;
  OK(create_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_FLOAT32, num_picks, width, &out));
  const uni_array *const indices = uni_tensor_array(index), *const rows = uni_tensor_array(out);
  for (int what = 0; what < 4; ++what) {
    uni_gather_options options = UNI_GATHER_OPTIONS_INIT;
    options.order = what == 1 ? UNI_ORDER_BY_PAGE : UNI_ORDER_AS_GIVEN;
    uni_scatter_options scattered = UNI_SCATTER_OPTIONS_INIT;
    scattered.reduce = what == 2 ? UNI_SCATTER_ADD : UNI_SCATTER_ASSIGN;
    for (int round = 0; round < 3; ++round) {
      const fake_counts before = counts_now();
      /* More in flight than records and events come at a time. */
      for (int i = 0; i < 200; ++i) {
        if (what < 2)
          OK(uni_gather_into(source, indices, &options, stream, rows, &error));
        else
          OK(uni_scatter(source, indices, rows, &scattered, stream, &error));
      }
      const fake_counts after = counts_now();
      assert_int_equal(after.waits, before.waits);
      if (round > 0) assert_int_equal(after.allocations - before.allocations, what % 2 == 0 ? 0 : 200);
      OK(uni_context_synchronize(context, &error));
    }
  }
  uni_tensor_release(out);
  uni_tensor_release(index);
  uni_tensor_release(source);
  OK(uni_context_synchronize(context, &error));
  fake_destroy_stream(stream);
}

/* A table for which an order pays, and no device memory for the sort: the rows are read as they are given. */
static void test_order_that_there_is_no_memory_for(void **state) {
  (void)state;
  enum { large_rows = 1 << 23, large_picks = 1 << 16, large_width = 16 };
  int64_t *large = malloc(sizeof(int64_t) * large_picks);
  assert_non_null(large);
  for (int i = 0; i < large_picks; ++i) large[i] = (int64_t)i * 7919 % large_rows;
  uni_tensor *source = NULL, *out = NULL;
  OK(create_in(context, UNI_MEMORY_PINNED, UNI_DTYPE_INT64, large_rows, large_width, &source));
  void *data = NULL;
  OK(uni_tensor_host_pointer(source, &data, &error));
  for (int i = 0; i < large_picks; ++i) ((int64_t *)data)[large[i] * large_width] = large[i];
  uni_tensor *index = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, large_picks, -1, large);
  OK(create_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, large_picks, large_width, &out));
  int64_t(*back)[large_width] = malloc(sizeof(int64_t) * large_picks * large_width);
  assert_non_null(back);
  uni_gather_options options = UNI_GATHER_OPTIONS_INIT;
  for (int full = 0; full < 2; ++full) {
    if (full) fake_set_device_bytes(1);
    int32_t multiprocessors = -1, ordered = -1;
    OK(uni_gather_into(source, uni_tensor_array(index), &options, NULL, uni_tensor_array(out), &error));
    fake_get_last_gather(&multiprocessors, &ordered);
    assert_int_equal(ordered, !full);
    read_back(out, back);
    for (int i = 0; i < large_picks; ++i) assert_int_equal(back[i][0], large[i]);
  }
  options.order = UNI_ORDER_BY_PAGE;
  FAILS(UNI_STATUS_OUT_OF_MEMORY, "cudaMallocAsync",
        uni_gather_into(source, uni_tensor_array(index), &options, NULL, uni_tensor_array(out), &error));
  fake_set_device_bytes(INT64_MAX);
  uni_tensor_release(out);
  uni_tensor_release(index);
  uni_tensor_release(source);
  free(back);
  free(large);
}

static void test_bad_indices_in_page_order(void **state) {
  (void)state;
  int64_t bad[num_picks];
  memcpy(bad, picks, sizeof bad);
  bad[700] = num_rows;
  bad[17] = -4;
  bad[999] = INT64_MAX;
  uni_tensor *index = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, num_picks, -1, bad);
  uni_tensor *source = make_in(context, UNI_MEMORY_PINNED, UNI_DTYPE_FLOAT32, num_rows, width, contents);
  uni_gather_options options = UNI_GATHER_OPTIONS_INIT;
  options.order = UNI_ORDER_BY_PAGE;
  uni_tensor *out = NULL;
  OK(uni_gather(source, uni_tensor_array(index), &options, NULL, &out, &error));
  /* The first of the index, though others are come by before it. */
  FAILS(UNI_STATUS_OUT_OF_BOUNDS, "index[17] is -4", uni_context_synchronize(context, &error));
  static float back[num_picks][width];
  read_back(out, back);
  for (int i = 0; i < num_picks; ++i)
    for (int j = 0; j < width; ++j)
      assert_true(back[i][j] == (i == 700 || i == 17 || i == 999 ? 0.0f : expected[i][j]));
  uni_tensor_release(out);
  uni_tensor_release(source);
  uni_tensor_release(index);
}

static void test_many_in_one_launch(void **state) {
  (void)state;
  int64_t numbers[num_rows], back[num_picks];
  for (int i = 0; i < num_rows; ++i) numbers[i] = 7 * i;
  uni_tensor *index = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, num_picks, -1, picks);
  uni_tensor *sources[2] = {make_in(context, UNI_MEMORY_MANAGED, UNI_DTYPE_FLOAT32, num_rows, width, contents),
                            make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, num_rows, -1, numbers)};
  uni_tensor *outs[2];
  OK(create_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_FLOAT32, num_picks, width, &outs[0]));
  OK(create_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, num_picks, -1, &outs[1]));
  const uni_array *const arrays[2] = {uni_tensor_array(outs[0]), uni_tensor_array(outs[1])};
  const int64_t launches = counts_now().launches;
  OK(uni_gather_many(2, (const uni_tensor *const *)sources, uni_tensor_array(index), NULL, NULL, arrays, &error));
  assert_int_equal(counts_now().launches - launches, 1);
  /* Released while it runs. */
  for (int t = 0; t < 2; ++t) uni_tensor_release(sources[t]);
  check_rows(outs[0]);
  read_back(outs[1], back);
  for (int i = 0; i < num_picks; ++i) assert_int_equal(back[i], 7 * picks[i]);
  for (int t = 0; t < 2; ++t) uni_tensor_release(outs[t]);
  uni_tensor_release(index);
}

/* As the CPU says it. */
static void test_many_names_the_operand(void **state) {
  (void)state;
  uni_tensor *index = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, num_picks, -1, picks);
  uni_tensor *table = make_in(context, UNI_MEMORY_PINNED, UNI_DTYPE_FLOAT32, num_rows, width, contents);
  uni_tensor *host = make_in(context, UNI_MEMORY_HOST, UNI_DTYPE_FLOAT32, num_rows, width, contents);
  uni_tensor *outs[2], *host_out = NULL, *out = NULL;
  for (int t = 0; t < 2; ++t) OK(create_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_FLOAT32, num_picks, width, &outs[t]));
  OK(create_in(context, UNI_MEMORY_HOST, UNI_DTYPE_FLOAT32, num_picks, width, &host_out));
  const uni_tensor *sources[2] = {table, host};
  const uni_array *arrays[2] = {uni_tensor_array(outs[0]), uni_tensor_array(outs[1])};
  FAILS(UNI_STATUS_DEVICE_MISMATCH, "sources[1] is in host memory",
        uni_gather_many(2, sources, uni_tensor_array(index), NULL, NULL, arrays, &error));
  sources[1] = table;
  arrays[1] = uni_tensor_array(host_out);
  FAILS(UNI_STATUS_DEVICE_MISMATCH, "outs[1] is in host memory",
        uni_gather_many(2, sources, uni_tensor_array(index), NULL, NULL, arrays, &error));
  FAILS_NULL(UNI_STATUS_DEVICE_MISMATCH, "source is in host memory", out,
             uni_gather(host, uni_tensor_array(index), NULL, NULL, &out, &error));
  uni_tensor *const tensors[] = {index, table, host, outs[0], outs[1], host_out};
  for (size_t i = 0; i < sizeof tensors / sizeof *tensors; ++i) uni_tensor_release(tensors[i]);
}

static void test_conversion_needs_aligned_elements(void **state) {
  (void)state;
  uni_tensor *bytes = make_in(context, UNI_MEMORY_PINNED, UNI_DTYPE_FLOAT32, 1, width, contents);
  uni_tensor *index = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, 1, -1, (const int64_t[]){0});
  void *data = NULL;
  OK(uni_tensor_host_pointer(bytes, &data, &error));
  const uni_array odd = array_2d(UNI_DTYPE_FLOAT32, (char *)data + 2, 2, 4);
  uni_tensor *source = NULL, *out = NULL;
  OK(uni_tensor_wrap(context, &odd, NULL, NULL, &source, &error));
  uni_gather_options options = UNI_GATHER_OPTIONS_INIT;
  options.dtype = UNI_DTYPE_FLOAT16;
  FAILS_NULL(UNI_STATUS_INVALID_ARGUMENT, "not aligned", out,
             uni_gather(source, uni_tensor_array(index), &options, NULL, &out, &error));
  uni_tensor_release(source);
  uni_tensor_release(index);
  uni_tensor_release(bytes);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_multiprocessors_and_order),
      cmocka_unit_test(test_multiprocessors_of_scatters),
      cmocka_unit_test(test_launches_neither_allocate_nor_wait),
      cmocka_unit_test(test_order_that_there_is_no_memory_for),
      cmocka_unit_test(test_bad_indices_in_page_order),
      cmocka_unit_test(test_many_in_one_launch),
      cmocka_unit_test(test_many_names_the_operand),
      cmocka_unit_test(test_conversion_needs_aligned_elements),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
