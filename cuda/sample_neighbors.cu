// SPDX-License-Identifier: Apache-2.0
#include "dispatch.hpp"
#include "launch.cuh"
#include "runtime_entries.hpp"

namespace uni::cuda {

Result launch_sample(const SampleRequest &request, Stream stream) { return dispatch_sample(request, Launch(stream)); }

}  // namespace uni::cuda
