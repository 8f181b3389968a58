// SPDX-License-Identifier: Apache-2.0
// The CPU backend: the operations behind its table (see unitensor/backend.h). Each takes the Backend as `self`.
#pragma once

#include "cpu/thread_pool.hpp"
#include "unitensor/backend.h"

namespace uni::cpu {

class BlockCache;         // memory that was released lately; see block_cache.hpp
struct SampleWorkspaces;  // scratch memory that sampling keeps between calls; see sample_neighbors.cpp

struct Backend {
  explicit Backend(const uni_backend_config &config);
  ~Backend();

  ThreadPool pool;
  std::unique_ptr<BlockCache> blocks;
  std::unique_ptr<SampleWorkspaces> sample_workspaces;
};

// memory.cpp
uni_status allocate(void *self, int32_t memory, int32_t device_id, int64_t num_bytes, uni_memory_block *block,
                    uni_error *error) noexcept;
void release(void *self, uni_memory_block *block) noexcept;
int32_t supports_memory(void *self, int32_t memory, char *reason, int32_t size) noexcept;
uni_status copy(void *self, const uni_rows *destination, const uni_rows *source, void *stream,
                uni_error *error) noexcept;
uni_status fill(void *self, const uni_rows *destination, const void *value, int64_t element_bytes, void *stream,
                uni_error *error) noexcept;

// backend.cpp
uni_status trim(void *self, uni_error *error) noexcept;

// gather.cpp, scatter.cpp
uni_status gather(void *self, const uni_gather_plan *plan, void *stream, uni_error *error) noexcept;
uni_status scatter(void *self, const uni_scatter_plan *plan, void *stream, uni_error *error) noexcept;

// validate_graph.cpp
uni_status validate_graph(void *self, const uni_graph_view *graph, uni_error *error) noexcept;

// sample_neighbors.cpp
uni_status sample_neighbors(void *self, const uni_sample_plan *plan, void *stream, uni_sample_output *output,
                            uni_error *error) noexcept;

// The table, with lane groups of one lane. The emulated backend of the tests takes it and puts wider groups in.
void fill_ops(uni_backend_ops *ops) noexcept;

}  // namespace uni::cpu
