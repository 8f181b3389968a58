// SPDX-License-Identifier: Apache-2.0
#include "core/gather.hpp"

#include "core/structs.hpp"

using uni::guard;
using uni::core::read_array;
using uni::core::read_index;
using uni::core::require;

namespace {

uni_gather_options read_options(const uni_gather_options *options) {
  if (options == nullptr) return UNI_GATHER_OPTIONS_INIT;
  return uni::core::read_struct(options, "options");
}

}  // namespace

extern "C" {

uni_status uni_gather(const uni_tensor *source, const uni_array *index, const uni_gather_options *options, void *stream,
                      uni_tensor **out, uni_error *error) {
  if (out != nullptr) *out = nullptr;
  return guard(error, [&] {
    require(source, "source");
    require(out, "out");
    *out = uni::core::gather(*source, read_index(index, "index"), read_options(options), stream).detach();
  });
}

uni_status uni_gather_into(const uni_tensor *source, const uni_array *index, const uni_gather_options *options,
                           void *stream, const uni_array *out, uni_error *error) {
  return guard(error, [&] {
    require(source, "source");
    uni::core::gather_into(*source, read_index(index, "index"), read_options(options), stream, read_array(out, "out"));
  });
}

uni_status uni_scatter(uni_tensor *destination, const uni_array *index, const uni_array *rows,
                       const uni_scatter_options *options, void *stream, uni_error *error) {
  return guard(error, [&] {
    require(destination, "destination");
    uni_scatter_options read = UNI_SCATTER_OPTIONS_INIT;
    if (options != nullptr) read = uni::core::read_struct(options, "options");
    uni::core::scatter(*destination, read_index(index, "index"), read_array(rows, "rows"), read, stream);
  });
}

}  // extern "C"
