// SPDX-License-Identifier: Apache-2.0
// How fast a device's link to the host is, by what the kernel says of it: the CUDA runtime does not tell.
#pragma once

#include <cstdint>
#include <string>

namespace uni::cuda {

// `speed` as in max_link_speed ("32.0 GT/s PCIe"), `width` as in max_link_width ("16"). Bytes that pass one way in a second,
// packet headers included; 0 where the texts say nothing.
int64_t link_bytes_per_second(const std::string &speed, const std::string &width) noexcept;

// The same of the device in `folder`, which is /sys/bus/pci/devices/ADDRESS.
int64_t link_bytes_per_second(const std::string &folder);

}  // namespace uni::cuda
