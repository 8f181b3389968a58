/* SPDX-License-Identifier: Apache-2.0 */
/** @file unitensor.h Everything a program needs; backend.h (for plugins) and macros.h are apart.
 *
 * Conventions: a function that makes an object gives the caller a reference and, on failure, sets the output to NULL.
 * Options structs begin with struct_size: a smaller one than this library's gets defaults for the rest; a larger one is
 * accepted if what this library does not know is zero, else it is refused with UNI_STATUS_VERSION_MISMATCH.
 *
 * Parameters of one name mean the same in every function. `context` and the object that a function works on are not NULL,
 * except in _retain and _release. `error` may be NULL; where it is not, a failure fills it and a success leaves it alone.
 * `stream` is the cudaStream_t on which a device works, NULL for its default stream; the CPU does not look at it. `view`
 * receives a new reference that shares memory with what it was made from. */
#ifndef UNITENSOR_UNITENSOR_H
#define UNITENSOR_UNITENSOR_H

#include "array.h"
#include "context.h"
#include "device.h"
#include "dlpack.h"
#include "gather.h"
#include "graph.h"
#include "npy.h"
#include "sample.h"
#include "status.h"
#include "tensor.h"
#include "version.h"

#endif
