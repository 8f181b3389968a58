// SPDX-License-Identifier: Apache-2.0
// Indices out of bounds, as an operation on a device finds them: how many, and the first one with its value.
#pragma once

#include <cstdint>

#include "kernels/atomics.hpp"
#include "kernels/lane_group.hpp"

namespace uni::kernels {

// Zero before the operation. The host reads it when the operation has finished.
struct alignas(64) BoundsRecord {
  uint64_t lock;
  uint64_t count;
  uint64_t first_plus_one;  // position of the first one plus 1; 0: none
  int64_t value;            // what stands there
};

// What one lane finds, kept in registers until it has seen all of its positions.
struct BoundsTally {
  int64_t count = 0;
  int64_t first = 0;
  int64_t value = 0;

  UNI_HOST_DEVICE void add(int64_t position, int64_t index) {
    if (count == 0 || position < first) {
      first = position;
      value = index;
    }
    ++count;
  }

  template <class Access = Atomics>
  UNI_HOST_DEVICE void report(BoundsRecord *record) const {
    if (count == 0) return;
    Access::add(&record->count, static_cast<uint64_t>(count));
    const uint64_t mine = static_cast<uint64_t>(first) + 1;
    // Most that report have nothing to add, and need no lock to see it: the first one only ever moves forward. Who waits
    // for the lock looks again and again, so that of many who wait few ever take it. Lanes of one warp may meet here: who
    // has the lock leaves the loop before who waits for it goes on.
    for (bool done = false; !done;) {
      const uint64_t known = Access::load(&record->first_plus_one);
      if (known != 0 && known <= mine) return;
      if (!Access::try_lock(&record->lock)) continue;
      const uint64_t seen = Access::load(&record->first_plus_one);
      if (seen == 0 || mine < seen) {
        Access::store(&record->first_plus_one, mine);
        static_cast<volatile BoundsRecord *>(record)->value = value;
      }
      Access::unlock(&record->lock);
      done = true;
    }
  }
};

// Entries of an index that are valid: all, or as many as a count in memory says.
UNI_HOST_DEVICE inline int64_t num_valid(const int64_t *count, int64_t num_indices) {
  if (count == nullptr) return num_indices;
  const int64_t valid = *count;
  return valid < 0 ? 0 : valid < num_indices ? valid : num_indices;
}

}  // namespace uni::kernels
