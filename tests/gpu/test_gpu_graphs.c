/* SPDX-License-Identifier: Apache-2.0 */
/* CUDA graphs of the library's operations: launched again and again with what their memory holds then, after the handles
 * have gone that they were captured with, and after indices out of bounds. test_gpu_graph_memory.c has what they keep. */
#include "gpu_support.h"

enum { ROWS = 2000, COLUMNS = 40, PICKS = 700, REPLAYS = 4 };

static uni_context *context;
static void *stream;
static uint64_t seed;
static float contents[ROWS][COLUMNS];
static int64_t numbers[ROWS], picks[PICKS];
static int8_t small[ROWS][COLUMNS];
static float scales[ROWS];

static int set_up(void **state) {
  (void)state;
  context = make_gpu_context(2);
  stream = create_stream();
  seed = 11;
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  uni_context_release(context);
  destroy_stream(stream);
  check_nothing_is_left();
  return 0;
}

/* Other numbers each time, all of them exact in float16. */
static void make_contents(int64_t round) {
  for (int64_t i = 0; i < ROWS; ++i) {
    for (int64_t c = 0; c < COLUMNS; ++c) {
      contents[i][c] = (float)((i * 7 + c + 501 * round) % 2048);
      small[i][c] = (int8_t)((i + 3 * c + round) % 256 - 128);
    }
    numbers[i] = i * i - round;
    scales[i] = (float)(1 + (i + round) % 8);
  }
}

static void write_to(uni_tensor *tensor, const void *data) {
  uni_array host = *uni_tensor_array(tensor);
  host.device_type = 0;
  host.data = (void *)(uintptr_t)data;
  OK(uni_tensor_copy_from(tensor, &host, NULL, &error));
  OK(uni_context_synchronize(context, &error));
}

static void launch(void *graph) {
  launch_graph(graph, stream);
  synchronize_stream(stream);
}

/* A whole number of less than 2^11 as float16. */
static uint16_t half_of(int number) {
  int exponent = 25, mantissa = number < 0 ? -number : number;
  if (mantissa == 0) return 0;
  for (; mantissa < 1 << 10; mantissa <<= 1) --exponent;
  return (uint16_t)((number < 0 ? 0x8000 : 0) | exponent << 10 | (mantissa & 0x3ff));
}

static void check_rows(const uni_tensor *out, const int64_t *index) {
  static float back[PICKS][COLUMNS];
  static const float zeros[COLUMNS];
  read_back(out, back);
  for (int i = 0; i < PICKS; ++i) {
    const float *const row = index[i] >= 0 && index[i] < ROWS ? contents[index[i]] : zeros;
    if (memcmp(back[i], row, sizeof back[i]) != 0) fail_msg("row %d is not row %lld", i, (long long)index[i]);
  }
}

/* The plain one, two tensors at once, float32 as float16, int8 with scales as float32, and sorted by page. */
typedef struct gathers {
  uni_tensor *table, *labels, *bytes, *scales, *index;
  uni_tensor *plain, *several[2], *half, *scaled, *ordered;
} gathers;

static gathers make_gathers(int32_t memory) {
  gathers g;
  random_index(UNI_DTYPE_INT64, picks, PICKS, ROWS, &seed);
  g.table = make_in(context, memory, UNI_DTYPE_FLOAT32, ROWS, COLUMNS, contents);
  g.labels = make_in(context, memory, UNI_DTYPE_INT64, ROWS, -1, numbers);
  g.bytes = make_in(context, memory, UNI_DTYPE_INT8, ROWS, COLUMNS, small);
  g.scales = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_FLOAT32, ROWS, -1, scales);
  g.index = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, PICKS, -1, picks);
  OK(create_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_FLOAT32, PICKS, COLUMNS, &g.plain));
  OK(create_in(context, UNI_MEMORY_PINNED, UNI_DTYPE_FLOAT32, PICKS, COLUMNS, &g.several[0]));
  OK(create_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, PICKS, -1, &g.several[1]));
  OK(create_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_FLOAT16, PICKS, COLUMNS, &g.half));
  OK(create_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_FLOAT32, PICKS, COLUMNS, &g.scaled));
  OK(create_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_FLOAT32, PICKS, COLUMNS, &g.ordered));
  return g;
}

static void *capture_gathers(const gathers *g) {
  const uni_array *const index = uni_tensor_array(g->index);
  const uni_tensor *const sources[2] = {g->table, g->labels};
  const uni_array *const outs[2] = {uni_tensor_array(g->several[0]), uni_tensor_array(g->several[1])};
  uni_gather_options half = UNI_GATHER_OPTIONS_INIT, scaled = UNI_GATHER_OPTIONS_INIT,
                     ordered = UNI_GATHER_OPTIONS_INIT;
  half.dtype = UNI_DTYPE_FLOAT16;
  scaled.dtype = UNI_DTYPE_FLOAT32;
  scaled.row_scales = uni_tensor_array(g->scales);
  ordered.order = UNI_ORDER_BY_PAGE;
  begin_capture(stream);
  OK(uni_gather_into(g->table, index, NULL, stream, uni_tensor_array(g->plain), &error));
  OK(uni_gather_many(2, sources, index, NULL, stream, outs, &error));
  OK(uni_gather_into(g->table, index, &half, stream, uni_tensor_array(g->half), &error));
  OK(uni_gather_into(g->bytes, index, &scaled, stream, uni_tensor_array(g->scaled), &error));
  OK(uni_gather_into(g->table, index, &ordered, stream, uni_tensor_array(g->ordered), &error));
  void *const graph = end_capture(stream);
  assert_non_null(graph);
  return graph;
}

static void check_gathers(const gathers *g) {
  static int64_t labels[PICKS];
  static uint16_t halves[PICKS][COLUMNS];
  static float products[PICKS][COLUMNS];
  check_rows(g->plain, picks);
  check_rows(g->several[0], picks);
  check_rows(g->ordered, picks);
  read_back(g->several[1], labels);
  read_back(g->half, halves);
  read_back(g->scaled, products);
  for (int i = 0; i < PICKS; ++i) {
    const int64_t row = picks[i];
    assert_int_equal(labels[i], numbers[row]);
    for (int c = 0; c < COLUMNS; ++c) {
      assert_int_equal(halves[i][c], half_of((int)contents[row][c]));
      assert_true(products[i][c] == (float)small[row][c] * scales[row]);
    }
  }
}

static void release_sources(gathers *g) {
  uni_tensor_release(g->table);
  uni_tensor_release(g->labels);
  uni_tensor_release(g->bytes);
  g->table = g->labels = g->bytes = NULL;
}

static void release_gathers(gathers *g) {
  release_sources(g);
  uni_tensor *const rest[] = {g->scales,     g->index, g->plain,  g->several[0],
                              g->several[1], g->half,  g->scaled, g->ordered};
  for (size_t i = 0; i < sizeof rest / sizeof rest[0]; ++i) uni_tensor_release(rest[i]);
}

static void test_gathers_read_what_is_there_at_each_launch(void **state) {
  (void)state;
  for (int32_t memory = UNI_MEMORY_PINNED; memory <= UNI_MEMORY_UNIFIED; ++memory) {
    make_contents(0);
    gathers g = make_gathers(memory);
    void *const graph = capture_gathers(&g);
    launch(graph);
    check_gathers(&g);
    for (int64_t round = 1; round < REPLAYS; ++round) {
      random_index(UNI_DTYPE_INT64, picks, PICKS, ROWS, &seed);
      write_to(g.index, picks);
      if (round % 2 == 1) {
        make_contents(round);
        write_to(g.table, contents);
        write_to(g.labels, numbers);
        write_to(g.bytes, small);
        write_to(g.scales, scales);
      }
      launch(graph);
      check_gathers(&g);
    }
    destroy_graph(graph);
    release_gathers(&g);
  }
}

static void test_graphs_keep_what_is_released(void **state) {
  (void)state;
  for (int32_t memory = UNI_MEMORY_PINNED; memory <= UNI_MEMORY_UNIFIED; ++memory) {
    make_contents(memory);
    gathers g = make_gathers(memory);
    void *const graph = capture_gathers(&g);
    release_sources(&g);
    /* What is given back by mistake is taken, and written to, by others. */
    OK(uni_context_trim(context, &error));
    gathers other = make_gathers(memory);
    const float nine = 9;
    OK(uni_tensor_fill(other.table, &nine, NULL, &error));
    OK(uni_context_synchronize(context, &error));
    for (int round = 0; round < 2; ++round) {
      random_index(UNI_DTYPE_INT64, picks, PICKS, ROWS, &seed);
      write_to(g.index, picks);
      launch(graph);
      check_gathers(&g);
    }
    destroy_graph(graph);
    release_gathers(&other);
    release_gathers(&g);
  }
}

static void test_indices_out_of_bounds(void **state) {
  (void)state;
  int64_t bad[PICKS];
  make_contents(5);
  random_index(UNI_DTYPE_INT64, picks, PICKS, ROWS, &seed);
  memcpy(bad, picks, sizeof bad);
  bad[345] = ROWS;
  bad[21] = -7;
  bad[PICKS - 1] = INT64_MAX;
  for (int32_t order = UNI_ORDER_AS_GIVEN; order <= UNI_ORDER_BY_PAGE; ++order)
    for (int32_t bounds = UNI_BOUNDS_CHECK; bounds <= UNI_BOUNDS_SKIP; ++bounds) {
      uni_tensor *table = make_in(context, UNI_MEMORY_PINNED, UNI_DTYPE_FLOAT32, ROWS, COLUMNS, contents), *out = NULL;
      uni_tensor *index = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, PICKS, -1, picks);
      OK(create_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_FLOAT32, PICKS, COLUMNS, &out));
      uni_gather_options options = UNI_GATHER_OPTIONS_INIT;
      options.order = order;
      options.bounds = bounds;
      begin_capture(stream);
      OK(uni_gather_into(table, uni_tensor_array(index), &options, stream, uni_tensor_array(out), &error));
      void *const graph = end_capture(stream);
      assert_non_null(graph);
      for (int round = 0; round < REPLAYS; ++round) {
        const int64_t *const now = round % 2 == 0 ? bad : picks;
        write_to(index, now);
        launch(graph);
        if (now == bad && bounds == UNI_BOUNDS_CHECK) {
          if (round == 0) FAILS(UNI_STATUS_OUT_OF_BOUNDS, "index[21] is -7", uni_context_check(context, &error));
          if (round > 0) FAILS(UNI_STATUS_OUT_OF_BOUNDS, "index[21] is -7", uni_context_synchronize(context, &error));
        }
        OK(uni_context_check(context, &error));
        OK(uni_context_synchronize(context, &error));
        check_rows(out, now);
      }
      destroy_graph(graph);
      uni_tensor_release(out);
      uni_tensor_release(index);
      uni_tensor_release(table);
    }
}

/* The target is filled, rows are assigned, others added to it, and it is copied, all in one graph. */
static void test_scatters_fills_and_copies(void **state) {
  (void)state;
  enum { TARGETS = 900 };
  static int32_t rows[PICKS][COLUMNS], back[TARGETS][COLUMNS], expected[TARGETS][COLUMNS];
  static int64_t places[PICKS];
  for (int32_t memory = UNI_MEMORY_PINNED; memory <= UNI_MEMORY_DEVICE; ++memory) {
    const int32_t three = 3;
    uni_scatter_options add = UNI_SCATTER_OPTIONS_INIT;
    add.reduce = UNI_SCATTER_ADD;
    memset(rows, 0, sizeof rows);
    uni_tensor *target = NULL, *copy = NULL, *filled = NULL;
    OK(create_in(context, memory, UNI_DTYPE_INT32, TARGETS, COLUMNS, &target));
    OK(create_in(context, memory, UNI_DTYPE_INT32, TARGETS, COLUMNS, &copy));
    OK(create_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT32, TARGETS, COLUMNS, &filled));
    uni_tensor *index = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, PICKS, -1, places);
    uni_tensor *added = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, PICKS, -1, places);
    uni_tensor *from = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT32, PICKS, COLUMNS, rows);
    begin_capture(stream);
    OK(uni_tensor_fill(filled, &three, stream, &error));
    OK(uni_tensor_copy_from(target, uni_tensor_array(filled), stream, &error));
    OK(uni_scatter(target, uni_tensor_array(index), uni_tensor_array(from), NULL, stream, &error));
    OK(uni_scatter(target, uni_tensor_array(added), uni_tensor_array(from), &add, stream, &error));
    OK(uni_tensor_copy_from(filled, uni_tensor_array(target), stream, &error));
    OK(uni_tensor_copy_to(filled, uni_tensor_array(copy), stream, &error));
    void *const graph = end_capture(stream);
    assert_non_null(graph);
    uni_tensor_release(filled);
    for (int round = 0; round < REPLAYS; ++round) {
      /* Each place once, and then some of them often. */
      for (int64_t i = 0; i < PICKS; ++i) {
        places[i] = (i * 7 + round) % TARGETS;
        for (int c = 0; c < COLUMNS; ++c) rows[i][c] = (int32_t)next_random(&seed);
      }
      write_to(index, places);
      for (int i = 0; i < TARGETS; ++i)
        for (int c = 0; c < COLUMNS; ++c) expected[i][c] = 3;
      for (int i = 0; i < PICKS; ++i) memcpy(expected[places[i]], rows[i], sizeof rows[i]);
      random_index(UNI_DTYPE_INT64, places, PICKS, TARGETS / 4, &seed);
      for (int i = 0; i < PICKS; ++i)
        for (int c = 0; c < COLUMNS; ++c)
          expected[places[i]][c] = (int32_t)((uint32_t)expected[places[i]][c] + (uint32_t)rows[i][c]);
      write_to(added, places);
      write_to(from, rows);
      launch(graph);
      read_back(target, back);
      assert_memory_equal(back, expected, sizeof expected);
      read_back(copy, back);
      assert_memory_equal(back, expected, sizeof expected);
    }
    destroy_graph(graph);
    uni_tensor_release(from);
    uni_tensor_release(added);
    uni_tensor_release(index);
    uni_tensor_release(copy);
    uni_tensor_release(target);
  }
}

/* What has to wait for something is refused, and what else was captured is launched all the same. */
static void test_samples_are_refused_and_the_capture_goes_on(void **state) {
  (void)state;
  make_contents(6);
  gathers g = make_gathers(UNI_MEMORY_UNIFIED);
  uni_graph *neighbours = NULL;
  OK(graph_in(context, UNI_MEMORY_UNIFIED, &neighbours));
  const int64_t numbers_of_seeds[3] = {9, 19, 49}, fanouts[2] = {3, 3};
  uni_tensor *seeds = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, 3, -1, numbers_of_seeds);
  uni_sample_options options = UNI_SAMPLE_OPTIONS_INIT;
  options.num_hops = 2;
  options.fanouts = fanouts;
  uni_sample *sample = NULL;
  const uni_array *const index = uni_tensor_array(g.index);
  begin_capture(stream);
  OK(uni_gather_into(g.table, index, NULL, stream, uni_tensor_array(g.plain), &error));
  FAILS_NULL(UNI_STATUS_NOT_SUPPORTED, "captured", sample,
             uni_sample_neighbors(neighbours, uni_tensor_array(seeds), &options, stream, &sample, &error));
  FAILS(UNI_STATUS_NOT_SUPPORTED, "captured", uni_context_follow_stream(context, 0, stream, &error));
  FAILS(UNI_STATUS_NOT_SUPPORTED, "captured", uni_tensor_release_after(g.labels, 0, stream, &error));
  OK(uni_gather_into(g.table, index, NULL, stream, uni_tensor_array(g.ordered), &error));
  void *graph = end_capture(stream);
  assert_non_null(graph);
  launch(graph);
  check_rows(g.plain, picks);
  check_rows(g.ordered, picks);
  destroy_graph(graph);
  /* One that was made before is an index to capture with, and its count comes with it. */
  OK(uni_sample_neighbors(neighbours, uni_tensor_array(seeds), &options, stream, &sample, &error));
  const uni_array nodes = *uni_sample_nodes(sample);
  uni_tensor *out = NULL;
  OK(create_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_FLOAT32, nodes.shape[0], COLUMNS, &out));
  begin_capture(stream);
  OK(uni_gather_into(g.table, &nodes, NULL, stream, uni_tensor_array(out), &error));
  graph = end_capture(stream);
  assert_non_null(graph);
  launch(graph);
  OK(uni_sample_wait(sample, &error));
  int64_t found[100];
  float(*rows)[COLUMNS] = calloc((size_t)nodes.shape[0], sizeof *rows);
  const int64_t num_found = info_of(uni_sample_tensor(sample, UNI_SAMPLE_NODES)).shape[0];
  assert_true(num_found >= 3 && num_found <= 100 && num_found <= nodes.shape[0]);
  read_back(uni_sample_tensor(sample, UNI_SAMPLE_NODES), found);
  read_back(out, rows);
  for (int64_t i = 0; i < nodes.shape[0]; ++i)
    for (int c = 0; c < COLUMNS; ++c) assert_true(rows[i][c] == (i < num_found ? contents[found[i]][c] : 0.0f));
  free(rows);
  destroy_graph(graph);
  uni_tensor_release(out);
  uni_sample_release(sample);
  uni_tensor_release(seeds);
  uni_graph_release(neighbours);
  release_gathers(&g);
}

int main(int argc, char **argv) {
  const int status = start_gpu_tests(argc, argv);
  if (status != 0) return status;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_gathers_read_what_is_there_at_each_launch, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_graphs_keep_what_is_released, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_indices_out_of_bounds, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_scatters_fills_and_copies, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_samples_are_refused_and_the_capture_goes_on, set_up, tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
