/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "gpu_support.h"

#include <dlfcn.h>
#include <malloc.h>
#include <unistd.h>

gpu_machine machine;

/* The driver's own functions, so that the tests need no toolkit. Their results are int (CUresult), handles pointers. */
static struct {
  int (*stream_create)(void **stream, unsigned flags);
  int (*stream_synchronize)(void *stream);
  int (*stream_destroy)(void *stream);
  int (*mem_get_info)(size_t *free_bytes, size_t *total_bytes);
  int (*primary_context_retain)(void **context, int device);
  int (*context_set_current)(void *context);
  int (*init)(unsigned flags);
  int (*begin_capture)(void *stream, int mode);
  int (*end_capture)(void *stream, void **graph);
  int (*instantiate)(void **executable, void *graph, unsigned long long flags);
  int (*launch)(void *executable, void *stream);
  int (*destroy_executable)(void *executable);
  int (*destroy_graph)(void *graph);
} driver;

static void *primary_context;

static struct {
  void *(*create_stream)(void);
  void (*synchronize)(void *stream);
  void (*destroy_stream)(void *stream);
  void (*begin_capture)(void *stream);
  int32_t (*end_capture)(void **graph);
  void (*launch_graph)(void *graph, void *stream);
  void (*destroy_graph)(void *graph);
  void (*get_counts)(fake_counts *counts);
} fake;

static void *find(void *library, const char *name) {
  void *const function = dlsym(library, name);
  if (function == NULL) fprintf(stderr, "%s is missing\n", name);
  return function;
}

#define FIND(library, target, name) (*(void **)&(target) = find((library), (name)))

static int load_driver(void) {
  void *const library = dlopen("libcuda.so.1", RTLD_NOW);
  if (library == NULL) return 0;
  FIND(library, driver.init, "cuInit");
  FIND(library, driver.primary_context_retain, "cuDevicePrimaryCtxRetain");
  FIND(library, driver.context_set_current, "cuCtxSetCurrent");
  FIND(library, driver.stream_create, "cuStreamCreate");
  FIND(library, driver.stream_synchronize, "cuStreamSynchronize");
  FIND(library, driver.stream_destroy, "cuStreamDestroy_v2");
  FIND(library, driver.mem_get_info, "cuMemGetInfo_v2");
  FIND(library, driver.begin_capture, "cuStreamBeginCapture_v2");
  FIND(library, driver.end_capture, "cuStreamEndCapture");
  FIND(library, driver.instantiate, "cuGraphInstantiateWithFlags");
  FIND(library, driver.launch, "cuGraphLaunch");
  FIND(library, driver.destroy_executable, "cuGraphExecDestroy");
  FIND(library, driver.destroy_graph, "cuGraphDestroy");
  return driver.init != NULL && driver.init(0) == 0 && driver.primary_context_retain(&primary_context, 0) == 0 &&
         driver.context_set_current(primary_context) == 0;
}

static int load_fake(void) {
  void *const plugin = dlopen(machine.plugin, RTLD_NOW);
  if (plugin == NULL || dlsym(plugin, "fake_create_stream") == NULL) return 0;
  FIND(plugin, fake.create_stream, "fake_create_stream");
  FIND(plugin, fake.synchronize, "fake_synchronize");
  FIND(plugin, fake.destroy_stream, "fake_destroy_stream");
  FIND(plugin, fake.begin_capture, "fake_begin_capture");
  FIND(plugin, fake.end_capture, "fake_end_capture");
  FIND(plugin, fake.launch_graph, "fake_launch_graph");
  FIND(plugin, fake.destroy_graph, "fake_destroy_graph");
  FIND(plugin, fake.get_counts, "fake_get_counts");
  return 1;
}

int start_gpu_tests(int argc, char **argv) {
  if (argc < 2 || argc > 3) {
    fprintf(stderr, "usage: %s PLUGIN [MEGABYTES]\n", argv[0]);
    return 2;
  }
  machine.plugin = argv[1];
  uni_context_options options = UNI_CONTEXT_OPTIONS_INIT;
  options.backend_path = machine.plugin;
  uni_context *context = NULL;
  if (uni_context_create(&options, &context, &error) != UNI_STATUS_OK) {
    fprintf(stderr, "skipped: %s\n", error.message);
    return 77;
  }
  uni_context_release(context);
  machine.emulated = load_fake();
  if (!machine.emulated && !load_driver()) {
    fprintf(stderr, "the driver cannot be called\n");
    return 1;
  }
  const int64_t mib = (int64_t)1 << 20;
  const int64_t quarter = machine.emulated ? 64 * mib : free_device_bytes() / 4;
  machine.most_bytes = argc == 3 ? strtoll(argv[2], NULL, 10) * mib : 6144 * mib;
  if (machine.most_bytes > quarter) machine.most_bytes = quarter;
  printf("at most %lld MiB to a test\n", (long long)(machine.most_bytes / mib));
  return 0;
}

uni_context *make_gpu_context(int32_t num_threads) {
  uni_context_options options = UNI_CONTEXT_OPTIONS_INIT;
  options.num_threads = num_threads;
  options.backend_path = machine.plugin;
  uni_context *context = NULL;
  OK(uni_context_create(&options, &context, &error));
  return context;
}

void use_device_in_this_thread(void) {
  if (!machine.emulated) assert_int_equal(driver.context_set_current(primary_context), 0);
}

void *create_stream(void) {
  if (machine.emulated) return fake.create_stream();
  const unsigned non_blocking = 1; /* CU_STREAM_NON_BLOCKING: it waits for no default stream */
  void *stream = NULL;
  use_device_in_this_thread();
  assert_int_equal(driver.stream_create(&stream, non_blocking), 0);
  return stream;
}

void synchronize_stream(void *stream) {
  if (machine.emulated)
    fake.synchronize(stream);
  else
    assert_int_equal(driver.stream_synchronize(stream), 0);
}

void destroy_stream(void *stream) {
  if (machine.emulated)
    fake.destroy_stream(stream);
  else
    assert_int_equal(driver.stream_destroy(stream), 0);
}

void begin_capture(void *stream) {
  const int of_this_thread = 1; /* CU_STREAM_CAPTURE_MODE_THREAD_LOCAL: what other threads call does not end it */
  if (machine.emulated)
    fake.begin_capture(stream);
  else
    assert_int_equal(driver.begin_capture(stream, of_this_thread), 0);
}

void *end_capture(void *stream) {
  void *graph = NULL, *executable = NULL;
  if (machine.emulated) {
    if (fake.end_capture(&graph) == 0) return graph;
    fake.destroy_graph(graph);
    return NULL;
  }
  if (driver.end_capture(stream, &graph) != 0) return NULL;
  assert_int_equal(driver.instantiate(&executable, graph, 0), 0);
  /* From here on what is launched keeps what the graph kept. */
  assert_int_equal(driver.destroy_graph(graph), 0);
  return executable;
}

void abandon_capture(void *stream) {
  void *graph = NULL;
  if (machine.emulated)
    fake.end_capture(NULL);
  else if (driver.end_capture(stream, &graph) == 0)
    assert_int_equal(driver.destroy_graph(graph), 0);
}

void launch_graph(void *graph, void *stream) {
  if (machine.emulated)
    fake.launch_graph(graph, stream);
  else
    assert_int_equal(driver.launch(graph, stream), 0);
}

void destroy_graph(void *graph) {
  if (machine.emulated)
    fake.destroy_graph(graph);
  else
    assert_int_equal(driver.destroy_executable(graph), 0);
}

void wait_until_given_back(uni_context *context, const _Atomic int64_t *kept) {
  for (int i = 0; i < 2000 && atomic_load(kept) > 0; ++i) {
    if (i > 0) usleep(10000);
    OK(uni_context_check(context, &error));
  }
  if (atomic_load(kept) != 0) fail_msg("%lld are kept for ever", (long long)atomic_load(kept));
}

/* Of /proc/self/status, in bytes; 0 where it is not told. */
static int64_t told_by_kernel(const char *name) {
  FILE *const file = fopen("/proc/self/status", "r");
  assert_non_null(file);
  char line[256];
  long long kibibytes = 0;
  while (fgets(line, sizeof line, file) != NULL)
    if (strncmp(line, name, strlen(name)) == 0) kibibytes = strtoll(line + strlen(name) + 1, NULL, 10);
  fclose(file);
  return (int64_t)kibibytes * 1024;
}

memory_use measure_memory(void) {
  memory_use use;
  memset(&use, 0, sizeof use);
  malloc_trim(0);
  use.device_free = free_device_bytes();
  use.locked = told_by_kernel("VmLck") + told_by_kernel("VmPin");
  use.resident = told_by_kernel("VmRSS");
  if (machine.emulated) {
    fake.get_counts(&use.counts);
    use.resident -= use.counts.arena_bytes;
  }
  return use;
}

int64_t free_device_bytes(void) {
  if (machine.emulated) return -1;
  size_t free_bytes = 0, total_bytes = 0;
  assert_int_equal(driver.mem_get_info(&free_bytes, &total_bytes), 0);
  return (int64_t)free_bytes;
}

void random_index(int32_t dtype, void *index, int64_t length, int64_t count, uint64_t *state) {
  for (int64_t i = 0; i < length; ++i) {
    const int64_t value = (int64_t)(next_random(state) % (uint64_t)count);
    if (dtype == UNI_DTYPE_INT64)
      ((int64_t *)index)[i] = value;
    else
      ((int32_t *)index)[i] = (int32_t)value;
  }
}

void check_nothing_is_left(void) {
  const fake_counts left = measure_memory().counts;
  assert_int_equal(left.device_blocks + left.managed_blocks + left.registered_ranges, 0);
  assert_int_equal(left.streams + left.events + left.pending_work, 0);
  assert_int_equal(left.last_error + left.broken_borders, 0);
}

void *allocate(int64_t num_bytes) {
  void *data = malloc((size_t)num_bytes + 1);
  assert_non_null(data);
  return data;
}
