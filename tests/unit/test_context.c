/* SPDX-License-Identifier: Apache-2.0 */
/* context.h: options, references, memory kinds, statistics. */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <sys/mman.h>
#include <time.h>

#include "support.h"

static uni_status create_bytes(void *user_data, const void *bytes) {
  (void)user_data;
  uni_context *context = (void *)&poison;
  const uni_status status = uni_context_create(bytes, &context, &error);
  if (status != UNI_STATUS_OK) assert_null(context);
  uni_context_release(context);
  return status;
}

static void test_options_sizes(void **state) {
  (void)state;
  uni_context_options options = UNI_CONTEXT_OPTIONS_INIT;
  options.num_threads = 1;
  check_input_struct(&options, sizeof options, create_bytes, NULL);
}

static void test_options_init(void **state) {
  (void)state;
  uni_context_options options;
  memset(&options, 0x77, sizeof options);
  OK(uni_context_options_init(&options, sizeof options, &error));
  const uni_context_options expected = UNI_CONTEXT_OPTIONS_INIT;
  assert_int_equal(options.struct_size, expected.struct_size);
  assert_int_equal(options.abi_version, expected.abi_version);
  assert_int_equal(options.num_threads, 0);
  assert_int_equal(options.flags, 0);
  assert_null(options.backend_path);
  assert_null((void *)(uintptr_t)options.log);
  assert_null(options.log_user_data);

  unsigned char bytes[512], before[512];
  memset(bytes, 0x66, sizeof bytes);
  memcpy(before, bytes, sizeof bytes);
  for (uint32_t size = 0; size <= 256; ++size) {
    if (size == sizeof options) continue;
    FAILS(size < sizeof options ? UNI_STATUS_INVALID_ARGUMENT : UNI_STATUS_VERSION_MISMATCH, "struct_size",
          uni_context_options_init((uni_context_options *)(void *)bytes, size, &error));
    assert_memory_equal(bytes, before, sizeof bytes);
  }
  FAILS(UNI_STATUS_INVALID_ARGUMENT, "options", uni_context_options_init(NULL, sizeof options, &error));
  assert_int_equal(uni_context_options_init(NULL, sizeof options, NULL), UNI_STATUS_INVALID_ARGUMENT);
}

static void test_create(void **state) {
  (void)state;
  uni_context *context = NULL;
  OK(uni_context_create(NULL, &context, &error));
  assert_non_null(context);
  assert_true(uni_context_num_threads(context) >= 1);
  assert_string_equal(uni_context_backend(context), "cpu");
  uni_context_release(context);
  OK(uni_context_create(NULL, &context, NULL));
  uni_context_release(context);
}

static void test_create_refuses(void **state) {
  (void)state;
  uni_context *context = NULL;
  FAILS(UNI_STATUS_INVALID_ARGUMENT, "context", uni_context_create(NULL, NULL, &error));
#define WRONG(expected, text, change) \
  do { \
    uni_context_options options = UNI_CONTEXT_OPTIONS_INIT; \
    change; \
    FAILS_NULL((expected), (text), context, uni_context_create(&options, &context, &error)); \
  } while (0)
  WRONG(UNI_STATUS_INVALID_ARGUMENT, "num_threads", options.num_threads = -1);
  WRONG(UNI_STATUS_INVALID_ARGUMENT, "1025", options.num_threads = 1025);
  WRONG(UNI_STATUS_INVALID_ARGUMENT, "num_threads", options.num_threads = INT32_MIN);
  WRONG(UNI_STATUS_INVALID_ARGUMENT, "flags", options.flags = 1);
  WRONG(UNI_STATUS_INVALID_ARGUMENT, "flags", options.flags = 0x80000000u);
  WRONG(UNI_STATUS_VERSION_MISMATCH, "abi_version", options.abi_version = ((UNI_ABI_MAJOR + 1u) << 16));
  WRONG(UNI_STATUS_INVALID_ARGUMENT, "relative", options.backend_path = "relative.so");
  WRONG(UNI_STATUS_BACKEND_UNAVAILABLE, "/nowhere/at/all.so", options.backend_path = "/nowhere/at/all.so");
  WRONG(UNI_STATUS_BACKEND_UNAVAILABLE, "/dev/null", options.backend_path = "/dev/null");
#undef WRONG
}

static void test_thread_counts(void **state) {
  (void)state;
  const int32_t counts[] = {1, 2, 7, 1024};
  for (int i = 0; i < 4; ++i) {
    uni_context *context = make_context(counts[i]);
    assert_int_equal(uni_context_num_threads(context), counts[i]);
    uni_context_release(context);
  }
  setenv("UNITENSOR_NUM_THREADS", "3", 1);
  uni_context *context = make_context(0);
  assert_int_equal(uni_context_num_threads(context), 3);
  uni_context_release(context);
  context = make_context(5);
  assert_int_equal(uni_context_num_threads(context), 5);
  uni_context_release(context);
  /* What is no number from 1 to 1024 must not bring the process down; either it is refused or it is ignored. */
  const char *nonsense[] = {"", "0", "-2", "abc", "99999999999999999999", "3x", "1025"};
  for (size_t i = 0; i < sizeof nonsense / sizeof nonsense[0]; ++i) {
    setenv("UNITENSOR_NUM_THREADS", nonsense[i], 1);
    context = (void *)&poison;
    uni_error_init(&error);
    const uni_status status = uni_context_create(NULL, &context, &error);
    if (status == UNI_STATUS_OK) {
      assert_in_range(uni_context_num_threads(context), 1, 1024);
    } else {
      assert_int_equal(status, UNI_STATUS_INVALID_ARGUMENT);
      assert_non_null(strstr(error.message, "UNITENSOR_NUM_THREADS"));
      assert_null(context);
    }
    uni_context_release(context);
  }
  unsetenv("UNITENSOR_NUM_THREADS");
  cpu_set_t before, one;
  assert_int_equal(sched_getaffinity(0, sizeof before, &before), 0);
  int first = 0;
  while (!CPU_ISSET(first, &before)) ++first;
  CPU_ZERO(&one);
  CPU_SET(first, &one);
  assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
  context = make_context(0);
  assert_int_equal(uni_context_num_threads(context), 1);
  uni_context_release(context);
  assert_int_equal(sched_setaffinity(0, sizeof before, &before), 0);
}

static void test_references(void **state) {
  (void)state;
  assert_null(uni_context_retain(NULL));
  uni_context_release(NULL);
  uni_context *context = make_context(2);
  assert_ptr_equal(uni_context_retain(context), context);
  uni_context_release(context);
  assert_int_equal(uni_context_num_threads(context), 2);
  /* An object keeps its context alive. */
  uni_tensor *tensor = make_tensor(context, UNI_DTYPE_INT32, 3, -1, NULL);
  uni_context_release(context);
  assert_ptr_equal(uni_tensor_context(tensor), context);
  assert_int_equal(uni_context_num_threads(uni_tensor_context(tensor)), 2);
  uni_tensor_release(tensor);
}

static void test_null_contexts(void **state) {
  (void)state;
  assert_int_equal(uni_context_num_threads(NULL), 0);
  assert_string_equal(uni_context_backend(NULL), "");
  uni_context_reset_statistics(NULL);
  FAILS(UNI_STATUS_INVALID_ARGUMENT, "context", uni_context_check(NULL, &error));
  FAILS(UNI_STATUS_INVALID_ARGUMENT, "context", uni_context_synchronize(NULL, &error));
  FAILS(UNI_STATUS_INVALID_ARGUMENT, "context", uni_context_hold_stream(NULL, 0, NULL, &error));
  FAILS(UNI_STATUS_INVALID_ARGUMENT, "context", uni_context_trim(NULL, &error));
  assert_int_equal(uni_context_check(NULL, NULL), UNI_STATUS_INVALID_ARGUMENT);
  assert_int_equal(uni_context_synchronize(NULL, NULL), UNI_STATUS_INVALID_ARGUMENT);
  uni_memory_info info = {0};
  info.struct_size = sizeof info;
  FAILS(UNI_STATUS_INVALID_ARGUMENT, "context", uni_context_memory_info(NULL, UNI_MEMORY_HOST, &info, &error));
  uni_statistics statistics = {0};
  statistics.struct_size = sizeof statistics;
  FAILS(UNI_STATUS_INVALID_ARGUMENT, "context", uni_context_statistics(NULL, &statistics, &error));
}

static void test_check_and_synchronize(void **state) {
  (void)state;
  uni_context *context = make_context(2);
  OK(uni_context_check(context, &error));
  OK(uni_context_synchronize(context, &error));
  /* No device has been used, so that nothing is waited for and none is looked for. */
  OK(uni_context_hold_stream(context, 0, NULL, &error));
  FAILS(UNI_STATUS_INVALID_ARGUMENT, "device_id is -1", uni_context_hold_stream(context, -1, NULL, &error));
  OK(uni_context_check(context, NULL));
  uni_context_release(context);
}

static int is_mapped(const void *page) {
  unsigned char resident;
  return mincore((void *)(uintptr_t)page, 1, &resident) == 0 || errno != ENOMEM;
}

static void test_trim(void **state) {
  (void)state;
  uni_context *context = make_context(2);
  OK(uni_context_trim(context, &error));
  uni_tensor *kept = make_tensor(context, UNI_DTYPE_FLOAT32, 1 << 20, 2, NULL);
  uni_tensor *used = make_tensor(context, UNI_DTYPE_FLOAT32, 1 << 20, 2, NULL);
  const float seven = 7;
  OK(uni_tensor_fill(used, &seven, NULL, &error));
  const void *const page = pointer_of(kept);
  uni_tensor_release(kept);
  assert_true(is_mapped(page)); /* for the next of its size */
  OK(uni_context_trim(context, &error));
  assert_false(is_mapped(page));
  const float *const values = pointer_of(used);
  assert_true(values[0] == 7 && values[(2 << 20) - 1] == 7);
  OK(uni_context_trim(context, NULL));
  uni_tensor_release(used);
  uni_context_release(context);
}

/* A sanitizer keeps what is freed for a while, and has its own eyes for what is not. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { is_sanitized = 1 };
#else
enum { is_sanitized = 0 };
#endif

/* Kilobytes of the process in memory. */
static long resident(void) {
  FILE *const file = fopen("/proc/self/status", "r");
  assert_non_null(file);
  char line[256];
  long found = -1;
  while (fgets(line, sizeof line, file) != NULL) sscanf(line, "VmRSS: %ld", &found);
  fclose(file);
  return found;
}

/* Memory is given back as what it was taken as, on each side of a megabyte, where that changes. */
static void test_blocks_are_given_back(void **state) {
  (void)state;
  uni_context *const context = make_context(1);
  const int64_t differences[] = {-4096, -65, -64, -63, -1, 0, 1, 63, 64, 65, 4096};
  long before = 0;
  for (int round = 0; round < (is_sanitized ? 2 : 100); ++round) {
    for (int i = 0; i < (int)(sizeof differences / sizeof differences[0]); ++i) {
      uni_tensor *const tensor = make_tensor(context, UNI_DTYPE_INT8, (1 << 20) + differences[i], -1, NULL);
      assert_int_equal(uni_tensor_fill(tensor, "a", NULL, NULL), UNI_STATUS_OK);
      uni_tensor_release(tensor);
      assert_int_equal(uni_context_trim(context, NULL), UNI_STATUS_OK);
    }
    if (round == 0) before = resident();
  }
  if (!is_sanitized) assert_in_range(resident(), 0, before + 80 * 1024);
  uni_context_release(context);
}

static uni_status memory_info_bytes(void *context, void *bytes) {
  return uni_context_memory_info(context, UNI_MEMORY_HOST, bytes, &error);
}

static void test_memory_info(void **state) {
  (void)state;
  uni_context *context = make_context(1);
  check_output_struct(sizeof(uni_memory_info), memory_info_bytes, context);
  for (int32_t memory = UNI_MEMORY_HOST; memory <= UNI_MEMORY_UNIFIED; ++memory) {
    uni_memory_info info;
    memset(&info, 0x44, sizeof info);
    info.struct_size = sizeof info;
    OK(uni_context_memory_info(context, memory, &info, &error));
    assert_int_equal(info.struct_size, sizeof info);
    assert_in_range(info.supported, 0, 1);
    assert_int_equal(info.reserved, 0);
    assert_non_null(memchr(info.reason, 0, sizeof info.reason));
    assert_true(strlen(info.reason) > 0);
    if (!info.supported) assert_int_equal(info.resolved, 0);
    if (memory == UNI_MEMORY_HOST) assert_int_equal(info.resolved, UNI_MEMORY_HOST);
    if (memory == UNI_MEMORY_UNIFIED) {
      assert_int_equal(info.supported, 1);
      assert_in_range(info.resolved, UNI_MEMORY_HOST, UNI_MEMORY_MANAGED);
    }
    /* What is said to be supported can be created, and nothing else. */
    uni_tensor_desc desc = host_desc(UNI_DTYPE_FLOAT32, 2, 4, 4, 0);
    desc.memory = memory;
    uni_tensor *tensor = (void *)&poison;
    uni_error_init(&error);
    const uni_status status = uni_tensor_create(context, &desc, &tensor, &error);
    if (info.supported) {
      check_ok(status, "uni_tensor_create", __FILE__, __LINE__);
      assert_int_equal(info_of(tensor).memory, info.resolved);
      assert_int_equal(info_of(tensor).requested_memory, memory);
    } else {
      assert_true(status == UNI_STATUS_NOT_SUPPORTED || status == UNI_STATUS_BACKEND_UNAVAILABLE);
      assert_null(tensor);
    }
    uni_tensor_release(tensor);
  }
  uni_memory_info info, before;
  memset(&info, 0x44, sizeof info);
  info.struct_size = sizeof info;
  before = info;
  const int32_t unknown[] = {0, -1, 6, INT32_MAX, INT32_MIN};
  for (int i = 0; i < 5; ++i) {
    FAILS(UNI_STATUS_INVALID_ARGUMENT, "memory", uni_context_memory_info(context, unknown[i], &info, &error));
    assert_memory_equal(&info, &before, sizeof info);
  }
  FAILS(UNI_STATUS_INVALID_ARGUMENT, "info", uni_context_memory_info(context, UNI_MEMORY_HOST, NULL, &error));
  uni_context_release(context);
}

/* What does not fit ends so that one sees it, and no character of UTF-8 is left in part. */
static void test_long_reasons_say_that_they_are_cut(void **state) {
  (void)state;
  for (int start = 0; start < 2; ++start) {
    char folder[1024] = "/tmp/unitensor-nowhere/";
    for (int i = 0; i < start; ++i) strcat(folder, "a");
    for (int i = 0; i < 300; ++i) strcat(folder, "\xc3\xa9"); /* an e with an acute accent */
    assert_int_equal(setenv("UNITENSOR_BACKEND_DIR", folder, 1), 0);
    uni_context *context = make_context(1);
    uni_memory_info info = {.struct_size = sizeof info};
    OK(uni_context_memory_info(context, UNI_MEMORY_UNIFIED, &info, &error));
    unsetenv("UNITENSOR_BACKEND_DIR");
    const size_t length = strlen(info.reason);
    assert_in_range(length, sizeof info.reason - 2, sizeof info.reason - 1);
    assert_string_equal(info.reason + length - 5, "\xc3\xa9...");
    uni_tensor *none = NULL;
    uni_tensor_desc desc = host_desc(UNI_DTYPE_FLOAT32, 1, 4, 0, 0);
    desc.memory = UNI_MEMORY_DEVICE;
    FAILS_NULL(UNI_STATUS_BACKEND_UNAVAILABLE, "\xc3\xa9...", none, uni_tensor_create(context, &desc, &none, &error));
    assert_in_range(strlen(error.message), sizeof error.message - 2, sizeof error.message - 1);
    uni_context_release(context);
  }
}

static uni_status statistics_bytes(void *context, void *bytes) {
  return uni_context_statistics(context, bytes, &error);
}

static void test_statistics(void **state) {
  (void)state;
  uni_context *context = make_context(2);
  const size_t sizes[] = {88, 96, sizeof(uni_statistics)};
  check_grown_output(sizes, sizeof sizes / sizeof *sizes, statistics_bytes, context);
  FAILS(UNI_STATUS_INVALID_ARGUMENT, "statistics", uni_context_statistics(context, NULL, &error));
  uni_statistics seen = {0}, zero = {0};
  seen.struct_size = zero.struct_size = sizeof seen;
  OK(uni_context_statistics(context, &seen, &error));
  assert_memory_equal(&seen, &zero, sizeof seen);

  uni_tensor *table = make_tensor(context, UNI_DTYPE_FLOAT32, 10, 4, NULL);
  OK(uni_tensor_fill(table, NULL, NULL, &error));
  const int64_t index[5] = {0, 9, 3, 3, -1};
  float rows[20] = {0};
  uni_array good = array_1d(UNI_DTYPE_INT64, index, 4), bad = array_1d(UNI_DTYPE_INT64, index, 5);
  uni_array out4 = array_2d(UNI_DTYPE_FLOAT32, rows, 4, 4), out5 = array_2d(UNI_DTYPE_FLOAT32, rows, 5, 4);
  uni_gather_options gather = UNI_GATHER_OPTIONS_INIT;
  uni_scatter_options scatter = UNI_SCATTER_OPTIONS_INIT;
  OK(uni_gather_into(table, &good, NULL, NULL, &out4, &error));
  OK(uni_scatter(table, &good, &out4, NULL, NULL, &error));
  OK(uni_scatter(table, &good, &out4, NULL, NULL, &error));
  OK(uni_context_statistics(context, &seen, &error));
  assert_int_equal(seen.gather_calls, 1);
  assert_int_equal(seen.gather_rows, 4);
  assert_int_equal(seen.gather_bytes, 64);
  assert_int_equal(seen.scatter_calls, 2);
  assert_int_equal(seen.scatter_rows, 8);
  assert_int_equal(seen.scatter_bytes, 128);
  assert_int_equal(seen.out_of_bounds, 0);
  gather.bounds = UNI_BOUNDS_SKIP;
  scatter.bounds = UNI_BOUNDS_SKIP;
  OK(uni_gather_into(table, &bad, &gather, NULL, &out5, &error));
  OK(uni_scatter(table, &bad, &out5, &scatter, NULL, &error));
  OK(uni_context_statistics(context, &seen, &error));
  assert_int_equal(seen.out_of_bounds, 2);
  FAILS(UNI_STATUS_OUT_OF_BOUNDS, "index", uni_gather_into(table, &bad, NULL, NULL, &out5, &error));
  OK(uni_context_statistics(context, &seen, &error));
  assert_true(seen.out_of_bounds >= 3);
  uni_context_reset_statistics(context);
  OK(uni_context_statistics(context, &seen, &error));
  assert_memory_equal(&seen, &zero, sizeof seen);
  uni_tensor_release(table);
  uni_context_release(context);
}

/* Creation touches no driver and starts no thread: the best of many takes less than 5 ms. */
static void test_creation_is_quick(void **state) {
  (void)state;
  double best = 1e9;
  for (int i = 0; i < 20; ++i) {
    struct timespec start, stop;
    clock_gettime(CLOCK_MONOTONIC, &start);
    uni_context *context = make_context(0);
    clock_gettime(CLOCK_MONOTONIC, &stop);
    const double seconds = (double)(stop.tv_sec - start.tv_sec) + 1e-9 * (double)(stop.tv_nsec - start.tv_nsec);
    if (seconds < best) best = seconds;
    uni_context_release(context);
  }
  assert_true(best < 5e-3);
}

static int num_messages;
static void count_message(void *user_data, int32_t level, const char *message) {
  assert_ptr_equal(user_data, &num_messages);
  assert_in_range(level, UNI_LOG_ERROR, UNI_LOG_DEBUG);
  assert_non_null(message);
  ++num_messages;
}

static void test_log_callback(void **state) {
  (void)state;
  uni_context_options options = UNI_CONTEXT_OPTIONS_INIT;
  options.num_threads = 2;
  options.log = count_message;
  options.log_user_data = &num_messages;
  uni_context *context = NULL;
  OK(uni_context_create(&options, &context, &error));
  uni_memory_info info = {0};
  info.struct_size = sizeof info;
  OK(uni_context_memory_info(context, UNI_MEMORY_PINNED, &info, &error));
  const int after = num_messages;
  assert_true(after >= 0);
  uni_context_release(context);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_options_sizes), cmocka_unit_test(test_options_init),
      cmocka_unit_test(test_create),        cmocka_unit_test(test_create_refuses),
      cmocka_unit_test(test_thread_counts), cmocka_unit_test(test_references),
      cmocka_unit_test(test_null_contexts), cmocka_unit_test(test_check_and_synchronize),
      cmocka_unit_test(test_trim),          cmocka_unit_test(test_blocks_are_given_back),
      cmocka_unit_test(test_memory_info),   cmocka_unit_test(test_long_reasons_say_that_they_are_cut),
      cmocka_unit_test(test_statistics),    cmocka_unit_test(test_creation_is_quick),
      cmocka_unit_test(test_log_callback),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
