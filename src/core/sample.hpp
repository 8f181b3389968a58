// SPDX-License-Identifier: Apache-2.0
// The sample behind uni_sample, and the plan that makes one.
#pragma once

#include "core/graph.hpp"
#include "unitensor/sample.h"

struct uni_sample final : uni::core::RefCounted<uni_sample> {
 public:
  using TensorRef = uni::core::Ref<uni_tensor>;
  explicit uni_sample(uni::core::Ref<uni_context> context) noexcept : context_(std::move(context)) {}

  const uni_sample_info &info() const noexcept { return info_; }
  uni_tensor *tensor(int32_t part) const noexcept {
    return part >= UNI_SAMPLE_NODES && part <= UNI_SAMPLE_SEED_INDEX ? tensors_[part].get() : nullptr;
  }

 private:
  friend struct uni_sample_builder;
  uni::core::Ref<uni_context> context_;
  uni_sample_info info_ = {};
  TensorRef tensors_[UNI_SAMPLE_SEED_INDEX + 1];
};

namespace uni::core {

Ref<uni_sample> sample_neighbors(const uni_graph &graph, const ArrayView &seeds, const uni_sample_options &options,
                                 void *stream);

}  // namespace uni::core
