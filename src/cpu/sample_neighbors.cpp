// SPDX-License-Identifier: Apache-2.0
#include "cpu/backend.hpp"
#include "cpu/sample_scheduler.hpp"

namespace uni::cpu {

uni_status sample_neighbors(void *self, const uni_sample_plan *plan, void * /*stream*/, uni_sample_output *output,
                            uni_error *error) noexcept {
  return sample_with_groups<kernels::HostGroup<1>>(self, *plan, 0, output, error);
}

}  // namespace uni::cpu
