// SPDX-License-Identifier: Apache-2.0
#include "core/plugin.hpp"

#include <dlfcn.h>
#include <stdlib.h>

#include <vector>

#include "core/error.hpp"
#include "core/file.hpp"
#include "unitensor/version.h"

namespace uni::core {
namespace {

constexpr const char *plugin_file = "unitensor_cuda.so";

std::string folder_beside_library() {
  Dl_info info = {};
  if (dladdr(reinterpret_cast<const void *>(&uni_version), &info) == 0 || info.dli_fname == nullptr) return {};
  const std::string path = info.dli_fname;
  const size_t slash = path.rfind('/');
  // A path that is not absolute depends on the working folder, from which nothing is ever loaded.
  if (path.empty() || path[0] != '/' || slash == std::string::npos) return {};
  return path.substr(0, slash) + "/unitensor/" + std::to_string(UNI_ABI_MAJOR);
}

}  // namespace

uni_backend_ops open_plugin(const char *path) {
  if (path[0] != '/')
    throw Error(UNI_STATUS_INVALID_ARGUMENT, "the plugin path \"%s\" is relative, expected an absolute one", path);
  void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (handle == nullptr) {
    const char *reason = dlerror();
    throw Error(UNI_STATUS_BACKEND_UNAVAILABLE, "[dlopen] %s", reason != nullptr ? reason : path);
  }
  const auto init = reinterpret_cast<uni_backend_init_fn>(dlsym(handle, "uni_backend_init"));
  if (init == nullptr)
    throw Error(UNI_STATUS_BACKEND_UNAVAILABLE, "%s is no unitensor plugin: it has no uni_backend_init", path);
  uni_backend_ops ops = {};
  ops.struct_size = sizeof ops;
  uni_error error = UNI_ERROR_INIT;
  uni_status status = UNI_STATUS_OK;
  try {
    status = init(UNI_BACKEND_ABI_VERSION, &ops, &error);
  } catch (const std::exception &e) {
    throw Error(UNI_STATUS_BACKEND_UNAVAILABLE, "%s threw when it was opened: %s", path, e.what());
  } catch (...) {
    throw Error(UNI_STATUS_BACKEND_UNAVAILABLE, "%s threw when it was opened", path);
  }
  throw_if_failed(status, error);
  if (ops.abi_version != UNI_BACKEND_ABI_VERSION)
    throw Error(UNI_STATUS_VERSION_MISMATCH, "%s has plugin ABI %u, expected %d", path, ops.abi_version,
                UNI_BACKEND_ABI_VERSION);
  return ops;
}

bool find_cuda_plugin(uni_backend_ops *ops, std::string *path, std::string *attempts) {
  std::vector<std::string> folders;
  const auto note = [&](const std::string &text) { *attempts += (attempts->empty() ? "" : "; ") + text; };
  if (const char *folder = secure_getenv("UNITENSOR_BACKEND_DIR"); folder != nullptr && folder[0] != '\0') {
    if (folder[0] == '/')
      folders.emplace_back(folder);
    else
      note(std::string("UNITENSOR_BACKEND_DIR is relative and was ignored: ") + folder);
  }
  if (std::string beside = folder_beside_library(); !beside.empty()) folders.push_back(std::move(beside));
  if (folders.empty() || folders.back() != UNITENSOR_BACKEND_DIR) folders.emplace_back(UNITENSOR_BACKEND_DIR);
  for (const std::string &folder : folders) {
    std::string tried = folder + '/' + plugin_file;
    try {
      const uni_backend_ops opened = open_plugin(tried.c_str());
      if (opened.device_type == UNI_DEVICE_CUDA) {
        *ops = opened;
        *path = std::move(tried);
        return true;
      }
      note(tried + " is no plugin for CUDA devices");
    } catch (const Error &e) {
      const std::string text = e.what();
      if (!file_exists(tried.c_str()))
        note(tried + " does not exist");
      else
        note(text.find(tried) != std::string::npos ? text : tried + ": " + text);
    }
  }
  return false;
}

}  // namespace uni::core
