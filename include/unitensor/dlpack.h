/* SPDX-License-Identifier: Apache-2.0 */
/** @file dlpack.h Tensors from and to DLPack, in its versioned form only (DLManagedTensorVersioned, DLPack 1.x). The
 * struct is declared here and laid out in DLPack's own header (https://dmlc.github.io/dlpack). */
#ifndef UNITENSOR_DLPACK_H
#define UNITENSOR_DLPACK_H

#include "tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

struct DLManagedTensorVersioned;

/** What the exported tensor calls its device. */
enum {
  UNI_DLPACK_DEFAULT = 0, /**< CPU for memory that the CPU reads, CUDA for device memory. */
  UNI_DLPACK_CPU = 1,     /**< kDLCPU; refused for device memory. */
  UNI_DLPACK_CUDA = 2,    /**< kDLCUDA with the given device: the alias by which that device reads the memory. */
  UNI_DLPACK_EXACT = 3    /**< kDLCPU, kDLCUDAHost, kDLCUDAManaged or kDLCUDA, as the memory is. */
};

/** Export a tensor without a copy. The result keeps the tensor alive until its deleter runs, which any thread may do.
 * Strides are always filled in. The library waits for its own operations before it frees memory, and knows nothing of the
 * consumer's: who has enqueued kernels of its own runs the deleter when they have finished, or does everything on one
 * stream, where what is written to the memory next comes behind them.
 * @param[in]  tensor    Not NULL.
 * @param[in]  device    UNI_DLPACK_*.
 * @param[in]  device_id For UNI_DLPACK_CUDA; else 0.
 * @param[out] out       Not NULL.
 * @return UNI_STATUS_OK; _INVALID_ARGUMENT; _DEVICE_MISMATCH; _OUT_OF_MEMORY; _INVALID_STATE (a forked child).
 * @threads Any thread. @on_error *out is NULL. @since 0.1 */
UNI_API uni_status uni_tensor_to_dlpack(const uni_tensor *tensor, int32_t device, int32_t device_id,
                                        struct DLManagedTensorVersioned **out, uni_error *error);

/** Import a DLPack tensor without a copy. On success the new tensor owns @p managed and runs its deleter when it is no
 * longer needed; on failure @p managed still belongs to the caller, except that one of another major version is deleted,
 * as DLPack asks.
 * @param[in]  managed Not NULL; lanes 1; row-major without gaps (the first stride may be larger); byte_offset honoured.
 * @param[out] tensor  Not NULL; receives a new reference.
 * @return UNI_STATUS_OK; _INVALID_ARGUMENT (strides); _DTYPE_MISMATCH; _SHAPE_MISMATCH; _DEVICE_MISMATCH;
 *         _VERSION_MISMATCH; _OUT_OF_MEMORY.
 * @threads Any thread. @on_error *tensor is NULL. @since 0.1 */
UNI_API uni_status uni_tensor_from_dlpack(uni_context *context, struct DLManagedTensorVersioned *managed,
                                          uni_tensor **tensor, uni_error *error);

#ifdef __cplusplus
}
#endif

#endif
