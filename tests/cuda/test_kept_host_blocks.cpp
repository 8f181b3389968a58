// SPDX-License-Identifier: Apache-2.0
// What host blocks that are kept are to a forked child: the parent's. It neither calls CUDA for them nor takes the lock,
// which may be held by a thread that it does not have. (Over the whole library: test_cuda_host_blocks.c)
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

#include "calls.hpp"
#include "host_blocks.hpp"
#include "page_locked.hpp"

// Last: its macros have names that the standard library uses.
#include "../plugins/cmocka_cpp.hpp"

namespace {

using namespace uni::cuda;

constexpr int64_t block_bytes = int64_t{1} << 20, page_bytes = 4096;

std::atomic<int64_t> num_calls{0};

// Of CUDA, as much as host blocks ask for.
Api make_api() {
  Api api = {};
  api.error_name = api.error_text = [](Result) { return "an error"; };
  api.take_last_error = [] { return kSuccess; };
  api.allocate_managed = [](void **data, int64_t num_bytes) -> Result {
    ++num_calls;
    *data = std::aligned_alloc(page_bytes, static_cast<size_t>(num_bytes));
    return *data != nullptr ? kSuccess : result::kOutOfMemory;
  };
  api.advise_host_resident = [](void *, int64_t, const int32_t *, int32_t) {
    ++num_calls;
    return kSuccess;
  };
  api.free_managed = [](void *data) {
    ++num_calls;
    std::free(data);
    return kSuccess;
  };
  api.register_host = [](void *, int64_t) {
    ++num_calls;
    return kSuccess;
  };
  api.unregister_host = [](void *) {
    ++num_calls;
    return kSuccess;
  };
  return api;
}

struct Machine {
  const Api api = make_api();
  Calls calls{api};
  PageLocked page_locked{calls};
  HostBlocks blocks{calls, page_locked};

  void *make_and_release(int32_t memory, int64_t num_bytes) {
    const uni_memory_block block = blocks.allocate(memory, num_bytes, 1, {});
    blocks.release(block);
    return block.data;
  }
};

// What `child` returns in a forked child; false for one that waits for ever.
template <class Child>
bool in_a_child(Child &&child) {
  void *const shared = mmap(nullptr, page_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  assert_true(shared != MAP_FAILED);
  auto *const right = static_cast<volatile bool *>(shared);
  fflush(nullptr);
  const pid_t id = fork();
  if (id == 0) {
    alarm(20);
    *right = child();
    // At an exit a leak checker would find what threads of the parent had at hand.
    kill(getpid(), SIGKILL);
  }
  const bool told = id > 0 && waitpid(id, nullptr, 0) == id && *right;
  munmap(shared, page_bytes);
  return told;
}

void a_child_gives_nothing_back(void **) {
  Machine machine;
  void *const pinned = machine.make_and_release(UNI_MEMORY_PINNED, block_bytes);
  void *const managed = machine.make_and_release(UNI_MEMORY_MANAGED, block_bytes);
  const int64_t before = num_calls;
  assert_true(in_a_child([&] {
    machine.blocks.trim();
    // They are kept as before: what is given next.
    return machine.blocks.allocate(UNI_MEMORY_PINNED, block_bytes, 1, {}).data == pinned &&
           machine.blocks.allocate(UNI_MEMORY_MANAGED, block_bytes, 1, {}).data == managed && num_calls == before;
  }));
  assert_ptr_equal(machine.make_and_release(UNI_MEMORY_PINNED, block_bytes), pinned);
  assert_ptr_equal(machine.make_and_release(UNI_MEMORY_MANAGED, block_bytes), managed);
  assert_int_equal(num_calls, before);
  // The parent does.
  machine.blocks.trim();
  assert_int_equal(num_calls, before + 2);
}

void a_child_does_not_wait_for_the_lock(void **) {
  Machine machine;
  // Many are kept, so that the lock is held for longer, while all of them are looked at.
  std::vector<uni_memory_block> many;
  for (int i = 0; i < 200; ++i) many.push_back(machine.blocks.allocate(UNI_MEMORY_MANAGED, page_bytes, 1, {}));
  for (const uni_memory_block &block : many) machine.blocks.release(block);
  std::atomic<bool> done{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i)
    threads.emplace_back([&] {
      while (!done) machine.make_and_release(UNI_MEMORY_MANAGED, 2 * page_bytes);
    });
  bool right = true;
  for (int i = 0; i < 30 && right; ++i)
    right = in_a_child([&] {
      machine.blocks.trim();
      return true;
    });
  done = true;
  for (std::thread &thread : threads) thread.join();
  assert_true(right);
}

}  // namespace

int main() {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_child_gives_nothing_back),
      cmocka_unit_test(a_child_does_not_wait_for_the_lock),
  };
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}
