// SPDX-License-Identifier: Apache-2.0
#include "cpu/thread_pool.hpp"

#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "core/error.hpp"

namespace uni::cpu {
namespace {

// How long a thread looks for work before it sleeps, in pauses of some 50 ns. Waking a sleeping thread takes tens of
// microseconds, more in a virtual machine, and an operation is often a few parallel sections in a row.
constexpr int most_spins = 10000;

// Threads that have to share a processor only keep each other from working by spinning.
int spins_for(int num_threads) noexcept {
  return num_threads <= static_cast<int>(std::thread::hardware_concurrency()) ? most_spins : 1;
}

void pause() noexcept {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

template <class Condition>
bool spin_until(int spins, Condition &&condition) noexcept {
  for (int i = 0; i < spins; ++i) {
    if (condition()) return true;
    pause();
  }
  return false;
}

}  // namespace

struct ThreadPool::Shared {
  explicit Shared(int num_threads) noexcept : spins(spins_for(num_threads)) {}

  const int spins;
  std::mutex mutex;
  std::condition_variable work, done;
  std::vector<std::thread> threads;
  std::atomic<bool> occupied{false};  // by a parallel section
  const pid_t process = getpid();
  // What a forked child can neither use nor free; kept where a leak checker sees that it was left on purpose.
  static inline std::atomic<Shared *> left{nullptr};
  Shared *left_before = nullptr;
  static void leave_to_parent(Shared *shared) noexcept {
    shared->left_before = left.load(std::memory_order_relaxed);
    while (!left.compare_exchange_weak(shared->left_before, shared, std::memory_order_release,
                                       std::memory_order_relaxed)) {
    }
  }

  // One parallel section; written under the mutex.
  void (*body)(void *, int) noexcept = nullptr;
  void *context = nullptr;
  int workers = 0;
  int next = 0;  // the next worker that nobody has taken
  std::atomic<uint64_t> section{0};
  std::atomic<int> unfinished{0};
  std::atomic<bool> stop{false};

  // Takes workers of the current section until there are none left. Called and returns with the mutex held.
  void take_workers(std::unique_lock<std::mutex> &lock) noexcept {
    while (next < workers) {
      const int worker = next++;
      const auto run = body;
      void *const argument = context;
      lock.unlock();
      run(argument, worker);
      const bool last = unfinished.fetch_sub(1, std::memory_order_acq_rel) == 1;
      lock.lock();
      if (last) done.notify_one();
    }
  }

  void thread_main() noexcept {
    uint64_t seen = 0;
    for (;;) {
      spin_until(spins, [&] {
        return section.load(std::memory_order_acquire) != seen || stop.load(std::memory_order_relaxed);
      });
      std::unique_lock lock(mutex);
      work.wait(lock, [&] {
        return stop.load(std::memory_order_relaxed) || section.load(std::memory_order_relaxed) != seen;
      });
      if (stop.load(std::memory_order_relaxed)) return;
      seen = section.load(std::memory_order_relaxed);
      take_workers(lock);
    }
  }

  void start_threads(int count) {
    threads.reserve(static_cast<size_t>(count));
    while (static_cast<int>(threads.size()) < count) {
      try {
        threads.emplace_back([this] { thread_main(); });
      } catch (const std::system_error &e) {
        throw Error(UNI_STATUS_OUT_OF_MEMORY, "[std::thread] %s (thread %zu of %d)", e.what(), threads.size() + 2,
                    count + 1)
            .with_native_code(e.code().value());
      }
    }
  }
};

ThreadPool::ThreadPool(int num_threads) : num_threads_(num_threads), shared_(new Shared(num_threads)) {}

ThreadPool::~ThreadPool() {
  Shared *const shared = shared_.load(std::memory_order_acquire);
  if (shared->process != getpid()) {
    // The threads are the parent's, and their handles cannot be joined here.
    Shared::leave_to_parent(shared);
    return;
  }
  {
    const std::lock_guard lock(shared->mutex);
    shared->stop.store(true, std::memory_order_relaxed);
  }
  shared->work.notify_all();
  for (std::thread &thread : shared->threads) thread.join();
  delete shared;
}

// What the threads share in this process. What a forked child has inherited is left alone, since its mutex may be locked
// and its threads do not exist. Threads that the child has started may get here at once: the first one's is used by all.
ThreadPool::Shared &ThreadPool::shared_here() {
  Shared *shared = shared_.load(std::memory_order_acquire);
  if (shared->process == getpid()) return *shared;
  auto fresh = std::make_unique<Shared>(num_threads_);
  if (!shared_.compare_exchange_strong(shared, fresh.get(), std::memory_order_acq_rel, std::memory_order_acquire))
    return *shared;
  Shared::leave_to_parent(shared);
  return *fresh.release();
}

void ThreadPool::run_workers(int workers, void (*body)(void *, int) noexcept, void *context) {
  Shared &shared = shared_here();
  if (shared.occupied.exchange(true, std::memory_order_acquire)) {
    for (int worker = 0; worker < workers; ++worker) body(context, worker);
    return;
  }
  struct Occupation {
    std::atomic<bool> &occupied;
    ~Occupation() { occupied.store(false, std::memory_order_release); }
  } occupation{shared.occupied};
  shared.start_threads(num_threads_ - 1);

  std::unique_lock lock(shared.mutex);
  shared.body = body;
  shared.context = context;
  shared.workers = workers;
  shared.next = 0;
  shared.unfinished.store(workers, std::memory_order_relaxed);
  shared.section.fetch_add(1, std::memory_order_release);
  shared.work.notify_all();
  shared.take_workers(lock);
  const auto finished = [&] { return shared.unfinished.load(std::memory_order_acquire) == 0; };
  if (!finished()) {
    lock.unlock();
    spin_until(shared.spins, finished);
    lock.lock();
    shared.done.wait(lock, finished);
  }
  shared.workers = 0;
}

}  // namespace uni::cpu
