/* SPDX-License-Identifier: Apache-2.0 */
/** @file export.h The export marker of public functions. Define UNI_API empty to feed the headers to a parser. */
#ifndef UNITENSOR_EXPORT_H
#define UNITENSOR_EXPORT_H

#ifndef UNI_API
#if defined(__GNUC__)
#define UNI_API __attribute__((visibility("default")))
#else
#define UNI_API
#endif
#endif

#endif
