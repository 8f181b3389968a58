// SPDX-License-Identifier: Apache-2.0
#include "core/graph.hpp"

#include "core/structs.hpp"

using uni::guard;
using uni::core::require;

extern "C" {

uni_status uni_graph_create(uni_context *context, const uni_graph_desc *desc, uni_graph **graph, uni_error *error) {
  if (graph != nullptr) *graph = nullptr;
  return guard(error, [&] {
    require(context, "context");
    require(desc, "desc");
    require(graph, "graph");
    *graph = uni::core::create_graph(context, uni::core::read_struct(desc, "desc")).detach();
  });
}

uni_status uni_graph_load(uni_context *context, const char *path, int32_t memory, uni_graph **graph, uni_error *error) {
  if (graph != nullptr) *graph = nullptr;
  return guard(error, [&] {
    require(context, "context");
    require(path, "path");
    require(graph, "graph");
    *graph = uni::core::load_graph(context, path, memory).detach();
  });
}

uni_status uni_graph_save(const uni_graph *graph, const char *path, uni_error *error) {
  return guard(error, [&] {
    require(graph, "graph");
    require(path, "path");
    uni::core::save_graph(*graph, path);
  });
}

uni_graph *uni_graph_retain(uni_graph *graph) {
  if (graph != nullptr) graph->retain();
  return graph;
}

void uni_graph_release(uni_graph *graph) {
  if (graph != nullptr) graph->release();
}

uni_status uni_graph_get_info(const uni_graph *graph, uni_graph_info *info, uni_error *error) {
  return guard(error, [&] {
    require(graph, "graph");
    require(info, "info");
    uni_graph_info result = {};
    result.indptr_dtype = graph->indptr().array().dtype;
    result.indices_dtype = graph->indices().array().dtype;
    result.has_edge_ids = graph->edge_ids() != nullptr;
    result.num_nodes = graph->num_nodes();
    result.num_edges = graph->num_edges();
    uni::core::write_struct(result, info, "info");
  });
}

const uni_tensor *uni_graph_tensor(const uni_graph *graph, int32_t part) {
  if (graph == nullptr) return nullptr;
  switch (part) {
    case UNI_GRAPH_INDPTR:
      return &graph->indptr();
    case UNI_GRAPH_INDICES:
      return &graph->indices();
    case UNI_GRAPH_EDGE_IDS:
      return graph->edge_ids();
    default:
      return nullptr;
  }
}

}  // extern "C"
