/* SPDX-License-Identifier: Apache-2.0 */
/* DLPack tensors of every form. Where one is accepted, its first and last byte are read, which must lie in the memory
 * that it was given. */
#include "dlpack_layout.h"
#include "fuzz.h"

static int deleted;
static void count_deletion(struct DLManagedTensorVersioned *self) {
  (void)self;
  ++deleted;
}

__extension__ typedef __int128 wide;

/* Whether everything that shape and strides reach lies in `size` bytes: said without the library, in 128 bits. */
static int lies_within(const dl_tensor *t, size_t size) {
  if (t->ndim < 0 || t->ndim > 8 || t->byte_offset > size) return 0;
  wide last = 0, packed = 1;
  for (int i = t->ndim - 1; i >= 0; --i) {
    if (t->shape[i] <= 0) return t->shape[i] == 0;
    const wide stride = t->strides != NULL ? t->strides[i] : packed;
    if (stride < 0) return 0;
    last += (t->shape[i] - 1) * stride;
    packed *= t->shape[i];
    if (last > INT64_MAX || packed > INT64_MAX) return 0;
  }
  return (last + 1) * ((t->dtype.bits + 7) / 8) + t->byte_offset <= (wide)size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static unsigned char memory[8192];
  reader r = {data, size};
  struct DLManagedTensorVersioned managed;
  memset(&managed, 0, sizeof managed);
  int64_t shape[16], strides[16];
  const uint8_t form = take_byte(&r);
  managed.version.major = form & 1 ? take_byte(&r) : 1;
  managed.version.minor = take_byte(&r);
  managed.deleter = form & 2 ? NULL : count_deletion;
  managed.flags = take_byte(&r);
  managed.tensor.device.device_type = form & 4 ? take_byte(&r) : DL_CPU;
  managed.tensor.device.device_id = form & 8 ? (int8_t)take_byte(&r) : 0;
  managed.tensor.ndim = (int8_t)take_byte(&r);
  managed.tensor.dtype.code = take_byte(&r);
  managed.tensor.dtype.bits = take_byte(&r);
  managed.tensor.dtype.lanes = form & 16 ? take_byte(&r) : 1;
  managed.tensor.byte_offset = form & 32 ? (uint64_t)take_int64(&r) : take_byte(&r);
  for (int i = 0; i < 16; ++i) {
    shape[i] = form & 64 ? take_int64(&r) : (int8_t)take_byte(&r);
    strides[i] = form & 64 ? take_int64(&r) : (int8_t)take_byte(&r);
  }
  managed.tensor.shape = take_byte(&r) == 255 ? NULL : shape;
  managed.tensor.strides = form & 128 ? strides : NULL;
  managed.tensor.data = take_byte(&r) == 255 ? NULL : memory;
  deleted = 0;
  uni_error error = UNI_ERROR_INIT;
  uni_tensor *tensor = NULL;
  uni_status status = uni_tensor_from_dlpack(fuzz_context(), &managed, &tensor, &error);
  check_outcome(status, tensor, &error);
  if (status != UNI_STATUS_OK) {
    CHECK(deleted == (status == UNI_STATUS_VERSION_MISMATCH && managed.deleter != NULL));
    return 0;
  }
  CHECK(deleted == 0 && managed.version.major == 1);
  uni_tensor_info info = {0};
  info.struct_size = sizeof info;
  CHECK(uni_tensor_get_info(tensor, &info, NULL) == UNI_STATUS_OK);
  if (lies_within(&managed.tensor, sizeof memory) && info.num_elements > 0) {
    const int64_t index[2] = {0, info.ndim > 0 ? info.shape[0] - 1 : 0};
    const uni_array borrowed = UNI_ARRAY_1D(UNI_DTYPE_INT64, (void *)(uintptr_t)index, 2);
    uni_tensor *out = NULL;
    status = uni_gather(tensor, &borrowed, NULL, NULL, &out, &error);
    check_outcome(status, out, &error);
    CHECK((out != NULL) == (info.ndim > 0));
    uni_tensor_release(out);
  }
  struct DLManagedTensorVersioned *again = NULL;
  if (uni_tensor_to_dlpack(tensor, UNI_DLPACK_DEFAULT, 0, &again, &error) == UNI_STATUS_OK) again->deleter(again);
  uni_tensor_release(tensor);
  CHECK(deleted == (managed.deleter != NULL));
  return 0;
}
