// SPDX-License-Identifier: Apache-2.0
#include "core/sample.hpp"

#include <algorithm>
#include <numeric>

// Fills a sample from what a backend gave out, and frees what was not taken over.
struct uni_sample_builder {
  uni_context *context;
  uni::core::Backend *backend;
  uni_sample_output output = {};

  ~uni_sample_builder() {
    for (uni_memory_block *block :
         {&output.nodes, &output.sources, &output.targets, &output.edge_ids, &output.seed_index})
      if (block->data != nullptr) backend->release(block);
  }

  void take(uni_sample &sample, int32_t part, uni_memory_block &block, int32_t dtype, int64_t length) {
    sample.tensors_[part] = uni::core::adopt_tensor(context, backend, block, dtype, length);
  }

  void fill(uni_sample &sample, const uni_sample_plan &plan) {
    uni_sample_info &info = sample.info_;
    info.num_hops = plan.num_hops;
    info.num_seeds = plan.num_seeds;
    std::copy_n(output.hop_nodes, plan.num_hops + 1, info.hop_nodes);
    std::copy_n(output.hop_edges, plan.num_hops, info.hop_edges);
    info.num_nodes = std::accumulate(output.hop_nodes, output.hop_nodes + plan.num_hops + 1, int64_t{0});
    info.num_edges = std::accumulate(output.hop_edges, output.hop_edges + plan.num_hops, int64_t{0});
    const int32_t id = plan.graph.indices_dtype;
    take(sample, UNI_SAMPLE_NODES, output.nodes, id, info.num_nodes);
    take(sample, UNI_SAMPLE_SOURCES, output.sources, id, info.num_edges);
    take(sample, UNI_SAMPLE_TARGETS, output.targets, id, info.num_edges);
    if ((plan.flags & UNI_SAMPLE_WITH_EDGE_IDS) != 0)
      take(sample, UNI_SAMPLE_EDGE_IDS, output.edge_ids, plan.graph.indptr_dtype, info.num_edges);
    take(sample, UNI_SAMPLE_SEED_INDEX, output.seed_index, id, info.num_seeds);
  }
};

namespace uni::core {
namespace {

constexpr uint32_t known_flags = UNI_SAMPLE_REPLACE | UNI_SAMPLE_WITH_EDGE_IDS | UNI_SAMPLE_UNIQUE_SEEDS;

void check_options(const uni_sample_options &options) {
  if ((options.flags & ~known_flags) != 0)
    throw Error(UNI_STATUS_INVALID_ARGUMENT, "options->flags is 0x%x, expected no bits but 0x%x", options.flags,
                known_flags);
  if (options.reserved != 0)
    throw Error(UNI_STATUS_INVALID_ARGUMENT, "options->reserved is %u, expected 0", options.reserved);
  if (options.num_hops < 0 || options.num_hops > UNI_MAX_HOPS)
    throw Error(UNI_STATUS_INVALID_ARGUMENT, "options->num_hops is %d, expected 0 to %d", options.num_hops,
                UNI_MAX_HOPS);
  if (options.num_hops > 0 && options.fanouts == nullptr)
    throw Error(UNI_STATUS_INVALID_ARGUMENT, "options->fanouts is NULL, expected %d numbers", options.num_hops);
  for (int32_t hop = 0; hop < options.num_hops; ++hop)
    if (options.fanouts[hop] < -1)
      throw Error(UNI_STATUS_INVALID_ARGUMENT, "options->fanouts[%d] is %lld, expected -1 (all) or more", hop,
                  static_cast<long long>(options.fanouts[hop]));
}

}  // namespace

Ref<uni_sample> sample_neighbors(const uni_graph &graph, const ArrayView &seeds, const uni_sample_options &options,
                                 void *stream) {
  check_options(options);
  if (seeds.array.count != nullptr)
    throw Error(UNI_STATUS_INVALID_ARGUMENT, "seeds->count is not NULL, expected seeds of a known number");
  uni_context *context = graph.context();
  Backend &backend = backend_for(context, seeds, "seeds", graph.indptr().view(), "graph");

  uni_sample_plan plan = {};
  plan.graph = graph.view();
  plan.seeds = seeds.array.data;
  plan.num_seeds = seeds.layout.num_rows;
  plan.seeds_dtype = seeds.array.dtype;
  plan.num_hops = options.num_hops;
  for (int32_t hop = 0; hop < options.num_hops; ++hop) {
    const int64_t fanout = options.fanouts[hop];
    // No node has more neighbours than the graph has edges. Backends size tables by a fan-out that may draw.
    const bool all = (options.flags & UNI_SAMPLE_REPLACE) == 0 && fanout > graph.num_edges();
    plan.fanouts[hop] = all ? -1 : fanout;
  }
  plan.seed = options.seed;
  plan.flags = options.flags;
  plan.device_id = seeds.array.device_id;

  auto sample = Ref<uni_sample>::take(new uni_sample(Ref<uni_context>::share(context)));
  uni_sample_builder builder{context, &backend};
  backend.call(backend.ops().sample_neighbors, &plan, stream, &builder.output);
  if (builder.output.pending != nullptr) backend.call(backend.ops().sample_wait, &builder.output);
  builder.fill(*sample, plan);
  Statistics &statistics = context->statistics;
  statistics.sample_calls.fetch_add(1, std::memory_order_relaxed);
  statistics.sample_nodes.fetch_add(sample->info().num_nodes, std::memory_order_relaxed);
  statistics.sample_edges.fetch_add(sample->info().num_edges, std::memory_order_relaxed);
  return sample;
}

}  // namespace uni::core
