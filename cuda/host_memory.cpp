// SPDX-License-Identifier: Apache-2.0
// Sources of the formats: proc_meminfo(5), cgroups(7), and the kernel's Documentation/admin-guide/cgroup-v2.rst and
// cgroup-v1/memory.rst.
#include "host_memory.hpp"

#include <fstream>

#include "core/error.hpp"

namespace uni::cuda {
namespace {

// The files of a group, of the two versions.
struct GroupFiles {
  const char *top;
  const char *limit, *usage;
  const char *swap_limit, *swap_usage;
  bool swap_includes_memory;
  const char *inactive_cache, *active_cache, *reclaimable_slab;  // in memory.stat; NULL: it is not told
};

constexpr GroupFiles version_1 = {"/sys/fs/cgroup/memory",       "memory.limit_in_bytes",       "memory.usage_in_bytes",
                                  "memory.memsw.limit_in_bytes", "memory.memsw.usage_in_bytes", true,
                                  "total_inactive_file",         "total_active_file",           nullptr};
constexpr GroupFiles version_2 = {"/sys/fs/cgroup",  "memory.max",          "memory.current",
                                  "memory.swap.max", "memory.swap.current", false,
                                  "inactive_file",   "active_file",         "slab_reclaimable"};

// What a file of one number holds, or `otherwise`: where there is no such file, and for "max". Version 1 writes a number
// beyond any memory for "no limit".
int64_t read_number(const std::string &path, int64_t otherwise) {
  int64_t value = 0;
  return std::ifstream(path) >> value && value >= 0 && value < int64_t{1} << 60 ? value : otherwise;
}

// What the kernel gives up before it ends anything: what it has read of files, used lately or not, and what it remembers of
// their names.
int64_t read_reclaimable(const std::string &path, const GroupFiles &files) {
  std::ifstream file(path);
  std::string name;
  int64_t value = 0, sum = 0;
  while (file >> name >> value)
    if (name == files.inactive_cache || name == files.active_cache ||
        (files.reclaimable_slab != nullptr && name == files.reclaimable_slab))
      sum += value;
  return sum;
}

void look_at_group(const std::string &folder, const GroupFiles &files, int64_t swap_free, HostMemory &memory) {
  const int64_t limit = read_number(folder + files.limit, -1);
  if (limit < 0) return;
  const int64_t free = limit - read_number(folder + files.usage, 0);
  int64_t swap = swap_free;
  if (const int64_t swap_limit = read_number(folder + files.swap_limit, -1); swap_limit >= 0) {
    const int64_t swap_left = swap_limit - read_number(folder + files.swap_usage, 0);
    swap = std::min(swap, files.swap_includes_memory ? swap_left - free : swap_left);
  }
  const int64_t left =
      std::max<int64_t>(0, free + read_reclaimable(folder + "memory.stat", files) + std::max<int64_t>(0, swap));
  if (left >= memory.group_left) return;
  memory.group_left = left;
  memory.group_limit = limit;
}

// Each group is limited by those above it. In a container the path may not be visible, and the top is the group.
void look_at_groups(const std::string &root, int64_t swap_free, HostMemory &memory) {
  std::ifstream file(root + "/proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    const size_t controllers = line.find(':') + 1, path = line.find(':', controllers);
    if (controllers == 0 || path == std::string::npos) continue;
    const std::string named = "," + line.substr(controllers, path - controllers) + ",";
    if (named != ",," && named.find(",memory,") == std::string::npos) continue;
    const GroupFiles &files = named == ",," ? version_2 : version_1;
    const std::string group = line.substr(path + 1) + "/";
    for (size_t end = group.find('/'); end != std::string::npos; end = group.find('/', end + 1))
      look_at_group(root + files.top + group.substr(0, end + 1), files, swap_free, memory);
  }
}

}  // namespace

HostMemory read_host_memory(const std::string &root) {
  int64_t available = -1, swap = 0, value = 0;
  std::ifstream file(root + "/proc/meminfo");
  std::string name, rest;
  while (file >> name >> value && std::getline(file, rest)) {
    if (name == "MemAvailable:") available = value * 1024;
    if (name == "SwapFree:") swap = value * 1024;
  }
  HostMemory memory;
  if (available >= 0) memory.left = available + swap;
  look_at_groups(root, swap, memory);
  return memory;
}

std::string host_memory_advice(const HostMemory &memory) {
  if (memory.group_left < memory.left)
    return "the container, or another control group, has " + std::to_string(memory.group_left) +
           " bytes left of its limit of " + std::to_string(memory.group_limit) +
           " (docker run --memory, systemd's MemoryMax): raise it, end what else uses memory there, or take less";
  return (memory.left == INT64_MAX ? "" : "the host has " + std::to_string(memory.left) + " bytes left, ") +
         "and a container may have less (ulimit -v, docker run --memory): end what else uses memory, or take less";
}

void require_room_in_groups(int64_t num_bytes, const char *kind, const std::string &root) {
  if (num_bytes < least_bytes_to_look) return;
  HostMemory memory = read_host_memory(root);
  if (num_bytes <= memory.group_left) return;
  memory.left = INT64_MAX;  // it is the group that refuses
  throw Error(UNI_STATUS_OUT_OF_MEMORY, "out of host memory (requested %lld bytes of %s memory); %s",
              static_cast<long long>(num_bytes), kind, host_memory_advice(memory).c_str());
}

}  // namespace uni::cuda
