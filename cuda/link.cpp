// SPDX-License-Identifier: Apache-2.0
// Source of rates and codes: PCI Express Base Specification 5.0 and 6.0, sections on the physical layer.
#include "link.hpp"

#include <charconv>
#include <fstream>
#include <string_view>

namespace uni::cuda {
namespace {

std::string first_line(const std::string &path) {
  std::string line;
  std::getline(std::ifstream(path), line);
  return line;
}

}  // namespace

int64_t link_bytes_per_second(const std::string &speed, const std::string &width) noexcept {
  // Whatever the locale of the program.
  double transfers = 0;  // thousand millions a second and lane
  int32_t lanes = 0;
  const char *const end = speed.data() + speed.size();
  const auto number = std::from_chars(speed.data(), end, transfers);
  std::from_chars(width.data(), width.data() + width.size(), lanes);
  if (number.ec != std::errc() || !std::string_view(number.ptr, end).starts_with(" GT/s") ||
      !(transfers > 0 && transfers < 1000) || lanes < 1 || lanes > 64)
    return 0;
  // 8 bits in 10 up to 5 GT/s, 128 in 130 up to 32 GT/s, and 242 bytes of each 256 above.
  const double payload = transfers < 8 ? 0.8 : transfers <= 32 ? 128.0 / 130 : 242.0 / 256;
  return static_cast<int64_t>(transfers * 1e9 / 8 * payload * lanes);
}

int64_t link_bytes_per_second(const std::string &folder) {
  // The largest speed, since an idle link slows down; the width is that of the slot.
  std::string width = first_line(folder + "/current_link_width");
  if (width.empty() || width == "0") width = first_line(folder + "/max_link_width");
  return link_bytes_per_second(first_line(folder + "/max_link_speed"), width);
}

}  // namespace uni::cuda
