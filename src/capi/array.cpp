// SPDX-License-Identifier: Apache-2.0
#include "unitensor/array.h"

#include "core/dtype.hpp"

extern "C" {

int64_t uni_dtype_size(int32_t dtype) { return uni::core::dtype_size(dtype); }

const char *uni_dtype_name(int32_t dtype) { return uni::core::dtype_name(dtype); }

const char *uni_memory_name(int32_t memory) {
  switch (memory) {
    case UNI_MEMORY_HOST:
      return "host";
    case UNI_MEMORY_PINNED:
      return "pinned";
    case UNI_MEMORY_MANAGED:
      return "managed";
    case UNI_MEMORY_DEVICE:
      return "device";
    case UNI_MEMORY_UNIFIED:
      return "unified";
    default:
      return "unknown";
  }
}

}  // extern "C"
