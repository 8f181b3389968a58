/* SPDX-License-Identifier: Apache-2.0 */
/* Memory of every kind of mapping that devices read where it lies, over the emulated machine. */
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

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_mappings_are_read_where_they_lie),
      cmocka_unit_test(test_mappings_that_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
