// SPDX-License-Identifier: Apache-2.0
// Where memory of the host comes from that devices read, and how it is made ready: machines that nobody has at hand as
// rows of a table, and pages that the kernel is asked about.
#include <errno.h>
#include <linux/mempolicy.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>

#include "core/kept_blocks.hpp"
#include "first_touch.hpp"
#include "host_blocks.hpp"
#include "host_memory.hpp"
#include "mapping.hpp"
#include "numa.hpp"
#include "unitensor/array.h"

// Last: its macros have names that the standard library uses.
#include "../plugins/cmocka_cpp.hpp"

namespace {

using namespace uni::cuda;

using Nodes = std::vector<int32_t>;

void nodes_are_those_of_the_devices(void **) {
  const struct {
    const char *name;
    NumaReport report;
    Nodes expected;
    const char *reason;
  } rows[] = {
      {"one node", {{0}, {0}}, {}, ""},
      {"one node that nothing is said of", {{0}, {-1, -1}}, {}, ""},
      {"a kernel without nodes", {{}, {0}}, {}, ""},
      {"no device", {{0, 1}, {}}, {}, ""},
      {"a GPU at the second socket", {{0, 1}, {1}}, {1}, "on NUMA node 1, where"},
      {"all at the first", {{0, 1}, {0, 0, 0, 0}}, {0}, "on NUMA node 0, where"},
      {"four and four", {{0, 1}, {0, 0, 0, 0, 1, 1, 1, 1}}, {0, 1}, "on NUMA nodes 0, 1 in turns"},
      {"two of eight", {{0, 1, 2, 3, 4, 5, 6, 7}, {7, 3, 7}}, {3, 7}, "on NUMA nodes 3, 7 in turns"},
      {"unknown", {{0, 1}, {-1}}, {}, "which one device 0 is at"},
      {"one of two unknown", {{0, 1}, {1, -1}}, {}, "which one device 1 is at"},
      {"at a node that is offline", {{0, 2}, {0, 1}}, {}, "which one device 1 is at"},
  };
  for (const auto &row : rows) {
    const NodeChoice choice = choose_nodes(row.report);
    const bool reason_is_right =
        row.reason[0] == '\0' ? choice.reason.empty() : choice.reason.find(row.reason) != std::string::npos;
    if (choice.nodes != row.expected || !reason_is_right)
      fail_msg("%s: %zu nodes, \"%s\"", row.name, choice.nodes.size(), choice.reason.c_str());
  }
}

void lists_of_nodes_are_read(void **) {
  const struct {
    const char *text;
    Nodes expected;
  } rows[] = {
      {"0", {0}},
      {"0-3", {0, 1, 2, 3}},
      {"0-1,4,6-7", {0, 1, 4, 6, 7}},
      {"1023", {1023}},
      {"", {}},
      {"1024", {}},
      {"0-99999999999", {}},
      {"3-1", {}},
      {"-1", {}},
      {"0--1", {}},
      {"0,,1", {}},
      {"0 1", {}},
      {"none", {}},
  };
  for (const auto &row : rows)
    if (parse_node_list(row.text) != row.expected) fail_msg("\"%s\"", row.text);
}

void nodes_are_read_where_the_kernel_tells_them(void **) {
  namespace fs = std::filesystem;
  char folder[] = "/tmp/unitensor-numa-XXXXXX";
  assert_non_null(mkdtemp(folder));
  const std::string root = folder, pci = root + "/bus/pci/devices/";
  std::vector<DeviceReport> devices(3);
  for (DeviceReport &device : devices) device = {};
  std::strcpy(devices[0].pci_address, "0000:17:00.0");
  std::strcpy(devices[1].pci_address, "0000:ca:00.0");
  std::strcpy(devices[2].pci_address, "0001:00:00.0");
  NumaReport report = read_numa_report(root, devices);
  assert_true(report.nodes.empty() && report.device_nodes == Nodes({-1, -1, -1}));
  fs::create_directories(root + "/devices/system/node");
  std::ofstream(root + "/devices/system/node/online") << "0-1\n";
  for (const char *address : {"0000:17:00.0", "0000:ca:00.0"}) fs::create_directories(pci + address);
  std::ofstream(pci + "0000:17:00.0/numa_node") << "1\n";
  std::ofstream(pci + "0000:ca:00.0/numa_node") << "-1\n";
  report = read_numa_report(root, devices);
  assert_true(report.nodes == Nodes({0, 1}) && report.device_nodes == Nodes({1, -1, -1}));
  fs::remove_all(root);
}

void mappings_are_what_the_kernel_says(void **) {
  constexpr const char *text =
      "00001000-00003000 r--p 00000000 fd:01 77                         /data/features.npy\n"
      "00003000-00004000 rw-p 00000000 fd:01 77                         /data/features.npy\n"
      "00004000-00006000 rw-s 00000000 fd:01 78                         /data/a name with blanks\n"
      "00006000-00007000 rw-s 00000000 00:01 79                         /dev/shm/torch_1\n"
      "00007000-00008000 rw-s 00000000 00:01 80                         /memfd:unitensor (deleted)\n"
      "00008000-00009000 rw-p 00000000 00:00 0 \n"
      "0000a000-0000b000 r--s 00000000 fd:01 81                         /data/graph\n"
      "7ffe0000-7fff0000 rw-p 00000000 00:00 0                          [stack]\n";
  const struct {
    uintptr_t begin, end;
    bool read_only, file_shared;
  } rows[] = {
      {0x1000, 0x3000, true, false},  {0x1008, 0x1010, true, false},  {0x2fff, 0x3001, false, false},
      {0x3000, 0x4000, false, false}, {0x4000, 0x4001, false, true},  {0x3fff, 0x4001, false, true},
      {0x6000, 0x9000, false, false}, {0x5fff, 0x6001, false, true},  {0xa000, 0xb000, true, true},
      {0xa000, 0xb001, false, true},  {0xc000, 0xd000, false, false}, {0x7ffe1000, 0x7ffe2000, false, false},
  };
  for (const auto &row : rows) {
    std::istringstream maps(text);
    const MappingReport report = report_mapping(row.begin, row.end, maps);
    if (report.read_only != row.read_only || report.file_shared != row.file_shared)
      fail_msg("%zx to %zx: %d, %d", row.begin, row.end, report.read_only, report.file_shared);
  }
  std::istringstream nothing("no such text\n\n");
  assert_false(report_mapping(0x1000, 0x2000, nothing).read_only);
}

struct Policy {
  int mode = -1;
  unsigned long nodes[16] = {};
  bool known = false;
};

Policy policy_of_thread() {
  Policy policy;
  policy.known = syscall(SYS_get_mempolicy, &policy.mode, policy.nodes, 1024, nullptr, 0) == 0;
  return policy;
}

// What a thread's policy is after it has asked for pages from node 0.
Policy policy_after_asking(const Nodes &nodes) {
  Policy policy;
  std::thread([&] {
    const bool taken = take_pages_from(nodes);
    policy = policy_of_thread();
    policy.known = policy.known && taken;
  }).join();
  return policy;
}

void a_thread_takes_pages_from_nodes(void **) {
  if (!policy_of_thread().known) skip();  // no NUMA in this kernel, or a container that does not let one ask
  const Policy preferred = policy_after_asking({0});
  if (!preferred.known) skip();
  assert_int_equal(preferred.mode, MPOL_PREFERRED);
  assert_int_equal(preferred.nodes[0], 1);
  // Nodes that are not there are left out by the kernel.
  const Policy interleaved = policy_after_asking({0, 1023});
  assert_true(interleaved.known);
  assert_int_equal(interleaved.mode, MPOL_INTERLEAVE);
  assert_int_equal(interleaved.nodes[0] & 1, 1);
  assert_false(take_pages_from({1024}));
  assert_false(take_pages_from({-1}));
}

// Fresh memory of which only some pages have been touched, and none are huge.
class Fresh {
 public:
  explicit Fresh(size_t num_bytes) : num_bytes_(num_bytes) {
    data_ = static_cast<char *>(mmap(nullptr, num_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    assert_true(data_ != MAP_FAILED);
    madvise(data_, num_bytes, MADV_NOHUGEPAGE);
  }
  ~Fresh() { munmap(data_, num_bytes_); }
  char *data() const { return data_; }
  // Pages that there are.
  int64_t resident() const {
    std::vector<unsigned char> pages(num_bytes_ / page);
    assert_int_equal(mincore(data_, num_bytes_, pages.data()), 0);
    return std::count_if(pages.begin(), pages.end(), [](unsigned char p) { return (p & 1) != 0; });
  }
  static inline const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));

 private:
  const size_t num_bytes_;
  char *data_;
};

constexpr size_t small = size_t{1} << 20, large = size_t{40} << 20;

void every_page_is_touched(void **) {
  {
    const Fresh untouched(small);
    if (untouched.resident() != 0) skip();  // a kernel that says so of every page
  }
  const Policy before = policy_of_thread();
  for (const size_t bytes : {small, large})
    for (const int32_t num_threads : {1, 4, 1000})
      for (const Nodes &nodes : {Nodes{}, Nodes{0}, Nodes{0, 1023}}) {
        const Fresh memory(bytes);
        first_touch(memory.data(), static_cast<int64_t>(bytes), {num_threads, nodes, {}});
        assert_int_equal(memory.resident(), static_cast<int64_t>(bytes / Fresh::page));
        const Policy after = policy_of_thread();
        assert_int_equal(after.mode, before.mode);
        assert_memory_equal(after.nodes, before.nodes, sizeof before.nodes);
      }
  // No page but those of the memory, which may begin and end within one.
  const Fresh memory(small);
  const auto page = static_cast<int64_t>(Fresh::page);
  first_touch(memory.data() + page + 100, 3 * page, {});
  assert_int_equal(memory.resident(), 4);
  first_touch(memory.data(), 0, {});
  assert_int_equal(memory.resident(), 4);
}

void memory_that_the_machine_does_not_have_is_left(void **) {
  const int64_t available = read_host_memory().available();
  assert_true(available > int64_t{1} << 20);
  if (available > int64_t{1} << 43) skip();
  assert_non_null(strstr(host_memory_advice().c_str(), " bytes left"));
  const size_t more = size_t{1} << 44;
  void *const memory = mmap(nullptr, more, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) skip();
  first_touch(memory, static_cast<int64_t>(more), {4, {}, {}});
  unsigned char resident = 0;
  assert_int_equal(mincore(memory, Fresh::page, &resident), 0);
  assert_int_equal(resident & 1, 0);
  first_touch(memory, static_cast<int64_t>(Fresh::page), {4, {}, {}});
  assert_int_equal(mincore(memory, Fresh::page, &resident), 0);
  assert_int_equal(resident & 1, 1);
  munmap(memory, more);
}

// A machine whose files lie in a folder, which is gone with it.
class Machine {
 public:
  Machine() {
    char folder[] = "/tmp/unitensor-machine-XXXXXX";
    assert_non_null(mkdtemp(folder));
    root_ = folder;
  }
  ~Machine() { std::filesystem::remove_all(root_); }
  const std::string &root() const { return root_; }
  Machine &write(const std::string &path, const std::string &text) {
    const std::filesystem::path file = root_ + path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
    return *this;
  }
  void expect(int64_t left, int64_t group_left, int64_t group_limit) const {
    const HostMemory memory = read_host_memory(root_);
    assert_int_equal(memory.left, left);
    assert_int_equal(memory.group_left, group_left);
    assert_int_equal(memory.group_limit, group_limit);
    assert_int_equal(memory.available(), std::min(left, group_left));
  }

 private:
  std::string root_;
};

void memory_is_what_the_tightest_group_leaves(void **) {
  constexpr int64_t none = INT64_MAX;
  Machine machine;
  machine.expect(none, none, none);
  machine.write("/proc/meminfo", "MemTotal: 4000 kB\nMemAvailable:    3000 kB\nSwapFree: 0 kB\nHugePages_Total: 0\n");
  machine.expect(3000 * 1024, none, none);
  // Version 2. What cannot be seen has no limit, and so has "max".
  machine.write("/proc/self/cgroup", "0::/system.slice/docker-1.scope\n");
  machine.expect(3000 * 1024, none, none);
  const std::string top = "/sys/fs/cgroup/", middle = top + "system.slice/", group = middle + "docker-1.scope/";
  machine.write(group + "memory.max", "max\n").write(group + "memory.current", "5000\n");
  machine.expect(3000 * 1024, none, none);
  machine.write(group + "memory.max", "1000000\n");
  machine.expect(3000 * 1024, 995000, 1000000);
  // Files that were read are given up.
  machine.write(group + "memory.stat", "anon 1\nfile 99\ninactive_anon 7\ninactive_file 3000\nactive_file 1500\n");
  machine.expect(3000 * 1024, 999500, 1000000);
  // And what is remembered of their names.
  machine.write(group + "memory.stat", "slab_reclaimable 400\ninactive_file 3000\nactive_file 1500\nslab 900\n");
  machine.expect(3000 * 1024, 999900, 1000000);
  // The group above has more in use, though its limit is a larger one; and that above has less of both.
  machine.write(middle + "memory.max", "2000000\n").write(middle + "memory.current", "1900000\n");
  machine.expect(3000 * 1024, 100000, 2000000);
  machine.write(top + "memory.max", "50000\n").write(top + "memory.current", "60000\n");
  machine.expect(3000 * 1024, 0, 50000);
  // Others of the same machine are not ours.
  Machine container;
  container.write("/proc/self/cgroup", "0::/\n").write("/sys/fs/cgroup/other/memory.max", "1\n");
  container.expect(none, none, none);
  container.write("/sys/fs/cgroup/memory.max", "70000\n");
  container.expect(none, 70000, 70000);
  // What the group may swap out, if there is where to.
  container.write("/sys/fs/cgroup/memory.swap.max", "3000\n").write("/sys/fs/cgroup/memory.swap.current", "1000\n");
  container.expect(none, 70000, 70000);
  container.write("/proc/meminfo", "MemAvailable: 1000 kB\nSwapFree: 500 kB\n");
  container.expect(1500 * 1024, 72000, 70000);
  container.write("/sys/fs/cgroup/memory.swap.max", "max\n");
  container.expect(1500 * 1024, 70000 + 500 * 1024, 70000);
  container.write("/sys/fs/cgroup/memory.swap.max", "500\n");
  container.expect(1500 * 1024, 70000, 70000);
}

void memory_is_limited_by_groups_of_version_1(void **) {
  constexpr int64_t none = INT64_MAX;
  Machine machine;
  machine.write("/proc/self/cgroup", "11:cpu,cpuacct:/other\n5:hugetlb,memory:/docker/ab:c\n1:name=memory:/x\n0::/\n");
  const std::string top = "/sys/fs/cgroup/memory/", group = top + "docker/ab:c/";
  machine.write(top + "memory.limit_in_bytes", "9223372036854771712\n");
  machine.write("/sys/fs/cgroup/memory/other/memory.limit_in_bytes", "1\n");
  machine.write("/sys/fs/cgroup/memory/x/memory.limit_in_bytes", "1\n");
  machine.expect(none, none, none);
  machine.write(group + "memory.limit_in_bytes", "80000\n").write(group + "memory.usage_in_bytes", "30000\n");
  machine.write(group + "memory.stat", "inactive_file 1\ntotal_inactive_file 300\ntotal_active_file 40\n");
  machine.expect(none, 50340, 80000);
  // Its limit with swap counts the memory too.
  machine.write("/proc/meminfo", "MemAvailable: 1000 kB\nSwapFree: 500 kB\n");
  machine.write(group + "memory.memsw.limit_in_bytes", "90000\n");
  machine.write(group + "memory.memsw.usage_in_bytes", "36000\n");
  machine.expect(1500 * 1024, 54340, 80000);
  // Nonsense is no limit.
  for (const char *text : {"", "\n", ":", "::", "0:", "0:memory", "4:memory:", "0::nowhere", "a\nb\n"})
    machine.write("/proc/self/cgroup", text).expect(1500 * 1024, none, none);
}

void more_than_a_group_leaves_is_refused(void **) {
  constexpr int64_t megabyte = int64_t{1} << 20;
  Machine machine;
  machine.write("/proc/meminfo", "MemAvailable: 99999999 kB\n").write("/proc/self/cgroup", "0::/\n");
  machine.write("/sys/fs/cgroup/memory.max", std::to_string(4 * megabyte));
  machine.write("/sys/fs/cgroup/memory.current", std::to_string(megabyte));
  const HostPlacement placement{4, {}, machine.root()};
  // It is refused before CUDA is asked, of which there is none here.
  const Api nothing = {};
  Calls calls(nothing);
  PageLocked page_locked(calls);
  HostBlocks blocks(calls, page_locked);
  for (const int32_t memory : {UNI_MEMORY_PINNED, UNI_MEMORY_MANAGED})
    for (const int64_t bytes : {3 * megabyte + 4096, 100 * megabyte, int64_t{1} << 62}) {
      try {
        blocks.allocate(memory, bytes, 1, placement);
        fail_msg("%lld bytes were given", static_cast<long long>(bytes));
      } catch (const uni::Error &e) {
        assert_int_equal(e.status(), UNI_STATUS_OUT_OF_MEMORY);
        for (const char *text : {"has 3145728 bytes left of its limit of 4194304", "docker run --memory", "take less",
                                 memory == UNI_MEMORY_PINNED ? "bytes of pinned memory" : "bytes of managed memory"})
          if (strstr(e.what(), text) == nullptr) fail_msg("\"%s\" does not say \"%s\"", e.what(), text);
      }
    }
  require_room_in_groups(3 * megabyte, "pinned", machine.root());
  const Fresh memory(static_cast<size_t>(4 * megabyte));
  first_touch(memory.data(), 4 * megabyte, placement);
  if (memory.resident() != 0) skip();  // a kernel that says so of every page
  first_touch(memory.data(), 3 * megabyte, placement);
  assert_int_equal(memory.resident(), 3 * megabyte / static_cast<int64_t>(Fresh::page));
}

int64_t threads_started = 0;

void threads_that_cannot_be_started_are_done_without(void **) {
  // Their stacks would not fit into the address space.
  pthread_attr_t usual, too_large;
  assert_int_equal(pthread_getattr_default_np(&usual), 0);
  assert_int_equal(pthread_attr_init(&too_large), 0);
  assert_int_equal(pthread_attr_setstacksize(&too_large, size_t{1} << 56), 0);
  if (pthread_setattr_default_np(&too_large) != 0) skip();
  try {
    std::thread([] { ++threads_started; }).join();
  } catch (const std::system_error &) {
    threads_started = -1;
  }
  for (const Nodes &nodes : {Nodes{}, Nodes{0}}) {
    const Fresh memory(large);
    first_touch(memory.data(), static_cast<int64_t>(large), {4, nodes, {}});
    assert_int_equal(memory.resident(), static_cast<int64_t>(large / Fresh::page));
  }
  assert_int_equal(pthread_setattr_default_np(&usual), 0);
  pthread_attr_destroy(&usual);
  pthread_attr_destroy(&too_large);
  assert_int_equal(threads_started, -1);
}

void sizes_waste_an_eighth_at_most(void **) {
  int64_t different = 0, last = 0;
  for (int64_t bytes = 1; bytes <= HostBlocks::largest_kept; bytes += 1 + bytes / 100) {
    const int64_t capacity = HostBlocks::capacity_for(bytes);
    assert_true(capacity >= bytes && capacity % 4096 == 0);
    assert_true(capacity - bytes < 4096 || (capacity - bytes) * 8 <= bytes);
    // One size, asked for by itself, is itself.
    assert_int_equal(HostBlocks::capacity_for(capacity), capacity);
    different += capacity != last;
    last = capacity;
  }
  assert_in_range(different, 50, 120);
  assert_int_equal(HostBlocks::capacity_for(HostBlocks::largest_kept), HostBlocks::largest_kept);
  assert_int_equal(HostBlocks::capacity_for(HostBlocks::largest_kept + 1), HostBlocks::largest_kept + 1);
  assert_int_equal(HostBlocks::capacity_for(INT64_MAX), INT64_MAX);
}

void kept_blocks_are_bounded(void **) {
  char memory[8] = {};
  uni::core::KeptBlocks<3> kept(100);
  assert_null(kept.take_oldest().data);
  assert_null(kept.take(0, 100).data);
  assert_false(kept.keep({memory, 101}));
  assert_true(kept.keep({memory + 0, 50}));
  assert_true(kept.keep({memory + 1, 30}));
  assert_false(kept.keep({memory + 2, 21}));
  assert_true(kept.keep({memory + 2, 20}));
  assert_false(kept.keep({memory + 3, 0}));
  assert_null(kept.take(51, 100).data);
  assert_null(kept.take(1, 19).data);
  assert_ptr_equal(kept.take(21, 100).data, memory + 1);
  assert_ptr_equal(kept.take_oldest().data, memory + 0);
  assert_ptr_equal(kept.take_oldest().data, memory + 2);
  assert_true(kept.keep({memory + 4, 100}));
  assert_ptr_equal(kept.take(100, 100).data, memory + 4);
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(nodes_are_those_of_the_devices),
      cmocka_unit_test(lists_of_nodes_are_read),
      cmocka_unit_test(nodes_are_read_where_the_kernel_tells_them),
      cmocka_unit_test(mappings_are_what_the_kernel_says),
      cmocka_unit_test(a_thread_takes_pages_from_nodes),
      cmocka_unit_test(every_page_is_touched),
      cmocka_unit_test(memory_that_the_machine_does_not_have_is_left),
      cmocka_unit_test(memory_is_what_the_tightest_group_leaves),
      cmocka_unit_test(memory_is_limited_by_groups_of_version_1),
      cmocka_unit_test(more_than_a_group_leaves_is_refused),
      cmocka_unit_test(threads_that_cannot_be_started_are_done_without),
      cmocka_unit_test(sizes_waste_an_eighth_at_most),
      cmocka_unit_test(kept_blocks_are_bounded),
  };
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}
