// SPDX-License-Identifier: Apache-2.0
#include "backend.hpp"

#include <cstdlib>
#include <cstring>
#include <memory>

namespace uni::cuda {
namespace {

MachineReport look_at_machine(const Api &api) {
  MachineReport machine;
  // What the toolkit's stub of libcuda.so.1 answers is an error, which says more than that there is no version.
  machine.driver_result = api.driver_version(&machine.driver_version);
  api.runtime_version(&machine.runtime_version);
  if (const char *visible = std::getenv("CUDA_VISIBLE_DEVICES"); visible != nullptr) {
    machine.visible_devices_set = true;
    machine.visible_devices_empty = visible[0] == '\0' || std::strcmp(visible, "-1") == 0;
  }
  machine.has_device_nodes = api.has_device_nodes();
  if (machine.driver_result != kSuccess) {
    api.take_last_error();
    machine.driver_error = api.error_text(machine.driver_result);
    return machine;
  }
  int32_t count = 0;
  machine.count_result = api.device_count(&count);
  if (machine.count_result != kSuccess) {
    api.take_last_error();
    machine.count_error = api.error_text(machine.count_result);
    return machine;
  }
  Process::note_use();
  machine.devices.resize(static_cast<size_t>(count));
  for (int32_t i = 0; i < count; ++i) {
    const Result result = api.device_report(i, &machine.devices[static_cast<size_t>(i)]);
    if (result == kSuccess) continue;
    api.take_last_error();
    throw Error(UNI_STATUS_BACKEND_UNAVAILABLE, "device %d says nothing of itself: %s (%d)", i, api.error_text(result),
                result)
        .with_native_code(result);
  }
  return machine;
}

MachineReport look_for_devices(const Api &api) {
  MachineReport machine = look_at_machine(api);
  if (const std::string why = why_no_device(machine); !why.empty())
    throw Error(UNI_STATUS_BACKEND_UNAVAILABLE, "%s", why.c_str()).with_native_code(machine.count_result);
  return machine;
}

}  // namespace

Backend::Backend(const Api &api, const uni_backend_config &config)
    : process_(Process::join(api)),
      machine_((process_->calls.require_usable(), look_for_devices(api))),
      nodes_(choose_nodes(read_numa_report("/sys", machine_.devices))),
      host_placement_{config.num_threads, nodes_.nodes, {}},
      timeline_(process_->operations, process_->captured, config.count_out_of_bounds, config.user_data),
      keep_(config.keep) {}

const DeviceReport &Backend::device(int32_t device_id) const {
  const int32_t count = static_cast<int32_t>(machine_.devices.size());
  if (device_id < 0 || device_id >= count)
    throw Error(UNI_STATUS_DEVICE_MISMATCH, "there is no CUDA device %d, expected 0 to %d", device_id, count - 1);
  return machine_.devices[static_cast<size_t>(device_id)];
}

PointerKind Backend::require_readable(const void *data, int64_t num_bytes, OperandName name, int32_t device_id) {
  if (data == nullptr) return PointerKind::kDevice;
  PointerReport report = {};
  if (const Result result = api().pointer_report(data, &report); result != kSuccess)
    calls().require(result, "cudaPointerGetAttributes(%s)", name.text().c_str());
  const bool reads_all_of_the_host = reads_pageable_memory(device(device_id));
  if (report.kind == PointerKind::kUnregistered && !reads_all_of_the_host)
    throw Error(UNI_STATUS_DEVICE_MISMATCH,
                "%s is in host memory that CUDA device %d cannot read, expected unified, managed, pinned or device "
                "memory",
                name.text().c_str(), device_id);
  if (report.kind == PointerKind::kDevice && report.device_id != device_id)
    throw Error(UNI_STATUS_DEVICE_MISMATCH, "%s is in the memory of CUDA device %d, expected device %d",
                name.text().c_str(), report.device_id, device_id);
  const auto begin = reinterpret_cast<uintptr_t>(data), last = begin + static_cast<uintptr_t>(num_bytes) - 1;
  // CUDA knows memory by pages, and does not tell how many follow. A kernel that reaches past what it knows ends the
  // context, so the other end is asked about where it lies in another page, and where there is memory that is not read.
  if (num_bytes <= 0 || begin / kLeastPageBytes == last / kLeastPageBytes) return report.kind;
  if (report.kind != PointerKind::kDevice && reads_all_of_the_host) return report.kind;
  PointerReport end = {};
  const Result result = api().pointer_report(static_cast<const char *>(data) + num_bytes - 1, &end);
  if (result != kSuccess) calls().require(result, "cudaPointerGetAttributes(the end of %s)", name.text().c_str());
  if (end.kind == PointerKind::kUnregistered ||
      (end.kind == PointerKind::kDevice) != (report.kind == PointerKind::kDevice))
    throw Error(UNI_STATUS_DEVICE_MISMATCH,
                "%s spans %lld bytes, and ends in memory that CUDA device %d cannot read: its start lies in a smaller "
                "piece of %s memory",
                name.text().c_str(), static_cast<long long>(num_bytes), device_id,
                report.kind == PointerKind::kDevice    ? "device"
                : report.kind == PointerKind::kManaged ? "managed"
                                                       : "page-locked");
  return report.kind;
}

PointerKind Backend::require_readable(const uni_rows &rows, OperandName name, int32_t device_id) {
  return require_readable(rows.data, span_of(rows), name, device_id);
}

void Backend::require_count(const int64_t *count, int32_t device_id) {
  require_readable(count, sizeof *count, "the count of the index", device_id);
  if (reinterpret_cast<uintptr_t>(count) % sizeof *count != 0)
    throw Error(UNI_STATUS_INVALID_ARGUMENT, "the count of the index is not aligned to its size");
}

std::string Backend::where_on_the_host(int32_t memory) const {
  const bool placed = memory == UNI_MEMORY_PINNED || memory == UNI_MEMORY_MANAGED;
  return placed && !nodes_.reason.empty() ? "; " + nodes_.reason : "";
}

void *Backend::allocate_device(int32_t device_id, int64_t num_bytes, Stream stream) {
  void *data = nullptr;
  Result result = api().allocate_device(&data, num_bytes, stream);
  if (result == result::kOutOfMemory) {
    // What was released and is still in use may be what is missing.
    calls().absorb(result);
    finish_releases(device_id);
    result = api().allocate_device(&data, num_bytes, stream);
  }
  if (result == kSuccess) return data;
  int64_t free_bytes = 0, total_bytes = 0;
  calls().absorb(api().memory_info(&free_bytes, &total_bytes));
  calls().require(result, "cudaMallocAsync(%lld bytes; device %d has %lld of %lld free)",
                  static_cast<long long>(num_bytes), device_id, static_cast<long long>(free_bytes),
                  static_cast<long long>(total_bytes));
  return data;
}

void require_aligned(const uni_rows &rows, int64_t element_bytes, const char *name, const char *what) {
  if (reinterpret_cast<uintptr_t>(rows.data) % static_cast<uint64_t>(element_bytes) != 0 ||
      rows.row_pitch % element_bytes != 0)
    throw Error(UNI_STATUS_INVALID_ARGUMENT,
                "%s has elements of %lld bytes that are not aligned to their size, as %s on a device needs", name,
                static_cast<long long>(element_bytes), what);
}

void Backend::finish_releases(int32_t device_id) {
  timeline_.wait_for_every();
  // They are frees in the order of the service stream, and only what has been reached there is free for other streams.
  calls().require(api().synchronize_stream(service_streams().of(device_id)), "cudaStreamSynchronize()");
}

Operation::Operation(Backend &backend, int32_t device_id, Stream stream, bool with_record,
                     const BoundsQuestion &question, Capture capture)
    : backend_((backend.calls().require_usable(), backend.device(device_id), backend)),
      device_(backend.calls(), device_id),
      device_id_(device_id),
      stream_(stream) {
  if (capture == Capture::kPossible)
    is_captured_ = backend.is_captured(stream);
  else
    backend.require_not_captured(stream);
  backend.timeline().poll();
  if (is_captured_) {
    captured_ = backend.timeline().prepare_captured(with_record, question);
    record_ = captured_->record();
    return;
  }
  backend.timeline().follow(stream);
  entry_ = backend.timeline().prepare(device_id, with_record);
  entry_.front().question = question;
  record_ = entry_.front().record;
}

Operation::~Operation() {
  if (!finished_) finish();
}

void Operation::uses(const void *data, int64_t num_bytes, bool written) {
  if (data == nullptr || num_bytes <= 0) return;
  if (is_captured_) return captured_->keep(backend_.keep(data, num_bytes));
  RunningOperation &operation = entry_.front();
  const auto begin = reinterpret_cast<uintptr_t>(data);
  operation.uses[static_cast<size_t>(operation.num_uses++)] = {begin, begin + static_cast<uintptr_t>(num_bytes),
                                                               written};
}

void Operation::begin() {
  if (is_captured_) backend_.process()->captured.hand_over(std::move(captured_), stream_);
}

// Without stream-ordered memory what is allocated and freed for a capture is gone before the first launch.
bool Operation::may_allocate() const { return !is_captured_ || backend_.device(device_id_).memory_pools; }

void *Operation::allocate(int64_t num_bytes) {
  if (!may_allocate())
    throw Error(UNI_STATUS_NOT_SUPPORTED,
                "the stream is being captured into a graph, and CUDA device %d has no stream-ordered memory (memory "
                "pools), which this takes there",
                device_id_);
  num_bytes = whole_words(num_bytes);
  workspaces_.reserve(workspaces_.size() + 1);
  void *const data = backend_.allocate_device(device_id_, num_bytes, stream_);
  workspaces_.push_back(data);
  return data;
}

void *Operation::allocate_if_there_is(int64_t num_bytes) {
  if (!may_allocate()) return nullptr;
  num_bytes = whole_words(num_bytes);
  workspaces_.reserve(workspaces_.size() + 1);
  void *data = nullptr;
  const Result result = backend_.api().allocate_device(&data, num_bytes, stream_);
  if (result == result::kOutOfMemory) {
    backend_.calls().absorb(result);
    return nullptr;
  }
  backend_.calls().require(result, "cudaMallocAsync(%lld bytes)", static_cast<long long>(num_bytes));
  workspaces_.push_back(data);
  return data;
}

void Operation::free(void *data) noexcept {
  for (void *&workspace : workspaces_) {
    if (workspace != data || data == nullptr) continue;
    backend_.calls().absorb(backend_.api().free_device(data, device_id_, stream_));
    workspace = nullptr;
  }
}

void Operation::keep(void *data) noexcept {
  for (void *&workspace : workspaces_)
    if (workspace == data) workspace = nullptr;
}

uint64_t Operation::finish() noexcept {
  finished_ = true;
  if (backend_.calls().usable())
    for (void *workspace : workspaces_)
      if (workspace != nullptr) backend_.calls().absorb(backend_.api().free_device(workspace, device_id_, stream_));
  return is_captured_ ? 0 : backend_.timeline().commit(entry_, stream_);
}

bool Backend::is_captured(Stream stream) {
  CaptureState state = CaptureState::kNone;
  calls().require(api().capture_state(stream, &state), "cudaStreamIsCapturing()");
  if (state == CaptureState::kForbidden)
    throw Error(UNI_STATUS_NOT_SUPPORTED,
                "the default stream cannot be used while a stream that waits for it is captured into a graph");
  return state == CaptureState::kCapturing;
}

void Backend::require_not_captured(Stream stream) {
  if (is_captured(stream))
    throw Error(UNI_STATUS_NOT_SUPPORTED,
                "the stream is being captured into a graph, which takes gathers, scatters, copies and fills only");
}

uni_deferred *Backend::keep(const void *data, int64_t num_bytes) {
  uni_deferred *items = nullptr;
  if (keep_(data, num_bytes, &items) != UNI_STATUS_OK) throw std::bad_alloc();
  return items;
}

uni_status create(const Api &api, const uni_backend_config *config, void **self, uni_error *error) noexcept {
  return guard(error, [&] { *self = new Backend(api, *config); });
}

namespace {

void destroy(void *self) noexcept {
  Backend &backend = backend_of(self);
  const std::shared_ptr<Process> process = backend.process();
  const CaptureModeScope scope(process->calls);
  delete &backend;
}

void defer(void *self, uni_deferred *item) noexcept {
  const CaptureModeScope scope(backend_of(self).calls());
  backend_of(self).timeline().defer(item);
}

uni_status synchronize(void *self, uni_error *error) noexcept {
  return enter(self, error, [&](Backend &backend) { backend.timeline().wait_for_own(); });
}

uni_status check(void *self, uni_error *error) noexcept {
  return guard(error, [&] {
    Backend &backend = backend_of(self);
    const CaptureModeScope scope(backend.calls());
    backend.timeline().check();
    backend.calls().require_usable();
  });
}

}  // namespace

uni_status init_backend(uint32_t abi_version, const Api &api,
                        uni_status (*create_function)(const uni_backend_config *, void **, uni_error *),
                        uni_backend_ops *ops, uni_error *error) noexcept {
  if (abi_version != UNI_BACKEND_ABI_VERSION)
    return set_error(error, UNI_STATUS_VERSION_MISMATCH, 0, "the CUDA plugin knows one plugin ABI only");
  uni_backend_ops filled = {};
  filled.struct_size = sizeof filled;
  filled.abi_version = UNI_BACKEND_ABI_VERSION;
  filled.name = "cuda";
  filled.device_type = UNI_DEVICE_CUDA;
  filled.create = create_function;
  filled.destroy = destroy;
  filled.supports_memory = supports_memory;
  filled.choose_unified = choose_unified;
  filled.reads_memory = reads_memory;
  filled.allocate = allocate;
  filled.release = release;
  filled.register_memory = register_memory;
  filled.defer = defer;
  filled.copy = copy;
  filled.fill = fill;
  filled.gather = gather;
  filled.scatter = scatter;
  filled.validate_graph = validate_graph;
  filled.sample_neighbors = sample_neighbors;
  filled.sample_wait = sample_wait;
  filled.sample_forget = sample_forget;
  filled.synchronize = synchronize;
  filled.check = check;
  filled.hold_stream = hold_stream;
  filled.wait_for_memory = wait_for_memory;
  filled.note_stream = note_stream;
  api.runtime_version(&filled.toolkit_version);
  filled.least_driver_version = least_driver_version(filled.toolkit_version);
  api.driver_version(&filled.driver_version);
  filled.num_devices = num_devices;
  filled.describe_device = describe_device;
  filled.trim = trim;
  std::memcpy(ops, &filled, ops->struct_size < sizeof filled ? ops->struct_size : sizeof filled);
  return UNI_STATUS_OK;
}

}  // namespace uni::cuda
