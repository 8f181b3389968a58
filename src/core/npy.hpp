// SPDX-License-Identifier: Apache-2.0
// Tensors from and to .npy files.
#pragma once

#include "core/file.hpp"
#include "core/tensor.hpp"
#include "unitensor/npy.h"

namespace uni::core {

Ref<uni_tensor> load_npy(uni_context *context, const char *path, int32_t memory, const uni_load_options &options);
// The file has all of the tensor, and not its name yet.
void write_npy(const uni_tensor &tensor, OutputFile &file);
void save_npy(const uni_tensor &tensor, const char *path);

}  // namespace uni::core
