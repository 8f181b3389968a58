/* SPDX-License-Identifier: Apache-2.0 */
/* Asks for memory that only a device's backend gives, so that the library looks for one, and prints what came of it. */
#include <stdio.h>
#include <sys/auxv.h>

#include <unitensor/macros.h>
#include <unitensor/unitensor.h>

int main(void) {
  uni_error error = UNI_ERROR_INIT;
  uni_context *context = NULL;
  uni_tensor *tensor = NULL;
  uni_tensor_desc desc = UNI_TENSOR_DESC_INIT;
  desc.dtype = UNI_DTYPE_FLOAT32;
  desc.memory = UNI_MEMORY_PINNED;
  desc.ndim = 1;
  desc.shape[0] = 1;
  printf("secure %lu\n", getauxval(AT_SECURE));
  uni_status status = uni_context_create(NULL, &context, &error);
  if (status == UNI_STATUS_OK) status = uni_tensor_create(context, &desc, &tensor, &error);
  printf("%s: %s\n", uni_status_string(status), error.message);
  uni_tensor_release(tensor);
  uni_context_release(context);
  return 0;
}
