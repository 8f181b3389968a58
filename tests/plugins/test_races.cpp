// SPDX-License-Identifier: Apache-2.0
// What groups do to the same memory side by side (relabelling, scattering, reporting what is out of bounds), on several
// threads under ThreadSanitizer: as it is, which must be silent, and with one kind of atomic operation taken out, which must
// be caught each time. The program runs itself for each, since a race found ends the process.
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
#include "kernels/scatter.hpp"

namespace {

using namespace uni::kernels;

// What kernels do whose author forgot that their groups run side by side.
struct PlainLoad : Atomics {
  static uint64_t load(const uint64_t *word) { return *word; }
};
struct PlainMax : Atomics {
  static void max(uint64_t *word, uint64_t value) {
    if (*word < value) *word = value;
  }
};
struct PlainCompareExchange : Atomics {
  static uint64_t compare_exchange(uint64_t *word, uint64_t expected, uint64_t desired) {
    const uint64_t seen = *word;
    if (seen == expected) *word = desired;
    return seen;
  }
};
struct PlainCount : Atomics {
  static void add(uint64_t *word, uint64_t value) { *word += value; }
};
struct NoLock : Atomics {
  static bool try_lock(uint64_t *) { return true; }
  static void unlock(uint64_t *) {}
};
struct PlainAddition : Atomics {
  template <class Element>
  static void add_element(Element *element, Element value) {
    *element = static_cast<Element>(*element + value);
  }
};
struct PlainUpdate : Atomics {
  template <class Element, class Combine>
  static void update(Element *element, Element value, Combine combine) {
    *element = combine(*element, value);
  }
};

constexpr int kThreads = 4;

template <class Body>
void on_threads(Body &&body) {
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) threads.emplace_back([&, thread] { body(thread); });
  for (std::thread &thread : threads) thread.join();
}

// A kernel with a group to each thread; the first positions come last, so that every group has an earlier one to report.
template <int kLanes, class Kernel>
void launch(const Kernel &kernel) {
  on_threads([&](int thread) {
    HostGroup<kLanes> g(static_cast<uint64_t>(thread));
    kernel(g, kThreads - 1 - thread, kThreads);
  });
}

template <class Access, bool kDense, int kLanes>
void insert_on_threads() {
  constexpr int kCount = 20000;
  std::vector<int64_t> nodes(kCount);
  for (size_t i = 0; i < nodes.size(); ++i) nodes[i] = static_cast<int64_t>(i * 7919 % 500);
  std::vector<uint64_t> words(2048);
  const NodeTable<kDense> table{words.data(), uint64_t{1} << kValueBits, words.size() / 2 - 1};
  on_threads([&](int thread) {
    HostGroup<kLanes> g(static_cast<uint64_t>(thread));
    relabel_insert<Access>(g, table, nodes.data(), kCount / kThreads * thread, kCount / kThreads * (thread + 1), 0);
  });
  for (size_t i = 0; i < 500; ++i) {
    if (table.find(static_cast<uint64_t>(nodes[i])) != static_cast<int64_t>(i)) std::exit(3);
  }
}

// Many entries to few rows, and some that name none.
struct Scattered {
  static constexpr int64_t kEntries = 4000, kRows = 8, kOutside = 100;
  std::vector<int32_t> index;
  BoundsRecord record = {};

  Scattered() {
    for (int64_t i = 0; i < kEntries; ++i)
      index.push_back(static_cast<int32_t>(i % (kEntries / kOutside) == 7 ? -1 - i : i / 3 % kRows));
  }
  ScatterRowsArguments<int32_t> arguments(void *destination, const void *rows, int64_t row_bytes) {
    return {static_cast<char *>(destination),
            row_bytes,
            kRows,
            static_cast<const char *>(rows),
            row_bytes,
            row_bytes,
            index.data(),
            nullptr,
            kEntries,
            false,
            &record};
  }
  void expect_reported() const {
    if (record.count != kOutside || record.first_plus_one != 8 || record.value != -8) std::exit(4);
  }
};

// Ones, so that half precision counts exactly; two elements to a row.
template <class Access, class Element, class Add, int kLanes>
void add_on_threads(Element one) {
  Scattered scattered;
  std::vector<Element> rows(2 * Scattered::kEntries, one), sums(2 * Scattered::kRows), expected(sums);
  for (const int32_t row : scattered.index)
    for (int e = 0; row >= 0 && e < 2; ++e)
      Add::template add<Atomics>(&expected[2 * static_cast<size_t>(row) + static_cast<size_t>(e)], one);
  launch<kLanes>(ScatterAdd<int32_t, Element, Add, Access>{
      scattered.arguments(sums.data(), rows.data(), 2 * static_cast<int64_t>(sizeof(Element))), kLanes > 1, false});
  if (sums != expected) std::exit(3);
  scattered.expect_reported();
}

template <class Access, bool kDense, int kLanes>
void choose_on_threads() {
  Scattered scattered;
  std::vector<uint64_t> words(64);
  const NodeTable<kDense> table{words.data(), uint64_t{1} << kValueBits, words.size() / 2 - 1};
  const auto arguments = scattered.arguments(nullptr, nullptr, 0);
  launch<kLanes>(ScatterChoose<int32_t, kDense, Access>{arguments, table});
  for (int64_t row = 0; row < Scattered::kRows; ++row) {
    int64_t last = Scattered::kEntries - 1;
    while (scattered.index[static_cast<size_t>(last)] != row) --last;
    if (table.find(static_cast<uint64_t>(row)) != scatter_rank(arguments, last)) std::exit(3);
  }
  scattered.expect_reported();
}

template <class Access>
void everything() {
  insert_on_threads<Access, true, 1>();
  insert_on_threads<Access, true, 32>();
  insert_on_threads<Access, false, 1>();
  insert_on_threads<Access, false, 8>();
  add_on_threads<Access, uint32_t, AddSum, 1>(1);
  add_on_threads<Access, float, AddSum, 2>(1);
  add_on_threads<Access, uint16_t, AddHalf, 2>(0x3c00);
  add_on_threads<Access, uint16_t, AddBfloat, 2>(0x3f80);
  choose_on_threads<Access, true, 32>();
  choose_on_threads<Access, false, 8>();
}

// Each runs only what uses the operation that is missing, so that no other race is found in its place.
struct Mode {
  const char *name;
  void (*run)();
  bool races;
};
const Mode kModes[] = {
    {"as it is", everything<Atomics>, false},
    {"relabelling that reads keys plainly", insert_on_threads<PlainLoad, false, 1>, true},
    {"relabelling that takes the least value plainly", insert_on_threads<PlainMax, true, 32>, true},
    {"relabelling that claims keys plainly", insert_on_threads<PlainCompareExchange, false, 8>, true},
    {"scattering that takes the last entry plainly", choose_on_threads<PlainMax, true, 32>, true},
    {"scattering that counts what is out of bounds plainly", choose_on_threads<PlainCount, true, 32>, true},
    {"scattering that reports what is out of bounds without a lock", choose_on_threads<NoLock, true, 32>, true},
    {"scatter-add of integers, plain", [] { add_on_threads<PlainAddition, uint32_t, AddSum, 1>(1); }, true},
    {"scatter-add of float32, plain", [] { add_on_threads<PlainAddition, float, AddSum, 2>(1); }, true},
    {"scatter-add of float16, plain", [] { add_on_threads<PlainUpdate, uint16_t, AddHalf, 2>(0x3c00); }, true},
    {"scatter-add of bfloat16, plain", [] { add_on_threads<PlainUpdate, uint16_t, AddBfloat, 2>(0x3f80); }, true},
};

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
  for (const Mode &mode : kModes)
    if (argc > 1 && std::strcmp(argv[1], mode.name) == 0) return mode.run(), 0;
  constexpr int kRaceFound = 66;
  setenv("TSAN_OPTIONS", "exitcode=66 halt_on_error=1", 1);
  int failed = 0;
  for (const Mode &mode : kModes) {
    const int code = exit_code_of("/proc/self/exe", mode.name), expected = mode.races ? kRaceFound : 0;
    std::printf("%s: exit code %d, expected %d\n", mode.name, code, expected);
    failed += code != expected;
  }
  return failed;
}
