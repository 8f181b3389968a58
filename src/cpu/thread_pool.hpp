// SPDX-License-Identifier: Apache-2.0
// A small pool of threads. Not OpenMP: GCC's runtime reports false races under ThreadSanitizer and hangs in a forked
// child whose parent has used it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>

namespace uni::cpu {

class ThreadPool {
 public:
  explicit ThreadPool(int num_threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool &) = delete;
  ThreadPool &operator=(const ThreadPool &) = delete;

  int num_threads() const noexcept { return num_threads_; }

  // Runs body(worker) for worker = 0 .. workers - 1 and returns when all are done; worker 0 is the calling thread.
  // `body` must not throw. One parallel section at a time uses the threads; a second caller meanwhile runs all of its
  // workers itself, one after another, so that nothing ever waits for a thread that may not come. Hence bodies must not
  // wait for each other. Throws Error if a thread cannot be started; nothing has run then. In a forked child the threads
  // of the parent do not exist, and new ones are started.
  template <class Body>
  void run(int workers, Body &&body) {
    static_assert(std::is_nothrow_invocable_v<Body &, int>, "a body must be noexcept");
    if (workers <= 1 || num_threads_ == 1) {
      for (int worker = 0; worker < workers; ++worker) body(worker);
      return;
    }
    run_workers(
        workers,
        [](void *context, int worker) noexcept { (*static_cast<std::remove_reference_t<Body> *>(context))(worker); },
        const_cast<void *>(static_cast<const void *>(std::addressof(body))));
  }

  // Splits [0, count) into ranges of nearly equal length, at least `grain` long, one to a worker: body(worker, begin,
  // end). Small work stays on the calling thread.
  template <class Body>
  void for_ranges(int64_t count, int64_t grain, Body &&body) {
    const int64_t most = grain > 0 ? count / grain : count;
    const int workers = static_cast<int>(most < 1 ? 1 : (most < num_threads_ ? most : num_threads_));
    run(workers, [&](int worker) noexcept {
      const int64_t begin = split(count, workers, worker), end = split(count, workers, worker + 1);
      body(worker, begin, end);
    });
  }

  // Where part `part` of `parts` begins in [0, count).
  static int64_t split(int64_t count, int parts, int part) noexcept {
    const int64_t base = count / parts, rest = count % parts;
    return base * part + (part < rest ? part : rest);
  }

 private:
  struct Shared;
  void run_workers(int workers, void (*body)(void *, int) noexcept, void *context);
  Shared &shared_here();

  int num_threads_;
  std::atomic<Shared *> shared_;  // owned
};

}  // namespace uni::cpu
