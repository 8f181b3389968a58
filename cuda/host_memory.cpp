// SPDX-License-Identifier: Apache-2.0
// Source of the format: proc_meminfo(5).
#include "host_memory.hpp"

#include <fstream>

namespace uni::cuda {

int64_t available_host_bytes() {
  int64_t available = -1, swap = 0, value = 0;
  std::ifstream file("/proc/meminfo");
  std::string name, rest;
  while (file >> name >> value && std::getline(file, rest)) {
    if (name == "MemAvailable:") available = value * 1024;
    if (name == "SwapFree:") swap = value * 1024;
  }
  return available < 0 ? INT64_MAX : available + swap;
}

std::string host_memory_advice() {
  const int64_t available = available_host_bytes();
  return (available == INT64_MAX ? "" : "the host has " + std::to_string(available) + " bytes left, ") +
         "and a container may have less (ulimit -v, docker run --memory): end what else uses memory, or take less";
}

}  // namespace uni::cuda
