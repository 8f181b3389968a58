/* SPDX-License-Identifier: Apache-2.0 */
/** @file graph.h Graphs in compressed sparse column form over tensors of any memory kind.
 *
 * Column v holds the in-neighbours of node v: indices[indptr[v] .. indptr[v + 1]). Sampling walks from a node to its
 * in-neighbours. */
#ifndef UNITENSOR_GRAPH_H
#define UNITENSOR_GRAPH_H

#include "tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct uni_graph uni_graph;

enum { UNI_GRAPH_TRUST = 1 }; /**< Skip the check of the contents: undefined behaviour on a bad graph. */

/** The tensors of a graph, each retained by it. */
typedef struct uni_graph_desc {
  uint32_t struct_size;       /**< sizeof(uni_graph_desc). */
  uint32_t flags;             /**< UNI_GRAPH_TRUST or 0. */
  const uni_tensor *indptr;   /**< [num_nodes + 1], int32 or int64; starts at 0, never decreases, ends at num_edges. */
  const uni_tensor *indices;  /**< [num_edges], int32 or int64; each in [0, num_nodes). */
  const uni_tensor *edge_ids; /**< NULL, or [num_edges] of indptr's dtype: what a sample reports for an edge. */
} uni_graph_desc;

#define UNI_GRAPH_DESC_INIT \
  { sizeof(uni_graph_desc), 0, 0, 0, 0 }

typedef struct uni_graph_info {
  uint32_t struct_size;  /**< sizeof(uni_graph_info); set by the caller. */
  int32_t indptr_dtype;  /**< UNI_DTYPE_INT32 or UNI_DTYPE_INT64. */
  int32_t indices_dtype; /**< UNI_DTYPE_INT32 or UNI_DTYPE_INT64. */
  int32_t has_edge_ids;  /**< 1 or 0. */
  int64_t num_nodes;
  int64_t num_edges;
} uni_graph_info;

/** The parts of a graph. */
enum { UNI_GRAPH_INDPTR = 1, UNI_GRAPH_INDICES = 2, UNI_GRAPH_EDGE_IDS = 3 };

/** Make a graph of tensors, and check it unless UNI_GRAPH_TRUST is set. The tensors must not change afterwards.
 * @param[in] desc Not NULL. @param[out] graph Not NULL; receives a new reference.
 * @return UNI_STATUS_OK; _INVALID_ARGUMENT (a decreasing indptr; a first entry other than 0; a last one other than the
 *         number of edges; tensors of another context); _OUT_OF_BOUNDS (a neighbour that is no node; names position and
 *         value); _DTYPE_MISMATCH; _SHAPE_MISMATCH; _DEVICE_MISMATCH; _VERSION_MISMATCH; _OUT_OF_MEMORY.
 * @threads Any thread. @on_error *graph is NULL. @since 0.1 */
UNI_API uni_status uni_graph_create(uni_context *context, const uni_graph_desc *desc, uni_graph **graph,
                                    uni_error *error);

/** Load indptr.npy, indices.npy and, where it is there, edge_ids.npy from a folder. Blocks. Always checked.
 * @param[in] path A folder. @param[in] memory UNI_MEMORY_*; 0 means UNI_MEMORY_UNIFIED.
 * @return As uni_graph_create and uni_tensor_load. @threads Any thread. @on_error *graph is NULL. @since 0.1 */
UNI_API uni_status uni_graph_load(uni_context *context, const char *path, int32_t memory, uni_graph **graph,
                                  uni_error *error);

/** Save the tensors of a graph into an existing folder, under the names that uni_graph_load reads. Blocks. A
 * graph without edge ids removes an edge_ids.npy that is there.
 * @return As uni_tensor_save. @on_error What was there is left, unless the failure was one of the last step, in which
 * the finished parts take their names one after another. @threads Any thread. @since 0.1 */
UNI_API uni_status uni_graph_save(const uni_graph *graph, const char *path, uni_error *error);

/** Take another reference. @param[in] graph May be NULL. @return @p graph. @threads Any thread. @since 0.1 */
UNI_API uni_graph *uni_graph_retain(uni_graph *graph);

/** Give a reference back. @param[in] graph May be NULL. @threads Any thread. @since 0.1 */
UNI_API void uni_graph_release(uni_graph *graph);

/** Describe a graph. @param[out] info Not NULL, struct_size set.
 * @return UNI_STATUS_OK; _INVALID_ARGUMENT; _VERSION_MISMATCH. @threads Any thread. @on_error @p info is unchanged.
 * @since 0.1 */
UNI_API uni_status uni_graph_get_info(const uni_graph *graph, uni_graph_info *info, uni_error *error);

/** A part of a graph (UNI_GRAPH_INDPTR ...) as a tensor; borrowed, lives as long as the graph. NULL where there is none.
 * @threads Any thread. @since 0.1 */
UNI_API const uni_tensor *uni_graph_tensor(const uni_graph *graph, int32_t part);

#ifdef __cplusplus
}
#endif

#endif
