// SPDX-License-Identifier: Apache-2.0
// Source of the format: proc_pid_maps(5).
#include "mapping.hpp"

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <fstream>
#include <string>
#include <string_view>

namespace uni::cuda {

MappingReport report_mapping(uintptr_t begin, uintptr_t end, std::istream &maps) {
  MappingReport report;
  uintptr_t known = 0;
  bool writable = false;
  for (std::string line; std::getline(maps, line);) {
    uintptr_t first = 0, last = 0;
    uint64_t inode = 0;
    char rights[5] = "";
    int path_at = 0;
    if (std::sscanf(line.c_str(), "%" SCNxPTR "-%" SCNxPTR " %4s %*s %*s %" SCNu64 " %n", &first, &last, rights, &inode,
                    &path_at) < 4 ||
        last <= begin || first >= end)
      continue;
    known += std::min(last, end) - std::max(first, begin);
    writable = writable || rights[1] == 'w';
    const std::string_view path = std::string_view(line).substr(static_cast<size_t>(path_at));
    const bool in_memory = path.starts_with("/memfd:") || path.starts_with("/dev/shm/") ||
                           path.starts_with("/dev/zero") || path.starts_with("/SYSV");
    if (rights[3] == 's' && inode != 0 && !in_memory) report.file_shared = true;
  }
  report.read_only = known == end - begin && !writable;
  return report;
}

MappingReport report_mapping(uintptr_t begin, uintptr_t end) {
  std::ifstream maps("/proc/self/maps");
  return report_mapping(begin, end, maps);
}

}  // namespace uni::cuda
