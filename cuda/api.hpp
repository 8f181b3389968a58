// SPDX-License-Identifier: Apache-2.0
// All that this backend asks of CUDA, as one table of functions over types of our own. The plugin fills it with the CUDA
// runtime (runtime_api.cu), the tests with a fake; everything else in this folder that ends in .cpp includes no CUDA header
// and builds without nvcc. A Result is a cudaError_t.
#pragma once

#include <cstdint>

#include "requests.hpp"

namespace uni::cuda {

using Result = int32_t;
using Stream = void *;  // the value of a cudaStream_t
using Event = void *;

// cudaStreamCaptureModeRelaxed: none.
constexpr int32_t kRelaxedCapture = 2;

constexpr Result kSuccess = 0;

// What the runtime says of one device.
struct DeviceReport {
  char name[128];
  char pci_address[32];  // "0000:17:00.0"
  int32_t major, minor;  // compute capability
  int32_t num_multiprocessors;
  int64_t total_bytes;
  bool compute_mode_prohibited;
  bool unified_addressing;
  bool managed_memory;
  bool concurrent_managed_access;
  bool pageable_memory_access;                        // HMM or ATS: the device reads what malloc gave
  bool pageable_memory_access_uses_host_page_tables;  // ATS
  bool host_register_supported;
  bool memory_pools;  // stream-ordered allocation
};

enum class PointerKind : int32_t { kUnregistered = 0, kPinned = 1, kDevice = 2, kManaged = 3 };

enum class CaptureState : int32_t {
  kNone = 0,
  kCapturing = 1,
  kForbidden = 2,  // the default stream, while a stream that waits for it is captured: it may not be used then
};

struct PointerReport {
  PointerKind kind;
  int32_t device_id;  // of device memory
};

struct Api {
  // Static text for a Result.
  const char *(*error_name)(Result result);
  const char *(*error_text)(Result result);
  // The runtime's last error, which is cleared.
  Result (*take_last_error)();

  // Whether this process sees the files that a driver offers its devices by: a container often does not.
  bool (*has_device_nodes)();
  // 0 where there is no driver.
  Result (*driver_version)(int32_t *version);
  Result (*runtime_version)(int32_t *version);
  // Neither of these creates a CUDA context.
  Result (*device_count)(int32_t *count);
  Result (*device_report)(int32_t device_id, DeviceReport *report);
  Result (*get_device)(int32_t *device_id);
  Result (*set_device)(int32_t device_id);
  Result (*memory_info)(int64_t *free_bytes, int64_t *total_bytes);

  // Device memory of the current device, in the order of a stream.
  Result (*allocate_device)(void **data, int64_t num_bytes, Stream stream);
  // In the order of a stream; `device_id` is the memory's.
  Result (*free_device)(void *data, int32_t device_id, Stream stream);
  // Gives back to the driver what was freed and kept for later.
  Result (*trim_pools)();
  // Managed memory that stays on the host and that every one of these devices maps.
  Result (*allocate_managed)(void **data, int64_t num_bytes);
  Result (*advise_host_resident)(void *data, int64_t num_bytes, const int32_t *device_ids, int32_t num_devices);
  Result (*free_managed)(void *data);
  // Page-locked memory of CUDA's own, which every device reads and writes at the address that the host has for it.
  Result (*allocate_host)(void **data, int64_t num_bytes);
  Result (*free_host)(void *data);
  // Page-locks memory for all devices.
  Result (*register_host)(void *data, int64_t num_bytes);
  Result (*unregister_host)(void *data);
  Result (*pointer_report)(const void *data, PointerReport *report);

  // Any memory to any memory, rows of `width` bytes.
  Result (*copy_rows)(void *to, int64_t to_pitch, const void *from, int64_t from_pitch, int64_t width, int64_t height,
                      Stream stream);
  Result (*set_bytes)(void *data, int32_t byte, int64_t num_bytes, Stream stream);

  Result (*create_event)(Event *event);
  Result (*destroy_event)(Event event);
  Result (*record_event)(Event event, Stream stream);
  // kSuccess if it has happened; sets *done.
  Result (*query_event)(Event event, bool *done);
  Result (*synchronize_event)(Event event);
  // A stream that waits for no other, of the current device.
  Result (*create_stream)(Stream *stream);
  Result (*destroy_stream)(Stream stream);
  Result (*synchronize_stream)(Stream stream);
  // What is enqueued on the stream from now on waits for the event.
  Result (*stream_wait_event)(Stream stream, Event event);
  Result (*capture_state)(Stream stream, CaptureState *state);
  // The graph that a stream is being captured into calls destroy(object) once when it is no more: on a thread of CUDA's,
  // where nothing of CUDA may be called. Also called where this fails.
  Result (*keep_in_capture)(Stream stream, void *object, void (*destroy)(void *object));
  // Sets which calls of this thread are refused while a stream is captured, and gives what was set before.
  Result (*exchange_capture_mode)(int32_t *mode);

  // One launcher to a family of kernels.
  Result (*launch_fill)(const FillRequest &request, Stream stream);
  Result (*launch_gather)(const GatherRequest &request, Stream stream);
  Result (*launch_scatter)(const ScatterRequest &request, Stream stream);
  Result (*launch_validate_graph)(const ValidateGraphRequest &request, Stream stream);
  Result (*launch_sample)(const SampleRequest &request, Stream stream);
  // values[i] = the sum of the values before i, in place.
  Result (*scan_workspace_bytes)(int64_t count, int64_t *num_bytes);
  Result (*scan)(int64_t *values, int64_t count, void *workspace, int64_t workspace_bytes, Stream stream);
  Result (*launch_order_keys)(const OrderKeysRequest &request, Stream stream);
  // Sorts pairs by the lowest `num_bits` bits of their keys. Tells at once in which of the two arrays the positions will
  // lie; the other three arrays are left undefined.
  Result (*sort_workspace_bytes)(int64_t count, int32_t num_bits, int64_t *num_bytes);
  Result (*sort_pairs)(const SortRequest &request, void *workspace, int64_t workspace_bytes, Stream stream,
                       uint32_t **sorted_positions);

  // As register_host, of memory that this process may only read; devices may not write to it either.
  Result (*register_host_read_only)(void *data, int64_t num_bytes);
};

}  // namespace uni::cuda
