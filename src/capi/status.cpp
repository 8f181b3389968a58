// SPDX-License-Identifier: Apache-2.0
#include "unitensor/status.h"

#include <cstring>

extern "C" {

void uni_error_init(uni_error *error) {
  if (error == nullptr) return;
  std::memset(error, 0, sizeof *error);
  error->struct_size = sizeof *error;
}

const char *uni_status_string(uni_status status) {
  switch (status) {
    case UNI_STATUS_OK:
      return "UNI_STATUS_OK";
    case UNI_STATUS_INVALID_ARGUMENT:
      return "UNI_STATUS_INVALID_ARGUMENT";
    case UNI_STATUS_DTYPE_MISMATCH:
      return "UNI_STATUS_DTYPE_MISMATCH";
    case UNI_STATUS_SHAPE_MISMATCH:
      return "UNI_STATUS_SHAPE_MISMATCH";
    case UNI_STATUS_DEVICE_MISMATCH:
      return "UNI_STATUS_DEVICE_MISMATCH";
    case UNI_STATUS_OUT_OF_BOUNDS:
      return "UNI_STATUS_OUT_OF_BOUNDS";
    case UNI_STATUS_INVALID_STATE:
      return "UNI_STATUS_INVALID_STATE";
    case UNI_STATUS_OUT_OF_MEMORY:
      return "UNI_STATUS_OUT_OF_MEMORY";
    case UNI_STATUS_NOT_SUPPORTED:
      return "UNI_STATUS_NOT_SUPPORTED";
    case UNI_STATUS_BACKEND_UNAVAILABLE:
      return "UNI_STATUS_BACKEND_UNAVAILABLE";
    case UNI_STATUS_BACKEND_ERROR:
      return "UNI_STATUS_BACKEND_ERROR";
    case UNI_STATUS_DEVICE_LOST:
      return "UNI_STATUS_DEVICE_LOST";
    case UNI_STATUS_VERSION_MISMATCH:
      return "UNI_STATUS_VERSION_MISMATCH";
    case UNI_STATUS_IO_ERROR:
      return "UNI_STATUS_IO_ERROR";
    case UNI_STATUS_FORMAT_ERROR:
      return "UNI_STATUS_FORMAT_ERROR";
    case UNI_STATUS_CALLBACK:
      return "UNI_STATUS_CALLBACK";
    case UNI_STATUS_INTERNAL:
      return "UNI_STATUS_INTERNAL";
    default:
      return "UNI_STATUS_UNKNOWN";
  }
}

}  // extern "C"
