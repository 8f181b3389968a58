// SPDX-License-Identifier: Apache-2.0
// Plugins that are wrong on purpose, one to each value of HOSTILE.
#include <cstdlib>
#include <cstring>
#include <stdexcept>

#include "unitensor/backend.h"
#include "unitensor/export.h"

#define NO_SYMBOL 1
#define OLD_VERSION 2
#define OTHER_VERSION 3
#define FAILS_WITHOUT_A_WORD 4
#define THROWS 5
#define LACKS_AN_OPERATION 6
#define CREATE_FAILS 7
#define THROWS_A_NUMBER 8
#define NEVER_COMPLETES 9 /* computes for the CPU; its samples are to be waited for, and it has nothing that waits */

#if HOSTILE != NO_SYMBOL
namespace {

[[maybe_unused]] void say(uni_error *error, uni_status status, const char *text) {
  error->code = status;
  std::strncpy(error->message, text, sizeof error->message - 1);
}

uni_status create(const uni_backend_config *, void **self, [[maybe_unused]] uni_error *error) {
#if HOSTILE == CREATE_FAILS
  *self = nullptr;
  say(error, UNI_STATUS_BACKEND_ERROR, "the device is on fire");
  return UNI_STATUS_BACKEND_ERROR;
#else
  static int object;
  *self = &object;
  return UNI_STATUS_OK;
#endif
}
void destroy(void *) {}
int32_t supports_memory(void *, int32_t, char *reason, int32_t) {
  reason[0] = '\0';
  return HOSTILE == NEVER_COMPLETES;
}
uni_status allocate(void *, int32_t memory, int32_t, int64_t num_bytes, uni_memory_block *block, uni_error *) {
  if (HOSTILE != NEVER_COMPLETES) return UNI_STATUS_INTERNAL;
  *block = {std::malloc(static_cast<size_t>(num_bytes) + 1), num_bytes, memory, 0, nullptr};
  return block->data != nullptr ? UNI_STATUS_OK : UNI_STATUS_OUT_OF_MEMORY;
}
void release(void *, uni_memory_block *block) { std::free(block->data); }
uni_status copy(void *, const uni_rows *to, const uni_rows *from, void *, uni_error *) {
  if (HOSTILE != NEVER_COMPLETES) return UNI_STATUS_INTERNAL;
  for (int64_t i = 0; i < to->num_rows; ++i)
    std::memcpy(to->data + i * to->row_pitch, from->data + i * from->row_pitch, static_cast<size_t>(to->row_bytes));
  return UNI_STATUS_OK;
}
uni_status fill(void *, const uni_rows *, const void *, int64_t, void *, uni_error *) { return UNI_STATUS_INTERNAL; }
[[maybe_unused]] uni_status gather(void *, const uni_gather_plan *, void *, uni_error *) { return UNI_STATUS_INTERNAL; }
uni_status scatter(void *, const uni_scatter_plan *, void *, uni_error *) { return UNI_STATUS_INTERNAL; }
uni_status validate_graph(void *, const uni_graph_view *, uni_error *) { return UNI_STATUS_INTERNAL; }
uni_status sample_neighbors(void *self, const uni_sample_plan *, void *, uni_sample_output *output, uni_error *) {
  if (HOSTILE != NEVER_COMPLETES) return UNI_STATUS_INTERNAL;
  output->pending = self;
  return UNI_STATUS_OK;
}

}  // namespace

extern "C" UNI_API uni_status uni_backend_init(uint32_t, uni_backend_ops *ops, [[maybe_unused]] uni_error *error) {
#if HOSTILE == OLD_VERSION
  say(error, UNI_STATUS_VERSION_MISMATCH, "this plugin is from another time");
  return UNI_STATUS_VERSION_MISMATCH;
#elif HOSTILE == FAILS_WITHOUT_A_WORD
  return UNI_STATUS_BACKEND_ERROR;
#elif HOSTILE == THROWS
  throw std::runtime_error("an exception of the plugin's");
#elif HOSTILE == THROWS_A_NUMBER
  throw 7;
#endif
  ops->abi_version = HOSTILE == OTHER_VERSION ? 99 : UNI_BACKEND_ABI_VERSION;
  ops->name = "hostile";
  ops->device_type = HOSTILE == NEVER_COMPLETES ? UNI_DEVICE_CPU : UNI_DEVICE_CUDA;
  ops->create = create;
  ops->destroy = destroy;
  ops->supports_memory = supports_memory;
  ops->allocate = allocate;
  ops->release = release;
  ops->copy = copy;
  ops->fill = fill;
#if HOSTILE != LACKS_AN_OPERATION
  ops->gather = gather;
#endif
  ops->scatter = scatter;
  ops->validate_graph = validate_graph;
  ops->sample_neighbors = sample_neighbors;
  return UNI_STATUS_OK;
}
#endif
