/* SPDX-License-Identifier: Apache-2.0 */
/* What waits for what: the CPU for devices, the library for the streams of others, releases for kernels of others. */
#define _GNU_SOURCE
#include "cuda_support.h"

#include <unistd.h>

#include "../unit/dlpack_layout.h"

static const float table[4][2] = {{0, 1}, {10, 11}, {20, 21}, {30, 31}};
static const float nines[4][2] = {{9, 9}, {9, 9}, {9, 9}, {9, 9}};
static const int64_t picks[4] = {3, 0, 2, 1};

typedef struct machine {
  uni_context *context;
  void *stream;
  uni_tensor *source, *index, *out; /* the source and the result in memory that the CPU uses too */
  float seen[4][2];
} machine;

static void set_up(machine *m, int32_t memory) {
  fake_reset();
  m->context = make_cuda_context();
  m->stream = fake_create_stream();
  m->source = make_in(m->context, memory, UNI_DTYPE_FLOAT32, 4, 2, table);
  m->index = make_in(m->context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, 4, -1, picks);
  m->out = make_in(m->context, memory, UNI_DTYPE_FLOAT32, 4, 2, nines);
  memset(m->seen, 0, sizeof m->seen);
  OK(uni_gather_into(m->source, uni_tensor_array(m->index), NULL, m->stream, uni_tensor_array(m->out), &error));
  assert_true(counts_now().pending_work > 0);
}

static void check_rows(const float (*rows)[2]) {
  for (int i = 0; i < 4; ++i) assert_memory_equal(rows[i], table[picks[i]], sizeof table[0]);
}

static void tear_down(machine *m) {
  OK(uni_context_synchronize(m->context, &error));
  uni_tensor_release(m->out);
  uni_tensor_release(m->index);
  uni_tensor_release(m->source);
  uni_context_release(m->context);
  fake_destroy_stream(m->stream);
  check_nothing_left();
}

static void copy_out(machine *m) {
  const uni_array host = array_2d(UNI_DTYPE_FLOAT32, m->seen, 4, 2);
  OK(uni_tensor_copy_to(m->out, &host, m->stream, &error));
  check_rows((const float(*)[2])m->seen);
}

static void copy_by_another_context(machine *m) {
  uni_context *other = make_cuda_context();
  uni_tensor *lent = NULL;
  OK(uni_tensor_wrap(other, uni_tensor_array(m->out), NULL, NULL, &lent, &error));
  const uni_array host = array_2d(UNI_DTYPE_FLOAT32, m->seen, 4, 2);
  OK(uni_tensor_copy_to(lent, &host, NULL, &error));
  check_rows((const float(*)[2])m->seen);
  uni_tensor_release(lent);
  uni_context_release(other);
}

static void gather_on_the_cpu(machine *m) {
  const int64_t all[4] = {0, 1, 2, 3};
  const uni_array host_index = array_1d(UNI_DTYPE_INT64, all, 4), host = array_2d(UNI_DTYPE_FLOAT32, m->seen, 4, 2);
  OK(uni_gather_into(m->out, &host_index, NULL, NULL, &host, &error));
  check_rows((const float(*)[2])m->seen);
}

static void use_as_rows(machine *m) {
  const int64_t all[4] = {0, 1, 2, 3};
  const uni_array host_index = array_1d(UNI_DTYPE_INT64, all, 4);
  uni_tensor *target = make_in(m->context, UNI_MEMORY_HOST, UNI_DTYPE_FLOAT32, 4, 2, nines);
  OK(uni_scatter(target, &host_index, uni_tensor_array(m->out), NULL, NULL, &error));
  check_rows((const float(*)[2])pointer_of(target));
  uni_tensor_release(target);
}

static void ask_for_the_address(machine *m) {
  void *data = NULL;
  OK(uni_tensor_host_pointer(m->out, &data, &error));
  check_rows((const float(*)[2])data);
}

static void save(machine *m) {
  char path[] = "/tmp/unitensor-order-XXXXXX";
  const int file = mkstemp(path);
  assert_true(file >= 0);
  close(file);
  OK(uni_tensor_save(m->out, path, &error));
  uni_tensor *loaded = NULL;
  OK(uni_tensor_load(m->context, path, UNI_MEMORY_HOST, NULL, &loaded, &error));
  check_rows((const float(*)[2])pointer_of(loaded));
  uni_tensor_release(loaded);
  unlink(path);
}

static void fill(machine *m) {
  const float nine = 9;
  OK(uni_tensor_fill(m->out, &nine, m->stream, &error));
  OK(uni_context_synchronize(m->context, &error));
  assert_memory_equal(pointer_of(m->out), nines, sizeof nines);
}

static void copy_in(machine *m) {
  const uni_array host = array_2d(UNI_DTYPE_FLOAT32, nines, 4, 2);
  OK(uni_tensor_copy_from(m->out, &host, m->stream, &error));
  OK(uni_context_synchronize(m->context, &error));
  assert_memory_equal(pointer_of(m->out), nines, sizeof nines);
}

/* What the device still reads must not change under it. */
static void write_what_is_read(machine *m) {
  const int64_t all[4] = {0, 1, 2, 3};
  const uni_array host_index = array_1d(UNI_DTYPE_INT64, all, 4), rows = array_2d(UNI_DTYPE_FLOAT32, nines, 4, 2);
  OK(uni_scatter(m->source, &host_index, &rows, NULL, NULL, &error));
  assert_memory_equal(pointer_of(m->source), nines, sizeof nines);
  check_rows((const float(*)[2])pointer_of(m->out));
}

static void test_the_cpu_does_not_overtake_devices(void **state) {
  (void)state;
  static void (*const uses[])(machine *) = {
      copy_out, copy_by_another_context, gather_on_the_cpu, use_as_rows, ask_for_the_address, save, fill,
      copy_in,  write_what_is_read};
  for (int32_t memory = UNI_MEMORY_PINNED; memory <= UNI_MEMORY_MANAGED; ++memory)
    for (size_t i = 0; i < sizeof uses / sizeof *uses; ++i) {
      machine m;
      set_up(&m, memory);
      uses[i](&m);
      tear_down(&m);
    }
}

/* A graph and seeds that a device writes, sampled by the CPU. */
static void test_the_cpu_samples_what_a_device_writes(void **state) {
  (void)state;
  fake_reset();
  uni_context *context = make_cuda_context();
  void *stream = fake_create_stream();
  const int64_t indptr[4] = {0, 1, 2, 3}, wrong[4] = {0, 0, 0, 3}, ends[3] = {1, 2, 0}, seeds[1] = {1},
                other_seeds[1] = {0};
  uni_tensor *starts = make_in(context, UNI_MEMORY_MANAGED, UNI_DTYPE_INT64, 4, -1, wrong),
             *right = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, 4, -1, indptr),
             *indices = make_in(context, UNI_MEMORY_MANAGED, UNI_DTYPE_INT64, 3, -1, ends),
             *list = make_in(context, UNI_MEMORY_MANAGED, UNI_DTYPE_INT64, 1, -1, other_seeds),
             *right_list = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, 1, -1, seeds);
  OK(uni_tensor_copy_from(starts, uni_tensor_array(right), stream, &error));
  OK(uni_tensor_copy_from(list, uni_tensor_array(right_list), stream, &error));
  uni_graph *graph = NULL;
  uni_graph_desc desc = UNI_GRAPH_DESC_INIT;
  desc.flags = UNI_GRAPH_TRUST;
  desc.indptr = starts;
  desc.indices = indices;
  OK(uni_graph_create(context, &desc, &graph, &error));
  const int64_t fanouts[1] = {-1};
  uni_sample_options options = UNI_SAMPLE_OPTIONS_INIT;
  options.num_hops = 1;
  options.fanouts = fanouts;
  uni_sample *sample = NULL;
  OK(uni_sample_neighbors(graph, uni_tensor_array(list), &options, NULL, &sample, &error));
  const int64_t *const nodes = uni_sample_nodes(sample)->data;
  assert_int_equal(uni_sample_nodes(sample)->shape[0], 2);
  assert_int_equal(nodes[0], 1);
  assert_int_equal(nodes[1], 2);
  uni_sample_release(sample);
  uni_graph_release(graph);
  uni_tensor_release(starts);
  uni_tensor_release(right);
  uni_tensor_release(indices);
  uni_tensor_release(list);
  uni_tensor_release(right_list);
  uni_context_release(context);
  fake_destroy_stream(stream);
  check_nothing_left();
}

/* The CPU waits for nothing that does not concern it. */
static void test_the_cpu_does_not_wait_without_need(void **state) {
  (void)state;
  machine m;
  set_up(&m, UNI_MEMORY_MANAGED);
  const int64_t pending = counts_now().pending_work, all[2] = {1, 1};
  const float nine = 9;
  float rows[2][2];
  const uni_array index = array_1d(UNI_DTYPE_INT64, all, 2), out = array_2d(UNI_DTYPE_FLOAT32, rows, 2, 2);
  uni_tensor *other = NULL, *half = NULL;
  OK(create_in(m.context, UNI_MEMORY_MANAGED, UNI_DTYPE_FLOAT32, 4, 2, &other));
  OK(uni_tensor_fill(other, &nine, NULL, &error));
  OK(uni_gather_into(other, &index, NULL, NULL, &out, &error));
  /* Reading what is only read. */
  OK(uni_gather_into(m.source, &index, NULL, NULL, &out, &error));
  assert_memory_equal(rows[1], table[1], sizeof table[1]);
  assert_int_equal(counts_now().pending_work, pending);
  /* Part of what is written. */
  OK(uni_tensor_slice(m.out, 3, 4, &half, &error));
  const uni_array one = array_2d(UNI_DTYPE_FLOAT32, rows, 1, 2);
  OK(uni_tensor_copy_to(half, &one, NULL, &error));
  assert_memory_equal(rows[0], table[picks[3]], sizeof table[0]);
  uni_tensor_release(half);
  uni_tensor_release(other);
  tear_down(&m);
}

/* A lost device does not stop the CPU, unless it was to write what is asked for. */
static void test_the_cpu_after_a_lost_device(void **state) {
  (void)state;
  machine m;
  set_up(&m, UNI_MEMORY_MANAGED);
  fake_poison_next_launch(700);
  const uni_array host = array_2d(UNI_DTYPE_FLOAT32, m.seen, 4, 2);
  FAILS(UNI_STATUS_DEVICE_LOST, "cudaEventSynchronize", uni_tensor_copy_to(m.out, &host, NULL, &error));
  uni_tensor *mine = make_tensor(m.context, UNI_DTYPE_FLOAT32, 4, 2, table);
  OK(uni_tensor_copy_to(mine, &host, NULL, &error));
  assert_memory_equal(m.seen, table, sizeof table);
  uni_tensor_release(mine);
  uni_tensor_release(m.out);
  uni_tensor_release(m.index);
  uni_tensor_release(m.source);
  uni_context_release(m.context);
  fake_reset();
}

/* Another library writes on its stream what ours reads on another one. */
static float what_follows(int followed, int on_cpu) {
  fake_reset();
  uni_context *context = make_cuda_context();
  void *theirs = fake_create_stream(), *ours = fake_create_stream();
  uni_tensor *target = make_in(context, UNI_MEMORY_MANAGED, UNI_DTYPE_FLOAT32, 4, 2, nines),
             *new_rows = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_FLOAT32, 4, 2, table),
             *index = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, 4, -1, picks), *out = NULL;
  fake_enqueue_copy(theirs, uni_tensor_array(target)->data, uni_tensor_array(new_rows)->data, sizeof table);
  if (followed) OK(uni_context_follow_stream(context, 0, theirs, &error));
  assert_true(counts_now().pending_work > 0); /* the host has not waited */
  const uni_array host_index = array_1d(UNI_DTYPE_INT64, picks, 4);
  OK(uni_gather(target, on_cpu ? &host_index : uni_tensor_array(index), NULL, ours, &out, &error));
  float rows[4][2];
  if (on_cpu)
    memcpy(rows, pointer_of(out), sizeof rows);
  else {
    fake_synchronize(ours);
    read_back(out, rows);
  }
  fake_synchronize(theirs);
  uni_tensor_release(out);
  uni_tensor_release(index);
  uni_tensor_release(new_rows);
  uni_tensor_release(target);
  uni_context_release(context);
  fake_destroy_stream(theirs);
  fake_destroy_stream(ours);
  check_nothing_left();
  return rows[0][1];
}

static void test_follow_stream(void **state) {
  (void)state;
  for (int on_cpu = 0; on_cpu < 2; ++on_cpu) {
    assert_true(what_follows(0, on_cpu) == 9); /* so the machine does run streams out of order */
    assert_true(what_follows(1, on_cpu) == 31);
  }
  uni_context *context = make_cuda_context();
  FAILS(UNI_STATUS_DEVICE_MISMATCH, "no CUDA device 3", uni_context_follow_stream(context, 3, NULL, &error));
  FAILS(UNI_STATUS_INVALID_ARGUMENT, "device_id is -1", uni_context_follow_stream(context, -1, NULL, &error));
  FAILS(UNI_STATUS_INVALID_ARGUMENT, "context is NULL", uni_context_follow_stream(NULL, 0, NULL, &error));
  uni_context_release(context);
  check_nothing_left();
}

enum { KEEP_NOTHING, RELEASE_AFTER, LEND_ON_THE_DEFAULT_STREAM, LEND_BY_DLPACK };

/* Whether a kernel of another library reads what was there, from a tensor that is released before it has run. */
static int the_kernel_reads_right(int32_t memory, int way) {
  fake_reset();
  uni_context *context = make_cuda_context();
  void *theirs = way >= LEND_ON_THE_DEFAULT_STREAM ? NULL : fake_create_stream();
  uni_tensor *tensor = make_in(context, memory, UNI_DTYPE_FLOAT32, 4, 2, table);
  uni_tensor *seen = make_in(context, UNI_MEMORY_PINNED, UNI_DTYPE_FLOAT32, 4, 2, nines);
  void *data = uni_tensor_array(tensor)->data;
  struct DLManagedTensorVersioned *lent = NULL;
  if (way == LEND_ON_THE_DEFAULT_STREAM) OK(uni_tensor_device_pointer(tensor, 0, &data, &error));
  if (way == LEND_BY_DLPACK) {
    OK(uni_tensor_to_dlpack(tensor, UNI_DLPACK_CUDA, 0, &lent, &error));
    uni_tensor_release(tensor);
  }
  fake_enqueue_copy(theirs, uni_tensor_array(seen)->data, data, sizeof table);
  if (way == RELEASE_AFTER)
    OK(uni_tensor_release_after(tensor, 0, theirs, &error));
  else if (way == LEND_BY_DLPACK)
    lent->deleter(lent);
  else
    uni_tensor_release(tensor);
  /* Who takes memory next gets what was given back, and may write to it at once. */
  uni_tensor *next = NULL;
  create_in(context, memory, UNI_DTYPE_FLOAT32, 4, 2, &next);
  if (next != NULL && memory != UNI_MEMORY_DEVICE) memcpy(pointer_of(next), nines, sizeof nines);
  fake_synchronize(theirs);
  const int32_t fatal = counts_now().fatal;
  uni_tensor_release(next);
  const int right = fatal == 0 && memcmp(uni_tensor_array(seen)->data, table, sizeof table) == 0;
  uni_tensor_release(seen);
  uni_context_release(context);
  if (theirs != NULL) fake_destroy_stream(theirs);
  if (fatal == 0) check_nothing_left();
  fake_reset();
  return right;
}

static void test_release_after_kernels_of_others(void **state) {
  (void)state;
  for (int32_t memory = UNI_MEMORY_PINNED; memory <= UNI_MEMORY_DEVICE; ++memory) {
    assert_false(the_kernel_reads_right(memory, KEEP_NOTHING));
    for (int way = RELEASE_AFTER; way <= LEND_BY_DLPACK; ++way) assert_true(the_kernel_reads_right(memory, way));
  }
}

static void test_release_after_that_fails(void **state) {
  (void)state;
  fake_reset();
  uni_context *context = make_cuda_context(), *plain = make_context(1);
  uni_tensor *tensor = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_FLOAT32, 4, 2, table);
  OK(uni_tensor_release_after(NULL, 0, NULL, &error));
  FAILS(UNI_STATUS_INVALID_ARGUMENT, "device_id is -1", uni_tensor_release_after(tensor, -1, NULL, &error));
  FAILS(UNI_STATUS_DEVICE_MISMATCH, "no CUDA device 1", uni_tensor_release_after(tensor, 1, NULL, &error));
  void *stream = fake_create_stream();
  fake_begin_capture(stream);
  FAILS(UNI_STATUS_NOT_SUPPORTED, "captured", uni_tensor_release_after(tensor, 0, stream, &error));
  assert_int_equal(fake_end_capture(NULL), 0);
  /* The reference is still ours. */
  float rows[4][2];
  read_back(tensor, rows);
  assert_memory_equal(rows, table, sizeof table);
  OK(uni_tensor_release_after(tensor, 0, stream, &error));
  uni_context_release(context);
  uni_context_release(plain);
  fake_destroy_stream(stream);
  check_nothing_left();
}

/* Memory that was released and is still in use is waited for where there is no other. */
static void test_memory_comes_back_when_it_is_short(void **state) {
  (void)state;
  for (int by_operation = 0; by_operation < 2; ++by_operation) {
    fake_reset();
    uni_context *context = make_cuda_context();
    void *stream = fake_create_stream();
    uni_tensor *index = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, 4, -1, picks);
    static const float zeros[5000][2];
    uni_tensor *large = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_FLOAT32, 5000, 2, zeros), *out = NULL,
               *again = NULL;
    OK(uni_gather(large, uni_tensor_array(index), NULL, stream, &out, &error));
    fake_set_device_bytes(60000);
    uni_tensor_release(large);
    assert_true(counts_now().pending_work > 0);
    if (by_operation) {
      /* Assigning rows to a large table takes memory for the choice among equal indices. */
      uni_tensor *target = make_in(context, UNI_MEMORY_MANAGED, UNI_DTYPE_FLOAT32, 5000, 2, zeros);
      OK(uni_tensor_fill(target, NULL, stream, &error));
      OK(uni_scatter(target, uni_tensor_array(index), uni_tensor_array(out), NULL, stream, &error));
      uni_tensor_release(target);
    } else {
      OK(create_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_FLOAT32, 5000, 2, &again));
      uni_tensor_release(again);
    }
    /* What is in use and not released does not come back. */
    FAILS_NULL(UNI_STATUS_OUT_OF_MEMORY, "60016 bytes", again,
               create_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_FLOAT32, 7501, 2, &again));
    uni_tensor_release(out);
    uni_tensor_release(index);
    uni_context_release(context);
    fake_destroy_stream(stream);
    check_nothing_left();
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_the_cpu_does_not_overtake_devices),
      cmocka_unit_test(test_the_cpu_samples_what_a_device_writes),
      cmocka_unit_test(test_the_cpu_does_not_wait_without_need),
      cmocka_unit_test(test_the_cpu_after_a_lost_device),
      cmocka_unit_test(test_follow_stream),
      cmocka_unit_test(test_release_after_kernels_of_others),
      cmocka_unit_test(test_release_after_that_fails),
      cmocka_unit_test(test_memory_comes_back_when_it_is_short),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
