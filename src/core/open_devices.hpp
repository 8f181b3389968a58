// SPDX-License-Identifier: Apache-2.0
// The contexts that have opened a device. What runs on a device is the same for all contexts, and a backend of any of them
// waits for it: a context that has not opened one asks here.
#pragma once

#include "core/ref.hpp"

struct uni_context;

namespace uni::core {

class OpenDevices {
 public:
  static void enter(uni_context *context) noexcept;
  // Does nothing for one that has not entered.
  static void leave(uni_context *context) noexcept;
  // One of them, that this process has made; NULL where there is none.
  static Ref<uni_context> any() noexcept;
};

}  // namespace uni::core
