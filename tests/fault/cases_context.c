/* SPDX-License-Identifier: Apache-2.0 */
/* context.h, device.h, status.h, version.h and the names of array.h. */
#include <stdlib.h>

#include "cases.h"

static uni_status create(fixture *f) {
  uni_context_options options = UNI_CONTEXT_OPTIONS_INIT;
  options.num_threads = 4;
  return uni_context_create(&options, (uni_context **)&f->made, &f->error);
}

/* A plugin that is not there: the search and its message. */
static uni_status create_with_plugin(fixture *f) {
  uni_context_options options = UNI_CONTEXT_OPTIONS_INIT;
  options.num_threads = 1;
  options.backend_path = "/nonexistent/unitensor_none.so";
  return uni_context_create(&options, (uni_context **)&f->made, &f->error);
}

static uni_status options_init(fixture *f) {
  uni_context_options options;
  return uni_context_options_init(&options, sizeof options, &f->error);
}

static uni_status memory_info(fixture *f) {
  uni_memory_info info;
  memset(&info, 0x3c, sizeof info);
  info.struct_size = sizeof info;
  uni_memory_info before = info;
  const uni_status status = uni_context_memory_info(f->context, UNI_MEMORY_PINNED, &info, &f->error);
  if (status != UNI_STATUS_OK && memcmp(&info, &before, sizeof info) != 0) f->destroyed = -1;
  return status;
}

static int info_is_unchanged(fixture *f, uni_status status) {
  (void)status;
  return f->destroyed == 0;
}

static uni_status unified_info(fixture *f) {
  uni_memory_info info = {0};
  info.struct_size = sizeof info;
  return uni_context_memory_info(f->context, UNI_MEMORY_UNIFIED, &info, &f->error);
}

static uni_status backend_info(fixture *f) {
  uni_backend_info info;
  memset(&info, 0x3c, sizeof info);
  info.struct_size = sizeof info;
  uni_backend_info before = info;
  const uni_status status = uni_context_backend_info(f->context, UNI_DEVICE_CUDA, &info, &f->error);
  if (status != UNI_STATUS_OK && memcmp(&info, &before, sizeof info) != 0) f->destroyed = -1;
  return status;
}

static uni_status device_info(fixture *f) {
  uni_device_info info = {0};
  info.struct_size = sizeof info;
  return uni_context_device_info(f->context, UNI_DEVICE_CPU, 0, &info, &f->error);
}

static uni_status statistics(fixture *f) {
  uni_statistics out = {0};
  out.struct_size = sizeof out;
  return uni_context_statistics(f->context, &out, &f->error);
}

static uni_status check(fixture *f) { return uni_context_check(f->context, &f->error); }
static uni_status synchronize(fixture *f) { return uni_context_synchronize(f->context, &f->error); }
static uni_status trim(fixture *f) { return uni_context_trim(f->context, &f->error); }
static uni_status hold_stream(fixture *f) { return uni_context_hold_stream(f->context, 0, NULL, &f->error); }

/* There is no plugin to be found, whatever else fails. */
static uni_status follow_stream(fixture *f) { return uni_context_follow_stream(f->context, 0, NULL, &f->error); }

static uni_status reset(fixture *f) {
  uni_context_reset_statistics(f->context);
  return UNI_STATUS_OK;
}

static uni_status backend(fixture *f) { return strcmp(uni_context_backend(f->context), "cpu") == 0 ? 0 : -1; }
static uni_status threads(fixture *f) { return uni_context_num_threads(f->context) == 3 ? 0 : -1; }

static uni_status retain(fixture *f) {
  uni_context_release(uni_context_retain(f->context));
  return UNI_STATUS_OK;
}

/* The last reference, of a context whose threads have run. */
static void set_up_used(fixture *f) {
  make_tensor(f);
  uni_array index = UNI_ARRAY_1D(UNI_DTYPE_INT64, index_data, index_length);
  uni_array out = UNI_ARRAY_2D(UNI_DTYPE_INT32, rows_data, index_length, table_columns);
  need(uni_gather_into(f->tensor, &index, NULL, NULL, &out, &f->error), &f->error, "uni_gather_into");
  uni_tensor_release(f->tensor);
  f->tensor = NULL;
}

static uni_status release(fixture *f) {
  uni_context_release(f->context);
  uni_context_release(NULL);
  f->context = NULL;
  return UNI_STATUS_OK;
}

static uni_status version(fixture *f) {
  (void)f;
  return strcmp(uni_version(), UNI_VERSION_STRING) == 0 ? 0 : -1;
}
static uni_status abi_version(fixture *f) {
  (void)f;
  return uni_abi_version() == UNI_ABI_VERSION ? 0 : -1;
}
static uni_status error_init(fixture *f) {
  uni_error_init(&f->error);
  return UNI_STATUS_OK;
}
static uni_status status_string(fixture *f) {
  (void)f;
  return uni_status_string(-12345)[0] == 'U' ? 0 : -1;
}
static uni_status dtype_size(fixture *f) {
  (void)f;
  return uni_dtype_size(UNI_DTYPE_FLOAT32) == 4 ? 0 : -1;
}
static uni_status dtype_name(fixture *f) {
  (void)f;
  return strcmp(uni_dtype_name(UNI_DTYPE_FLOAT32), "float32") == 0 ? 0 : -1;
}
static uni_status memory_name(fixture *f) {
  (void)f;
  return strcmp(uni_memory_name(UNI_MEMORY_HOST), "host") == 0 ? 0 : -1;
}

static const fault_case cases[] = {
    {"uni_context_create", "", NULL, create, NULL, MADE_CONTEXT, 0},
    {"uni_context_create", "plugin", NULL, create_with_plugin, NULL, MADE_CONTEXT, CASE_ALWAYS_FAILS},
    {"uni_context_options_init", "", NULL, options_init, NULL, MADE_NOTHING, CASE_CANNOT_FAIL},
    {"uni_context_memory_info", "", make_context, memory_info, info_is_unchanged, MADE_NOTHING, 0},
    {"uni_context_memory_info", "unified", make_context, unified_info, NULL, MADE_NOTHING, 0},
    {"uni_context_backend_info", "", make_context, backend_info, info_is_unchanged, MADE_NOTHING, 0},
    {"uni_context_device_info", "", make_context, device_info, NULL, MADE_NOTHING, CASE_CANNOT_FAIL},
    {"uni_context_statistics", "", make_context, statistics, NULL, MADE_NOTHING, CASE_CANNOT_FAIL},
    {"uni_context_reset_statistics", "", make_context, reset, NULL, MADE_NOTHING, CASE_CANNOT_FAIL},
    {"uni_context_check", "", make_context, check, NULL, MADE_NOTHING, CASE_CANNOT_FAIL},
    {"uni_context_synchronize", "", make_context, synchronize, NULL, MADE_NOTHING, CASE_CANNOT_FAIL},
    {"uni_context_trim", "", set_up_used, trim, NULL, MADE_NOTHING, CASE_CANNOT_FAIL},
    {"uni_context_hold_stream", "", make_context, hold_stream, NULL, MADE_NOTHING, CASE_CANNOT_FAIL},
    {"uni_context_follow_stream", "", make_context, follow_stream, NULL, MADE_NOTHING, CASE_ALWAYS_FAILS},
    {"uni_context_backend", "", make_context, backend, NULL, MADE_NOTHING, CASE_CANNOT_FAIL},
    {"uni_context_num_threads", "", make_context, threads, NULL, MADE_NOTHING, CASE_CANNOT_FAIL},
    {"uni_context_retain", "", make_context, retain, NULL, MADE_NOTHING, CASE_CANNOT_FAIL},
    {"uni_context_release", "", set_up_used, release, NULL, MADE_NOTHING, CASE_CANNOT_FAIL | CASE_USES_UP},
    {"uni_version", "", NULL, version, NULL, MADE_NOTHING, CASE_CANNOT_FAIL},
    {"uni_abi_version", "", NULL, abi_version, NULL, MADE_NOTHING, CASE_CANNOT_FAIL},
    {"uni_error_init", "", NULL, error_init, NULL, MADE_NOTHING, CASE_CANNOT_FAIL},
    {"uni_status_string", "", NULL, status_string, NULL, MADE_NOTHING, CASE_CANNOT_FAIL},
    {"uni_dtype_size", "", NULL, dtype_size, NULL, MADE_NOTHING, CASE_CANNOT_FAIL},
    {"uni_dtype_name", "", NULL, dtype_name, NULL, MADE_NOTHING, CASE_CANNOT_FAIL},
    {"uni_memory_name", "", NULL, memory_name, NULL, MADE_NOTHING, CASE_CANNOT_FAIL},
};

case_list context_cases(void) { return (case_list){cases, sizeof cases / sizeof cases[0]}; }
