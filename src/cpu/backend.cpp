// SPDX-License-Identifier: Apache-2.0
#include "cpu/backend.hpp"

#include "core/error.hpp"
#include "cpu/block_cache.hpp"
#include "cpu/sample_workspaces.hpp"

namespace uni::cpu {
namespace {

uni_status create(const uni_backend_config *config, void **self, uni_error *error) noexcept {
  return guard(error, [&] { *self = new Backend(*config); });
}

void destroy(void *self) noexcept { delete static_cast<Backend *>(self); }

}  // namespace

Backend::Backend(const uni_backend_config &config)
    : pool(config.num_threads),
      blocks(std::make_unique<BlockCache>()),
      sample_workspaces(std::make_unique<SampleWorkspaces>()) {}

Backend::~Backend() = default;

uni_status trim(void *self, uni_error *) noexcept {
  Backend &backend = *static_cast<Backend *>(self);
  backend.blocks->trim();
  backend.sample_workspaces->trim();
  return UNI_STATUS_OK;
}

void fill_ops(uni_backend_ops *ops) noexcept {
  ops->struct_size = sizeof *ops;
  ops->abi_version = UNI_BACKEND_ABI_VERSION;
  ops->name = "cpu";
  ops->device_type = UNI_DEVICE_CPU;
  ops->create = create;
  ops->destroy = destroy;
  ops->supports_memory = supports_memory;
  ops->allocate = allocate;
  ops->release = release;
  ops->copy = copy;
  ops->fill = fill;
  ops->gather = gather;
  ops->scatter = scatter;
  ops->validate_graph = validate_graph;
  ops->sample_neighbors = sample_neighbors;
  ops->trim = trim;
}

}  // namespace uni::cpu
