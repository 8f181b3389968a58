// SPDX-License-Identifier: Apache-2.0
#include "core/npy.hpp"

#include "core/structs.hpp"

using uni::guard;
using uni::core::require;

extern "C" {

uni_status uni_tensor_load(uni_context *context, const char *path, int32_t memory, const uni_load_options *options,
                           uni_tensor **tensor, uni_error *error) {
  if (tensor != nullptr) *tensor = nullptr;
  return guard(error, [&] {
    require(context, "context");
    require(path, "path");
    require(tensor, "tensor");
    uni_load_options read = UNI_LOAD_OPTIONS_INIT;
    if (options != nullptr) read = uni::core::read_struct(options, "options");
    *tensor = uni::core::load_npy(context, path, memory, read).detach();
  });
}

uni_status uni_tensor_save(const uni_tensor *tensor, const char *path, uni_error *error) {
  return guard(error, [&] {
    require(tensor, "tensor");
    require(path, "path");
    uni::core::save_npy(*tensor, path);
  });
}

}  // extern "C"
