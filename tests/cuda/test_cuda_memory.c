/* SPDX-License-Identifier: Apache-2.0 */
/* What the CUDA backend holds and when it lets go of it, over the emulated machine. */
#define _GNU_SOURCE
#include "cuda_support.h"

#include <sys/wait.h>
#include <unistd.h>

static const float table[4][2] = {{0, 1}, {10, 11}, {20, 21}, {30, 31}};
static const int64_t picks[3] = {3, 0, 2};

static void fresh(void) { fake_reset(); }

static void test_every_kind_of_memory(void **state) {
  (void)state;
  fresh();
  uni_context *context = make_cuda_context();
  for (int32_t memory = UNI_MEMORY_HOST; memory <= UNI_MEMORY_UNIFIED; ++memory) {
    uni_tensor *tensor = make_in(context, memory, UNI_DTYPE_FLOAT32, 4, 2, table);
    float back[4][2] = {{0}};
    read_back(tensor, back);
    assert_memory_equal(back, table, sizeof table);
    const uni_tensor_info info = info_of(tensor);
    assert_int_equal(info.memory, memory == UNI_MEMORY_UNIFIED ? UNI_MEMORY_MANAGED : memory);
    assert_int_equal(info.device_type, memory == UNI_MEMORY_DEVICE ? UNI_DEVICE_CUDA : UNI_DEVICE_CPU);
    void *data = NULL;
    if (memory == UNI_MEMORY_HOST)
      FAILS(UNI_STATUS_DEVICE_MISMATCH, "host memory", uni_tensor_device_pointer(tensor, 0, &data, &error));
    else
      OK(uni_tensor_device_pointer(tensor, 0, &data, &error));
    uni_tensor *filled = NULL;
    OK(create_in(context, memory, UNI_DTYPE_INT64, 5, 3, &filled));
    const int64_t seven = 7;
    int64_t values[15];
    OK(uni_tensor_fill(filled, &seven, NULL, &error));
    read_back(filled, values);
    for (int i = 0; i < 15; ++i) assert_int_equal(values[i], 7);
    uni_tensor_release(filled);
    uni_tensor_release(tensor);
  }
  /* Nothing is asked of CUDA for nothing. */
  uni_tensor *empty = NULL;
  OK(create_in(context, UNI_MEMORY_PINNED, UNI_DTYPE_INT8, 0, 4, &empty));
  uni_tensor_release(empty);
  uni_context_release(context);
  check_nothing_left();
}

static void test_release_waits_for_the_device(void **state) {
  (void)state;
  for (int32_t memory = UNI_MEMORY_PINNED; memory <= UNI_MEMORY_DEVICE; ++memory) {
    fresh();
    fake_set_others_first(1);
    uni_context *context = make_cuda_context();
    uni_tensor *source = make_in(context, memory, UNI_DTYPE_FLOAT32, 4, 2, table);
    uni_tensor *index = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, 3, -1, picks);
    void *stream = fake_create_stream();
    uni_tensor *out = NULL;
    OK(uni_gather(source, uni_tensor_array(index), NULL, stream, &out, &error));
    const fake_counts before = counts_now();
    assert_true(before.pending_work > 0);
    uni_tensor_release(source);
    uni_tensor_release(index);
    const fake_counts after = counts_now();
    assert_int_equal(after.device_blocks, before.device_blocks);
    assert_int_equal(after.managed_blocks, before.managed_blocks);
    assert_int_equal(after.registered_ranges, before.registered_ranges);
    /* Others allocate meanwhile, and must not get that memory. */
    uni_tensor *other = make_in(context, memory, UNI_DTYPE_FLOAT32, 4, 2, (const float[8]){9, 9, 9, 9, 9, 9, 9, 9});
    fake_synchronize(stream);
    float rows[3][2];
    read_back(out, rows);
    for (int i = 0; i < 3; ++i) assert_memory_equal(rows[i], table[picks[i]], sizeof rows[i]);
    uni_tensor_release(other);
    uni_tensor_release(out);
    fake_destroy_stream(stream);
    uni_context_release(context);
    check_nothing_left();
  }
}

static void count_call(void *calls) { ++*(int *)calls; }

static void test_destroy_is_deferred(void **state) {
  (void)state;
  for (int at_the_end = 0; at_the_end < 2; ++at_the_end) {
    fresh();
    uni_context *context = make_cuda_context();
    uni_tensor *source = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_FLOAT32, 4, 2, table);
    uni_tensor *index = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, 3, -1, picks);
    const uni_array lent = *uni_tensor_array(source);
    int calls = 0;
    uni_tensor *wrapped = NULL, *out = NULL;
    OK(uni_tensor_wrap(context, &lent, count_call, &calls, &wrapped, &error));
    OK(uni_gather(wrapped, uni_tensor_array(index), NULL, NULL, &out, &error));
    uni_tensor_release(wrapped);
    assert_int_equal(calls, 0);
    uni_tensor_release(out);
    uni_tensor_release(index);
    uni_tensor_release(source);
    if (!at_the_end) {
      OK(uni_context_synchronize(context, &error));
      assert_int_equal(calls, 1);
    }
    uni_context_release(context);
    assert_int_equal(calls, 1);
    check_nothing_left();
  }
}

/* The context goes first; a tensor keeps what it needs of it. */
static void test_any_order_of_release(void **state) {
  (void)state;
  fresh();
  uni_context *context = make_cuda_context();
  uni_tensor *source = make_in(context, UNI_MEMORY_MANAGED, UNI_DTYPE_FLOAT32, 4, 2, table);
  uni_tensor *index = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, 3, -1, picks);
  uni_tensor *out = NULL;
  OK(uni_gather(source, uni_tensor_array(index), NULL, NULL, &out, &error));
  uni_context_release(context);
  uni_tensor_release(index);
  uni_tensor_release(source);
  assert_true(counts_now().device_blocks > 0);
  uni_tensor_release(out);
  check_nothing_left();
}

static void test_two_contexts_and_streams(void **state) {
  (void)state;
  fresh();
  fake_set_progress(1);
  uni_context *contexts[2] = {make_cuda_context(), make_cuda_context()};
  void *streams[2] = {fake_create_stream(), fake_create_stream()};
  uni_tensor *outs[2] = {NULL, NULL};
  for (int i = 0; i < 2; ++i) {
    uni_tensor *source = make_in(contexts[i], UNI_MEMORY_UNIFIED, UNI_DTYPE_FLOAT32, 4, 2, table);
    uni_tensor *index = make_in(contexts[i], UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, 3, -1, picks);
    OK(uni_gather(source, uni_tensor_array(index), NULL, streams[i], &outs[i], &error));
    uni_tensor_release(source);
    uni_tensor_release(index);
  }
  for (int i = 1; i >= 0; --i) {
    float rows[3][2];
    fake_synchronize(streams[i]);
    read_back(outs[i], rows);
    for (int r = 0; r < 3; ++r) assert_memory_equal(rows[r], table[picks[r]], sizeof rows[r]);
    uni_tensor_release(outs[i]);
    uni_context_release(contexts[i]);
    fake_destroy_stream(streams[i]);
  }
  check_nothing_left();
}

/* Memory of the caller's that the device reads where it lies. */
static void test_register_in_place(void **state) {
  (void)state;
  fake_reset();
  uni_context *context = make_cuda_context();
  float *mine = aligned_alloc(64, 64);
  memcpy(mine, table, sizeof table);
  const uni_array array = array_2d(UNI_DTYPE_FLOAT32, mine, 4, 2);
  uni_tensor *index = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, 3, -1, picks);
  int calls = 0;
  uni_tensor *source = NULL, *again = NULL, *out = NULL;
  OK(uni_tensor_register(context, &array, count_call, &calls, &source, &error));
  assert_int_equal(info_of(source).memory, UNI_MEMORY_PINNED);
  assert_ptr_equal(pointer_of(source), mine);
  const int64_t ranges = counts_now().registered_ranges;
  /* What is registered is left to who did it. */
  OK(uni_tensor_register(context, &array, NULL, NULL, &again, &error));
  assert_int_equal(counts_now().registered_ranges, ranges);
  uni_tensor_release(again);
  OK(uni_context_synchronize(context, &error));
  assert_int_equal(counts_now().registered_ranges, ranges);
  OK(uni_gather(source, uni_tensor_array(index), NULL, NULL, &out, &error));
  const int64_t in_use = counts_now().registered_ranges;
  uni_tensor_release(source);
  assert_int_equal(calls, 0);
  assert_int_equal(counts_now().registered_ranges, in_use);
  float rows[3][2];
  read_back(out, rows);
  for (int i = 0; i < 3; ++i) assert_memory_equal(rows[i], table[picks[i]], sizeof rows[i]);
  assert_int_equal(calls, 1);
  assert_int_equal(counts_now().registered_ranges, in_use - 1);
  /* Refused: memory of a device, and what the machine refuses; the memory is given back each time. */
  calls = 0;
  FAILS_NULL(UNI_STATUS_DEVICE_MISMATCH, "expected host memory", source,
             uni_tensor_register(context, uni_tensor_array(out), count_call, &calls, &source, &error));
  assert_int_equal(calls, 1);
  fake_set_host_bytes(INT64_MAX, 0);
  FAILS_NULL(UNI_STATUS_OUT_OF_MEMORY, "page-locking 32 bytes", source,
             uni_tensor_register(context, &array, count_call, &calls, &source, &error));
  assert_int_equal(calls, 2);
  fake_set_host_bytes(INT64_MAX, INT64_MAX);
  /* The last page, whose end is no address: from within it, from its start, and from the page before. */
  for (uintptr_t before = 100; before < 8192; before += 3996) {
    const uni_array last = array_1d(UNI_DTYPE_UINT8, (void *)(UINTPTR_MAX - before), (int64_t)before);
    FAILS_NULL(UNI_STATUS_INVALID_ARGUMENT, "the last page of the address space", source,
               uni_tensor_register(context, &last, count_call, &calls, &source, &error));
  }
  assert_int_equal(calls, 5);
  const uni_array nothing = array_2d(UNI_DTYPE_FLOAT32, NULL, 0, 2);
  OK(uni_tensor_register(context, &nothing, count_call, &calls, &source, &error));
  uni_tensor_release(source);
  uni_tensor_release(out);
  uni_tensor_release(index);
  uni_context_release(context);
  assert_int_equal(calls, 6);
  free(mine);
  check_nothing_left();
}

static void test_wrong_side(void **state) {
  (void)state;
  fresh();
  uni_context *context = make_cuda_context();
  uni_tensor *host = make_in(context, UNI_MEMORY_HOST, UNI_DTYPE_FLOAT32, 4, 2, table);
  uni_tensor *device = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_FLOAT32, 4, 2, table);
  uni_tensor *index = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, 3, -1, picks);
  uni_array said = array_1d(UNI_DTYPE_INT64, picks, 3);
  uni_tensor *out = NULL;
  const int64_t launches = counts_now().launches;
  FAILS_NULL(UNI_STATUS_DEVICE_MISMATCH, "source is in host memory", out,
             uni_gather(host, uni_tensor_array(index), NULL, NULL, &out, &error));
  FAILS_NULL(UNI_STATUS_DEVICE_MISMATCH, "index is on the CPU", out,
             uni_gather(device, &said, NULL, NULL, &out, &error));
  said.device_type = UNI_DEVICE_CUDA;
  FAILS_NULL(UNI_STATUS_DEVICE_MISMATCH, "index is in host memory", out,
             uni_gather(device, &said, NULL, NULL, &out, &error));
  said = *uni_tensor_array(index);
  said.device_id = 3;
  FAILS_NULL(UNI_STATUS_DEVICE_MISMATCH, "no CUDA device 3", out, uni_gather(device, &said, NULL, NULL, &out, &error));
  uni_tensor_desc desc = UNI_TENSOR_DESC_INIT;
  desc.memory = UNI_MEMORY_DEVICE;
  desc.device_id = 1;
  desc.dtype = UNI_DTYPE_INT8;
  FAILS_NULL(UNI_STATUS_DEVICE_MISMATCH, "no CUDA device 1", out, uni_tensor_create(context, &desc, &out, &error));
  assert_int_equal(counts_now().launches, launches);
  uni_tensor_release(index);
  uni_tensor_release(device);
  uni_tensor_release(host);
  uni_context_release(context);
  check_nothing_left();
}

static void test_fork(void **state) {
  (void)state;
  fresh();
  uni_context *context = make_cuda_context();
  uni_tensor *source = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_FLOAT32, 4, 2, table);
  uni_tensor *pinned = make_in(context, UNI_MEMORY_PINNED, UNI_DTYPE_FLOAT32, 4, 2, table);
  uni_tensor *index = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, 3, -1, picks);
  uni_tensor *pinned_index = make_in(context, UNI_MEMORY_PINNED, UNI_DTYPE_INT64, 3, -1, picks);
  uni_tensor *out = NULL;
  uni_graph *graph = NULL;
  OK(uni_gather(source, uni_tensor_array(index), NULL, NULL, &out, &error));
  fflush(NULL);
  const pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    alarm(20);
    uni_tensor *other = NULL;
    const int refused =
        uni_gather(source, uni_tensor_array(index), NULL, NULL, &other, &error) == UNI_STATUS_INVALID_STATE &&
        strstr(error.message, "forked") != NULL && other == NULL &&
        uni_context_synchronize(context, &error) == UNI_STATUS_INVALID_STATE;
    const uni_array said = array_1d(UNI_DTYPE_INT64, picks, 3);
    void *data = NULL;
    const int kept_away = uni_tensor_host_pointer(pinned, &data, &error) == UNI_STATUS_INVALID_STATE &&
                          strstr(error.message, "pinned memory") != NULL && data == NULL &&
                          uni_gather(pinned, &said, NULL, NULL, &other, &error) == UNI_STATUS_INVALID_STATE &&
                          uni_tensor_fill(pinned, NULL, NULL, &error) == UNI_STATUS_INVALID_STATE &&
                          uni_tensor_save(pinned, "/tmp/unitensor-of-a-child.npy", &error) == UNI_STATUS_INVALID_STATE;
    uni_tensor *host = NULL;
    const int works = create_in(context, UNI_MEMORY_HOST, UNI_DTYPE_FLOAT32, 4, 2, &host) == UNI_STATUS_OK &&
                      uni_gather(host, &said, NULL, NULL, &other, &error) == UNI_STATUS_OK;
    /* Whichever operand it is, and also where it is given by its address. */
    int operands_kept_away = 0;
    if (works) {
      float rows[3][2] = {{0}};
      const uni_array into = array_2d(UNI_DTYPE_FLOAT32, rows, 3, 2);
      const uni_array *const lost = uni_tensor_array(pinned), *const lost_index = uni_tensor_array(pinned_index);
      uni_array lost_rows = *lost;
      lost_rows.shape[0] = 3;
      struct DLManagedTensorVersioned *managed = NULL;
      uni_graph_desc desc = UNI_GRAPH_DESC_INIT;
      desc.indptr = pinned_index;
      desc.indices = pinned_index;
      const uni_status said_so[] = {
          uni_tensor_device_pointer(pinned, 0, &data, &error),
          uni_tensor_device_pointer(source, 0, &data, &error),
          uni_gather_into(host, lost_index, NULL, NULL, &into, &error),
          uni_gather_into(host, &said, NULL, NULL, &lost_rows, &error),
          uni_scatter(host, &said, &lost_rows, NULL, NULL, &error),
          uni_scatter(host, lost_index, &into, NULL, NULL, &error),
          uni_tensor_copy_from(host, lost, NULL, &error),
          uni_tensor_copy_to(host, lost, NULL, &error),
          uni_tensor_to_dlpack(pinned, UNI_DLPACK_CPU, 0, &managed, &error),
          uni_graph_create(context, &desc, &graph, &error),
      };
      operands_kept_away = 1;
#if defined(__SANITIZE_THREAD__)
      /* The sanitizer's own memory has taken the place before the library could, and what can be read is not refused. */
      operands_kept_away = 2;
#endif
      for (size_t i = 0; operands_kept_away == 1 && i < sizeof said_so / sizeof *said_so; ++i)
        operands_kept_away = operands_kept_away && said_so[i] == UNI_STATUS_INVALID_STATE;
    }
    uni_tensor_release(pinned_index);
    uni_tensor_release(other);
    uni_tensor_release(host);
    uni_tensor_release(out);
    uni_tensor_release(index);
    uni_tensor_release(pinned);
    uni_tensor_release(source);
    uni_context_release(context);
    _exit(refused && kept_away && works && operands_kept_away ? 0 : 1);
  }
  int status = 0;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), 0);
  uni_tensor_release(out);
  uni_tensor_release(index);
  uni_tensor_release(pinned_index);
  uni_tensor_release(pinned);
  uni_tensor_release(source);
  uni_context_release(context);
  check_nothing_left();
}

/* Faults on purpose: the scenario of above has to notice them. */
static int gather_goes_wrong(void) {
  uni_context *context = make_cuda_context();
  uni_tensor *source = make_in(context, UNI_MEMORY_PINNED, UNI_DTYPE_FLOAT32, 4, 2, table);
  uni_tensor *index = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, 3, -1, picks);
  uni_tensor *out = NULL;
  void *stream = fake_create_stream();
  float rows[3][2] = {{0}};
  OK(uni_gather(source, uni_tensor_array(index), NULL, stream, &out, &error));
  uni_tensor_release(source);
  uni_tensor_release(index);
  uni_array host = array_2d(UNI_DTYPE_FLOAT32, rows, 3, 2);
  OK(uni_tensor_copy_to(out, &host, stream, &error));
  const uni_status status = uni_context_synchronize(context, &error);
  int wrong = status != UNI_STATUS_OK;
  for (int i = 0; i < 3; ++i) wrong |= memcmp(rows[i], table[picks[i]], sizeof rows[i]) != 0;
  uni_tensor_release(out);
  uni_context_release(context);
  return wrong;
}

static void test_planted_faults_are_noticed(void **state) {
  (void)state;
  for (int32_t fault = FAKE_PLANT_NOTHING; fault <= FAKE_PLANT_EARLY_RELEASE; ++fault) {
    fresh();
    fake_set_others_first(1);
    uni_context *warm = make_cuda_context();
    fake_plant(fault);
    assert_int_equal(gather_goes_wrong(), fault != FAKE_PLANT_NOTHING);
    fake_plant(FAKE_PLANT_NOTHING);
    uni_context_release(warm);
  }
  fresh();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_kind_of_memory),
      cmocka_unit_test(test_release_waits_for_the_device),
      cmocka_unit_test(test_destroy_is_deferred),
      cmocka_unit_test(test_any_order_of_release),
      cmocka_unit_test(test_two_contexts_and_streams),
      cmocka_unit_test(test_register_in_place),
      cmocka_unit_test(test_wrong_side),
      cmocka_unit_test(test_fork),
      cmocka_unit_test(test_planted_faults_are_noticed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
