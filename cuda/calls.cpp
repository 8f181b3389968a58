// SPDX-License-Identifier: Apache-2.0
#include "calls.hpp"

#include <unistd.h>

#include <cstdio>

#include "advice.hpp"

namespace uni::cuda {
namespace {

constexpr char start_again[] = "the process has to be started again";

// Errors after which no call of this process on the device can succeed. Source: the CUDA runtime's documentation of
// cudaError_t, "the process must be terminated and relaunched".
bool ends_the_context(Result result) noexcept {
  switch (result) {
    case 4:    // cudaErrorCudartUnloading
    case 214:  // cudaErrorECCUncorrectable
    case 220:  // cudaErrorNvlinkUncorrectable
    case 226:  // cudaErrorContained
    case 700:  // cudaErrorIllegalAddress
    case 702:  // cudaErrorLaunchTimeout
    case 709:  // cudaErrorContextIsDestroyed
    case 710:  // cudaErrorAssert
    case 714:  // cudaErrorHardwareStackError
    case 715:  // cudaErrorIllegalInstruction
    case 716:  // cudaErrorMisalignedAddress
    case 717:  // cudaErrorInvalidAddressSpace
    case 718:  // cudaErrorInvalidPc
    case 719:  // cudaErrorLaunchFailure
    case 721:  // cudaErrorTensorMemoryLeak
    case 810:  // cudaErrorMpsClientTerminated
    case 911:  // cudaErrorExternalDevice
      return true;
    default:
      return false;
  }
}

}  // namespace

Calls::Calls(const Api &api) noexcept : api_(api), process_(getpid()) {}

void Calls::note(Result result) noexcept {
  api_.take_last_error();
  Result none = kSuccess;
  if (ends_the_context(result)) fatal_.compare_exchange_strong(none, result);
}

void Calls::require(Result result, const char *format, ...) {
  if (result == kSuccess) return;
  note(result);
  char call[160];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(call, sizeof call, format, arguments);
  va_end(arguments);
  const uni_status status = ends_the_context(result)         ? UNI_STATUS_DEVICE_LOST
                            : result == result::kOutOfMemory ? UNI_STATUS_OUT_OF_MEMORY
                                                             : UNI_STATUS_BACKEND_ERROR;
  const char *what_to_do = advice(result);
  if (what_to_do[0] == '\0' && status == UNI_STATUS_DEVICE_LOST) what_to_do = start_again;
  throw Error(status, "%s failed: %s (%d, %s)%s%s", call, api_.error_text(result), result, api_.error_name(result),
              what_to_do[0] != '\0' ? "; " : "", what_to_do)
      .with_native_code(result);
}

bool Calls::absorb(Result result) noexcept {
  if (result == kSuccess) return true;
  note(result);
  return false;
}

Error forked_error(pid_t parent) {
  return Error(UNI_STATUS_INVALID_STATE,
               "CUDA cannot be used in a process that was forked after its parent (%ld) had used it: start the child "
               "by spawn, or "
               "fork before anything asks for a device",
               static_cast<long>(parent));
}

void Calls::require_usable() const {
  if (forked()) throw forked_error(process_);
  if (const Result fatal = fatal_.load(std::memory_order_relaxed); fatal != kSuccess)
    throw Error(UNI_STATUS_DEVICE_LOST, "an earlier operation ended the CUDA context: %s (%d, %s); %s",
                api_.error_text(fatal), fatal, api_.error_name(fatal), start_again)
        .with_native_code(fatal);
}

bool Calls::forked() const noexcept { return getpid() != process_; }

bool Calls::usable() const noexcept { return !forked() && fatal_.load(std::memory_order_relaxed) == kSuccess; }

DeviceScope::DeviceScope(Calls &calls, int32_t device_id) : calls_(calls) {
  calls_.require(calls_.api().get_device(&before_), "cudaGetDevice()");
  if (before_ == device_id) return;
  calls_.require(calls_.api().set_device(device_id), "cudaSetDevice(%d)", device_id);
  changed_ = true;
}

DeviceScope::~DeviceScope() {
  if (changed_) calls_.absorb(calls_.api().set_device(before_));
}

CaptureModeScope::CaptureModeScope(Calls &calls) noexcept : calls_(calls) {
  if (!calls_.usable()) return;
  before_ = kRelaxedCapture;
  changed_ = calls_.absorb(calls_.api().exchange_capture_mode(&before_));
}

CaptureModeScope::~CaptureModeScope() {
  if (changed_) calls_.absorb(calls_.api().exchange_capture_mode(&before_));
}

}  // namespace uni::cuda
