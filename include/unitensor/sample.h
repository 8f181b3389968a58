/* SPDX-License-Identifier: Apache-2.0 */
/** @file sample.h Neighbour sampling over several hops, with relabelling.
 *
 * The same graph, seeds, options and seed number give the same bytes on every backend and with any number of threads.
 * docs/sampling.md has the scheme and test vectors. */
#ifndef UNITENSOR_SAMPLE_H
#define UNITENSOR_SAMPLE_H

#include "graph.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct uni_sample uni_sample;

enum { UNI_MAX_HOPS = 16 };

enum {
  UNI_SAMPLE_REPLACE = 1,       /**< Draw with replacement. */
  UNI_SAMPLE_WITH_EDGE_IDS = 2, /**< Report edge ids. */
  UNI_SAMPLE_UNIQUE_SEEDS = 4   /**< Number equal seeds once; else each keeps its place. */
};

typedef struct uni_sample_options {
  uint32_t struct_size;   /**< sizeof(uni_sample_options). */
  uint32_t flags;         /**< UNI_SAMPLE_REPLACE and so on. */
  int32_t num_hops;       /**< 0 to UNI_MAX_HOPS. */
  uint32_t reserved;      /**< Must be 0. */
  const int64_t *fanouts; /**< num_hops numbers: neighbours to draw for each node of a hop; -1: all; 0: none. */
  uint64_t seed;          /**< Seed of the random numbers. */
} uni_sample_options;

#define UNI_SAMPLE_OPTIONS_INIT \
  { sizeof(uni_sample_options), 0, 0, 0, 0, 0 }

typedef struct uni_sample_info {
  uint32_t struct_size; /**< sizeof(uni_sample_info); set by the caller. */
  int32_t num_hops;
  int64_t num_seeds;     /**< As given. */
  int64_t num_nodes;     /**< Nodes of all hops, seeds included. */
  int64_t num_edges;     /**< Edges of all hops. */
  int64_t hop_nodes[17]; /**< hop_nodes[0]: nodes that come from the seeds; hop_nodes[h]: first met in hop h. */
  int64_t hop_edges[16]; /**< hop_edges[h]: edges drawn in hop h (from 0), for the nodes counted in hop_nodes[h]. */
} uni_sample_info;

/** The arrays of a sample. Nodes, sources, targets and the seed index have the dtype of the graph's indices; edge ids
 * that of its indptr. */
enum {
  UNI_SAMPLE_NODES = 1,     /**< [num_nodes]: the graph's node for each local number; seeds first, then hop by hop in
                                  the order of first appearance by (frontier position, slot). */
  UNI_SAMPLE_SOURCES = 2,   /**< [num_edges]: local number of the neighbour drawn. */
  UNI_SAMPLE_TARGETS = 3,   /**< [num_edges]: local number of the node it was drawn for; never decreases. */
  UNI_SAMPLE_EDGE_IDS = 4,  /**< [num_edges]: position in indices, or edge_ids there; absent unless asked for. */
  UNI_SAMPLE_SEED_INDEX = 5 /**< [num_seeds]: local number of each seed as given. */
};

/** Sample the in-neighbours of seeds over several hops. A hop expands the nodes first met in the hop before. A node with
 * no more neighbours than the fan-out gives all of them, in the order of the graph (without replacement). A node that
 * stands twice among the seeds draws the same neighbours for both places.
 * Complete on return on the CPU. Asynchronous on @p stream on a device: until uni_sample_wait the arrays have room for the
 * most that the fan-outs allow, entries past the count are -1, and what uni_sample_nodes gives carries the count, so that
 * a gather can follow at once. With a fan-out of -1, or a bound of more than 2^24 edges, the call itself waits.
 * Source: Floyd's sampling algorithm (Bentley and Floyd, CACM 30(9), 1987) over Philox4x32-10 (Salmon et al., SC11).
 * @param[in]  graph   Not NULL.
 * @param[in]  seeds   Not NULL, one dimension, int32 or int64, each a node of the graph.
 * @param[in]  options Not NULL.
 * @param[out] sample  Not NULL; receives a new reference.
 * @return UNI_STATUS_OK; _INVALID_ARGUMENT; _OUT_OF_BOUNDS (names position and value of the first bad seed);
 *         _DTYPE_MISMATCH; _SHAPE_MISMATCH; _DEVICE_MISMATCH; _VERSION_MISMATCH; _OUT_OF_MEMORY;
 *         _NOT_SUPPORTED (a hop of more than 2^40 edges); _BACKEND_ERROR.
 * @threads Any thread. @on_error *sample is NULL. @since 0.1 */
UNI_API uni_status uni_sample_neighbors(const uni_graph *graph, const uni_array *seeds,
                                        const uni_sample_options *options, void *stream, uni_sample **sample,
                                        uni_error *error);

/** Block until the sample is complete and its shapes are exact. Returns at once on the CPU.
 * @param[in,out] sample Not NULL. @return UNI_STATUS_OK; _INVALID_ARGUMENT; _OUT_OF_BOUNDS; _DEVICE_LOST; _BACKEND_ERROR.
 * @threads One thread. @since 0.1 */
UNI_API uni_status uni_sample_wait(uni_sample *sample, uni_error *error);

/** Take another reference. @param[in] sample May be NULL. @return @p sample. @threads Any thread. @since 0.1 */
UNI_API uni_sample *uni_sample_retain(uni_sample *sample);

/** Give a reference back. @param[in] sample May be NULL. @threads Any thread. @since 0.1 */
UNI_API void uni_sample_release(uni_sample *sample);

/** Counts of a sample. @param[in] sample Not NULL, complete. @param[out] info Not NULL, struct_size set.
 * @return UNI_STATUS_OK; _INVALID_ARGUMENT; _INVALID_STATE (not yet waited for); _VERSION_MISMATCH.
 * @threads Any thread. @on_error @p info is unchanged. @since 0.1 */
UNI_API uni_status uni_sample_get_info(const uni_sample *sample, uni_sample_info *info, uni_error *error);

/** The nodes as an index for uni_gather. Borrowed: lives as long as the sample. NULL for NULL.
 * @threads Any thread. @since 0.1 */
UNI_API const uni_array *uni_sample_nodes(const uni_sample *sample);

/** An array of a sample (UNI_SAMPLE_NODES ...) as a tensor; borrowed, lives as long as the sample, or longer if retained.
 * NULL where there is none. @threads Any thread. @since 0.1 */
UNI_API uni_tensor *uni_sample_tensor(const uni_sample *sample, int32_t part);

#ifdef __cplusplus
}
#endif

#endif
