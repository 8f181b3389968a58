// SPDX-License-Identifier: Apache-2.0
// The entries of the runtime's table that have a file of their own. The comments of cuda/api.hpp hold.
#pragma once

#include "api.hpp"

namespace uni::cuda {

// device_memory.cu
Result allocate_device(void **data, int64_t num_bytes, Stream stream) noexcept;
Result free_device(void *data, int32_t device_id, Stream stream) noexcept;
Result trim_pools() noexcept;

// device_report.cu
Result device_report(int32_t device_id, DeviceReport *report) noexcept;

// copy_rows.cu
Result copy_rows(void *to, int64_t to_pitch, const void *from, int64_t from_pitch, int64_t width, int64_t height,
                 Stream stream) noexcept;

// scan.cu
Result scan_workspace_bytes(int64_t count, int64_t *num_bytes) noexcept;
Result scan(int64_t *values, int64_t count, void *workspace, int64_t workspace_bytes, Stream stream) noexcept;

// sort.cu
Result sort_workspace_bytes(int64_t count, int32_t num_bits, int64_t *num_bytes) noexcept;
Result sort_pairs(const SortRequest &request, void *workspace, int64_t workspace_bytes, Stream stream,
                  uint32_t **sorted_positions) noexcept;

// The file of the family.
Result launch_fill(const FillRequest &request, Stream stream);
Result launch_order_keys(const OrderKeysRequest &request, Stream stream);
Result launch_gather(const GatherRequest &request, Stream stream);
Result launch_scatter(const ScatterRequest &request, Stream stream);
Result launch_validate_graph(const ValidateGraphRequest &request, Stream stream);
Result launch_sample(const SampleRequest &request, Stream stream);

}  // namespace uni::cuda
