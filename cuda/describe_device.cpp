// SPDX-License-Identifier: Apache-2.0
// What a program is told of a device.
#include <cstdio>

#include "backend.hpp"
#include "link.hpp"

namespace uni::cuda {

int32_t num_devices(void *self) noexcept { return static_cast<int32_t>(backend_of(self).machine().devices.size()); }

uni_status describe_device(void *self, int32_t device_id, uni_device_info *info, uni_error *error) noexcept {
  return guard(error, [&] {
    const DeviceReport &device = backend_of(self).device(device_id);
    info->device_id = device_id;
    info->flags = 0;
    if (device.managed_memory && device.concurrent_managed_access) info->flags |= UNI_DEVICE_MANAGED_MEMORY;
    if (device.pageable_memory_access) info->flags |= UNI_DEVICE_HOST_MEMORY;
    if (device.pageable_memory_access_uses_host_page_tables) info->flags |= UNI_DEVICE_HOST_PAGE_TABLES;
    info->compute_major = device.major;
    info->compute_minor = device.minor;
    info->num_processors = device.num_multiprocessors;
    info->total_bytes = device.total_bytes;
    info->link_bytes_per_second = link_bytes_per_second(std::string("/sys/bus/pci/devices/") + device.pci_address);
    std::snprintf(info->name, sizeof info->name, "%s", device.name);
    std::snprintf(info->pci_address, sizeof info->pci_address, "%s", device.pci_address);
  });
}

}  // namespace uni::cuda
