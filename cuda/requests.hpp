// SPDX-License-Identifier: Apache-2.0
// What a launcher is asked to run: the arguments of a family of kernels, with element types as numbers.
#pragma once

#include <cstdint>

#include "kernels/adjacency.hpp"
#include "kernels/bounds.hpp"
#include "kernels/philox.hpp"
#include "kernels/sample_passes.hpp"
#include "unitensor/backend.h"
#include "unitensor/gather.h"

namespace uni::cuda {

struct FillRequest {
  uni_rows rows;
  uint64_t value;  // in the low bytes
  int64_t element_bytes;
};

// An index, and what it points into.
struct IndexRequest {
  const void *data;
  int32_t dtype;
  const int64_t *count;
  int64_t num_indices;
  int64_t num_rows;
  bool trust;
};

// The keys and positions that a gather in page order sorts.
struct OrderKeysRequest {
  IndexRequest index;
  int32_t row_shift;
  uint32_t *keys;
  uint32_t *positions;
  int32_t num_multiprocessors;
};

struct SortRequest {
  uint32_t *keys, *other_keys;
  uint32_t *positions, *other_positions;
  int64_t count;
  int32_t num_bits;
};

struct GatherPart {
  uni_rows source;
  uni_rows out;
  bool align_out;  // it is `out` whose lines cross the link
};

struct GatherRequest {
  IndexRequest index;
  GatherPart parts[UNI_GATHER_MANY_MAX];
  int32_t num_parts;
  // Equal where there is no conversion; else there is one part.
  int32_t source_dtype, out_dtype;
  const float *row_scales;
  const uint32_t *order;          // positions, in the order in which rows are read; NULL: as given
  int32_t num_multiprocessors;    // the most to take; 0: all
  kernels::BoundsRecord *record;  // NULL under UNI_BOUNDS_TRUST
};

// A table of nodes or rows: kernels::NodeTable.
struct TableRequest {
  uint64_t *words;
  uint64_t stamp;
  uint64_t mask;
  bool dense;
};

enum class ScatterPass { kChoose, kAssign, kAdd };

struct ScatterRequest {
  uni_scatter_plan plan;
  ScatterPass pass;
  int32_t num_multiprocessors;
  bool align_destination;  // it is the destination's lines that cross the link
  kernels::BoundsRecord *record;
  TableRequest table;  // of kChoose and kAssign
};

// Looks for the first position at which indptr decreases, and the first index that is no node.
struct ValidateGraphRequest {
  uni_graph_view graph;
  kernels::BoundsRecord *indptr_record;
  kernels::BoundsRecord *indices_record;
};

// In the order in which they run.
enum class SamplePass {
  kCheckSeeds,
  kStartSample,
  kPlaceSeeds,
  kCountDraws,
  kDrawEdges,
  kInsertNodes,
  kFindFirsts,
  kNumberNodes,
  kLookUpNodes,
  kFinishHop,
  kRefillTable,
  kFinishSample,
};

// The members that a pass reads are those of its kernel in kernels/sample_passes.hpp and kernels/draw_edges.hpp.
struct SampleRequest {
  SamplePass pass;
  int32_t indptr_dtype, node_dtype, seeds_dtype;
  kernels::SampleCounts *counts;
  kernels::BoundsRecord *record;
  const void *seeds;
  int64_t num_seeds;
  int64_t num_graph_nodes;
  int64_t num_graph_edges;
  void *nodes;
  void *met;

  const void *indptr, *indices, *graph_edge_ids;
  bool indices_over_link, edge_ids_over_link;  // they are not in the memory of the device
  int64_t fanout;
  bool replace;
  kernels::Subkey subkey;
  int64_t frontier_capacity;
  kernels::AdjacencyList *lists;
  int64_t *draws;
  int64_t *picks;
  uint64_t *sets;
  uint64_t set_capacity;
  int64_t num_sets;
  bool behind_earlier_hops;
  void *targets;
  void *edge_ids;

  TableRequest table;
  const int64_t *positions;
  const int64_t *base;
  int64_t capacity;
  int64_t *found;
  int64_t *firsts;
  bool keep;
  void *numbers;
  const int64_t *shift;

  int hop;
  const int64_t *num_edges;
  const int64_t *num_new;
  int64_t *edge_counts[3];
};

}  // namespace uni::cuda
