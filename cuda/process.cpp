// SPDX-License-Identifier: Apache-2.0
#include "process.hpp"

#include <unistd.h>

#include <atomic>

namespace uni::cuda {
namespace {

struct Registry {
  std::atomic<pid_t> user{0};  // the process that first used CUDA
  std::mutex mutex;
  std::weak_ptr<Process> process;
};

// Never destroyed: contexts may go while the program ends.
Registry &registry() {
  static auto *const only = new Registry;
  return *only;
}

}  // namespace

ServiceStreams::~ServiceStreams() {
  if (!calls_.usable()) return;
  for (Stream stream : of_device_)
    if (stream != nullptr) calls_.absorb(calls_.api().destroy_stream(stream));
}

Stream ServiceStreams::of(int32_t device_id) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const size_t slot = static_cast<size_t>(device_id);
  if (of_device_.size() <= slot) of_device_.resize(slot + 1);
  if (of_device_[slot] == nullptr)
    calls_.require(calls_.api().create_stream(&of_device_[slot]), "cudaStreamCreateWithFlags()");
  return of_device_[slot];
}

void ServiceStreams::synchronize() noexcept {
  // Without the lock, and without a copy of what may grow meanwhile: streams that there are stay.
  for (size_t device = 0; calls_.usable(); ++device) {
    Stream stream = nullptr;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (device == of_device_.size()) return;
      stream = of_device_[device];
    }
    if (stream != nullptr) calls_.absorb(calls_.api().synchronize_stream(stream));
  }
}

Stream ServiceStreams::known(int32_t device_id) noexcept {
  const std::lock_guard<std::mutex> lock(mutex_);
  return of_device_[static_cast<size_t>(device_id)];
}

std::shared_ptr<Process> Process::join(const Api &api) {
  Registry &all = registry();
  if (const pid_t user = all.user.load(); user != 0 && user != getpid()) throw forked_error(user);
  const std::lock_guard<std::mutex> lock(all.mutex);
  std::shared_ptr<Process> process = all.process.lock();
  if (process == nullptr) {
    process = std::make_shared<Process>(api);
    all.process = process;
  }
  return process;
}

void Process::note_use() noexcept {
  pid_t nobody = 0;
  registry().user.compare_exchange_strong(nobody, getpid());
}

Process::~Process() {
  while_ending.emplace(calls);
  // Memory that is still to be freed on a stream could not be given back.
  service_streams.synchronize();
  if (calls.usable()) calls.absorb(calls.api().trim_pools());
}

}  // namespace uni::cuda
