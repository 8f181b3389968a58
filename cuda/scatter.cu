// SPDX-License-Identifier: Apache-2.0
#include "dispatch.hpp"
#include "launch.cuh"
#include "runtime_entries.hpp"

namespace uni::cuda {

Result launch_scatter(const ScatterRequest &request, Stream stream) {
  return dispatch_scatter(request, Launch(stream));
}

}  // namespace uni::cuda
