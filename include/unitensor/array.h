/* SPDX-License-Identifier: Apache-2.0 */
/** @file array.h Element types, devices, memory kinds, and the borrowed array descriptor. */
#ifndef UNITENSOR_ARRAY_H
#define UNITENSOR_ARRAY_H

#include <stdint.h>

#include "export.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { UNI_MAX_NDIM = 8 };

/** Element types. */
enum {
  UNI_DTYPE_BOOL = 1,
  UNI_DTYPE_INT8 = 2,
  UNI_DTYPE_INT16 = 3,
  UNI_DTYPE_INT32 = 4,
  UNI_DTYPE_INT64 = 5,
  UNI_DTYPE_UINT8 = 6,
  UNI_DTYPE_UINT16 = 7,
  UNI_DTYPE_UINT32 = 8,
  UNI_DTYPE_UINT64 = 9,
  UNI_DTYPE_FLOAT16 = 10,
  UNI_DTYPE_BFLOAT16 = 11,
  UNI_DTYPE_FLOAT32 = 12,
  UNI_DTYPE_FLOAT64 = 13
};

/** Device types; the values are DLPack's. */
enum { UNI_DEVICE_CPU = 1, UNI_DEVICE_CUDA = 2 };

/** Where a tensor's memory lies. */
enum {
  UNI_MEMORY_HOST = 1,    /**< Pageable host memory. */
  UNI_MEMORY_PINNED = 2,  /**< Page-locked host memory that devices can read. */
  UNI_MEMORY_MANAGED = 3, /**< Managed memory, resident on the host and advised so. */
  UNI_MEMORY_DEVICE = 4,  /**< Memory of a device. */
  UNI_MEMORY_UNIFIED = 5  /**< A request: the best host-resident memory that every device here can read. */
};

/** A borrowed description of an array in row-major order, usually on the caller's stack; it owns nothing. A row is one
 * entry of the first dimension. Rows are contiguous; the distance between them may be larger than a row.
 * A count below 0 is taken as 0 and one above shape[0] as shape[0], since on a device nobody can look at it beforehand.
 * Zero-initialise it, set struct_size, dtype, ndim, shape and data, and the rest has its usual meaning. */
typedef struct uni_array {
  uint32_t struct_size; /**< sizeof(uni_array). */
  int32_t dtype;        /**< UNI_DTYPE_*. */
  int32_t device_type;  /**< UNI_DEVICE_*; 0 means UNI_DEVICE_CPU. */
  int32_t device_id;    /**< Ordinal of the device; 0 for the CPU. */
  int32_t ndim;         /**< 0 to UNI_MAX_NDIM. */
  uint32_t flags;       /**< UNI_ARRAY_*; other bits must be 0. */
  int64_t row_pitch;    /**< Bytes from one row to the next; 0 means contiguous. */
  void *data;           /**< First element; may be NULL where there are no elements. */
  const int64_t *count; /**< If not NULL: on the array's device, how many leading entries are valid. */
  int64_t shape[8];     /**< Extents; the first ndim are used. */
} uni_array;

enum { UNI_ARRAY_READ_ONLY = 1 };

/** Size of one element in bytes; 0 for an unknown dtype.
 * @threads Any thread. @since 0.1 */
UNI_API int64_t uni_dtype_size(int32_t dtype);

/** Name of a dtype as static text, as NumPy writes it ("float32"); "unknown" for an unknown one. Never NULL.
 * @threads Any thread. @since 0.1 */
UNI_API const char *uni_dtype_name(int32_t dtype);

/** Name of a memory kind as static text ("unified"); "unknown" for an unknown one. Never NULL.
 * @threads Any thread. @since 0.1 */
UNI_API const char *uni_memory_name(int32_t memory);

#ifdef __cplusplus
}
#endif

#endif
