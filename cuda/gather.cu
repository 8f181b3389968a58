// SPDX-License-Identifier: Apache-2.0
#include "dispatch.hpp"
#include "launch.cuh"
#include "runtime_entries.hpp"

namespace uni::cuda {

Result launch_order_keys(const OrderKeysRequest &request, Stream stream) {
  return dispatch_order_keys(request, Launch(stream));
}
Result launch_gather(const GatherRequest &request, Stream stream) { return dispatch_gather(request, Launch(stream)); }

}  // namespace uni::cuda
