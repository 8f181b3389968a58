// SPDX-License-Identifier: Apache-2.0
// The tables of nodes and rows that kernels fill, in memory of an operation.
#pragma once

#include "backend.hpp"

namespace uni::cuda {

// An empty table over `num_keys` keys that takes `most` of them: one word to a key where that is not much larger than
// open addressing at half load.
TableRequest make_table(Backend &backend, Operation &operation, int64_t num_keys, int64_t most);

}  // namespace uni::cuda
