// SPDX-License-Identifier: Apache-2.0
#include "unitensor/version.h"

extern "C" {

const char *uni_version(void) { return UNI_VERSION_STRING; }

uint32_t uni_abi_version(void) { return UNI_ABI_VERSION; }

}  // extern "C"
