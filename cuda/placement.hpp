// SPDX-License-Identifier: Apache-2.0
// Which memory kinds a machine has, decided from what the runtime says of it and from nothing else: machines that nobody
// has at hand (ATS, HMM, several GPUs, WSL, old drivers) are rows of a table in the tests.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "api.hpp"

namespace uni::cuda {

struct MachineReport {
  Result driver_result = kSuccess;  // of the call that asked for the driver's version
  const char *driver_error = "";    // its text
  Result count_result = kSuccess;   // of the call that counted the devices
  const char *count_error = "";
  int32_t driver_version = 0;  // 0: no driver
  int32_t runtime_version = 0;
  bool visible_devices_empty = false;  // CUDA_VISIBLE_DEVICES is set and hides all
  bool visible_devices_set = false;    // CUDA_VISIBLE_DEVICES is set
  bool has_device_nodes = true;        // /dev/nvidiactl and the like
  std::vector<DeviceReport> devices;
};

// The oldest driver, by the version of CUDA that it is of: any of the same major version.
int32_t least_driver_version(int32_t runtime_version) noexcept;

// Why no device can be used and what to do, or "" if one can.
std::string why_no_device(const MachineReport &machine);

struct MemorySupport {
  bool supported;
  std::string reason;
};

MemorySupport memory_support(const MachineReport &machine, int32_t memory);

struct UnifiedChoice {
  int32_t memory;
  std::string reason;
};

// The best memory on the host that every device can read.
UnifiedChoice unified_choice(const MachineReport &machine);

// Whether a device, one of them or not, reads memory of the host of this kind, and why not.
MemorySupport reads_memory(const MachineReport &machine, int32_t device_id, int32_t memory);

// Whether this device reads memory that CUDA has not been told of.
bool reads_pageable_memory(const DeviceReport &device) noexcept;

// How many multiprocessors move rows between the host and a device where nobody has said it: as many as its link needs; 0 for
// all. On an H100 with PCIe Gen5, 8 blocks of 1024 threads read at the rate of the link, and 4 at half of it. A device that
// shares the page tables of the host (ATS) is on a link of several times that rate, as NVLink-C2C is.
int32_t link_multiprocessors(const DeviceReport &device) noexcept;

}  // namespace uni::cuda
