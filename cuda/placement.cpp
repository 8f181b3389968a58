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

// Names are up to 127 bytes long, and reasons have room for 255 in all.
std::string short_name(const DeviceReport &device) {
  char name[64];
  write_text(name, sizeof name, device.name);
  return name;
}

std::string device_text(size_t device_id, const DeviceReport &device) {
  return "device " + std::to_string(device_id) + " (" + short_name(device) + ")";
}

std::string failed_text(const char *what, Result result, const char *error) {
  const std::string what_to_do = advice(result);
  return std::string(what) + ": " + error + " (" + std::to_string(result) + ")" +
         (what_to_do.empty() ? "" : "; " + what_to_do);
}

bool has_managed(const DeviceReport &device) { return device.managed_memory && device.concurrent_managed_access; }
bool has_pinned(const DeviceReport &device) { return device.unified_addressing && device.host_register_supported; }

// The first device for which `has` is false; their number if there is none.
size_t first_without(const MachineReport &machine, bool (*has)(const DeviceReport &)) {
  return static_cast<size_t>(std::find_if_not(machine.devices.begin(), machine.devices.end(), has) -
                             machine.devices.begin());
}

bool all_have(const MachineReport &machine, bool (*has)(const DeviceReport &)) {
  return std::all_of(machine.devices.begin(), machine.devices.end(), has);
}

constexpr const char *cannot_register = " cannot register host memory under one address";

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

int32_t link_multiprocessors(const DeviceReport &device) noexcept {
  constexpr int32_t pcie = 12;
  return device.pageable_memory_access_uses_host_page_tables ? 0 : pcie;
}

MemorySupport memory_support(const MachineReport &machine, int32_t memory) {
  switch (memory) {
    case UNI_MEMORY_DEVICE:
      return {true, "memory of the device"};
    case UNI_MEMORY_PINNED: {
      const size_t without = first_without(machine, has_pinned);
      if (without < machine.devices.size())
        return {false, device_text(without, machine.devices[without]) + cannot_register};
      return {true, "host memory, page-locked"};
    }
    case UNI_MEMORY_MANAGED: {
      const size_t without = first_without(machine, has_managed);
      // All of it would move at every kernel.
      if (without < machine.devices.size())
        return {false, device_text(without, machine.devices[without]) +
                           " has no concurrent access to managed memory (as under WSL and some vGPUs)"};
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
  const bool read_all = !machine.devices.empty() && all_have(machine, reads_pageable_memory);
  if (read_all &&
      all_have(machine, [](const DeviceReport &d) { return d.pageable_memory_access_uses_host_page_tables; }))
    return {UNI_MEMORY_HOST, "host memory, which every device reads through the host's page tables (ATS)"};
  const MemorySupport managed = memory_support(machine, UNI_MEMORY_MANAGED);
  // HMM moves pages that a device touches; memory that is advised to stay is the better one there.
  if (managed.supported)
    return {UNI_MEMORY_MANAGED,
            managed.reason + (read_all ? "; host memory would move to the device that reads it (HMM)" : "")};
  const MemorySupport pinned = memory_support(machine, UNI_MEMORY_PINNED);
  if (pinned.supported) return {UNI_MEMORY_PINNED, pinned.reason + ", since " + managed.reason};
  // One name is enough.
  return {UNI_MEMORY_HOST, "host memory, which no device reads, since " + managed.reason + ", and device " +
                               std::to_string(first_without(machine, has_pinned)) + cannot_register};
}

}  // namespace uni::cuda
