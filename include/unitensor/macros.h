/* SPDX-License-Identifier: Apache-2.0 */
/** @file macros.h Conveniences for C and C++ callers. Not included by unitensor.h, so that binding generators never see
 * them. */
#ifndef UNITENSOR_MACROS_H
#define UNITENSOR_MACROS_H

#include "array.h"

/** Initialiser of a one-dimensional uni_array over host memory: `uni_array seeds = UNI_ARRAY_1D(UNI_DTYPE_INT64, p, n);` */
#define UNI_ARRAY_1D(dtype, data, length) \
  { \
    (uint32_t)sizeof(uni_array), (dtype), UNI_DEVICE_CPU, 0, 1, 0, 0, (data), 0, { (length), 0, 0, 0, 0, 0, 0, 0 } \
  }

/** The same with two dimensions, rows contiguous. */
#define UNI_ARRAY_2D(dtype, data, rows, columns) \
  { \
    (uint32_t)sizeof(uni_array), (dtype), UNI_DEVICE_CPU, 0, 2, 0, 0, (data), 0, { \
      (rows), (columns), 0, 0, 0, 0, 0, 0 \
    } \
  }

#endif
