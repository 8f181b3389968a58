/* SPDX-License-Identifier: Apache-2.0 */
#include "gpu_support.h"

#include <dlfcn.h>

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
} driver;

static struct {
  void *(*create_stream)(void);
  void (*synchronize)(void *stream);
  void (*destroy_stream)(void *stream);
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
  void *context = NULL;
  return driver.init != NULL && driver.init(0) == 0 && driver.primary_context_retain(&context, 0) == 0 &&
         driver.context_set_current(context) == 0;
}

static int load_fake(void) {
  void *const plugin = dlopen(machine.plugin, RTLD_NOW);
  if (plugin == NULL || dlsym(plugin, "fake_create_stream") == NULL) return 0;
  FIND(plugin, fake.create_stream, "fake_create_stream");
  FIND(plugin, fake.synchronize, "fake_synchronize");
  FIND(plugin, fake.destroy_stream, "fake_destroy_stream");
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

void *create_stream(void) {
  if (machine.emulated) return fake.create_stream();
  const unsigned non_blocking = 1; /* CU_STREAM_NON_BLOCKING: it waits for no default stream */
  void *stream = NULL;
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
