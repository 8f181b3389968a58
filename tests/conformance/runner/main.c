/* SPDX-License-Identifier: Apache-2.0 */
/* Runs every case of the vector files through the C API on a backend:
 *   conformance --backend cpu|PATH --threads N --memory host|pinned|managed|device FILE...
 * Fails on a file without cases and on an operation that it does not know. */
#include "runner.h"

static const struct {
  const char *name;
  operation run;
} operations[] = {
    {"gather", run_gather},
    {"gather_into", run_gather_into},
    {"gather_converted", run_gather_converted},
    {"gather_many", run_gather_many},
    {"scatter", run_scatter},
    {"graph", run_graph},
    {"npy_load", run_npy_load},
    {"sample_neighbors", run_sample_neighbors},
    {"npy_save", run_npy_save},
    {"dlpack_import", run_dlpack_import},
};

static const char *const memory_words[] = {"host", "pinned", "managed", "device"};

static uni_context *context;

int check_status(const cJSON *test, uni_status status, const uni_error *error) {
  const cJSON *expect = member(test, "expect");
  char expected[64];
  snprintf(expected, sizeof expected, "UNI_STATUS_%s", text_member(expect, "status"));
  if (strcmp(uni_status_string(status), expected) != 0)
    fail_msg("gave %s \"%s\", expected %s", uni_status_string(status), error->message, expected);
  if (status == UNI_STATUS_OK) return 1;
  assert_int_equal(error->code, status);
  if (error->message[0] == '\0') fail_msg("gave %s without a message", expected);
  const cJSON *words = member(expect, "message"), *word;
  cJSON_ArrayForEach(word, words) {
    if (!cJSON_IsString(word) || strstr(error->message, word->valuestring) == NULL)
      fail_msg("the message is \"%s\", expected \"%s\" in it", error->message,
               cJSON_IsString(word) ? word->valuestring : "?");
  }
  return 0;
}

static void run_case(void **state) {
  const cJSON *test = *state;
  const char *name = text_member(test, "operation");
  for (size_t i = 0; i < sizeof operations / sizeof operations[0]; ++i) {
    if (strcmp(operations[i].name, name) == 0) {
      operations[i].run(context, test);
      return;
    }
  }
  fail_msg("the runner does not know the operation \"%s\"", name);
}

static int run_file(const char *path) {
  cJSON *vectors = read_vectors(path);
  if (vectors == NULL) return 1;
  cJSON *cases = cJSON_GetObjectItemCaseSensitive(vectors, "cases"), *test;
  struct CMUnitTest *tests = calloc((size_t)cJSON_GetArraySize(cases), sizeof *tests);
  if (tests == NULL) {
    fprintf(stderr, "%s: out of memory\n", path);
    cJSON_Delete(vectors);
    return 1;
  }
  size_t count = 0;
  cJSON_ArrayForEach(test, cases) {
    const cJSON *name = cJSON_GetObjectItemCaseSensitive(test, "name");
    tests[count].name = cJSON_IsString(name) ? name->valuestring : "a case without a name";
    tests[count].test_func = run_case;
    tests[count].initial_state = test;
    ++count;
  }
  const char *last = strrchr(path, '/');
  const int failed = _cmocka_run_group_tests(last != NULL ? last + 1 : path, tests, count, NULL, NULL);
  free(tests);
  cJSON_Delete(vectors);
  return failed;
}

int main(int argc, char **argv) {
  uni_context_options options = UNI_CONTEXT_OPTIONS_INIT;
  int first = 1;
  for (; first + 1 < argc; first += 2) {
    if (strcmp(argv[first], "--backend") == 0)
      options.backend_path = strcmp(argv[first + 1], "cpu") == 0 ? NULL : argv[first + 1];
    else if (strcmp(argv[first], "--threads") == 0)
      options.num_threads = atoi(argv[first + 1]);
    else if (strcmp(argv[first], "--memory") == 0)
      for (memory_under_test = UNI_MEMORY_DEVICE; memory_under_test > 0; --memory_under_test) {
        if (strcmp(memory_words[memory_under_test - 1], argv[first + 1]) == 0) break;
      }
    else
      break;
  }
  if (first >= argc || memory_under_test == 0) {
    fprintf(stderr, "usage: %s [--backend cpu|PATH] [--threads N] [--memory host|pinned|managed|device] FILE...\n",
            argv[0]);
    return 2;
  }
  uni_error error = UNI_ERROR_INIT;
  const uni_status status = uni_context_create(&options, &context, &error);
  if (status != UNI_STATUS_OK) {
    fprintf(stderr, "%s: %s\n", uni_status_string(status), error.message);
    return 2;
  }
  const char *backend = uni_context_backend(context);
  int failed = 0;
  /* A plugin that was given and is not used would make every case a case of the CPU backend. */
  if (on_device()) {
    uni_memory_info info = {.struct_size = sizeof info};
    if (uni_context_memory_info(context, memory_under_test, &info, &error) != UNI_STATUS_OK || !info.supported) {
      fprintf(stderr, "memory kind %s: %s\n", memory_words[memory_under_test - 1], info.reason);
      failed = 1;
    }
    backend = "of CUDA devices";
  } else if ((options.backend_path == NULL) != (strcmp(backend, "cpu") == 0)) {
    fprintf(stderr, "the backend is %s\n", backend);
    failed = 1;
  }
  printf("backend %s, %s memory, %d threads\n", backend, memory_words[memory_under_test - 1],
         (int)uni_context_num_threads(context));
  for (int i = first; i < argc; ++i) failed += run_file(argv[i]);
  uni_context_release(context);
  return failed != 0;
}
