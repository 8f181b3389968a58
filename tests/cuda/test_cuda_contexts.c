/* SPDX-License-Identifier: Apache-2.0 */
/* Several contexts, devices, threads and other libraries in one process, over the emulated machine. */
#define _GNU_SOURCE
#include "cuda_support.h"

#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static const float table[4][2] = {{0, 1}, {10, 11}, {20, 21}, {30, 31}};
static const int64_t picks[3] = {3, 0, 2};

static int64_t num_blocks(void) {
  const fake_counts counts = counts_now();
  return counts.device_blocks + counts.managed_blocks + counts.registered_ranges;
}

static uni_tensor *make_on(uni_context *context, int32_t device_id, int32_t dtype, int64_t rows, int64_t columns,
                           const void *data) {
  uni_tensor_desc desc = UNI_TENSOR_DESC_INIT;
  desc.memory = UNI_MEMORY_DEVICE;
  desc.device_id = device_id;
  desc.dtype = dtype;
  desc.ndim = columns < 0 ? 1 : 2;
  desc.shape[0] = rows;
  desc.shape[1] = columns < 0 ? 0 : columns;
  uni_tensor *tensor = NULL;
  OK(uni_tensor_create(context, &desc, &tensor, &error));
  const uni_array host = columns < 0 ? array_1d(dtype, data, rows) : array_2d(dtype, data, rows, columns);
  OK(uni_tensor_copy_from(tensor, &host, NULL, &error));
  return tensor;
}

static void check_gathered(const uni_tensor *out) {
  float rows[3][2];
  read_back(out, rows);
  for (int i = 0; i < 3; ++i) assert_memory_equal(rows[i], table[picks[i]], sizeof rows[i]);
}

/* The owner of a tensor has no operation of its own, and must still wait for those of others. */
static void test_release_waits_for_other_contexts(void **state) {
  (void)state;
  for (int32_t memory = UNI_MEMORY_PINNED; memory <= UNI_MEMORY_DEVICE; ++memory) {
    fake_reset();
    fake_set_others_first(1);
    uni_context *owner = make_cuda_context(), *user = make_cuda_context();
    void *stream = fake_create_stream();
    uni_tensor *source = make_in(owner, memory, UNI_DTYPE_FLOAT32, 4, 2, table);
    uni_tensor *index = make_in(user, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, 3, -1, picks);
    uni_tensor *out = make_in(user, UNI_MEMORY_DEVICE, UNI_DTYPE_FLOAT32, 3, 2, table);
    uni_tensor *by_user = NULL;
    const uni_array lent = *uni_tensor_array(source);
    OK(uni_tensor_wrap(user, &lent, NULL, NULL, &by_user, &error));
    OK(uni_gather_into(by_user, uni_tensor_array(index), NULL, stream, uni_tensor_array(out), &error));
    const int64_t before = num_blocks();
    uni_tensor_release(source);
    assert_int_equal(num_blocks(), before);
    uni_tensor *other = make_in(owner, memory, UNI_DTYPE_FLOAT32, 4, 2, (const float[8]){9, 9, 9, 9, 9, 9, 9, 9});
    /* make_in waits for the owner's operations, and these are not the user's. */
    OK(uni_context_synchronize(owner, &error));
    OK(uni_context_synchronize(user, &error));
    check_gathered(out);
    OK(uni_context_check(owner, &error));
    uni_tensor_release(other);
    uni_tensor_release(by_user);
    uni_tensor_release(out);
    uni_tensor_release(index);
    uni_context_release(owner);
    uni_context_release(user);
    fake_destroy_stream(stream);
    check_nothing_left();
  }
}

/* The last reference to the owner's context goes while another one's operation reads its tensor. */
static void test_a_context_ends_before_the_use_of_its_tensor(void **state) {
  (void)state;
  for (int32_t memory = UNI_MEMORY_PINNED; memory <= UNI_MEMORY_DEVICE; ++memory) {
    fake_reset();
    uni_context *owner = make_cuda_context(), *user = make_cuda_context();
    void *stream = fake_create_stream();
    uni_tensor *source = make_in(owner, memory, UNI_DTYPE_FLOAT32, 4, 2, table), *by_user = NULL, *out = NULL;
    uni_tensor *index = make_in(user, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, 3, -1, picks);
    OK(uni_tensor_wrap(user, uni_tensor_array(source), NULL, NULL, &by_user, &error));
    OK(uni_gather(by_user, uni_tensor_array(index), NULL, stream, &out, &error));
    assert_true(counts_now().pending_work > 0);
    uni_context_release(owner);
    uni_tensor_release(source);
    check_gathered(out);
    uni_tensor_release(by_user);
    uni_tensor_release(out);
    uni_tensor_release(index);
    uni_context_release(user);
    fake_destroy_stream(stream);
    check_nothing_left();
  }
}

/* CUDA refuses to register memory twice, and forgets it at the first release. */
static void test_the_same_memory_registered_twice(void **state) {
  (void)state;
  for (int order = 0; order < 2; ++order) {
    fake_reset();
    uni_context *contexts[2] = {make_cuda_context(), make_cuda_context()};
    float *mine = aligned_alloc(4096, 3 * 4096);
    memcpy(mine, table, sizeof table);
    const uni_array whole = array_2d(UNI_DTYPE_FLOAT32, mine, 1024, 2), part = array_2d(UNI_DTYPE_FLOAT32, mine, 4, 2);
    const uni_array beyond = array_2d(UNI_DTYPE_FLOAT32, mine + 1000, 1024, 2);
    uni_tensor *tensors[2] = {NULL, NULL}, *larger = NULL, *out = NULL;
    OK(uni_tensor_register(contexts[0], &whole, NULL, NULL, &tensors[0], &error));
    OK(uni_tensor_register(contexts[1], &part, NULL, NULL, &tensors[1], &error));
    const int64_t registered = counts_now().registered_ranges;
    /* Beyond what is known, the pages that are missing are registered, and the others are there for both. */
    OK(uni_tensor_register(contexts[1], &beyond, NULL, NULL, &larger, &error));
    assert_int_equal(counts_now().registered_ranges, registered + 1);
    uni_tensor_release(larger);
    OK(uni_context_synchronize(contexts[1], &error));
    assert_int_equal(counts_now().registered_ranges, registered);
    uni_tensor_release(tensors[order]);
    assert_int_equal(counts_now().registered_ranges, registered);
    /* The other one still has memory that the device reads. */
    uni_tensor *index = make_in(contexts[0], UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, 3, -1, picks);
    OK(uni_gather(tensors[1 - order], uni_tensor_array(index), NULL, NULL, &out, &error));
    check_gathered(out);
    const int64_t in_use = counts_now().registered_ranges;
    uni_tensor_release(tensors[1 - order]);
    OK(uni_context_synchronize(contexts[0], &error));
    OK(uni_context_synchronize(contexts[1], &error));
    assert_int_equal(counts_now().registered_ranges, in_use - 1);
    /* Arrays that share a page and no byte: whichever goes first, the other one's page stays. */
    const uni_array left = array_2d(UNI_DTYPE_FLOAT32, mine, 4, 2),
                    right = array_2d(UNI_DTYPE_FLOAT32, mine + 512, 512, 2);
    memcpy(mine + 512, table, sizeof table);
    OK(uni_tensor_register(contexts[0], &left, NULL, NULL, &tensors[0], &error));
    OK(uni_tensor_register(contexts[1], &right, NULL, NULL, &tensors[1], &error));
    assert_int_equal(counts_now().registered_ranges, in_use + 1);
    uni_tensor_release(tensors[order]);
    OK(uni_context_synchronize(contexts[order], &error));
    uni_tensor_release(out);
    OK(uni_gather(tensors[1 - order], uni_tensor_array(index), NULL, NULL, &out, &error));
    check_gathered(out);
    uni_tensor_release(tensors[1 - order]);
    uni_tensor_release(out);
    uni_tensor_release(index);
    uni_context_release(contexts[0]);
    uni_context_release(contexts[1]);
    free(mine);
    check_nothing_left();
  }
}

/* What other libraries have registered is theirs to give back; where they have only some of it, CUDA refuses the rest. */
static void test_memory_that_others_have_registered(void **state) {
  (void)state;
  fake_reset();
  uni_context *context = make_cuda_context();
  char *mine = aligned_alloc(4096, 3 * 4096);
  const uni_array all = array_1d(UNI_DTYPE_UINT8, mine, 3 * 4096),
                  second = array_1d(UNI_DTYPE_UINT8, mine + 4096, 4096);
  uni_tensor *tensor = NULL;
  assert_int_equal(fake_register_host(mine + 4096, 4096), 0);
  OK(uni_tensor_register(context, &second, NULL, NULL, &tensor, &error));
  uni_tensor_release(tensor);
  FAILS_NULL(UNI_STATUS_BACKEND_ERROR, "page-locking 12288 bytes", tensor,
             uni_tensor_register(context, &all, NULL, NULL, &tensor, &error));
  OK(uni_context_synchronize(context, &error));
  /* Known at both ends, and not between. */
  assert_int_equal(fake_unregister_host(mine + 4096), 0);
  assert_int_equal(fake_register_host(mine, 4096), 0);
  assert_int_equal(fake_register_host(mine + 2 * 4096, 4096), 0);
  FAILS_NULL(UNI_STATUS_BACKEND_ERROR, "page-locking 12288 bytes", tensor,
             uni_tensor_register(context, &all, NULL, NULL, &tensor, &error));
  assert_int_equal(fake_register_host(mine + 4096, 4096), 0);
  OK(uni_tensor_register(context, &all, NULL, NULL, &tensor, &error));
  uni_tensor_release(tensor);
  OK(uni_context_synchronize(context, &error));
  for (int i = 0; i < 3; ++i) assert_int_equal(fake_unregister_host(mine + i * 4096), 0);
  uni_context_release(context);
  free(mine);
  check_nothing_left();
}

/* Tensors of a device that is not the thread's current one, which stays what it is. */
static void test_two_devices(void **state) {
  (void)state;
  for (int32_t current = 0; current < 2; ++current) {
    fake_reset();
    fake_set_machine(2, 13000, 1);
    fake_set_device(current);
    uni_context *context = make_cuda_context();
    uni_tensor *sources[2], *indices[2], *outs[2] = {NULL, NULL}, *none = NULL;
    for (int32_t device = 0; device < 2; ++device) {
      sources[device] = make_on(context, device, UNI_DTYPE_FLOAT32, 4, 2, table);
      indices[device] = make_on(context, device, UNI_DTYPE_INT64, 3, -1, picks);
      assert_int_equal(fake_get_device(), current);
    }
    for (int32_t device = 0; device < 2; ++device) {
      OK(uni_gather(sources[device], uni_tensor_array(indices[device]), NULL, NULL, &outs[device], &error));
      assert_int_equal(info_of(outs[device]).device_id, device);
      FAILS_NULL(UNI_STATUS_DEVICE_MISMATCH, "device", none,
                 uni_gather(sources[device], uni_tensor_array(indices[1 - device]), NULL, NULL, &none, &error));
      uni_array elsewhere = *uni_tensor_array(sources[1 - device]);
      elsewhere.shape[0] = 3;
      FAILS(UNI_STATUS_DEVICE_MISMATCH, "device",
            uni_gather_into(sources[device], uni_tensor_array(indices[device]), NULL, NULL, &elsewhere, &error));
      assert_int_equal(fake_get_device(), current);
    }
    /* What needs no stream named is enqueued on that of the memory's device. */
    const float seven = 7;
    uni_tensor *seen = make_in(context, UNI_MEMORY_PINNED, UNI_DTYPE_FLOAT32, 4, 2, table);
    OK(uni_tensor_fill(sources[1 - current], &seven, NULL, &error));
    OK(uni_tensor_copy_to(sources[1 - current], uni_tensor_array(seen), NULL, &error));
    fake_set_device(1 - current);
    fake_synchronize(NULL);
    fake_set_device(current);
    assert_true(*(const float *)uni_tensor_array(seen)->data == 7);
    uni_tensor_release(seen);
    for (int32_t device = 0; device < 2; ++device) {
      check_gathered(outs[device]);
      OK(uni_context_hold_stream(context, device, NULL, &error));
    }
    FAILS(UNI_STATUS_DEVICE_MISMATCH, "no CUDA device 2", uni_context_hold_stream(context, 2, NULL, &error));
    for (int32_t device = 0; device < 2; ++device) {
      uni_tensor_release(outs[device]);
      uni_tensor_release(indices[device]);
      uni_tensor_release(sources[device]);
    }
    assert_int_equal(fake_get_device(), current);
    uni_context_release(context);
    assert_int_equal(fake_get_device(), current);
    fake_set_device(0);
    check_nothing_left();
  }
}

static void test_a_graph_on_two_devices(void **state) {
  (void)state;
  fake_reset();
  fake_set_machine(2, 13000, 1);
  uni_context *context = make_cuda_context();
  const int64_t indptr[4] = {0, 2, 3, 3}, ends[3] = {1, 2, 0}, seeds[2] = {0, 1};
  uni_tensor *starts[2], *indices[2], *lists[2];
  for (int32_t device = 0; device < 2; ++device) {
    starts[device] = make_on(context, device, UNI_DTYPE_INT64, 4, -1, indptr);
    indices[device] = make_on(context, device, UNI_DTYPE_INT64, 3, -1, ends);
    lists[device] = make_on(context, device, UNI_DTYPE_INT64, 2, -1, seeds);
  }
  uni_graph *graph = NULL;
  uni_graph_desc desc = UNI_GRAPH_DESC_INIT;
  desc.indptr = starts[0];
  desc.indices = indices[1];
  FAILS_NULL(UNI_STATUS_DEVICE_MISMATCH, "device", graph, uni_graph_create(context, &desc, &graph, &error));
  desc.indptr = starts[1];
  OK(uni_graph_create(context, &desc, &graph, &error));
  uni_sample_options options = UNI_SAMPLE_OPTIONS_INIT;
  const int64_t fanouts[1] = {-1};
  options.num_hops = 1;
  options.fanouts = fanouts;
  uni_sample *sample = NULL;
  FAILS_NULL(UNI_STATUS_DEVICE_MISMATCH, "device", sample,
             uni_sample_neighbors(graph, uni_tensor_array(lists[0]), &options, NULL, &sample, &error));
  OK(uni_sample_neighbors(graph, uni_tensor_array(lists[1]), &options, NULL, &sample, &error));
  OK(uni_sample_wait(sample, &error));
  uni_sample_info info = {0};
  info.struct_size = sizeof info;
  OK(uni_sample_get_info(sample, &info, &error));
  assert_int_equal(info.num_edges, 3);
  assert_int_equal(fake_get_device(), 0);
  uni_sample_release(sample);
  uni_graph_release(graph);
  for (int32_t device = 0; device < 2; ++device) {
    uni_tensor_release(starts[device]);
    uni_tensor_release(indices[device]);
    uni_tensor_release(lists[device]);
  }
  uni_context_release(context);
  check_nothing_left();
}

/* A stream of another library's reads what a context writes on another stream. */
static int64_t what_a_consumer_reads(int held) {
  fake_reset();
  uni_context *context = make_cuda_context(), *consumer = make_cuda_context();
  void *ours = fake_create_stream(), *theirs = fake_create_stream();
  const int64_t zero = 0, seven = 7;
  uni_tensor *tensor = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, 1, -1, &zero), *seen = NULL, *lent = NULL;
  OK(create_in(consumer, UNI_MEMORY_PINNED, UNI_DTYPE_INT64, 1, -1, &seen));
  OK(uni_tensor_wrap(consumer, uni_tensor_array(tensor), NULL, NULL, &lent, &error));
  OK(uni_tensor_fill(tensor, &seven, ours, &error));
  if (held) OK(uni_context_hold_stream(context, 0, theirs, &error));
  assert_true(counts_now().pending_work > 0); /* the host has not waited */
  OK(uni_tensor_copy_to(lent, uni_tensor_array(seen), theirs, &error));
  fake_synchronize(theirs);
  const int64_t read = *(const int64_t *)pointer_of(seen);
  uni_tensor_release(lent);
  uni_tensor_release(seen);
  uni_tensor_release(tensor);
  uni_context_release(context);
  uni_context_release(consumer);
  fake_destroy_stream(ours);
  fake_destroy_stream(theirs);
  check_nothing_left();
  return read;
}

static void test_hold_stream(void **state) {
  (void)state;
  assert_int_equal(what_a_consumer_reads(0), 0); /* so the machine does run streams out of order */
  assert_int_equal(what_a_consumer_reads(1), 7);
}

/* A graph is checked when what writes its parts has finished, on whichever stream and by whichever context. */
static void test_a_graph_whose_parts_are_being_written(void **state) {
  (void)state;
  fake_reset();
  uni_context *context = make_cuda_context(), *other = make_cuda_context();
  void *streams[2] = {fake_create_stream(), fake_create_stream()};
  const int64_t indptr[4] = {0, 2, 3, 3}, ends[3] = {1, 2, 0}, bad_ends[3] = {1, 9, 0};
  for (int bad = 0; bad < 2; ++bad) {
    uni_tensor *starts = NULL, *indices = NULL, *by_other = NULL;
    OK(create_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, 4, -1, &starts));
    OK(create_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, 3, -1, &indices));
    OK(uni_tensor_wrap(other, uni_tensor_array(indices), NULL, NULL, &by_other, &error));
    const uni_array host_starts = array_1d(UNI_DTYPE_INT64, indptr, 4);
    const uni_array host_ends = array_1d(UNI_DTYPE_INT64, bad ? bad_ends : ends, 3);
    OK(uni_tensor_copy_from(starts, &host_starts, streams[0], &error));
    OK(uni_tensor_copy_from(by_other, &host_ends, streams[1], &error));
    uni_graph_desc desc = UNI_GRAPH_DESC_INIT;
    desc.indptr = starts;
    desc.indices = indices;
    uni_graph *graph = NULL;
    if (bad)
      FAILS_NULL(UNI_STATUS_OUT_OF_BOUNDS, "indices[1] is 9", graph, uni_graph_create(context, &desc, &graph, &error));
    else
      OK(uni_graph_create(context, &desc, &graph, &error));
    uni_graph_release(graph);
    uni_tensor_release(by_other);
    uni_tensor_release(starts);
    uni_tensor_release(indices);
  }
  uni_context_release(context);
  uni_context_release(other);
  for (int i = 0; i < 2; ++i) fake_destroy_stream(streams[i]);
  check_nothing_left();
}

typedef struct visitor {
  uni_context *contexts[2];
  uni_tensor *source, *index, *out;
  int done;
} visitor;

static void *call_everything(void *user_data) {
  visitor *const self = user_data;
  uni_error mine = UNI_ERROR_INIT;
  uni_tensor *out = NULL;
  for (int i = 0; i < 2; ++i) {
    uni_tensor_desc desc = UNI_TENSOR_DESC_INIT;
    desc.dtype = UNI_DTYPE_FLOAT32;
    desc.ndim = 1;
    desc.shape[0] = 4;
    for (desc.memory = UNI_MEMORY_PINNED; desc.memory <= UNI_MEMORY_DEVICE; ++desc.memory) {
      if (uni_tensor_create(self->contexts[i], &desc, &out, &mine) != UNI_STATUS_OK) return NULL;
      uni_tensor_release(out);
    }
    if (uni_context_check(self->contexts[i], &mine) != UNI_STATUS_OK) return NULL;
    if (uni_context_hold_stream(self->contexts[i], 0, NULL, &mine) != UNI_STATUS_OK) return NULL;
    if (uni_context_synchronize(self->contexts[i], &mine) != UNI_STATUS_OK) return NULL;
  }
  if (uni_gather(self->source, uni_tensor_array(self->index), NULL, NULL, &self->out, &mine) != UNI_STATUS_OK)
    return NULL;
  self->done = 1;
  return NULL;
}

/* While a thread waits for the device it holds nothing that another one needs. */
static void visit(void *user_data) {
  pthread_t thread;
  assert_int_equal(pthread_create(&thread, NULL, call_everything, user_data), 0);
  pthread_join(thread, NULL);
}

static void test_threads_wait_without_locks(void **state) {
  (void)state;
  for (int way = 0; way < 3; ++way) {
    fake_reset();
    uni_context *context = make_cuda_context(), *other = make_cuda_context();
    visitor guest = {{context, other}, NULL, NULL, NULL, 0};
    guest.source = make_in(context, UNI_MEMORY_MANAGED, UNI_DTYPE_FLOAT32, 4, 2, table);
    guest.index = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, 3, -1, picks);
    const float nine = 9;
    uni_tensor *filled = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_FLOAT32, 4, 2, table);
    OK(uni_tensor_fill(filled, &nine, NULL, &error));
    alarm(60); /* a lock that is held ends the test */
    fake_on_wait(visit, &guest);
    if (way == 0) OK(uni_context_synchronize(context, &error));
    if (way == 1) {
      char path[] = "/tmp/unitensor-contexts-XXXXXX";
      const int file = mkstemp(path);
      assert_true(file >= 0);
      close(file);
      OK(uni_tensor_save(filled, path, &error));
      unlink(path);
    }
    if (way == 2) {
      uni_graph *graph = NULL;
      OK(graph_in(context, UNI_MEMORY_DEVICE, &graph));
      uni_graph_release(graph);
    }
    alarm(0);
    assert_int_equal(guest.done, 1);
    check_gathered(guest.out);
    uni_tensor_release(guest.out);
    uni_tensor_release(filled);
    uni_tensor_release(guest.source);
    uni_tensor_release(guest.index);
    uni_context_release(context);
    uni_context_release(other);
    check_nothing_left();
  }
}

/* A child has not inherited the memory, and what it has mapped there is its own. */
static void test_release_in_a_child(void **state) {
  (void)state;
  fake_reset();
  uni_context *context = make_cuda_context();
  const size_t size = 1 << 16;
  char *const zeros = calloc(1, size);
  uni_tensor *pinned = make_in(context, UNI_MEMORY_PINNED, UNI_DTYPE_INT8, (int64_t)size, -1, zeros);
  free(zeros);
  char *const data = pointer_of(pinned);
  fflush(NULL);
  const pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    alarm(20);
    char *const mapped = mmap(data, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    if (mapped != data) _exit(2);
    memset(mapped, 5, size);
    uni_tensor_release(pinned);
    uni_context_release(context);
    _exit(mapped[0] == 5 && mapped[size - 1] == 5 ? 0 : 1);
  }
  int status = 0;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), 0);
  uni_tensor_release(pinned);
  uni_context_release(context);
  check_nothing_left();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_release_waits_for_other_contexts),
      cmocka_unit_test(test_a_context_ends_before_the_use_of_its_tensor),
      cmocka_unit_test(test_the_same_memory_registered_twice),
      cmocka_unit_test(test_memory_that_others_have_registered),
      cmocka_unit_test(test_two_devices),
      cmocka_unit_test(test_a_graph_on_two_devices),
      cmocka_unit_test(test_hold_stream),
      cmocka_unit_test(test_a_graph_whose_parts_are_being_written),
      cmocka_unit_test(test_threads_wait_without_locks),
      cmocka_unit_test(test_release_in_a_child),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
