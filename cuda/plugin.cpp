// SPDX-License-Identifier: Apache-2.0
// What the plugin exports.
#include "backend.hpp"
#include "runtime_api.hpp"
#include "unitensor/export.h"

namespace {

uni_status create(const uni_backend_config *config, void **self, uni_error *error) {
  return uni::cuda::create(uni::cuda::runtime_api(), config, self, error);
}

}  // namespace

extern "C" UNI_API uni_status uni_backend_init(uint32_t abi_version, uni_backend_ops *ops, uni_error *error) {
  return uni::cuda::init_backend(abi_version, uni::cuda::runtime_api(), create, ops, error);
}
