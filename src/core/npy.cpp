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

// Reads all rows into memory of the CPU's, whatever the distance between them: straight to their place where they are
// packed, by way of a piece of the file where they are padded.
void read_rows(const InputFile &file, int64_t offset, const ArrayView &to, const uni_load_options &options) {
  const uni_rows rows = to.rows();
  const int64_t total = to.layout.num_bytes;
  if (total == 0) return;
  const bool padded = rows.row_pitch != rows.row_bytes && rows.num_rows > 1;
  const int64_t whole_rows = std::max<int64_t>(1, piece_bytes / rows.row_bytes) * rows.row_bytes;
  const int64_t most = std::min(padded ? whole_rows : piece_bytes, total);
  const auto staged = std::unique_ptr<char[]>(padded ? new char[static_cast<size_t>(most)] : nullptr);
  for (int64_t done = 0; done < total;) {
    const int64_t piece = std::min(most, total - done);
    if (padded) {
      file.read_at(offset + done, staged.get(), piece);
      char *row = rows.data + done / rows.row_bytes * rows.row_pitch;
      for (int64_t at = 0; at < piece; at += rows.row_bytes, row += rows.row_pitch)
        std::copy_n(staged.get() + at, rows.row_bytes, row);
    } else {
      file.read_at(offset + done, rows.data + done, piece);
    }
    done += piece;
    if (options.progress != nullptr && options.progress(options.progress_user_data, done, total) != 0)
      throw Error(UNI_STATUS_CALLBACK, "loading %s was stopped by the progress callback", file.path());
  }
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
  if (tensor->readable_by_cpu()) {
    read_rows(file, data_begin, tensor->view(), options);
  } else {
    desc.memory = UNI_MEMORY_HOST;
    const Ref<uni_tensor> staging = create_tensor(context, desc);
    read_rows(file, data_begin, staging->view(), options);
    copy_array(context, tensor->view(), "tensor", staging->view(), "file", nullptr);
    context->check(true);
  }
  return tensor;
}

void write_npy(const uni_tensor &tensor, OutputFile &file) {
  const uni_array &a = tensor.array();
  if (a.dtype == UNI_DTYPE_BFLOAT16)
    throw Error(UNI_STATUS_DTYPE_MISMATCH, "tensor has dtype bfloat16, which the .npy format does not have");
  if (!tensor.readable_by_cpu())
    throw Error(UNI_STATUS_DEVICE_MISMATCH,
                "tensor is device memory, expected memory that the CPU reads; copy it first");
  require_inherited(tensor, "tensor");
  NpyHeader header;
  header.dtype = a.dtype;
  header.ndim = a.ndim;
  std::copy_n(a.shape, a.ndim, header.shape);
  const std::string text = make_npy_header(header);
  file.write(text.data(), static_cast<int64_t>(text.size()));
  const uni_rows rows = tensor.rows();
  const int64_t total = tensor.layout().num_bytes;
  if (total > 0 && (rows.row_pitch == rows.row_bytes || rows.num_rows == 1)) {
    file.write(rows.data, total);
  } else if (total > 0) {
    const int64_t rows_per_piece = std::max<int64_t>(1, std::min(piece_bytes / rows.row_bytes, rows.num_rows));
    const auto piece = std::make_unique<char[]>(static_cast<size_t>(rows_per_piece * rows.row_bytes));
    for (int64_t begin = 0; begin < rows.num_rows; begin += rows_per_piece) {
      const int64_t end = std::min(begin + rows_per_piece, rows.num_rows);
      for (int64_t row = begin; row < end; ++row)
        std::copy_n(rows.data + row * rows.row_pitch, rows.row_bytes, piece.get() + (row - begin) * rows.row_bytes);
      file.write(piece.get(), (end - begin) * rows.row_bytes);
    }
  }
}

void save_npy(const uni_tensor &tensor, const char *path) {
  OutputFile file(path);
  write_npy(tensor, file);
  file.commit();
}

}  // namespace uni::core
