/* SPDX-License-Identifier: Apache-2.0 */
/* What every test of the C API shares: checks of a call's status and message, and short ways to make objects. */
#ifndef TESTS_SUPPORT_H
#define TESTS_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "unitensor/macros.h"
#include "unitensor/unitensor.h"

/* The buffer that the macros below look at. Every checked call is given its address. */
static uni_error error = UNI_ERROR_INIT;
static char poison; /* An output that still has this address was not written. */

static inline void check_ok(uni_status status, const char *call, const char *file, int line) {
  if (status == UNI_STATUS_OK) return;
  print_error("%s:%d: %s gave %s: %s\n", file, line, call, uni_status_string(status), error.message);
  _fail(file, line);
}

static inline void check_failure(uni_status expected, const char *text, uni_status status, const char *call,
                                 const char *file, int line) {
  const int right = status == expected && error.code == expected && strstr(error.message, text) != NULL &&
                    error.message[0] != '\0' && memchr(error.message, 0, sizeof error.message) != NULL;
  if (right) return;
  print_error("%s:%d: %s gave %s (code %d) \"%s\", expected %s and a message with \"%s\"\n", file, line, call,
              uni_status_string(status), (int)error.code, error.message, uni_status_string(expected), text);
  _fail(file, line);
}

/* The call succeeds. */
#define OK(call) check_ok((call), #call, __FILE__, __LINE__)
/* The call fails with this status, and the message contains the text. */
#define FAILS(expected, text, call) \
  (uni_error_init(&error), check_failure((expected), (text), (call), #call, __FILE__, __LINE__))
/* The same for a call that makes an object: the handle is NULL afterwards. */
#define FAILS_NULL(expected, text, handle, call) \
  do { \
    (handle) = (void *)&poison; \
    FAILS((expected), (text), (call)); \
    assert_null((handle)); \
  } while (0)

static inline uni_context *make_context(int32_t num_threads) {
  uni_context_options options = UNI_CONTEXT_OPTIONS_INIT;
  options.num_threads = num_threads;
  uni_context *context = NULL;
  OK(uni_context_create(&options, &context, &error));
  assert_non_null(context);
  return context;
}

static inline uni_tensor_desc host_desc(int32_t dtype, int32_t ndim, int64_t d0, int64_t d1, int64_t d2) {
  uni_tensor_desc desc = UNI_TENSOR_DESC_INIT;
  desc.memory = UNI_MEMORY_HOST;
  desc.dtype = dtype;
  desc.ndim = ndim;
  desc.shape[0] = d0;
  desc.shape[1] = d1;
  desc.shape[2] = d2;
  return desc;
}

static inline void *pointer_of(const uni_tensor *tensor) {
  void *data = &poison;
  OK(uni_tensor_host_pointer(tensor, &data, &error));
  return data;
}

static inline uni_tensor_info info_of(const uni_tensor *tensor) {
  uni_tensor_info info = {0};
  info.struct_size = sizeof info;
  OK(uni_tensor_get_info(tensor, &info, &error));
  return info;
}

/* A host tensor of up to two dimensions without padding; columns below 0 means one dimension. `data` may be NULL. */
static inline uni_tensor *make_tensor(uni_context *context, int32_t dtype, int64_t rows, int64_t columns,
                                      const void *data) {
  const uni_tensor_desc desc = host_desc(dtype, columns < 0 ? 1 : 2, rows, columns < 0 ? 0 : columns, 0);
  uni_tensor *tensor = NULL;
  OK(uni_tensor_create(context, &desc, &tensor, &error));
  assert_non_null(tensor);
  const size_t size = (size_t)(rows * (columns < 0 ? 1 : columns) * uni_dtype_size(dtype));
  if (size > 0 && data != NULL) memcpy(pointer_of(tensor), data, size);
  return tensor;
}

static inline uni_tensor *make_int64(uni_context *context, int64_t length, const int64_t *data) {
  return make_tensor(context, UNI_DTYPE_INT64, length, -1, data);
}

static inline uni_array array_1d(int32_t dtype, const void *data, int64_t length) {
  const uni_array array = UNI_ARRAY_1D(dtype, (void *)(uintptr_t)data, length);
  return array;
}

static inline uni_array array_2d(int32_t dtype, const void *data, int64_t rows, int64_t columns) {
  const uni_array array = UNI_ARRAY_2D(dtype, (void *)(uintptr_t)data, rows, columns);
  return array;
}

/* A small generator, so that tests draw the same numbers everywhere. */
static inline uint64_t next_random(uint64_t *state) {
  uint64_t z = (*state += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

/* Gives the struct to a call and releases what it made. */
typedef uni_status (*struct_call)(void *user_data, const void *bytes);

/* The rule for input structs: too small is refused, and what ends within a member; larger is accepted if what is beyond is
 * zero. Each size gets memory of exactly that size, so that a sanitizer sees a read beyond it. `sizes` are that of the
 * struct's first version and those at which a member ends that was added since, the last of them that of the struct. */
static inline void check_grown_struct(const void *valid, const size_t *sizes, size_t num_sizes, struct_call call,
                                      void *user_data) {
  const size_t size = sizes[num_sizes - 1];
  for (uint32_t given = 0; given <= size + 256; ++given) {
    const size_t num_bytes = given < sizeof given ? sizeof given : given;
    unsigned char *bytes = calloc(1, num_bytes);
    assert_non_null(bytes);
    memcpy(bytes, valid, num_bytes < size ? num_bytes : size);
    memcpy(bytes, &given, sizeof given);
    uni_error_init(&error);
    const uni_status status = call(user_data, bytes);
    int known = given > size;
    for (size_t i = 0; i < num_sizes; ++i) known |= given == sizes[i];
    if (!known)
      check_failure(UNI_STATUS_INVALID_ARGUMENT, given < sizes[0] ? "expected at least" : "ends within a member",
                    status, "a struct that is too small, or ends within a member", __FILE__, __LINE__);
    else
      check_ok(status, "a struct of this size or larger", __FILE__, __LINE__);
    if (given > size) {
      const size_t places[] = {size, given - 1};
      for (int i = 0; i < 2; ++i) {
        bytes[places[i]] = 1;
        uni_error_init(&error);
        check_failure(UNI_STATUS_VERSION_MISMATCH, "struct_size", call(user_data, bytes),
                      "a larger struct that is not zero beyond", __FILE__, __LINE__);
        bytes[places[i]] = 0;
      }
    }
    free(bytes);
  }
}

static inline void check_input_struct(const void *valid, size_t size, struct_call call, void *user_data) {
  check_grown_struct(valid, &size, 1, call, user_data);
}

/* The rule for output structs: too small is refused and left alone, and what ends within a member; of a larger one only what
 * is known is written, and struct_size stays. `sizes` as above. */
typedef uni_status (*struct_output)(void *user_data, void *bytes);
static inline void check_grown_output(const size_t *sizes, size_t num_sizes, struct_output call, void *user_data) {
  const size_t size = sizes[num_sizes - 1];
  for (uint32_t given = 0; given <= size + 256; ++given) {
    const size_t num_bytes = given < sizeof given ? sizeof given : given;
    unsigned char *bytes = malloc(num_bytes);
    assert_non_null(bytes);
    memset(bytes, 0xab, num_bytes);
    memcpy(bytes, &given, sizeof given);
    uni_error_init(&error);
    const uni_status status = call(user_data, bytes);
    uint32_t after;
    memcpy(&after, bytes, sizeof after);
    assert_int_equal(after, given);
    int known = given > size;
    for (size_t i = 0; i < num_sizes; ++i) known |= given == sizes[i];
    if (!known)
      check_failure(UNI_STATUS_INVALID_ARGUMENT, "struct_size", status,
                    "a struct that is too small, or ends within a member", __FILE__, __LINE__);
    else
      check_ok(status, "a struct of this size or larger", __FILE__, __LINE__);
    for (size_t i = known ? size : sizeof given; i < num_bytes; ++i) assert_int_equal(bytes[i], 0xab);
    free(bytes);
  }
}

static inline void check_output_struct(size_t size, struct_output call, void *user_data) {
  check_grown_output(&size, 1, call, user_data);
}

#endif
