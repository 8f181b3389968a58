/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes as a .npy file. What loads is a piece of the file. */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"

static uni_tensor *load(int file) {
  char path[64];
  snprintf(path, sizeof path, "/proc/self/fd/%d", file);
  uni_error error = UNI_ERROR_INIT;
  uni_tensor *tensor = NULL;
  const uni_status status = uni_tensor_load(fuzz_context(), path, UNI_MEMORY_HOST, NULL, &tensor, &error);
  check_outcome(status, tensor, &error);
  return tensor;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size > 1 << 20) return 0;
  const int file = memfd_create("fuzz", 0);
  CHECK(file >= 0);
  CHECK(write(file, data, size) == (ssize_t)size);
  uni_tensor *tensor = load(file);
  close(file);
  if (tensor == NULL) return 0;
  uni_tensor_info info = {0};
  info.struct_size = sizeof info;
  CHECK(uni_tensor_get_info(tensor, &info, NULL) == UNI_STATUS_OK);
  CHECK(info.num_bytes >= 0 && (uint64_t)info.num_bytes <= size && info.ndim >= 0 && info.ndim <= UNI_MAX_NDIM);
  void *memory = NULL;
  CHECK(uni_tensor_host_pointer(tensor, &memory, NULL) == UNI_STATUS_OK);
  CHECK((memory == NULL) == (info.num_elements == 0));
  /* The payload is one piece of the file. */
  if (info.num_bytes > 0) CHECK(memmem(data, size, memory, (size_t)info.num_bytes) != NULL);
  uni_tensor_release(tensor);
  return 0;
}
