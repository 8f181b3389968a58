// SPDX-License-Identifier: Apache-2.0
// The CUDA backend over the fake, as a plugin, and what steers the fake. UNITENSOR_EMULATED_ORDER (a number, default 0)
// picks the order of lanes and groups, UNITENSOR_EMULATED_THREADS how many threads run them; both are read when a context
// is created, and win over fake_set_schedule.
#include <cstdlib>
#include <cstring>
#include <memory>
#include <thread>

#include "backend.hpp"
#include "fake_api.hpp"
#include "fake_control.h"
#include "fake_launch.hpp"
#include "fake_machine.hpp"

namespace {

using uni::cuda::fake::FakeGraph;
using uni::cuda::fake::FakeStream;
using uni::cuda::fake::Machine;

class Locked {
 public:
  Locked() : lock_(Machine::instance().mutex) {}
  Machine *operator->() const { return &Machine::instance(); }

 private:
  std::lock_guard<std::mutex> lock_;
};

uni_status create(const uni_backend_config *config, void **self, uni_error *error) {
  {
    const Locked machine;
    if (const char *order = std::getenv("UNITENSOR_EMULATED_ORDER"))
      machine->schedule.lane_order = std::strtoull(order, nullptr, 10);
    if (const char *threads = std::getenv("UNITENSOR_EMULATED_THREADS")) machine->schedule.threads = std::atoi(threads);
  }
  return uni::cuda::create(uni::cuda::fake::fake_api(), config, self, error);
}

}  // namespace

extern "C" {

UNI_API uni_status uni_backend_init(uint32_t abi_version, uni_backend_ops *ops, uni_error *error) {
  return uni::cuda::init_backend(abi_version, uni::cuda::fake::fake_api(), create, ops, error);
}

void fake_get_last_gather(int32_t *num_multiprocessors, int32_t *ordered) {
  const Locked machine;
  *num_multiprocessors = machine->last_gather_multiprocessors;
  *ordered = machine->last_gather_ordered;
}

int32_t fake_take_most_multiprocessors(void) {
  const int64_t most = uni::cuda::fake::most_multiprocessors.exchange(0);
  return most >= uni::cuda::fake::kAllMultiprocessors ? 0 : static_cast<int32_t>(most);
}

void fake_get_counts(fake_counts *counts) {
  const Locked machine;
  *counts = {};
  for (const auto &[address, block] : machine->blocks)
    ++(block.kind == uni::cuda::PointerKind::kManaged ? counts->managed_blocks : counts->device_blocks);
  counts->registered_ranges = static_cast<int64_t>(machine->registered.size());
  counts->streams = static_cast<int64_t>(machine->streams.size());
  counts->events = static_cast<int64_t>(machine->events.size());
  machine->each_stream_locked(
      [&](const FakeStream &stream) { counts->pending_work += static_cast<int64_t>(stream.work.size()); });
  counts->calls = machine->calls;
  counts->launches = machine->launches;
  counts->last_error = machine->last_error;
  counts->fatal = machine->fatal;
  counts->broken_borders = machine->broken_borders_locked();
  counts->allocations = machine->allocations;
  counts->waits = machine->waits;
  counts->untouched_pages = machine->untouched_pages;
  counts->pool_bytes = machine->pool_bytes;
  counts->arena_bytes = machine->arena_bytes_locked();
}

void fake_reset(void) { Locked()->reset_locked(); }

void fake_fail_call(int64_t nth, int32_t error) {
  const Locked machine;
  machine->fail_at = nth > 0 ? machine->calls + nth : 0;
  machine->fail_with = error;
}

void fake_set_progress(int32_t items_per_query) { Locked()->progress = items_per_query; }

void fake_set_others_first(int32_t others_first) { Locked()->others_first = others_first != 0; }

void fake_plant(int32_t fault) {
  const Locked machine;
  machine->no_waits = fault == FAKE_PLANT_MISSING_WAIT;
  machine->events_at_once = fault == FAKE_PLANT_EARLY_RELEASE;
}

void fake_set_schedule(uint64_t lane_order, int64_t most_groups, int32_t threads) {
  Locked()->schedule = {lane_order, most_groups, threads};
}

void fake_set_machine(int32_t num_devices, int32_t driver_version, int32_t concurrent_managed_access) {
  const Locked machine;
  machine->driver_version = driver_version;
  machine->devices.assign(static_cast<size_t>(num_devices), uni::cuda::fake::make_device());
  for (auto &device : machine->devices) device.concurrent_managed_access = concurrent_managed_access != 0;
}

void fake_set_device_nodes(int32_t present) { Locked()->has_device_nodes = present != 0; }

void fake_set_memory_pools(int32_t present) {
  const Locked machine;
  for (auto &device : machine->devices) device.memory_pools = present != 0;
}

void fake_set_pageable_access(int32_t pageable, int32_t host_page_tables) {
  const Locked machine;
  for (auto &device : machine->devices) {
    device.pageable_memory_access = pageable != 0;
    device.pageable_memory_access_uses_host_page_tables = host_page_tables != 0;
  }
}

void fake_poison_next_launch(int32_t error) { Locked()->poison_next = error; }

void fake_begin_capture(void *stream) {
  const Locked machine;
  machine->captured = &machine->stream_of_locked(stream);
  machine->capture_broken = false;
  machine->graph = std::make_unique<FakeGraph>();
  machine->graph->device_id = machine->captured->device_id;
}

int32_t fake_end_capture(void **graph) {
  int32_t broken = 0;
  FakeGraph *made = nullptr;
  {
    const Locked machine;
    machine->captured = nullptr;
    broken = machine->capture_broken;
    made = machine->graph.release();
  }
  if (graph != nullptr)
    *graph = made;
  else
    fake_destroy_graph(made);
  return broken;
}

void fake_launch_graph(void *graph, void *stream) {
  const Locked machine;
  FakeStream &queue = machine->stream_of_locked(stream);
  for (const auto &run : static_cast<FakeGraph *>(graph)->work) machine->enqueue_locked(queue, run);
}

void fake_destroy_graph(void *graph) {
  const std::unique_ptr<FakeGraph> owned(static_cast<FakeGraph *>(graph));
  // On a thread of CUDA's.
  std::thread([&] {
    uni::cuda::fake::this_thread().is_destroying_graph = true;
    for (const FakeGraph::Kept &kept : owned->kept) kept.destroy(kept.object);
  }).join();
  const Locked machine;
  for (const uintptr_t block : owned->blocks)
    machine->free_locked(reinterpret_cast<void *>(block), uni::cuda::PointerKind::kDevice);
}

void *fake_create_stream(void) { return Locked()->make_stream_locked(); }

void fake_destroy_stream(void *stream) { uni::cuda::fake::fake_api().destroy_stream(stream); }

void fake_synchronize(void *stream) {
  const Locked machine;
  FakeStream &queue = machine->stream_of_locked(stream);
  machine->run_until_locked(queue, queue.enqueued);
}

void fake_synchronize_strictly(void *stream) {
  uni::cuda::fake::fake_api().synchronize_stream(stream);
  uni::cuda::fake::fake_api().take_last_error();
}

void fake_set_device(int32_t device_id) { uni::cuda::fake::this_thread().device = device_id; }

int32_t fake_get_device(void) { return uni::cuda::fake::this_thread().device; }

int32_t fake_register_host(void *data, int64_t num_bytes) { return Locked()->register_locked(data, num_bytes); }

int32_t fake_unregister_host(void *data) { return Locked()->unregister_locked(data); }

void fake_on_wait(void (*hook)(void *), void *user_data) {
  Locked()->on_wait = [hook, user_data] { hook(user_data); };
}

void *fake_malloc(int64_t num_bytes) {
  const Locked machine;
  void *data = nullptr;
  machine->allocate_locked(&data, num_bytes, uni::cuda::PointerKind::kDevice, uni::cuda::fake::this_thread().device);
  return data;
}

void fake_free(void *data) { Locked()->free_locked(data, uni::cuda::PointerKind::kDevice); }

void fake_copy(void *to, const void *from, int64_t num_bytes) {
  const Locked machine;
  machine->on_device_locked([&] { std::memcpy(to, from, static_cast<size_t>(num_bytes)); });
}

void fake_enqueue_copy(void *stream, void *to, const void *from, int64_t num_bytes) {
  const Locked locked;
  Machine &machine = Machine::instance();
  machine.enqueue_locked(machine.stream_of_locked(stream), [&machine, to, from, num_bytes] {
    if (machine.fatal != uni::cuda::kSuccess) return;
    if (!machine.accessible_locked(to, num_bytes) || !machine.accessible_locked(from, num_bytes))
      return machine.poison_locked(uni::cuda::fake::kIllegalAddress);
    machine.on_device_locked([&] { std::memcpy(to, from, static_cast<size_t>(num_bytes)); });
  });
}

void fake_set_device_bytes(int64_t num_bytes) { Locked()->device_bytes = num_bytes; }

void fake_refuse_file_pages(int32_t refuse) { Locked()->refuses_file_pages = refuse != 0; }

void fake_set_host_bytes(int64_t managed, int64_t lockable) {
  const Locked machine;
  machine->managed_bytes = managed;
  machine->lockable_bytes = lockable;
}

}  // extern "C"
