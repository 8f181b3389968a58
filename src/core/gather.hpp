// SPDX-License-Identifier: Apache-2.0
// Decides where a gather or scatter runs and with which types, and writes that down as a plan.
#pragma once

#include "core/tensor.hpp"
#include "unitensor/gather.h"

namespace uni::core {

void gather_into(const uni_tensor &source, const ArrayView &index, const uni_gather_options &options, void *stream,
                 const ArrayView &out);
Ref<uni_tensor> gather(const uni_tensor &source, const ArrayView &index, const uni_gather_options &options,
                       void *stream);
void scatter(uni_tensor &destination, const ArrayView &index, const ArrayView &rows, const uni_scatter_options &options,
             void *stream);

}  // namespace uni::core
