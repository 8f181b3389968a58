// SPDX-License-Identifier: Apache-2.0
#include "core/gather.hpp"

#include "core/scatter.hpp"
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

uni_status uni_gather_many(int32_t num_tensors, const uni_tensor *const *sources, const uni_array *index,
                           const uni_gather_options *options, void *stream, const uni_array *const *outs,
                           uni_error *error) {
  return guard(error, [&] {
    if (num_tensors < 1 || num_tensors > UNI_GATHER_MANY_MAX)
      throw uni::Error(UNI_STATUS_INVALID_ARGUMENT, "num_tensors is %d, expected 1 to %d", num_tensors,
                       UNI_GATHER_MANY_MAX);
    require(sources, "sources");
    require(outs, "outs");
    uni::core::ArrayView views[UNI_GATHER_MANY_MAX];
    for (int32_t t = 0; t < num_tensors; ++t) {
      require(sources[t], uni::core::Name("sources", t).text);
      views[t] = read_array(outs[t], uni::core::Name("outs", t).text);
    }
    uni::core::gather_many(num_tensors, sources, read_index(index, "index"), read_options(options), stream, views);
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
