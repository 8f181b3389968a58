// SPDX-License-Identifier: Apache-2.0
// The graph behind uni_graph: tensors in compressed sparse column form.
#pragma once

#include "core/tensor.hpp"
#include "unitensor/graph.h"

struct uni_graph final : uni::core::RefCounted<uni_graph> {
 public:
  using TensorRef = uni::core::Ref<uni_tensor>;
  uni_graph(TensorRef indptr, TensorRef indices, TensorRef edge_ids) noexcept
      : indptr_(std::move(indptr)), indices_(std::move(indices)), edge_ids_(std::move(edge_ids)) {}

  uni_context *context() const noexcept { return indptr_->context(); }
  const uni_tensor &indptr() const noexcept { return *indptr_; }
  const uni_tensor &indices() const noexcept { return *indices_; }
  const uni_tensor *edge_ids() const noexcept { return edge_ids_.get(); }
  int64_t num_nodes() const noexcept { return indptr_->layout().num_rows - 1; }
  int64_t num_edges() const noexcept { return indices_->layout().num_rows; }
  uni_graph_view view() const noexcept;

 private:
  TensorRef indptr_, indices_, edge_ids_;
};

namespace uni::core {

// The same as of arrays.
void wait_before_cpu_reads(uni_context *context, const uni_graph &graph);
Ref<uni_graph> create_graph(uni_context *context, const uni_graph_desc &desc);
Ref<uni_graph> load_graph(uni_context *context, const char *path, int32_t memory);
void save_graph(const uni_graph &graph, const char *path);

}  // namespace uni::core
