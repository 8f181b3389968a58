/* SPDX-License-Identifier: Apache-2.0 */
/** @file unitensor.h Everything a program needs; backend.h (for plugins) and macros.h are apart.
 *
 * Conventions: a function that makes an object gives the caller a reference and, on failure, sets the output to NULL.
 * Options structs begin with struct_size: a smaller one than this library's gets defaults for the rest; a larger one is
 * accepted if what this library does not know is zero, else it is refused with UNI_STATUS_VERSION_MISMATCH. */
#ifndef UNITENSOR_UNITENSOR_H
#define UNITENSOR_UNITENSOR_H

#include "array.h"
#include "context.h"
#include "dlpack.h"
#include "gather.h"
#include "graph.h"
#include "npy.h"
#include "sample.h"
#include "status.h"
#include "tensor.h"
#include "version.h"

#endif
