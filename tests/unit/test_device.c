/* SPDX-License-Identifier: Apache-2.0 */
/* device.h: the CPU's backend, machines without another one, bad input. */
#define _GNU_SOURCE
#include "support.h"

static void test_the_cpu(void **state) {
  (void)state;
  uni_context *context = make_context(3);
  uni_backend_info backend = {.struct_size = sizeof backend, .reserved = 7};
  OK(uni_context_backend_info(context, UNI_DEVICE_CPU, &backend, &error));
  assert_int_equal(backend.struct_size, sizeof backend);
  assert_int_equal(backend.device_type, UNI_DEVICE_CPU);
  assert_int_equal(backend.available, 1);
  assert_int_equal(backend.num_devices, 1);
  assert_int_equal(backend.toolkit_version, 0);
  assert_int_equal(backend.least_driver_version, 0);
  assert_int_equal(backend.driver_version, 0);
  assert_int_equal(backend.reserved, 0);
  assert_string_equal(backend.name, "cpu");
  assert_string_equal(backend.path, "");
  assert_string_equal(backend.reason, "");
  uni_device_info device = {.struct_size = sizeof device};
  OK(uni_context_device_info(context, UNI_DEVICE_CPU, 0, &device, &error));
  assert_int_equal(device.device_type, UNI_DEVICE_CPU);
  assert_int_equal(device.device_id, 0);
  assert_int_equal(device.flags, 0);
  assert_int_equal(device.compute_major, 0);
  assert_int_equal(device.num_processors, 3);
  assert_true(device.total_bytes > INT64_C(1) << 24);
  assert_int_equal(device.link_bytes_per_second, 0);
  assert_true(device.name[0] != '\0');
  assert_string_equal(device.pci_address, "");
  uni_context_release(context);
}

static void test_no_plugin(void **state) {
  (void)state;
  assert_int_equal(setenv("UNITENSOR_BACKEND_DIR", "/nonexistent", 1), 0);
  uni_context *context = make_context(1);
  uni_backend_info backend = {.struct_size = sizeof backend};
  OK(uni_context_backend_info(context, UNI_DEVICE_CUDA, &backend, &error));
  unsetenv("UNITENSOR_BACKEND_DIR");
  /* A build with the plugin finds it where it lies, and it says why there is no device. */
  if (!backend.available) {
    assert_int_equal(backend.num_devices, 0);
    assert_non_null(strstr(backend.reason, "CUDA"));
    assert_true((backend.name[0] == '\0') == (backend.path[0] == '\0'));
    uni_device_info device = {.struct_size = sizeof device, .num_processors = 77};
    FAILS(UNI_STATUS_BACKEND_UNAVAILABLE, backend.reason,
          uni_context_device_info(context, UNI_DEVICE_CUDA, 0, &device, &error));
    assert_int_equal(device.num_processors, 77);
  }
  uni_context_release(context);
}

static void test_bad_input(void **state) {
  (void)state;
  uni_context *context = make_context(1);
  uni_backend_info backend = {.struct_size = sizeof backend, .num_devices = 77};
  uni_device_info device = {.struct_size = sizeof device, .num_processors = 77};
  static const int32_t types[] = {0, -1, 3, 13, INT32_MAX, INT32_MIN};
  for (size_t i = 0; i < sizeof types / sizeof *types; ++i) {
    FAILS(UNI_STATUS_INVALID_ARGUMENT, "device_type is", uni_context_backend_info(context, types[i], &backend, &error));
    FAILS(UNI_STATUS_INVALID_ARGUMENT, "device_type is",
          uni_context_device_info(context, types[i], 0, &device, &error));
  }
  static const int32_t ids[] = {-1, 1, INT32_MAX, INT32_MIN};
  for (size_t i = 0; i < sizeof ids / sizeof *ids; ++i)
    FAILS(UNI_STATUS_DEVICE_MISMATCH, "expected 0",
          uni_context_device_info(context, UNI_DEVICE_CPU, ids[i], &device, &error));
  FAILS(UNI_STATUS_INVALID_ARGUMENT, "context is NULL",
        uni_context_backend_info(NULL, UNI_DEVICE_CPU, &backend, &error));
  FAILS(UNI_STATUS_INVALID_ARGUMENT, "info is NULL", uni_context_backend_info(context, UNI_DEVICE_CPU, NULL, &error));
  FAILS(UNI_STATUS_INVALID_ARGUMENT, "context is NULL",
        uni_context_device_info(NULL, UNI_DEVICE_CPU, 0, &device, &error));
  FAILS(UNI_STATUS_INVALID_ARGUMENT, "info is NULL", uni_context_device_info(context, UNI_DEVICE_CPU, 0, NULL, &error));
  backend.struct_size = sizeof backend - 1;
  device.struct_size = 0;
  FAILS(UNI_STATUS_INVALID_ARGUMENT, "info->struct_size",
        uni_context_backend_info(context, UNI_DEVICE_CPU, &backend, &error));
  FAILS(UNI_STATUS_INVALID_ARGUMENT, "info->struct_size",
        uni_context_device_info(context, UNI_DEVICE_CPU, 0, &device, &error));
  assert_int_equal(backend.num_devices, 77);
  assert_int_equal(device.num_processors, 77);
  assert_int_equal(uni_context_backend_info(NULL, 0, NULL, NULL), UNI_STATUS_INVALID_ARGUMENT);
  uni_context_release(context);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_the_cpu),
      cmocka_unit_test(test_no_plugin),
      cmocka_unit_test(test_bad_input),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
