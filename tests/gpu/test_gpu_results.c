/* SPDX-License-Identifier: Apache-2.0 */
/* What a device computes against what the CPU computes, byte for byte; floating-point sums to their tolerance. */
#include <math.h>

#include "gpu_support.h"

static const int32_t device_read_kinds[] = {UNI_MEMORY_DEVICE, UNI_MEMORY_MANAGED, UNI_MEMORY_PINNED};
enum { NUM_KINDS = 3 };

static uni_context *context;

static int set_up(void **state) {
  (void)state;
  context = make_gpu_context(0);
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  OK(uni_context_synchronize(context, &error));
  uni_context_release(context);
  return 0;
}

/* The contents when the device is done with them: the CPU reads managed and pinned memory without asking it. */
static void read_when_done(const uni_tensor *tensor, void *data) {
  OK(uni_context_synchronize(context, &error));
  read_back(tensor, data);
}

static void fill_random(void *data, int64_t num_bytes, uint64_t *state) {
  for (int64_t i = 0; i < num_bytes; ++i) ((unsigned char *)data)[i] = (unsigned char)next_random(state);
}

/* A table of bytes with rows padded to `alignment`, in memory of a kind; contents as given. */
static uni_tensor *make_table(int32_t memory, int64_t rows, int64_t row_bytes, int64_t alignment,
                              const void *contents) {
  uni_tensor_desc desc = UNI_TENSOR_DESC_INIT;
  desc.memory = memory;
  desc.dtype = UNI_DTYPE_UINT8;
  desc.ndim = 2;
  desc.row_alignment = alignment;
  desc.shape[0] = rows;
  desc.shape[1] = row_bytes;
  uni_tensor *table = NULL;
  OK(uni_tensor_create(context, &desc, &table, &error));
  const uni_array host = array_2d(UNI_DTYPE_UINT8, contents, rows, row_bytes);
  OK(uni_tensor_copy_from(table, &host, NULL, &error));
  OK(uni_context_synchronize(context, &error));
  return table;
}

static void test_gather(void **state) {
  (void)state;
  static const int64_t widths[] = {1,  2,  3,   4,   7,   8,   12,  16,   20,   31,  32,
                                   48, 64, 100, 128, 256, 400, 512, 1024, 2408, 5000};
  const int64_t table_bytes = machine.most_bytes < ((int64_t)64 << 20) ? machine.most_bytes / 8 : (int64_t)16 << 20;
  uint64_t seed = 1;
  unsigned char *contents = allocate(table_bytes);
  fill_random(contents, table_bytes, &seed);
  for (size_t w = 0; w < sizeof widths / sizeof widths[0]; ++w) {
    const int64_t width = widths[w], rows = table_bytes / width < 100000 ? table_bytes / width : 100000;
    const int64_t length = rows / 2 + 1;
    const int32_t index_dtype = w % 2 ? UNI_DTYPE_INT32 : UNI_DTYPE_INT64;
    void *index = allocate(length * 8);
    random_index(index_dtype, index, length, rows, &seed);
    const uni_array said = array_1d(index_dtype, index, length);
    uni_tensor *host = make_tensor(context, UNI_DTYPE_UINT8, rows, width, contents), *expected = NULL;
    OK(uni_gather(host, &said, NULL, NULL, &expected, &error));
    unsigned char *back = allocate(length * width);
    uni_tensor *on_device = make_in(context, UNI_MEMORY_DEVICE, index_dtype, length, -1, index);
    for (int k = 0; k < NUM_KINDS; ++k) {
      uni_tensor *table = make_table(device_read_kinds[k], rows, width, w % 3 == 0 ? 128 : 0, contents), *out = NULL;
      OK(uni_gather(table, uni_tensor_array(on_device), NULL, NULL, &out, &error));
      read_when_done(out, back);
      if (memcmp(back, pointer_of(expected), (size_t)(length * width)) != 0)
        fail_msg("rows of %lld bytes, memory kind %d", (long long)width, device_read_kinds[k]);
      uni_tensor_release(out);
      uni_tensor_release(table);
    }
    uni_tensor_release(on_device);
    uni_tensor_release(expected);
    uni_tensor_release(host);
    free(back);
    free(index);
  }
  free(contents);
}

static const uni_scatter_options assign = UNI_SCATTER_OPTIONS_INIT;
static const uni_scatter_options add = {sizeof(uni_scatter_options), UNI_BOUNDS_CHECK, UNI_SCATTER_ADD, 0, 0, 0};

/* Each row is what it was, if no entry names it, or the whole of one that does. */
static void check_assigned(const unsigned char *back, const unsigned char *before, const unsigned char *updates,
                           const int64_t *index, int64_t length, int64_t rows, int64_t row_bytes) {
  unsigned char *right = calloc((size_t)rows, 1), *named = calloc((size_t)rows, 1);
  for (int64_t i = 0; i < length; ++i) {
    const int64_t row = index[i];
    named[row] = 1;
    right[row] |= memcmp(back + row * row_bytes, updates + i * row_bytes, (size_t)row_bytes) == 0;
  }
  for (int64_t row = 0; row < rows; ++row)
    if (!(named[row] ? right[row] : memcmp(back + row * row_bytes, before + row * row_bytes, (size_t)row_bytes) == 0))
      fail_msg("row %lld is none of those that were assigned to it", (long long)row);
  free(named);
  free(right);
}

/* Many entries to some rows, and none to others. */
static void test_scatter(void **state) {
  (void)state;
  static const int32_t dtypes[] = {UNI_DTYPE_UINT8, UNI_DTYPE_INT16, UNI_DTYPE_INT32, UNI_DTYPE_INT64};
  const int64_t rows = 1000, length = 20000, columns = 37;
  uint64_t seed = 2;
  unsigned char *updates = allocate(length * columns * 8), *contents = allocate(rows * columns * 8),
                *back = allocate(rows * columns * 8);
  int64_t *index = allocate(length * 8);
  fill_random(updates, length * columns * 8, &seed);
  fill_random(contents, rows * columns * 8, &seed);
  random_index(UNI_DTYPE_INT64, index, length, rows * 9 / 10, &seed);
  const uni_array said = array_1d(UNI_DTYPE_INT64, index, length);
  uni_tensor *on_device = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, length, -1, index);
  for (size_t d = 0; d < 8; ++d) {
    const int32_t dtype = dtypes[d % 4];
    const uni_scatter_options *options = d < 4 ? &assign : &add;
    const int64_t num_bytes = rows * columns * uni_dtype_size(dtype);
    const uni_array from = array_2d(dtype, updates, length, columns);
    uni_tensor *host = make_tensor(context, dtype, rows, columns, contents);
    OK(uni_scatter(host, &said, &from, options, NULL, &error));
    uni_tensor *rows_there = make_in(context, UNI_MEMORY_DEVICE, dtype, length, columns, updates);
    for (int k = 0; k < NUM_KINDS; ++k) {
      uni_tensor *target = make_in(context, device_read_kinds[k], dtype, rows, columns, contents);
      OK(uni_scatter(target, uni_tensor_array(on_device), uni_tensor_array(rows_there), options, NULL, &error));
      read_when_done(target, back);
      if (d < 4)
        check_assigned(back, contents, updates, index, length, rows, num_bytes / rows);
      else if (memcmp(back, pointer_of(host), (size_t)num_bytes) != 0)
        fail_msg("sums of dtype %d in memory kind %d", dtype, device_read_kinds[k]);
      uni_tensor_release(target);
    }
    uni_tensor_release(rows_there);
    uni_tensor_release(host);
  }
  uni_tensor_release(on_device);
  free(index);
  free(back);
  free(contents);
  free(updates);
}

/* Sums of n numbers of at most 1 in float32: each addition rounds by at most half a unit in the last place of the sum. */
static void test_scatter_add_of_float32(void **state) {
  (void)state;
  enum { ROWS = 100, LENGTH = 20000, COLUMNS = 5 };
  uint64_t seed = 3;
  float *updates = allocate(LENGTH * COLUMNS * 4);
  double(*expected)[COLUMNS] = calloc(ROWS, sizeof *expected);
  int64_t *index = allocate(LENGTH * 8);
  int64_t most = 0, entries[ROWS] = {0};
  random_index(UNI_DTYPE_INT64, index, LENGTH, ROWS, &seed);
  for (int i = 0; i < LENGTH; ++i) {
    for (int c = 0; c < COLUMNS; ++c) {
      updates[i * COLUMNS + c] = (float)(next_random(&seed) >> 40) / (float)(1 << 24);
      expected[index[i]][c] += (double)updates[i * COLUMNS + c];
    }
    if (++entries[index[i]] > most) most = entries[index[i]];
  }
  const double tolerance = (double)most * (double)most * ldexp(1, -24);
  uni_tensor *on_device = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, LENGTH, -1, index);
  uni_tensor *rows = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_FLOAT32, LENGTH, COLUMNS, updates);
  float *zeros = calloc(ROWS * COLUMNS, 4), *back = allocate(ROWS * COLUMNS * 4);
  for (int k = 0; k < NUM_KINDS; ++k) {
    uni_tensor *target = make_in(context, device_read_kinds[k], UNI_DTYPE_FLOAT32, ROWS, COLUMNS, zeros);
    OK(uni_scatter(target, uni_tensor_array(on_device), uni_tensor_array(rows), &add, NULL, &error));
    read_when_done(target, back);
    for (int i = 0; i < ROWS * COLUMNS; ++i) {
      const double sum = expected[i / COLUMNS][i % COLUMNS];
      if (!(fabs((double)back[i] - sum) <= tolerance)) fail_msg("%g instead of %g", (double)back[i], sum);
    }
    uni_tensor_release(target);
  }
  uni_tensor_release(rows);
  uni_tensor_release(on_device);
  free(back);
  free(zeros);
  free(index);
  free(expected);
  free(updates);
}

typedef struct graph_arrays {
  int64_t num_nodes, num_edges;
  int64_t *indptr;
  int32_t *indices;
} graph_arrays;

/* Some nodes without neighbours, most with a few, some with thousands. */
static graph_arrays make_arrays(int64_t num_nodes) {
  graph_arrays arrays = {num_nodes, 0, allocate((num_nodes + 1) * 8), NULL};
  uint64_t seed = 4;
  arrays.indptr[0] = 0;
  for (int64_t v = 0; v < num_nodes; ++v) {
    const uint64_t draw = next_random(&seed);
    arrays.indptr[v + 1] = arrays.indptr[v] + (draw % 5000 == 0 ? 3000
                                               : draw % 10 == 0 ? 0
                                                                : (int64_t)(draw >> 32) % 30);
  }
  arrays.num_edges = arrays.indptr[num_nodes];
  arrays.indices = allocate(arrays.num_edges * 4);
  for (int64_t e = 0; e < arrays.num_edges; ++e) {
    /* Small numbers more often, so that nodes are met again and again. */
    const double u = (double)(next_random(&seed) >> 11) * 0x1p-53;
    arrays.indices[e] = (int32_t)(u * u * (double)num_nodes);
  }
  return arrays;
}

static uni_graph *make_graph_in(int32_t memory, const graph_arrays *arrays) {
  uni_graph_desc desc = UNI_GRAPH_DESC_INIT;
  uni_tensor *starts = make_in(context, memory, UNI_DTYPE_INT64, arrays->num_nodes + 1, -1, arrays->indptr),
             *ends = make_in(context, memory, UNI_DTYPE_INT32, arrays->num_edges, -1, arrays->indices);
  desc.indptr = starts;
  desc.indices = ends;
  uni_graph *graph = NULL;
  OK(uni_graph_create(context, &desc, &graph, &error));
  uni_tensor_release(starts);
  uni_tensor_release(ends);
  return graph;
}

static void compare_samples(const uni_sample *expected, const uni_sample *given, const char *what, int32_t memory) {
  for (int32_t part = UNI_SAMPLE_NODES; part <= UNI_SAMPLE_SEED_INDEX; ++part) {
    const uni_tensor *e = uni_sample_tensor(expected, part), *g = uni_sample_tensor(given, part);
    assert_int_equal(e == NULL, g == NULL);
    if (e == NULL) continue;
    const int64_t num_bytes = info_of(e).num_bytes;
    if (info_of(g).num_bytes != num_bytes)
      fail_msg("%s, memory kind %d, part %d: %lld bytes instead of %lld", what, memory, part,
               (long long)info_of(g).num_bytes, (long long)num_bytes);
    void *back = allocate(num_bytes);
    read_when_done(g, back);
    if (num_bytes > 0 && memcmp(back, pointer_of(e), (size_t)num_bytes) != 0)
      fail_msg("%s, memory kind %d: part %d differs", what, memory, part);
    free(back);
  }
}

static void test_samples(void **state) {
  (void)state;
  static const struct {
    const char *name;
    int32_t num_hops;
    int64_t fanouts[3];
    uint32_t flags;
    int64_t num_seeds;
  } cases[] = {
      {"three hops", 3, {15, 10, 5}, 0, 1000},
      {"edge ids", 2, {10, 10, 0}, UNI_SAMPLE_WITH_EDGE_IDS, 1000},
      {"with replacement", 2, {10, 10, 0}, UNI_SAMPLE_REPLACE | UNI_SAMPLE_WITH_EDGE_IDS, 1000},
      {"unique seeds", 2, {3, 3, 0}, UNI_SAMPLE_UNIQUE_SEEDS, 5000},
      {"all neighbours", 1, {-1, 0, 0}, UNI_SAMPLE_WITH_EDGE_IDS, 2000},
      {"all, then a few", 2, {-1, 4, 0}, 0, 300},
      {"large fan-outs", 2, {1000, 200, 0}, 0, 50},
      {"one seed", 3, {5, 5, 5}, 0, 1},
      {"no seeds", 2, {5, 5, 0}, 0, 0},
  };
  graph_arrays arrays = make_arrays(machine.most_bytes < ((int64_t)512 << 20) ? 20000 : 500000);
  int64_t *seeds = allocate(5000 * 8);
  uint64_t seed = 5;
  random_index(UNI_DTYPE_INT64, seeds, 5000, arrays.num_nodes, &seed);
  uni_graph *host = make_graph_in(UNI_MEMORY_HOST, &arrays), *graphs[NUM_KINDS];
  for (int k = 0; k < NUM_KINDS; ++k) graphs[k] = make_graph_in(device_read_kinds[k], &arrays);
  for (size_t c = 0; c < sizeof cases / sizeof cases[0]; ++c) {
    uni_sample_options options = UNI_SAMPLE_OPTIONS_INIT;
    options.num_hops = cases[c].num_hops;
    options.fanouts = cases[c].fanouts;
    options.flags = cases[c].flags;
    options.seed = 100 + c;
    const uni_array said = array_1d(UNI_DTYPE_INT64, seeds, cases[c].num_seeds);
    uni_sample *expected = NULL;
    OK(uni_sample_neighbors(host, &said, &options, NULL, &expected, &error));
    uni_tensor *there = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, cases[c].num_seeds, -1, seeds);
    for (int k = 0; k < NUM_KINDS; ++k) {
      uni_sample *sample = NULL;
      OK(uni_sample_neighbors(graphs[k], uni_tensor_array(there), &options, NULL, &sample, &error));
      OK(uni_sample_wait(sample, &error));
      compare_samples(expected, sample, cases[c].name, device_read_kinds[k]);
      uni_sample_release(sample);
    }
    uni_tensor_release(there);
    uni_sample_release(expected);
  }
  for (int k = 0; k < NUM_KINDS; ++k) uni_graph_release(graphs[k]);
  uni_graph_release(host);
  free(seeds);
  free(arrays.indices);
  free(arrays.indptr);
}

/* Rows on both sides of 2^31 and 2^32 bytes, and row numbers beyond 2^31, as far as the memory goes. Only the pages that
 * are looked at are ever written. */
static void test_large_tables(void **state) {
  (void)state;
  enum { LENGTH = 4000 };
  static const int64_t widths[] = {128, 1};
  uint64_t seed = 6;
  int64_t *index = allocate(LENGTH * 8);
  for (int w = 0; w < 2; ++w) {
    const int64_t width = widths[w], rows = machine.most_bytes / width;
    unsigned char *expected = allocate(LENGTH * width), *back = allocate(LENGTH * width);
    random_index(UNI_DTYPE_INT64, index, LENGTH, rows, &seed);
    index[0] = rows - 1;
    index[1] = 0;
    uni_tensor *table = NULL, *out = NULL;
    OK(create_in(context, UNI_MEMORY_UNIFIED, UNI_DTYPE_UINT8, rows, width, &table));
    unsigned char *const data = pointer_of(table);
    for (int i = 0; i < LENGTH; ++i)
      for (int64_t b = 0; b < width; ++b) data[index[i] * width + b] = (unsigned char)(index[i] * 131 + b * 7 + 5);
    for (int i = 0; i < LENGTH; ++i) memcpy(expected + i * width, data + index[i] * width, (size_t)width);
    uni_tensor *there = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, LENGTH, -1, index);
    OK(uni_gather(table, uni_tensor_array(there), NULL, NULL, &out, &error));
    read_when_done(out, back);
    assert_memory_equal(back, expected, (size_t)(LENGTH * width));
    uni_tensor_release(there);
    uni_tensor_release(out);
    uni_tensor_release(table);
    free(back);
    free(expected);
  }
  free(index);
  print_message("tables of %lld bytes\n", (long long)machine.most_bytes);
}

int main(int argc, char **argv) {
  const int status = start_gpu_tests(argc, argv);
  if (status != 0) return status;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_gather),
      cmocka_unit_test(test_scatter),
      cmocka_unit_test(test_scatter_add_of_float32),
      cmocka_unit_test(test_samples),
      cmocka_unit_test(test_large_tables),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
