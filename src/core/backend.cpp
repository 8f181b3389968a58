// SPDX-License-Identifier: Apache-2.0
#include "core/backend.hpp"

namespace uni::core {

Backend::Backend(const uni_backend_ops &ops, const uni_backend_config &config) : ops_(ops) {
  const struct {
    bool present;
    const char *name;
  } needed[] = {
      {ops.name != nullptr, "name"},
      {ops.create != nullptr, "create"},
      {ops.destroy != nullptr, "destroy"},
      {ops.supports_memory != nullptr, "supports_memory"},
      {ops.allocate != nullptr, "allocate"},
      {ops.release != nullptr, "release"},
      {ops.copy != nullptr, "copy"},
      {ops.fill != nullptr, "fill"},
      {ops.gather != nullptr, "gather"},
      {ops.scatter != nullptr, "scatter"},
      {ops.validate_graph != nullptr, "validate_graph"},
      {ops.sample_neighbors != nullptr, "sample_neighbors"},
  };
  for (const auto &member : needed)
    if (!member.present)
      throw Error(UNI_STATUS_BACKEND_UNAVAILABLE, "the backend %s lacks the operation %s",
                  ops.name != nullptr ? ops.name : "without a name", member.name);
  uni_error error = UNI_ERROR_INIT;
  throw_if_failed(ops_.create(&config, &self_, &error), error);
}

Backend::~Backend() { ops_.destroy(self_); }

}  // namespace uni::core
