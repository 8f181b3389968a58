// SPDX-License-Identifier: Apache-2.0
// Finding and opening backend plugins. A plugin that was opened is never closed: code of it may still be on some thread.
#pragma once

#include <string>

#include "unitensor/backend.h"

namespace uni::core {

// Opens the plugin at an absolute path and has it fill its table. Throws Error (BACKEND_UNAVAILABLE, VERSION_MISMATCH).
uni_backend_ops open_plugin(const char *path);

// Looks for unitensor_cuda.so in UNITENSOR_BACKEND_DIR (where the process is not privileged), beside this library, and in
// the folder it was installed to; nowhere else. Returns true and sets `ops` and `path`, or false; `attempts` says what was
// tried and did not serve.
bool find_cuda_plugin(uni_backend_ops *ops, std::string *path, std::string *attempts);

}  // namespace uni::core
