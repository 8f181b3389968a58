// SPDX-License-Identifier: Apache-2.0
// The contexts that have opened a device. What runs on a device is the same for all contexts of a plugin, and a backend of
// any of them waits for it: a context that has not opened one asks another here.
#pragma once

#include <cstdint>

struct uni_context;

namespace uni::core {

class Backend;

class OpenDevices {
 public:
  static void enter(uni_context *context) noexcept;
  // For a context that ends. From the return on nobody comes to use it; blocks until nobody does. Not to be called inside of
  // a Use.
  static void leave(uni_context *context) noexcept;
  // Inside of a Use: has the context disposed of when this thread is in none any more, and returns true. Two threads that
  // ended each other's contexts would wait for ever.
  static bool dispose_later(uni_context *context) noexcept;

  // The backend of some context of this process while this lives. It holds no reference: a context whose last reference a
  // caller gives up has ended when uni_context_release returns (unless that was inside of a Use), and what the caller gave it
  // to use may go after that.
  class Use {
   public:
    Use() noexcept;
    ~Use();
    Use(const Use &) = delete;
    Use &operator=(const Use &) = delete;
    // NULL where no context has opened a device.
    Backend *backend() const noexcept;

   private:
    friend OpenDevices;
    uni_context *context_ = nullptr;
    Use *outer_ = nullptr;  // of this thread
  };

  // What a context keeps for this.
  struct Place {
    uni_context *next = nullptr, *next_to_dispose_of = nullptr;
    int32_t uses = 0;
  };

 private:
  struct List;
  struct Thread {
    Use *innermost = nullptr;
    uni_context *to_dispose_of = nullptr;
  };
  static List list_;
  static const int watches_forks_;
  static thread_local Thread thread_;
};

}  // namespace uni::core
