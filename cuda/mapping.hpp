// SPDX-License-Identifier: Apache-2.0
// What kind of mapping memory of the caller's is, as the kernel tells it: for when CUDA refuses it.
#pragma once

#include <cstdint>
#include <istream>

namespace uni::cuda {

struct MappingReport {
  bool read_only = false;    // this process may write to none of it
  bool file_shared = false;  // some of it is a file's own pages, other than of a file that lives in memory
};

// Of the bytes between two addresses, by the text of /proc/PID/maps. Nothing is said of memory that is not mapped.
MappingReport report_mapping(uintptr_t begin, uintptr_t end, std::istream &maps);
MappingReport report_mapping(uintptr_t begin, uintptr_t end);

}  // namespace uni::cuda
