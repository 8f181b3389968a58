// SPDX-License-Identifier: Apache-2.0
#include "dispatch.hpp"
#include "launch.cuh"
#include "runtime_entries.hpp"

namespace uni::cuda {

Result launch_gather(const GatherRequest &request, Stream stream) { return dispatch_gather(request, Launch(stream)); }

}  // namespace uni::cuda
