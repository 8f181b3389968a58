// SPDX-License-Identifier: Apache-2.0
// The context behind uni_context: backends, memory kinds, statistics, log.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <string>

#include "core/backend.hpp"
#include "core/open_devices.hpp"
#include "core/ref.hpp"
#include "unitensor/context.h"

namespace uni::core {

struct Statistics {
  std::atomic<int64_t> gather_calls{0}, gather_rows{0}, gather_bytes{0};
  std::atomic<int64_t> scatter_calls{0}, scatter_rows{0}, scatter_bytes{0};
  std::atomic<int64_t> sample_calls{0}, sample_nodes{0}, sample_edges{0};
  std::atomic<int64_t> out_of_bounds{0};
  std::atomic<int64_t> registered_copies{0}, registered_copy_bytes{0};

  void read(uni_statistics *out) const noexcept;
  void reset() noexcept;
};

// Where memory of a requested kind comes from.
struct MemoryChoice {
  Backend *backend = nullptr;  // NULL: not supported
  int32_t memory = 0;          // the kind that the backend allocates
  uni_status status = UNI_STATUS_OK;
  std::string reason;
};

}  // namespace uni::core

struct uni_context final : uni::core::RefCounted<uni_context> {
 public:
  explicit uni_context(const uni_context_options &options);
  // When the last reference has gone: deletes this, at the latest when other contexts have done with its device.
  void dispose() noexcept;

  int32_t num_threads() const noexcept { return num_threads_; }
  uni::core::Backend &cpu() const noexcept { return *cpu_; }
  // Whether this is a child that was forked after the context was made.
  bool forked() const noexcept;

  // The backend of CUDA devices, looked for on first use; NULL where there is none, and why_no_device() says why.
  uni::core::Backend *device();
  const std::string &why_no_device() const noexcept { return why_no_device_; }
  // The table and the file of the plugin for CUDA devices, also where no device can be used; without a name if there is none.
  const uni_backend_ops &device_plugin() const noexcept { return device_plugin_; }
  const std::string &device_plugin_path() const noexcept { return device_plugin_path_; }
  // The file of the backend that computes for the CPU, "" where it is the library.
  const std::string &cpu_plugin_path() const noexcept { return cpu_plugin_path_; }
  // The same where it has been looked for; NULL where not.
  uni::core::Backend *device_if_open() const noexcept { return open_device_.load(std::memory_order_acquire); }
  // The same as device(), or Error BACKEND_UNAVAILABLE.
  uni::core::Backend &require_device();
  // The same for an operand that is said to lie on a CUDA device, or Error DEVICE_MISMATCH that names it.
  uni::core::Backend &require_device_of(const char *operand, int32_t device_id);

  uni::core::MemoryChoice choose_memory(int32_t memory);
  void check(bool wait);
  // Gives back to the system what is kept for later and nobody uses.
  void trim();
  // Does what has waited for devices, or for graphs that are no more, and need not any longer.
  void do_deferred() noexcept;
  // Blocks until the device, where one has been opened, has done what was enqueued; says nothing of what was out of bounds.
  void wait_for_device();
  // Makes a stream wait for what the context has enqueued.
  void hold_stream(int32_t device_id, void *stream);
  // Makes what the context enqueues from now on wait for what has been enqueued on a stream.
  void follow_stream(int32_t device_id, void *stream);
  // Blocks until device operations that the CPU must not overtake have finished: those that write these bytes, or with
  // `for_write` those that use them.
  void wait_for_memory(const void *data, int64_t num_bytes, bool for_write);
  void log(int32_t level, const char *message) const noexcept;

  uni::core::Statistics statistics;

 private:
  friend uni::core::OpenDevices;
  // Calls `ask` with the backend of devices: its own, or another context's where it has none; not at all where no context has.
  template <class Ask>
  void ask_devices(Ask &&ask) {
    if (uni::core::Backend *const own = device_if_open(); own != nullptr) {
      ask(*own, true);
      return;
    }
    const uni::core::OpenDevices::Use other;
    if (other.backend() != nullptr) ask(*other.backend(), false);
  }
  uni::core::MemoryChoice choose_unified();
  std::unique_ptr<uni::core::Backend> open_backend(const uni_backend_ops &ops);

  const pid_t process_;
  int32_t num_threads_;
  uni_log_fn log_;
  void *log_user_data_;
  std::unique_ptr<uni::core::Backend> cpu_;
  std::unique_ptr<uni::core::Backend> device_;
  std::string why_no_device_;
  uni_backend_ops device_plugin_ = {};
  std::string device_plugin_path_, cpu_plugin_path_;
  std::once_flag device_once_;
  std::atomic<uni::core::Backend *> open_device_{nullptr};
  uni::core::OpenDevices::Place device_place_;
};
