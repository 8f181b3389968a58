// SPDX-License-Identifier: Apache-2.0
// Relabelling on several threads under ThreadSanitizer, as it is and with the atomic operations taken out: the first must
// be silent, the second must be caught. The program runs itself for each, since a race found ends the process.
#include <unistd.h>

#include <sys/wait.h>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "kernels/lane_group.hpp"
#include "kernels/relabel.hpp"

namespace {

using namespace uni::kernels;

// What a kernel does whose author forgot that its groups run side by side.
struct WithoutAtomicity {
  static uint64_t load(const uint64_t *word) { return *word; }
  static void max(uint64_t *word, uint64_t value) {
    if (*word < value) *word = value;
  }
  static uint64_t compare_exchange(uint64_t *word, uint64_t expected, uint64_t desired) {
    const uint64_t seen = *word;
    if (seen == expected) *word = desired;
    return seen;
  }
};

template <class Access, bool kDense, int kLanes>
void insert_on_threads() {
  constexpr int kThreads = 4, kCount = 20000;
  std::vector<int64_t> nodes(kCount);
  for (size_t i = 0; i < nodes.size(); ++i) nodes[i] = static_cast<int64_t>(i * 7919 % 500);
  std::vector<uint64_t> words(2048);
  const NodeTable<kDense> table{words.data(), uint64_t{1} << kValueBits, words.size() / 2 - 1};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      HostGroup<kLanes> g(static_cast<uint64_t>(thread));
      relabel_insert<Access>(g, table, nodes.data(), kCount / kThreads * thread, kCount / kThreads * (thread + 1), 0);
    });
  }
  for (std::thread &thread : threads) thread.join();
  for (size_t i = 0; i < 500; ++i) {
    if (table.find(static_cast<uint64_t>(nodes[i])) != static_cast<int64_t>(i)) std::exit(3);
  }
}

template <class Access>
void insert_in_all_ways() {
  insert_on_threads<Access, true, 1>();
  insert_on_threads<Access, true, 32>();
  insert_on_threads<Access, false, 1>();
  insert_on_threads<Access, false, 8>();
}

int exit_code_of(const char *program, const char *mode) {
  const pid_t child = fork();
  if (child == 0) {
    execl(program, program, mode, static_cast<char *>(nullptr));
    _exit(99);
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status)) return -1;
  return WEXITSTATUS(status);
}

}  // namespace

int main(int argc, char **argv) {
  if (argc > 1 && std::strcmp(argv[1], "atomic") == 0) return insert_in_all_ways<Atomics>(), 0;
  if (argc > 1 && std::strcmp(argv[1], "planted") == 0) return insert_in_all_ways<WithoutAtomicity>(), 0;
  constexpr int kRaceFound = 66;
  setenv("TSAN_OPTIONS", "exitcode=66 halt_on_error=1", 1);
  const int atomic = exit_code_of("/proc/self/exe", "atomic");
  const int planted = exit_code_of("/proc/self/exe", "planted");
  std::printf("with atomic operations: exit code %d, expected 0; without: %d, expected %d\n", atomic, planted,
              kRaceFound);
  return atomic == 0 && planted == kRaceFound ? 0 : 1;
}
