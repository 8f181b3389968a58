// SPDX-License-Identifier: Apache-2.0
#include "core/sample.hpp"

#include <algorithm>
#include <numeric>

using uni::Error;

uni_sample::uni_sample(uni::core::Ref<uni_context> context, uni::core::Backend &backend, const uni_sample_plan &plan)
    : context_(std::move(context)), backend_(backend) {
  info_.num_hops = plan.num_hops;
  info_.num_seeds = plan.num_seeds;
}

uni_sample::~uni_sample() {
  if (output_.pending != nullptr) backend_.sample_forget(&output_);
  // Only where `run` failed on its way: what is still being written must not be freed.
  bool waited = backend_.ops().synchronize == nullptr;
  for (uni_memory_block *block :
       {&output_.nodes, &output_.sources, &output_.targets, &output_.edge_ids, &output_.seed_index}) {
    if (block->data == nullptr) continue;
    if (!std::exchange(waited, true)) backend_.synchronize_quietly();
    backend_.release(block);
  }
}

void uni_sample::take(int32_t part, uni_memory_block &block, int32_t dtype, int64_t length, const int64_t *count) {
  tensors_[part] = uni::core::adopt_tensor(context_.get(), &backend_, block, dtype, length, count);
}

void uni_sample::run(const uni_sample_plan &plan, void *stream) {
  backend_.call(backend_.ops().sample_neighbors, &plan, stream, &output_);
  const bool pending = output_.pending != nullptr;
  if (pending && (backend_.ops().sample_wait == nullptr || backend_.ops().sample_forget == nullptr)) {
    output_.pending = nullptr;
    throw Error(UNI_STATUS_BACKEND_ERROR, "the backend %s gives a sample that is to be waited for, and lacks %s",
                backend_.ops().name, backend_.ops().sample_wait == nullptr ? "sample_wait" : "sample_forget");
  }
  if (!pending) complete();
  const int64_t num_nodes = pending ? output_.num_nodes_capacity : info_.num_nodes;
  const int64_t num_edges = pending ? output_.num_edges_capacity : info_.num_edges;
  const int64_t *const node_count = pending ? output_.num_nodes : nullptr;
  const int64_t *const edge_count = pending ? output_.num_edges : nullptr;
  const int32_t id = plan.graph.indices_dtype;
  take(UNI_SAMPLE_NODES, output_.nodes, id, num_nodes, node_count);
  take(UNI_SAMPLE_SOURCES, output_.sources, id, num_edges, edge_count);
  take(UNI_SAMPLE_TARGETS, output_.targets, id, num_edges, edge_count);
  if ((plan.flags & UNI_SAMPLE_WITH_EDGE_IDS) != 0)
    take(UNI_SAMPLE_EDGE_IDS, output_.edge_ids, plan.graph.indptr_dtype, num_edges, edge_count);
  take(UNI_SAMPLE_SEED_INDEX, output_.seed_index, id, info_.num_seeds, nullptr);
}

// The counts of the output are known: what follows from them.
void uni_sample::complete() {
  std::copy_n(output_.hop_nodes, info_.num_hops + 1, info_.hop_nodes);
  std::copy_n(output_.hop_edges, info_.num_hops, info_.hop_edges);
  info_.num_nodes = std::accumulate(output_.hop_nodes, output_.hop_nodes + info_.num_hops + 1, int64_t{0});
  info_.num_edges = std::accumulate(output_.hop_edges, output_.hop_edges + info_.num_hops, int64_t{0});
  complete_ = true;
  uni::core::Statistics &statistics = context_->statistics;
  statistics.sample_calls.fetch_add(1, std::memory_order_relaxed);
  statistics.sample_nodes.fetch_add(info_.num_nodes, std::memory_order_relaxed);
  statistics.sample_edges.fetch_add(info_.num_edges, std::memory_order_relaxed);
}

void uni_sample::wait() {
  if (failure_.has_value()) throw *failure_;
  if (complete_) return;
  try {
    backend_.call(backend_.ops().sample_wait, &output_);
    complete();
    for (int32_t part = UNI_SAMPLE_NODES; part < UNI_SAMPLE_SEED_INDEX; ++part)
      if (tensors_[part])
        exact_[part] =
            uni::core::leading_entries(*tensors_[part], part == UNI_SAMPLE_NODES ? info_.num_nodes : info_.num_edges);
  } catch (const Error &e) {
    complete_ = false;
    failure_ = e;
    throw;
  }
}

const uni_sample_info &uni_sample::info() const {
  if (!complete_)
    throw Error(UNI_STATUS_INVALID_STATE,
                "the counts of the sample are still on the device, expected uni_sample_wait "
                "to have been called and to have succeeded");
  return info_;
}

uni_tensor *uni_sample::tensor(int32_t part) const noexcept {
  if (part < UNI_SAMPLE_NODES || part > UNI_SAMPLE_SEED_INDEX) return nullptr;
  return exact_[part] ? exact_[part].get() : tensors_[part].get();
}

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
  for (const uni_tensor *part : {&graph.indptr(), &graph.indices(), graph.edge_ids()})
    if (part != nullptr) require_inherited(*part, "graph");
  Backend &backend = backend_for(context, seeds, "seeds", graph.indptr().view(), "graph");
  if (&backend == &context->cpu()) {
    wait_before_cpu_reads(context, seeds);
    wait_before_cpu_reads(context, graph);
  }

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

  auto sample = Ref<uni_sample>::take(new uni_sample(Ref<uni_context>::share(context), backend, plan));
  sample->run(plan, stream);
  return sample;
}

}  // namespace uni::core
