// SPDX-License-Identifier: Apache-2.0
#include "core/context.hpp"

#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include <cstring>

#include "core/plugin.hpp"
#include "core/structs.hpp"
#include "core/tensor.hpp"
#include "cpu/backend.hpp"
#include "unitensor/version.h"

namespace uni::core {
namespace {

constexpr int32_t max_threads = 1024;

// Processors this process may run on, which in a container is often less than the machine has.
int32_t allowed_processors() noexcept {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  const int count = CPU_COUNT(&set);
  return count < 1 ? 1 : count;
}

int32_t choose_num_threads(int32_t requested) {
  if (requested < 0 || requested > max_threads)
    throw Error(UNI_STATUS_INVALID_ARGUMENT, "options->num_threads is %d, expected 0 to %d", requested, max_threads);
  if (requested > 0) return requested;
  if (const char *text = secure_getenv("UNITENSOR_NUM_THREADS"); text != nullptr && text[0] != '\0') {
    char *end = nullptr;
    const long value = strtol(text, &end, 10);
    if (*end != '\0' || value < 1 || value > max_threads)
      throw Error(UNI_STATUS_INVALID_ARGUMENT, "UNITENSOR_NUM_THREADS is \"%.32s\", expected 1 to %d", text,
                  max_threads);
    return static_cast<int32_t>(value);
  }
  return std::min(allowed_processors(), max_threads);
}

bool is_memory_kind(int32_t memory) noexcept { return memory >= UNI_MEMORY_HOST && memory <= UNI_MEMORY_UNIFIED; }

}  // namespace

void Statistics::read(uni_statistics *out) const noexcept {
  out->gather_calls = gather_calls.load(std::memory_order_relaxed);
  out->gather_rows = gather_rows.load(std::memory_order_relaxed);
  out->gather_bytes = gather_bytes.load(std::memory_order_relaxed);
  out->scatter_calls = scatter_calls.load(std::memory_order_relaxed);
  out->scatter_rows = scatter_rows.load(std::memory_order_relaxed);
  out->scatter_bytes = scatter_bytes.load(std::memory_order_relaxed);
  out->sample_calls = sample_calls.load(std::memory_order_relaxed);
  out->sample_nodes = sample_nodes.load(std::memory_order_relaxed);
  out->sample_edges = sample_edges.load(std::memory_order_relaxed);
  out->out_of_bounds = out_of_bounds.load(std::memory_order_relaxed);
  out->registered_copies = registered_copies.load(std::memory_order_relaxed);
  out->registered_copy_bytes = registered_copy_bytes.load(std::memory_order_relaxed);
}

void Statistics::reset() noexcept {
  for (std::atomic<int64_t> *counter :
       {&gather_calls, &gather_rows, &gather_bytes, &scatter_calls, &scatter_rows, &scatter_bytes, &sample_calls,
        &sample_nodes, &sample_edges, &out_of_bounds, &registered_copies, &registered_copy_bytes})
    counter->store(0, std::memory_order_relaxed);
}

}  // namespace uni::core

using uni::Error;
using uni::core::Backend;
using uni::core::MemoryChoice;

uni_context::uni_context(const uni_context_options &options)
    : process_(getpid()),
      num_threads_(uni::core::choose_num_threads(options.num_threads)),
      log_(options.log),
      log_user_data_(options.log_user_data) {
  uni_backend_ops cpu_ops = {};
  uni::cpu::fill_ops(&cpu_ops);
  if (options.backend_path != nullptr) {
    const uni_backend_ops ops = uni::core::open_plugin(options.backend_path);
    auto backend = open_backend(ops);
    if (ops.device_type == UNI_DEVICE_CPU) {
      cpu_ = std::move(backend);
      cpu_plugin_path_ = options.backend_path;
      return;
    }
    std::call_once(device_once_, [&] {
      device_ = std::move(backend);
      device_plugin_ = ops;
      device_plugin_path_ = options.backend_path;
      open_device_.store(device_.get(), std::memory_order_release);
    });
  }
  cpu_ = open_backend(cpu_ops);
  // What comes last, since a context that is not made leaves nowhere.
  if (device_ != nullptr) uni::core::OpenDevices::enter(this);
}

void uni_context::dispose() noexcept {
  if (Backend *const own = device_if_open(); own != nullptr) {
    if (uni::core::OpenDevices::dispose_later(this)) return;
    // First what it has enqueued: while that runs, others that come to wait for it have to find it.
    if (own->ops().synchronize != nullptr && !forked()) own->synchronize_quietly();
    uni::core::OpenDevices::leave(this);
  }
  delete this;
}

std::unique_ptr<Backend> uni_context::open_backend(const uni_backend_ops &ops) {
  uni_backend_config config = {};
  config.struct_size = sizeof config;
  config.num_threads = num_threads_;
  config.count_out_of_bounds = [](void *context, int64_t count) {
    static_cast<uni_context *>(context)->statistics.out_of_bounds.fetch_add(count, std::memory_order_relaxed);
  };
  config.user_data = this;
  config.keep = [](const void *data, int64_t num_bytes, uni_deferred **items) -> uni_status {
    return uni::core::LiveMemory::keep(data, num_bytes, items) ? UNI_STATUS_OK : UNI_STATUS_OUT_OF_MEMORY;
  };
  return std::make_unique<Backend>(ops, config);
}

bool uni_context::forked() const noexcept { return getpid() != process_; }

Backend *uni_context::device() {
  std::call_once(device_once_, [this] {
    std::string attempts;
    if (!uni::core::find_cuda_plugin(&device_plugin_, &device_plugin_path_, &attempts)) {
      why_no_device_ = "no CUDA backend: " + attempts;
    } else {
      // One that was named, or lies nearer, and does not serve would otherwise go unnoticed.
      const std::string before =
          attempts.empty() ? "" : " (" + device_plugin_path_ + " was taken; before it: " + attempts + ")";
      if (!attempts.empty()) log(UNI_LOG_INFO, ("a CUDA plugin was passed over" + before).c_str());
      try {
        device_ = open_backend(device_plugin_);
        open_device_.store(device_.get(), std::memory_order_release);
        uni::core::OpenDevices::enter(this);
      } catch (const Error &e) {
        why_no_device_ = std::string("the CUDA backend cannot be used: ") + e.what() + before;
      } catch (...) {
        why_no_device_ = "the CUDA backend cannot be used: it threw what the library does not know" + before;
      }
    }
    if (device_ == nullptr) log(UNI_LOG_INFO, why_no_device_.c_str());
  });
  return device_.get();
}

Backend &uni_context::require_device() {
  Backend *backend = device();
  if (backend == nullptr) throw Error(UNI_STATUS_BACKEND_UNAVAILABLE, "%s", why_no_device_.c_str());
  return *backend;
}

Backend &uni_context::require_device_of(const char *operand, int32_t device_id) {
  Backend *backend = device();
  if (backend == nullptr)
    throw Error(UNI_STATUS_DEVICE_MISMATCH, "%s is on CUDA device %d, expected the CPU, since there is %s", operand,
                device_id, why_no_device_.c_str());
  return *backend;
}

MemoryChoice uni_context::choose_memory(int32_t memory) {
  if (!uni::core::is_memory_kind(memory))
    throw Error(UNI_STATUS_INVALID_ARGUMENT, "memory is %d, expected UNI_MEMORY_HOST (1) to UNI_MEMORY_UNIFIED (5)",
                memory);
  if (memory == UNI_MEMORY_UNIFIED) return choose_unified();
  MemoryChoice choice;
  char reason[sizeof(uni_memory_info::reason)] = "";
  Backend *backend = memory == UNI_MEMORY_HOST ? cpu_.get() : device();
  if (backend == nullptr) {
    choice.status = UNI_STATUS_BACKEND_UNAVAILABLE;
    choice.reason = why_no_device_;
  } else if (!backend->supports_memory(memory, reason, sizeof reason)) {
    choice.status = UNI_STATUS_NOT_SUPPORTED;
    choice.reason = reason;
  } else {
    choice.backend = backend;
    choice.memory = memory;
    choice.reason = reason;
  }
  return choice;
}

MemoryChoice uni_context::choose_unified() {
  if (const char *wish = secure_getenv("UNITENSOR_UNIFIED"); wish != nullptr && wish[0] != '\0') {
    for (const int32_t memory : {UNI_MEMORY_MANAGED, UNI_MEMORY_PINNED, UNI_MEMORY_HOST}) {
      if (std::strcmp(wish, uni_memory_name(memory)) != 0) continue;
      MemoryChoice choice = choose_memory(memory);
      choice.reason = "UNITENSOR_UNIFIED asks for it: " + choice.reason;
      return choice;
    }
    throw Error(UNI_STATUS_INVALID_ARGUMENT, "UNITENSOR_UNIFIED is \"%.32s\", expected managed, pinned or host", wish);
  }
  if (Backend *backend = device(); backend != nullptr && backend->ops().choose_unified != nullptr) {
    char reason[sizeof(uni_memory_info::reason)] = "";
    MemoryChoice choice = choose_memory(backend->choose_unified(reason, sizeof reason));
    choice.reason = reason;
    return choice;
  }
  MemoryChoice choice = choose_memory(UNI_MEMORY_HOST);
  choice.reason = "host memory on huge pages, since there is " +
                  (device_ == nullptr ? why_no_device_ : std::string("no memory that the device can read"));
  return choice;
}

void uni_context::check(bool wait) {
  for (Backend *backend : {cpu_.get(), device_if_open()}) {
    if (backend == nullptr) continue;
    if (wait && backend->ops().synchronize != nullptr) backend->call(backend->ops().synchronize);
    if (backend->ops().check != nullptr) backend->call(backend->ops().check);
  }
}

void uni_context::trim() {
  // The device first, since host memory may wait for it; and the CPU's also where the device fails.
  uni_error of_device = UNI_ERROR_INIT, of_cpu = UNI_ERROR_INIT;
  Backend *const backend = device_if_open();
  if (backend == nullptr) do_deferred();
  const uni_status device_status = backend != nullptr ? backend->trim(&of_device) : UNI_STATUS_OK;
  const uni_status cpu_status = cpu_->trim(&of_cpu);
  uni::throw_if_failed(device_status, of_device);
  uni::throw_if_failed(cpu_status, of_cpu);
}

void uni_context::wait_for_device() {
  Backend *const backend = device_if_open();
  if (backend != nullptr && backend->ops().synchronize != nullptr) backend->call(backend->ops().synchronize);
}

void uni_context::hold_stream(int32_t device_id, void *stream) {
  if (device_id < 0) throw Error(UNI_STATUS_INVALID_ARGUMENT, "device_id is %d, expected at least 0", device_id);
  Backend *const backend = device_if_open();
  if (backend != nullptr && backend->ops().hold_stream != nullptr)
    backend->call(backend->ops().hold_stream, device_id, stream);
}

void uni_context::follow_stream(int32_t device_id, void *stream) {
  if (device_id < 0) throw Error(UNI_STATUS_INVALID_ARGUMENT, "device_id is %d, expected at least 0", device_id);
  Backend &backend = require_device();
  if (backend.ops().note_stream != nullptr) backend.call(backend.ops().note_stream, device_id, stream, 1);
}

void uni_context::wait_for_memory(const void *data, int64_t num_bytes, bool for_write) {
  if (data == nullptr || num_bytes <= 0) return;
  ask_devices([&](Backend &backend, bool own) {
    const int32_t purpose = (for_write ? UNI_WAIT_TO_WRITE : 0) | (own ? 0 : UNI_WAIT_FOR_OTHERS);
    if (backend.ops().wait_for_memory != nullptr) backend.call(backend.ops().wait_for_memory, data, num_bytes, purpose);
  });
}

void uni_context::do_deferred() noexcept {
  ask_devices([](Backend &backend, bool) { backend.do_deferred(); });
}

void uni_context::log(int32_t level, const char *message) const noexcept {
  if (log_ != nullptr) log_(log_user_data_, level, message);
}
