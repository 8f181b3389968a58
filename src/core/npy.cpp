// SPDX-License-Identifier: Apache-2.0
#include "core/npy.hpp"

#include <algorithm>
#include <memory>

#include "core/file.hpp"
#include "core/npy_header.hpp"

namespace uni::core {
namespace {

constexpr int64_t piece_bytes = int64_t{8} << 20;

NpyHeader read_header(const InputFile &file, int64_t *data_begin) {
  // A file may be shorter than the longest prefix; what is missing then is found missing below.
  unsigned char prefix[npy_prefix_bytes] = {};
  file.read_at(0, prefix, std::min<int64_t>(std::max<int64_t>(file.size(), 10), npy_prefix_bytes));
  int64_t text_begin = 0, text_bytes = 0;
  parse_npy_prefix(prefix, file.path(), &text_begin, &text_bytes);
  if (text_bytes > file.size() - text_begin)
    throw Error(UNI_STATUS_FORMAT_ERROR, "%s is truncated: its header claims %lld bytes, the file has %lld",
                file.path(), static_cast<long long>(text_begin + text_bytes), static_cast<long long>(file.size()));
  std::string text(static_cast<size_t>(text_bytes), '\0');
  file.read_at(text_begin, text.data(), text_bytes);
  *data_begin = text_begin + text_bytes;
  return parse_npy_text(text, file.path());
}

// A header whose sizes overflow is a corrupt file, not an argument of the caller's.
Layout layout_of(const NpyHeader &header, const char *path) {
  try {
    return make_layout(path, header.dtype, header.ndim, header.shape, 0);
  } catch (const Error &e) {
    throw Error(UNI_STATUS_FORMAT_ERROR, "%s", e.what());
  }
}

// The rows of a tensor in pieces of a few megabytes, or of one row where that is longer; files have them without gaps.
// Calls body(rows of the piece, where it begins in the file's data).
template <class Body>
void for_each_piece(const ArrayView &view, Body &&body) {
  const uni_rows rows = view.rows();
  const int64_t total = view.layout.num_bytes;
  if (total == 0) return;
  const bool padded = rows.row_pitch != rows.row_bytes && rows.num_rows > 1;
  const int64_t most = padded ? std::max<int64_t>(1, piece_bytes / rows.row_bytes) * rows.row_bytes : piece_bytes;
  for (int64_t begin = 0; begin < total; begin += most) {
    const int64_t bytes = std::min(most, total - begin);
    const int64_t count = padded ? bytes / rows.row_bytes : 1;
    char *const data = rows.data + (padded ? begin / rows.row_bytes * rows.row_pitch : begin);
    body(uni_rows{data, count, bytes / count, padded ? rows.row_pitch : bytes}, begin);
  }
}

// Host memory for a piece, which pieces go by way of that are padded or on a device.
class Staging {
 public:
  explicit Staging(const uni_tensor &tensor)
      : backend_(tensor.readable_by_cpu() ? tensor.context()->cpu() : tensor.context()->require_device()),
        on_device_(!tensor.readable_by_cpu()) {}

  bool needed_for(const uni_rows &rows) const { return on_device_ || rows.num_rows > 1; }
  // The rows without gaps; `get` fills them, `put` empties them. What CUDA copies from here it reads during the call.
  char *packed(const uni_rows &rows) {
    const int64_t bytes = rows.num_rows * rows.row_bytes;
    if (bytes > size_) {
      memory_.reset(new char[static_cast<size_t>(bytes)]);
      size_ = bytes;
    }
    return memory_.get();
  }
  void put(const uni_rows &to) {
    const uni_rows from = {packed(to), to.num_rows, to.row_bytes, to.row_bytes};
    backend_.call(backend_.ops().copy, &to, &from, nullptr);
  }
  char *get(const uni_rows &from) {
    const uni_rows to = {packed(from), from.num_rows, from.row_bytes, from.row_bytes};
    backend_.call(backend_.ops().copy, &to, &from, nullptr);
    wait();
    return to.data;
  }
  void wait() {
    if (on_device_ && backend_.ops().synchronize != nullptr) backend_.call(backend_.ops().synchronize);
  }

 private:
  Backend &backend_;
  const bool on_device_;
  std::unique_ptr<char[]> memory_;
  int64_t size_ = 0;
};

void read_rows(const InputFile &file, int64_t offset, const uni_tensor &tensor, const uni_load_options &options) {
  Staging staging(tensor);
  const int64_t total = tensor.layout().num_bytes;
  for_each_piece(tensor.view(), [&](const uni_rows &rows, int64_t begin) {
    const int64_t bytes = rows.num_rows * rows.row_bytes;
    const bool staged = staging.needed_for(rows);
    file.read_at(offset + begin, staged ? staging.packed(rows) : rows.data, bytes);
    if (staged) staging.put(rows);
    if (options.progress != nullptr && options.progress(options.progress_user_data, begin + bytes, total) != 0)
      throw Error(UNI_STATUS_CALLBACK, "loading %s was stopped by the progress callback", file.path());
  });
  staging.wait();
}

}  // namespace

Ref<uni_tensor> load_npy(uni_context *context, const char *path, int32_t memory, const uni_load_options &options) {
  if (options.flags != 0) throw Error(UNI_STATUS_INVALID_ARGUMENT, "options->flags is 0x%x, expected 0", options.flags);
  const InputFile file(path);
  int64_t data_begin = 0;
  const NpyHeader header = read_header(file, &data_begin);
  const Layout layout = layout_of(header, path);
  // Before anything is allocated: a corrupt header must not ask for more memory than the file could fill.
  if (layout.num_bytes > file.size() - data_begin)
    throw Error(UNI_STATUS_FORMAT_ERROR, "%s is truncated: shape %s of %s needs %lld bytes, the file has %lld of them",
                path, ShapeText(header.ndim, header.shape).text, dtype_name(header.dtype),
                static_cast<long long>(layout.num_bytes), static_cast<long long>(file.size() - data_begin));
  uni_tensor_desc desc = {};
  desc.memory = memory;
  desc.dtype = header.dtype;
  desc.ndim = header.ndim;
  desc.row_alignment = options.row_alignment;
  std::copy_n(header.shape, header.ndim, desc.shape);
  Ref<uni_tensor> tensor = create_tensor(context, desc);
  read_rows(file, data_begin, *tensor, options);
  return tensor;
}

void write_npy(const uni_tensor &tensor, OutputFile &file) {
  const uni_array &a = tensor.array();
  if (a.dtype == UNI_DTYPE_BFLOAT16)
    throw Error(UNI_STATUS_DTYPE_MISMATCH, "tensor has dtype bfloat16, which the .npy format does not have");
  require_inherited(tensor, "tensor");
  // Who saves wants what was enqueued before to be in it.
  wait_before_cpu_reads(tensor.context(), tensor.view());
  if (tensor.memory() == UNI_MEMORY_DEVICE) tensor.context()->wait_for_device();
  NpyHeader header;
  header.dtype = a.dtype;
  header.ndim = a.ndim;
  std::copy_n(a.shape, a.ndim, header.shape);
  const std::string text = make_npy_header(header);
  file.write(text.data(), static_cast<int64_t>(text.size()));
  Staging staging(tensor);
  for_each_piece(tensor.view(), [&](const uni_rows &rows, int64_t) {
    file.write(staging.needed_for(rows) ? staging.get(rows) : rows.data, rows.num_rows * rows.row_bytes);
  });
}

void save_npy(const uni_tensor &tensor, const char *path) {
  OutputFile file(path);
  write_npy(tensor, file);
  file.commit();
}

}  // namespace uni::core
