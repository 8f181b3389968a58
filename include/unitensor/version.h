/* SPDX-License-Identifier: Apache-2.0 */
/** @file version.h Version of the library and of its binary interface, at compile time and at run time. */
#ifndef UNITENSOR_VERSION_H
#define UNITENSOR_VERSION_H

#include <stdint.h>

#include "export.h"

#define UNI_VERSION_MAJOR 0
#define UNI_VERSION_MINOR 1
#define UNI_VERSION_PATCH 0
#define UNI_VERSION_STRING "0.1.0"

/* The soname is libunitensor.so.UNI_ABI_MAJOR; a minor step only adds. */
#define UNI_ABI_MAJOR 0
#define UNI_ABI_MINOR 1
#define UNI_ABI_VERSION ((UNI_ABI_MAJOR << 16) | UNI_ABI_MINOR)

#ifdef __cplusplus
extern "C" {
#endif

/** Version of the loaded library as static text, for example "0.1.0". Never NULL.
 * @threads Any thread. @since 0.1 */
UNI_API const char *uni_version(void);

/** ABI version of the loaded library: major in the upper 16 bits, minor in the lower 16.
 * @threads Any thread. @since 0.1 */
UNI_API uint32_t uni_abi_version(void);

#ifdef __cplusplus
}
#endif

#endif
