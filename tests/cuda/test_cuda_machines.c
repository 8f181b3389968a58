/* SPDX-License-Identifier: Apache-2.0 */
/* Machines without a device that can be used, or with several: what a user is told, and that the CPU goes on. */
#define _GNU_SOURCE
#include "cuda_support.h"

#include <unistd.h>

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

/* A machine on which unified memory would be managed, and a user who knows better. */
static void test_unified_memory_as_the_environment_says(void **state) {
  (void)state;
  const struct {
    const char *wish;
    int32_t resolved;
  } wishes[] = {{"managed", UNI_MEMORY_MANAGED}, {"pinned", UNI_MEMORY_PINNED}, {"host", UNI_MEMORY_HOST}};
  for (size_t i = 0; i < sizeof wishes / sizeof *wishes; ++i) {
    fake_reset();
    assert_int_equal(setenv("UNITENSOR_UNIFIED", wishes[i].wish, 1), 0);
    uni_context *context = make_cuda_context();
    uni_memory_info info = {.struct_size = sizeof info};
    OK(uni_context_memory_info(context, UNI_MEMORY_UNIFIED, &info, &error));
    assert_int_equal(info.resolved, wishes[i].resolved);
    assert_non_null(strstr(info.reason, "UNITENSOR_UNIFIED asks for it: "));
    uni_tensor *tensor = make_in(context, UNI_MEMORY_UNIFIED, UNI_DTYPE_FLOAT32, 4, 2, table);
    uni_tensor_info made = {.struct_size = sizeof made};
    OK(uni_tensor_get_info(tensor, &made, &error));
    assert_int_equal(made.memory, wishes[i].resolved);
    assert_int_equal(made.requested_memory, UNI_MEMORY_UNIFIED);
    assert_int_equal(counts_now().managed_blocks, wishes[i].resolved == UNI_MEMORY_MANAGED);
    uni_tensor_release(tensor);
    uni_context_release(context);
    check_nothing_left();
  }
  fake_reset();
  uni_context *context = make_cuda_context();
  uni_tensor *tensor = NULL;
  assert_int_equal(setenv("UNITENSOR_UNIFIED", "device", 1), 0);
  FAILS_NULL(UNI_STATUS_INVALID_ARGUMENT, "UNITENSOR_UNIFIED is \"device\", expected managed, pinned or host", tensor,
             create_in(context, UNI_MEMORY_UNIFIED, UNI_DTYPE_FLOAT32, 4, 2, &tensor));
  /* What the machine cannot give is refused, and not replaced by something else. */
  uni_context_release(context);
  fake_set_machine(1, 13000, 0);
  context = make_cuda_context();
  assert_int_equal(setenv("UNITENSOR_UNIFIED", "managed", 1), 0);
  FAILS_NULL(UNI_STATUS_NOT_SUPPORTED, "managed", tensor,
             create_in(context, UNI_MEMORY_UNIFIED, UNI_DTYPE_FLOAT32, 4, 2, &tensor));
  unsetenv("UNITENSOR_UNIFIED");
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

static uni_backend_info backend_of(uni_context *context, int32_t device_type) {
  uni_backend_info info = {.struct_size = sizeof info};
  OK(uni_context_backend_info(context, device_type, &info, &error));
  return info;
}

static void test_backends_and_devices_are_described(void **state) {
  (void)state;
  fake_reset();
  fake_set_machine(2, 13010, 1);
  uni_context *context = make_cuda_context();
  uni_backend_info backend = backend_of(context, UNI_DEVICE_CUDA);
  assert_int_equal(backend.device_type, UNI_DEVICE_CUDA);
  assert_int_equal(backend.available, 1);
  assert_int_equal(backend.num_devices, 2);
  assert_int_equal(backend.toolkit_version, 13000);
  assert_int_equal(backend.least_driver_version, 13000);
  assert_int_equal(backend.driver_version, 13010);
  assert_string_equal(backend.name, "cuda");
  assert_string_equal(backend.path, CUDA_EMULATED);
  assert_string_equal(backend.reason, "");
  const int64_t launches = counts_now().launches;
  for (int32_t device_id = 0; device_id < 2; ++device_id) {
    uni_device_info device = {.struct_size = sizeof device};
    OK(uni_context_device_info(context, UNI_DEVICE_CUDA, device_id, &device, &error));
    assert_int_equal(device.struct_size, sizeof device);
    assert_int_equal(device.device_type, UNI_DEVICE_CUDA);
    assert_int_equal(device.device_id, device_id);
    assert_int_equal(device.flags, UNI_DEVICE_MANAGED_MEMORY);
    assert_int_equal(device.compute_major, 9);
    assert_int_equal(device.compute_minor, 0);
    assert_int_equal(device.num_processors, 4);
    assert_int_equal(device.total_bytes, INT64_C(1) << 30);
    assert_string_equal(device.name, "emulated device");
    assert_string_equal(device.pci_address, "0000:17:00.0");
  }
  for (int32_t device_id = -1; device_id < 3; device_id += 3) {
    uni_device_info device = {.struct_size = sizeof device, .total_bytes = 77};
    FAILS(UNI_STATUS_DEVICE_MISMATCH, "expected 0 to 1",
          uni_context_device_info(context, UNI_DEVICE_CUDA, device_id, &device, &error));
    assert_int_equal(device.total_bytes, 77);
  }
  assert_int_equal(counts_now().launches, launches);
  /* The CPU is the library's own beside a plugin for devices. */
  backend = backend_of(context, UNI_DEVICE_CPU);
  assert_string_equal(backend.name, "cpu");
  assert_string_equal(backend.path, "");
  uni_context_release(context);
  check_nothing_left();
}

/* A plugin without a device still says what it was built with and what it needs. */
static void test_a_plugin_without_a_device_is_described(void **state) {
  (void)state;
  fake_reset();
  fake_set_machine(1, 12040, 1);
  char folder[] = "/tmp/unitensor-backend-XXXXXX", file[128];
  assert_non_null(mkdtemp(folder));
  snprintf(file, sizeof file, "%s/unitensor_cuda.so", folder);
  assert_int_equal(symlink(CUDA_EMULATED, file), 0);
  assert_int_equal(setenv("UNITENSOR_BACKEND_DIR", folder, 1), 0);
  uni_context *context = NULL;
  OK(uni_context_create(NULL, &context, &error));
  const uni_backend_info backend = backend_of(context, UNI_DEVICE_CUDA);
  unsetenv("UNITENSOR_BACKEND_DIR");
  unlink(file);
  rmdir(folder);
  assert_int_equal(backend.available, 0);
  assert_int_equal(backend.num_devices, 0);
  assert_int_equal(backend.toolkit_version, 13000);
  assert_int_equal(backend.least_driver_version, 13000);
  assert_int_equal(backend.driver_version, 12040);
  assert_string_equal(backend.name, "cuda");
  assert_string_equal(backend.path, file);
  assert_non_null(strstr(backend.reason, "driver is for CUDA 12.4"));
  uni_device_info device = {.struct_size = sizeof device};
  FAILS(UNI_STATUS_BACKEND_UNAVAILABLE, "driver is for CUDA 12.4",
        uni_context_device_info(context, UNI_DEVICE_CUDA, 0, &device, &error));
  uni_context_release(context);
  check_nothing_left();
}

static void test_a_stream_of_another_device(void **state) {
  (void)state;
  fake_reset();
  fake_set_machine(2, 13000, 1);
  uni_context *context = make_cuda_context();
  fake_set_device(1);
  void *const stream = fake_create_stream();
  fake_set_device(0);
  const int64_t picks[1] = {3};
  uni_tensor *source = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_FLOAT32, 4, 2, table);
  uni_tensor *index = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, 1, -1, picks), *out = NULL;
  OK(create_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_FLOAT32, 1, 2, &out));
  FAILS(UNI_STATUS_BACKEND_ERROR, "(400, ",
        uni_gather_into(source, uni_tensor_array(index), NULL, stream, uni_tensor_array(out), &error));
  assert_non_null(strstr(error.message, "the stream may be another device's"));
  assert_non_null(strstr(error.message, "pass one of the device that computes"));
  OK(uni_gather_into(source, uni_tensor_array(index), NULL, NULL, uni_tensor_array(out), &error));
  float row[2];
  read_back(out, row);
  assert_memory_equal(row, table[3], sizeof row);
  uni_tensor_release(out);
  uni_tensor_release(index);
  uni_tensor_release(source);
  fake_destroy_stream(stream);
  uni_context_release(context);
  check_nothing_left();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_machines_without_a_device),
      cmocka_unit_test(test_unified_memory_as_the_environment_says),
      cmocka_unit_test(test_machines_that_fail),
      cmocka_unit_test(test_backends_and_devices_are_described),
      cmocka_unit_test(test_a_plugin_without_a_device_is_described),
      cmocka_unit_test(test_a_stream_of_another_device),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
