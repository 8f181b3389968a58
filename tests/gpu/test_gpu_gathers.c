/* SPDX-License-Identifier: Apache-2.0 */
/* Gathers at the sizes at which a device reads rows otherwise: by page, of several tensors at once, and into other types.
 * What they give is known from plain loops, not from the library; that the CPU gives the same bytes is looked at too. */
#define _GNU_SOURCE
#include <math.h>

#include "gpu_support.h"

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

/* So many, or as many as a test may take of this size. */
static int64_t at_most(int64_t count, int64_t num_bytes) {
  const int64_t allowed = machine.most_bytes / num_bytes;
  return allowed < count ? allowed : count;
}

static void read_when_done(const uni_tensor *tensor, void *data) {
  OK(uni_context_synchronize(context, &error));
  read_back(tensor, data);
}

/* What stands in a table, for every row and column. */
static int32_t number_at(int64_t row, int64_t column) { return (int32_t)(row * 2654435761 + column * 40503 + 1); }

enum { COLUMNS = 32 };

/* Zeros for entries that are no row's, and for those past the count. */
static void check_numbers(const int32_t (*seen)[COLUMNS], const int64_t *index, int64_t length, int64_t count,
                          int64_t rows, const char *what) {
  for (int64_t i = 0; i < length; ++i) {
    const int zero = i >= count || index[i] < 0 || index[i] >= rows;
    for (int64_t c = 0; c < COLUMNS; ++c)
      if (seen[i][c] != (zero ? 0 : number_at(index[i], c))) fail_msg("%s: entry %lld", what, (long long)i);
  }
}

/* A table that is large enough, on a GPU, for its rows to be read by page without being asked for (cuda/page_order.cpp): of
 * 2 GiB, or half of what a test may take, rows of 128 bytes, and a million of them. */
static void test_page_order(void **state) {
  (void)state;
  const int64_t table_bytes = machine.emulated ? (int64_t)2 << 20 : at_most((int64_t)2 << 30, 2);
  const int64_t rows = table_bytes / (COLUMNS * 4), length = machine.emulated ? 5000 : at_most((int64_t)1 << 20, 256);
  static const char *const names[] = {"auto", "as given", "by page"};
  uint64_t seed = 21;
  uni_tensor *table = NULL, *small = NULL;
  OK(create_in(context, UNI_MEMORY_PINNED, UNI_DTYPE_INT32, rows, COLUMNS, &table));
  int32_t(*const numbers)[COLUMNS] = pointer_of(table);
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t c = 0; c < COLUMNS; ++c) numbers[row][c] = number_at(row, c);
  int64_t *index = allocate(length * 8), *bad = allocate(length * 8);
  int32_t(*back)[COLUMNS] = allocate(length * COLUMNS * 4);
  random_index(UNI_DTYPE_INT64, index, length, rows, &seed);
  for (int64_t i = 0; i < length / 10; ++i) index[length - 1 - i] = index[i % 100]; /* some of them very often */
  memcpy(bad, index, (size_t)length * 8);
  bad[length / 2] = rows;
  bad[1234] = -1;
  bad[length - 1] = INT64_MIN;
  int32_t *narrow = allocate(length * 4);
  for (int64_t i = 0; i < length; ++i) narrow[i] = (int32_t)index[i];
  uni_tensor *const plain = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, length, -1, index),
                    *const wrong = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, length, -1, bad),
                    *const shorter = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT32, length, -1, narrow);
  /* A count that is on the device, of a sample that nobody has waited for. */
  uni_graph *graph = NULL;
  OK(graph_in(context, UNI_MEMORY_UNIFIED, &graph));
  const int64_t numbers_of_seeds[4] = {9, 19, 29, 48}, fanouts[2] = {4, 4};
  uni_tensor *seeds = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, 4, -1, numbers_of_seeds);
  uni_sample_options sampling = UNI_SAMPLE_OPTIONS_INIT;
  sampling.num_hops = 2;
  sampling.fanouts = fanouts;
  for (int32_t order = UNI_ORDER_AUTO; order <= UNI_ORDER_BY_PAGE; ++order) {
    uni_gather_options options = UNI_GATHER_OPTIONS_INIT;
    options.order = order;
    uni_tensor *out = NULL;
    OK(uni_gather(table, uni_tensor_array(plain), &options, NULL, &out, &error));
    read_when_done(out, back);
    check_numbers((const int32_t(*)[COLUMNS])back, index, length, length, rows, names[order]);
    OK(uni_gather_into(table, uni_tensor_array(shorter), &options, NULL, uni_tensor_array(out), &error));
    read_when_done(out, back);
    check_numbers((const int32_t(*)[COLUMNS])back, index, length, length, rows, names[order]);
    OK(uni_gather_into(table, uni_tensor_array(wrong), &options, NULL, uni_tensor_array(out), &error));
    FAILS(UNI_STATUS_OUT_OF_BOUNDS, "index[1234] is -1", uni_context_synchronize(context, &error));
    read_when_done(out, back);
    check_numbers((const int32_t(*)[COLUMNS])back, bad, length, length, rows, names[order]);
    uni_sample *sample = NULL;
    OK(uni_sample_neighbors(graph, uni_tensor_array(seeds), &sampling, NULL, &sample, &error));
    uni_array counted = *uni_tensor_array(wrong); /* what is past the count is not looked at */
    counted.count = uni_sample_nodes(sample)->count;
    assert_non_null(counted.count);
    OK(uni_gather_into(table, &counted, &options, NULL, uni_tensor_array(out), &error));
    OK(uni_context_synchronize(context, &error));
    OK(uni_sample_wait(sample, &error));
    read_when_done(out, back);
    const int64_t count = info_of(uni_sample_tensor(sample, UNI_SAMPLE_NODES)).shape[0];
    assert_true(count >= 4 && count <= 100);
    check_numbers((const int32_t(*)[COLUMNS])back, bad, length, count, rows, names[order]);
    uni_sample_release(sample);
    uni_tensor_release(out);
  }
  /* Into pinned memory, from a part of it. */
  uni_gather_options options = UNI_GATHER_OPTIONS_INIT;
  uni_tensor *out = NULL;
  options.memory = UNI_MEMORY_PINNED;
  options.order = UNI_ORDER_BY_PAGE;
  options.bounds = UNI_BOUNDS_SKIP;
  OK(uni_tensor_slice(table, 0, rows / 2, &small, &error));
  OK(uni_gather(small, uni_tensor_array(wrong), &options, NULL, &out, &error));
  read_when_done(out, back);
  check_numbers((const int32_t(*)[COLUMNS])back, bad, length, length, rows / 2, "of a part");
  uni_tensor *const all[] = {out, small, seeds, plain, wrong, shorter, table};
  for (size_t i = 0; i < sizeof all / sizeof all[0]; ++i) uni_tensor_release(all[i]);
  uni_graph_release(graph);
  print_message("a table of %lld bytes, %lld rows of it\n", (long long)table_bytes, (long long)length);
  free(narrow);
  free(back);
  free(bad);
  free(index);
}

/* Of every kind of memory and of many widths, with one index. */
static void test_several_tensors(void **state) {
  (void)state;
  enum { TENSORS = UNI_GATHER_MANY_MAX };
  static const int64_t widths[TENSORS] = {1, 4, 8, 2, 400, 128, 16, 7, 33, 3, 64, 512, 100, 12, 1, 256};
  const int64_t rows = machine.emulated ? 3000 : at_most(60000, 8192), length = rows * 2;
  uint64_t seed = 22;
  int64_t *index = allocate(length * 8);
  random_index(UNI_DTYPE_INT64, index, length, rows, &seed);
  index[777] = rows + 5;
  unsigned char *contents[TENSORS], *back = allocate(length * 512);
  uni_tensor *sources[TENSORS], *outs[TENSORS];
  const uni_array *arrays[TENSORS];
  for (int t = 0; t < TENSORS; ++t) {
    contents[t] = allocate(rows * widths[t]);
    for (int64_t i = 0; i < rows * widths[t]; ++i) contents[t][i] = (unsigned char)next_random(&seed);
    sources[t] = make_in(context, UNI_MEMORY_PINNED + t % 3, UNI_DTYPE_UINT8, rows, widths[t] == 1 ? -1 : widths[t],
                         contents[t]);
    OK(create_in(context, t % 5 == 4 ? UNI_MEMORY_PINNED : UNI_MEMORY_DEVICE, UNI_DTYPE_UINT8, length,
                 widths[t] == 1 ? -1 : widths[t], &outs[t]));
    arrays[t] = uni_tensor_array(outs[t]);
  }
  uni_tensor *const there = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, length, -1, index);
  for (int32_t order = UNI_ORDER_AUTO; order <= UNI_ORDER_BY_PAGE; ++order)
    for (int32_t num_tensors = TENSORS; num_tensors > 0; num_tensors -= 5) {
      uni_gather_options options = UNI_GATHER_OPTIONS_INIT;
      options.order = order;
      const unsigned char nine = 9;
      for (int t = 0; t < TENSORS; ++t) OK(uni_tensor_fill(outs[t], &nine, NULL, &error));
      OK(uni_gather_many(num_tensors, (const uni_tensor *const *)sources, uni_tensor_array(there), &options, NULL,
                         arrays, &error));
      FAILS(UNI_STATUS_OUT_OF_BOUNDS, "index[777] is", uni_context_synchronize(context, &error));
      for (int t = 0; t < TENSORS; ++t) {
        const size_t width = (size_t)widths[t];
        read_when_done(outs[t], back);
        for (int64_t i = 0; i < length; ++i) {
          const unsigned char *const row = back + i * widths[t];
          int right = 1;
          if (t < num_tensors && index[i] < rows)
            right = memcmp(row, contents[t] + index[i] * widths[t], width) == 0;
          else
            for (size_t b = 0; b < width; ++b) right &= row[b] == (t < num_tensors ? 0 : nine);
          if (!right) fail_msg("tensor %d of %d, entry %lld, order %d", t, num_tensors, (long long)i, order);
        }
      }
    }
  for (int t = 0; t < TENSORS; ++t) {
    uni_tensor_release(sources[t]);
    uni_tensor_release(outs[t]);
    free(contents[t]);
  }
  uni_tensor_release(there);
  free(back);
  free(index);
}

/* A floating-point format of 16 bits. */
typedef struct format {
  int mantissa_bits, least_exponent, most_exponent;
} format;

static const format half = {10, -14, 15}, brain = {7, -126, 127};

static double value_of(const format *f, uint16_t bits) {
  const int mantissa = bits & ((1 << f->mantissa_bits) - 1), exponent = (bits & 0x7fff) >> f->mantissa_bits;
  double value = ldexp(mantissa, f->least_exponent - f->mantissa_bits);
  if (exponent > 0)
    value = ldexp((1 << f->mantissa_bits) + mantissa, f->least_exponent + exponent - 1 - f->mantissa_bits);
  if (f->least_exponent + exponent - 1 > f->most_exponent) value = mantissa == 0 ? HUGE_VAL : (double)NAN;
  return bits >> 15 ? -value : value;
}

/* To the nearest, and of two that are as near to the even one. Not for NaN. */
static uint16_t bits_of(const format *f, double value) {
  const int sign = signbit(value) ? 0x8000 : 0;
  const int infinite = (f->most_exponent - f->least_exponent + 2) << f->mantissa_bits;
  if (value == 0) return (uint16_t)sign;
  if (isinf(value)) return (uint16_t)(sign | infinite);
  int exponent = ilogb(value);
  if (exponent < f->least_exponent) exponent = f->least_exponent;
  const int units = (int)nearbyint(ldexp(fabs(value), f->mantissa_bits - exponent));
  /* A mantissa that is rounded up to the next power of two carries into the exponent by itself. */
  const int bits = ((exponent - f->least_exponent) << f->mantissa_bits) + units;
  return (uint16_t)(sign | (bits < infinite ? bits : infinite));
}

static double read_value(int32_t dtype, const void *data, int64_t i) {
  if (dtype == UNI_DTYPE_FLOAT32) return (double)((const float *)data)[i];
  if (dtype == UNI_DTYPE_INT8) return (double)((const int8_t *)data)[i];
  return value_of(dtype == UNI_DTYPE_FLOAT16 ? &half : &brain, ((const uint16_t *)data)[i]);
}

static int is_right(int32_t dtype, double expected, const void *data, int64_t i) {
  if (isnan(expected)) return isnan(read_value(dtype, data, i));
  if (dtype != UNI_DTYPE_FLOAT32)
    return ((const uint16_t *)data)[i] == bits_of(dtype == UNI_DTYPE_FLOAT16 ? &half : &brain, expected);
  const float rounded = (float)expected;
  return memcmp((const float *)data + i, &rounded, sizeof rounded) == 0;
}

/* Every bit pattern of 16 bits is among the elements, and numbers of 32 bits of every size, in rows that are converted in
 * pieces and in rows that are not. */
static void test_conversions(void **state) {
  (void)state;
  static const int32_t from_types[] = {UNI_DTYPE_FLOAT16, UNI_DTYPE_BFLOAT16, UNI_DTYPE_FLOAT32, UNI_DTYPE_INT8},
                       to_types[] = {UNI_DTYPE_FLOAT16, UNI_DTYPE_BFLOAT16, UNI_DTYPE_FLOAT32};
  const int64_t rows = machine.emulated ? 1100 : 30001, most = rows * 64;
  uint64_t seed = 23;
  uint16_t *const patterns = allocate(most * 2);
  uint32_t *const words = allocate(most * 4);
  float *const scales = allocate(rows * 4);
  int64_t *const index = allocate(rows * 8);
  void *const back = allocate(most * 4);
  for (int64_t i = 0; i < most; ++i) patterns[i] = (uint16_t)(i * 40503);
  for (int64_t i = 0; i < most; ++i) {
    const uint64_t draw = next_random(&seed);
    /* Half of them of sizes that float16 has, and some of those as near to two of its numbers. */
    const uint32_t near_one = (uint32_t)(draw & 0x8fffffff) | (uint32_t)(0x66 + draw % 51 / 2) << 23;
    words[i] = draw >> 40 & 1 ? (uint32_t)draw : draw >> 41 & 1 ? near_one : (near_one & 0xfffff000) | 0x1000;
  }
  for (int64_t i = 0; i < rows; ++i) {
    scales[i] = (float)ldexp((double)(next_random(&seed) >> 40), (int)(i % 40) - 50);
    index[i] = i * 7919 % rows;
  }
  uni_tensor *const there = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, rows, -1, index),
                    *const scales_there = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_FLOAT32, rows, -1, scales);
  const uni_array said = array_1d(UNI_DTYPE_INT64, index, rows),
                  scales_said = array_1d(UNI_DTYPE_FLOAT32, scales, rows);
  for (int c = 0; c < 4 * 3 * 2; ++c) {
    const int32_t from = from_types[c % 4], to = to_types[c / 4 % 3], memory = UNI_MEMORY_PINNED + c % 3;
    const int64_t columns = c / 12 == 1 ? 61 : 64;
    const int scaled = from == UNI_DTYPE_INT8;
    const void *const data = from == UNI_DTYPE_FLOAT32 ? (const void *)words : (const void *)patterns;
    uni_gather_options options = UNI_GATHER_OPTIONS_INIT;
    options.dtype = to;
    options.order = c % 2 ? UNI_ORDER_BY_PAGE : UNI_ORDER_AUTO;
    uni_tensor *const source = make_in(context, memory, from, rows, columns, data), *const host =
                                                                                        make_tensor(context, from, rows,
                                                                                                    columns, data);
    uni_tensor *out = NULL, *expected = NULL;
    if (scaled) options.row_scales = uni_tensor_array(scales_there);
    OK(uni_gather(source, uni_tensor_array(there), &options, NULL, &out, &error));
    if (scaled) options.row_scales = &scales_said;
    OK(uni_gather(host, &said, &options, NULL, &expected, &error));
    read_when_done(out, back);
    for (int64_t i = 0; i < rows; ++i)
      for (int64_t j = 0; j < columns; ++j) {
        const double value = read_value(from, data, index[i] * columns + j);
        /* In float32. */
        const float product = (float)value * (scaled ? scales[index[i]] : 1.0f);
        if (from != to && !is_right(to, (double)product, back, i * columns + j))
          fail_msg("%s to %s: %.9g", uni_dtype_name(from), uni_dtype_name(to), (double)product);
      }
    if (memcmp(back, pointer_of(expected), (size_t)(rows * columns * uni_dtype_size(to))) != 0)
      fail_msg("%s to %s: the CPU gives other bytes", uni_dtype_name(from), uni_dtype_name(to));
    uni_tensor_release(expected);
    uni_tensor_release(out);
    uni_tensor_release(host);
    uni_tensor_release(source);
  }
  uni_tensor_release(scales_there);
  uni_tensor_release(there);
  free(back);
  free(index);
  free(scales);
  free(words);
  free(patterns);
}

int main(int argc, char **argv) {
  const int status = start_gpu_tests(argc, argv);
  if (status != 0) return status;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_page_order),
      cmocka_unit_test(test_several_tensors),
      cmocka_unit_test(test_conversions),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
