/* SPDX-License-Identifier: Apache-2.0 */
/** @file gather.h Rows of a tensor by index, out of it and into it.
 *
 * On a device these can be captured into a CUDA graph (docs/gather.md). It keeps every tensor that it was captured with, as
 * whichever operand; other memory is the caller's to keep. The call that is captured is counted in the statistics, launches
 * are not, but for what they find out of bounds, which uni_context_check reports after they have finished. The CPU does not
 * wait for launches. */
#ifndef UNITENSOR_GATHER_H
#define UNITENSOR_GATHER_H

#include "tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What to do with an index that is negative or not less than the number of rows. */
enum {
  UNI_BOUNDS_CHECK = 0, /**< Fail. The CPU looks at every index before the first write; for devices see context.h. */
  UNI_BOUNDS_SKIP = 1,  /**< Gather: the row is zeroed. Scatter: the row is ignored. Counted in the statistics. */
  UNI_BOUNDS_TRUST = 2  /**< Not looked at: undefined behaviour on bad input. */
};

/** What a scatter does where it writes. */
enum {
  UNI_SCATTER_ASSIGN = 0, /**< With duplicate indices one whole source row remains; which one is not defined. */
  UNI_SCATTER_ADD = 1     /**< Integers wrap and are exact; floating point adds in an order that is not defined, and
                             float32 on a device takes subnormal numbers for zero. */
};

/** The order in which a device reads rows; the result is the same. A GPU reads short rows of pinned memory far faster from
 * one page after another, since what limits it there is how many pages it can translate. Ignored on the CPU. */
enum {
  UNI_ORDER_AUTO = 0,     /**< By page where that pays: pinned memory, a large table, short rows, many of them. */
  UNI_ORDER_AS_GIVEN = 1, /**< As the index has them. */
  UNI_ORDER_BY_PAGE = 2   /**< Sorted by row first, in memory of the device. An index of 2^31 entries or more is read as
                             it is. */
};

/** How rows are gathered. `dtype` of the result: 0 for the source's, or UNI_DTYPE_FLOAT16, _BFLOAT16 or _FLOAT32 for a source
 * of one of these or of int8; rounded to nearest, ties to even. `row_scales` go with int8 and a dtype: what each row of the
 * source is multiplied with, in float32, before it is rounded. */
typedef struct uni_gather_options {
  uint32_t struct_size;        /**< sizeof(uni_gather_options). */
  int32_t bounds;              /**< UNI_BOUNDS_*. */
  uint32_t flags;              /**< Must be 0. */
  int32_t memory;              /**< Of a result that uni_gather creates; 0: host on the CPU, else the device's. */
  int32_t dtype;               /**< 0 or UNI_DTYPE_*, as above. */
  int32_t order;               /**< UNI_ORDER_*. */
  int32_t num_multiprocessors; /**< The most of a GPU; 0: 12 (enough for PCIe) with host memory, else all. */
  uint32_t reserved;           /**< Must be 0. */
  const uni_array *row_scales; /**< float32, shape [source.shape[0]], where the index is; NULL: none. */
} uni_gather_options;

#define UNI_GATHER_OPTIONS_INIT \
  { sizeof(uni_gather_options), UNI_BOUNDS_CHECK, 0, 0, 0, UNI_ORDER_AUTO, 0, 0, 0 }

typedef struct uni_scatter_options {
  uint32_t struct_size;        /**< sizeof(uni_scatter_options). */
  int32_t bounds;              /**< UNI_BOUNDS_*. */
  int32_t reduce;              /**< UNI_SCATTER_*. */
  uint32_t flags;              /**< Must be 0. */
  int32_t num_multiprocessors; /**< As in uni_gather_options. */
  uint32_t reserved;           /**< Must be 0. */
} uni_scatter_options;

#define UNI_SCATTER_OPTIONS_INIT \
  { sizeof(uni_scatter_options), UNI_BOUNDS_CHECK, UNI_SCATTER_ASSIGN, 0, 0, 0 }

/** The most tensors that uni_gather_many takes. */
enum { UNI_GATHER_MANY_MAX = 16 };

/** Gather rows into a new tensor: out[i, ...] = source[index[i], ...]. Computed where the index is. Asynchronous on
 * @p stream on a device; complete on return on the CPU.
 * @param[in]  source  Not NULL, at least one dimension.
 * @param[in]  index   Not NULL, one dimension, int32 or int64. Where it carries a count, entries past it give zero rows.
 * @param[in]  options May be NULL.
 * @param[in]  stream  cudaStream_t value; ignored on the CPU.
 * @param[out] out     Not NULL; new tensor of shape [len(index), source.shape[1:]...].
 * @return UNI_STATUS_OK; _INVALID_ARGUMENT; _DTYPE_MISMATCH; _SHAPE_MISMATCH; _DEVICE_MISMATCH; _OUT_OF_BOUNDS (names
 *         the first bad position and its value); _OUT_OF_MEMORY; _VERSION_MISMATCH; _BACKEND_ERROR;
 *         _NOT_SUPPORTED (a conversion that is not offered).
 * @threads Any thread. @on_error *out is NULL. @since 0.1 */
UNI_API uni_status uni_gather(const uni_tensor *source, const uni_array *index, const uni_gather_options *options,
                              void *stream, uni_tensor **out, uni_error *error);

/** Gather rows into memory of the caller's; otherwise as uni_gather. Allocates nothing for small calls on the CPU.
 * @param[in] out Not NULL; source's dtype or options->dtype, shape [len(index), source.shape[1:]...], not read-only; must
 *                not overlap @p source. Its memory is written.
 * @threads Any thread for @p source and @p index, one for the memory of @p out.
 * @on_error The memory of @p out is unchanged on the CPU. @since 0.1 */
UNI_API uni_status uni_gather_into(const uni_tensor *source, const uni_array *index, const uni_gather_options *options,
                                   void *stream, const uni_array *out, uni_error *error);

/** Gather rows of several tensors by one index, on a device in one launch: outs[t][i, ...] = sources[t][index[i], ...]. For
 * what belongs to the same rows: features, labels, degrees. Otherwise as uni_gather_into.
 * @param[in] num_tensors 1 to UNI_GATHER_MANY_MAX. @param[in] sources @p num_tensors tensors of one context with the same
 *                        shape[0], of any dtypes and shapes otherwise.
 * @param[in] options     May be NULL; `dtype`, `memory` and `row_scales` must be 0.
 * @param[in] outs        @p num_tensors arrays as uni_gather_into takes them, which must not overlap each other.
 * @return As uni_gather; _SHAPE_MISMATCH also where the sources differ in shape[0].
 * @threads Any thread for @p sources and @p index, one for the memory of @p outs.
 * @on_error The memory of @p outs is unchanged on the CPU. @since 0.1 */
UNI_API uni_status uni_gather_many(int32_t num_tensors, const uni_tensor *const *sources, const uni_array *index,
                                   const uni_gather_options *options, void *stream, const uni_array *const *outs,
                                   uni_error *error);

/** Scatter rows: destination[index[i], ...] = rows[i, ...], or += . Computed where the index is.
 * @param[in,out] destination Not NULL, at least one dimension, not read-only.
 * @param[in]     index       Not NULL, one dimension, int32 or int64; entries past its count are ignored.
 * @param[in]     rows        Not NULL; destination's dtype, shape [len(index), destination.shape[1:]...]; must not
 *                            overlap @p destination.
 * @param[in]     options     May be NULL.
 * @return As uni_gather; _DTYPE_MISMATCH also for UNI_SCATTER_ADD on bool.
 * @threads One thread for @p destination. @on_error @p destination is unchanged on the CPU. @since 0.1 */
UNI_API uni_status uni_scatter(uni_tensor *destination, const uni_array *index, const uni_array *rows,
                               const uni_scatter_options *options, void *stream, uni_error *error);

#ifdef __cplusplus
}
#endif

#endif
