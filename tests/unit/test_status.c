/* SPDX-License-Identifier: Apache-2.0 */
/* status.h and version.h. */
#include "support.h"

static void test_names_of_statuses(void **state) {
  (void)state;
  static const struct {
    uni_status status;
    const char *name;
  } table[] = {
      {0, "UNI_STATUS_OK"},
      {-1, "UNI_STATUS_INVALID_ARGUMENT"},
      {-2, "UNI_STATUS_DTYPE_MISMATCH"},
      {-3, "UNI_STATUS_SHAPE_MISMATCH"},
      {-4, "UNI_STATUS_DEVICE_MISMATCH"},
      {-5, "UNI_STATUS_OUT_OF_BOUNDS"},
      {-6, "UNI_STATUS_INVALID_STATE"},
      {-10, "UNI_STATUS_OUT_OF_MEMORY"},
      {-20, "UNI_STATUS_NOT_SUPPORTED"},
      {-21, "UNI_STATUS_BACKEND_UNAVAILABLE"},
      {-22, "UNI_STATUS_BACKEND_ERROR"},
      {-23, "UNI_STATUS_DEVICE_LOST"},
      {-30, "UNI_STATUS_VERSION_MISMATCH"},
      {-40, "UNI_STATUS_IO_ERROR"},
      {-41, "UNI_STATUS_FORMAT_ERROR"},
      {-50, "UNI_STATUS_CALLBACK"},
      {-100, "UNI_STATUS_INTERNAL"},
  };
  for (int32_t status = -1000; status <= 1000; ++status) {
    const char *expected = "UNI_STATUS_UNKNOWN";
    for (size_t i = 0; i < sizeof table / sizeof table[0]; ++i)
      if (table[i].status == status) expected = table[i].name;
    assert_string_equal(uni_status_string(status), expected);
  }
  assert_string_equal(uni_status_string(INT32_MIN), "UNI_STATUS_UNKNOWN");
  assert_string_equal(uni_status_string(INT32_MAX), "UNI_STATUS_UNKNOWN");
}

static void test_error_init(void **state) {
  (void)state;
  uni_error made;
  memset(&made, 0x5a, sizeof made);
  uni_error_init(&made);
  const uni_error expected = UNI_ERROR_INIT;
  assert_int_equal(made.struct_size, sizeof(uni_error));
  assert_int_equal(made.code, expected.code);
  assert_int_equal(made.native_code, 0);
  assert_string_equal(made.message, "");
  uni_error_init(NULL);
}

static void test_error_layout(void **state) {
  (void)state;
  assert_int_equal(UNI_ERROR_MESSAGE_SIZE, sizeof error.message);
  assert_int_equal(sizeof(uni_error), 16 + UNI_ERROR_MESSAGE_SIZE);
}

static void test_success_leaves_the_error_alone(void **state) {
  (void)state;
  uni_error kept = UNI_ERROR_INIT;
  kept.code = -77;
  kept.native_code = 5;
  strcpy(kept.message, "before");
  uni_context *context = NULL;
  assert_int_equal(uni_context_create(NULL, &context, &kept), UNI_STATUS_OK);
  assert_int_equal(kept.code, -77);
  assert_int_equal(kept.native_code, 5);
  assert_string_equal(kept.message, "before");
  uni_context_release(context);
}

static void test_failure_replaces_the_error(void **state) {
  (void)state;
  uni_error kept = UNI_ERROR_INIT;
  kept.code = -77;
  kept.native_code = 5;
  memset(kept.message, 'x', sizeof kept.message);
  assert_int_equal(uni_context_create(NULL, NULL, &kept), UNI_STATUS_INVALID_ARGUMENT);
  assert_int_equal(kept.code, UNI_STATUS_INVALID_ARGUMENT);
  assert_int_equal(kept.native_code, 0);
  assert_non_null(strstr(kept.message, "context"));
  assert_int_equal(uni_context_create(NULL, NULL, NULL), UNI_STATUS_INVALID_ARGUMENT);
}

/* A very long argument is cut to fit and still ends in NUL. */
static void test_long_messages_are_cut(void **state) {
  (void)state;
  uni_context *context = make_context(1);
  char path[4000];
  memset(path, 'd', sizeof path);
  path[0] = '/';
  path[sizeof path - 1] = '\0';
  struct {
    uni_error error;
    char guard[64];
  } buffer;
  memset(&buffer, 0x33, sizeof buffer);
  uni_error_init(&buffer.error);
  uni_tensor *tensor = (void *)&poison;
  assert_int_equal(uni_tensor_load(context, path, UNI_MEMORY_HOST, NULL, &tensor, &buffer.error), UNI_STATUS_IO_ERROR);
  assert_null(tensor);
  assert_true(strlen(buffer.error.message) < sizeof buffer.error.message);
  for (size_t i = 0; i < sizeof buffer.guard; ++i) assert_int_equal(buffer.guard[i], 0x33);
  uni_context_release(context);
}

static void test_version(void **state) {
  (void)state;
  char text[32];
  snprintf(text, sizeof text, "%d.%d.%d", UNI_VERSION_MAJOR, UNI_VERSION_MINOR, UNI_VERSION_PATCH);
  assert_string_equal(uni_version(), UNI_VERSION_STRING);
  assert_string_equal(uni_version(), text);
  assert_int_equal(uni_abi_version(), UNI_ABI_VERSION);
  assert_int_equal(uni_abi_version() >> 16, UNI_ABI_MAJOR);
  assert_int_equal(uni_abi_version() & 0xffff, UNI_ABI_MINOR);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_names_of_statuses),
      cmocka_unit_test(test_error_init),
      cmocka_unit_test(test_error_layout),
      cmocka_unit_test(test_success_leaves_the_error_alone),
      cmocka_unit_test(test_failure_replaces_the_error),
      cmocka_unit_test(test_long_messages_are_cut),
      cmocka_unit_test(test_version),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
