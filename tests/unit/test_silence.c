/* SPDX-License-Identifier: Apache-2.0 */
/* The library writes nothing to the standard streams, whatever it is given. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <unistd.h>

#include "graph_support.h"

static void hostile_calls(void) {
  uni_error own = UNI_ERROR_INIT;
  uni_context_options options = UNI_CONTEXT_OPTIONS_INIT;
  uni_context *context = NULL;
  options.backend_path = "/nowhere/plugin.so";
  uni_context_create(&options, &context, &own);
  options.backend_path = NULL;
  options.num_threads = -5;
  uni_context_create(&options, &context, &own);
  uni_context_create(NULL, NULL, NULL);
  uni_context_create(NULL, &context, &own);
  uni_memory_info memory = {0};
  memory.struct_size = sizeof memory;
  for (int32_t kind = -1; kind < 7; ++kind) uni_context_memory_info(context, kind, &memory, &own);
  uni_tensor *tensor = NULL;
  uni_tensor_desc desc = host_desc(UNI_DTYPE_FLOAT32, 2, INT64_MAX / 8, 1, 0);
  uni_tensor_create(context, &desc, &tensor, &own);
  desc.shape[0] = 4;
  uni_tensor_create(context, &desc, &tensor, &own);
  const int64_t index[2] = {99, -4};
  const uni_array borrowed = array_1d(UNI_DTYPE_INT64, index, 2);
  uni_tensor *out = NULL;
  uni_gather(tensor, &borrowed, NULL, NULL, &out, &own);
  uni_gather(NULL, NULL, NULL, NULL, NULL, NULL);
  float rows[2] = {0};
  const uni_array source = array_2d(UNI_DTYPE_FLOAT32, rows, 2, 1);
  uni_scatter(tensor, &borrowed, &source, NULL, NULL, &own);
  uni_tensor_load(context, "/dev/null", 0, NULL, &out, &own);
  uni_tensor_load(context, "/nowhere", 0, NULL, &out, &own);
  uni_tensor_save(tensor, "/proc/none/file", &own);
  uni_tensor_slice(tensor, 3, 99, &out, &own);
  uni_graph_desc graph_desc = UNI_GRAPH_DESC_INIT;
  uni_graph *graph = NULL;
  graph_desc.indptr = tensor;
  graph_desc.indices = tensor;
  uni_graph_create(context, &graph_desc, &graph, &own);
  uni_graph_load(context, "/nowhere", 0, &graph, &own);
  uni_sample *sample = NULL;
  uni_sample_neighbors(graph, &borrowed, NULL, NULL, &sample, &own);
  const int64_t indptr[3] = {0, 1, 2}, indices[2] = {0, 1}, fanouts[1] = {2};
  graph = make_graph(context, indptr, 2, indices);
  uni_sample_options sample_options = UNI_SAMPLE_OPTIONS_INIT;
  sample_options.num_hops = 1;
  sample_options.fanouts = fanouts;
  uni_sample_neighbors(graph, &borrowed, &sample_options, NULL, &sample, &own);
  uni_graph_release(graph);
  uni_tensor_release(tensor);
  uni_context_release(context);
}

static void test_nothing_is_printed(void **state) {
  (void)state;
  fflush(stdout);
  fflush(stderr);
  char name[] = "/tmp/unitensor-silence-XXXXXX";
  const int file = mkstemp(name), saved_out = dup(1), saved_err = dup(2);
  assert_true(file >= 0 && saved_out >= 0 && saved_err >= 0);
  unlink(name);
  dup2(file, 1);
  dup2(file, 2);
  hostile_calls();
  fflush(stdout);
  fflush(stderr);
  dup2(saved_out, 1);
  dup2(saved_err, 2);
  char text[512] = {0};
  const ssize_t size = pread(file, text, sizeof text - 1, 0);
  close(file);
  close(saved_out);
  close(saved_err);
  if (size != 0) fail_msg("the library printed: %s", text);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_nothing_is_printed)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
