// SPDX-License-Identifier: Apache-2.0
#include "core/dlpack.hpp"

#include <algorithm>
#include <memory>

#include "core/dlpack_layout.hpp"

namespace uni::core {
namespace {

struct Dtype {
  int32_t dtype;
  uint8_t code;
  uint8_t bits;
};

constexpr Dtype dtypes[] = {
    {UNI_DTYPE_BOOL, dlpack::boolean, 8},
    {UNI_DTYPE_INT8, dlpack::signed_integer, 8},
    {UNI_DTYPE_INT16, dlpack::signed_integer, 16},
    {UNI_DTYPE_INT32, dlpack::signed_integer, 32},
    {UNI_DTYPE_INT64, dlpack::signed_integer, 64},
    {UNI_DTYPE_UINT8, dlpack::unsigned_integer, 8},
    {UNI_DTYPE_UINT16, dlpack::unsigned_integer, 16},
    {UNI_DTYPE_UINT32, dlpack::unsigned_integer, 32},
    {UNI_DTYPE_UINT64, dlpack::unsigned_integer, 64},
    {UNI_DTYPE_FLOAT16, dlpack::floating, 16},
    {UNI_DTYPE_BFLOAT16, dlpack::bfloat, 16},
    {UNI_DTYPE_FLOAT32, dlpack::floating, 32},
    {UNI_DTYPE_FLOAT64, dlpack::floating, 64},
};

// What an exported tensor lives on: the struct that consumers see, the extents it points to, and a reference.
struct Exported {
  DLManagedTensorVersioned managed = {};
  int64_t shape[UNI_MAX_NDIM] = {};
  int64_t strides[UNI_MAX_NDIM] = {};
  Ref<uni_tensor> tensor;
};

void delete_exported(DLManagedTensorVersioned *managed) { delete static_cast<Exported *>(managed->manager_ctx); }

DLDevice choose_device(const uni_tensor &tensor, int32_t device, int32_t device_id) {
  if (device != UNI_DLPACK_CUDA && device_id != 0)
    throw Error(UNI_STATUS_INVALID_ARGUMENT, "device_id is %d, expected 0 unless device is UNI_DLPACK_CUDA", device_id);
  const bool on_device = tensor.memory() == UNI_MEMORY_DEVICE;
  const DLDevice own = {dlpack::cuda, tensor.array().device_id};
  switch (device) {
    case UNI_DLPACK_DEFAULT:
      return on_device ? own : DLDevice{dlpack::cpu, 0};
    case UNI_DLPACK_CPU:
      if (on_device)
        throw Error(UNI_STATUS_DEVICE_MISMATCH,
                    "tensor is device memory, which the CPU cannot read, expected "
                    "UNI_DLPACK_CUDA or _EXACT");
      return {dlpack::cpu, 0};
    case UNI_DLPACK_CUDA:
      device_pointer(tensor, device_id);
      return {dlpack::cuda, device_id};
    case UNI_DLPACK_EXACT:
      if (on_device) return own;
      return {tensor.memory() == UNI_MEMORY_PINNED    ? dlpack::cuda_host
              : tensor.memory() == UNI_MEMORY_MANAGED ? dlpack::cuda_managed
                                                      : dlpack::cpu,
              0};
    default:
      throw Error(UNI_STATUS_INVALID_ARGUMENT, "device is %d, expected UNI_DLPACK_DEFAULT (0) to _EXACT (3)", device);
  }
}

int32_t dtype_of(const DLDataType &type) {
  if (type.lanes == 1)
    for (const Dtype &known : dtypes)
      if (known.code == type.code && known.bits == type.bits) return known.dtype;
  throw Error(UNI_STATUS_DTYPE_MISMATCH, "the DLPack type (code %u, %u bits, %u lanes) is no dtype of unitensor",
              type.code, type.bits, type.lanes);
}

// The distance between rows in bytes. Throws unless everything below the first dimension is contiguous.
int64_t row_pitch_of(const DLTensor &tensor, const Layout &packed, int32_t dtype) {
  if (tensor.strides == nullptr || packed.num_elements == 0) return 0;
  int64_t expected = 1;
  for (int32_t i = tensor.ndim - 1; i > 0; --i) {
    // The stride of an extent of 1 is never used, and producers write anything there.
    if (tensor.shape[i] != 1 && tensor.strides[i] != expected)
      throw Error(UNI_STATUS_INVALID_ARGUMENT,
                  "the DLPack tensor has stride %lld in dimension %d, expected %lld: rows must be contiguous",
                  static_cast<long long>(tensor.strides[i]), i, static_cast<long long>(expected));
    expected *= tensor.shape[i];
  }
  if (tensor.ndim == 0 || tensor.shape[0] == 1) return 0;
  int64_t pitch = 0;
  if (tensor.strides[0] < expected || __builtin_mul_overflow(tensor.strides[0], dtype_size(dtype), &pitch) ||
      (tensor.ndim == 1 && tensor.strides[0] != 1))
    throw Error(UNI_STATUS_INVALID_ARGUMENT, "the DLPack tensor has stride %lld in dimension 0, expected %s%lld",
                static_cast<long long>(tensor.strides[0]), tensor.ndim == 1 ? "" : "at least ",
                static_cast<long long>(expected));
  return pitch;
}

}  // namespace

DLManagedTensorVersioned *to_dlpack(const uni_tensor &tensor, int32_t device, int32_t device_id) {
  const uni_array &a = tensor.array();
  require_inherited(tensor, "tensor");
  const DLDevice target = choose_device(tensor, device, device_id);
  const int64_t item = dtype_size(a.dtype);
  if (tensor.layout().row_pitch % item != 0)
    throw Error(UNI_STATUS_INVALID_ARGUMENT, "row_pitch is %lld, expected a multiple of the %lld bytes of an element",
                static_cast<long long>(tensor.layout().row_pitch), static_cast<long long>(item));
  auto exported = std::make_unique<Exported>();
  std::copy_n(a.shape, a.ndim, exported->shape);
  int64_t stride = 1;
  for (int32_t i = a.ndim - 1; i >= 0; --i) {
    exported->strides[i] = i == 0 && a.ndim > 1 ? tensor.layout().row_pitch / item : stride;
    stride *= std::max<int64_t>(a.shape[i], 1);
  }
  exported->tensor = Ref<uni_tensor>::share(const_cast<uni_tensor *>(&tensor));
  if (target.device_type != dlpack::cpu) tensor.storage()->lend_to(target.device_id);
  DLManagedTensorVersioned &managed = exported->managed;
  managed.version = {dlpack::major_version, dlpack::minor_version};
  managed.manager_ctx = exported.get();
  managed.deleter = delete_exported;
  managed.flags = (a.flags & UNI_ARRAY_READ_ONLY) != 0 ? dlpack::read_only : 0;
  managed.dl_tensor.data = a.data;
  managed.dl_tensor.device = target;
  managed.dl_tensor.ndim = a.ndim;
  for (const Dtype &known : dtypes)
    if (known.dtype == a.dtype) managed.dl_tensor.dtype = {known.code, known.bits, 1};
  managed.dl_tensor.shape = exported->shape;
  managed.dl_tensor.strides = exported->strides;
  return &exported.release()->managed;
}

Ref<uni_tensor> from_dlpack(uni_context *context, DLManagedTensorVersioned *managed) {
  const DLPackVersion version = managed->version;
  if (version.major != dlpack::major_version) {
    // The one member besides the version that every major version has in its place.
    if (managed->deleter != nullptr) managed->deleter(managed);
    throw Error(UNI_STATUS_VERSION_MISMATCH, "the DLPack tensor has version %u.%u, expected %u.x", version.major,
                version.minor, dlpack::major_version);
  }
  const DLTensor &source = managed->dl_tensor;
  ArrayView view = {};
  uni_array &a = view.array;
  a.struct_size = sizeof a;
  a.dtype = dtype_of(source.dtype);
  a.ndim = source.ndim;
  if (source.ndim < 0 || source.ndim > UNI_MAX_NDIM)
    throw Error(UNI_STATUS_SHAPE_MISMATCH, "the DLPack tensor has %d dimensions, expected 0 to %d", source.ndim,
                UNI_MAX_NDIM);
  if (source.ndim > 0 && source.shape == nullptr)
    throw Error(UNI_STATUS_INVALID_ARGUMENT, "the DLPack tensor has %d dimensions and no shape", source.ndim);
  std::copy_n(source.shape, source.ndim, a.shape);
  int32_t memory = 0;
  switch (source.device.device_type) {
    case dlpack::cpu:
      memory = UNI_MEMORY_HOST;
      break;
    case dlpack::cuda_host:
      memory = UNI_MEMORY_PINNED;
      break;
    case dlpack::cuda_managed:
      memory = UNI_MEMORY_MANAGED;
      break;
    case dlpack::cuda:
      memory = UNI_MEMORY_DEVICE;
      break;
    default:
      throw Error(UNI_STATUS_DEVICE_MISMATCH, "the DLPack tensor is on device type %d, expected the CPU or CUDA",
                  source.device.device_type);
  }
  a.device_type = memory == UNI_MEMORY_DEVICE ? UNI_DEVICE_CUDA : UNI_DEVICE_CPU;
  a.device_id = memory == UNI_MEMORY_DEVICE ? source.device.device_id : 0;
  a.flags = (managed->flags & dlpack::read_only) != 0 ? static_cast<uint32_t>(UNI_ARRAY_READ_ONLY) : 0;
  const Layout packed = make_layout("the DLPack tensor", a.dtype, a.ndim, a.shape, 0);
  a.row_pitch = row_pitch_of(source, packed, a.dtype);
  if (packed.num_elements > 0) {
    if (source.data == nullptr)
      throw Error(UNI_STATUS_INVALID_ARGUMENT, "the DLPack tensor has no data, expected shape %s",
                  ShapeText(a.ndim, a.shape).text);
    uintptr_t begin = 0;
    if (__builtin_add_overflow(reinterpret_cast<uintptr_t>(source.data), source.byte_offset, &begin))
      throw Error(UNI_STATUS_INVALID_ARGUMENT,
                  "the DLPack tensor has byte_offset %llu, which passes the end of the "
                  "address space",
                  static_cast<unsigned long long>(source.byte_offset));
    a.data = reinterpret_cast<void *>(begin);
  }
  return wrap_tensor(
      context, read_array(&a, "the DLPack tensor"), memory,
      [](void *user_data) {
        auto *owned = static_cast<DLManagedTensorVersioned *>(user_data);
        if (owned->deleter != nullptr) owned->deleter(owned);
      },
      managed);
}

}  // namespace uni::core
