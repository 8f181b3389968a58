// SPDX-License-Identifier: Apache-2.0
// Which memory kinds and links machines have that nobody has at hand: one row to a machine.
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>

#include "link.hpp"
#include "numa.hpp"
#include "placement.hpp"
#include "unitensor/array.h"
#include "unitensor/context.h"

// Last: its macros have names that the standard library uses.
#include "../plugins/cmocka_cpp.hpp"

namespace {

using namespace uni::cuda;

DeviceReport device(bool managed, bool concurrent, bool pageable, bool ats, bool registers) {
  DeviceReport report = {};
  std::strcpy(report.name, "a device");
  report.unified_addressing = true;
  report.managed_memory = managed;
  report.concurrent_managed_access = concurrent;
  report.pageable_memory_access = pageable;
  report.pageable_memory_access_uses_host_page_tables = ats;
  report.host_register_supported = registers;
  return report;
}

MachineReport machine(std::vector<DeviceReport> devices) {
  MachineReport report;
  report.driver_version = report.runtime_version = 13000;
  report.devices = std::move(devices);
  return report;
}

const DeviceReport pcie = device(true, true, false, false, true);
const DeviceReport hmm = device(true, true, true, false, true);
const DeviceReport ats = device(true, true, true, true, true);
const DeviceReport wsl = device(true, false, false, false, true);
const DeviceReport small_vgpu = device(false, false, false, false, true);
const DeviceReport bare = device(false, false, false, false, false);

void unified_memory_is_the_best_that_all_devices_read(void **) {
  const struct {
    const char *name;
    std::vector<DeviceReport> devices;
    int32_t expected;
    const char *reason;
  } rows[] = {
      {"a PCIe GPU", {pcie}, UNI_MEMORY_MANAGED, "resident on the host"},
      {"eight of them", {pcie, pcie, pcie, pcie, pcie, pcie, pcie, pcie}, UNI_MEMORY_MANAGED, "every device"},
      {"HMM moves what it touches", {hmm}, UNI_MEMORY_MANAGED, "would move to the device that reads it (HMM)"},
      {"ATS", {ats}, UNI_MEMORY_HOST, "ATS"},
      {"ATS beside a PCIe GPU", {ats, pcie}, UNI_MEMORY_MANAGED, "every device"},
      {"ATS beside HMM", {ats, hmm}, UNI_MEMORY_MANAGED, "every device"},
      {"WSL", {wsl}, UNI_MEMORY_PINNED, "page-locked"},
      {"one of two cannot", {pcie, wsl}, UNI_MEMORY_PINNED, "device 1 (a device)"},
      {"a vGPU without managed memory", {small_vgpu}, UNI_MEMORY_PINNED, "concurrent access"},
      {"nothing at all", {bare}, UNI_MEMORY_HOST, "no device reads"},
  };
  for (const auto &row : rows) {
    const UnifiedChoice choice = unified_choice(machine(row.devices));
    if (choice.memory != row.expected || choice.reason.find(row.reason) == std::string::npos)
      fail_msg("%s: memory kind %d, \"%s\"", row.name, choice.memory, choice.reason.c_str());
  }
}

void each_kind_says_why(void **) {
  const struct {
    DeviceReport device;
    int32_t memory;
    bool supported;
    const char *reason;
  } rows[] = {
      {pcie, UNI_MEMORY_DEVICE, true, "device"},           {bare, UNI_MEMORY_DEVICE, true, "device"},
      {pcie, UNI_MEMORY_MANAGED, true, "managed memory"},  {wsl, UNI_MEMORY_MANAGED, false, "WSL"},
      {bare, UNI_MEMORY_MANAGED, false, "device 0"},       {pcie, UNI_MEMORY_PINNED, true, "page-locked"},
      {bare, UNI_MEMORY_PINNED, false, "cannot register"}, {pcie, UNI_MEMORY_HOST, false, "CPU"},
  };
  for (const auto &row : rows) {
    const MemorySupport support = memory_support(machine({row.device}), row.memory);
    if (support.supported != row.supported || support.reason.find(row.reason) == std::string::npos)
      fail_msg("kind %d: %d, \"%s\"", row.memory, support.supported, support.reason.c_str());
  }
}

// A reason is at the most what uni_memory_info has room for, with what the library writes before it and where on the host
// the memory is: of eight nodes.
void reasons_are_not_cut(void **) {
  constexpr size_t room = sizeof(uni_memory_info::reason) - 1;
  const std::string asked = "UNITENSOR_UNIFIED asks for it: ";
  const std::string where = "; " + choose_nodes({{0, 1, 2, 3, 4, 5, 6, 7}, {0, 1, 2, 3, 4, 5, 6, 7}}).reason;
  const auto expect_room = [&](const std::string &text) {
    if (text.size() > room || text.find("...") != std::string::npos)
      fail_msg("%zu bytes: \"%s\"", text.size(), text.c_str());
  };
  // The longest that there are.
  for (const char *name : {"NVIDIA RTX PRO 6000 Blackwell Max-Q Workstation Edition",
                           "NVIDIA GB200 Grace Blackwell Superchip MIG 1g.24gb+me.all"})
    for (const DeviceReport &kind : {pcie, hmm, ats, wsl, small_vgpu, bare}) {
      // The one that something is said of comes last.
      std::vector<DeviceReport> devices(12, kind.host_register_supported ? pcie : kind);
      devices.back() = kind;
      for (DeviceReport &each : devices) std::strcpy(each.name, name);
      const MachineReport report = machine(devices);
      const UnifiedChoice choice = unified_choice(report);
      expect_room(choice.reason + (choice.memory == UNI_MEMORY_HOST ? "" : where));
      for (const int32_t memory : {UNI_MEMORY_PINNED, UNI_MEMORY_MANAGED, UNI_MEMORY_DEVICE}) {
        const MemorySupport support = memory_support(report, memory);
        expect_room(asked + support.reason + (support.supported ? where : ""));
        expect_room(reads_memory(report, 11, memory).reason);
      }
      expect_room(reads_memory(report, 11, UNI_MEMORY_HOST).reason);
    }
  // Longer ones are cut themselves.
  MachineReport report = machine({bare});
  std::memset(report.devices[0].name, 'n', sizeof report.devices[0].name - 1);
  const std::string reason = unified_choice(report).reason;
  assert_true(reason.size() <= room);
  assert_non_null(strstr(reason.c_str(), "nnn...) has no concurrent access"));
}

void each_device_says_what_it_reads(void **) {
  const MachineReport two = machine({pcie, hmm});
  const struct {
    int32_t device_id;
    int32_t memory;
    bool reads;
    const char *reason;
  } rows[] = {
      {0, UNI_MEMORY_HOST, false, "neither ATS nor HMM"}, {1, UNI_MEMORY_HOST, true, "all memory"},
      {0, UNI_MEMORY_PINNED, true, "every device"},       {1, UNI_MEMORY_MANAGED, true, "every device"},
      {2, UNI_MEMORY_MANAGED, false, "expected 0 to 1"},  {-1, UNI_MEMORY_HOST, false, "no CUDA device -1"},
  };
  for (const auto &row : rows) {
    const MemorySupport support = reads_memory(two, row.device_id, row.memory);
    if (support.supported != row.reads || support.reason.find(row.reason) == std::string::npos)
      fail_msg("device %d, kind %d: %d, \"%s\"", row.device_id, row.memory, support.supported, support.reason.c_str());
  }
}

void machines_without_a_device_say_what_to_do(void **) {
  MachineReport report = machine({pcie});
  assert_true(why_no_device(report).empty());
  const auto expect = [&](const char *text) {
    if (why_no_device(report).find(text) == std::string::npos)
      fail_msg("\"%s\" does not say \"%s\"", why_no_device(report).c_str(), text);
  };
  report.driver_version = 0;
  expect("install one of CUDA 13.0 or newer");
  report.driver_result = 34;
  report.driver_error = "a stub";
  expect("does not tell its version: a stub (34); the libcuda.so.1 that is found is the toolkit's stub");
  report.driver_result = kSuccess;
  report.driver_version = 12080;
  expect("for CUDA 12.8, and this plugin needs 13.0");
  // Built with 12.9, an older driver of 12 will do.
  report.runtime_version = 12090;
  assert_true(why_no_device(report).empty());
  report = machine({});
  expect("nvidia-smi");
  report.count_result = 100;
  expect("nvidia-smi");
  report.visible_devices_empty = true;
  expect("CUDA_VISIBLE_DEVICES");
  report.visible_devices_empty = false;
  report.count_result = 999;
  report.count_error = "unknown error";
  expect("unknown error (999)");
  report.count_result = 803;
  expect("restart the machine");
  report.has_device_nodes = false;
  expect("docker run --gpus all");
  report.has_device_nodes = true;
  report = machine({pcie, pcie});
  report.devices[0].compute_mode_prohibited = true;
  assert_true(why_no_device(report).empty());
  report.devices[1].compute_mode_prohibited = true;
  expect("nvidia-smi -c");
}

void links_are_as_fast_as_the_kernel_says(void **) {
  const struct {
    const char *speed, *width;
    int64_t expected;
  } rows[] = {
      {"2.5 GT/s PCIe", "16", 4'000'000'000},
      {"5.0 GT/s PCIe", "8", 4'000'000'000},
      {"8.0 GT/s PCIe", "16", 15'753'846'153},
      {"16.0 GT/s PCIe", "16", 31'507'692'307},
      {"32.0 GT/s PCIe", "16", 63'015'384'615},
      {"32 GT/s", "1", 3'938'461'538},
      {"64.0 GT/s PCIe", "16", 121'000'000'000},
      {"Unknown", "16", 0},
      {"32.0 GT/s PCIe", "0", 0},
      {"", "", 0},
      {"-8 GT/s", "16", 0},
      {"8.0 MB/s", "16", 0},
      {"1e300 GT/s", "16", 0},
      {"8.0 GT/s", "-1", 0},
      {"nan GT/s", "16", 0},
      {"8.0 GT/s", "99999999999", 0},
  };
  for (const auto &row : rows)
    if (const int64_t found = link_bytes_per_second(row.speed, row.width); found != row.expected)
      fail_msg("%s, %s lanes: %lld", row.speed, row.width, static_cast<long long>(found));
  char folder[] = "/tmp/unitensor-link-XXXXXX";
  assert_non_null(mkdtemp(folder));
  const std::string at = std::string(folder) + "/";
  assert_int_equal(link_bytes_per_second(folder), 0);
  std::ofstream(at + "max_link_speed") << "16.0 GT/s PCIe\n";
  std::ofstream(at + "max_link_width") << "16\n";
  assert_int_equal(link_bytes_per_second(folder), 31'507'692'307);
  std::ofstream(at + "current_link_width") << "8\n";
  assert_int_equal(link_bytes_per_second(folder), 15'753'846'153);
  for (const char *name : {"max_link_speed", "max_link_width", "current_link_width"}) unlink((at + name).c_str());
  assert_int_equal(rmdir(folder), 0);
}

void links_take_some_multiprocessors_or_all(void **) {
  for (const DeviceReport &device : {pcie, hmm, wsl, small_vgpu, bare})
    assert_int_equal(link_multiprocessors(device), 12);
  assert_int_equal(link_multiprocessors(ats), 0);
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(unified_memory_is_the_best_that_all_devices_read),
      cmocka_unit_test(each_kind_says_why),
      cmocka_unit_test(reasons_are_not_cut),
      cmocka_unit_test(each_device_says_what_it_reads),
      cmocka_unit_test(machines_without_a_device_say_what_to_do),
      cmocka_unit_test(links_take_some_multiprocessors_or_all),
      cmocka_unit_test(links_are_as_fast_as_the_kernel_says),
  };
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}
