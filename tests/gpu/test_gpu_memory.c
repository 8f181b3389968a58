/* SPDX-License-Identifier: Apache-2.0 */
/* Every kind of memory under every operation, and memory of the caller's that is registered where it lies: against plain
 * loops, byte for byte. */
#define _GNU_SOURCE
#include "gpu_support.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

enum { ROWS = 3000, COLUMNS = 37, PICKS = 4000 };

typedef int32_t matrix[COLUMNS];

static uni_context *context;
static void *stream;
static uint64_t seed;
static matrix contents[ROWS], updates[PICKS], expected[PICKS], back[PICKS];
static int64_t picks[PICKS], places[PICKS];

static int set_up(void **state) {
  (void)state;
  context = make_gpu_context(2);
  stream = create_stream();
  seed = 31;
  for (int i = 0; i < ROWS; ++i)
    for (int c = 0; c < COLUMNS; ++c) contents[i][c] = (int32_t)next_random(&seed);
  for (int i = 0; i < PICKS; ++i)
    for (int c = 0; c < COLUMNS; ++c) updates[i][c] = (int32_t)next_random(&seed);
  random_index(UNI_DTYPE_INT64, picks, PICKS, ROWS, &seed);
  /* Each place once, so that what is assigned is known. */
  for (int i = 0; i < PICKS; ++i) places[i] = (int64_t)i * 7 % ROWS;
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  uni_context_release(context);
  destroy_stream(stream);
  check_nothing_is_left();
  return 0;
}

static uni_tensor *make_rows(int32_t memory, int64_t rows, int64_t alignment, const void *data) {
  uni_tensor_desc desc = UNI_TENSOR_DESC_INIT;
  desc.memory = memory;
  desc.dtype = UNI_DTYPE_INT32;
  desc.ndim = 2;
  desc.row_alignment = alignment;
  desc.shape[0] = rows;
  desc.shape[1] = COLUMNS;
  uni_tensor *tensor = NULL;
  OK(uni_tensor_create(context, &desc, &tensor, &error));
  const uni_array host = array_2d(UNI_DTYPE_INT32, data, rows, COLUMNS);
  if (data != NULL) OK(uni_tensor_copy_from(tensor, &host, stream, &error));
  return tensor;
}

static void check_is(const uni_tensor *tensor, const matrix *rows, int64_t num_rows, const char *what) {
  OK(uni_context_synchronize(context, &error));
  read_back(tensor, back);
  for (int64_t i = 0; i < num_rows; ++i)
    if (memcmp(back[i], rows[i], sizeof back[i]) != 0) fail_msg("%s: row %lld", what, (long long)i);
}

/* Where the index is the device computes, or else the CPU. */
static void check_gather(const uni_tensor *source, const matrix *rows, int64_t num_rows, const uni_array *index,
                         int32_t result, const char *what) {
  uni_gather_options options = UNI_GATHER_OPTIONS_INIT;
  uni_tensor *out = NULL;
  options.memory = result;
  options.bounds = UNI_BOUNDS_SKIP;
  OK(uni_gather(source, index, &options, stream, &out, &error));
  for (int i = 0; i < PICKS; ++i) {
    if (picks[i] < num_rows)
      memcpy(expected[i], rows[picks[i]], sizeof expected[i]);
    else
      memset(expected[i], 0, sizeof expected[i]);
  }
  check_is(out, (const matrix *)expected, PICKS, what);
  uni_tensor_release(out);
}

/* `rows` is what the tensor holds, before and after. */
static void check_scatters(uni_tensor *target, matrix *rows, const uni_array *index, const uni_array *from,
                           const char *what) {
  uni_scatter_options options = UNI_SCATTER_OPTIONS_INIT;
  const int64_t num_rows = info_of(target).shape[0];
  options.reduce = UNI_SCATTER_ADD;
  OK(uni_scatter(target, index, from, &options, stream, &error));
  for (int64_t i = 0; i < index->shape[0]; ++i)
    for (int c = 0; c < COLUMNS; ++c)
      rows[places[i]][c] = (int32_t)((uint32_t)rows[places[i]][c] + (uint32_t)updates[i][c]);
  check_is(target, (const matrix *)rows, num_rows, what);
  options.reduce = UNI_SCATTER_ASSIGN;
  OK(uni_scatter(target, index, from, &options, stream, &error));
  for (int64_t i = 0; i < index->shape[0]; ++i) memcpy(rows[places[i]], updates[i], sizeof rows[0]);
  check_is(target, (const matrix *)rows, num_rows, what);
}

static void check_fill(uni_tensor *target, int32_t value, int64_t num_rows, const char *what) {
  OK(uni_tensor_fill(target, &value, stream, &error));
  for (int64_t i = 0; i < num_rows; ++i)
    for (int c = 0; c < COLUMNS; ++c) expected[i][c] = value;
  check_is(target, (const matrix *)expected, num_rows, what);
}

static void test_every_kind_under_every_operation(void **state) {
  (void)state;
  enum { HALF = ROWS / 2 };
  static matrix rows[ROWS];
  uni_tensor *const index = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, PICKS, -1, picks);
  /* As many as there are places without one of them twice. */
  uni_tensor *const to = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, HALF, -1, places);
  const uni_array host_index = array_1d(UNI_DTYPE_INT64, picks, PICKS),
                  host_to = array_1d(UNI_DTYPE_INT64, places, HALF);
  for (int32_t memory = UNI_MEMORY_HOST; memory <= UNI_MEMORY_UNIFIED; ++memory)
    for (int64_t alignment = 0; alignment <= 256; alignment += 256) {
      const char *const name = uni_memory_name(memory);
      uni_tensor *tensor = make_rows(memory, ROWS, alignment, contents), *half = NULL;
      const uni_tensor_info info = info_of(tensor);
      const int on_cpu = info.memory == UNI_MEMORY_HOST, readable_by_cpu = info.memory != UNI_MEMORY_DEVICE;
      assert_int_equal(info.requested_memory, memory);
      if (memory != UNI_MEMORY_UNIFIED) assert_int_equal(info.memory, memory);
      assert_int_equal(info.device_type, info.memory == UNI_MEMORY_DEVICE ? UNI_DEVICE_CUDA : UNI_DEVICE_CPU);
      assert_int_equal(info.row_pitch, alignment == 0 ? COLUMNS * 4 : 256);
      memcpy(rows, contents, sizeof rows);
      check_is(tensor, (const matrix *)rows, ROWS, name);
      /* By the device, with a result of each kind, and by the CPU. */
      for (int32_t result = UNI_MEMORY_PINNED; result <= UNI_MEMORY_DEVICE && !on_cpu; ++result)
        check_gather(tensor, (const matrix *)rows, ROWS, uni_tensor_array(index), result, name);
      if (readable_by_cpu) check_gather(tensor, (const matrix *)rows, ROWS, &host_index, 0, name);
      for (int32_t from = UNI_MEMORY_HOST; from <= UNI_MEMORY_DEVICE; ++from) {
        uni_tensor *source = make_rows(from, HALF, from % 2 ? 0 : 64, updates);
        const int together = !on_cpu && from != UNI_MEMORY_HOST;
        if (together) check_scatters(tensor, rows, uni_tensor_array(to), uni_tensor_array(source), name);
        if (readable_by_cpu && from != UNI_MEMORY_DEVICE)
          check_scatters(tensor, rows, &host_to, uni_tensor_array(source), name);
        uni_tensor_release(source);
        /* From each kind, and to it. */
        uni_tensor *other = make_rows(from, ROWS, 0, NULL);
        OK(uni_tensor_copy_from(other, uni_tensor_array(tensor), stream, &error));
        check_is(other, (const matrix *)rows, ROWS, name);
        check_fill(tensor, from, ROWS, name);
        OK(uni_tensor_copy_to(other, uni_tensor_array(tensor), stream, &error));
        uni_tensor_release(other);
        check_is(tensor, (const matrix *)rows, ROWS, name);
      }
      /* A part of it, which keeps it. */
      OK(uni_tensor_slice(tensor, HALF, ROWS, &half, &error));
      uni_tensor_release(tensor);
      if (!on_cpu) check_gather(half, (const matrix *)rows + HALF, HALF, uni_tensor_array(index), 0, name);
      check_fill(half, 6, HALF, name);
      uni_tensor_release(half);
    }
  uni_tensor_release(to);
  uni_tensor_release(index);
}

static void test_unified_is_what_the_context_says(void **state) {
  (void)state;
  for (int32_t memory = UNI_MEMORY_HOST; memory <= UNI_MEMORY_UNIFIED; ++memory) {
    uni_memory_info info = {0};
    info.struct_size = sizeof info;
    OK(uni_context_memory_info(context, memory, &info, &error));
    print_message("%s: %s\n", uni_memory_name(memory), info.reason);
    assert_int_equal(info.supported, 1);
    assert_true(info.reason[0] != '\0');
    uni_tensor *tensor = NULL;
    OK(create_in(context, memory, UNI_DTYPE_INT32, 3, -1, &tensor));
    assert_int_equal(info_of(tensor).memory, info.resolved);
    if (memory != UNI_MEMORY_UNIFIED) assert_int_equal(info.resolved, memory);
    uni_tensor_release(tensor);
  }
}

typedef enum { OF_MALLOC, SHARED, FILE_PRIVATE, FILE_SHARED, FILE_READ_ONLY, NUM_WAYS } way_to_map;

static const char *const way_names[NUM_WAYS] = {"memory of malloc", "shared memory", "a file's private mapping",
                                                "a file's shared mapping", "a file that may only be read"};

/* Memory of the caller's with what `contents` holds, not at the start of a page. */
typedef struct block {
  way_to_map way;
  char *mapping;
  matrix *rows;
  size_t num_bytes;
  _Atomic int64_t kept; /* 1 until it has been given back */
} block;

enum { OFFSET = 192 };

static void map_contents(way_to_map way, block *made) {
  made->way = way;
  made->num_bytes = OFFSET + sizeof contents;
  atomic_store(&made->kept, 1);
  if (way == OF_MALLOC) {
    made->mapping = malloc(made->num_bytes);
    assert_non_null(made->mapping);
    memcpy(made->mapping + OFFSET, contents, sizeof contents);
  } else {
    char name[] = "/tmp/unitensor-gpu-XXXXXX";
    const int file = way == SHARED ? memfd_create("unitensor", 0) : mkstemp(name);
    assert_true(file >= 0);
    if (way != SHARED) unlink(name);
    assert_int_equal(pwrite(file, contents, sizeof contents, OFFSET), sizeof contents);
    made->mapping = mmap(NULL, made->num_bytes, way == FILE_READ_ONLY ? PROT_READ : PROT_READ | PROT_WRITE,
                         way == SHARED || way == FILE_SHARED ? MAP_SHARED : MAP_PRIVATE, file, 0);
    assert_true(made->mapping != MAP_FAILED);
    close(file);
  }
  made->rows = (matrix *)(void *)(made->mapping + OFFSET);
}

static void unmap(void *user_data) {
  block *const given = user_data;
  if (given->way == OF_MALLOC)
    free(given->mapping);
  else
    munmap(given->mapping, given->num_bytes);
  atomic_fetch_sub(&given->kept, 1);
}

/* NULL where this machine's kernel or driver does not pin such memory, which it says; the emulated one pins all. */
static uni_tensor *register_block(uni_context *owner, block *given) {
  uni_array array = array_2d(UNI_DTYPE_INT32, given->rows, ROWS, COLUMNS);
  uni_tensor *tensor = NULL;
  array.flags = given->way == FILE_READ_ONLY ? UNI_ARRAY_READ_ONLY : 0;
  const uni_status status = uni_tensor_register(owner, &array, unmap, given, &tensor, &error);
  if (status == UNI_STATUS_BACKEND_ERROR && !machine.emulated && given->way >= FILE_SHARED) {
    print_message("%s: %s\n", way_names[given->way], error.message);
    assert_non_null(strstr(error.message, "page-locking"));
    assert_null(tensor);
    assert_int_equal(atomic_load(&given->kept), 0);
    return NULL;
  }
  OK(status);
  assert_int_equal(info_of(tensor).memory, UNI_MEMORY_PINNED);
  assert_ptr_equal(uni_tensor_array(tensor)->data, given->rows);
  return tensor;
}

static void test_registered_memory_is_used_where_it_lies(void **state) {
  (void)state;
  enum { START = 1111, HALF = ROWS / 2 };
  static matrix rows[ROWS];
  uni_tensor *const index = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, PICKS, -1, picks);
  uni_tensor *const to = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, HALF, -1, places);
  uni_tensor *const from = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT32, HALF, COLUMNS, updates);
  const uni_array *const there = uni_tensor_array(index);
  for (way_to_map way = OF_MALLOC; way < NUM_WAYS; ++way) {
    block mine;
    map_contents(way, &mine);
    uni_tensor *whole = register_block(context, &mine), *part = NULL, *flat = NULL;
    if (whole == NULL) continue;
    memcpy(rows, contents, sizeof rows);
    check_gather(whole, (const matrix *)rows, ROWS, there, 0, way_names[way]);
    OK(uni_tensor_slice(whole, START, ROWS, &part, &error));
    OK(uni_tensor_reshape(part, 2, (const int64_t[]){ROWS - START, COLUMNS}, &flat, &error));
    check_gather(part, (const matrix *)rows + START, ROWS - START, there, UNI_MEMORY_PINNED, way_names[way]);
    check_gather(flat, (const matrix *)rows + START, ROWS - START, there, UNI_MEMORY_DEVICE, way_names[way]);
    if (way == FILE_READ_ONLY) {
      FAILS(UNI_STATUS_INVALID_ARGUMENT, "read-only", uni_tensor_fill(part, NULL, stream, &error));
      FAILS(UNI_STATUS_INVALID_ARGUMENT, "read-only",
            uni_scatter(whole, uni_tensor_array(to), uni_tensor_array(from), NULL, stream, &error));
    } else {
      /* What the caller writes there the device reads, and the other way round. */
      for (int i = 0; i < ROWS; i += 3) mine.rows[i][5] = rows[i][5] = i;
      check_gather(whole, (const matrix *)rows, ROWS, there, 0, way_names[way]);
      check_scatters(whole, rows, uni_tensor_array(to), uni_tensor_array(from), way_names[way]);
      assert_memory_equal(mine.rows, rows, sizeof rows);
      check_fill(part, 8, ROWS - START, way_names[way]);
      memcpy(rows + START, expected, sizeof rows[0] * (ROWS - START));
      assert_memory_equal(mine.rows, rows, sizeof rows);
    }
    uni_tensor_release(whole);
    uni_tensor_release(part);
    assert_int_equal(atomic_load(&mine.kept), 1);
    check_gather(flat, (const matrix *)rows + START, ROWS - START, there, 0, way_names[way]);
    uni_tensor_release(flat);
    OK(uni_context_synchronize(context, &error));
    wait_until_given_back(context, &mine.kept);
  }
  uni_tensor_release(from);
  uni_tensor_release(to);
  uni_tensor_release(index);
}

/* The tensor, a part of it, and their context go in every order while the device still reads them. */
static void test_releases_in_every_order(void **state) {
  (void)state;
  enum { START = 1000 };
  static const int orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
  uni_tensor *const index = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, PICKS, -1, picks);
  for (way_to_map way = OF_MALLOC; way < NUM_WAYS; ++way)
    for (int o = 0; o < 6; ++o) {
      block mine;
      map_contents(way, &mine);
      uni_context *own = make_gpu_context(1);
      uni_tensor *whole = register_block(own, &mine), *part = NULL, *out = make_rows(UNI_MEMORY_DEVICE, PICKS, 0, NULL);
      if (whole != NULL) {
        uni_gather_options options = UNI_GATHER_OPTIONS_INIT;
        options.bounds = UNI_BOUNDS_SKIP;
        OK(uni_tensor_slice(whole, START, ROWS, &part, &error));
        OK(uni_gather_into(part, uni_tensor_array(index), &options, stream, uni_tensor_array(out), &error));
      }
      for (int i = 0; i < 3; ++i) {
        if (orders[o][i] == 0) uni_tensor_release(whole);
        if (orders[o][i] == 1) uni_tensor_release(part);
        if (orders[o][i] == 2) uni_context_release(own);
      }
      synchronize_stream(stream);
      if (whole != NULL) {
        wait_until_given_back(context, &mine.kept);
        memset(expected, 0, sizeof expected);
        for (int i = 0; i < PICKS; ++i)
          if (picks[i] < ROWS - START) memcpy(expected[i], contents[START + picks[i]], sizeof expected[i]);
        check_is(out, (const matrix *)expected, PICKS, way_names[way]);
      }
      uni_tensor_release(out);
    }
  uni_tensor_release(index);
}

int main(int argc, char **argv) {
  const int status = start_gpu_tests(argc, argv);
  if (status != 0) return status;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_every_kind_under_every_operation, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_unified_is_what_the_context_says, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_registered_memory_is_used_where_it_lies, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_releases_in_every_order, set_up, tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
