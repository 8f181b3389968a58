// SPDX-License-Identifier: Apache-2.0
// Source of numbers and meanings: the CUDA runtime's documentation of cudaError_t.
#include "advice.hpp"

namespace uni::cuda {

const char *advice(Result result) noexcept {
  switch (result) {
    case 2:  // cudaErrorMemoryAllocation
      return "nvidia-smi shows who has the device's memory";
    case 3:    // cudaErrorInitializationError
    case 127:  // cudaErrorStartupFailure
      return "this is also what a process gets that was forked after its parent had used CUDA (start it by spawn); "
             "where "
             "nvidia-smi fails as well, load the driver again or restart the machine";
    case 34:  // cudaErrorStubLibrary
      return "the libcuda.so.1 that is found is the toolkit's stub: take its folder out of LD_LIBRARY_PATH";
    case 36:   // cudaErrorCallRequiresNewerDriver
    case 222:  // cudaErrorUnsupportedPtxVersion
      return "install a newer driver";
    case 46:  // cudaErrorDevicesUnavailable
      return "another process may hold the device alone (compute mode \"exclusive process\"), or it has to be reset: "
             "look at "
             "nvidia-smi";
    case 102:  // cudaErrorDeviceNotLicensed
      return "the virtual GPU has no licence for compute";
    case 209:  // cudaErrorNoKernelImageForDevice
      return "the plugin has no code for this device: build it with its architecture in -Dgpu_arch";
    case 304:  // cudaErrorOperatingSystem
    case 800:  // cudaErrorNotPermitted
      return "look at the rights to /dev/nvidia* and at the limits of the container";
    case 400:  // cudaErrorInvalidResourceHandle
      return "the stream may be another device's, or destroyed: pass one of the device that computes, "
             "which is where the index or the seeds are";
    case 802:  // cudaErrorSystemNotReady
      return "the machine's GPUs are still being set up: start nvidia-fabricmanager, or wait for it";
    case 803:  // cudaErrorSystemDriverMismatch
      return "the driver's libraries and its kernel module are of two versions: restart the machine after an update";
    case 804:  // cudaErrorCompatNotSupportedOnDevice
      return "the libcuda.so.1 of a compatibility package does not go with this device: take it out of the library "
             "path";
    case 805:  // cudaErrorMpsConnectionFailed
    case 806:  // cudaErrorMpsRpcFailure
      return "the MPS server does not answer: start it again, or unset CUDA_MPS_PIPE_DIRECTORY";
    default:
      return "";
  }
}

}  // namespace uni::cuda
