// SPDX-License-Identifier: Apache-2.0
#include "core/npy_header.hpp"

#include <cctype>
#include <cstring>

#include "core/dtype.hpp"
#include "core/error.hpp"

namespace uni::core {
namespace {

struct Descr {
  const char *text;
  int32_t dtype;
};

constexpr Descr known_descrs[] = {
    {"|b1", UNI_DTYPE_BOOL},   {"|i1", UNI_DTYPE_INT8},    {"<i2", UNI_DTYPE_INT16},   {"<i4", UNI_DTYPE_INT32},
    {"<i8", UNI_DTYPE_INT64},  {"|u1", UNI_DTYPE_UINT8},   {"<u2", UNI_DTYPE_UINT16},  {"<u4", UNI_DTYPE_UINT32},
    {"<u8", UNI_DTYPE_UINT64}, {"<f2", UNI_DTYPE_FLOAT16}, {"<f4", UNI_DTYPE_FLOAT32}, {"<f8", UNI_DTYPE_FLOAT64},
};

constexpr char magic[] = "\x93NUMPY";

// Reads the subset of Python's literals that the format allows.
class Reader {
 public:
  Reader(std::string_view text, const char *path) : text_(text), path_(path) {}

  [[noreturn]] void fail(const char *what) const {
    throw Error(UNI_STATUS_FORMAT_ERROR, "%s: the .npy header is corrupt at byte %zu: %s", path_, position_, what);
  }
  void skip_space() {
    while (position_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[position_]))) ++position_;
  }
  bool accept(char c) {
    skip_space();
    if (position_ >= text_.size() || text_[position_] != c) return false;
    ++position_;
    return true;
  }
  void expect(char c, const char *what) {
    if (!accept(c)) fail(what);
  }
  std::string_view string() {
    skip_space();
    if (position_ >= text_.size() || (text_[position_] != '\'' && text_[position_] != '"')) fail("expected a string");
    const char quote = text_[position_++];
    const size_t end = text_.find(quote, position_);
    if (end == std::string_view::npos) fail("a string does not end");
    const std::string_view value = text_.substr(position_, end - position_);
    position_ = end + 1;
    return value;
  }
  bool boolean() {
    skip_space();
    for (const bool value : {true, false}) {
      const std::string_view word = value ? "True" : "False";
      if (text_.substr(position_, word.size()) == word) {
        position_ += word.size();
        return value;
      }
    }
    fail("expected True or False");
  }
  int64_t integer() {
    skip_space();
    const size_t begin = position_;
    int64_t value = 0;
    while (position_ < text_.size() && std::isdigit(static_cast<unsigned char>(text_[position_]))) {
      if (__builtin_mul_overflow(value, int64_t{10}, &value) ||
          __builtin_add_overflow(value, static_cast<int64_t>(text_[position_] - '0'), &value))
        fail("an extent overflows 63 bits");
      ++position_;
    }
    if (position_ == begin) fail("expected an extent");
    if (position_ < text_.size() && text_[position_] == 'L') ++position_;  // Python 2 wrote long integers so
    return value;
  }
  bool at_end() {
    skip_space();
    return position_ >= text_.size() || text_[position_] == '\0';
  }
  char peek() {
    skip_space();
    return position_ < text_.size() ? text_[position_] : '\0';
  }

 private:
  std::string_view text_;
  const char *path_;
  size_t position_ = 0;
};

int32_t dtype_of(std::string_view descr, const char *path) {
  for (const Descr &known : known_descrs) {
    const std::string_view name = known.text;
    if (descr == name) return known.dtype;
    // One byte has no order, whatever the header says of it; '=' and a missing order mean this machine's.
    const bool little_or_none = descr.size() == 3 && (descr[0] == '<' || descr[0] == '=' || descr[0] == '|');
    if (little_or_none && descr.substr(1) == name.substr(1) && (descr[0] != '|' || name[2] == '1')) return known.dtype;
    if (descr == name.substr(1)) return known.dtype;
  }
  const int length = static_cast<int>(descr.size() < 40 ? descr.size() : 40);
  if (!descr.empty() && descr[0] == '>')
    throw Error(UNI_STATUS_FORMAT_ERROR, "%s holds '%.*s', which is big-endian, expected little-endian elements", path,
                length, descr.data());
  if (descr.find('O') != std::string_view::npos)
    throw Error(UNI_STATUS_FORMAT_ERROR, "%s holds Python objects ('%.*s'), expected numbers", path, length,
                descr.data());
  throw Error(UNI_STATUS_FORMAT_ERROR, "%s holds '%.*s', which no unitensor dtype stands for", path, length,
              descr.data());
}

}  // namespace

void parse_npy_prefix(const unsigned char *prefix, const char *path, int64_t *text_begin, int64_t *text_bytes) {
  if (std::memcmp(prefix, magic, 6) != 0)
    throw Error(UNI_STATUS_FORMAT_ERROR, "%s is no .npy file: it does not begin with \\x93NUMPY", path);
  const unsigned major = prefix[6];
  if (major < 1 || major > 3)
    throw Error(UNI_STATUS_FORMAT_ERROR, "%s has .npy format version %u.%u, expected 1 to 3", path, major, prefix[7]);
  *text_begin = major == 1 ? 10 : 12;
  *text_bytes = prefix[8] | prefix[9] << 8;
  if (major > 1) *text_bytes |= static_cast<int64_t>(prefix[10]) << 16 | static_cast<int64_t>(prefix[11]) << 24;
}

NpyHeader parse_npy_text(std::string_view text, const char *path) {
  Reader reader(text, path);
  NpyHeader header;
  bool have_descr = false, have_order = false, have_shape = false;
  reader.expect('{', "expected '{'");
  while (!reader.accept('}')) {
    const std::string_view key = reader.string();
    reader.expect(':', "expected ':'");
    if (key == "descr" && !have_descr) {
      if (reader.peek() == '[')
        throw Error(UNI_STATUS_FORMAT_ERROR, "%s holds records with fields, expected plain numbers", path);
      header.dtype = dtype_of(reader.string(), path);
      have_descr = true;
    } else if (key == "fortran_order" && !have_order) {
      if (reader.boolean())
        throw Error(UNI_STATUS_FORMAT_ERROR, "%s is in Fortran order, expected C order (numpy.ascontiguousarray)",
                    path);
      have_order = true;
    } else if (key == "shape" && !have_shape) {
      reader.expect('(', "expected '('");
      while (!reader.accept(')')) {
        if (header.ndim == UNI_MAX_NDIM)
          throw Error(UNI_STATUS_FORMAT_ERROR, "%s has more than %d dimensions", path, UNI_MAX_NDIM);
        header.shape[header.ndim++] = reader.integer();
        if (!reader.accept(',') && reader.peek() != ')') reader.fail("expected ',' or ')'");
      }
      have_shape = true;
    } else {
      reader.fail("an unknown or repeated key");
    }
    if (!reader.accept(',') && reader.peek() != '}') reader.fail("expected ',' or '}'");
  }
  if (!reader.at_end()) reader.fail("something follows '}'");
  if (!have_descr || !have_order || !have_shape) reader.fail("descr, fortran_order or shape is missing");
  return header;
}

std::string make_npy_header(const NpyHeader &header) {
  const char *descr = "";
  for (const Descr &known : known_descrs)
    if (known.dtype == header.dtype) descr = known.text;
  std::string text = std::string("{'descr': '") + descr + "', 'fortran_order': False, 'shape': (";
  for (int32_t i = 0; i < header.ndim; ++i) {
    text += std::to_string(header.shape[i]);
    if (i + 1 < header.ndim)
      text += ", ";
    else if (header.ndim == 1)
      text += ",";
  }
  text += "), }";
  const size_t unpadded = 10 + text.size() + 1;
  text.append((64 - unpadded % 64) % 64, ' ');
  text += '\n';
  std::string result(magic, 6);
  result += '\x01';
  result += '\0';
  result += static_cast<char>(text.size() & 0xff);
  result += static_cast<char>(text.size() >> 8);
  return result + text;
}

}  // namespace uni::core
