// SPDX-License-Identifier: Apache-2.0
#include "core/device.hpp"

#include <unistd.h>

#include <cstdio>

namespace uni::core {
namespace {

void require_device_type(int32_t device_type) {
  if (device_type != UNI_DEVICE_CPU && device_type != UNI_DEVICE_CUDA)
    throw Error(UNI_STATUS_INVALID_ARGUMENT, "device_type is %d, expected UNI_DEVICE_CPU (1) or UNI_DEVICE_CUDA (2)",
                device_type);
}

int32_t count_devices(Backend &backend) { return backend.ops().num_devices != nullptr ? backend.num_devices() : 1; }

int64_t host_bytes() {
  const long pages = sysconf(_SC_PHYS_PAGES), page_bytes = sysconf(_SC_PAGE_SIZE);
  return pages > 0 && page_bytes > 0 ? int64_t{pages} * page_bytes : 0;
}

uni_device_info cpu_info(const uni_context &context) {
  uni_device_info info = {};
  info.num_processors = context.num_threads();
  info.total_bytes = host_bytes();
  std::snprintf(info.name, sizeof info.name, "CPU");
  return info;
}

}  // namespace

uni_backend_info backend_info(uni_context &context, int32_t device_type) {
  require_device_type(device_type);
  Backend *const backend = device_type == UNI_DEVICE_CPU ? &context.cpu() : context.device();
  const bool on_cpu = device_type == UNI_DEVICE_CPU;
  const uni_backend_ops &ops = on_cpu ? backend->ops() : context.device_plugin();
  uni_backend_info info = {};
  info.device_type = device_type;
  info.available = backend != nullptr;
  info.num_devices = backend != nullptr ? count_devices(*backend) : 0;
  info.toolkit_version = ops.toolkit_version;
  info.least_driver_version = ops.least_driver_version;
  info.driver_version = ops.driver_version;
  info.name = ops.name != nullptr ? ops.name : "";
  info.path = (on_cpu ? context.cpu_plugin_path() : context.device_plugin_path()).c_str();
  info.reason = backend != nullptr ? "" : context.why_no_device().c_str();
  return info;
}

uni_device_info device_info(uni_context &context, int32_t device_type, int32_t device_id) {
  require_device_type(device_type);
  uni_device_info info = {};
  if (device_type == UNI_DEVICE_CPU) {
    if (device_id != 0) throw Error(UNI_STATUS_DEVICE_MISMATCH, "there is no CPU device %d, expected 0", device_id);
    info = cpu_info(context);
  } else {
    Backend &backend = context.require_device();
    if (backend.ops().describe_device == nullptr)
      throw Error(UNI_STATUS_NOT_SUPPORTED, "the backend %s does not describe its devices", backend.ops().name);
    backend.call(backend.ops().describe_device, device_id, &info);
  }
  info.device_type = device_type;
  return info;
}

}  // namespace uni::core
