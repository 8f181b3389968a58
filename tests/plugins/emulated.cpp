// SPDX-License-Identifier: Apache-2.0
// A backend plugin that computes on the CPU's tensors as the CPU backend does, but samples with lane groups as wide as a
// GPU's. UNITENSOR_EMULATED_LANES (1, 2, 4, 8, 16, 32; default 32) is their width, UNITENSOR_EMULATED_ORDER (a number,
// default 0) picks the order in which lanes are visited. Both are read when a context is created.
#include <cstdlib>
#include <cstring>
#include <memory>

#include "core/error.hpp"
#include "cpu/backend.hpp"
#include "cpu/sample_scheduler.hpp"
#include "unitensor/export.h"

namespace {

using uni::kernels::HostGroup;

const uni_backend_ops cpu_ops = [] {
  uni_backend_ops ops{};
  uni::cpu::fill_ops(&ops);
  return ops;
}();

struct Emulated {
  void *cpu = nullptr;  // the CPU backend that does everything else
  int lanes = 32;
  uint64_t order = 0;
};

Emulated &emulated_of(void *self) noexcept { return *static_cast<Emulated *>(self); }

uint64_t number_from_environment(const char *name, uint64_t otherwise) {
  const char *text = std::getenv(name);
  if (text == nullptr || *text == '\0') return otherwise;
  char *end = nullptr;
  const unsigned long long value = std::strtoull(text, &end, 10);
  if (*end != '\0') throw uni::Error(UNI_STATUS_INVALID_ARGUMENT, "%s is \"%s\", expected a number", name, text);
  return value;
}

uni_status create(const uni_backend_config *config, void **self, uni_error *error) noexcept {
  return uni::guard(error, [&] {
    auto emulated = std::make_unique<Emulated>();
    const uint64_t lanes = number_from_environment("UNITENSOR_EMULATED_LANES", 32);
    if (lanes < 1 || lanes > 32 || (lanes & (lanes - 1)) != 0) {
      throw uni::Error(UNI_STATUS_INVALID_ARGUMENT, "UNITENSOR_EMULATED_LANES is %llu, expected 1, 2, 4, 8, 16 or 32",
                       static_cast<unsigned long long>(lanes));
    }
    emulated->lanes = static_cast<int>(lanes);
    emulated->order = number_from_environment("UNITENSOR_EMULATED_ORDER", 0);
    uni_error cpu_error = UNI_ERROR_INIT;
    uni::throw_if_failed(cpu_ops.create(config, &emulated->cpu, &cpu_error), cpu_error);
    *self = emulated.release();
  });
}

void destroy(void *self) noexcept {
  cpu_ops.destroy(emulated_of(self).cpu);
  delete &emulated_of(self);
}

int32_t supports_memory(void *self, int32_t memory, char *reason, int32_t size) noexcept {
  return cpu_ops.supports_memory(emulated_of(self).cpu, memory, reason, size);
}
uni_status allocate(void *self, int32_t memory, int32_t device_id, int64_t num_bytes, uni_memory_block *block,
                    uni_error *error) noexcept {
  return cpu_ops.allocate(emulated_of(self).cpu, memory, device_id, num_bytes, block, error);
}
void release(void *self, uni_memory_block *block) noexcept { cpu_ops.release(emulated_of(self).cpu, block); }
uni_status copy(void *self, const uni_rows *destination, const uni_rows *source, void *stream,
                uni_error *error) noexcept {
  return cpu_ops.copy(emulated_of(self).cpu, destination, source, stream, error);
}
uni_status fill(void *self, const uni_rows *destination, const void *value, int64_t element_bytes, void *stream,
                uni_error *error) noexcept {
  return cpu_ops.fill(emulated_of(self).cpu, destination, value, element_bytes, stream, error);
}
uni_status gather(void *self, const uni_gather_plan *plan, void *stream, uni_error *error) noexcept {
  return cpu_ops.gather(emulated_of(self).cpu, plan, stream, error);
}
uni_status scatter(void *self, const uni_scatter_plan *plan, void *stream, uni_error *error) noexcept {
  return cpu_ops.scatter(emulated_of(self).cpu, plan, stream, error);
}
uni_status validate_graph(void *self, const uni_graph_view *graph, uni_error *error) noexcept {
  return cpu_ops.validate_graph(emulated_of(self).cpu, graph, error);
}

uni_status sample_neighbors(void *self, const uni_sample_plan *plan, void *, uni_sample_output *output,
                            uni_error *error) noexcept {
  const Emulated &emulated = emulated_of(self);
  const auto sample = [&](auto group) {
    return uni::cpu::sample_with_groups<decltype(group)>(emulated.cpu, *plan, emulated.order, output, error);
  };
  switch (emulated.lanes) {
    case 1:
      return sample(HostGroup<1>());
    case 2:
      return sample(HostGroup<2>());
    case 4:
      return sample(HostGroup<4>());
    case 8:
      return sample(HostGroup<8>());
    case 16:
      return sample(HostGroup<16>());
    default:
      return sample(HostGroup<32>());
  }
}

}  // namespace

extern "C" UNI_API uni_status uni_backend_init(uint32_t abi_version, uni_backend_ops *ops, uni_error *error) {
  if (abi_version != UNI_BACKEND_ABI_VERSION) {
    return uni::set_error(error, UNI_STATUS_VERSION_MISMATCH, 0, "the emulated backend knows one plugin ABI only");
  }
  uni_backend_ops filled{};
  filled.struct_size = sizeof filled;
  filled.abi_version = UNI_BACKEND_ABI_VERSION;
  filled.name = "emulated";
  filled.device_type = UNI_DEVICE_CPU;
  filled.create = create;
  filled.destroy = destroy;
  filled.supports_memory = supports_memory;
  filled.allocate = allocate;
  filled.release = release;
  filled.copy = copy;
  filled.fill = fill;
  filled.gather = gather;
  filled.scatter = scatter;
  filled.validate_graph = validate_graph;
  filled.sample_neighbors = sample_neighbors;
  std::memcpy(ops, &filled, ops->struct_size < sizeof filled ? ops->struct_size : sizeof filled);
  return UNI_STATUS_OK;
}
