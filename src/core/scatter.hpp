// SPDX-License-Identifier: Apache-2.0
// Decides where a scatter runs and with which types, and writes that down as a plan.
#pragma once

#include "core/tensor.hpp"
#include "unitensor/gather.h"

namespace uni::core {

void scatter(uni_tensor &destination, const ArrayView &index, const ArrayView &rows, const uni_scatter_options &options,
             void *stream);

}  // namespace uni::core
