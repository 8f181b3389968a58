/* SPDX-License-Identifier: Apache-2.0 */
/* Plugins that are missing, broken or wrong: each is refused with words that say why, and the CPU keeps working.
 * argv: the folder that has the plugins hostile_1.so and so on. */
#define _GNU_SOURCE
#include "../unit/support.h"

#include <dlfcn.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[4096];

static void check_refused(const char *path, uni_status status, const char *text) {
  uni_context_options options = UNI_CONTEXT_OPTIONS_INIT;
  options.backend_path = path;
  uni_context *context = NULL;
  FAILS_NULL(status, text, context, uni_context_create(&options, &context, &error));
}

static void test_wrong_plugins(void **state) {
  (void)state;
  static const struct {
    uni_status status;
    const char *text;
  } expected[] = {
      {UNI_STATUS_BACKEND_UNAVAILABLE, "uni_backend_init"},
      {UNI_STATUS_VERSION_MISMATCH, "another time"},
      {UNI_STATUS_VERSION_MISMATCH, "99"},
      {UNI_STATUS_BACKEND_ERROR, "no message"},
      {UNI_STATUS_BACKEND_UNAVAILABLE, "an exception of the plugin's"},
      {UNI_STATUS_BACKEND_UNAVAILABLE, "lacks the operation gather"},
      {UNI_STATUS_BACKEND_ERROR, "on fire"},
      {UNI_STATUS_BACKEND_UNAVAILABLE, "threw when it was opened"},
  };
  for (size_t i = 0; i < sizeof expected / sizeof *expected; ++i) {
    char path[4200];
    snprintf(path, sizeof path, "%s/hostile_%zu.so", folder, i + 1);
    assert_int_equal(access(path, R_OK), 0);
    check_refused(path, expected[i].status, expected[i].text);
  }
}

/* Copies a plugin with one byte changed; at most `length` bytes. */
static void copy_file(const char *from, const char *to, long place, int value, long length) {
  FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
  assert_non_null(in);
  assert_non_null(out);
  for (long at = 0; length < 0 || at < length; ++at) {
    const int c = getc(in);
    if (c == EOF) break;
    putc(at == place ? value : c, out);
  }
  fclose(in);
  assert_int_equal(fclose(out), 0);
}

static void test_files_that_are_no_plugins(void **state) {
  (void)state;
  char temporary[] = "/tmp/unitensor-plugins-XXXXXX", good[4200], path[64];
  assert_non_null(mkdtemp(temporary));
  snprintf(good, sizeof good, "%s/hostile_7.so", folder);
  snprintf(path, sizeof path, "%s/x.so", temporary);
  FILE *text = fopen(path, "w");
  assert_non_null(text);
  fputs("int main(void) { return 0; }\n", text);
  fclose(text);
  check_refused(path, UNI_STATUS_BACKEND_UNAVAILABLE, "x.so");
  copy_file(good, path, 18, 0xb7 ^ 0x80, -1); /* the machine that it is for */
  check_refused(path, UNI_STATUS_BACKEND_UNAVAILABLE, "x.so");
  copy_file(good, path, -1, 0, 40); /* cut short; where the header is whole the system's loader trusts it */
  check_refused(path, UNI_STATUS_BACKEND_UNAVAILABLE, "x.so");
  copy_file(good, path, -1, 0, 0);
  check_refused(path, UNI_STATUS_BACKEND_UNAVAILABLE, "x.so");
  assert_int_equal(unlink(path), 0);
  assert_int_equal(mkdir(path, 0700), 0);
  check_refused(path, UNI_STATUS_BACKEND_UNAVAILABLE, "x.so");
  check_refused("hostile_7.so", UNI_STATUS_INVALID_ARGUMENT, "relative");
  assert_int_equal(rmdir(path), 0);
  assert_int_equal(rmdir(temporary), 0);
}

/* What a plugin leaves out is missed when it is needed. */
static void test_a_sample_that_nobody_can_wait_for(void **state) {
  (void)state;
  char path[4200];
  snprintf(path, sizeof path, "%s/hostile_9.so", folder);
  uni_context_options options = UNI_CONTEXT_OPTIONS_INIT;
  options.backend_path = path;
  uni_context *context = NULL;
  OK(uni_context_create(&options, &context, &error));
  const int64_t indptr[2] = {0, 1}, ends[1] = {0}, fanouts[1] = {1};
  uni_graph_desc desc = UNI_GRAPH_DESC_INIT;
  desc.flags = UNI_GRAPH_TRUST;
  uni_tensor *starts = make_tensor(context, UNI_DTYPE_INT64, 2, -1, indptr),
             *indices = make_tensor(context, UNI_DTYPE_INT64, 1, -1, ends);
  desc.indptr = starts;
  desc.indices = indices;
  uni_graph *graph = NULL;
  OK(uni_graph_create(context, &desc, &graph, &error));
  uni_sample_options how = UNI_SAMPLE_OPTIONS_INIT;
  how.num_hops = 1;
  how.fanouts = fanouts;
  uni_sample *sample = NULL;
  const uni_array seeds = array_1d(UNI_DTYPE_INT64, ends, 1);
  FAILS_NULL(UNI_STATUS_BACKEND_ERROR, "lacks sample_wait", sample,
             uni_sample_neighbors(graph, &seeds, &how, NULL, &sample, &error));
  uni_graph_release(graph);
  uni_tensor_release(starts);
  uni_tensor_release(indices);
  uni_context_release(context);
  /* Code of a plugin may be on some thread: it stays. */
  void *still_there = dlopen(path, RTLD_LAZY | RTLD_NOLOAD);
  assert_non_null(still_there);
  dlclose(still_there);
}

static uni_memory_info device_memory(void) {
  uni_context *context = make_context(1);
  uni_memory_info info = {.struct_size = sizeof info};
  OK(uni_context_memory_info(context, UNI_MEMORY_DEVICE, &info, &error));
  /* Whatever is wrong with a plugin: the CPU works. */
  uni_tensor *tensor = make_tensor(context, UNI_DTYPE_FLOAT32, 2, -1, (const float[2]){1, 2});
  uni_tensor_release(tensor);
  uni_context_release(context);
  return info;
}

/* Where a plugin is looked for, and where it is not: never in the current folder. */
static void test_where_plugins_are_looked_for(void **state) {
  (void)state;
  char temporary[] = "/tmp/unitensor-plugins-XXXXXX", good[4200], path[64], before[4096];
  assert_non_null(mkdtemp(temporary));
  snprintf(good, sizeof good, "%s/hostile_7.so", folder);
  snprintf(path, sizeof path, "%s/unitensor_cuda.so", temporary);
  copy_file(good, path, -1, 0, -1);
  assert_non_null(getcwd(before, sizeof before));
  assert_int_equal(chdir(temporary), 0);
  uni_memory_info info = device_memory();
  assert_int_equal(info.supported, 0);
  assert_null(strstr(info.reason, "on fire"));
  assert_int_equal(setenv("UNITENSOR_BACKEND_DIR", ".", 1), 0);
  info = device_memory();
  assert_non_null(strstr(info.reason, "relative"));
  assert_null(strstr(info.reason, "on fire"));
  assert_int_equal(setenv("UNITENSOR_BACKEND_DIR", temporary, 1), 0);
  info = device_memory();
  assert_int_equal(info.supported, 0);
  assert_non_null(strstr(info.reason, "on fire"));
  /* One that refuses is named, whatever it says of itself. In another folder: what was opened once is not opened anew. */
  assert_int_equal(unlink(path), 0);
  assert_int_equal(rmdir(temporary), 0);
  strcpy(temporary, "/tmp/unitensor-plugins-XXXXXX");
  assert_non_null(mkdtemp(temporary));
  assert_int_equal(setenv("UNITENSOR_BACKEND_DIR", temporary, 1), 0);
  snprintf(path, sizeof path, "%s/unitensor_cuda.so", temporary);
  snprintf(good, sizeof good, "%s/hostile_2.so", folder);
  copy_file(good, path, -1, 0, -1);
  uni_context *context = make_context(1);
  uni_backend_info backend = {.struct_size = sizeof backend};
  OK(uni_context_backend_info(context, UNI_DEVICE_CUDA, &backend, &error));
  assert_non_null(strstr(backend.reason, path));
  assert_non_null(strstr(backend.reason, "another time"));
  uni_context_release(context);
  unsetenv("UNITENSOR_BACKEND_DIR");
  assert_int_equal(chdir(before), 0);
  assert_int_equal(unlink(path), 0);
  assert_int_equal(rmdir(temporary), 0);
}

int main(int argc, char **argv) {
  if (argc != 2 || realpath(argv[1], folder) == NULL) {
    fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
    return 2;
  }
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_wrong_plugins),
      cmocka_unit_test(test_files_that_are_no_plugins),
      cmocka_unit_test(test_a_sample_that_nobody_can_wait_for),
      cmocka_unit_test(test_where_plugins_are_looked_for),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
