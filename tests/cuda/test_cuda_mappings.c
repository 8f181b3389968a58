/* SPDX-License-Identifier: Apache-2.0 */
/* Memory of every kind of mapping that devices read where it lies, and of which they know a part, over the emulated
 * machine. */
#define _GNU_SOURCE
#include "cuda_support.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

enum { NUM_ROWS = 3000 };
static const int64_t picks[3] = {NUM_ROWS - 1, 0, 1500};
static const size_t num_bytes = NUM_ROWS * 2 * sizeof(int64_t);

typedef enum { SHARED_MEMORY, NAMELESS_MEMORY, FILE_SHARED, FILE_PRIVATE, FILE_READ_ONLY, NUM_KINDS } mapping_kind;

/* Rows of v and -v, by another mapping than the one that is returned. */
static int64_t *map_rows(mapping_kind kind) {
  char name[64] = "/tmp/unitensor-mapping-XXXXXX";
  int file = -1;
  if (kind == SHARED_MEMORY) {
    snprintf(name, sizeof name, "/unitensor-mapping-%ld", (long)getpid());
    file = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
    if (file >= 0) shm_unlink(name);
  } else if (kind == NAMELESS_MEMORY) {
    file = memfd_create("unitensor", 0);
  } else {
    file = mkstemp(name);
    if (file >= 0) unlink(name);
  }
  assert_true(file >= 0);
  static int64_t rows[NUM_ROWS][2];
  for (int64_t v = 0; v < NUM_ROWS; ++v) {
    rows[v][0] = v;
    rows[v][1] = -v;
  }
  assert_int_equal(write(file, rows, num_bytes), num_bytes);
  const int rights = kind == FILE_READ_ONLY ? PROT_READ : PROT_READ | PROT_WRITE;
  const int flags = kind == FILE_PRIVATE || kind == FILE_READ_ONLY ? MAP_PRIVATE : MAP_SHARED;
  void *const mapped = mmap(NULL, num_bytes, rights, flags, file, 0);
  assert_true(mapped != MAP_FAILED);
  close(file);
  return mapped;
}

static void unmap(void *mapped) { munmap(mapped, num_bytes); }

static void test_mappings_are_read_where_they_lie(void **state) {
  (void)state;
  for (mapping_kind kind = SHARED_MEMORY; kind < NUM_KINDS; ++kind) {
    fake_reset();
    uni_context *context = make_cuda_context();
    int64_t *const rows = map_rows(kind);
    uni_array array = array_2d(UNI_DTYPE_INT64, rows, NUM_ROWS, 2);
    array.flags = kind == FILE_READ_ONLY ? UNI_ARRAY_READ_ONLY : 0;
    uni_tensor *index = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, 3, -1, picks);
    const int64_t before = counts_now().registered_ranges;
    uni_tensor *source = NULL, *out = NULL;
    OK(uni_tensor_register(context, &array, unmap, rows, &source, &error));
    assert_int_equal(counts_now().registered_ranges, before + 1);
    assert_ptr_equal(uni_tensor_array(source)->data, rows);
    if (kind != FILE_READ_ONLY) rows[3001] = 7; /* of row 1500 */
    OK(uni_gather(source, uni_tensor_array(index), NULL, NULL, &out, &error));
    uni_tensor_release(source);
    int64_t seen[3][2];
    read_back(out, seen);
    for (int i = 0; i < 3; ++i) {
      assert_int_equal(seen[i][0], picks[i]);
      assert_int_equal(seen[i][1], i == 2 && kind != FILE_READ_ONLY ? 7 : -picks[i]);
    }
    uni_tensor_release(out);
    uni_tensor_release(index);
    uni_context_release(context);
    check_nothing_left();
  }
}

/* What cannot be registered says what can be done, and is left as it was. */
static void test_mappings_that_are_refused(void **state) {
  (void)state;
  for (mapping_kind kind = SHARED_MEMORY; kind < NUM_KINDS; ++kind) {
    fake_reset();
    uni_context *context = make_cuda_context();
    int64_t *const rows = map_rows(kind);
    const uni_array array = array_2d(UNI_DTYPE_INT64, rows, NUM_ROWS, 2);
    uni_tensor *source = NULL;
    fake_refuse_file_pages(1);
    FAILS_NULL(UNI_STATUS_BACKEND_ERROR, "page-locking 48000 bytes", source,
               uni_tensor_register(context, &array, NULL, NULL, &source, &error));
    assert_int_equal(strstr(error.message, "MAP_PRIVATE") != NULL, kind == FILE_SHARED);
    assert_int_equal(counts_now().last_error, 0);
    fake_refuse_file_pages(0);
    OK(uni_tensor_register(context, &array, NULL, NULL, &source, &error));
    uni_tensor_release(source);
    /* Some other failure of memory that can be written to is not mended by registering it for reading. */
    fake_fail_call(2, 999); /* the first asks whether the pages are known */
    const uni_status status = uni_tensor_register(context, &array, NULL, NULL, &source, &error);
    fake_fail_call(0, 0);
    assert_int_equal(status, kind == FILE_READ_ONLY ? UNI_STATUS_OK : UNI_STATUS_BACKEND_ERROR);
    uni_tensor_release(source);
    /* Where only some of it can be written to, there is no way to register it as one. */
    if (kind == FILE_READ_ONLY) {
      assert_int_equal(mprotect(rows, 4096, PROT_READ | PROT_WRITE), 0);
      FAILS_NULL(UNI_STATUS_BACKEND_ERROR, "page-locking 48000 bytes", source,
                 uni_tensor_register(context, &array, NULL, NULL, &source, &error));
    }
    uni_context_release(context);
    unmap(rows);
    check_nothing_left();
  }
}

/* More than is registered at a time, of which nothing is touched. */
static void test_memory_is_registered_in_chunks(void **state) {
  (void)state;
  const int64_t num_bytes = INT64_C(600) << 30;
  void *const mine =
      mmap(NULL, (size_t)num_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mine == MAP_FAILED) skip();
  fake_reset();
  uni_context *context = make_cuda_context();
  const uni_array array = array_1d(UNI_DTYPE_UINT8, mine, num_bytes);
  int num_failed = 0;
  for (int64_t nth = 1;; ++nth) {
    uni_tensor *tensor = NULL;
    const int64_t before = counts_now().calls;
    fake_fail_call(nth, 999);
    const uni_status status = uni_tensor_register(context, &array, NULL, NULL, &tensor, &error);
    const int64_t made = counts_now().calls - before;
    fake_fail_call(0, 0);
    assert_int_equal(status == UNI_STATUS_OK, tensor != NULL);
    num_failed += tensor == NULL;
    assert_int_equal(counts_now().registered_ranges, tensor != NULL ? 3 : 0);
    uni_tensor_release(tensor);
    OK(uni_context_synchronize(context, &error));
    assert_int_equal(counts_now().registered_ranges, 0);
    if (nth > made) break;
  }
  assert_true(num_failed >= 3);
  uni_context_release(context);
  check_nothing_left();
  assert_int_equal(munmap(mine, (size_t)num_bytes), 0);
}

/* What is not there is no matter of a limit; and sizes that no process can have are nobody else's pages. */
static void test_memory_that_is_not_there(void **state) {
  (void)state;
  enum { size = 16 * 4096 };
  fake_reset();
  uni_context *context = make_cuda_context();
  char *const mine = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  assert_true(mine != MAP_FAILED);
  assert_int_equal(munmap(mine + 5 * 4096, 4096), 0);
  assert_int_equal(mprotect(mine + size - 4096, 4096, PROT_NONE), 0);
  const uni_array with_hole = array_1d(UNI_DTYPE_INT8, mine, size - 4096),
                  unreadable = array_1d(UNI_DTYPE_INT8, mine + 6 * 4096, 10 * 4096);
  uni_tensor *tensor = NULL;
  fake_fail_call(2, 1); /* the first asks whether the pages are known */
  FAILS_NULL(UNI_STATUS_INVALID_ARGUMENT, "pages that cannot be read", tensor,
             uni_tensor_register(context, &with_hole, NULL, NULL, &tensor, &error));
  fake_fail_call(0, 0);
  FAILS_NULL(UNI_STATUS_INVALID_ARGUMENT, "pages that cannot be read", tensor,
             uni_tensor_register_or_copy(context, &unreadable, NULL, NULL, &tensor, &error));
  const uni_array one = array_1d(UNI_DTYPE_INT8, mine, 4096);
  for (int64_t less = 0; less < 1 << 14; less = 2 * less + 1) {
    const uni_array endless = array_1d(UNI_DTYPE_INT8, mine, INT64_MAX - less);
    FAILS_NULL(UNI_STATUS_INVALID_ARGUMENT, "what a process can have", tensor,
               uni_tensor_register(context, &endless, NULL, NULL, &tensor, &error));
    FAILS_NULL(UNI_STATUS_INVALID_ARGUMENT, "what a process can have", tensor,
               uni_tensor_register_or_copy(context, &endless, NULL, NULL, &tensor, &error));
    OK(uni_tensor_register(context, &one, NULL, NULL, &tensor, &error));
    assert_int_equal(counts_now().registered_ranges, 1);
    uni_tensor_release(tensor);
    OK(uni_context_synchronize(context, &error));
  }
  /* The size that was asked for, and nothing negative. */
  FAILS_NULL(UNI_STATUS_OUT_OF_MEMORY, "9223372036854775807 bytes", tensor,
             create_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT8, INT64_MAX, -1, &tensor));
  uni_context_release(context);
  check_nothing_left();
  munmap(mine, size);
}

enum { KNOWN_BYTES = 4096, ALL_BYTES = 1 << 20, MANY = ALL_BYTES / sizeof(int64_t) };

static uni_array on_device(uni_array array) {
  array.device_type = UNI_DEVICE_CUDA;
  return array;
}

static uni_tensor *wrap_on_device(uni_context *context, uni_array array) {
  uni_tensor *tensor = NULL;
  array = on_device(array);
  OK(uni_tensor_wrap(context, &array, NULL, NULL, &tensor, &error));
  return tensor;
}

/* Memory of which devices know the first page only: a kernel that went beyond would end the context. */
static void test_memory_that_is_known_at_its_start_only(void **state) {
  (void)state;
  fake_reset();
  uni_context *context = make_cuda_context();
  void *const mine = aligned_alloc(4096, ALL_BYTES);
  assert_non_null(mine);
  memset(mine, 0, ALL_BYTES);
  const int64_t picked[3] = {4000, 1, 4095};
  uni_tensor *index = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, 3, -1, picked);
  uni_tensor *zeros = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, MANY, -1, mine);
  uni_tensor *bytes = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT8, 4096, 2, mine);
  uni_tensor *rows = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_FLOAT32, 3, 64, mine);
  const uni_array page = array_1d(UNI_DTYPE_UINT8, mine, KNOWN_BYTES);
  const uni_array table = array_2d(UNI_DTYPE_FLOAT32, mine, 4096, 64), pairs = array_2d(UNI_DTYPE_INT8, mine, MANY, 2);
  const uni_array many = on_device(array_1d(UNI_DTYPE_INT64, mine, MANY));
  const uni_array scales = on_device(array_1d(UNI_DTYPE_FLOAT32, mine, 4096));
  uni_gather_options scaled = UNI_GATHER_OPTIONS_INIT;
  scaled.dtype = UNI_DTYPE_FLOAT32;
  scaled.row_scales = &scales;
  uni_tensor *known = NULL, *source = NULL, *out = NULL, *starts = wrap_on_device(context, many);
  OK(uni_tensor_register(context, &page, NULL, NULL, &known, &error));
  OK(uni_tensor_wrap(context, &table, NULL, NULL, &source, &error));
  const int64_t launches = counts_now().launches;
#define ENDS_OUTSIDE(operand, call) FAILS(UNI_STATUS_DEVICE_MISMATCH, operand " spans ", call)
  ENDS_OUTSIDE("source", uni_gather(source, uni_tensor_array(index), NULL, NULL, &out, &error));
  assert_non_null(strstr(error.message, "1048576 bytes, and ends in memory that CUDA device 0 cannot read"));
  assert_non_null(strstr(error.message, "page-locked memory"));
  ENDS_OUTSIDE("index", uni_gather(bytes, &many, NULL, NULL, &out, &error));
  ENDS_OUTSIDE("out", uni_gather_into(bytes, uni_tensor_array(zeros), NULL, NULL, &pairs, &error));
  ENDS_OUTSIDE("options->row_scales", uni_gather(bytes, uni_tensor_array(index), &scaled, NULL, &out, &error));
  ENDS_OUTSIDE("destination", uni_scatter(source, uni_tensor_array(index), uni_tensor_array(rows), NULL, NULL, &error));
  ENDS_OUTSIDE("index", uni_scatter(bytes, &many, &pairs, NULL, NULL, &error));
  ENDS_OUTSIDE("rows", uni_scatter(bytes, uni_tensor_array(zeros), &pairs, NULL, NULL, &error));
  const int64_t fanouts[1] = {2};
  uni_sample_options options = UNI_SAMPLE_OPTIONS_INIT;
  options.num_hops = 1;
  options.fanouts = fanouts;
  uni_sample *sample = NULL;
  const char *const names[] = {"indptr spans ", "indices spans ", "edge_ids spans "};
  for (int part = 0; part < 3; ++part) {
    uni_graph *graph = NULL;
    uni_graph_desc desc = UNI_GRAPH_DESC_INIT;
    desc.indptr = part == 0 ? starts : zeros;
    desc.indices = part == 1 ? starts : zeros;
    desc.edge_ids = part == 2 ? starts : NULL;
    FAILS_NULL(UNI_STATUS_DEVICE_MISMATCH, names[part], graph, uni_graph_create(context, &desc, &graph, &error));
    desc.flags = UNI_GRAPH_TRUST;
    OK(uni_graph_create(context, &desc, &graph, &error));
    ENDS_OUTSIDE("graph", uni_sample_neighbors(graph, uni_tensor_array(index), &options, NULL, &sample, &error));
    ENDS_OUTSIDE("seeds", uni_sample_neighbors(graph, &many, &options, NULL, &sample, &error));
    /* Device memory that a descriptor makes longer than it is. */
    uni_array longer = *uni_tensor_array(index);
    longer.shape[0] = INT64_C(1) << 40;
    ENDS_OUTSIDE("seeds", uni_sample_neighbors(graph, &longer, &options, NULL, &sample, &error));
    assert_non_null(strstr(error.message, "piece of device memory"));
    uni_graph_release(graph);
  }
#undef ENDS_OUTSIDE
  assert_int_equal(counts_now().launches, launches);
  /* With the rest of it known all is well. */
  uni_tensor *all = NULL;
  OK(uni_tensor_register(context, &table, NULL, NULL, &all, &error));
  OK(uni_gather(source, uni_tensor_array(index), NULL, NULL, &out, &error));
  OK(uni_context_synchronize(context, &error));
  assert_int_equal(counts_now().fatal, 0);
  uni_tensor *const tensors[] = {out, all, source, known, starts, rows, bytes, zeros, index};
  for (size_t i = 0; i < sizeof tensors / sizeof *tensors; ++i) uni_tensor_release(tensors[i]);
  uni_context_release(context);
  check_nothing_left();
  free(mine);
}

/* CUDA is asked about the end of what spans pages, unless the device reads all memory; of the rest it is asked once. */
static void test_short_operands_are_asked_about_once(void **state) {
  (void)state;
  for (int reads_all = 0; reads_all < 2; ++reads_all) {
    fake_reset();
    fake_set_pageable_access(reads_all, 0);
    uni_context *context = make_cuda_context();
    int8_t *const mine = aligned_alloc(4096, 8192);
    assert_non_null(mine);
    memset(mine, 1, 8192);
    const uni_array memory = array_1d(UNI_DTYPE_INT8, mine, 8192);
    uni_tensor *known = NULL, *out = NULL;
    OK(uni_tensor_register(context, &memory, NULL, NULL, &known, &error));
    OK(create_in(context, UNI_MEMORY_PINNED, UNI_DTYPE_INT8, 1, 1, &out));
    const int64_t first[1] = {0};
    uni_tensor *index = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, 1, -1, first);
    int64_t calls[4];
    const int64_t starts[4] = {0, 0, 0, 4095}, lengths[4] = {4096, 4096, 4097, 2};
    for (int i = 0; i < 4; ++i) {
      const uni_array part = array_2d(UNI_DTYPE_INT8, mine + starts[i], lengths[i], 1);
      uni_tensor *source = NULL;
      OK(uni_tensor_wrap(context, &part, NULL, NULL, &source, &error));
      OK(uni_context_synchronize(context, &error));
      const int64_t before = counts_now().calls;
      OK(uni_gather_into(source, uni_tensor_array(index), NULL, NULL, uni_tensor_array(out), &error));
      calls[i] = counts_now().calls - before;
      uni_tensor_release(source);
    }
    /* The first makes an event, which the others find. */
    for (int i = 2; i < 4; ++i) assert_int_equal(calls[i] - calls[1], reads_all ? 0 : 1);
    OK(uni_context_synchronize(context, &error));
    uni_tensor_release(index);
    uni_tensor_release(out);
    uni_tensor_release(known);
    uni_context_release(context);
    check_nothing_left();
    free(mine);
  }
}

static void count_call(void *user_data) { ++*(int *)user_data; }

/* Pages past the end of a file are no memory: what cannot be registered there is not copied either. */
static void test_pages_past_the_end_of_a_file(void **state) {
  (void)state;
  enum { mapped_bytes = 1 << 20 };
  fake_reset();
  uni_context *context = make_cuda_context();
  const int file = memfd_create("unitensor", 0);
  assert_true(file >= 0);
  assert_int_equal(ftruncate(file, mapped_bytes - 4096), 0);
  char *const mapped = mmap(NULL, mapped_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  assert_true(mapped != MAP_FAILED);
  const uni_array all = array_2d(UNI_DTYPE_INT64, mapped, mapped_bytes / 16, 2);
  const uni_array there = array_2d(UNI_DTYPE_INT64, mapped, (mapped_bytes - 4096) / 16, 2);
  uni_tensor *tensor = NULL;
  int calls = 0;
  fake_refuse_file_pages(1);
  FAILS_NULL(UNI_STATUS_INVALID_ARGUMENT, "pages that cannot be read", tensor,
             uni_tensor_register_or_copy(context, &all, count_call, &calls, &tensor, &error));
  assert_int_equal(calls, 1);
  OK(uni_tensor_register_or_copy(context, &there, count_call, &calls, &tensor, &error));
  assert_int_equal(calls, 2);
  uni_tensor_release(tensor);
  fake_refuse_file_pages(0);
  uni_context_release(context);
  munmap(mapped, mapped_bytes);
  close(file);
  check_nothing_left();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_mappings_are_read_where_they_lie),
      cmocka_unit_test(test_mappings_that_are_refused),
      cmocka_unit_test(test_pages_past_the_end_of_a_file),
      cmocka_unit_test(test_memory_is_registered_in_chunks),
      cmocka_unit_test(test_memory_that_is_not_there),
      cmocka_unit_test(test_memory_that_is_known_at_its_start_only),
      cmocka_unit_test(test_short_operands_are_asked_about_once),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
