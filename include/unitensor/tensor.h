/* SPDX-License-Identifier: Apache-2.0 */
/** @file tensor.h Tensors: memory of a chosen kind with a dtype and a shape, in row-major order. */
#ifndef UNITENSOR_TENSOR_H
#define UNITENSOR_TENSOR_H

#include <stdint.h>

#include "array.h"
#include "context.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct uni_tensor uni_tensor;

/** Called once when wrapped memory is no longer needed, also when wrapping fails; on the thread of the call that dropped
 * the last reference, or, where a device may still use the memory, in a later call of any thread, of the same context or of
 * another one. Must not call the library with the same context, nor wait for a thread that may be releasing a context. What
 * it gives up should not be what keeps a context (as a DLPack tensor of the library's own does): where a device is still at
 * work when the caller gives up the rest, nobody calls any more. Synchronise the contexts that have used the memory before. */
typedef void (*uni_destroy_fn)(void *user_data);

/** What to create. Zero-initialise it or use UNI_TENSOR_DESC_INIT. */
typedef struct uni_tensor_desc {
  uint32_t struct_size;  /**< sizeof(uni_tensor_desc). */
  int32_t memory;        /**< UNI_MEMORY_*; 0 means UNI_MEMORY_UNIFIED. */
  int32_t device_id;     /**< For UNI_MEMORY_DEVICE: which; else 0. */
  int32_t dtype;         /**< UNI_DTYPE_*. */
  int32_t ndim;          /**< 0 to UNI_MAX_NDIM. */
  uint32_t flags;        /**< Must be 0. */
  int64_t row_alignment; /**< Bytes that rows are padded to: a power of two up to 4096; 0: none. */
  int64_t shape[8];      /**< Extents, each >= 0. */
} uni_tensor_desc;

#define UNI_TENSOR_DESC_INIT \
  { \
    sizeof(uni_tensor_desc), UNI_MEMORY_UNIFIED, 0, 0, 0, 0, 0, { 0, 0, 0, 0, 0, 0, 0, 0 } \
  }

/** A bit of uni_tensor_info.flags: the memory is a copy that uni_tensor_register_or_copy made of the caller's. */
enum { UNI_TENSOR_COPIED = 2 };

/** What a tensor is. */
typedef struct uni_tensor_info {
  uint32_t struct_size;     /**< sizeof(uni_tensor_info); set by the caller. */
  int32_t memory;           /**< The kind the memory is: UNI_MEMORY_HOST, _PINNED, _MANAGED or _DEVICE. */
  int32_t requested_memory; /**< The kind that was asked for, UNI_MEMORY_UNIFIED included. */
  int32_t device_type;      /**< UNI_DEVICE_*: the device whose memory it is. */
  int32_t device_id;
  int32_t dtype;
  int32_t ndim;
  uint32_t flags;       /**< UNI_ARRAY_READ_ONLY and UNI_TENSOR_COPIED, where they hold. */
  int64_t num_elements; /**< Product of the extents. */
  int64_t row_bytes;    /**< Payload of one row. */
  int64_t row_pitch;    /**< Bytes from one row to the next. */
  int64_t num_bytes;    /**< Payload of the whole tensor. */
  int64_t shape[8];
} uni_tensor_info;

/** Create a tensor with undefined contents. Rows start on 64-byte boundaries where row_alignment is 64 or more; the
 * first row always does.
 * @param[in]  context Not NULL; the tensor keeps it alive.
 * @param[in]  desc    Not NULL.
 * @param[out] tensor  Not NULL; receives a new reference.
 * @return UNI_STATUS_OK; _INVALID_ARGUMENT; _DTYPE_MISMATCH (unknown dtype); _VERSION_MISMATCH; _OUT_OF_MEMORY;
 *         _NOT_SUPPORTED; _BACKEND_UNAVAILABLE.
 * @threads Any thread. @on_error *tensor is NULL. @since 0.1 */
UNI_API uni_status uni_tensor_create(uni_context *context, const uni_tensor_desc *desc, uni_tensor **tensor,
                                     uni_error *error);

/** Make a tensor of memory that the caller owns, without a copy.
 * @param[in]  array     Not NULL; copied. Its memory must live until @p destroy runs. `count` must be NULL.
 * @param[in]  destroy   May be NULL. Runs exactly once, also when this call fails.
 * @param[in]  user_data Given to @p destroy.
 * @param[out] tensor    Not NULL; receives a new reference.
 * @return UNI_STATUS_OK; _INVALID_ARGUMENT; _DTYPE_MISMATCH; _DEVICE_MISMATCH (device memory without its backend);
 *         _VERSION_MISMATCH; _OUT_OF_MEMORY.
 * @threads Any thread. @on_error *tensor is NULL. @since 0.1 */
UNI_API uni_status uni_tensor_wrap(uni_context *context, const uni_array *array, uni_destroy_fn destroy,
                                   void *user_data, uni_tensor **tensor, uni_error *error);

/** Let CUDA devices read memory that the caller owns where it lies: it is page-locked for as long as the tensor lives, and
 * the tensor is pinned memory. Memory that is page-locked or managed already is left as it is. Memory that this process may
 * only read, such as a file that is mapped so, is page-locked for reading: it is to be given as UNI_ARRAY_READ_ONLY.
 * @param[in]  array     Not NULL; host memory, copied description. Its memory must live until @p destroy runs. `count`
 *                       must be NULL.
 * @param[in]  destroy   May be NULL. Runs exactly once, after the memory has been unlocked; also when this call fails.
 * @param[in]  user_data Given to @p destroy.
 * @param[out] tensor    Not NULL; receives a new reference.
 * @return UNI_STATUS_OK; _INVALID_ARGUMENT; _DTYPE_MISMATCH; _DEVICE_MISMATCH (memory of a device); _VERSION_MISMATCH;
 *         _OUT_OF_MEMORY (the message says which limit); _NOT_SUPPORTED; _BACKEND_UNAVAILABLE; _BACKEND_ERROR.
 * @threads Any thread. @on_error *tensor is NULL, and nothing is page-locked. @since 0.1 */
UNI_API uni_status uni_tensor_register(uni_context *context, const uni_array *array, uni_destroy_fn destroy,
                                       void *user_data, uni_tensor **tensor, uni_error *error);

/** The same, and where page-locking is refused a copy, in unified memory of the library's: for callers who would rather have
 * that than nothing. The tensor's info has UNI_TENSOR_COPIED, the statistics count it, and the log says why, as a warning.
 * What is written to the tensor does not reach the caller's memory then, nor the other way round.
 * @param[in]  array     As in uni_tensor_register.
 * @param[in]  destroy   May be NULL. Runs exactly once: as in uni_tensor_register, or before this returns where the memory
 *                       was copied.
 * @param[in]  user_data Given to @p destroy.
 * @param[out] tensor    Not NULL; receives a new reference.
 * @return UNI_STATUS_OK; as uni_tensor_register: for what is no refusal (a wrong array, memory of a device, no backend, a
 *         device that is lost), and where the copy cannot be made either (the message says both).
 * @threads Any thread. @on_error *tensor is NULL, and nothing is page-locked. @since 0.1 */
UNI_API uni_status uni_tensor_register_or_copy(uni_context *context, const uni_array *array, uni_destroy_fn destroy,
                                               void *user_data, uni_tensor **tensor, uni_error *error);

/** Rows start to stop (exclusive) of @p tensor as a tensor that shares its memory and keeps it alive.
 * @param[in] tensor Not NULL, at least one dimension. @param[in] start,stop 0 <= start <= stop <= shape[0].
 * @return UNI_STATUS_OK; _INVALID_ARGUMENT; _SHAPE_MISMATCH; _OUT_OF_BOUNDS; _OUT_OF_MEMORY.
 * @threads Any thread. @on_error *view is NULL. @since 0.1 */
UNI_API uni_status uni_tensor_slice(const uni_tensor *tensor, int64_t start, int64_t stop, uni_tensor **view,
                                    uni_error *error);

/** The same elements in another shape, sharing the memory and keeping it alive.
 * @param[in] tensor Not NULL; without padding between rows, unless shape[0] and the bytes in a row stay as they are.
 * @param[in] ndim   0 to UNI_MAX_NDIM. @param[in] shape @p ndim extents with the same product.
 * @return UNI_STATUS_OK; _INVALID_ARGUMENT; _SHAPE_MISMATCH; _OUT_OF_MEMORY.
 * @threads Any thread. @on_error *view is NULL. @since 0.1 */
UNI_API uni_status uni_tensor_reshape(const uni_tensor *tensor, int32_t ndim, const int64_t *shape, uni_tensor **view,
                                      uni_error *error);

/** Take another reference. @param[in] tensor May be NULL. @return @p tensor. @threads Any thread. @since 0.1 */
UNI_API uni_tensor *uni_tensor_retain(uni_tensor *tensor);

/** Give a reference back; memory goes when the last one does and no operation of the library uses it any more.
 * @param[in] tensor May be NULL. @threads Any thread. @since 0.1 */
UNI_API void uni_tensor_release(uni_tensor *tensor);

/** Give a reference back after work of the caller's own: the memory also waits for what has been enqueued on a stream so
 * far. For kernels of the caller's that use the tensor; those of the library are waited for in any case, and so is, where
 * the tensor's address was asked for (uni_tensor_device_pointer) or lent by DLPack, the device's default stream.
 * @param[in] tensor    May be NULL (nothing happens).
 * @param[in] device_id The CUDA device of the stream.
 * @param[in] stream    A cudaStream_t, or NULL for the device's default stream.
 * @return UNI_STATUS_OK; _INVALID_ARGUMENT; _DEVICE_MISMATCH (no such device); _NOT_SUPPORTED (a stream that is being
 *         captured); _BACKEND_UNAVAILABLE; _DEVICE_LOST; _BACKEND_ERROR; _OUT_OF_MEMORY; _INVALID_STATE (a forked child).
 * @threads Any thread. @on_error The reference is still the caller's. @since 0.1 */
UNI_API uni_status uni_tensor_release_after(uni_tensor *tensor, int32_t device_id, void *stream, uni_error *error);

/** Describe a tensor. @param[in] tensor Not NULL. @param[out] info Not NULL, struct_size set.
 * @return UNI_STATUS_OK; _INVALID_ARGUMENT; _VERSION_MISMATCH. @threads Any thread. @on_error @p info is unchanged.
 * @since 0.1 */
UNI_API uni_status uni_tensor_get_info(const uni_tensor *tensor, uni_tensor_info *info, uni_error *error);

/** The tensor as an array descriptor, for use as an index, as seeds or as an output. Borrowed: lives as long as the
 * tensor. NULL for NULL. @threads Any thread. @since 0.1 */
UNI_API const uni_array *uni_tensor_array(const uni_tensor *tensor);

/** The context that the tensor was made from; borrowed. NULL for NULL. @threads Any thread. @since 0.1 */
UNI_API uni_context *uni_tensor_context(const uni_tensor *tensor);

/** Address for the CPU. Valid while the tensor lives. Blocks until the operations that write the tensor have finished; the
 * caller orders its accesses with those that it enqueues afterwards.
 * @param[out] data Not NULL; NULL is stored where there are no elements.
 * @return UNI_STATUS_OK; _INVALID_ARGUMENT; _DEVICE_MISMATCH (device memory); _INVALID_STATE (memory that a forked child has
 *         not inherited); _DEVICE_LOST; _BACKEND_ERROR. @threads Any thread. @since 0.1 */
UNI_API uni_status uni_tensor_host_pointer(const uni_tensor *tensor, void **data, uni_error *error);

/** Address for a CUDA device: pinned and managed memory for every device, its own memory, and host memory where the device
 * reads all of it (ATS, HMM).
 * @param[in]  device_id Ordinal of the device. @param[out] data Not NULL.
 * @return UNI_STATUS_OK; _INVALID_ARGUMENT; _DEVICE_MISMATCH (the device cannot read this memory).
 * @threads Any thread. @on_error *data is NULL. @since 0.1 */
UNI_API uni_status uni_tensor_device_pointer(const uni_tensor *tensor, int32_t device_id, void **data,
                                             uni_error *error);

/** Copy an array into a tensor of the same dtype and shape. Asynchronous on @p stream where a device takes part.
 * @param[in,out] tensor Not NULL, not read-only. @param[in] source Not NULL; must not overlap @p tensor.
 * @return UNI_STATUS_OK; _INVALID_ARGUMENT; _DTYPE_MISMATCH; _SHAPE_MISMATCH; _DEVICE_MISMATCH; _BACKEND_ERROR.
 * @threads One thread for @p tensor. @since 0.1 */
UNI_API uni_status uni_tensor_copy_from(uni_tensor *tensor, const uni_array *source, void *stream, uni_error *error);

/** Copy a tensor into an array of the same dtype and shape. As uni_tensor_copy_from.
 * @param[in] tensor Not NULL. @param[out] destination Not NULL; its memory is written.
 * @threads Any thread for @p tensor, one for the memory of @p destination. @since 0.1 */
UNI_API uni_status uni_tensor_copy_to(const uni_tensor *tensor, const uni_array *destination, void *stream,
                                      uni_error *error);

/** Set every element to one value. Asynchronous on @p stream where a device takes part.
 * @param[in,out] tensor Not NULL, not read-only. @param[in] value One element of the tensor's dtype, on the host; NULL
 *                       means zero bytes.
 * @return UNI_STATUS_OK; _INVALID_ARGUMENT; _BACKEND_ERROR. @threads One thread for @p tensor. @since 0.1 */
UNI_API uni_status uni_tensor_fill(uni_tensor *tensor, const void *value, void *stream, uni_error *error);

#ifdef __cplusplus
}
#endif

#endif
