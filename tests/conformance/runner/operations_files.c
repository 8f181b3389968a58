/* SPDX-License-Identifier: Apache-2.0 */
/* .npy files and DLPack tensors. */
#define _GNU_SOURCE
#include <unistd.h>

#include "dlpack_layout.h"
#include "runner.h"

enum { path_size = 256 };

/* A new empty file, named in `path`. */
static void make_file(char *path) {
  const char *folder = getenv("TMPDIR");
  snprintf(path, path_size, "%s/unitensor-conformance-XXXXXX", folder != NULL && *folder != '\0' ? folder : "/tmp");
  const int descriptor = mkstemp(path);
  if (descriptor < 0) fail_msg("no file %s can be made", path);
  close(descriptor);
}

void run_npy_load(uni_context *context, const cJSON *test) {
  allow_members(test, "name operation file expect ");
  const cJSON *expect = member(test, "expect");
  allow_members(expect, "status message tensor ");
  int64_t num_bytes = 0;
  unsigned char *bytes = bytes_of_hex(member(test, "file"), &num_bytes);
  char path[path_size];
  make_file(path);
  FILE *file = fopen(path, "wb");
  assert_non_null(file);
  assert_int_equal(fwrite(bytes, 1, (size_t)num_bytes, file), num_bytes);
  assert_int_equal(fclose(file), 0);
  uni_tensor *tensor = NULL;
  uni_error error = UNI_ERROR_INIT;
  const uni_status status = uni_tensor_load(context, path, UNI_MEMORY_HOST, NULL, &tensor, &error);
  unlink(path);
  if (check_status(test, status, &error))
    check_tensor("tensor", member(expect, "tensor"), tensor);
  else
    assert_null(tensor);
  uni_tensor_release(tensor);
  free(bytes);
}

void run_npy_save(uni_context *context, const cJSON *test) {
  allow_members(test, "name operation tensor expect ");
  const cJSON *expect = member(test, "expect");
  allow_members(expect, "status message file ");
  /* Files are written from memory that the CPU reads. */
  const int32_t memory = memory_under_test;
  if (memory == UNI_MEMORY_DEVICE) memory_under_test = UNI_MEMORY_PINNED;
  uni_tensor *tensor = tensor_of(context, member(test, "tensor"), 0);
  memory_under_test = memory;
  char path[path_size];
  make_file(path);
  uni_error error = UNI_ERROR_INIT;
  const uni_status status = uni_tensor_save(tensor, path, &error);
  static unsigned char written[1 << 16];
  FILE *file = fopen(path, "rb");
  assert_non_null(file);
  const size_t size = fread(written, 1, sizeof written, file);
  fclose(file);
  unlink(path);
  if (check_status(test, status, &error)) {
    int64_t num_bytes = 0;
    unsigned char *bytes = bytes_of_hex(member(expect, "file"), &num_bytes);
    assert_int_equal(size, num_bytes);
    assert_memory_equal(written, bytes, size);
    free(bytes);
  } else {
    assert_int_equal(size, 0); /* What was there is left. */
  }
  uni_tensor_release(tensor);
}

static void count_delete(struct DLManagedTensorVersioned *self) { ++*(int *)self->manager_ctx; }

void run_dlpack_import(uni_context *context, const cJSON *test) {
  enum { most_dimensions = 16 };
  allow_members(test, "name operation version device_type code bits lanes shape strides byte_offset data expect ");
  const cJSON *expect = member(test, "expect");
  allow_members(expect, "status message tensor ");
  int64_t num_bytes = 0, version[2] = {0, 0}, shape[most_dimensions], strides[most_dimensions];
  unsigned char *bytes = bytes_of_hex(member(test, "data"), &num_bytes);
  /* DLPack asks for memory that begins at a multiple of 256 bytes. */
  void *data = NULL;
  assert_int_equal(posix_memalign(&data, 256, (size_t)num_bytes), 0);
  memcpy(data, bytes, (size_t)num_bytes);
  free(bytes);
  int deleted = 0;
  struct DLManagedTensorVersioned managed = {.manager_ctx = &deleted, .deleter = count_delete};
  assert_int_equal(integers_member(test, "version", version, 2), 2);
  managed.version.major = (uint32_t)version[0];
  managed.version.minor = (uint32_t)version[1];
  managed.tensor.data = data;
  managed.tensor.device.device_type = (int32_t)integer_member(test, "device_type");
  managed.tensor.dtype.code = (uint8_t)integer_member(test, "code");
  managed.tensor.dtype.bits = (uint8_t)integer_member(test, "bits");
  managed.tensor.dtype.lanes = (uint16_t)integer_member(test, "lanes");
  managed.tensor.ndim = integers_member(test, "shape", shape, most_dimensions);
  managed.tensor.shape = shape;
  if (!cJSON_IsNull(member(test, "strides"))) {
    assert_int_equal(integers_member(test, "strides", strides, most_dimensions), managed.tensor.ndim);
    managed.tensor.strides = strides;
  }
  managed.tensor.byte_offset = (uint64_t)integer_member(test, "byte_offset");
  uni_tensor *tensor = NULL;
  uni_error error = UNI_ERROR_INIT;
  const uni_status status = uni_tensor_from_dlpack(context, &managed, &tensor, &error);
  if (check_status(test, status, &error)) {
    check_tensor("tensor", member(expect, "tensor"), tensor);
    assert_int_equal(deleted, 0);
    uni_tensor_release(tensor);
    assert_int_equal(deleted, 1);
  } else {
    assert_null(tensor);
    /* One of another major version is deleted; any other still belongs to the caller. */
    assert_int_equal(deleted, status == UNI_STATUS_VERSION_MISMATCH);
  }
  free(data);
}
