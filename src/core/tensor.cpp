// SPDX-License-Identifier: Apache-2.0
#include "core/tensor.hpp"

#include <algorithm>

#include "core/open_devices.hpp"
#include "core/readable_memory.hpp"
#include "core/structs.hpp"

namespace uni::core {

Ref<Storage> Storage::allocate(Ref<uni_context> context, int32_t memory, int32_t device_id, int64_t num_bytes) {
  const MemoryChoice choice = context->choose_memory(memory);
  if (choice.backend == nullptr)
    throw Error(choice.status, "memory kind %s: %s", uni_memory_name(memory), choice.reason.c_str());
  auto storage = Ref<Storage>::take(new Storage(std::move(context)));
  choice.backend->call(choice.backend->ops().allocate, choice.memory, device_id, num_bytes, &storage->block_);
  storage->backend_ = choice.backend;
  storage->memory_ = choice.memory;
  storage->live_.enter(storage->block_.data, storage->block_.num_bytes);
  return storage;
}

Ref<Storage> Storage::adopt(Ref<uni_context> context, Backend *backend, uni_memory_block &block) {
  auto storage = Ref<Storage>::take(new Storage(std::move(context)));
  storage->backend_ = backend;
  storage->block_ = block;
  storage->memory_ = block.memory;
  block.data = nullptr;
  storage->live_.enter(storage->block_.data, storage->block_.num_bytes);
  return storage;
}

Ref<Storage> Storage::wrap(Ref<uni_context> context, int32_t memory, const ArrayView &view) {
  auto storage = Ref<Storage>::take(new Storage(std::move(context)));
  storage->memory_ = memory;
  storage->live_.enter(view.array.data, view.layout.span_bytes);
  return storage;
}

void Storage::dispose() noexcept {
  live_.leave();
  if (context_ && context_->device_if_open() != nullptr) {
    // The context must not wait for memory that waits for the context: it does what was deferred before it goes.
    const Ref<uni_context> context = std::move(context_);
    leave_to(context->device_if_open());
  } else {
    // A device of another context may use the memory. What is deferred keeps its own context only for a block of its.
    if (backend_ == nullptr) context_ = {};
    const OpenDevices::Use other;
    leave_to(other.backend());
  }
}

void Storage::leave_to(Backend *device) noexcept {
  if (device == nullptr || device->ops().defer == nullptr) {
    delete this;
    return;
  }
  if (device->ops().note_stream != nullptr)
    for (uint64_t lent = lent_to_.load(std::memory_order_relaxed); lent != 0; lent &= lent - 1) {
      uni_error ignored = UNI_ERROR_INIT;  // for example where a stream is being captured
      device->note_stream(__builtin_ctzll(lent), &ignored);
    }
  deferred_.storage = this;
  deferred_.run = [](uni_deferred *item) { delete static_cast<Deferred *>(item)->storage; };
  device->defer(&deferred_);
}

Storage::~Storage() {
  if (backend_ != nullptr) backend_->release(&block_);
  if (destroy_ != nullptr) destroy_(user_data_);
}

Ref<uni_tensor> create_tensor(uni_context *context, const uni_tensor_desc &desc) {
  if (desc.flags != 0) throw Error(UNI_STATUS_INVALID_ARGUMENT, "desc->flags is 0x%x, expected 0", desc.flags);
  const int64_t alignment = desc.row_alignment;
  if (alignment < 0 || alignment > 4096 || (alignment & (alignment - 1)) != 0)
    throw Error(UNI_STATUS_INVALID_ARGUMENT, "desc->row_alignment is %lld, expected 0 or a power of two up to 4096",
                static_cast<long long>(alignment));
  const int32_t memory = desc.memory == 0 ? UNI_MEMORY_UNIFIED : desc.memory;
  if (desc.device_id < 0 || (memory != UNI_MEMORY_DEVICE && desc.device_id != 0))
    throw Error(UNI_STATUS_INVALID_ARGUMENT, "desc->device_id is %d, expected %s", desc.device_id,
                memory == UNI_MEMORY_DEVICE ? "at least 0" : "0 for memory that is no device's");
  Layout layout = make_layout("desc", desc.dtype, desc.ndim, desc.shape, 0);
  int64_t pitch = layout.row_bytes;
  if (alignment > 1 && desc.ndim > 1) {
    if (__builtin_add_overflow(pitch, alignment - 1, &pitch))
      throw Error(UNI_STATUS_INVALID_ARGUMENT, "desc: a padded row overflows 63 bits");
    pitch &= ~(alignment - 1);
    layout = make_layout("desc", desc.dtype, desc.ndim, desc.shape, pitch);
  }
  ArrayView view = {};
  uni_array &a = view.array;
  a.struct_size = sizeof a;
  a.dtype = desc.dtype;
  a.ndim = desc.ndim;
  std::copy_n(desc.shape, desc.ndim, a.shape);
  a.row_pitch = layout.row_pitch;
  view.layout = layout;
  // Whole pitches, so that reading the padding of the last row stays inside.
  int64_t bytes = 0;
  if (layout.num_elements > 0) bytes = layout.num_rows * layout.row_pitch;
  Ref<Storage> storage = Storage::allocate(Ref<uni_context>::share(context), memory, desc.device_id, bytes);
  a.data = layout.num_elements > 0 ? storage->block().data : nullptr;
  a.device_type = storage->memory() == UNI_MEMORY_DEVICE ? UNI_DEVICE_CUDA : UNI_DEVICE_CPU;
  a.device_id = storage->memory() == UNI_MEMORY_DEVICE ? desc.device_id : 0;
  return Ref<uni_tensor>::take(new uni_tensor(std::move(storage), view, memory));
}

namespace {

Ref<uni_tensor> view_of(const uni_tensor &tensor, const ArrayView &view) {
  return Ref<uni_tensor>::take(new uni_tensor(tensor.storage(), view, tensor.requested_memory()));
}

}  // namespace

Ref<uni_tensor> wrap_tensor(uni_context *context, const ArrayView &view, int32_t memory, uni_destroy_fn destroy,
                            void *user_data) {
  if (view.array.count != nullptr)
    throw Error(UNI_STATUS_INVALID_ARGUMENT, "array->count is not NULL, expected a tensor of known size");
  if (!view.on_cpu()) context->require_device_of("array", view.array.device_id);
  // Armed once nothing can fail any more: until then the caller of this function owns the memory.
  Ref<Storage> storage = Storage::wrap(Ref<uni_context>::share(context), memory, view);
  auto tensor = Ref<uni_tensor>::take(new uni_tensor(storage, view, memory));
  storage->arm(destroy, user_data);
  return tensor;
}

namespace {

// Whatever the limit is that page-locking meets. What is wrong with the array or the device is no refusal.
bool is_refusal(uni_status status) noexcept {
  return status == UNI_STATUS_OUT_OF_MEMORY || status == UNI_STATUS_NOT_SUPPORTED || status == UNI_STATUS_BACKEND_ERROR;
}

Error unreadable_error(const Error &refusal) {
  return Error(UNI_STATUS_INVALID_ARGUMENT,
               "array has pages that cannot be read, as of a file that has become shorter; registering it said: %s",
               refusal.what());
}

}  // namespace

Ref<uni_tensor> register_tensor(uni_context *context, const ArrayView &view, uni_destroy_fn destroy, void *user_data) {
  require_no_count(view, "array");
  if (!view.on_cpu())
    throw Error(UNI_STATUS_DEVICE_MISMATCH, "array is on CUDA device %d, expected host memory", view.array.device_id);
  Backend &backend = context->require_device();
  if (backend.ops().register_memory == nullptr)
    throw Error(UNI_STATUS_NOT_SUPPORTED, "the backend %s registers no memory", backend.ops().name);
  uni_memory_block block = {};
  try {
    backend.call(backend.ops().register_memory, view.array.data, view.layout.span_bytes, &block);
  } catch (const Error &refusal) {
    if (!is_refusal(refusal.status()) || is_likely_readable(view.array.data, view.layout.span_bytes)) throw;
    throw unreadable_error(refusal);
  }
  Ref<Storage> storage;
  try {
    storage = Storage::adopt(Ref<uni_context>::share(context), &backend, block);
  } catch (...) {
    backend.release(&block);
    throw;
  }
  auto tensor = Ref<uni_tensor>::take(new uni_tensor(storage, view, UNI_MEMORY_PINNED));
  storage->arm(destroy, user_data);
  return tensor;
}

namespace {

Ref<uni_tensor> copy_in_unified_memory(uni_context *context, const ArrayView &view) {
  uni_tensor_desc desc = {};
  desc.memory = UNI_MEMORY_UNIFIED;
  desc.dtype = view.array.dtype;
  desc.ndim = view.array.ndim;
  std::copy_n(view.array.shape, UNI_MAX_NDIM, desc.shape);
  Ref<uni_tensor> copy = create_tensor(context, desc);
  copy_array_to_tensor(*copy, view, nullptr);
  copy->storage()->mark_copied();
  // What may not be written where it lies may not be written here.
  ArrayView seen = copy->view();
  seen.array.flags = view.array.flags;
  return view_of(*copy, seen);
}

}  // namespace

Ref<uni_tensor> register_or_copy_tensor(uni_context *context, const ArrayView &view, uni_destroy_fn destroy,
                                        void *user_data) {
  Ref<uni_tensor> copy;
  try {
    return register_tensor(context, view, destroy, user_data);
  } catch (const Error &refusal) {
    if (!is_refusal(refusal.status())) throw;
    if (!is_readable(view.array.data, view.layout.span_bytes)) throw unreadable_error(refusal);
    try {
      copy = copy_in_unified_memory(context, view);
    } catch (const Error &e) {
      throw Error(e.status(), "%s; and it could not be copied either: %s", refusal.what(), e.what())
          .with_native_code(e.native_code());
    }
    context->log(UNI_LOG_WARNING,
                 (std::string("an array was copied instead of registered: ") + refusal.what()).c_str());
  }
  context->statistics.registered_copies.fetch_add(1, std::memory_order_relaxed);
  context->statistics.registered_copy_bytes.fetch_add(view.layout.num_bytes, std::memory_order_relaxed);
  if (destroy != nullptr) destroy(user_data);
  return copy;
}

Ref<uni_tensor> slice_tensor(const uni_tensor &tensor, int64_t start, int64_t stop) {
  const uni_array &a = tensor.array();
  if (a.ndim == 0) throw Error(UNI_STATUS_SHAPE_MISMATCH, "tensor has 0 dimensions, expected at least 1");
  if (start < 0 || stop < start || stop > a.shape[0])
    throw Error(UNI_STATUS_OUT_OF_BOUNDS, "rows %lld to %lld, expected 0 <= start <= stop <= %lld",
                static_cast<long long>(start), static_cast<long long>(stop), static_cast<long long>(a.shape[0]));
  ArrayView view = tensor.view();
  view.array.shape[0] = stop - start;
  view.layout = make_layout("tensor", a.dtype, a.ndim, view.array.shape, a.row_pitch);
  if (view.layout.num_elements == 0)
    view.array.data = nullptr;
  else
    view.array.data = static_cast<char *>(a.data) + start * a.row_pitch;
  return view_of(tensor, view);
}

Ref<uni_tensor> reshape_tensor(const uni_tensor &tensor, int32_t ndim, const int64_t *shape) {
  const uni_array &a = tensor.array();
  Layout layout = make_layout("shape", a.dtype, ndim, shape, 0);
  if (layout.num_elements != tensor.layout().num_elements)
    throw Error(UNI_STATUS_SHAPE_MISMATCH, "shape %s has %lld elements, expected the %lld of shape %s",
                ShapeText(ndim, shape).text, static_cast<long long>(layout.num_elements),
                static_cast<long long>(tensor.layout().num_elements), ShapeText(a.ndim, a.shape).text);
  const bool padded = a.row_pitch != tensor.layout().row_bytes && tensor.layout().num_rows > 1;
  if (padded && tensor.layout().num_elements > 0) {
    if (layout.num_rows != tensor.layout().num_rows || layout.row_bytes != tensor.layout().row_bytes)
      throw Error(UNI_STATUS_SHAPE_MISMATCH,
                  "shape %s, expected %lld rows of %lld bytes, since the rows of the tensor are padded",
                  ShapeText(ndim, shape).text, static_cast<long long>(tensor.layout().num_rows),
                  static_cast<long long>(tensor.layout().row_bytes));
    layout = make_layout("shape", a.dtype, ndim, shape, a.row_pitch);
  }
  ArrayView view = tensor.view();
  view.array.ndim = ndim;
  std::fill(view.array.shape, view.array.shape + UNI_MAX_NDIM, 0);
  std::copy_n(shape, ndim, view.array.shape);
  view.array.row_pitch = layout.row_pitch;
  view.layout = layout;
  return view_of(tensor, view);
}

Ref<uni_tensor> adopt_tensor(uni_context *context, Backend *backend, uni_memory_block &block, int32_t dtype,
                             int64_t length, const int64_t *count) {
  Ref<Storage> storage = Storage::adopt(Ref<uni_context>::share(context), backend, block);
  ArrayView view = {};
  view.array.struct_size = sizeof view.array;
  view.array.dtype = dtype;
  view.array.device_type = block.memory == UNI_MEMORY_DEVICE ? UNI_DEVICE_CUDA : UNI_DEVICE_CPU;
  view.array.device_id = block.device_id;
  view.array.ndim = 1;
  view.array.count = count;
  view.array.shape[0] = length;
  view.array.data = length > 0 ? storage->block().data : nullptr;
  view.layout = make_layout("sample", dtype, 1, view.array.shape, 0);
  view.array.row_pitch = view.layout.row_pitch;
  return Ref<uni_tensor>::take(new uni_tensor(std::move(storage), view, block.memory));
}

Ref<uni_tensor> leading_entries(const uni_tensor &tensor, int64_t length) {
  ArrayView view = tensor.view();
  view.array.count = nullptr;
  view.array.shape[0] = length;
  view.layout = make_layout("sample", view.array.dtype, 1, view.array.shape, 0);
  if (length == 0) view.array.data = nullptr;
  return view_of(tensor, view);
}

uni_tensor_info describe_tensor(const uni_tensor &tensor) noexcept {
  const uni_array &a = tensor.array();
  const Layout &layout = tensor.layout();
  uni_tensor_info info = {};
  info.memory = tensor.memory();
  info.requested_memory = tensor.requested_memory();
  info.device_type = a.device_type;
  info.device_id = a.device_id;
  info.dtype = a.dtype;
  info.ndim = a.ndim;
  info.flags = a.flags | (tensor.storage()->copied() ? static_cast<uint32_t>(UNI_TENSOR_COPIED) : 0);
  info.num_elements = layout.num_elements;
  info.row_bytes = layout.row_bytes;
  info.row_pitch = layout.row_pitch;
  info.num_bytes = layout.num_bytes;
  std::copy_n(a.shape, UNI_MAX_NDIM, info.shape);
  return info;
}

void require_inherited(const uni_tensor &tensor, const char *name) {
  if (tensor.storage()->was_left_behind()) throw left_behind_error(name, tensor.memory());
}

Error left_behind_error(const char *name, int32_t memory) {
  return Error(UNI_STATUS_INVALID_STATE,
               "%s is %s memory of the process that this one was forked from, which a child cannot use", name,
               uni_memory_name(memory));
}

namespace {

// For memory of the host.
void require_read_by_device(const uni_tensor &tensor, int32_t device_id) {
  const char *const kind = uni_memory_name(tensor.memory());
  Backend *const backend = tensor.context()->device();
  if (backend == nullptr)
    throw Error(UNI_STATUS_DEVICE_MISMATCH, "tensor is %s memory, which CUDA device %d cannot read, since there is %s",
                kind, device_id, tensor.context()->why_no_device().c_str());
  char reason[sizeof(uni_memory_info::reason)] = "";
  const bool reads = backend->ops().reads_memory != nullptr
                         ? backend->reads_memory(device_id, tensor.memory(), reason, sizeof reason)
                         : tensor.memory() != UNI_MEMORY_HOST;
  if (!reads)
    throw Error(UNI_STATUS_DEVICE_MISMATCH, "tensor is %s memory, which CUDA device %d cannot read%s%s", kind,
                device_id, reason[0] != '\0' ? ": " : "", reason);
}

}  // namespace

void *device_pointer(const uni_tensor &tensor, int32_t device_id) {
  if (device_id < 0) throw Error(UNI_STATUS_INVALID_ARGUMENT, "device_id is %d, expected at least 0", device_id);
  if (tensor.storage()->was_left_behind()) throw left_behind_error("tensor", tensor.memory());
  const int32_t memory = tensor.memory();
  if (memory == UNI_MEMORY_DEVICE && tensor.array().device_id != device_id)
    throw Error(UNI_STATUS_DEVICE_MISMATCH, "tensor is memory of CUDA device %d, which CUDA device %d cannot read",
                tensor.array().device_id, device_id);
  if (memory != UNI_MEMORY_DEVICE) require_read_by_device(tensor, device_id);
  tensor.storage()->lend_to(device_id);
  return tensor.array().data;  // one address for host and device (unified virtual addressing)
}

Backend &backend_for(uni_context *context, const ArrayView &leading, const char *leading_name, const ArrayView &other,
                     const char *other_name) {
  if (!leading.on_cpu()) return context->require_device_of(leading_name, leading.array.device_id);
  if (!other.on_cpu())
    throw Error(UNI_STATUS_DEVICE_MISMATCH, "%s is on the CPU, which cannot read %s on CUDA device %d", leading_name,
                other_name, other.array.device_id);
  return context->cpu();
}

void note_stream(const uni_tensor &tensor, int32_t device_id, void *stream) {
  if (device_id < 0) throw Error(UNI_STATUS_INVALID_ARGUMENT, "device_id is %d, expected at least 0", device_id);
  Backend &backend = tensor.context()->require_device();
  if (backend.ops().note_stream != nullptr) backend.call(backend.ops().note_stream, device_id, stream, 0);
}

void wait_before_cpu_reads(uni_context *context, const ArrayView &array) {
  context->wait_for_memory(array.array.data, array.layout.span_bytes, false);
  if (array.array.count != nullptr) context->wait_for_memory(array.array.count, sizeof *array.array.count, false);
}

void wait_before_cpu_writes(uni_context *context, const ArrayView &array) {
  context->wait_for_memory(array.array.data, array.layout.span_bytes, true);
}

namespace {

// What is given for a copy of or to a tensor.
void require_like(const ArrayView &given, const char *name, const uni_tensor &tensor) {
  require_no_count(given, name);
  require_same_dtype(given, name, tensor.view(), "tensor");
  require_shape(given, name, tensor.array().ndim, tensor.array().shape);
}

void copy_array(uni_context *context, const ArrayView &destination, const char *destination_name,
                const ArrayView &source, const char *source_name, void *stream) {
  require_no_count(source, source_name);
  require_no_count(destination, destination_name);
  require_writable(destination, destination_name);
  require_no_overlap(source, source_name, destination, destination_name);
  if (source.layout.num_bytes == 0) return;
  Backend &backend = !destination.on_cpu() ? context->require_device_of(destination_name, destination.array.device_id)
                     : !source.on_cpu()    ? context->require_device_of(source_name, source.array.device_id)
                                           : context->cpu();
  const uni_rows to = destination.rows(), from = source.rows();
  if (&backend == &context->cpu()) {
    wait_before_cpu_reads(context, source);
    wait_before_cpu_writes(context, destination);
  }
  backend.call(backend.ops().copy, &to, &from, stream);
}

}  // namespace

void copy_array_to_tensor(uni_tensor &tensor, const ArrayView &source, void *stream) {
  require_inherited(tensor, "tensor");
  require_like(source, "source", tensor);
  copy_array(tensor.context(), tensor.view(), "tensor", source, "source", stream);
}

void copy_tensor_to_array(const uni_tensor &tensor, const ArrayView &destination, void *stream) {
  require_inherited(tensor, "tensor");
  require_like(destination, "destination", tensor);
  copy_array(tensor.context(), destination, "destination", tensor.view(), "tensor", stream);
}

void fill_tensor(uni_tensor &tensor, const void *value, void *stream) {
  require_inherited(tensor, "tensor");
  require_writable(tensor.view(), "tensor");
  if (tensor.layout().num_bytes == 0) return;
  const char zero[8] = {};
  Backend &backend = tensor.readable_by_cpu() ? tensor.context()->cpu() : tensor.context()->require_device();
  const uni_rows rows = tensor.rows();
  if (tensor.readable_by_cpu()) wait_before_cpu_writes(tensor.context(), tensor.view());
  backend.call(backend.ops().fill, &rows, value != nullptr ? value : static_cast<const void *>(zero),
               dtype_size(tensor.array().dtype), stream);
}

}  // namespace uni::core
