/* SPDX-License-Identifier: Apache-2.0 */
/** @file backend.h The table of operations that a backend fills, for authors of backend plugins. Not part of
 * unitensor.h. The library checks arguments and decides; a backend allocates, moves and computes.
 *
 * A plugin exports uni_backend_init and nothing else. Every function may be called from any thread. Errors are written to
 * the uni_error, which is never NULL here. Outputs that a failed call took are freed before it returns. */
#ifndef UNITENSOR_BACKEND_H
#define UNITENSOR_BACKEND_H

#include "array.h"
#include "device.h"
#include "status.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { UNI_BACKEND_ABI_VERSION = 4 };

/** What wait_for_memory is asked for. */
enum {
  UNI_WAIT_TO_WRITE = 1,  /**< The CPU is about to write, and not only to read. */
  UNI_WAIT_FOR_OTHERS = 2 /**< A context asks that has no backend like this: what this one follows is not waited for. */
};

/** Something to be done once, later. The library owns it; the backend links it into its list. */
typedef struct uni_deferred {
  struct uni_deferred *next;
  uint64_t after; /**< The backend's. */
  void (*run)(struct uni_deferred *self);
} uni_deferred;

/** What the library offers a backend. */
typedef struct uni_backend_config {
  uint32_t struct_size;
  int32_t num_threads; /**< CPU threads that the context may use. */
  /** Adds to the statistics' indices out of bounds what an operation found after it had returned. Any thread; not NULL. */
  void (*count_out_of_bounds)(void *user_data, int64_t count);
  void *user_data;
  /** Makes a list of what keeps the tensors that have a byte of this memory, each until it is run; NULL where it is the
   * caller's alone. For what outlives the operation, such as a graph that it was captured into. UNI_STATUS_OK or
   * _OUT_OF_MEMORY. Any thread; not NULL. */
  uni_status (*keep)(const void *data, int64_t num_bytes, struct uni_deferred **items);
} uni_backend_config;

/** A piece of memory of one kind. */
typedef struct uni_memory_block {
  void *data;
  int64_t num_bytes;
  int32_t memory; /**< UNI_MEMORY_*, never UNI_MEMORY_UNIFIED. */
  int32_t device_id;
  void *handle; /**< The backend's own. */
} uni_memory_block;

/** Rows as a backend sees them. */
typedef struct uni_rows {
  char *data;
  int64_t num_rows;
  int64_t row_bytes;
  int64_t row_pitch;
} uni_rows;

/** One tensor of a gather. Where the dtypes differ, elements are converted. */
typedef struct uni_gather_part {
  uni_rows source;
  uni_rows out;
  int32_t source_dtype;
  int32_t out_dtype;
} uni_gather_part;

typedef struct uni_gather_plan {
  const uni_gather_part *parts; /**< With the same number of source rows. */
  int32_t num_parts;            /**< 1 to UNI_GATHER_MANY_MAX; 1 where there is a conversion. */
  int32_t index_dtype;
  const void *index;
  const int64_t *count; /**< Where not NULL, entries past it are skipped. */
  int64_t num_indices;
  int32_t bounds; /**< UNI_BOUNDS_*. */
  int32_t device_id;
  uint32_t flags;
  int32_t order;               /**< UNI_ORDER_*. */
  int32_t num_multiprocessors; /**< 0: what the backend finds best. */
  uint32_t reserved;
  const float *row_scales;    /**< Not NULL for a conversion from int8. */
  int64_t *num_out_of_bounds; /**< On the host; added to before return where that is known by then. */
} uni_gather_plan;

typedef struct uni_scatter_plan {
  uni_rows destination;
  uni_rows rows;
  const void *index;
  const int64_t *count;
  int64_t num_indices;
  int32_t index_dtype;
  int32_t bounds;
  int32_t reduce; /**< UNI_SCATTER_*. */
  int32_t dtype;
  int32_t device_id;
  uint32_t flags;
  int32_t num_multiprocessors;
  uint32_t reserved;
  int64_t *num_out_of_bounds;
} uni_scatter_plan;

/** A graph as a backend sees it. */
typedef struct uni_graph_view {
  const void *indptr;
  const void *indices;
  const void *edge_ids; /**< May be NULL. */
  int64_t num_nodes;
  int64_t num_edges;
  int32_t indptr_dtype;
  int32_t indices_dtype;
} uni_graph_view;

typedef struct uni_sample_plan {
  uni_graph_view graph;
  const void *seeds;
  int64_t num_seeds;
  int32_t seeds_dtype;
  int32_t num_hops;
  int64_t fanouts[16];
  uint64_t seed;
  uint32_t flags; /**< UNI_SAMPLE_*. */
  int32_t device_id;
} uni_sample_plan;

/** What sampling leaves; blocks belong to the library from then on, and go back through release. Where `pending` is not
 * NULL the counts are not known yet: arrays have room for num_nodes_capacity and num_edges_capacity entries, what lies past
 * the counts is -1, and sample_wait sets hop_nodes and hop_edges. */
typedef struct uni_sample_output {
  uni_memory_block nodes;
  uni_memory_block sources;
  uni_memory_block targets;
  uni_memory_block edge_ids;
  uni_memory_block seed_index;
  int64_t hop_nodes[17];
  int64_t hop_edges[16];
  int64_t num_nodes_capacity;
  int64_t num_edges_capacity;
  const int64_t *num_nodes; /**< On the device, in a block of the output. */
  const int64_t *num_edges;
  void *pending;
} uni_sample_output;

/** The operations. `self` is what create gave. */
typedef struct uni_backend_ops {
  uint32_t struct_size; /**< Set by the library before uni_backend_init. */
  uint32_t abi_version; /**< Set by the plugin: UNI_BACKEND_ABI_VERSION. */
  const char *name;     /**< Static text. */
  int32_t device_type;  /**< UNI_DEVICE_*: whose tensors it computes on. */
  uint32_t reserved;
  /** Fails with UNI_STATUS_BACKEND_UNAVAILABLE where no device can be used, and says why and what to do. */
  uni_status (*create)(const uni_backend_config *config, void **self, uni_error *error);
  void (*destroy)(void *self);
  /** Say in @p reason (of @p size bytes) why @p memory is or is not offered. Returns 1 or 0. */
  int32_t (*supports_memory)(void *self, int32_t memory, char *reason, int32_t size);
  uni_status (*allocate)(void *self, int32_t memory, int32_t device_id, int64_t num_bytes, uni_memory_block *block,
                         uni_error *error);
  /** Never fails. Called when no operation uses the block any more: through defer, where that is there. */
  void (*release)(void *self, uni_memory_block *block);
  /** Optional; which kind of memory every device reads best, as UNI_MEMORY_*, and in @p reason why. */
  int32_t (*choose_unified)(void *self, char *reason, int32_t size);
  /** Optional; say in @p reason why device @p device_id does or does not read memory of a kind (UNI_MEMORY_HOST, _PINNED or
   * _MANAGED) at its address on the host. Returns 1 or 0. NULL where devices read pinned and managed memory only. */
  int32_t (*reads_memory)(void *self, int32_t device_id, int32_t memory, char *reason, int32_t size);
  /** Optional; let devices read memory of the caller's where it lies. Undone by release, which leaves the memory. */
  uni_status (*register_memory)(void *self, void *data, int64_t num_bytes, uni_memory_block *block, uni_error *error);
  /** Optional; runs @p item when every operation that was enqueued before, of every context, has finished: at once, in a later
   * call of any operation, or in destroy. Never fails. NULL where every operation is complete on return. */
  void (*defer)(void *self, uni_deferred *item);
  /** Copy rows of one size between any two memories that the backend knows; num_rows and row_bytes are equal. */
  uni_status (*copy)(void *self, const uni_rows *destination, const uni_rows *source, void *stream, uni_error *error);
  /** Set each element of @p element_bytes (1, 2, 4, 8) to @p value. */
  uni_status (*fill)(void *self, const uni_rows *destination, const void *value, int64_t element_bytes, void *stream,
                     uni_error *error);
  uni_status (*gather)(void *self, const uni_gather_plan *plan, void *stream, uni_error *error);
  uni_status (*scatter)(void *self, const uni_scatter_plan *plan, void *stream, uni_error *error);
  /** Check the contents of a graph; blocks. */
  uni_status (*validate_graph)(void *self, const uni_graph_view *graph, uni_error *error);
  uni_status (*sample_neighbors)(void *self, const uni_sample_plan *plan, void *stream, uni_sample_output *output,
                                 uni_error *error);
  /** Optional; NULL where sample_neighbors is complete on return. Blocks, sets the counts, and gives up `pending`, also
   * when it fails. */
  uni_status (*sample_wait)(void *self, uni_sample_output *output, uni_error *error);
  /** Optional, as sample_wait; gives up `pending` of a sample that nobody waited for. */
  void (*sample_forget)(void *self, uni_sample_output *output);
  /** Optional; NULL where every operation is complete on return. */
  uni_status (*synchronize)(void *self, uni_error *error);
  /** Optional; NULL where every error is reported at once. */
  uni_status (*check)(void *self, uni_error *error);
  /** Optional; makes what is enqueued on a stream from now on wait for every operation enqueued so far. The host does not
   * wait. NULL where every operation is complete on return. */
  uni_status (*hold_stream)(void *self, int32_t device_id, void *stream, uni_error *error);
  /** Optional; blocks until the operations that use these bytes have finished, of every context: those that write them, and
   * where the CPU is about to write them also those that read them. Where @p data is NULL it blocks for nothing, and does what
   * was deferred and need not wait any longer. @p purpose is a sum of UNI_WAIT_*. NULL where every operation is complete on
   * return. */
  uni_status (*wait_for_memory)(void *self, const void *data, int64_t num_bytes, int32_t purpose, uni_error *error);
  /** Optional; counts what has been enqueued on a stream so far as an operation: what is deferred from now on waits for it,
   * and with @p follow 1 so do the operations that this backend enqueues from now on. The host does not wait. */
  uni_status (*note_stream)(void *self, int32_t device_id, void *stream, int32_t follow, uni_error *error);
  /** As in uni_backend_info; 0 where there is no such thing. Set by uni_backend_init, so that they are known where create
   * fails. */
  int32_t toolkit_version;
  int32_t least_driver_version;
  int32_t driver_version;
  int32_t reserved2;
  /** Optional; NULL where the one device is the CPU. */
  int32_t (*num_devices)(void *self);
  /** Optional; sets all of @p info but struct_size and device_type. Fails with UNI_STATUS_DEVICE_MISMATCH where there is no
   * such device. */
  uni_status (*describe_device)(void *self, int32_t device_id, uni_device_info *info, uni_error *error);
  /** Optional; gives back to the system memory that is kept for reuse and that nobody uses, when what has finished has been
   * noticed and what waited for it has been done. Waits for no operation. NULL where no memory is kept. */
  uni_status (*trim)(void *self, uni_error *error);
} uni_backend_ops;

/** Type of the plugin's one exported function, `uni_backend_init`. Fills @p ops; returns UNI_STATUS_VERSION_MISMATCH for
 * an @p abi_version that it does not know. */
typedef uni_status (*uni_backend_init_fn)(uint32_t abi_version, uni_backend_ops *ops, uni_error *error);

#ifdef __cplusplus
}
#endif

#endif
