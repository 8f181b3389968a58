// SPDX-License-Identifier: Apache-2.0
// Decides where a gather runs, with which types and in which order, and writes that down as a plan.
#pragma once

#include <cstdio>

#include "core/tensor.hpp"
#include "unitensor/gather.h"

namespace uni::core {

void gather_into(const uni_tensor &source, const ArrayView &index, const uni_gather_options &options, void *stream,
                 const ArrayView &out);
Ref<uni_tensor> gather(const uni_tensor &source, const ArrayView &index, const uni_gather_options &options,
                       void *stream);
// outs[t] = rows of sources[t]; none is NULL.
void gather_many(int32_t num_tensors, const uni_tensor *const *sources, const ArrayView &index,
                 const uni_gather_options &options, void *stream, const ArrayView *outs);

// What gathers and scatters have in common.
void check_row_options(int32_t bounds, uint32_t flags, int32_t num_multiprocessors, uint32_t reserved);
// "sources[3]" for messages.
struct Name {
  char text[24];
  Name(const char *array, int32_t position) noexcept { std::snprintf(text, sizeof text, "%s[%d]", array, position); }
};
// Shape of rows that `index` takes from `tensor`.
void row_shape(const uni_tensor &tensor, const char *name, const ArrayView &index, int64_t shape[UNI_MAX_NDIM]);

}  // namespace uni::core
