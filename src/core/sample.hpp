// SPDX-License-Identifier: Apache-2.0
// The sample behind uni_sample, and the plan that makes one.
#pragma once

#include <optional>

#include "core/graph.hpp"
#include "unitensor/sample.h"

struct uni_sample final : uni::core::RefCounted<uni_sample> {
 public:
  using TensorRef = uni::core::Ref<uni_tensor>;
  uni_sample(uni::core::Ref<uni_context> context, uni::core::Backend &backend, const uni_sample_plan &plan);
  ~uni_sample();

  // Enqueues, or does, the work; once, before anybody else has the sample.
  void run(const uni_sample_plan &plan, void *stream);
  // Blocks until the counts are known. Throws what went wrong on the device, every time.
  void wait();

  // Throws INVALID_STATE while the counts are not known.
  const uni_sample_info &info() const;
  // Before `wait` with room for all that there can be and a count on the device, then exact.
  uni_tensor *tensor(int32_t part) const noexcept;

 private:
  void take(int32_t part, uni_memory_block &block, int32_t dtype, int64_t length, const int64_t *count);
  void complete();

  uni::core::Ref<uni_context> context_;
  uni::core::Backend &backend_;
  uni_sample_output output_ = {};
  uni_sample_info info_ = {};
  bool complete_ = false;
  std::optional<uni::Error> failure_;
  TensorRef tensors_[UNI_SAMPLE_SEED_INDEX + 1];
  // Of exact size, where the others are larger. Those stay: somebody may have borrowed them.
  TensorRef exact_[UNI_SAMPLE_SEED_INDEX + 1];
};

namespace uni::core {

Ref<uni_sample> sample_neighbors(const uni_graph &graph, const ArrayView &seeds, const uni_sample_options &options,
                                 void *stream);

}  // namespace uni::core
