// SPDX-License-Identifier: Apache-2.0
#include "dispatch.hpp"
#include "launch.cuh"
#include "runtime_entries.hpp"

namespace uni::cuda {

Result launch_fill(const FillRequest &request, Stream stream) { return dispatch_fill(request, Launch(stream)); }

}  // namespace uni::cuda
