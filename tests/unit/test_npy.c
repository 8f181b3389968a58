/* SPDX-License-Identifier: Apache-2.0 */
/* npy.h, with files written by hand: the header as text, so that every form of it can be tried. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support.h"

static uni_context *context;
static char folder[] = "/tmp/unitensor-npy-XXXXXX";
static char path[128];

static int set_up(void **state) {
  (void)state;
  context = make_context(4);
  if (mkdtemp(folder) == NULL) return -1;
  snprintf(path, sizeof path, "%s/file.npy", folder);
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  unlink(path);
  uni_context_release(context);
  return rmdir(folder);
}

static void write_bytes(const void *bytes, size_t size) {
  FILE *file = fopen(path, "wb");
  assert_non_null(file);
  assert_int_equal(fwrite(bytes, 1, size, file), size);
  assert_int_equal(fclose(file), 0);
}

/* Writes magic, version, length, the header text as it is, and the data. Returns the size of the file. */
static size_t write_file(int major, const char *header, const void *data, size_t data_size) {
  static unsigned char bytes[80000];
  const size_t length = strlen(header), start = major == 1 ? 10 : 12;
  assert_true(start + length + data_size <= sizeof bytes);
  memcpy(bytes, "\x93NUMPY", 6);
  bytes[6] = (unsigned char)major;
  bytes[7] = 0;
  for (size_t i = 8; i < start; ++i) bytes[i] = (unsigned char)(length >> (8 * (i - 8)));
  memcpy(bytes + start, header, length);
  if (data_size > 0) memcpy(bytes + start + length, data, data_size);
  write_bytes(bytes, start + length + data_size);
  return start + length + data_size;
}

static uni_status load(uni_tensor **tensor) {
  *tensor = (void *)&poison;
  uni_error_init(&error);
  const uni_status status = uni_tensor_load(context, path, UNI_MEMORY_HOST, NULL, tensor, &error);
  if (status != UNI_STATUS_OK) assert_null(*tensor);
  return status;
}

static void test_round_trips(void **state) {
  (void)state;
  static const int64_t shapes[][4] = {{0, 0, 0, 0}, {1, 7, 0, 0}, {2, 3, 5, 0},
                                      {3, 2, 3, 4}, {1, 0, 0, 0}, {2, 3, 0, 0}};
  for (int32_t dtype = UNI_DTYPE_BOOL; dtype <= UNI_DTYPE_FLOAT64; ++dtype)
    for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; ++s)
      for (int64_t alignment = 0; alignment <= 64; alignment += 64) {
        uni_tensor_desc desc = host_desc(dtype, (int32_t)shapes[s][0], shapes[s][1], shapes[s][2], shapes[s][3]);
        desc.row_alignment = alignment;
        uni_tensor *tensor = NULL, *loaded = NULL;
        OK(uni_tensor_create(context, &desc, &tensor, &error));
        const uni_tensor_info info = info_of(tensor);
        unsigned char bytes[512] = {0}, back[512] = {0};
        for (int i = 0; i < 512; ++i) bytes[i] = (unsigned char)(dtype == UNI_DTYPE_BOOL ? i & 1 : i * 5);
        uni_array plain = *uni_tensor_array(tensor);
        plain.row_pitch = 0;
        plain.data = bytes;
        OK(uni_tensor_copy_from(tensor, &plain, NULL, &error));
        if (dtype == UNI_DTYPE_BFLOAT16) {
          unlink(path);
          FAILS(UNI_STATUS_DTYPE_MISMATCH, "bfloat16", uni_tensor_save(tensor, path, &error));
          assert_int_equal(access(path, F_OK), -1);
          uni_tensor_release(tensor);
          continue;
        }
        OK(uni_tensor_save(tensor, path, &error));
        uni_load_options options = UNI_LOAD_OPTIONS_INIT;
        options.row_alignment = 64 - alignment;
        OK(uni_tensor_load(context, path, UNI_MEMORY_HOST, &options, &loaded, &error));
        const uni_tensor_info loaded_info = info_of(loaded);
        assert_int_equal(loaded_info.dtype, dtype);
        assert_int_equal(loaded_info.ndim, info.ndim);
        assert_memory_equal(loaded_info.shape, info.shape, sizeof info.shape);
        plain.data = back;
        OK(uni_tensor_copy_to(loaded, &plain, NULL, &error));
        assert_memory_equal(back, bytes, (size_t)info.num_bytes);
        uni_tensor_release(loaded);
        uni_tensor_release(tensor);
      }
}

static void test_versions_and_whitespace(void **state) {
  (void)state;
  const int32_t data[6] = {1, 2, 3, 4, 5, 6};
  static const char *headers[] = {
      "{'descr': '<i4', 'fortran_order': False, 'shape': (2, 3), }          \n",
      "{'descr': '<i4', 'fortran_order': False, 'shape': (2, 3)}\n",
      "{\"descr\": \"<i4\", \"fortran_order\": False, \"shape\": (2, 3)}\n",
      "{'shape':(2,3),'fortran_order':False,'descr':'<i4'}\n",
      "  {  'shape'  :  ( 2 ,  3 , )  ,  'descr'  :  '<i4'  ,  'fortran_order'  :  False  ,  }  \n",
      "{'descr': '<i4', 'fortran_order': False, 'shape': (2, 3), }",
      "{'descr': '<i4',\n 'fortran_order': False,\t'shape': (2, 3), }\n",
  };
  for (int version = 1; version <= 3; ++version)
    for (size_t h = 0; h < sizeof headers / sizeof headers[0]; ++h) {
      write_file(version, headers[h], data, sizeof data);
      uni_tensor *tensor = NULL;
      check_ok(load(&tensor), headers[h], __FILE__, __LINE__);
      assert_int_equal(info_of(tensor).dtype, UNI_DTYPE_INT32);
      assert_int_equal(info_of(tensor).shape[0], 2);
      assert_int_equal(info_of(tensor).shape[1], 3);
      assert_memory_equal(pointer_of(tensor), data, sizeof data);
      uni_tensor_release(tensor);
    }
  /* A header longer than version 1 can hold. */
  static char wide[70000];
  const int used = snprintf(wide, sizeof wide, "{'descr': '<i4', 'fortran_order': False, 'shape': (6,), }");
  memset(wide + used, ' ', sizeof wide - (size_t)used - 1);
  write_file(2, wide, data, sizeof data);
  uni_tensor *tensor = NULL;
  check_ok(load(&tensor), "a long header", __FILE__, __LINE__);
  assert_memory_equal(pointer_of(tensor), data, sizeof data);
  uni_tensor_release(tensor);
}

static void test_descriptions(void **state) {
  (void)state;
  static const struct {
    const char *descr;
    int32_t dtype; /* 0: refused */
  } table[] = {
      {"|b1", UNI_DTYPE_BOOL},
      {"|i1", UNI_DTYPE_INT8},
      {"<i2", UNI_DTYPE_INT16},
      {"<i4", UNI_DTYPE_INT32},
      {"<i8", UNI_DTYPE_INT64},
      {"|u1", UNI_DTYPE_UINT8},
      {"<u2", UNI_DTYPE_UINT16},
      {"<u4", UNI_DTYPE_UINT32},
      {"<u8", UNI_DTYPE_UINT64},
      {"<f2", UNI_DTYPE_FLOAT16},
      {"<f4", UNI_DTYPE_FLOAT32},
      {"<f8", UNI_DTYPE_FLOAT64},
      {">i4", 0},
      {">f8", 0},
      {"|O", 0},
      {"<c8", 0},
      {"<U5", 0},
      {"|S3", 0},
      {"<f16", 0},
      {"<i3", 0},
      {"<M8[ns]", 0},
      {"", 0},
      {"<", 0},
      {"<i", 0},
      {"<i44", 0},
      {"i", 0},
      {"|V4", 0},
  };
  const int64_t data[1] = {0};
  for (size_t t = 0; t < sizeof table / sizeof table[0]; ++t) {
    char header[128];
    snprintf(header, sizeof header, "{'descr': '%s', 'fortran_order': False, 'shape': (1,), }\n", table[t].descr);
    write_file(1, header, data, table[t].dtype != 0 ? (size_t)uni_dtype_size(table[t].dtype) : 8);
    uni_tensor *tensor = NULL;
    const uni_status status = load(&tensor);
    if (table[t].dtype != 0) {
      check_ok(status, header, __FILE__, __LINE__);
      assert_int_equal(info_of(tensor).dtype, table[t].dtype);
      uni_tensor_release(tensor);
    } else {
      check_failure(UNI_STATUS_FORMAT_ERROR, path, status, header, __FILE__, __LINE__);
    }
  }
}

static void test_corrupt_headers(void **state) {
  (void)state;
  static const char *headers[] = {
      "",
      "\n",
      "{}",
      "{",
      "}",
      "nothing",
      "{'descr': '<i4', 'fortran_order': True, 'shape': (2, 3), }\n",
      "{'descr': '<i4', 'fortran_order': False, }\n",
      "{'descr': '<i4', 'shape': (2, 3), }\n",
      "{'fortran_order': False, 'shape': (2, 3), }\n",
      "{'descr': '<i4', 'fortran_order': False, 'shape': (2, 3), 'more': 1}\n",
      "{'descr': '<i4', 'descr': '<i4', 'fortran_order': False, 'shape': (2, 3)}\n",
      "{'descr': '<i4', 'fortran_order': False, 'shape': (2, -3), }\n",
      "{'descr': '<i4', 'fortran_order': False, 'shape': (-1,), }\n",
      "{'descr': '<i4', 'fortran_order': False, 'shape': 6, }\n",
      "{'descr': '<i4', 'fortran_order': False, 'shape': (2, 3, }\n",
      "{'descr': '<i4', 'fortran_order': False, 'shape': (2 3), }\n",
      "{'descr': '<i4', 'fortran_order': False, 'shape': (2.0, 3), }\n",
      "{'descr': '<i4', 'fortran_order': False, 'shape': (0x6,), }\n",
      "{'descr': '<i4', 'fortran_order': False, 'shape': (,), }\n",
      "{'descr': '<i4', 'fortran_order': False, 'shape': (9223372036854775808,), }\n",
      "{'descr': '<i4', 'fortran_order': False, 'shape': (99999999999999999999999,), }\n",
      "{'descr': '<i4', 'fortran_order': False, 'shape': (4611686018427387904, 4), }\n",
      "{'descr': '<i4', 'fortran_order': False, 'shape': (2305843009213693952,), }\n",
      "{'descr': '<i4', 'fortran_order': False, 'shape': (1, 1, 1, 1, 1, 1, 1, 1, 6), }\n",
      "{'descr': '<i4', 'fortran_order': Falsehood, 'shape': (2, 3), }\n",
      "{'descr': '<i4', 'fortran_order': 0, 'shape': (2, 3), }\n",
      "{'descr': <i4, 'fortran_order': False, 'shape': (2, 3), }\n",
      "{'descr': '<i4, 'fortran_order': False, 'shape': (2, 3), }\n",
      "{'descr': [('a', '<i4')], 'fortran_order': False, 'shape': (6,), }\n",
      "{'descr': '<i4' 'fortran_order': False 'shape': (2, 3)}\n",
      "{'descr': '<i4', 'fortran_order': False, 'shape': (2, 3), } more\n",
  };
  const int32_t data[6] = {1, 2, 3, 4, 5, 6};
  for (size_t h = 0; h < sizeof headers / sizeof headers[0]; ++h) {
    write_file(1, headers[h], data, sizeof data);
    uni_tensor *tensor = NULL;
    check_failure(UNI_STATUS_FORMAT_ERROR, path, load(&tensor), headers[h], __FILE__, __LINE__);
  }
}

/* Every prefix of a file, every changed byte of its first part, and bytes after its end. */
static void test_truncated_and_changed(void **state) {
  (void)state;
  const int32_t data[6] = {1, 2, 3, 4, 5, 6};
  const char *header = "{'descr': '<i4', 'fortran_order': False, 'shape': (2, 3), }\n";
  const size_t size = write_file(1, header, data, sizeof data);
  unsigned char bytes[256];
  FILE *file = fopen(path, "rb");
  assert_non_null(file);
  assert_int_equal(fread(bytes, 1, sizeof bytes, file), size);
  fclose(file);
  uni_tensor *tensor = NULL;
  for (size_t length = 0; length < size; ++length) {
    write_bytes(bytes, length);
    check_failure(UNI_STATUS_FORMAT_ERROR, path, load(&tensor), "a truncated file", __FILE__, __LINE__);
  }
  for (size_t place = 0; place < size - sizeof data; ++place)
    for (int change = 1; change < 256; change += 2) {
      unsigned char changed[256];
      memcpy(changed, bytes, size);
      changed[place] = (unsigned char)(changed[place] ^ change);
      write_bytes(changed, size);
      const uni_status status = load(&tensor);
      if (place < 6 && status == UNI_STATUS_OK) fail_msg("magic changed at %d was accepted", (int)place);
      if (status != UNI_STATUS_OK)
        check_failure(UNI_STATUS_FORMAT_ERROR, path, status, "a changed file", __FILE__, __LINE__);
      uni_tensor_release(tensor);
    }
  for (int version = 0; version < 256; ++version) {
    bytes[6] = (unsigned char)version;
    if (version >= 1 && version <= 3) continue;
    write_bytes(bytes, size);
    check_failure(UNI_STATUS_FORMAT_ERROR, "version", load(&tensor), "an unknown version", __FILE__, __LINE__);
  }
}

static void test_load_refuses(void **state) {
  (void)state;
  const int32_t data[1] = {1};
  write_file(1, "{'descr': '<i4', 'fortran_order': False, 'shape': (1,), }\n", data, sizeof data);
  uni_tensor *tensor = NULL;
  FAILS_NULL(UNI_STATUS_INVALID_ARGUMENT, "context", tensor, uni_tensor_load(NULL, path, 0, NULL, &tensor, &error));
  FAILS_NULL(UNI_STATUS_INVALID_ARGUMENT, "path", tensor, uni_tensor_load(context, NULL, 0, NULL, &tensor, &error));
  FAILS(UNI_STATUS_INVALID_ARGUMENT, "tensor", uni_tensor_load(context, path, 0, NULL, NULL, &error));
  FAILS_NULL(UNI_STATUS_INVALID_ARGUMENT, "memory", tensor, uni_tensor_load(context, path, 6, NULL, &tensor, &error));
  FAILS_NULL(UNI_STATUS_INVALID_ARGUMENT, "memory", tensor, uni_tensor_load(context, path, -1, NULL, &tensor, &error));
  uni_load_options options = UNI_LOAD_OPTIONS_INIT;
  options.flags = 1;
  FAILS_NULL(UNI_STATUS_INVALID_ARGUMENT, "flags", tensor,
             uni_tensor_load(context, path, 0, &options, &tensor, &error));
  options.flags = 0;
  options.row_alignment = 3;
  FAILS_NULL(UNI_STATUS_INVALID_ARGUMENT, "row_alignment", tensor,
             uni_tensor_load(context, path, 0, &options, &tensor, &error));
  FAILS_NULL(UNI_STATUS_IO_ERROR, "/nowhere/file.npy", tensor,
             uni_tensor_load(context, "/nowhere/file.npy", 0, NULL, &tensor, &error));
  assert_int_equal(error.native_code, ENOENT);
  FAILS_NULL(UNI_STATUS_IO_ERROR, "", tensor, uni_tensor_load(context, "", 0, NULL, &tensor, &error));
  tensor = (void *)&poison;
  const uni_status status = uni_tensor_load(context, folder, 0, NULL, &tensor, &error);
  assert_true(status == UNI_STATUS_IO_ERROR || status == UNI_STATUS_FORMAT_ERROR);
  assert_null(tensor);
}

static uni_status load_bytes(void *user_data, const void *bytes) {
  (void)user_data;
  uni_tensor *tensor = (void *)&poison;
  const uni_status status = uni_tensor_load(context, path, UNI_MEMORY_HOST, bytes, &tensor, &error);
  if (status != UNI_STATUS_OK) assert_null(tensor);
  uni_tensor_release(tensor);
  return status;
}

static void test_options_sizes(void **state) {
  (void)state;
  const int32_t data[1] = {1};
  write_file(1, "{'descr': '<i4', 'fortran_order': False, 'shape': (1,), }\n", data, sizeof data);
  const uni_load_options options = UNI_LOAD_OPTIONS_INIT;
  check_input_struct(&options, sizeof options, load_bytes, NULL);
}

struct progress {
  int calls, stop_at;
  int64_t last, total;
};

static int32_t on_progress(void *user_data, int64_t done, int64_t total) {
  struct progress *progress = user_data;
  assert_true(done >= progress->last && done <= total);
  progress->last = done;
  progress->total = total;
  return ++progress->calls == progress->stop_at;
}

static void test_progress(void **state) {
  (void)state;
  uni_tensor *tensor = make_tensor(context, UNI_DTYPE_UINT8, 40 << 20, -1, NULL), *loaded = NULL;
  OK(uni_tensor_fill(tensor, "x", NULL, &error));
  OK(uni_tensor_save(tensor, path, &error));
  struct progress progress = {0};
  uni_load_options options = UNI_LOAD_OPTIONS_INIT;
  options.progress = on_progress;
  options.progress_user_data = &progress;
  OK(uni_tensor_load(context, path, UNI_MEMORY_HOST, &options, &loaded, &error));
  assert_true(progress.calls >= 1);
  assert_int_equal(progress.last, progress.total);
  assert_int_equal(progress.total, 40 << 20);
  assert_memory_equal(pointer_of(loaded), pointer_of(tensor), 40 << 20);
  uni_tensor_release(loaded);
  const int calls = progress.calls;
  for (int stop = 1; stop <= calls; ++stop) {
    progress = (struct progress){.stop_at = stop};
    FAILS_NULL(UNI_STATUS_CALLBACK, "progress", loaded,
               uni_tensor_load(context, path, UNI_MEMORY_HOST, &options, &loaded, &error));
    assert_int_equal(progress.calls, stop);
  }
  uni_tensor_release(tensor);
}

static int count_files(void) {
  DIR *stream = opendir(folder);
  int count = 0;
  for (const struct dirent *entry; (entry = readdir(stream)) != NULL;) count += entry->d_name[0] != '.';
  closedir(stream);
  return count;
}

static void test_save_refuses(void **state) {
  (void)state;
  const int32_t one[1] = {11}, two[1] = {22};
  uni_tensor *first = make_tensor(context, UNI_DTYPE_INT32, 1, -1, one);
  uni_tensor *second = make_tensor(context, UNI_DTYPE_INT32, 1, -1, two), *loaded = NULL;
  FAILS(UNI_STATUS_INVALID_ARGUMENT, "tensor", uni_tensor_save(NULL, path, &error));
  FAILS(UNI_STATUS_INVALID_ARGUMENT, "path", uni_tensor_save(first, NULL, &error));
  FAILS(UNI_STATUS_IO_ERROR, "/nowhere/file.npy", uni_tensor_save(first, "/nowhere/file.npy", &error));
  assert_int_equal(error.native_code, ENOENT);
  /* Even root cannot write here. */
  FAILS(UNI_STATUS_IO_ERROR, "/proc/self/file.npy", uni_tensor_save(first, "/proc/self/file.npy", &error));
  FAILS(UNI_STATUS_IO_ERROR, folder, uni_tensor_save(first, folder, &error));
  FAILS(UNI_STATUS_IO_ERROR, "", uni_tensor_save(first, "", &error));
  /* A file does not take the place of what is none: as root it would of a device. */
  char pipe[256];
  snprintf(pipe, sizeof pipe, "%s/pipe", folder);
  assert_int_equal(mkfifo(pipe, 0600), 0);
  FAILS(UNI_STATUS_IO_ERROR, "no regular file", uni_tensor_save(first, pipe, &error));
  struct stat status;
  assert_int_equal(stat(pipe, &status), 0);
  assert_true(S_ISFIFO(status.st_mode));
  assert_int_equal(unlink(pipe), 0);
  unlink(path);
  OK(uni_tensor_save(first, path, &error));
  OK(uni_tensor_save(second, path, &error));
  OK(load(&loaded));
  assert_int_equal(*(int32_t *)pointer_of(loaded), 22);
  uni_tensor_release(loaded);
  assert_int_equal(count_files(), 1);
  uni_tensor_release(first);
  uni_tensor_release(second);
}

/* The bytes of a saved file: magic, version 1.0, a header padded to 64 bytes, the data. */
static void test_saved_form(void **state) {
  (void)state;
  const int32_t data[6] = {1, 2, 3, 4, 5, 6};
  uni_tensor *tensor = make_tensor(context, UNI_DTYPE_INT32, 2, 3, data);
  OK(uni_tensor_save(tensor, path, &error));
  unsigned char bytes[512];
  FILE *file = fopen(path, "rb");
  const size_t size = fread(bytes, 1, sizeof bytes, file);
  fclose(file);
  assert_memory_equal(bytes, "\x93NUMPY\x01\x00", 8);
  const size_t length = (size_t)bytes[8] + ((size_t)bytes[9] << 8);
  assert_int_equal((10 + length) % 64, 0);
  assert_int_equal(size, 10 + length + sizeof data);
  assert_int_equal(bytes[9 + length], '\n');
  assert_memory_equal(bytes + 10 + length, data, sizeof data);
  uni_tensor_release(tensor);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_round_trips),           cmocka_unit_test(test_versions_and_whitespace),
      cmocka_unit_test(test_descriptions),          cmocka_unit_test(test_corrupt_headers),
      cmocka_unit_test(test_truncated_and_changed), cmocka_unit_test(test_load_refuses),
      cmocka_unit_test(test_options_sizes),         cmocka_unit_test(test_progress),
      cmocka_unit_test(test_save_refuses),          cmocka_unit_test(test_saved_form),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
