// SPDX-License-Identifier: Apache-2.0
#include <cuda_runtime.h>

#include <cstdio>

#include "runtime_entries.hpp"

namespace uni::cuda {
namespace {

class Attributes {
 public:
  explicit Attributes(int device) noexcept : device_(device) {}

  int number(cudaDeviceAttr attribute) noexcept {
    int value = 0;
    if (error_ == cudaSuccess) error_ = cudaDeviceGetAttribute(&value, attribute, device_);
    return value;
  }
  bool has(cudaDeviceAttr attribute) noexcept { return number(attribute) != 0; }
  // The first error.
  cudaError_t error() const noexcept { return error_; }

 private:
  const int device_;
  cudaError_t error_ = cudaSuccess;
};

}  // namespace

Result device_report(int32_t device_id, DeviceReport *report) noexcept {
  // Name and size come from nowhere else in the runtime. Neither this nor an attribute creates a context.
  cudaDeviceProp properties;
  if (const cudaError_t error = cudaGetDeviceProperties(&properties, device_id); error != cudaSuccess) return error;
  Attributes device(device_id);
  DeviceReport made = {};
  std::snprintf(made.name, sizeof made.name, "%.*s", static_cast<int>(sizeof made.name) - 1, properties.name);
  std::snprintf(made.pci_address, sizeof made.pci_address, "%04x:%02x:%02x.0",
                static_cast<unsigned>(properties.pciDomainID), static_cast<unsigned>(properties.pciBusID),
                static_cast<unsigned>(properties.pciDeviceID));
  made.major = device.number(cudaDevAttrComputeCapabilityMajor);
  made.minor = device.number(cudaDevAttrComputeCapabilityMinor);
  made.num_multiprocessors = device.number(cudaDevAttrMultiProcessorCount);
  made.total_bytes = static_cast<int64_t>(properties.totalGlobalMem);
  made.compute_mode_prohibited = device.number(cudaDevAttrComputeMode) == cudaComputeModeProhibited;
  made.unified_addressing = device.has(cudaDevAttrUnifiedAddressing);
  made.managed_memory = device.has(cudaDevAttrManagedMemory);
  made.concurrent_managed_access = device.has(cudaDevAttrConcurrentManagedAccess);
  made.pageable_memory_access = device.has(cudaDevAttrPageableMemoryAccess);
  made.pageable_memory_access_uses_host_page_tables = device.has(cudaDevAttrPageableMemoryAccessUsesHostPageTables);
  // Kernels are given the host's address of what was registered, which not every device that registers memory can use.
  made.host_register_supported =
      device.has(cudaDevAttrHostRegisterSupported) && device.has(cudaDevAttrCanUseHostPointerForRegisteredMem);
  made.memory_pools = device.has(cudaDevAttrMemoryPoolsSupported);
  if (device.error() == cudaSuccess) *report = made;
  return device.error();
}

}  // namespace uni::cuda
