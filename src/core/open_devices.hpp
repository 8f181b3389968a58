// SPDX-License-Identifier: Apache-2.0
// The contexts that have opened a device. What runs on a device is the same for all contexts, and a backend of any of them
// waits for it: a context that has not opened one asks another here.
#pragma once

#include <cstdint>

struct uni_context;

namespace uni::core {

class Backend;

class OpenDevices {
 public:
  static void enter(uni_context *context) noexcept;
  // For a context whose last reference has been given up. From its return on nobody comes to use the context; blocks until
  // nobody does. False where that would never end, since it is this thread that does, further up (a destroy callback gave
  // the reference up): who uses it last deletes it then. True at once for one that has not entered.
  static bool leave(uni_context *context) noexcept;

  // The backend of some context of this process while this lives. It holds no reference: a context that ends does so
  // before uni_context_release returns, on its thread, and what a caller gave it to use may go after that.
  class Use {
   public:
    Use() noexcept;
    ~Use();
    Use(const Use &) = delete;
    Use &operator=(const Use &) = delete;
    // NULL where no context has opened a device.
    Backend *backend() const noexcept;

   private:
    uni_context *context_ = nullptr;
  };

  // What a context keeps for this.
  struct Place {
    uni_context *next = nullptr;
    int32_t uses = 0;
    bool entered = false, deleted_by_last_use = false;
  };

 private:
  struct List;
};

}  // namespace uni::core
