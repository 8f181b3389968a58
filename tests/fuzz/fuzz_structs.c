/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes as the structs that create things: the first byte says which. Sizes are kept honest, since no library can know
 * how much memory lies behind a pointer, and so are pointers. */
#include "fuzz.h"

/* A struct in memory of exactly the size that it says, with what follows of the input. */
static void *make_struct(reader *r, size_t known) {
  uint32_t size = take_byte(r);
  if (size >= 250) size = (uint32_t)known;
  unsigned char *bytes = calloc(1, size < sizeof size ? sizeof size : size);
  CHECK(bytes != NULL);
  if (size > sizeof size) take(r, bytes + sizeof size, size - sizeof size);
  memcpy(bytes, &size, sizeof size);
  return bytes;
}

static int has(const void *bytes, size_t size) {
  uint32_t given;
  memcpy(&given, bytes, sizeof given);
  return given >= size;
}

static void tensor_desc(reader *r) {
  uni_tensor_desc *desc = make_struct(r, sizeof *desc);
  uni_error error = UNI_ERROR_INIT;
  uni_tensor *tensor = NULL;
  /* Small enough not to exhaust the machine, and at the upper end large enough to overflow. */
  if (has(desc, sizeof *desc))
    for (int i = 0; i < 8; ++i)
      if (desc->shape[i] > 64 && desc->shape[i] < (int64_t)1 << 50) desc->shape[i] %= 64;
  uni_status status = uni_tensor_create(fuzz_context(), desc, &tensor, &error);
  check_outcome(status, tensor, &error);
  if (tensor != NULL) {
    uni_tensor_info info = {0};
    info.struct_size = sizeof info;
    CHECK(uni_tensor_get_info(tensor, &info, NULL) == UNI_STATUS_OK);
    if (info.num_bytes < 1 << 20) CHECK(uni_tensor_fill(tensor, NULL, NULL, NULL) == UNI_STATUS_OK);
    uni_tensor *view = NULL;
    const int64_t start = take_int64(r), stop = take_int64(r);
    status = uni_tensor_slice(tensor, start, stop, &view, &error);
    check_outcome(status, view, &error);
    uni_tensor_release(view);
    int64_t shape[8];
    take(r, shape, sizeof shape);
    status = uni_tensor_reshape(tensor, (int32_t)(take_byte(r) % 12) - 1, shape, &view, &error);
    check_outcome(status, view, &error);
    uni_tensor_release(view);
  }
  uni_tensor_release(tensor);
  free(desc);
}

static void context_options(reader *r) {
  uni_context_options *options = make_struct(r, sizeof *options);
  if (has(options, sizeof *options)) {
    options->backend_path = NULL;
    options->log = NULL;
  }
  uni_error error = UNI_ERROR_INIT;
  uni_context *context = NULL;
  const uni_status status = uni_context_create(options, &context, &error);
  check_outcome(status, context, &error);
  uni_context_release(context);
  free(options);
}

static int destroyed;
static void count_destroy(void *user_data) {
  (void)user_data;
  ++destroyed;
}

static void array(reader *r) {
  static unsigned char memory[4096];
  uni_array *desc = make_struct(r, sizeof *desc);
  if (has(desc, sizeof *desc)) {
    desc->data = desc->data != NULL ? memory : NULL;
    desc->count = NULL;
  }
  uni_error error = UNI_ERROR_INIT;
  uni_tensor *tensor = NULL;
  destroyed = 0;
  const uni_status status = uni_tensor_wrap(fuzz_context(), desc, count_destroy, NULL, &tensor, &error);
  check_outcome(status, tensor, &error);
  CHECK(destroyed == (status != UNI_STATUS_OK));
  uni_tensor_release(tensor);
  CHECK(destroyed == 1);
  free(desc);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  reader r = {data, size};
  switch (take_byte(&r) % 3) {
    case 0:
      tensor_desc(&r);
      break;
    case 1:
      context_options(&r);
      break;
    default:
      array(&r);
      break;
  }
  return 0;
}
