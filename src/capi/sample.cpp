// SPDX-License-Identifier: Apache-2.0
#include "core/sample.hpp"

#include "core/structs.hpp"

using uni::guard;
using uni::core::require;

extern "C" {

uni_status uni_sample_neighbors(const uni_graph *graph, const uni_array *seeds, const uni_sample_options *options,
                                void *stream, uni_sample **sample, uni_error *error) {
  if (sample != nullptr) *sample = nullptr;
  return guard(error, [&] {
    require(graph, "graph");
    require(options, "options");
    require(sample, "sample");
    *sample = uni::core::sample_neighbors(*graph, uni::core::read_index(seeds, "seeds"),
                                          uni::core::read_struct(options, "options"), stream)
                  .detach();
  });
}

uni_status uni_sample_wait(uni_sample *sample, uni_error *error) {
  return guard(error, [&] {
    require(sample, "sample");
    sample->wait();
  });
}

uni_sample *uni_sample_retain(uni_sample *sample) {
  if (sample != nullptr) sample->retain();
  return sample;
}

void uni_sample_release(uni_sample *sample) {
  if (sample != nullptr) sample->release();
}

uni_status uni_sample_get_info(const uni_sample *sample, uni_sample_info *info, uni_error *error) {
  return guard(error, [&] {
    require(sample, "sample");
    require(info, "info");
    uni::core::write_struct(sample->info(), info, "info");
  });
}

const uni_array *uni_sample_nodes(const uni_sample *sample) {
  return sample != nullptr ? &sample->tensor(UNI_SAMPLE_NODES)->array() : nullptr;
}

uni_tensor *uni_sample_tensor(const uni_sample *sample, int32_t part) {
  return sample != nullptr ? sample->tensor(part) : nullptr;
}

}  // extern "C"
