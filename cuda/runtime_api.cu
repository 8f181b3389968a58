// SPDX-License-Identifier: Apache-2.0
#include "runtime_api.hpp"

#include <cuda_runtime.h>
#include <unistd.h>

#include "runtime_entries.hpp"

namespace uni::cuda {
namespace {

cudaStream_t of(Stream stream) { return static_cast<cudaStream_t>(stream); }
cudaEvent_t event_of(Event event) { return static_cast<cudaEvent_t>(event); }

// For answers that are no failures: the runtime may keep them as its last error, which the next launch would report.
void forget_last_error() { cudaGetLastError(); }

const char *error_name(Result result) { return cudaGetErrorName(static_cast<cudaError_t>(result)); }
const char *error_text(Result result) { return cudaGetErrorString(static_cast<cudaError_t>(result)); }
Result take_last_error() { return cudaGetLastError(); }

bool has_device_nodes() {
  // Those of the usual driver, of WSL, and of Jetsons.
  for (const char *node : {"/dev/nvidiactl", "/dev/dxg", "/dev/nvhost-gpu", "/dev/nvmap"})
    if (access(node, F_OK) == 0) return true;
  return false;
}

Result driver_version(int32_t *version) { return cudaDriverGetVersion(version); }
Result runtime_version(int32_t *version) { return cudaRuntimeGetVersion(version); }
Result device_count(int32_t *count) { return cudaGetDeviceCount(count); }
Result get_device(int32_t *device_id) { return cudaGetDevice(device_id); }
Result set_device(int32_t device_id) { return cudaSetDevice(device_id); }

Result memory_info(int64_t *free_bytes, int64_t *total_bytes) {
  size_t free = 0, total = 0;
  const cudaError_t error = cudaMemGetInfo(&free, &total);
  *free_bytes = static_cast<int64_t>(free);
  *total_bytes = static_cast<int64_t>(total);
  return error;
}

Result allocate_managed(void **data, int64_t num_bytes) {
  return cudaMallocManaged(data, static_cast<size_t>(num_bytes), cudaMemAttachGlobal);
}

// A place that memory can be advised of: from CUDA 13 on a struct, before that a number.
#if CUDART_VERSION >= 13000
constexpr cudaMemLocation host_location = {cudaMemLocationTypeHost, 0};
cudaMemLocation location_of(int32_t device_id) { return {cudaMemLocationTypeDevice, device_id}; }
#else
constexpr int host_location = cudaCpuDeviceId;
int location_of(int32_t device_id) { return device_id; }
#endif

Result advise_host_resident(void *data, int64_t num_bytes, const int32_t *device_ids, int32_t num_devices) {
  const size_t bytes = static_cast<size_t>(num_bytes);
  cudaError_t error = cudaMemAdvise(data, bytes, cudaMemAdviseSetPreferredLocation, host_location);
  for (int32_t i = 0; i < num_devices && error == cudaSuccess; ++i)
    error = cudaMemAdvise(data, bytes, cudaMemAdviseSetAccessedBy, location_of(device_ids[i]));
  return error;
}

Result free_managed(void *data) { return cudaFree(data); }

Result allocate_host(void **data, int64_t num_bytes) {
  return cudaHostAlloc(data, static_cast<size_t>(num_bytes), cudaHostAllocPortable | cudaHostAllocMapped);
}

Result free_host(void *data) { return cudaFreeHost(data); }

Result register_host(void *data, int64_t num_bytes) {
  return cudaHostRegister(data, static_cast<size_t>(num_bytes), cudaHostRegisterPortable | cudaHostRegisterMapped);
}

Result register_host_read_only(void *data, int64_t num_bytes) {
  return cudaHostRegister(data, static_cast<size_t>(num_bytes),
                          cudaHostRegisterPortable | cudaHostRegisterMapped | cudaHostRegisterReadOnly);
}

Result unregister_host(void *data) { return cudaHostUnregister(data); }

Result pointer_report(const void *data, PointerReport *report) {
  cudaPointerAttributes attributes = {};
  const cudaError_t error = cudaPointerGetAttributes(&attributes, data);
  *report = {};
  // How older runtimes say that they do not know the address.
  if (error == cudaErrorInvalidValue) {
    forget_last_error();
    return kSuccess;
  }
  if (error != cudaSuccess) return error;
  report->device_id = attributes.device;
  switch (attributes.type) {
    case cudaMemoryTypeHost:
      report->kind = PointerKind::kPinned;
      break;
    case cudaMemoryTypeDevice:
      report->kind = PointerKind::kDevice;
      break;
    case cudaMemoryTypeManaged:
      report->kind = PointerKind::kManaged;
      break;
    default:
      break;
  }
  return kSuccess;
}

Result set_bytes(void *data, int32_t byte, int64_t num_bytes, Stream stream) {
  return cudaMemsetAsync(data, byte, static_cast<size_t>(num_bytes), of(stream));
}

Result create_event(Event *event) {
  cudaEvent_t made = nullptr;
  const cudaError_t error = cudaEventCreateWithFlags(&made, cudaEventDisableTiming);
  *event = made;
  return error;
}

Result destroy_event(Event event) { return cudaEventDestroy(event_of(event)); }
Result record_event(Event event, Stream stream) { return cudaEventRecord(event_of(event), of(stream)); }

Result query_event(Event event, bool *done) {
  const cudaError_t error = cudaEventQuery(event_of(event));
  *done = error == cudaSuccess;
  if (error != cudaErrorNotReady) return error;
  forget_last_error();
  return kSuccess;
}

Result synchronize_event(Event event) { return cudaEventSynchronize(event_of(event)); }

Result create_stream(Stream *stream) {
  cudaStream_t made = nullptr;
  const cudaError_t error = cudaStreamCreateWithFlags(&made, cudaStreamNonBlocking);
  *stream = made;
  return error;
}

Result destroy_stream(Stream stream) { return cudaStreamDestroy(of(stream)); }
Result synchronize_stream(Stream stream) { return cudaStreamSynchronize(of(stream)); }

Result capture_state(Stream stream, CaptureState *state) {
  cudaStreamCaptureStatus status = cudaStreamCaptureStatusNone;
  const cudaError_t error = cudaStreamIsCapturing(of(stream), &status);
  *state = status == cudaStreamCaptureStatusNone ? CaptureState::kNone : CaptureState::kCapturing;
  if (error != cudaErrorStreamCaptureImplicit) return error;
  *state = CaptureState::kForbidden;
  forget_last_error();
  return kSuccess;
}

cudaError_t graph_of_capture(cudaStream_t stream, cudaGraph_t *graph) {
  cudaStreamCaptureStatus status = cudaStreamCaptureStatusNone;
#if CUDART_VERSION >= 13000
  return cudaStreamGetCaptureInfo(stream, &status, nullptr, graph, nullptr, nullptr, nullptr);
#else
  return cudaStreamGetCaptureInfo_v2(stream, &status, nullptr, graph, nullptr, nullptr);
#endif
}

Result keep_in_capture(Stream stream, void *object, void (*destroy)(void *object)) {
  cudaGraph_t graph = nullptr;
  cudaError_t error = graph_of_capture(of(stream), &graph);
  if (error == cudaSuccess && graph == nullptr) error = cudaErrorStreamCaptureInvalidated;
  cudaUserObject_t kept = nullptr;
  if (error == cudaSuccess) error = cudaUserObjectCreate(&kept, object, destroy, 1, cudaUserObjectNoDestructorSync);
  if (error != cudaSuccess) {
    destroy(object);
    return error;
  }
  error = cudaGraphRetainUserObject(graph, kept, 1, cudaGraphUserObjectMove);
  if (error != cudaSuccess) cudaUserObjectRelease(kept, 1);  // which calls destroy
  return error;
}

Result stream_wait_event(Stream stream, Event event) { return cudaStreamWaitEvent(of(stream), event_of(event), 0); }

static_assert(kRelaxedCapture == cudaStreamCaptureModeRelaxed);

Result exchange_capture_mode(int32_t *mode) {
  auto exchanged = static_cast<cudaStreamCaptureMode>(*mode);
  const cudaError_t error = cudaThreadExchangeStreamCaptureMode(&exchanged);
  *mode = exchanged;
  return error;
}

constexpr Api table = {
    .error_name = error_name,
    .error_text = error_text,
    .take_last_error = take_last_error,
    .has_device_nodes = has_device_nodes,
    .driver_version = driver_version,
    .runtime_version = runtime_version,
    .device_count = device_count,
    .device_report = device_report,
    .get_device = get_device,
    .set_device = set_device,
    .memory_info = memory_info,
    .allocate_device = allocate_device,
    .free_device = free_device,
    .trim_pools = trim_pools,
    .allocate_managed = allocate_managed,
    .advise_host_resident = advise_host_resident,
    .free_managed = free_managed,
    .allocate_host = allocate_host,
    .free_host = free_host,
    .register_host = register_host,
    .unregister_host = unregister_host,
    .pointer_report = pointer_report,
    .copy_rows = copy_rows,
    .set_bytes = set_bytes,
    .create_event = create_event,
    .destroy_event = destroy_event,
    .record_event = record_event,
    .query_event = query_event,
    .synchronize_event = synchronize_event,
    .create_stream = create_stream,
    .destroy_stream = destroy_stream,
    .synchronize_stream = synchronize_stream,
    .stream_wait_event = stream_wait_event,
    .capture_state = capture_state,
    .keep_in_capture = keep_in_capture,
    .exchange_capture_mode = exchange_capture_mode,
    .launch_fill = launch_fill,
    .launch_gather = launch_gather,
    .launch_scatter = launch_scatter,
    .launch_validate_graph = launch_validate_graph,
    .launch_sample = launch_sample,
    .scan_workspace_bytes = scan_workspace_bytes,
    .scan = scan,
    .launch_order_keys = launch_order_keys,
    .sort_workspace_bytes = sort_workspace_bytes,
    .sort_pairs = sort_pairs,
    .register_host_read_only = register_host_read_only,
};

}  // namespace

const Api &runtime_api() noexcept { return table; }

}  // namespace uni::cuda
