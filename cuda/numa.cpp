// SPDX-License-Identifier: Apache-2.0
#include "numa.hpp"

#include <linux/mempolicy.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <climits>
#include <fstream>
#include <set>

namespace uni::cuda {
namespace {

constexpr int32_t most_nodes = 1024;  // what the kernel can be built for

std::string first_line(const std::string &path) {
  std::string line;
  std::getline(std::ifstream(path), line);
  return line;
}

// A number of at least 0 at `*at`, which is moved behind it; -1 where there is none.
int32_t take_number(const char **at, const char *end) noexcept {
  int32_t value = -1;
  const auto [behind, failure] = std::from_chars(*at, end, value);
  *at = behind;
  return failure == std::errc() && value >= 0 ? value : -1;
}

}  // namespace

std::vector<int32_t> parse_node_list(const std::string &text) {
  std::set<int32_t> nodes;
  const char *at = text.data(), *const end = at + text.size();
  while (at < end) {
    const int32_t first = take_number(&at, end);
    int32_t last = first;
    if (at < end && *at == '-') {
      ++at;
      last = take_number(&at, end);
    }
    if (first < 0 || last < first || last >= most_nodes) return {};
    for (int32_t node = first; node <= last; ++node) nodes.insert(node);
    if (at < end && *at++ != ',') return {};
  }
  return {nodes.begin(), nodes.end()};
}

NodeChoice choose_nodes(const NumaReport &report) {
  if (report.nodes.size() < 2 || report.device_nodes.empty()) return {};
  const auto is_online = [&](int32_t node) {
    return std::find(report.nodes.begin(), report.nodes.end(), node) != report.nodes.end();
  };
  std::set<int32_t> nodes;
  for (size_t i = 0; i < report.device_nodes.size(); ++i) {
    const int32_t node = report.device_nodes[i];
    if (!is_online(node))
      return {{}, "on any NUMA node, since nothing says which one device " + std::to_string(i) + " is at"};
    nodes.insert(node);
  }
  NodeChoice choice{{nodes.begin(), nodes.end()}, {}};
  if (nodes.size() == 1) {
    choice.reason = "on NUMA node " + std::to_string(*nodes.begin()) + ", where the devices are";
  } else {
    for (const int32_t node : nodes) choice.reason += (choice.reason.empty() ? "" : ", ") + std::to_string(node);
    choice.reason = "on NUMA nodes " + choice.reason + " in turns, where the devices are";
  }
  return choice;
}

NumaReport read_numa_report(const std::string &folder, const std::vector<DeviceReport> &devices) {
  NumaReport report;
  report.nodes = parse_node_list(first_line(folder + "/devices/system/node/online"));
  for (const DeviceReport &device : devices) {
    const std::string line = first_line(folder + "/bus/pci/devices/" + device.pci_address + "/numa_node");
    const char *at = line.data();
    report.device_nodes.push_back(take_number(&at, at + line.size()));
  }
  return report;
}

bool take_pages_from(const std::vector<int32_t> &nodes) noexcept {
  constexpr size_t bits = sizeof(unsigned long) * CHAR_BIT;
  std::array<unsigned long, most_nodes / bits> mask = {};
  for (const int32_t node : nodes) {
    if (node < 0 || node >= most_nodes) return false;
    mask[static_cast<size_t>(node) / bits] |= 1UL << (static_cast<size_t>(node) % bits);
  }
  // The kernel takes one bit less than it is told.
  return syscall(SYS_set_mempolicy, nodes.size() == 1 ? MPOL_PREFERRED : MPOL_INTERLEAVE, mask.data(),
                 most_nodes + 1) == 0;
}

}  // namespace uni::cuda
