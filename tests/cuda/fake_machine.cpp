// SPDX-License-Identifier: Apache-2.0
#include "fake_machine.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <utility>

namespace uni::cuda::fake {
namespace {

constexpr int64_t arena_bytes = int64_t{1} << 30;
constexpr int64_t page_bytes = 4096;
constexpr unsigned char border_value = 0xfd, fresh_value = 0xa5, freed_value = 0xdd;

thread_local ThreadState state_of_thread;

int64_t round_up(int64_t value, int64_t to) { return (value + to - 1) / to * to; }

// Whether this process may write to all of it.
bool is_writable(uintptr_t begin, uintptr_t end) {
  std::ifstream maps("/proc/self/maps");
  uintptr_t first = 0, last = 0, writable = 0;
  char dash = 0;
  std::string rights, rest;
  while (maps >> std::hex >> first >> dash >> last >> rights && std::getline(maps, rest))
    if (first < end && begin < last && rights[1] == 'w') writable += std::min(last, end) - std::max(first, begin);
  return writable == end - begin;
}

uintptr_t page_of(const void *data) { return reinterpret_cast<uintptr_t>(data) / page_bytes * page_bytes; }

}  // namespace

ThreadState &this_thread() noexcept { return state_of_thread; }

Machine &Machine::instance() {
  static Machine machine;
  return machine;
}

Machine::Machine() {
  void *const arena = mmap(nullptr, arena_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (arena == MAP_FAILED) {
    std::perror("the fake's device memory");
    std::abort();
  }
  arena_ = static_cast<char *>(arena);
  devices.push_back(make_device());
}

void Machine::reset_locked() {
  for (auto &[address, block] : blocks)
    if (block.kind == PointerKind::kManaged) std::free(reinterpret_cast<void *>(address));
  for (FakeStream *stream : streams) delete stream;
  for (FakeEvent *event : events) delete event;
  for (void *block : host_blocks) std::free(block);
  blocks.clear();
  host_blocks.clear();
  registered.clear();
  streams.clear();
  events.clear();
  default_streams_.clear();
  free_ranges_.clear();
  arena_used_ = 0;
  broken_ = 0;
  calls = fail_at = launches = 0;
  last_error = fatal = poison_next = kSuccess;
  progress = 0;
  others_first = no_waits = events_at_once = false;
  captured = nullptr;
  capture_broken = false;
  graph.reset();
  on_wait = nullptr;
  schedule = {};
  driver_version = 13000;
  has_device_nodes = true;
  device_bytes = managed_bytes = lockable_bytes = INT64_MAX;
  allocations = waits = 0;
  untouched_pages = pool_bytes = 0;
  refuses_file_pages = false;
  devices.assign(1, make_device());
}

Result Machine::begin_call_locked() {
  if (state_of_thread.is_destroying_graph) {
    std::fprintf(stderr, "the fake of CUDA was called while a graph destroys what it keeps\n");
    std::abort();
  }
  ++calls;
  if (fatal != kSuccess) return fail_locked(fatal);
  if (calls == fail_at) return fail_locked(fail_with);
  return kSuccess;
}

Result Machine::fail_locked(Result error) {
  last_error = error;
  return error;
}

void Machine::poison_locked(Result error) {
  if (fatal == kSuccess) fatal = error;
}

void Machine::on_device_locked(const std::function<void()> &body) {
  if (fatal != kSuccess) return;
  const size_t used = static_cast<size_t>(round_up(arena_used_, page_bytes));
  if (used > 0) mprotect(arena_, used, PROT_READ | PROT_WRITE);
  accessible_ = true;
  body();
  accessible_ = false;
  if (used > 0) mprotect(arena_, used, PROT_NONE);
}

// Ranges are not joined: tests are short.
uintptr_t Machine::take_address(int64_t num_bytes) {
  const int64_t whole = round_up(num_bytes + 2 * kBorder, 256);
  if (const auto range = free_ranges_.lower_bound(whole); range != free_ranges_.end() && range->first == whole) {
    const uintptr_t address = range->second;
    free_ranges_.erase(range);
    return address;
  }
  if (whole > arena_bytes - arena_used_) return 0;
  const uintptr_t address = reinterpret_cast<uintptr_t>(arena_) + static_cast<uintptr_t>(arena_used_);
  arena_used_ += whole;
  return address;
}

int64_t Machine::taken_locked(PointerKind kind) const {
  int64_t taken = 0;
  for (const auto &[address, block] : blocks)
    if (block.kind == kind) taken += block.num_bytes;
  return taken;
}

Result Machine::allocate_locked(void **data, int64_t num_bytes, PointerKind kind, int32_t device_id) {
  if (num_bytes <= 0) return fail_locked(kInvalidValue);
  if (kind == PointerKind::kManaged) {
    const bool fits = num_bytes < arena_bytes && num_bytes <= managed_bytes - taken_locked(kind);
    *data = fits ? std::aligned_alloc(page_bytes, static_cast<size_t>(round_up(num_bytes, page_bytes))) : nullptr;
    if (*data == nullptr) return fail_locked(kOutOfMemory);
    std::memset(*data, fresh_value, static_cast<size_t>(num_bytes));
  } else {
    const bool fits = num_bytes < arena_bytes && num_bytes <= device_bytes - taken_locked(kind);
    const uintptr_t range = fits ? take_address(num_bytes) : 0;
    if (range == 0) return fail_locked(kOutOfMemory);
    char *const start = reinterpret_cast<char *>(range);
    *data = start + kBorder;
    pool_bytes -= std::min(pool_bytes, num_bytes);
    on_device_locked([&] {
      std::memset(start, border_value, kBorder);
      std::memset(start + kBorder, fresh_value, static_cast<size_t>(num_bytes));
      std::memset(start + kBorder + num_bytes, border_value, kBorder);
    });
  }
  blocks[reinterpret_cast<uintptr_t>(*data)] = {num_bytes, kind, device_id, false, true, {}};
  return kSuccess;
}

bool Machine::is_intact(uintptr_t data, int64_t num_bytes) const {
  const unsigned char *const bytes = reinterpret_cast<const unsigned char *>(data);
  for (int64_t i = 0; i < kBorder; ++i)
    if (bytes[i - kBorder] != border_value || bytes[num_bytes + i] != border_value) return false;
  return true;
}

Result Machine::free_locked(void *data, PointerKind kind) {
  const auto found = blocks.find(reinterpret_cast<uintptr_t>(data));
  if (found == blocks.end() || found->second.kind != kind) return fail_locked(kInvalidValue);
  const Block block = found->second;
  blocks.erase(found);
  if (kind == PointerKind::kManaged) {
    // cudaFree waits for the device.
    run_all_locked();
    std::free(data);
    return kSuccess;
  }
  on_device_locked([&] {
    if (!is_intact(reinterpret_cast<uintptr_t>(data), block.num_bytes)) ++broken_;
    std::memset(data, freed_value, static_cast<size_t>(block.num_bytes));
  });
  pool_bytes += block.num_bytes;
  free_ranges_.emplace(round_up(block.num_bytes + 2 * kBorder, 256), reinterpret_cast<uintptr_t>(data) - kBorder);
  return kSuccess;
}

Result Machine::free_in_order_locked(void *data, int32_t device_id, FakeStream &stream) {
  const auto found = blocks.find(reinterpret_cast<uintptr_t>(data));
  if (found == blocks.end() || found->second.kind != PointerKind::kDevice || found->second.freed ||
      found->second.device_id != device_id || stream.device_id != device_id)
    return fail_locked(kInvalidValue);
  found->second.freed = true;
  enqueue_locked(stream, [this, data] { free_locked(data, PointerKind::kDevice); });
  return kSuccess;
}

Result Machine::allocate_host_locked(void **data, int64_t num_bytes) {
  *data = std::aligned_alloc(page_bytes, static_cast<size_t>(round_up(num_bytes, page_bytes)));
  if (*data == nullptr) return fail_locked(kOutOfMemory);
  std::memset(*data, fresh_value, static_cast<size_t>(num_bytes));
  host_blocks.insert(*data);
  registered[reinterpret_cast<uintptr_t>(*data)] = round_up(num_bytes, page_bytes);
  return kSuccess;
}

Result Machine::free_host_locked(void *data) {
  if (host_blocks.erase(data) != 1) return fail_locked(kInvalidValue);
  registered.erase(reinterpret_cast<uintptr_t>(data));
  std::free(data);
  return kSuccess;
}

// Whole pages are registered, and each once.
Result Machine::register_locked(void *data, int64_t num_bytes, bool read_only) {
  const uintptr_t begin = page_of(data);
  const uintptr_t end = page_of(static_cast<char *>(data) + num_bytes - 1) + page_bytes;
  for (const auto &[address, bytes] : registered)
    if (begin < address + static_cast<uintptr_t>(bytes) && address < end) return fail_locked(kAlreadyRegistered);
  if ((!read_only && !is_writable(begin, end)) || refuses_file_pages) return fail_locked(kInvalidValue);
  int64_t locked = 0;
  for (const auto &[address, bytes] : registered) locked += bytes;
  if (static_cast<int64_t>(end - begin) > lockable_bytes - locked) return fail_locked(kOutOfMemory);
  std::vector<unsigned char> resident((end - begin) / page_bytes);
  if (mincore(reinterpret_cast<void *>(begin), end - begin, resident.data()) != 0) return fail_locked(kInvalidValue);
  untouched_pages +=
      std::count_if(resident.begin(), resident.end(), [](unsigned char page) { return (page & 1) == 0; });
  registered[begin] = static_cast<int64_t>(end - begin);
  return kSuccess;
}

Result Machine::unregister_locked(void *data) {
  return registered.erase(page_of(data)) == 1 ? kSuccess : fail_locked(kNotRegistered);
}

PointerReport Machine::report_locked(const void *data) const {
  const uintptr_t address = reinterpret_cast<uintptr_t>(data);
  if (auto block = blocks.upper_bound(address); block != blocks.begin()) {
    --block;
    if (address < block->first + static_cast<uintptr_t>(block->second.num_bytes))
      return {block->second.kind, block->second.device_id};
  }
  if (auto range = registered.upper_bound(address); range != registered.begin()) {
    --range;
    if (address < range->first + static_cast<uintptr_t>(range->second)) return {PointerKind::kPinned, 0};
  }
  return {PointerKind::kUnregistered, 0};
}

bool Machine::accessible_locked(const void *data, int64_t num_bytes) const {
  if (num_bytes <= 0) return true;
  const uintptr_t begin = reinterpret_cast<uintptr_t>(data), end = begin + static_cast<uintptr_t>(num_bytes);
  if (auto block = blocks.upper_bound(begin); block != blocks.begin()) {
    --block;
    if (end <= block->first + static_cast<uintptr_t>(block->second.num_bytes)) {
      if (block->second.kind != PointerKind::kDevice) return block->second.advised.count(running_device_) == 1;
      return block->second.device_id == running_device_ && block->second.ready;
    }
  }
  const uintptr_t arena = reinterpret_cast<uintptr_t>(arena_);
  if (devices[0].pageable_memory_access && (end <= arena || begin >= arena + arena_bytes)) return true;
  // Registered ranges may follow one another without a gap.
  uintptr_t at = begin;
  while (at < end) {
    auto range = registered.upper_bound(at);
    if (range == registered.begin()) return false;
    --range;
    const uintptr_t range_end = range->first + static_cast<uintptr_t>(range->second);
    if (at >= range_end) return false;
    at = range_end;
  }
  return true;
}

int64_t Machine::broken_borders_locked() const {
  int64_t broken = broken_;
  Machine &self = *const_cast<Machine *>(this);
  self.on_device_locked([&] {
    for (const auto &[address, block] : blocks)
      if (block.kind == PointerKind::kDevice && !is_intact(address, block.num_bytes)) ++broken;
  });
  return broken;
}

FakeStream &Machine::stream_of_locked(Stream stream) {
  // cudaStreamLegacy and cudaStreamPerThread are 1 and 2.
  if (reinterpret_cast<uintptr_t>(stream) <= 2) {
    FakeStream &of_device = default_streams_[this_thread().device];
    of_device.device_id = this_thread().device;
    return of_device;
  }
  FakeStream *const known = static_cast<FakeStream *>(stream);
  if (streams.count(known) == 0) {
    std::fprintf(stderr, "the fake of CUDA was given a stream that does not exist (any more)\n");
    std::abort();
  }
  return *known;
}

FakeStream *Machine::make_stream_locked() {
  auto *const made = new FakeStream;
  made->device_id = this_thread().device;
  streams.insert(made);
  return made;
}

void Machine::each_stream_locked(const std::function<void(FakeStream &)> &body) {
  for (FakeStream *stream : streams) body(*stream);
  for (auto &[device, stream] : default_streams_) body(stream);
}

void Machine::run_all_locked() {
  each_stream_locked([&](FakeStream &stream) { run_until_locked(stream, stream.enqueued); });
}

void Machine::enqueue_locked(FakeStream &stream, std::function<void()> run) {
  if (&stream == captured) {
    graph->work.push_back(std::move(run));
    return;
  }
  stream.work.push_back({std::move(run)});
  ++stream.enqueued;
}

void Machine::run_until_locked(FakeStream &stream, uint64_t position) {
  while (stream.done < position && !stream.work.empty()) {
    const Work work = std::move(stream.work.front());
    stream.work.pop_front();
    const int32_t before = std::exchange(running_device_, stream.device_id);
    work.run();
    running_device_ = before;
    ++stream.done;
  }
}

void Machine::wait_locked(FakeStream &stream, uint64_t position) {
  if (no_waits) return;
  if (others_first) {
    each_stream_locked([&](FakeStream &other) {
      if (&other != &stream) run_until_locked(other, other.enqueued);
    });
  }
  run_until_locked(stream, position);
}

void Machine::run_some_locked(int items) {
  for (int i = 0; i < items; ++i)
    each_stream_locked([&](FakeStream &stream) {
      if (!stream.work.empty()) run_until_locked(stream, stream.done + 1);
    });
}

}  // namespace uni::cuda::fake
