// SPDX-License-Identifier: Apache-2.0
// The fake of CUDA as an Api.
#pragma once

#include "api.hpp"

namespace uni::cuda::fake {

const Api &fake_api();

Result launch_fill(const FillRequest &request, Stream stream);
Result launch_order_keys(const OrderKeysRequest &request, Stream stream);
Result launch_gather(const GatherRequest &request, Stream stream);
Result launch_scatter(const ScatterRequest &request, Stream stream);
Result launch_validate_graph(const ValidateGraphRequest &request, Stream stream);
Result launch_sample(const SampleRequest &request, Stream stream);
Result scan_workspace_bytes(int64_t count, int64_t *num_bytes);
Result scan(int64_t *values, int64_t count, void *workspace, int64_t workspace_bytes, Stream stream);
Result sort_workspace_bytes(int64_t count, int32_t num_bits, int64_t *num_bytes);
Result sort_pairs(const SortRequest &request, void *workspace, int64_t workspace_bytes, Stream stream,
                  uint32_t **sorted_positions);

}  // namespace uni::cuda::fake
