/* SPDX-License-Identifier: Apache-2.0 */
/* Machines that are full, locked or shut: each says what can be done, and the CPU goes on. */
#define _GNU_SOURCE
#include "cuda_support.h"

#include <sys/resource.h>
#include <unistd.h>

static const float table[4][2] = {{0, 1}, {10, 11}, {20, 21}, {30, 31}};
static const int64_t picks[3] = {3, 0, 2};
#define MEGABYTE (INT64_C(1) << 20)

static void check_that_the_cpu_goes_on(uni_context *context) {
  uni_tensor *host = make_in(context, UNI_MEMORY_HOST, UNI_DTYPE_FLOAT32, 4, 2, table), *out = NULL;
  const uni_array index = array_1d(UNI_DTYPE_INT64, picks, 3);
  OK(uni_gather(host, &index, NULL, NULL, &out, &error));
  const float(*const rows)[2] = pointer_of(out);
  for (int i = 0; i < 3; ++i) assert_memory_equal(rows[i], table[picks[i]], sizeof rows[i]);
  uni_tensor_release(out);
  uni_tensor_release(host);
  assert_int_equal(counts_now().last_error, 0);
}

/* A context that looks for its plugin when it needs one, which is this. */
static uni_context *make_context_beside_a_plugin(void) {
  char folder[] = "/tmp/unitensor-limits-XXXXXX", file[128];
  assert_non_null(mkdtemp(folder));
  snprintf(file, sizeof file, "%s/unitensor_cuda.so", folder);
  assert_int_equal(symlink(CUDA_EMULATED, file), 0);
  assert_int_equal(setenv("UNITENSOR_BACKEND_DIR", folder, 1), 0);
  uni_context *context = NULL;
  OK(uni_context_create(NULL, &context, &error));
  uni_memory_info info = {.struct_size = sizeof info};
  OK(uni_context_memory_info(context, UNI_MEMORY_DEVICE, &info, &error));
  unsetenv("UNITENSOR_BACKEND_DIR");
  unlink(file);
  rmdir(folder);
  return context;
}

static void test_devices_that_cannot_be_used(void **state) {
  (void)state;
  const struct {
    const char *name;
    int32_t num_devices, driver_version, has_nodes, error;
    const char *texts[2];
  } machines[] = {
      {"no driver", 1, 0, 1, 0, {"no NVIDIA driver", "install"}},
      {"an old driver", 1, 11080, 1, 0, {"driver is for CUDA 11.8", "install a newer driver"}},
      {"a driver that does not start", 1, 13000, 1, 3, {"could not be counted", "load the driver again"}},
      {"libraries of another driver", 1, 13000, 1, 803, {"could not be counted", "restart the machine"}},
      {"a container without devices", 0, 13000, 0, 0, {"no /dev/nvidiactl", "docker run --gpus all"}},
      {"a container without rights", 1, 13000, 1, 304, {"could not be counted", "/dev/nvidia*"}},
      {"a device of another process", 1, 13000, 1, 46, {"another process may hold the device", "nvidia-smi"}},
  };
  for (size_t i = 0; i < sizeof machines / sizeof *machines; ++i) {
    fake_reset();
    fake_set_machine(machines[i].num_devices, machines[i].driver_version, 1);
    fake_set_device_nodes(machines[i].has_nodes);
    if (machines[i].error != 0) fake_fail_call(1, machines[i].error);
    uni_context *context = make_context_beside_a_plugin();
    for (int32_t memory = UNI_MEMORY_PINNED; memory <= UNI_MEMORY_DEVICE; ++memory) {
      uni_tensor *none = NULL;
      FAILS_NULL(UNI_STATUS_BACKEND_UNAVAILABLE, machines[i].texts[0], none,
                 create_in(context, memory, UNI_DTYPE_FLOAT32, 4, 2, &none));
      if (strstr(error.message, machines[i].texts[1]) == NULL)
        fail_msg("%s: \"%s\" does not say \"%s\"", machines[i].name, error.message, machines[i].texts[1]);
    }
    /* Unified memory is what there is. */
    uni_tensor *unified = make_in(context, UNI_MEMORY_UNIFIED, UNI_DTYPE_FLOAT32, 4, 2, table);
    assert_int_equal(info_of(unified).memory, UNI_MEMORY_HOST);
    uni_tensor_release(unified);
    check_that_the_cpu_goes_on(context);
    uni_context_release(context);
    check_nothing_left();
  }
}

/* The first call that needs the device is the one that hears of it, whatever memory it is for. */
static void test_a_device_that_another_process_holds(void **state) {
  (void)state;
  /* What is asked before: the thread's device and a stream, for memory of the device. */
  const int64_t first_call[] = {[UNI_MEMORY_PINNED] = 1, [UNI_MEMORY_MANAGED] = 1, [UNI_MEMORY_DEVICE] = 2};
  for (int32_t memory = UNI_MEMORY_PINNED; memory <= UNI_MEMORY_DEVICE; ++memory) {
    fake_reset();
    uni_context *context = make_cuda_context();
    uni_tensor *tensor = NULL;
    fake_fail_call(first_call[memory], 46);
    FAILS_NULL(UNI_STATUS_BACKEND_ERROR, "another process may hold the device", tensor,
               create_in(context, memory, UNI_DTYPE_FLOAT32, 4, 2, &tensor));
    assert_int_equal(error.native_code, 46);
    check_that_the_cpu_goes_on(context);
    /* It has let go. */
    tensor = make_in(context, memory, UNI_DTYPE_FLOAT32, 4, 2, table);
    uni_tensor_release(tensor);
    uni_context_release(context);
    check_nothing_left();
  }
}

static void test_a_full_device(void **state) {
  (void)state;
  fake_reset();
  uni_context *context = make_cuda_context();
  uni_tensor *index = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, 3, -1, picks), *none = NULL;
  uni_tensor *rows = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_FLOAT32, 3, 2, table);
  uni_tensor *target = NULL;
  OK(create_in(context, UNI_MEMORY_MANAGED, UNI_DTYPE_FLOAT32, 100000, 2, &target));
  fake_set_device_bytes(100064);
  FAILS_NULL(UNI_STATUS_OUT_OF_MEMORY, "device 0 has 100000 of 100064 free", none,
             create_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_UINT8, MEGABYTE, -1, &none));
  assert_non_null(strstr(error.message, "nvidia-smi shows who has"));
  /* An operation that needs memory for itself: assigning rows, to choose among equal indices. */
  fake_set_device_bytes(72);
  FAILS(UNI_STATUS_OUT_OF_MEMORY, "device 0 has 8 of 72 free",
        uni_scatter(target, uni_tensor_array(index), uni_tensor_array(rows), NULL, NULL, &error));
  check_that_the_cpu_goes_on(context);
  fake_set_device_bytes(INT64_MAX);
  OK(uni_scatter(target, uni_tensor_array(index), uni_tensor_array(rows), NULL, NULL, &error));
  OK(uni_context_synchronize(context, &error));
  uni_tensor_release(target);
  uni_tensor_release(rows);
  uni_tensor_release(index);
  uni_context_release(context);
  check_nothing_left();
}

static void test_a_full_host(void **state) {
  (void)state;
  fake_reset();
  uni_context *context = make_cuda_context();
  uni_tensor *none = NULL;
  fake_set_host_bytes(0, INT64_MAX);
  FAILS_NULL(UNI_STATUS_OUT_OF_MEMORY, "cudaMallocManaged(1048576 bytes)", none,
             create_in(context, UNI_MEMORY_UNIFIED, UNI_DTYPE_UINT8, MEGABYTE, -1, &none));
  assert_non_null(strstr(error.message, "bytes left"));
  assert_non_null(strstr(error.message, "take less"));
  assert_null(strstr(error.message, "nvidia-smi")); /* it is not the device that is full */
  /* More than there are addresses for. */
  for (int64_t num_bytes = INT64_MAX / 2; num_bytes > 0; num_bytes = num_bytes == INT64_MAX ? 0 : INT64_MAX) {
    FAILS_NULL(UNI_STATUS_OUT_OF_MEMORY, "bytes of pinned memory", none,
               create_in(context, UNI_MEMORY_PINNED, UNI_DTYPE_UINT8, num_bytes, -1, &none));
    assert_non_null(strstr(error.message, "bytes left"));
  }
  check_that_the_cpu_goes_on(context);
  uni_tensor *pinned = make_in(context, UNI_MEMORY_PINNED, UNI_DTYPE_FLOAT32, 4, 2, table);
  uni_tensor_release(pinned);
  uni_context_release(context);
  check_nothing_left();
}

static void test_a_limit_of_locked_memory(void **state) {
  (void)state;
  struct rlimit before, lowered;
  assert_int_equal(getrlimit(RLIMIT_MEMLOCK, &before), 0);
  for (int limited = 1; limited >= 0; --limited) {
    fake_reset();
    uni_context *context = make_cuda_context();
    lowered = before;
    if (limited) lowered.rlim_cur = 61440;
    if (!limited && before.rlim_cur != RLIM_INFINITY) lowered.rlim_cur = before.rlim_max;
    if (setrlimit(RLIMIT_MEMLOCK, &lowered) != 0) skip(); /* less than that already, and no right to raise it */
    const int told = limited || lowered.rlim_cur != RLIM_INFINITY;
    fake_set_host_bytes(INT64_MAX, 61440);
    char *const mine = malloc((size_t)MEGABYTE);
    const uni_array array = array_1d(UNI_DTYPE_UINT8, mine, MEGABYTE);
    for (int registered = 0; registered < 2; ++registered) {
      uni_tensor *none = NULL;
      if (registered)
        FAILS_NULL(UNI_STATUS_OUT_OF_MEMORY, "page-locking 1048576 bytes of host memory was refused", none,
                   uni_tensor_register(context, &array, NULL, NULL, &none, &error));
      else
        FAILS_NULL(UNI_STATUS_OUT_OF_MEMORY, "page-locking 1048576 bytes of host memory was refused", none,
                   create_in(context, UNI_MEMORY_PINNED, UNI_DTYPE_UINT8, MEGABYTE, -1, &none));
      assert_int_equal(strstr(error.message, "ulimit -l; docker run --ulimit memlock=-1") != NULL, told);
      if (limited) assert_non_null(strstr(error.message, "the limit of locked memory is 61440 bytes"));
    }
    check_that_the_cpu_goes_on(context);
    uni_tensor *small = make_in(context, UNI_MEMORY_PINNED, UNI_DTYPE_FLOAT32, 4, 2, table);
    uni_tensor_release(small);
    uni_context_release(context);
    free(mine);
    check_nothing_left();
  }
  assert_int_equal(setrlimit(RLIMIT_MEMLOCK, &before), 0);
}

static void count_call(void *calls) { ++*(int *)calls; }

static void keep_message(void *text, int32_t level, const char *message) {
  if (level == UNI_LOG_WARNING) snprintf(text, 512, "%s", message);
}

static uni_statistics statistics_of(const uni_context *context) {
  uni_statistics statistics = {.struct_size = sizeof statistics};
  OK(uni_context_statistics(context, &statistics, &error));
  return statistics;
}

/* Only where page-locking is refused, and where somebody chose it; one sees it in the tensor, the statistics and the log. */
static void test_an_array_is_copied_where_it_cannot_be_registered(void **state) {
  (void)state;
  fake_reset();
  char warning[512] = "";
  uni_context_options options = UNI_CONTEXT_OPTIONS_INIT;
  options.backend_path = CUDA_EMULATED;
  options.log = keep_message;
  options.log_user_data = warning;
  uni_context *context = NULL;
  OK(uni_context_create(&options, &context, &error));
  enum { ROWS = 20000 };
  float(*const mine)[2] = aligned_alloc(4096, 4096 * 40);
  assert_non_null(mine);
  for (int i = 0; i < ROWS; ++i) mine[i][0] = mine[i][1] = (float)i;
  uni_array array = array_2d(UNI_DTYPE_FLOAT32, mine, ROWS, 2);
  const uni_array small = array_2d(UNI_DTYPE_FLOAT32, mine, 4, 2);
  uni_tensor *index = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, 3, -1, picks);
  uni_tensor *tensor = NULL, *view = NULL, *out = NULL;
  int calls = 0;
  /* There is room: the memory is used where it lies. */
  OK(uni_tensor_register_or_copy(context, &array, count_call, &calls, &tensor, &error));
  assert_ptr_equal(pointer_of(tensor), mine);
  assert_int_equal(info_of(tensor).memory, UNI_MEMORY_PINNED);
  assert_int_equal(info_of(tensor).flags, 0);
  assert_int_equal(calls, 0);
  uni_tensor_release(tensor);
  OK(uni_context_synchronize(context, &error));
  assert_int_equal(calls, 1);
  assert_int_equal(statistics_of(context).registered_copies, 0);
  assert_string_equal(warning, "");
  fake_set_host_bytes(INT64_MAX, 61440);
  for (uint32_t flags = 0; flags <= UNI_ARRAY_READ_ONLY; ++flags) {
    calls = 0;
    array.flags = flags;
    FAILS_NULL(UNI_STATUS_OUT_OF_MEMORY, "page-locking 160000 bytes", tensor,
               uni_tensor_register(context, &array, NULL, NULL, &tensor, &error));
    OK(uni_tensor_register_or_copy(context, &array, count_call, &calls, &tensor, &error));
    assert_int_equal(calls, 1); /* the memory is no longer needed */
    assert_ptr_not_equal(pointer_of(tensor), mine);
    assert_memory_equal(pointer_of(tensor), mine, sizeof(float[ROWS][2]));
    assert_int_equal(info_of(tensor).memory, UNI_MEMORY_MANAGED);
    assert_int_equal(info_of(tensor).requested_memory, UNI_MEMORY_UNIFIED);
    assert_int_equal(info_of(tensor).flags, UNI_TENSOR_COPIED | flags);
    if (flags != 0)
      FAILS(UNI_STATUS_INVALID_ARGUMENT, "read-only", uni_tensor_fill(tensor, NULL, NULL, &error));
    else
      OK(uni_tensor_fill(tensor, &(const float){7}, NULL, &error));
    OK(uni_tensor_slice(tensor, 1, 5, &view, &error));
    assert_int_equal(info_of(view).flags, UNI_TENSOR_COPIED | flags);
    OK(uni_gather(tensor, uni_tensor_array(index), NULL, NULL, &out, &error));
    float rows[3][2];
    read_back(out, rows);
    for (int i = 0; i < 3; ++i) assert_true(rows[i][1] == (flags != 0 ? (float)picks[i] : 7.0f));
    assert_int_equal(info_of(out).flags, 0);
    assert_int_equal(statistics_of(context).registered_copies, flags + 1);
    assert_int_equal(statistics_of(context).registered_copy_bytes, (flags + 1) * 160000);
    assert_non_null(strstr(warning, "copied instead of registered: page-locking 160000 bytes"));
    uni_tensor_release(out);
    uni_tensor_release(view);
    uni_tensor_release(tensor);
  }
  assert_true(mine[3][0] == 3.0f);
  uni_context_reset_statistics(context);
  assert_int_equal(statistics_of(context).registered_copies, 0);
  assert_int_equal(statistics_of(context).registered_copy_bytes, 0);
  /* What is no refusal is not copied, and what can be registered is. */
  calls = 0;
  FAILS_NULL(UNI_STATUS_DEVICE_MISMATCH, "expected host memory", tensor,
             uni_tensor_register_or_copy(context, uni_tensor_array(index), count_call, &calls, &tensor, &error));
  assert_int_equal(calls, 1);
  OK(uni_tensor_register_or_copy(context, &small, NULL, NULL, &tensor, &error));
  assert_ptr_equal(pointer_of(tensor), mine);
  uni_tensor_release(tensor);
  OK(uni_context_synchronize(context, &error));
  /* There may be no room for either. */
  fake_set_host_bytes(0, 0);
  OK(uni_context_trim(context, &error));
  FAILS_NULL(UNI_STATUS_OUT_OF_MEMORY, "page-locking", tensor,
             uni_tensor_register_or_copy(context, &array, count_call, &calls, &tensor, &error));
  assert_non_null(strstr(error.message, "ulimit -l"));
  assert_non_null(strstr(error.message, "; and it could not be copied either: "));
  assert_int_equal(calls, 2);
  assert_int_equal(statistics_of(context).registered_copies, 0);
  uni_tensor_release(index);
  uni_context_release(context);
  check_nothing_left();
  /* Whatever fails meanwhile: the memory is given back once, and nothing stays. */
  for (int32_t failure = 2; failure <= 999; failure += 997)
    for (int64_t nth = 1, was_hit = 1; was_hit; ++nth) {
      fake_reset();
      fake_set_host_bytes(INT64_MAX, 61440);
      context = make_cuda_context();
      calls = 0;
      fake_fail_call(nth, failure);
      const int64_t before = counts_now().calls;
      uni_error_init(&error);
      const uni_status status = uni_tensor_register_or_copy(context, &array, count_call, &calls, &tensor, &error);
      was_hit = counts_now().calls - before >= nth;
      fake_fail_call(0, 0);
      assert_int_equal(calls, 1);
      assert_int_equal(status == UNI_STATUS_OK, tensor != NULL);
      assert_int_equal(statistics_of(context).registered_copies, tensor != NULL);
      if (!was_hit) assert_int_equal(status, UNI_STATUS_OK);
      uni_tensor_release(tensor);
      uni_context_release(context);
      check_nothing_left();
    }
  free(mine);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_devices_that_cannot_be_used),
      cmocka_unit_test(test_a_device_that_another_process_holds),
      cmocka_unit_test(test_a_full_device),
      cmocka_unit_test(test_a_full_host),
      cmocka_unit_test(test_a_limit_of_locked_memory),
      cmocka_unit_test(test_an_array_is_copied_where_it_cannot_be_registered),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
