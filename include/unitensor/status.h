/* SPDX-License-Identifier: Apache-2.0 */
/** @file status.h Statuses and the caller's error buffer.
 *
 * Every fallible function returns a status and takes a `uni_error *` last, which may be NULL. On failure an output
 * handle is set to NULL, whatever was taken is freed, and the error buffer holds the status, a native code where a
 * backend has one, and a message that names the argument, what was expected and what was given. On success the error
 * buffer is left as it was. */
#ifndef UNITENSOR_STATUS_H
#define UNITENSOR_STATUS_H

#include <stdint.h>

#include "export.h"

#ifdef __cplusplus
extern "C" {
#endif

/** 0 is success, negative is an error. The set is open: treat an unknown negative value as UNI_STATUS_INTERNAL. */
typedef int32_t uni_status;

enum {
  UNI_STATUS_OK = 0,
  UNI_STATUS_INVALID_ARGUMENT = -1,     /**< A NULL, a value out of its range, an overflowing size. */
  UNI_STATUS_DTYPE_MISMATCH = -2,       /**< An element type that the operation does not take. */
  UNI_STATUS_SHAPE_MISMATCH = -3,       /**< A wrong number of dimensions or a wrong extent. */
  UNI_STATUS_DEVICE_MISMATCH = -4,      /**< Operands that no single device can read. */
  UNI_STATUS_OUT_OF_BOUNDS = -5,        /**< An index, node or range outside of its tensor. */
  UNI_STATUS_INVALID_STATE = -6,        /**< The object cannot be used so, for example in a forked child. */
  UNI_STATUS_OUT_OF_MEMORY = -10,       /**< Host or device memory is exhausted. */
  UNI_STATUS_NOT_SUPPORTED = -20,       /**< Defined, and not offered by this backend or this machine. */
  UNI_STATUS_BACKEND_UNAVAILABLE = -21, /**< The plugin or its driver is missing; the message lists what was tried. */
  UNI_STATUS_BACKEND_ERROR = -22,       /**< A backend's native call failed; see uni_error.native_code. */
  UNI_STATUS_DEVICE_LOST = -23,         /**< The device cannot be used any more by this process. */
  UNI_STATUS_VERSION_MISMATCH = -30,    /**< A struct, plugin or DLPack tensor of a version that is not known. */
  UNI_STATUS_IO_ERROR = -40,            /**< A file operation failed; native_code is errno. */
  UNI_STATUS_FORMAT_ERROR = -41,        /**< A file is truncated, corrupt or of a form that is not read. */
  UNI_STATUS_CALLBACK = -50,            /**< A caller's callback asked to stop. */
  UNI_STATUS_INTERNAL = -100            /**< A defect of the library. */
};

enum { UNI_ERROR_MESSAGE_SIZE = 512 };

/** The caller's error buffer. It belongs to one call at a time; it holds no resource. */
typedef struct uni_error {
  uint32_t struct_size; /**< sizeof(uni_error); set by UNI_ERROR_INIT or uni_error_init. */
  uni_status code;      /**< Status of the last failed call. */
  int64_t native_code;  /**< errno or the backend's own code; 0 where there is none. */
  char message[512];    /**< UTF-8, always NUL-terminated. */
} uni_error;

#define UNI_ERROR_INIT \
  { \
    sizeof(uni_error), 0, 0, { 0 } \
  }

/** Make @p error empty. For languages that cannot use UNI_ERROR_INIT.
 * @param[out] error May be NULL (nothing happens).
 * @threads Any thread. @since 0.1 */
UNI_API void uni_error_init(uni_error *error);

/** Name of a status as static text, for example "UNI_STATUS_OUT_OF_MEMORY"; "UNI_STATUS_UNKNOWN" for a value that this
 * library does not know. Never NULL.
 * @threads Any thread. @since 0.1 */
UNI_API const char *uni_status_string(uni_status status);

#ifdef __cplusplus
}
#endif

#endif
