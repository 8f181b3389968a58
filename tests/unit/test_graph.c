/* SPDX-License-Identifier: Apache-2.0 */
/* graph.h. */
#define _GNU_SOURCE
#include <errno.h>
#include <unistd.h>

#include "graph_support.h"

static uni_context *context;

static int set_up(void **state) {
  (void)state;
  context = make_context(4);
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  uni_context_release(context);
  return 0;
}

static uni_status create_bytes(void *user_data, const void *bytes) {
  (void)user_data;
  uni_graph *graph = (void *)&poison;
  const uni_status status = uni_graph_create(context, bytes, &graph, &error);
  if (status != UNI_STATUS_OK) assert_null(graph);
  uni_graph_release(graph);
  return status;
}

static uni_status info_bytes(void *graph, void *bytes) { return uni_graph_get_info(graph, bytes, &error); }

static const int64_t indptr4[5] = {0, 2, 2, 5, 6}, indices4[6] = {1, 2, 0, 0, 3, 3};

static void test_create(void **state) {
  (void)state;
  uni_tensor *indptr = make_int64(context, 5, indptr4), *indices = make_int64(context, 6, indices4);
  uni_graph_desc desc = UNI_GRAPH_DESC_INIT;
  desc.indptr = indptr;
  desc.indices = indices;
  check_input_struct(&desc, sizeof desc, create_bytes, NULL);
  uni_graph *graph = NULL;
  OK(uni_graph_create(context, &desc, &graph, &error));
  check_output_struct(sizeof(uni_graph_info), info_bytes, graph);
  uni_graph_info info = {0};
  info.struct_size = sizeof info;
  OK(uni_graph_get_info(graph, &info, &error));
  assert_int_equal(info.num_nodes, 4);
  assert_int_equal(info.num_edges, 6);
  assert_int_equal(info.indptr_dtype, UNI_DTYPE_INT64);
  assert_int_equal(info.indices_dtype, UNI_DTYPE_INT64);
  assert_int_equal(info.has_edge_ids, 0);
  assert_ptr_equal(uni_graph_tensor(graph, UNI_GRAPH_INDPTR), indptr);
  assert_ptr_equal(uni_graph_tensor(graph, UNI_GRAPH_INDICES), indices);
  assert_null(uni_graph_tensor(graph, UNI_GRAPH_EDGE_IDS));
  assert_null(uni_graph_tensor(graph, 0));
  assert_null(uni_graph_tensor(graph, 4));
  assert_null(uni_graph_tensor(graph, -1));
  assert_null(uni_graph_tensor(NULL, UNI_GRAPH_INDPTR));
  /* The graph keeps its tensors. */
  uni_tensor_release(indptr);
  uni_tensor_release(indices);
  assert_memory_equal(pointer_of(uni_graph_tensor(graph, UNI_GRAPH_INDICES)), indices4, sizeof indices4);
  assert_ptr_equal(uni_graph_retain(graph), graph);
  uni_graph_release(graph);
  OK(uni_graph_get_info(graph, &info, &error));
  FAILS(UNI_STATUS_INVALID_ARGUMENT, "graph", uni_graph_get_info(NULL, &info, &error));
  FAILS(UNI_STATUS_INVALID_ARGUMENT, "info", uni_graph_get_info(graph, NULL, &error));
  uni_graph_release(graph);
  assert_null(uni_graph_retain(NULL));
  uni_graph_release(NULL);
}

static void test_dtypes(void **state) {
  (void)state;
  const int32_t indptr32[3] = {0, 1, 3}, indices32[3] = {1, 0, 1};
  const int64_t indptr64[3] = {0, 1, 3}, indices64[3] = {1, 0, 1};
  for (int i = 0; i < 4; ++i) {
    const int wide_indptr = i & 1, wide_indices = i >> 1;
    const int32_t dtypes[2] = {UNI_DTYPE_INT32, UNI_DTYPE_INT64};
    uni_tensor *indptr = make_tensor(context, dtypes[wide_indptr], 3, -1,
                                     wide_indptr ? (void *)(uintptr_t)indptr64 : (void *)(uintptr_t)indptr32);
    uni_tensor *indices = make_tensor(context, dtypes[wide_indices], 3, -1,
                                      wide_indices ? (void *)(uintptr_t)indices64 : (void *)(uintptr_t)indices32);
    uni_tensor *ids = make_tensor(context, dtypes[wide_indptr], 3, -1,
                                  wide_indptr ? (void *)(uintptr_t)indices64 : (void *)(uintptr_t)indices32);
    uni_tensor *other_ids = make_tensor(context, dtypes[!wide_indptr], 3, -1, NULL);
    uni_graph_desc desc = UNI_GRAPH_DESC_INIT;
    desc.indptr = indptr;
    desc.indices = indices;
    desc.edge_ids = ids;
    uni_graph *graph = NULL;
    OK(uni_graph_create(context, &desc, &graph, &error));
    uni_graph_info info = {0};
    info.struct_size = sizeof info;
    OK(uni_graph_get_info(graph, &info, &error));
    assert_int_equal(info.indptr_dtype, dtypes[wide_indptr]);
    assert_int_equal(info.indices_dtype, dtypes[wide_indices]);
    assert_int_equal(info.has_edge_ids, 1);
    assert_ptr_equal(uni_graph_tensor(graph, UNI_GRAPH_EDGE_IDS), ids);
    uni_graph_release(graph);
    desc.edge_ids = other_ids;
    FAILS_NULL(UNI_STATUS_DTYPE_MISMATCH, "edge_ids", graph, uni_graph_create(context, &desc, &graph, &error));
    uni_tensor_release(other_ids);
    uni_tensor_release(ids);
    uni_tensor_release(indices);
    uni_tensor_release(indptr);
  }
}

/* One bad value in an otherwise good graph of some size, at its ends and within. */
static void check_contents(uni_status expected, const char *text, int32_t part, int64_t place, int64_t value) {
  enum { num_nodes = 30000, num_edges = 3 * num_nodes };
  int64_t *indptr = malloc((num_nodes + 1) * 8), *indices = malloc(num_edges * 8);
  for (int64_t i = 0; i <= num_nodes; ++i) indptr[i] = 3 * i;
  for (int64_t i = 0; i < num_edges; ++i) indices[i] = i % num_nodes;
  (part == UNI_GRAPH_INDPTR ? indptr : indices)[place] = value;
  uni_graph_desc desc = UNI_GRAPH_DESC_INIT;
  uni_tensor *starts = make_int64(context, num_nodes + 1, indptr), *ends = make_int64(context, num_edges, indices);
  desc.indptr = starts;
  desc.indices = ends;
  uni_graph *graph = NULL;
  FAILS_NULL(expected, text, graph, uni_graph_create(context, &desc, &graph, &error));
  assert_memory_equal(pointer_of(starts), indptr, (num_nodes + 1) * 8);
  assert_memory_equal(pointer_of(ends), indices, num_edges * 8);
  desc.flags = UNI_GRAPH_TRUST;
  OK(uni_graph_create(context, &desc, &graph, &error));
  uni_graph_release(graph);
  uni_tensor_release(starts);
  uni_tensor_release(ends);
  free(indptr);
  free(indices);
}

static void test_contents(void **state) {
  (void)state;
  check_contents(UNI_STATUS_INVALID_ARGUMENT, "indptr", UNI_GRAPH_INDPTR, 0, 1);
  check_contents(UNI_STATUS_INVALID_ARGUMENT, "indptr", UNI_GRAPH_INDPTR, 0, -1);
  check_contents(UNI_STATUS_INVALID_ARGUMENT, "89999", UNI_GRAPH_INDPTR, 30000, 89999);
  check_contents(UNI_STATUS_INVALID_ARGUMENT, "90001", UNI_GRAPH_INDPTR, 30000, 90001);
  check_contents(UNI_STATUS_INVALID_ARGUMENT, "indptr", UNI_GRAPH_INDPTR, 15000, 44000);
  check_contents(UNI_STATUS_INVALID_ARGUMENT, "indptr", UNI_GRAPH_INDPTR, 15000, 46000);
  check_contents(UNI_STATUS_INVALID_ARGUMENT, "indptr", UNI_GRAPH_INDPTR, 15000, INT64_MAX);
  check_contents(UNI_STATUS_INVALID_ARGUMENT, "indptr", UNI_GRAPH_INDPTR, 15000, INT64_MIN);
  check_contents(UNI_STATUS_INVALID_ARGUMENT, "indptr", UNI_GRAPH_INDPTR, 1, -1);
  check_contents(UNI_STATUS_INVALID_ARGUMENT, "indptr", UNI_GRAPH_INDPTR, 29999, 90001);
  check_contents(UNI_STATUS_OUT_OF_BOUNDS, "[0]", UNI_GRAPH_INDICES, 0, -1);
  check_contents(UNI_STATUS_OUT_OF_BOUNDS, "[89999]", UNI_GRAPH_INDICES, 89999, 30000);
  check_contents(UNI_STATUS_OUT_OF_BOUNDS, "[45001]", UNI_GRAPH_INDICES, 45001, INT64_MAX);
  check_contents(UNI_STATUS_OUT_OF_BOUNDS, "-9223372036854775808", UNI_GRAPH_INDICES, 45001, INT64_MIN);
  check_contents(UNI_STATUS_OUT_OF_BOUNDS, "4294967296", UNI_GRAPH_INDICES, 7, (int64_t)1 << 32);
}

static void test_refuses(void **state) {
  (void)state;
  uni_context *other = make_context(1);
  uni_tensor *indptr = make_int64(context, 5, indptr4), *indices = make_int64(context, 6, indices4);
  uni_tensor *elsewhere = make_int64(other, 6, indices4),
             *floats = make_tensor(context, UNI_DTYPE_FLOAT32, 6, -1, NULL);
  uni_tensor *bytes = make_tensor(context, UNI_DTYPE_UINT32, 6, -1, NULL),
             *flat = make_tensor(context, UNI_DTYPE_INT64, 3, 2, NULL);
  uni_tensor *none = make_int64(context, 0, NULL), *five = make_int64(context, 5, NULL);
  uni_graph_desc good = UNI_GRAPH_DESC_INIT;
  good.indptr = indptr;
  good.indices = indices;
  uni_graph *graph = NULL;
  FAILS_NULL(UNI_STATUS_INVALID_ARGUMENT, "context", graph, uni_graph_create(NULL, &good, &graph, &error));
  FAILS_NULL(UNI_STATUS_INVALID_ARGUMENT, "desc", graph, uni_graph_create(context, NULL, &graph, &error));
  FAILS(UNI_STATUS_INVALID_ARGUMENT, "graph", uni_graph_create(context, &good, NULL, &error));
  assert_int_equal(uni_graph_create(NULL, NULL, NULL, NULL), UNI_STATUS_INVALID_ARGUMENT);
#define WRONG(expected, text, change) \
  do { \
    uni_graph_desc desc = good; \
    change; \
    FAILS_NULL((expected), (text), graph, uni_graph_create(context, &desc, &graph, &error)); \
  } while (0)
  WRONG(UNI_STATUS_INVALID_ARGUMENT, "flags", desc.flags = 2);
  WRONG(UNI_STATUS_INVALID_ARGUMENT, "indptr", desc.indptr = NULL);
  WRONG(UNI_STATUS_INVALID_ARGUMENT, "indices", desc.indices = NULL);
  WRONG(UNI_STATUS_INVALID_ARGUMENT, "context", desc.indices = elsewhere);
  WRONG(UNI_STATUS_DTYPE_MISMATCH, "indptr", desc.indptr = floats);
  WRONG(UNI_STATUS_DTYPE_MISMATCH, "indices", desc.indices = floats);
  WRONG(UNI_STATUS_DTYPE_MISMATCH, "indices", desc.indices = bytes);
  WRONG(UNI_STATUS_DTYPE_MISMATCH, "edge_ids", desc.edge_ids = floats);
  WRONG(UNI_STATUS_SHAPE_MISMATCH, "indptr", desc.indptr = flat);
  WRONG(UNI_STATUS_SHAPE_MISMATCH, "indices", desc.indices = flat);
  WRONG(UNI_STATUS_SHAPE_MISMATCH, "edge_ids", desc.edge_ids = flat);
  WRONG(UNI_STATUS_SHAPE_MISMATCH, "edge_ids", desc.edge_ids = five);
  WRONG(UNI_STATUS_SHAPE_MISMATCH, "indptr", desc.indptr = none);
#undef WRONG
  uni_tensor_release(none);
  uni_tensor_release(five);
  uni_tensor_release(flat);
  uni_tensor_release(bytes);
  uni_tensor_release(floats);
  uni_tensor_release(elsewhere);
  uni_tensor_release(indptr);
  uni_tensor_release(indices);
  uni_context_release(other);
}

static void test_empty_graphs(void **state) {
  (void)state;
  const int64_t zeros[4] = {0, 0, 0, 0};
  uni_graph *graph = make_graph(context, zeros, 0, zeros);
  uni_graph_info info = {0};
  info.struct_size = sizeof info;
  OK(uni_graph_get_info(graph, &info, &error));
  assert_int_equal(info.num_nodes, 0);
  assert_int_equal(info.num_edges, 0);
  uni_graph_release(graph);
  graph = make_graph(context, zeros, 3, zeros);
  OK(uni_graph_get_info(graph, &info, &error));
  assert_int_equal(info.num_nodes, 3);
  assert_int_equal(info.num_edges, 0);
  uni_graph_release(graph);
}

static void test_save_and_load(void **state) {
  (void)state;
  char folder[] = "/tmp/unitensor-graph-XXXXXX", path[64];
  assert_non_null(mkdtemp(folder));
  /* The second graph has no edge ids, and must not get those of the first one. */
  for (int turn = 0; turn < 3; ++turn) {
    const int with_ids = turn != 1;
    uni_tensor *indptr = make_int64(context, 5, indptr4), *indices = make_int64(context, 6, indices4);
    uni_tensor *ids = make_int64(context, 6, (const int64_t[6]){10, 11, 12, 13, 14, 15});
    uni_graph_desc desc = UNI_GRAPH_DESC_INIT;
    desc.indptr = indptr;
    desc.indices = indices;
    desc.edge_ids = with_ids ? ids : NULL;
    uni_graph *graph = NULL, *loaded = NULL;
    OK(uni_graph_create(context, &desc, &graph, &error));
    OK(uni_graph_save(graph, folder, &error));
    OK(uni_graph_load(context, folder, UNI_MEMORY_HOST, &loaded, &error));
    assert_memory_equal(pointer_of(uni_graph_tensor(loaded, UNI_GRAPH_INDPTR)), indptr4, sizeof indptr4);
    assert_memory_equal(pointer_of(uni_graph_tensor(loaded, UNI_GRAPH_INDICES)), indices4, sizeof indices4);
    assert_int_equal(uni_graph_tensor(loaded, UNI_GRAPH_EDGE_IDS) != NULL, with_ids);
    if (with_ids) assert_memory_equal(pointer_of(uni_graph_tensor(loaded, UNI_GRAPH_EDGE_IDS)), pointer_of(ids), 48);
    uni_graph_release(loaded);
    FAILS(UNI_STATUS_IO_ERROR, "/nowhere", uni_graph_save(graph, "/nowhere", &error));
    assert_int_equal(error.native_code, ENOENT);
    FAILS(UNI_STATUS_INVALID_ARGUMENT, "graph", uni_graph_save(NULL, folder, &error));
    FAILS(UNI_STATUS_INVALID_ARGUMENT, "path", uni_graph_save(graph, NULL, &error));
    uni_graph_release(graph);
    uni_tensor_release(indptr);
    uni_tensor_release(indices);
    uni_tensor_release(ids);
  }
  uni_graph *graph = NULL;
  FAILS_NULL(UNI_STATUS_INVALID_ARGUMENT, "context", graph, uni_graph_load(NULL, folder, 0, &graph, &error));
  FAILS_NULL(UNI_STATUS_INVALID_ARGUMENT, "path", graph, uni_graph_load(context, NULL, 0, &graph, &error));
  FAILS(UNI_STATUS_INVALID_ARGUMENT, "graph", uni_graph_load(context, folder, 0, NULL, &error));
  FAILS_NULL(UNI_STATUS_INVALID_ARGUMENT, "memory", graph, uni_graph_load(context, folder, 9, &graph, &error));
  FAILS_NULL(UNI_STATUS_IO_ERROR, "/nowhere", graph, uni_graph_load(context, "/nowhere", 0, &graph, &error));
  assert_int_equal(error.native_code, ENOENT);
  /* A file of the folder that holds something else is refused. */
  snprintf(path, sizeof path, "%s/indices.npy", folder);
  uni_tensor *wrong = make_int64(context, 6, (const int64_t[6]){1, 2, 0, 4, 3, 3});
  OK(uni_tensor_save(wrong, path, &error));
  FAILS_NULL(UNI_STATUS_OUT_OF_BOUNDS, "[3]", graph, uni_graph_load(context, folder, 0, &graph, &error));
  uni_tensor_release(wrong);
  FILE *file = fopen(path, "w");
  fputs("nothing", file);
  fclose(file);
  FAILS_NULL(UNI_STATUS_FORMAT_ERROR, "indices", graph, uni_graph_load(context, folder, 0, &graph, &error));
  unlink(path);
  FAILS_NULL(UNI_STATUS_IO_ERROR, "indices", graph, uni_graph_load(context, folder, 0, &graph, &error));
  const char *names[] = {"indptr", "edge_ids"};
  for (int i = 0; i < 2; ++i) {
    snprintf(path, sizeof path, "%s/%s.npy", folder, names[i]);
    assert_int_equal(unlink(path), 0);
  }
  assert_int_equal(rmdir(folder), 0); /* Nothing was left beside them. */
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_create),  cmocka_unit_test(test_dtypes),       cmocka_unit_test(test_contents),
      cmocka_unit_test(test_refuses), cmocka_unit_test(test_empty_graphs), cmocka_unit_test(test_save_and_load),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
