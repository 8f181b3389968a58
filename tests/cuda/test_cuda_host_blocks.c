/* SPDX-License-Identifier: Apache-2.0 */
/* Pinned and managed memory over the emulated machine: that it is touched before it is used, and kept when released. */
#define _GNU_SOURCE
#include "cuda_support.h"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096 };
#define MEGABYTE (INT64_C(1) << 20)

static const float table[4][2] = {{0, 1}, {10, 11}, {20, 21}, {30, 31}};
static const int64_t picks[3] = {3, 0, 2};

static int64_t num_blocks(int32_t memory) {
  const fake_counts counts = counts_now();
  return memory == UNI_MEMORY_PINNED ? counts.registered_ranges : counts.managed_blocks;
}

static uni_tensor *make_bytes(uni_context *context, int32_t memory, int64_t num_bytes) {
  uni_tensor *tensor = NULL;
  OK(create_in(context, memory, UNI_DTYPE_UINT8, num_bytes, -1, &tensor));
  return tensor;
}

/* The machine gives managed memory that is full of 0xa5. */
static void test_every_page_of_managed_memory_is_touched(void **state) {
  (void)state;
  fake_reset();
  uni_context *context = make_cuda_context();
  /* By the calling thread, and by several. */
  const int64_t sizes[] = {1, PAGE, 5 * PAGE + 1, 40 * MEGABYTE + 3, 70 * MEGABYTE};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; ++i) {
    uni_tensor *tensor = make_bytes(context, UNI_MEMORY_MANAGED, sizes[i]);
    const unsigned char *const bytes = pointer_of(tensor);
    int64_t untouched = 0, more_than_touched = 0;
    for (int64_t at = 0; at < sizes[i]; at += PAGE) {
      untouched += bytes[at] != 0;
      if (at + 1 < sizes[i]) more_than_touched += bytes[at + 1] != 0xa5;
    }
    assert_int_equal(untouched, 0);
    assert_int_equal(more_than_touched, 0);
    uni_tensor_release(tensor);
  }
  uni_context_release(context);
  check_nothing_left();
}

static void test_every_page_of_pinned_memory_is_touched(void **state) {
  (void)state;
  fake_reset();
  /* The machine does count: memory of the caller's is left as it is. */
  char *const mine = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  assert_true(mine != MAP_FAILED);
  uni_context *context = make_cuda_context();
  uni_tensor *registered = NULL;
  const uni_array array = array_1d(UNI_DTYPE_UINT8, mine, 8 * PAGE);
  OK(uni_tensor_register(context, &array, NULL, NULL, &registered, &error));
  const int64_t untouched = counts_now().untouched_pages;
  uni_tensor_release(registered);
  const int64_t sizes[] = {1, 5 * PAGE + 1, 40 * MEGABYTE + 3, 70 * MEGABYTE};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; ++i) {
    uni_tensor *tensor = make_bytes(context, UNI_MEMORY_PINNED, sizes[i]);
    assert_int_equal(counts_now().untouched_pages, untouched);
    uni_tensor_release(tensor);
  }
  uni_context_release(context);
  munmap(mine, 8 * PAGE);
  check_nothing_left();
  if (untouched == 0) skip(); /* a kernel that takes every page for resident */
}

static void test_released_memory_is_used_again(void **state) {
  (void)state;
  for (int32_t memory = UNI_MEMORY_PINNED; memory <= UNI_MEMORY_MANAGED; ++memory) {
    fake_reset();
    uni_context *context = make_cuda_context(), *other = make_cuda_context();
    const int64_t before = num_blocks(memory);
    uni_tensor *tensor = make_bytes(context, memory, MEGABYTE);
    void *const data = pointer_of(tensor);
    uni_tensor_release(tensor);
    assert_int_equal(num_blocks(memory), before + 1);
    const int64_t calls = counts_now().calls;
    /* Of nearly its size, also for another context; and nothing is asked of CUDA for it. */
    for (int64_t less = 0; less <= 60000; less += 30000) {
      tensor = make_bytes(less > 0 ? other : context, memory, MEGABYTE - less);
      assert_ptr_equal(pointer_of(tensor), data);
      uni_tensor_release(tensor);
    }
    assert_int_equal(counts_now().calls, calls);
    /* Two at once are two; and what is smaller by more than an eighth is other memory. */
    uni_tensor *first = make_bytes(context, memory, MEGABYTE), *second = make_bytes(context, memory, MEGABYTE),
               *smaller = make_bytes(context, memory, MEGABYTE * 3 / 4);
    assert_ptr_equal(pointer_of(first), data);
    assert_ptr_not_equal(pointer_of(second), data);
    assert_int_equal(num_blocks(memory), before + 3);
    uni_tensor_release(first);
    uni_tensor_release(second);
    uni_tensor_release(smaller);
    assert_int_equal(num_blocks(memory), before + 3);
    /* Large memory goes at once. */
    tensor = make_bytes(context, memory, 65 * MEGABYTE);
    assert_int_equal(num_blocks(memory), before + 4);
    uni_tensor_release(tensor);
    assert_int_equal(num_blocks(memory), before + 3);
    uni_context_release(context);
    assert_int_equal(num_blocks(memory), before + 3);
    uni_context_release(other);
    check_nothing_left();
  }
}

static void test_what_is_kept_is_bounded(void **state) {
  (void)state;
  for (int32_t memory = UNI_MEMORY_PINNED; memory <= UNI_MEMORY_MANAGED; ++memory) {
    fake_reset();
    uni_context *context = make_cuda_context();
    uni_tensor *tensors[6];
    const int64_t before = num_blocks(memory);
    for (int i = 0; i < 6; ++i) tensors[i] = make_bytes(context, memory, 64 * MEGABYTE);
    void *const newest = pointer_of(tensors[5]);
    for (int i = 0; i < 6; ++i) uni_tensor_release(tensors[i]);
    assert_int_equal(num_blocks(memory), before + 4);
    /* The oldest make room for a size that is asked for now. */
    tensors[0] = make_bytes(context, memory, 10 * MEGABYTE);
    uni_tensor_release(tensors[0]);
    assert_int_equal(num_blocks(memory), before + 4);
    tensors[0] = make_bytes(context, memory, 10 * MEGABYTE);
    for (int i = 1; i < 4; ++i) tensors[i] = make_bytes(context, memory, 64 * MEGABYTE);
    assert_int_equal(num_blocks(memory), before + 4);
    assert_ptr_equal(pointer_of(tensors[3]), newest);
    for (int i = 0; i < 4; ++i) uni_tensor_release(tensors[i]);
    uni_context_release(context);
    check_nothing_left();
  }
}

/* A block that a device still uses is nobody else's. */
static void test_memory_in_use_is_not_used_again(void **state) {
  (void)state;
  for (int32_t memory = UNI_MEMORY_PINNED; memory <= UNI_MEMORY_MANAGED; ++memory) {
    fake_reset();
    uni_context *context = make_cuda_context();
    void *stream = fake_create_stream();
    uni_tensor *source = make_in(context, memory, UNI_DTYPE_FLOAT32, 4, 2, table), *out = NULL;
    uni_tensor *index = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, 3, -1, picks);
    void *const data = pointer_of(source);
    OK(uni_gather(source, uni_tensor_array(index), NULL, stream, &out, &error));
    uni_tensor_release(source);
    uni_tensor *next = NULL;
    OK(create_in(context, memory, UNI_DTYPE_FLOAT32, 4, 2, &next));
    assert_ptr_not_equal(pointer_of(next), data);
    uni_tensor_release(next);
    float rows[3][2];
    read_back(out, rows);
    for (int i = 0; i < 3; ++i) assert_memory_equal(rows[i], table[picks[i]], sizeof rows[i]);
    /* When the device has done it is the next one's; the one that waits longer is taken after it. */
    uni_tensor *both[2] = {NULL, NULL};
    for (int i = 0; i < 2; ++i) OK(create_in(context, memory, UNI_DTYPE_FLOAT32, 4, 2, &both[i]));
    assert_true(pointer_of(both[0]) == data || pointer_of(both[1]) == data);
    for (int i = 0; i < 2; ++i) uni_tensor_release(both[i]);
    uni_tensor_release(out);
    uni_tensor_release(index);
    uni_context_release(context);
    fake_destroy_stream(stream);
    check_nothing_left();
  }
}

/* An array in pinned memory, itself registered, keeps its pages from being given to others. */
static void test_memory_with_a_registered_array_in_it_is_not_kept(void **state) {
  (void)state;
  fake_reset();
  uni_context *context = make_cuda_context();
  const int64_t before = num_blocks(UNI_MEMORY_PINNED);
  uni_tensor *tensor = make_bytes(context, UNI_MEMORY_PINNED, MEGABYTE), *part = NULL, *next = NULL;
  void *const data = pointer_of(tensor);
  const uni_array array = array_1d(UNI_DTYPE_UINT8, data, PAGE);
  OK(uni_tensor_register(context, &array, NULL, NULL, &part, &error));
  uni_tensor_release(tensor);
  next = make_bytes(context, UNI_MEMORY_PINNED, MEGABYTE);
  assert_ptr_not_equal(pointer_of(next), data);
  uni_tensor_release(part);
  assert_int_equal(num_blocks(UNI_MEMORY_PINNED), before + 1);
  uni_tensor_release(next);
  uni_context_release(context);
  check_nothing_left();
}

/* Where there is no other memory, what is kept is given back, and what is still in use is waited for. */
static void test_kept_memory_makes_room(void **state) {
  (void)state;
  for (int32_t memory = UNI_MEMORY_PINNED; memory <= UNI_MEMORY_MANAGED; ++memory)
    for (int in_use = 0; in_use < 2; ++in_use) {
      fake_reset();
      uni_context *context = make_cuda_context();
      void *stream = fake_create_stream();
      uni_tensor *index = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, 3, -1, picks), *out = NULL,
                 *source = NULL;
      OK(create_in(context, memory, UNI_DTYPE_UINT8, 1024, 1024, &source));
      OK(uni_gather(source, uni_tensor_array(index), NULL, stream, &out, &error));
      if (!in_use) OK(uni_context_synchronize(context, &error));
      fake_set_host_bytes(MEGABYTE * 5 / 2, MEGABYTE * 5 / 2);
      uni_tensor_release(source);
      assert_int_equal(counts_now().pending_work > 0, in_use);
      uni_tensor *larger = make_bytes(context, memory, 2 * MEGABYTE);
      uni_tensor *none = NULL;
      FAILS_NULL(UNI_STATUS_OUT_OF_MEMORY, "1048576 bytes", none,
                 create_in(context, memory, UNI_DTYPE_UINT8, MEGABYTE, -1, &none));
      uni_tensor_release(larger);
      /* So does an array of the caller's that is to be page-locked. */
      char *const mine = aligned_alloc(PAGE, (size_t)MEGABYTE);
      const uni_array array = array_1d(UNI_DTYPE_UINT8, mine, MEGABYTE);
      OK(uni_tensor_register(context, &array, NULL, NULL, &larger, &error));
      uni_tensor_release(larger);
      uni_tensor_release(out);
      uni_tensor_release(index);
      uni_context_release(context);
      free(mine);
      fake_destroy_stream(stream);
      check_nothing_left();
    }
}

/* Memory of every kind goes, when it has been used by whoever used it. */
static void test_trim(void **state) {
  (void)state;
  fake_reset();
  uni_context *context = make_cuda_context(), *other = make_cuda_context();
  void *stream = fake_create_stream();
  uni_tensor *index = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, 3, -1, picks);
  uni_tensor *sources[3] = {NULL, NULL, NULL}, *outs[3] = {NULL, NULL, NULL};
  for (int i = 0; i < 3; ++i) {
    sources[i] = make_in(i == 1 ? other : context, UNI_MEMORY_PINNED + i, UNI_DTYPE_FLOAT32, 4, 2, table);
    OK(uni_gather(sources[i], uni_tensor_array(index), NULL, stream, &outs[i], &error));
  }
  const fake_counts before = counts_now();
  for (int i = 0; i < 3; ++i) uni_tensor_release(sources[i]);
  /* In use; and the host does not wait for the device. */
  OK(uni_context_trim(context, &error));
  assert_true(counts_now().pending_work > 0);
  for (int32_t memory = UNI_MEMORY_PINNED; memory <= UNI_MEMORY_MANAGED; ++memory)
    assert_int_equal(num_blocks(memory),
                     memory == UNI_MEMORY_PINNED ? before.registered_ranges : before.managed_blocks);
  assert_int_equal(counts_now().device_blocks, before.device_blocks);
  fake_synchronize(stream);
  /* What has waited is done by this call, and given back; by either context what both have kept. */
  OK(uni_context_check(other, &error));
  OK(uni_context_trim(context, &error));
  fake_counts after = counts_now();
  assert_int_equal(after.registered_ranges, before.registered_ranges - 1);
  assert_int_equal(after.managed_blocks, before.managed_blocks - 1);
  assert_int_equal(after.device_blocks, before.device_blocks - 1);
  assert_int_equal(after.pool_bytes, 0);
  for (int i = 0; i < 3; ++i) {
    float rows[3][2];
    read_back(outs[i], rows);
    for (int r = 0; r < 3; ++r) assert_memory_equal(rows[r], table[picks[r]], sizeof rows[r]);
    uni_tensor_release(outs[i]);
  }
  assert_int_equal(counts_now().pool_bytes, 0); /* released, and not freed yet */
  OK(uni_context_trim(other, &error));
  assert_int_equal(counts_now().pool_bytes, 0);
  assert_int_equal(counts_now().device_blocks, 1);
  uni_tensor_release(index);
  uni_context_release(context);
  uni_context_release(other);
  fake_destroy_stream(stream);
  check_nothing_left();
}

/* Host memory goes also where the device has gone. */
static void test_trim_without_a_device(void **state) {
  (void)state;
  fake_reset();
  uni_context *context = make_cuda_context();
  uni_tensor *host = make_in(context, UNI_MEMORY_HOST, UNI_DTYPE_FLOAT32, 4, 2, table), *out = NULL;
  uni_tensor *source = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_FLOAT32, 4, 2, table);
  uni_tensor *index = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, 3, -1, picks);
  uni_tensor *large = make_bytes(context, UNI_MEMORY_HOST, 4 * MEGABYTE);
  void *const page = pointer_of(large);
  unsigned char resident;
  uni_tensor_release(large);
  assert_int_equal(mincore(page, 1, &resident), 0);
  fake_poison_next_launch(700);
  OK(uni_gather(source, uni_tensor_array(index), NULL, NULL, &out, &error));
  FAILS(UNI_STATUS_DEVICE_LOST, "illegal memory access", uni_context_synchronize(context, &error));
  FAILS(UNI_STATUS_DEVICE_LOST, "started again", uni_context_trim(context, &error));
  assert_int_equal(mincore(page, 1, &resident), -1);
  uni_tensor_release(out);
  uni_tensor_release(index);
  uni_tensor_release(source);
  uni_tensor_release(host);
  uni_context_release(context);
  fake_reset();
}

/* What the parent keeps is not the child's, which does without. */
static void test_a_child_leaves_what_is_kept(void **state) {
  (void)state;
  fake_reset();
  uni_context *context = make_cuda_context();
  uni_tensor *tensors[2];
  for (int i = 0; i < 2; ++i) tensors[i] = make_bytes(context, UNI_MEMORY_PINNED + i, MEGABYTE);
  void *const data[2] = {pointer_of(tensors[0]), pointer_of(tensors[1])};
  for (int i = 0; i < 2; ++i) uni_tensor_release(tensors[i]);
  tensors[0] = make_bytes(context, UNI_MEMORY_PINNED, 2 * MEGABYTE);
  tensors[1] = make_bytes(context, UNI_MEMORY_MANAGED, 2 * MEGABYTE);
  const int64_t calls = counts_now().calls;
  fflush(NULL);
  const pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    alarm(20);
    uni_tensor *none = NULL;
    const int refused =
        create_in(context, UNI_MEMORY_PINNED, UNI_DTYPE_UINT8, MEGABYTE, -1, &none) == UNI_STATUS_INVALID_STATE;
    const int trimmed = uni_context_trim(context, &error) == UNI_STATUS_OK;
    for (int i = 0; i < 2; ++i) uni_tensor_release(tensors[i]);
    uni_context_release(context);
    _exit(refused && trimmed && counts_now().calls == calls ? 0 : 1);
  }
  int status = 0;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), 0);
  for (int i = 0; i < 2; ++i) {
    uni_tensor_release(tensors[i]);
    tensors[i] = make_bytes(context, UNI_MEMORY_PINNED + i, MEGABYTE);
    assert_ptr_equal(pointer_of(tensors[i]), data[i]);
    uni_tensor_release(tensors[i]);
  }
  uni_context_release(context);
  check_nothing_left();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_page_of_managed_memory_is_touched),
      cmocka_unit_test(test_every_page_of_pinned_memory_is_touched),
      cmocka_unit_test(test_released_memory_is_used_again),
      cmocka_unit_test(test_what_is_kept_is_bounded),
      cmocka_unit_test(test_memory_in_use_is_not_used_again),
      cmocka_unit_test(test_memory_with_a_registered_array_in_it_is_not_kept),
      cmocka_unit_test(test_kept_memory_makes_room),
      cmocka_unit_test(test_trim),
      cmocka_unit_test(test_trim_without_a_device),
      cmocka_unit_test(test_a_child_leaves_what_is_kept),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
