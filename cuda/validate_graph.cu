// SPDX-License-Identifier: Apache-2.0
#include "dispatch.hpp"
#include "launch.cuh"
#include "runtime_entries.hpp"

namespace uni::cuda {

Result launch_validate_graph(const ValidateGraphRequest &request, Stream stream) {
  return dispatch_validate_graph(request, Launch(stream));
}

}  // namespace uni::cuda
