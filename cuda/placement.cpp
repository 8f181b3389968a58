// SPDX-License-Identifier: Apache-2.0
#include "placement.hpp"

#include <algorithm>

#include "advice.hpp"
#include "calls.hpp"
#include "unitensor/array.h"

namespace uni::cuda {
namespace {

std::string version_text(int32_t version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

std::string device_text(size_t device_id, const DeviceReport &device) {
  return "device " + std::to_string(device_id) + " (" + device.name + ")";
}

std::string failed_text(const char *what, Result result, const char *error) {
  const std::string what_to_do = advice(result);
  return std::string(what) + ": " + error + " (" + std::to_string(result) + ")" +
         (what_to_do.empty() ? "" : "; " + what_to_do);
}

// The first device for which `has` is false, as text; "" if there is none.
template <class Has>
std::string first_without(const MachineReport &machine, Has &&has) {
  for (size_t i = 0; i < machine.devices.size(); ++i)
    if (!has(machine.devices[i])) return device_text(i, machine.devices[i]);
  return {};
}

}  // namespace

int32_t least_driver_version(int32_t runtime_version) noexcept { return runtime_version / 1000 * 1000; }

std::string why_no_device(const MachineReport &machine) {
  if (machine.driver_result != kSuccess)
    return failed_text("the driver does not tell its version", machine.driver_result, machine.driver_error);
  if (machine.driver_version == 0)
    return "there is no NVIDIA driver (libcuda.so.1): install one of CUDA " + version_text(machine.runtime_version) +
           " or newer; in a container, start it with access to the GPU";
  if (machine.driver_version < least_driver_version(machine.runtime_version))
    return "the NVIDIA driver is for CUDA " + version_text(machine.driver_version) + ", and this plugin needs " +
           version_text(least_driver_version(machine.runtime_version)) + ": install a newer driver";
  if (machine.visible_devices_empty && machine.devices.empty())
    return "CUDA_VISIBLE_DEVICES hides every device: unset it, or name one";
  if (machine.devices.empty() && !machine.has_device_nodes)
    return "the driver's libraries are there, and no /dev/nvidiactl: in a container, start it with access to the GPU "
           "(docker run --gpus all); elsewhere load the driver";
  if (machine.count_result != kSuccess && machine.count_result != result::kNoDevice)
    return failed_text("the devices could not be counted", machine.count_result, machine.count_error);
  if (machine.devices.empty())
    return std::string("the driver sees no device: look at what nvidia-smi says") +
           (machine.visible_devices_set ? ", and at CUDA_VISIBLE_DEVICES, which is set and may name none" : "");
  if (std::all_of(machine.devices.begin(), machine.devices.end(),
                  [](const DeviceReport &device) { return device.compute_mode_prohibited; }))
    return "every device is in the compute mode \"prohibited\": change it with nvidia-smi -c";
  return {};
}

bool reads_pageable_memory(const DeviceReport &device) noexcept { return device.pageable_memory_access; }

MemorySupport memory_support(const MachineReport &machine, int32_t memory) {
  switch (memory) {
    case UNI_MEMORY_DEVICE:
      return {true, "memory of the device"};
    case UNI_MEMORY_PINNED: {
      const std::string without = first_without(
          machine, [](const DeviceReport &d) { return d.unified_addressing && d.host_register_supported; });
      if (!without.empty()) return {false, without + " cannot register host memory under one address"};
      return {true, "host memory, page-locked"};
    }
    case UNI_MEMORY_MANAGED: {
      const std::string without =
          first_without(machine, [](const DeviceReport &d) { return d.managed_memory && d.concurrent_managed_access; });
      if (!without.empty())
        return {false, without +
                           " has no concurrent access to managed memory (as under WSL and some vGPUs), which "
                           "would move all of it at every kernel"};
      return {true, "managed memory, resident on the host and mapped by every device"};
    }
    default:
      return {false, "host memory is the CPU backend's"};
  }
}

MemorySupport reads_memory(const MachineReport &machine, int32_t device_id, int32_t memory) {
  const int64_t count = static_cast<int64_t>(machine.devices.size());
  if (device_id < 0 || device_id >= count)
    return {false,
            "there is no CUDA device " + std::to_string(device_id) + ", expected 0 to " + std::to_string(count - 1)};
  const size_t slot = static_cast<size_t>(device_id);
  if (memory != UNI_MEMORY_HOST) return {true, "every device reads it"};
  if (!reads_pageable_memory(machine.devices[slot]))
    return {false,
            device_text(slot, machine.devices[slot]) +
                " reads memory of the host only if it is unified, managed or pinned (it has neither ATS nor HMM)"};
  return {true, device_text(slot, machine.devices[slot]) + " reads all memory of the host"};
}

UnifiedChoice unified_choice(const MachineReport &machine) {
  const std::string without_host_tables =
      first_without(machine, [](const DeviceReport &d) { return d.pageable_memory_access; });
  if (without_host_tables.empty() && !machine.devices.empty()) {
    const bool ats = std::all_of(machine.devices.begin(), machine.devices.end(),
                                 [](const DeviceReport &d) { return d.pageable_memory_access_uses_host_page_tables; });
    // HMM moves pages that a device touches; memory that is advised to stay is the better one there.
    if (ats) return {UNI_MEMORY_HOST, "host memory, which every device reads through the host's page tables (ATS)"};
  }
  const MemorySupport managed = memory_support(machine, UNI_MEMORY_MANAGED);
  if (managed.supported) return {UNI_MEMORY_MANAGED, managed.reason};
  const MemorySupport pinned = memory_support(machine, UNI_MEMORY_PINNED);
  if (pinned.supported) return {UNI_MEMORY_PINNED, pinned.reason + ", since " + managed.reason};
  return {UNI_MEMORY_HOST, "host memory, which no device reads, since " + managed.reason + ", and " + pinned.reason};
}

}  // namespace uni::cuda
