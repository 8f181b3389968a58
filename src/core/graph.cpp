// SPDX-License-Identifier: Apache-2.0
#include "core/graph.hpp"

#include <string>

#include "core/file.hpp"
#include "core/npy.hpp"
#include "core/structs.hpp"

uni_graph_view uni_graph::view() const noexcept {
  uni_graph_view view = {};
  view.indptr = indptr_->array().data;
  view.indices = indices_->array().data;
  view.edge_ids = edge_ids_ ? edge_ids_->array().data : nullptr;
  view.num_nodes = num_nodes();
  view.num_edges = num_edges();
  view.indptr_dtype = indptr_->array().dtype;
  view.indices_dtype = indices_->array().dtype;
  return view;
}

namespace uni::core {
namespace {

const uni_tensor &check_part(uni_context *context, const uni_tensor *tensor, const char *name) {
  require(tensor, name);
  if (tensor->context() != context)
    throw Error(UNI_STATUS_INVALID_ARGUMENT, "%s belongs to another context than the graph", name);
  read_index(&tensor->array(), name);
  return *tensor;
}

Ref<uni_tensor> share(const uni_tensor *tensor) { return Ref<uni_tensor>::share(const_cast<uni_tensor *>(tensor)); }

}  // namespace

void wait_before_cpu_reads(uni_context *context, const uni_graph &graph) {
  for (const uni_tensor *part : {&graph.indptr(), &graph.indices(), graph.edge_ids()})
    if (part != nullptr) wait_before_cpu_reads(context, part->view());
}

Ref<uni_graph> create_graph(uni_context *context, const uni_graph_desc &desc) {
  if ((desc.flags & ~static_cast<uint32_t>(UNI_GRAPH_TRUST)) != 0)
    throw Error(UNI_STATUS_INVALID_ARGUMENT, "desc->flags is 0x%x, expected 0 or UNI_GRAPH_TRUST (%d)", desc.flags,
                static_cast<int>(UNI_GRAPH_TRUST));
  const uni_tensor &indptr = check_part(context, desc.indptr, "desc->indptr");
  const uni_tensor &indices = check_part(context, desc.indices, "desc->indices");
  if (indptr.layout().num_rows < 1)
    throw Error(UNI_STATUS_SHAPE_MISMATCH, "desc->indptr has shape [0], expected num_nodes + 1 entries, at least 1");
  if (desc.edge_ids != nullptr) {
    const uni_tensor &edge_ids = check_part(context, desc.edge_ids, "desc->edge_ids");
    require_same_dtype(edge_ids.view(), "desc->edge_ids", indptr.view(), "desc->indptr");
    require_shape(edge_ids.view(), "desc->edge_ids", 1, indices.array().shape);
  }
  const bool on_cpu = indptr.readable_by_cpu();
  for (const uni_tensor *part : {&indices, desc.edge_ids})
    if (part != nullptr &&
        (part->readable_by_cpu() != on_cpu || (!on_cpu && part->array().device_id != indptr.array().device_id)))
      throw Error(UNI_STATUS_DEVICE_MISMATCH,
                  "the tensors of the graph lie on different devices, expected one that "
                  "can read them all");
  if (indices.array().dtype == UNI_DTYPE_INT32 && indptr.layout().num_rows - 1 > (int64_t{1} << 31))
    throw Error(UNI_STATUS_DTYPE_MISMATCH, "desc->indices has dtype int32, expected int64 for %lld nodes",
                static_cast<long long>(indptr.layout().num_rows - 1));
  auto graph = Ref<uni_graph>::take(new uni_graph(share(&indptr), share(&indices), share(desc.edge_ids)));
  if ((desc.flags & UNI_GRAPH_TRUST) == 0) {
    Backend &backend = on_cpu ? context->cpu() : context->require_device();
    const uni_graph_view view = graph->view();
    if (on_cpu) wait_before_cpu_reads(context, *graph);
    backend.call(backend.ops().validate_graph, &view);
  }
  return graph;
}

Ref<uni_graph> load_graph(uni_context *context, const char *path, int32_t memory) {
  const std::string folder = path;
  const Ref<uni_tensor> indptr = load_npy(context, (folder + "/indptr.npy").c_str(), memory, {});
  const Ref<uni_tensor> indices = load_npy(context, (folder + "/indices.npy").c_str(), memory, {});
  Ref<uni_tensor> edge_ids;
  const std::string edge_ids_path = folder + "/edge_ids.npy";
  if (file_exists(edge_ids_path.c_str())) edge_ids = load_npy(context, edge_ids_path.c_str(), memory, {});
  uni_graph_desc desc = {};
  desc.indptr = indptr.get();
  desc.indices = indices.get();
  desc.edge_ids = edge_ids.get();
  return create_graph(context, desc);
}

void save_graph(const uni_graph &graph, const char *path) {
  const std::string folder = path;
  // Whatever is likely to fail does so before any part takes its name.
  OutputFile indptr((folder + "/indptr.npy").c_str());
  write_npy(graph.indptr(), indptr);
  OutputFile indices((folder + "/indices.npy").c_str());
  write_npy(graph.indices(), indices);
  const std::string edge_ids_path = folder + "/edge_ids.npy";
  if (graph.edge_ids() != nullptr) {
    OutputFile edge_ids(edge_ids_path.c_str());
    write_npy(*graph.edge_ids(), edge_ids);
    edge_ids.commit();
  } else {
    // Those of a graph that was saved here before are not this one's.
    remove_file(edge_ids_path.c_str());
  }
  indptr.commit();
  indices.commit();
}

}  // namespace uni::core
