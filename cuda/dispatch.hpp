// SPDX-License-Identifier: Apache-2.0
// From requests to kernels: element types become template arguments, and the width of the lane groups is chosen. The
// launchers of CUDA and those of the tests' fake both go through here, so that the same kernels run with the same widths.
//
// A Launch has `template <int kLanes, class Kernel> Result run(const Kernel &kernel, int64_t num_groups)`: run the kernel
// with as many groups as are of use, or fewer; and `template <class Kernel> Result run_rows(const Kernel &kernel, int64_t
// num_groups, int32_t num_multiprocessors)`: the same with groups of 32 lanes on so many multiprocessors at most (0: all).
#pragma once

#include <algorithm>
#include <cstdint>
#include <type_traits>

#include "api.hpp"
#include "kernels/draw_edges.hpp"
#include "kernels/fill.hpp"
#include "kernels/gather.hpp"
#include "kernels/sample_passes.hpp"
#include "kernels/scatter.hpp"
#include "kernels/validate_graph.hpp"
#include "unitensor/gather.h"

namespace uni::cuda {

// Calls body(Integer{}) with the type that an index dtype stands for.
template <class Body>
Result with_index_type(int32_t dtype, Body &&body) {
  return dtype == UNI_DTYPE_INT64 ? body(int64_t{}) : body(int32_t{});
}

// Runs with the least width of this list, from kLeast on, that has a lane for each of `pieces`, or with 32.
template <int kLeast, class Launch, class Kernel>
Result run_with_width(Launch &launch, const Kernel &kernel, int64_t pieces, int64_t num_groups) {
  if constexpr (kLeast <= 4)
    if (pieces <= 4) return launch.template run<4>(kernel, num_groups);
  if (pieces <= 8) return launch.template run<8>(kernel, num_groups);
  if (pieces <= 16) return launch.template run<16>(kernel, num_groups);
  return launch.template run<32>(kernel, num_groups);
}

// Groups of 32 lanes for `count` items, one to a lane.
inline int64_t groups_of_32(int64_t count) { return count / 32 + (count % 32 != 0); }

template <class Launch>
Result dispatch_fill(const FillRequest &request, Launch &&launch) {
  const auto fill = [&](auto element) {
    using Element = decltype(element);
    kernels::FillRows<Element> kernel{request.rows.data, request.rows.num_rows, request.rows.row_pitch,
                                      request.rows.row_bytes / static_cast<int64_t>(sizeof(Element)),
                                      static_cast<Element>(request.value)};
    return launch.template run<32>(kernel, kernel.num_rows == 1 ? groups_of_32(kernel.row_elements) : kernel.num_rows);
  };
  switch (request.element_bytes) {
    case 1:
      return fill(uint8_t{});
    case 2:
      return fill(uint16_t{});
    case 4:
      return fill(uint32_t{});
    default:
      return fill(uint64_t{});
  }
}

inline kernels::IndexView view_of(const IndexRequest &index) {
  return {index.data, index.dtype == UNI_DTYPE_INT64, index.count, index.num_indices, index.num_rows, index.trust};
}

template <class Launch>
Result dispatch_order_keys(const OrderKeysRequest &request, Launch &&launch) {
  return launch.run_rows(kernels::OrderKeys{view_of(request.index), request.row_shift, request.keys, request.positions},
                         groups_of_32(request.index.num_indices), request.num_multiprocessors);
}

constexpr int kRowLaneShift = 5;  // rows are moved by groups of 32 lanes, several rows to a group where they are short

inline kernels::RowsAt rows_at(const uni_rows &rows) { return {rows.data, rows.row_pitch, rows.num_rows}; }

// Groups that have a row at least.
inline int64_t row_groups(int64_t num_rows, int32_t lane_shift) {
  const int64_t rows_per_group = int64_t{1} << (kRowLaneShift - lane_shift);
  return num_rows / rows_per_group + (num_rows % rows_per_group != 0);
}

template <class From, class To, class Launch>
Result dispatch_conversion(const GatherRequest &r, kernels::GatherRowsArguments &arguments, Launch &launch) {
  if constexpr (std::is_same_v<From, To>) {
    return kSuccess;  // which is no conversion
  } else {
    const GatherPart &part = r.parts[0];
    const int64_t num_elements = part.source.row_bytes / static_cast<int64_t>(sizeof(typename From::Bits));
    arguments.tensors[0] = kernels::plan_conversion<From, To>(rows_at(part.source), part.out.data, part.out.row_pitch,
                                                              num_elements, kRowLaneShift, part.align_out);
    return launch.run_rows(kernels::GatherConverted<From, To>{arguments},
                           row_groups(r.index.num_indices, arguments.tensors[0].lane_shift), r.num_multiprocessors);
  }
}

template <class To, class Launch>
Result dispatch_conversion_to(const GatherRequest &r, kernels::GatherRowsArguments &arguments, Launch &launch) {
  switch (r.source_dtype) {
    case UNI_DTYPE_INT8:
      return dispatch_conversion<kernels::ScaledInt8, To>(r, arguments, launch);
    case UNI_DTYPE_FLOAT16:
      return dispatch_conversion<kernels::Float16, To>(r, arguments, launch);
    case UNI_DTYPE_BFLOAT16:
      return dispatch_conversion<kernels::Bfloat16, To>(r, arguments, launch);
    default:
      return dispatch_conversion<kernels::Float32, To>(r, arguments, launch);
  }
}

template <class Launch>
Result dispatch_gather(const GatherRequest &r, Launch &&launch) {
  kernels::GatherRowsArguments arguments = {};
  arguments.num_tensors = r.num_parts;
  arguments.index = view_of(r.index);
  arguments.order = r.order;
  arguments.scales = r.row_scales;
  arguments.record = r.record;
  if (r.source_dtype != r.out_dtype) {
    switch (r.out_dtype) {
      case UNI_DTYPE_FLOAT16:
        return dispatch_conversion_to<kernels::Float16>(r, arguments, launch);
      case UNI_DTYPE_BFLOAT16:
        return dispatch_conversion_to<kernels::Bfloat16>(r, arguments, launch);
      default:
        return dispatch_conversion_to<kernels::Float32>(r, arguments, launch);
    }
  }
  int32_t widest = 0;
  for (int32_t t = 0; t < r.num_parts; ++t) {
    const GatherPart &part = r.parts[t];
    arguments.tensors[t] = kernels::plan_row_moves(rows_at(part.source), part.out.data, part.out.row_pitch,
                                                   part.out.row_bytes, kRowLaneShift, part.align_out);
    widest = std::max(widest, arguments.tensors[t].lane_shift);
  }
  return launch.run_rows(kernels::GatherRows{arguments}, row_groups(r.index.num_indices, widest),
                         r.num_multiprocessors);
}

template <class Body>
Result with_table(const TableRequest &table, Body &&body) {
  if (table.dense) return body(kernels::NodeTable<true>{table.words, table.stamp, table.mask});
  return body(kernels::NodeTable<false>{table.words, table.stamp, table.mask});
}

template <class Index>
kernels::ScatterRowsArguments<Index> scatter_arguments(const ScatterRequest &request) {
  const uni_scatter_plan &plan = request.plan;
  return {plan.destination.data,
          plan.destination.row_pitch,
          plan.destination.num_rows,
          plan.rows.data,
          plan.rows.row_pitch,
          plan.rows.row_bytes,
          static_cast<const Index *>(plan.index),
          plan.count,
          plan.num_indices,
          plan.bounds == UNI_BOUNDS_TRUST,
          request.record};
}

template <class Index, class Launch>
Result dispatch_scatter_add(const ScatterRequest &request, Launch &launch) {
  const auto add = [&](auto element, auto how) {
    const int64_t num_elements = request.plan.rows.row_bytes / static_cast<int64_t>(sizeof element);
    const kernels::ScatterAdd<Index, decltype(element), decltype(how)> kernel{
        scatter_arguments<Index>(request), kernels::lane_shift_for(num_elements, kRowLaneShift),
        request.align_destination};
    return launch.run_rows(kernel, row_groups(request.plan.num_indices, kernel.lane_shift),
                           request.num_multiprocessors);
  };
  switch (request.plan.dtype) {
    // Addition modulo 2^n is the same for signed and unsigned integers.
    case UNI_DTYPE_INT8:
    case UNI_DTYPE_UINT8:
      return add(uint8_t{}, kernels::AddSum{});
    case UNI_DTYPE_INT16:
    case UNI_DTYPE_UINT16:
      return add(uint16_t{}, kernels::AddSum{});
    case UNI_DTYPE_INT32:
    case UNI_DTYPE_UINT32:
      return add(uint32_t{}, kernels::AddSum{});
    case UNI_DTYPE_INT64:
    case UNI_DTYPE_UINT64:
      return add(uint64_t{}, kernels::AddSum{});
    case UNI_DTYPE_FLOAT16:
      return add(uint16_t{}, kernels::AddHalf{});
    case UNI_DTYPE_BFLOAT16:
      return add(uint16_t{}, kernels::AddBfloat{});
    case UNI_DTYPE_FLOAT32:
      return add(float{}, kernels::AddSum{});
    default:
      return add(double{}, kernels::AddSum{});
  }
}

template <class Launch>
Result dispatch_scatter(const ScatterRequest &request, Launch &&launch) {
  const uni_scatter_plan &plan = request.plan;
  return with_index_type(plan.index_dtype, [&](auto index) {
    using Index = decltype(index);
    if (request.pass == ScatterPass::kAdd) return dispatch_scatter_add<Index>(request, launch);
    return with_table(request.table, [&](const auto &table) {
      constexpr bool kDense = std::is_same_v<decltype(table), const kernels::NodeTable<true> &>;
      const auto arguments = scatter_arguments<Index>(request);
      if (request.pass == ScatterPass::kChoose)
        return launch.run_rows(kernels::ScatterChoose<Index, kDense>{arguments, table}, groups_of_32(plan.num_indices),
                               request.num_multiprocessors);
      const kernels::RowMoves moves =
          kernels::plan_row_moves(rows_at(plan.rows), plan.destination.data, plan.destination.row_pitch,
                                  plan.rows.row_bytes, kRowLaneShift, request.align_destination);
      return launch.run_rows(kernels::ScatterAssign<Index, kDense>{arguments, table, moves},
                             row_groups(plan.num_indices, moves.lane_shift), request.num_multiprocessors);
    });
  });
}

template <class Launch>
Result dispatch_validate_graph(const ValidateGraphRequest &request, Launch &&launch) {
  const uni_graph_view &graph = request.graph;
  const Result result = with_index_type(graph.indptr_dtype, [&](auto indptr) {
    using Indptr = decltype(indptr);
    return launch.template run<32>(kernels::ValidateIndptr<Indptr>{static_cast<const Indptr *>(graph.indptr),
                                                                   graph.num_nodes, request.indptr_record},
                                   groups_of_32(graph.num_nodes));
  });
  if (result != kSuccess) return result;
  return with_index_type(graph.indices_dtype, [&](auto node) {
    using Node = decltype(node);
    return launch.template run<32>(
        kernels::ValidateIndices<Node>{static_cast<const Node *>(graph.indices), graph.num_edges, graph.num_nodes,
                                       request.indices_record},
        groups_of_32(graph.num_edges));
  });
}

template <class Node, class Launch>
Result dispatch_number(const SampleRequest &r, Launch &launch) {
  const kernels::NumberArguments<Node> arguments{static_cast<const Node *>(r.met),
                                                 r.positions,
                                                 r.base,
                                                 r.capacity,
                                                 r.found,
                                                 r.firsts,
                                                 r.keep,
                                                 static_cast<Node *>(r.numbers),
                                                 r.shift,
                                                 static_cast<Node *>(r.nodes)};
  const int64_t chunks = kernels::num_chunks(r.capacity) + 1;
  if (r.pass == SamplePass::kLookUpNodes) return launch.template run<32>(kernels::LookUpNodes<Node>{arguments}, chunks);
  return with_table(r.table, [&](const auto &table) {
    constexpr bool kDense = std::is_same_v<decltype(table), const kernels::NodeTable<true> &>;
    switch (r.pass) {
      case SamplePass::kPlaceSeeds:
        return launch.template run<32>(
            kernels::PlaceSeeds<Node, kDense>{static_cast<const Node *>(r.met), r.counts, table,
                                              static_cast<Node *>(r.nodes), static_cast<Node *>(r.numbers)},
            groups_of_32(r.num_seeds));
      case SamplePass::kInsertNodes:
        return launch.template run<32>(kernels::InsertNodes<Node, kDense>{arguments, table}, chunks);
      case SamplePass::kFindFirsts:
        return launch.template run<32>(kernels::FindFirsts<Node, kDense>{arguments, table}, chunks);
      case SamplePass::kNumberNodes:
        return launch.template run<32>(kernels::NumberNodes<Node, kDense>{arguments, table}, chunks);
      default:
        return launch.template run<32>(
            kernels::RefillTable<Node, kDense>{static_cast<const Node *>(r.nodes), r.counts, table},
            groups_of_32(r.capacity));
    }
  });
}

template <class Indptr, class Node, class Launch>
Result dispatch_draw(const SampleRequest &r, Launch &launch) {
  const Node *const nodes = static_cast<const Node *>(r.nodes);
  if (r.pass == SamplePass::kCountDraws) {
    using Kernel = kernels::CountDraws<Indptr, Node>;
    const Kernel kernel{static_cast<const Indptr *>(r.indptr),
                        nodes,
                        r.frontier_capacity,
                        r.fanout,
                        r.replace,
                        r.counts,
                        r.lists,
                        r.draws};
    return launch.template run<32>(kernel, groups_of_32(Kernel::kLanesPerNode * (r.frontier_capacity + 1)));
  }
  const kernels::DrawEdges<Indptr, Node> kernel{r.lists,
                                                static_cast<const Node *>(r.indices),
                                                r.num_graph_edges,
                                                static_cast<const Indptr *>(r.graph_edge_ids),
                                                r.indices_over_link,
                                                r.edge_ids_over_link,
                                                nodes,
                                                r.fanout,
                                                r.replace,
                                                r.subkey,
                                                r.counts,
                                                r.draws,
                                                r.picks,
                                                r.sets,
                                                r.set_capacity,
                                                r.behind_earlier_hops,
                                                static_cast<Node *>(r.met),
                                                static_cast<Node *>(r.targets),
                                                static_cast<Indptr *>(r.edge_ids)};
  const int64_t groups = r.sets != nullptr ? std::min(r.num_sets, r.frontier_capacity) : r.frontier_capacity;
  // All neighbours of a node may be any number: 32 lanes. To read a whole line takes 8.
  const int64_t slots = r.fanout < 0 ? 32 : r.fanout;
  if (r.indices_over_link || r.edge_ids_over_link) return run_with_width<8>(launch, kernel, slots, groups);
  return run_with_width<4>(launch, kernel, slots, groups);
}

template <class Launch>
Result dispatch_sample(const SampleRequest &r, Launch &&launch) {
  switch (r.pass) {
    case SamplePass::kCheckSeeds:
      return with_index_type(r.seeds_dtype, [&](auto seed) {
        using Seed = decltype(seed);
        return launch.template run<32>(kernels::CheckSeeds<Seed>{static_cast<const Seed *>(r.seeds), r.num_seeds,
                                                                 r.num_graph_nodes, r.counts, r.record},
                                       groups_of_32(r.num_seeds));
      });
    case SamplePass::kStartSample:
      return with_index_type(r.seeds_dtype, [&](auto seed) {
        using Seed = decltype(seed);
        return with_index_type(r.node_dtype, [&](auto node) {
          using Node = decltype(node);
          return launch.template run<32>(
              kernels::StartSample<Seed, Node>{static_cast<const Seed *>(r.seeds), r.num_seeds,
                                               static_cast<Node *>(r.met), r.counts, r.record},
              groups_of_32(r.num_seeds));
        });
      });
    case SamplePass::kCountDraws:
    case SamplePass::kDrawEdges:
      return with_index_type(r.indptr_dtype, [&](auto indptr) {
        using Indptr = decltype(indptr);
        return with_index_type(r.node_dtype,
                               [&](auto node) { return dispatch_draw<Indptr, decltype(node)>(r, launch); });
      });
    case SamplePass::kFinishHop:
      return launch.template run<1>(kernels::FinishHop{r.counts, r.hop, r.num_edges, r.num_new}, 1);
    case SamplePass::kFinishSample:
      return launch.template run<1>(
          kernels::FinishSample{r.counts, {r.edge_counts[0], r.edge_counts[1], r.edge_counts[2]}}, 1);
    default:
      return with_index_type(r.node_dtype, [&](auto node) { return dispatch_number<decltype(node)>(r, launch); });
  }
}

}  // namespace uni::cuda
