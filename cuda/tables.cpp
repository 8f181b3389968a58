// SPDX-License-Identifier: Apache-2.0
#include "tables.hpp"

#include <algorithm>

namespace uni::cuda {

TableRequest make_table(Backend &backend, Operation &operation, int64_t num_keys, int64_t most) {
  TableRequest table = {};
  int64_t pairs = 64;
  while (pairs < 2 * most) pairs *= 2;
  table.dense = num_keys <= 4 * pairs;
  table.stamp = uint64_t{1} << kernels::kValueBits;
  table.mask = static_cast<uint64_t>(pairs) - 1;
  const int64_t words = table.dense ? std::max<int64_t>(num_keys, 1) : 2 * pairs;
  table.words = operation.allocate_array<uint64_t>(words);
  backend.calls().require(backend.api().set_bytes(table.words, 0, words * 8, operation.stream()),
                          "cudaMemsetAsync(%lld bytes)", static_cast<long long>(words * 8));
  return table;
}

}  // namespace uni::cuda
