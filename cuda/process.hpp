// SPDX-License-Identifier: Apache-2.0
// What the contexts of a process share: CUDA's state is the process's, and so are its errors, the memory that is
// page-locked, and what runs.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "calls.hpp"
#include "captured_operations.hpp"
#include "host_blocks.hpp"
#include "page_locked.hpp"
#include "read_back.hpp"
#include "running_operations.hpp"

namespace uni::cuda {

// Streams of our own, for what belongs to no stream of the caller's.
class ServiceStreams {
 public:
  explicit ServiceStreams(Calls &calls) noexcept : calls_(calls) {}
  ~ServiceStreams();
  ServiceStreams(const ServiceStreams &) = delete;
  ServiceStreams &operator=(const ServiceStreams &) = delete;

  // The current device is `device_id`.
  Stream of(int32_t device_id);
  // For who gives memory back, which was taken when the stream was there. Asks nothing of CUDA.
  Stream known(int32_t device_id) noexcept;
  // Blocks until what was enqueued on them has been done.
  void synchronize() noexcept;

 private:
  Calls &calls_;
  std::mutex mutex_;
  std::vector<Stream> of_device_;
};

class Process {
 public:
  // The one that there is, or a new one; it goes with the last context. Throws INVALID_STATE in a child that was forked
  // after its parent had used CUDA.
  static std::shared_ptr<Process> join(const Api &api);
  // From now on children that are forked cannot use CUDA.
  static void note_use() noexcept;

  explicit Process(const Api &api) noexcept
      : calls(api),
        page_locked(calls),
        host_blocks(calls, page_locked),
        service_streams(calls),
        read_back(calls),
        operations(calls),
        captured(operations) {}
  // Gives back to the driver what the pools have kept.
  ~Process();
  Process(const Process &) = delete;
  Process &operator=(const Process &) = delete;

  Calls calls;
  std::optional<CaptureModeScope> while_ending;  // around the ends of what follows
  PageLocked page_locked;
  HostBlocks host_blocks;
  ServiceStreams service_streams;
  ReadBack read_back;
  RunningOperations operations;
  CapturedOperations captured;
};

}  // namespace uni::cuda
