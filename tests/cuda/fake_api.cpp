// SPDX-License-Identifier: Apache-2.0
#include "fake_api.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "fake_machine.hpp"

namespace uni::cuda::fake {
namespace {

Result refuse_in_capture_locked(Machine &machine) {
  if (machine.captured == nullptr || this_thread().capture_mode == kRelaxedCapture) return kSuccess;
  machine.capture_broken = true;
  return machine.fail_locked(kCaptureUnsupported);
}

// Runs `body` under the lock, unless this call is to fail.
template <class Body>
Result call(Body &&body) {
  Machine &machine = Machine::instance();
  const std::lock_guard<std::mutex> lock(machine.mutex);
  if (const Result failed = machine.begin_call_locked(); failed != kSuccess) return failed;
  return body(machine);
}

// The same for what may wait for other work: CUDA refuses it while some stream is captured, ends the capture, unless the
// thread has said that it knows.
template <class Body>
Result unsafe_call(Body &&body) {
  return call([&](Machine &machine) {
    if (const Result refused = refuse_in_capture_locked(machine); refused != kSuccess) return refused;
    return body(machine);
  });
}

template <class Body>
Result allocating_call(Body &&body) {
  return unsafe_call([&](Machine &machine) {
    ++machine.allocations;
    return body(machine);
  });
}

template <class Body>
Result waiting_call(Body &&body) {
  return unsafe_call([&](Machine &machine) {
    ++machine.waits;
    return body(machine);
  });
}

// The same for what gives something back: CUDA reports the errors of other work there, and does it all the same.
template <class Body>
Result give_back(Body &&body) {
  Machine &machine = Machine::instance();
  const std::lock_guard<std::mutex> lock(machine.mutex);
  Result failed = machine.begin_call_locked();
  if (failed == kSuccess) failed = refuse_in_capture_locked(machine);
  const Result result = body(machine);
  return failed != kSuccess ? failed : result;
}

const char *error_name(Result) { return "cudaErrorOfTheFake"; }
const char *error_text(Result result) {
  switch (result) {
    case kOutOfMemory:
      return "out of memory";
    case kIllegalAddress:
      return "an illegal memory access was encountered";
    case kNoDevice:
      return "no CUDA-capable device is detected";
    default:
      return "an error of the fake";
  }
}

Result take_last_error() {
  Machine &machine = Machine::instance();
  const std::lock_guard<std::mutex> lock(machine.mutex);
  const Result error = machine.last_error;
  // One that ended the context comes back with every call.
  machine.last_error = kSuccess;
  return error;
}

bool has_device_nodes() {
  Machine &machine = Machine::instance();
  const std::lock_guard<std::mutex> lock(machine.mutex);
  return machine.has_device_nodes;
}

Result driver_version(int32_t *version) {
  Machine &machine = Machine::instance();
  const std::lock_guard<std::mutex> lock(machine.mutex);
  *version = machine.driver_version;
  return kSuccess;
}

Result runtime_version(int32_t *version) {
  *version = 13000;
  return kSuccess;
}

Result device_count(int32_t *count) {
  return call([&](Machine &machine) {
    if (machine.driver_version == 0) return machine.fail_locked(35);
    *count = static_cast<int32_t>(machine.devices.size());
    return *count > 0 ? kSuccess : machine.fail_locked(kNoDevice);
  });
}

Result device_report(int32_t device_id, DeviceReport *report) {
  return call([&](Machine &machine) {
    if (device_id < 0 || static_cast<size_t>(device_id) >= machine.devices.size())
      return machine.fail_locked(kInvalidDevice);
    *report = machine.devices[static_cast<size_t>(device_id)];
    return kSuccess;
  });
}

Result get_device(int32_t *device_id) {
  return call([&](Machine &) {
    *device_id = this_thread().device;
    return kSuccess;
  });
}

Result set_device(int32_t device_id) {
  return call([&](Machine &machine) {
    if (device_id < 0 || static_cast<size_t>(device_id) >= machine.devices.size())
      return machine.fail_locked(kInvalidDevice);
    this_thread().device = device_id;
    return kSuccess;
  });
}

Result memory_info(int64_t *free_bytes, int64_t *total_bytes) {
  return call([&](Machine &machine) {
    *total_bytes =
        std::min(machine.devices[static_cast<size_t>(this_thread().device)].total_bytes, machine.device_bytes);
    *free_bytes = *total_bytes - machine.taken_locked(PointerKind::kDevice);
    return kSuccess;
  });
}

Result allocate_device(void **data, int64_t num_bytes, Stream stream) {
  return allocating_call([&](Machine &machine) {
    FakeStream &queue = machine.stream_of_locked(stream);
    if (queue.device_id != this_thread().device) return machine.fail_locked(kInvalidHandle);
    const Result result = machine.allocate_locked(data, num_bytes, PointerKind::kDevice, this_thread().device);
    if (result != kSuccess) return result;
    const uintptr_t address = reinterpret_cast<uintptr_t>(*data);
    if (&queue == machine.captured) {
      machine.graph->blocks.push_back(address);
      return kSuccess;
    }
    machine.blocks[address].ready = false;
    machine.enqueue_locked(queue, [&machine, address] {
      if (const auto block = machine.blocks.find(address); block != machine.blocks.end()) block->second.ready = true;
    });
    return kSuccess;
  });
}

Result free_device(void *data, int32_t device_id, Stream stream) {
  return give_back([&](Machine &machine) {
    // A block of a graph stays for the next launch.
    if (&machine.stream_of_locked(stream) == machine.captured) return kSuccess;
    return machine.free_in_order_locked(data, device_id, machine.stream_of_locked(stream));
  });
}

Result trim_pools() {
  return give_back([](Machine &machine) {
    machine.pool_bytes = 0;
    return kSuccess;
  });
}

Result allocate_managed(void **data, int64_t num_bytes) {
  return allocating_call(
      [&](Machine &machine) { return machine.allocate_locked(data, num_bytes, PointerKind::kManaged, 0); });
}

Result advise_host_resident(void *data, int64_t num_bytes, const int32_t *device_ids, int32_t num_devices) {
  return unsafe_call([&](Machine &machine) {
    const auto block = machine.blocks.find(reinterpret_cast<uintptr_t>(data));
    if (block == machine.blocks.end() || block->second.kind != PointerKind::kManaged ||
        block->second.num_bytes != num_bytes || num_devices != static_cast<int32_t>(machine.devices.size()))
      return machine.fail_locked(kInvalidValue);
    for (int32_t i = 0; i < num_devices; ++i)
      if (device_ids[i] != i) return machine.fail_locked(kInvalidDevice);
    block->second.advised.insert(device_ids, device_ids + num_devices);
    return kSuccess;
  });
}

Result free_managed(void *data) {
  return give_back([&](Machine &machine) { return machine.free_locked(data, PointerKind::kManaged); });
}

Result allocate_host(void **data, int64_t num_bytes) {
  return allocating_call([&](Machine &machine) { return machine.allocate_host_locked(data, num_bytes); });
}

Result free_host(void *data) {
  return give_back([&](Machine &machine) { return machine.free_host_locked(data); });
}

Result register_host(void *data, int64_t num_bytes) {
  return allocating_call([&](Machine &machine) { return machine.register_locked(data, num_bytes); });
}

Result register_host_read_only(void *data, int64_t num_bytes) {
  return allocating_call([&](Machine &machine) { return machine.register_locked(data, num_bytes, true); });
}

Result unregister_host(void *data) {
  return give_back([&](Machine &machine) { return machine.unregister_locked(data); });
}

Result pointer_report(const void *data, PointerReport *report) {
  return call([&](Machine &machine) {
    *report = machine.report_locked(data);
    return kSuccess;
  });
}

void copy_now(char *to, int64_t to_pitch, const char *from, int64_t from_pitch, int64_t width, int64_t height) {
  for (int64_t row = 0; row < height; ++row)
    std::memcpy(to + row * to_pitch, from + row * from_pitch, static_cast<size_t>(width));
}

// Bytes from memory that is not registered are read during the call, as CUDA reads them; bytes into it are written when
// the copy's turn comes, which is later than CUDA would.
Result copy_rows(void *to, int64_t to_pitch, const void *from, int64_t from_pitch, int64_t width, int64_t height,
                 Stream stream) {
  return call([&](Machine &machine) {
    FakeStream &queue = machine.stream_of_locked(stream);
    char *const target = static_cast<char *>(to);
    const char *const source = static_cast<const char *>(from);
    if (machine.report_locked(from).kind == PointerKind::kUnregistered) {
      std::vector<char> staged(static_cast<size_t>(width * height));
      copy_now(staged.data(), width, source, from_pitch, width, height);
      machine.enqueue_locked(queue, [&machine, staged = std::move(staged), target, to_pitch, width, height] {
        machine.on_device_locked([&] { copy_now(target, to_pitch, staged.data(), width, width, height); });
      });
      return kSuccess;
    }
    machine.enqueue_locked(queue, [&machine, target, to_pitch, source, from_pitch, width, height] {
      machine.on_device_locked([&] { copy_now(target, to_pitch, source, from_pitch, width, height); });
    });
    return kSuccess;
  });
}

Result set_bytes(void *data, int32_t byte, int64_t num_bytes, Stream stream) {
  return call([&](Machine &machine) {
    machine.enqueue_locked(machine.stream_of_locked(stream), [&machine, data, byte, num_bytes] {
      if (machine.fatal != kSuccess) return;
      if (!machine.accessible_locked(data, num_bytes)) return machine.poison_locked(kIllegalAddress);
      machine.on_device_locked([&] { std::memset(data, byte, static_cast<size_t>(num_bytes)); });
    });
    return kSuccess;
  });
}

Result create_event(Event *event) {
  return allocating_call([&](Machine &machine) {
    auto *const made = new FakeEvent;
    made->device_id = this_thread().device;
    machine.events.insert(made);
    *event = made;
    return kSuccess;
  });
}

Result destroy_event(Event event) {
  return give_back([&](Machine &machine) {
    if (machine.events.erase(static_cast<FakeEvent *>(event)) != 1) return machine.fail_locked(kInvalidValue);
    delete static_cast<FakeEvent *>(event);
    return kSuccess;
  });
}

Result record_event(Event event, Stream stream) {
  return call([&](Machine &machine) {
    FakeStream &queue = machine.stream_of_locked(stream);
    auto *const recorded = static_cast<FakeEvent *>(event);
    if (recorded->device_id != queue.device_id) return machine.fail_locked(kInvalidHandle);
    if (&queue == machine.captured) machine.capture_broken = true;
    recorded->stream = &queue;
    recorded->position = queue.enqueued;
    return kSuccess;
  });
}

Result query_event(Event event, bool *done) {
  return unsafe_call([&](Machine &machine) {
    machine.run_some_locked(machine.progress);
    const auto *const asked = static_cast<FakeEvent *>(event);
    // A stream that is gone has finished: destroying one does not end its work.
    *done = machine.events_at_once || asked->stream == nullptr || asked->stream->done >= asked->position;
    if (machine.fatal != kSuccess) return machine.fail_locked(machine.fatal);
    return kSuccess;
  });
}

Result synchronize_event(Event event) {
  std::function<void()> hook;
  {
    const std::lock_guard<std::mutex> lock(Machine::instance().mutex);
    hook = std::exchange(Machine::instance().on_wait, nullptr);
  }
  if (hook) hook();
  return waiting_call([&](Machine &machine) {
    const auto *const asked = static_cast<FakeEvent *>(event);
    if (asked->stream != nullptr) machine.wait_locked(*asked->stream, asked->position);
    if (machine.fatal != kSuccess) return machine.fail_locked(machine.fatal);
    return kSuccess;
  });
}

Result create_stream(Stream *stream) {
  return allocating_call([&](Machine &machine) {
    *stream = machine.make_stream_locked();
    return kSuccess;
  });
}

// What is enqueued is finished first, so that events recorded on the stream have happened.
void end_stream_locked(Machine &machine, FakeStream *stream) {
  machine.run_until_locked(*stream, stream->enqueued);
  for (FakeEvent *event : machine.events)
    if (event->stream == stream) event->stream = nullptr;
  machine.streams.erase(stream);
  delete stream;
}

Result destroy_stream(Stream stream) {
  return give_back([&](Machine &machine) {
    end_stream_locked(machine, &machine.stream_of_locked(stream));
    return kSuccess;
  });
}

Result synchronize_stream(Stream stream) {
  return waiting_call([&](Machine &machine) {
    FakeStream &queue = machine.stream_of_locked(stream);
    machine.wait_locked(queue, queue.enqueued);
    if (machine.fatal != kSuccess) return machine.fail_locked(machine.fatal);
    return kSuccess;
  });
}

Result stream_wait_event(Stream stream, Event event) {
  return call([&](Machine &machine) {
    FakeStream &queue = machine.stream_of_locked(stream);
    const FakeEvent waited = *static_cast<FakeEvent *>(event);
    if (waited.stream == nullptr) return kSuccess;
    machine.enqueue_locked(queue, [&machine, waited] {
      machine.each_stream_locked([&](FakeStream &other) {
        if (&other == waited.stream) machine.run_until_locked(other, waited.position);
      });
    });
    return kSuccess;
  });
}

Result capture_state(Stream stream, CaptureState *state) {
  return call([&](Machine &machine) {
    *state = CaptureState::kNone;
    if (machine.captured == nullptr) return kSuccess;
    if (reinterpret_cast<uintptr_t>(stream) <= 1)
      *state = CaptureState::kForbidden;
    else if (&machine.stream_of_locked(stream) == machine.captured)
      *state = CaptureState::kCapturing;
    return kSuccess;
  });
}

Result keep_in_capture(Stream stream, void *object, void (*destroy)(void *)) {
  const Result result = call([&](Machine &machine) {
    if (machine.captured == nullptr || &machine.stream_of_locked(stream) != machine.captured)
      return machine.fail_locked(kInvalidValue);
    machine.graph->kept.push_back({object, destroy});
    return kSuccess;
  });
  if (result != kSuccess) destroy(object);
  return result;
}

// Not one of the calls that fail on demand: nothing depends on it but captures.
Result exchange_capture_mode(int32_t *mode) {
  std::swap(this_thread().capture_mode, *mode);
  return kSuccess;
}

}  // namespace

const Api &fake_api() {
  static const Api api = {
      error_name,
      error_text,
      take_last_error,
      has_device_nodes,
      driver_version,
      runtime_version,
      device_count,
      device_report,
      get_device,
      set_device,
      memory_info,
      allocate_device,
      free_device,
      trim_pools,
      allocate_managed,
      advise_host_resident,
      free_managed,
      allocate_host,
      free_host,
      register_host,
      unregister_host,
      pointer_report,
      copy_rows,
      set_bytes,
      create_event,
      destroy_event,
      record_event,
      query_event,
      synchronize_event,
      create_stream,
      destroy_stream,
      synchronize_stream,
      stream_wait_event,
      capture_state,
      keep_in_capture,
      exchange_capture_mode,
      launch_fill,
      launch_gather,
      launch_scatter,
      launch_validate_graph,
      launch_sample,
      scan_workspace_bytes,
      scan,
      launch_order_keys,
      sort_workspace_bytes,
      sort_pairs,
      register_host_read_only,
  };
  return api;
}

}  // namespace uni::cuda::fake
