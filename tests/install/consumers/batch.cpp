// SPDX-License-Identifier: Apache-2.0
// The same as batch.c, from C++ with objects that release themselves.
#include <cstdint>
#include <iostream>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <vector>

#include <unitensor/macros.h>
#include <unitensor/unitensor.h>

namespace {

constexpr int64_t num_nodes = 6;

struct Release {
  void operator()(uni_context *context) const { uni_context_release(context); }
  void operator()(uni_tensor *tensor) const { uni_tensor_release(tensor); }
  void operator()(uni_graph *graph) const { uni_graph_release(graph); }
  void operator()(uni_sample *sample) const { uni_sample_release(sample); }
};
template <typename T>
using Handle = std::unique_ptr<T, Release>;

// Calls create(&object, &error), and throws what it says if it fails.
template <typename T, typename Create>
Handle<T> make(Create create) {
  uni_error error = UNI_ERROR_INIT;
  T *object = nullptr;
  if (create(&object, &error) != UNI_STATUS_OK) throw std::runtime_error(error.message);
  return Handle<T>(object);
}

Handle<uni_tensor> wrap(uni_context *context, const uni_array &array) {
  return make<uni_tensor>([&](uni_tensor **tensor, uni_error *error) {
    return uni_tensor_wrap(context, &array, nullptr, nullptr, tensor, error);
  });
}

void run() {
  std::vector<int64_t> indptr(num_nodes + 1), indices;
  std::vector<float> features(num_nodes);
  std::iota(features.begin(), features.end(), 0.0f);
  for (int64_t v = 0; v < num_nodes; ++v) {
    indices.push_back((v + 1) % num_nodes);
    indices.push_back((v + 2) % num_nodes);
    indptr[v + 1] = 2 * (v + 1);
  }
  const auto context = make<uni_context>(
      [](uni_context **result, uni_error *error) { return uni_context_create(nullptr, result, error); });
  const auto indptr_tensor = wrap(context.get(), UNI_ARRAY_1D(UNI_DTYPE_INT64, indptr.data(), num_nodes + 1));
  const auto indices_tensor = wrap(context.get(), UNI_ARRAY_1D(UNI_DTYPE_INT64, indices.data(), 2 * num_nodes));
  const auto features_tensor = wrap(context.get(), UNI_ARRAY_2D(UNI_DTYPE_FLOAT32, features.data(), num_nodes, 1));
  uni_graph_desc desc = UNI_GRAPH_DESC_INIT;
  desc.indptr = indptr_tensor.get();
  desc.indices = indices_tensor.get();
  const auto graph = make<uni_graph>(
      [&](uni_graph **result, uni_error *error) { return uni_graph_create(context.get(), &desc, result, error); });

  int64_t seed_nodes[] = {0, 3};
  const int64_t fanouts[] = {2};
  const uni_array seeds = UNI_ARRAY_1D(UNI_DTYPE_INT64, seed_nodes, 2);
  uni_sample_options options = UNI_SAMPLE_OPTIONS_INIT;
  options.num_hops = 1;
  options.fanouts = fanouts;
  const auto sample = make<uni_sample>([&](uni_sample **result, uni_error *error) {
    return uni_sample_neighbors(graph.get(), &seeds, &options, nullptr, result, error);
  });
  const uni_array *nodes = uni_sample_nodes(sample.get());
  const auto rows = make<uni_tensor>([&](uni_tensor **result, uni_error *error) {
    return uni_gather(features_tensor.get(), nodes, nullptr, nullptr, result, error);
  });
  const auto *gathered = static_cast<const float *>(uni_tensor_array(rows.get())->data);
  std::cout << "unitensor " << uni_version() << ": " << nodes->shape[0] << " nodes, sum "
            << std::accumulate(gathered, gathered + nodes->shape[0], 0.0f) << '\n';
}

}  // namespace

int main() {
  try {
    run();
  } catch (const std::exception &e) {
    std::cerr << e.what() << '\n';
    return 1;
  }
  return 0;
}
