/* SPDX-License-Identifier: Apache-2.0 */
/* Machines without a device that can be used: what a user is told, and that the CPU goes on. */
#define _GNU_SOURCE
#include "cuda_support.h"

static const float table[4][2] = {{0, 1}, {10, 11}, {20, 21}, {30, 31}};

static void test_machines_without_a_device(void **state) {
  (void)state;
  const struct {
    int32_t num_devices, driver_version;
    const char *text;
  } machines[] = {{1, 0, "no NVIDIA driver"}, {1, 12040, "driver is for CUDA 12.4"}, {0, 13000, "nvidia-smi"}};
  for (size_t i = 0; i < sizeof machines / sizeof *machines; ++i) {
    fake_reset();
    fake_set_machine(machines[i].num_devices, machines[i].driver_version, 1);
    uni_context_options options = UNI_CONTEXT_OPTIONS_INIT;
    options.backend_path = CUDA_EMULATED;
    uni_context *context = NULL;
    FAILS_NULL(UNI_STATUS_BACKEND_UNAVAILABLE, machines[i].text, context,
               uni_context_create(&options, &context, &error));
    assert_int_equal(counts_now().last_error, 0);
  }
  fake_reset();
  fake_set_machine(0, 13000, 1);
  assert_int_equal(setenv("CUDA_VISIBLE_DEVICES", "", 1), 0);
  uni_context_options options = UNI_CONTEXT_OPTIONS_INIT;
  options.backend_path = CUDA_EMULATED;
  uni_context *context = NULL;
  FAILS_NULL(UNI_STATUS_BACKEND_UNAVAILABLE, "CUDA_VISIBLE_DEVICES hides", context,
             uni_context_create(&options, &context, &error));
  unsetenv("CUDA_VISIBLE_DEVICES");
  fake_set_device_nodes(0);
  FAILS_NULL(UNI_STATUS_BACKEND_UNAVAILABLE, "docker run --gpus all", context,
             uni_context_create(&options, &context, &error));
  /* Without concurrent access to managed memory, unified memory is pinned. */
  fake_reset();
  fake_set_machine(2, 13000, 0);
  context = make_cuda_context();
  uni_memory_info info = {.struct_size = sizeof info};
  OK(uni_context_memory_info(context, UNI_MEMORY_UNIFIED, &info, &error));
  assert_int_equal(info.resolved, UNI_MEMORY_PINNED);
  assert_non_null(strstr(info.reason, "concurrent access"));
  uni_tensor *tensor = NULL;
  FAILS_NULL(UNI_STATUS_NOT_SUPPORTED, "device 0", tensor,
             create_in(context, UNI_MEMORY_MANAGED, UNI_DTYPE_INT8, 4, -1, &tensor));
  uni_context_release(context);
  check_nothing_left();
}

/* What CUDA says of the machine comes with what to do about it, and the CPU goes on. */
static void test_machines_that_fail(void **state) {
  (void)state;
  const struct {
    int32_t error;
    const char *text;
  } counting[] = {{3, "load the driver again"},
                  {34, "LD_LIBRARY_PATH"},
                  {36, "newer driver"},
                  {802, "fabricmanager"},
                  {803, "restart"},
                  {804, "library path"},
                  {805, "MPS"},
                  {304, "rights to /dev"},
                  {999, "could not be counted"}},
    using[] = {{2, "nvidia-smi"}, {46, "another process"}, {209, "-Dgpu_arch"}, {102, "licence"}, {800, "container"}};
  uni_context_options options = UNI_CONTEXT_OPTIONS_INIT;
  options.backend_path = CUDA_EMULATED;
  uni_context *context = NULL;
  for (size_t i = 0; i < sizeof counting / sizeof *counting; ++i) {
    fake_reset();
    fake_fail_call(1, counting[i].error);
    FAILS_NULL(UNI_STATUS_BACKEND_UNAVAILABLE, counting[i].text, context,
               uni_context_create(&options, &context, &error));
    assert_int_equal(counts_now().last_error, 0);
  }
  for (size_t i = 0; i < sizeof using / sizeof *using; ++i) {
    fake_reset();
    context = make_cuda_context();
    /* The first two calls ask for the current device and for a stream. */
    fake_fail_call(3, using[i].error);
    uni_tensor *tensor = NULL;
    const uni_status status = create_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_FLOAT32, 4, 2, &tensor);
    /* Memory that is missing is asked for again. */
    if (using[i].error == 2) {
      assert_int_equal(status, UNI_STATUS_OK);
      uni_tensor_release(tensor);
    } else {
      assert_int_equal(status, UNI_STATUS_BACKEND_ERROR);
      if (strstr(error.message, using[i].text) == NULL) fail_msg("\"%s\": no %s", error.message, using[i].text);
    }
    assert_int_equal(counts_now().last_error, 0);
    uni_tensor *host = make_in(context, UNI_MEMORY_HOST, UNI_DTYPE_FLOAT32, 4, 2, table), *out = NULL;
    const int64_t index[1] = {3};
    const uni_array said = array_1d(UNI_DTYPE_INT64, index, 1);
    OK(uni_gather(host, &said, NULL, NULL, &out, &error));
    assert_memory_equal(pointer_of(out), table[3], sizeof table[3]);
    uni_tensor_release(out);
    uni_tensor_release(host);
    uni_context_release(context);
    check_nothing_left();
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_machines_without_a_device),
      cmocka_unit_test(test_machines_that_fail),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
