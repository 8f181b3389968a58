// SPDX-License-Identifier: Apache-2.0
// Calling CUDA: a failed call becomes an Error that names the function, CUDA's error and the numbers, and leaves nothing
// in the runtime's last error. An error that ends the CUDA context is remembered.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdarg>

#include "api.hpp"
#include "core/error.hpp"

namespace uni::cuda {

class Calls {
 public:
  explicit Calls(const Api &api) noexcept;

  const Api &api() const noexcept { return api_; }

  // Throws unless `result` is success. `format` tells the function and its numbers: "cudaMalloc(%lld bytes)".
  void require(Result result, const char *format, ...) __attribute__((format(printf, 3, 4)));
  // For where nothing can be thrown: clears the runtime's last error; true if all went well.
  bool absorb(Result result) noexcept;

  // Throws INVALID_STATE in a forked child of the process that made this, DEVICE_LOST after an error that ended the
  // context.
  void require_usable() const;
  // In a child that was forked from the process that made this.
  bool forked() const noexcept;
  // Whether CUDA may still be called, for releases.
  bool usable() const noexcept;

 private:
  void note(Result result) noexcept;

  const Api &api_;
  const pid_t process_;
  std::atomic<Result> fatal_{kSuccess};
};

// Why CUDA cannot be used in a child of the process that used it.
Error forked_error(pid_t parent);

// cudaErrorMemoryAllocation and others that the code has to tell apart.
namespace result {
constexpr Result kOutOfMemory = 2;
constexpr Result kNoDevice = 100;
constexpr Result kInsufficientDriver = 35;
constexpr Result kHostMemoryAlreadyRegistered = 712;
}  // namespace result

// Makes a device the calling thread's current one, and puts back the one before.
class DeviceScope {
 public:
  DeviceScope(Calls &calls, int32_t device_id);
  ~DeviceScope();
  DeviceScope(const DeviceScope &) = delete;
  DeviceScope &operator=(const DeviceScope &) = delete;

 private:
  Calls &calls_;
  int32_t before_ = 0;
  bool changed_ = false;
};

// Lets this thread call CUDA while some thread captures a stream into a graph: what we ask for has nothing to do with the
// captured stream, and would otherwise end the capture. (cudaThreadExchangeStreamCaptureMode, relaxed)
class CaptureModeScope {
 public:
  explicit CaptureModeScope(Calls &calls) noexcept;
  ~CaptureModeScope();
  CaptureModeScope(const CaptureModeScope &) = delete;
  CaptureModeScope &operator=(const CaptureModeScope &) = delete;

 private:
  Calls &calls_;
  int32_t before_ = 0;
  bool changed_ = false;
};

}  // namespace uni::cuda
