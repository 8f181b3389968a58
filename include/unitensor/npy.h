/* SPDX-License-Identifier: Apache-2.0 */
/** @file npy.h Tensors from and to NumPy's .npy files (format versions 1 to 3; C order; little-endian). bfloat16, which
 * the format does not have, is refused by uni_tensor_save. */
#ifndef UNITENSOR_NPY_H
#define UNITENSOR_NPY_H

#include "tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Called between pieces of work on the calling thread; a value other than 0 stops the work with UNI_STATUS_CALLBACK. */
typedef int32_t (*uni_progress_fn)(void *user_data, int64_t bytes_done, int64_t bytes_total);

typedef struct uni_load_options {
  uint32_t struct_size;     /**< sizeof(uni_load_options). */
  uint32_t flags;           /**< Must be 0. */
  int64_t row_alignment;    /**< As in uni_tensor_desc. */
  uni_progress_fn progress; /**< May be NULL. */
  void *progress_user_data;
} uni_load_options;

#define UNI_LOAD_OPTIONS_INIT \
  { sizeof(uni_load_options), 0, 0, 0, 0 }

/** Load a .npy file into a new tensor. Blocks.
 * @param[in]  path    Not NULL; UTF-8 as the file system has it.
 * @param[in]  memory  UNI_MEMORY_*; 0 means UNI_MEMORY_UNIFIED.
 * @param[in]  options May be NULL.
 * @param[out] tensor  Not NULL; receives a new reference.
 * @return UNI_STATUS_OK; _IO_ERROR (native_code is errno); _FORMAT_ERROR (truncated, corrupt, Fortran order, objects,
 *         big-endian); _OUT_OF_MEMORY; _CALLBACK; as uni_tensor_create.
 * @threads Any thread. @on_error *tensor is NULL. @since 0.1 */
UNI_API uni_status uni_tensor_load(uni_context *context, const char *path, int32_t memory,
                                   const uni_load_options *options, uni_tensor **tensor, uni_error *error);

/** Save a tensor of any memory kind as a .npy file of format version 1. Blocks, and for pinned, managed and device memory
 * until everything has finished that the context has enqueued before. The file is written beside @p path and renamed onto
 * it, so that a failure leaves what was there.
 * @return UNI_STATUS_OK; _INVALID_ARGUMENT; _DTYPE_MISMATCH (bfloat16); _IO_ERROR; _OUT_OF_MEMORY; _DEVICE_LOST;
 *         _BACKEND_ERROR.
 * @threads Any thread. @since 0.1 */
UNI_API uni_status uni_tensor_save(const uni_tensor *tensor, const char *path, uni_error *error);

#ifdef __cplusplus
}
#endif

#endif
