// SPDX-License-Identifier: Apache-2.0
// Sets every element of some rows to one value, with lane groups, one group to a row at a time.
#pragma once

#include <cstdint>

#include "kernels/lane_group.hpp"

namespace uni::kernels {

template <class Element>
struct FillRows {
  char *data;
  int64_t num_rows;
  int64_t row_pitch;
  int64_t row_elements;
  Element value;

  template <class Group>
  UNI_HOST_DEVICE void operator()(Group &g, int64_t group, int64_t num_groups) const {
    if (num_rows == 1) {
      // One long row is split between groups.
      Element *const to = reinterpret_cast<Element *>(data);
      for (int64_t tile = group * Group::kLanes; tile < row_elements; tile += num_groups * Group::kLanes) {
        g.each([&](int lane) {
          if (tile + lane < row_elements) to[tile + lane] = value;
        });
      }
      return;
    }
    for (int64_t row = group; row < num_rows; row += num_groups) {
      Element *const to = reinterpret_cast<Element *>(data + row * row_pitch);
      for_each_strided(g, 0, row_elements, [&](int, int64_t e) { to[e] = value; });
    }
  }
};

}  // namespace uni::kernels
