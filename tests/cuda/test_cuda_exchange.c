/* SPDX-License-Identifier: Apache-2.0 */
/* Memory of the emulated device's in the hands of others: addresses for a device, DLPack both ways, and machines whose
 * devices read all memory of the host, files. */
#define _GNU_SOURCE
#include "../unit/dlpack_layout.h"
#include "cuda_support.h"

#include <unistd.h>

typedef struct DLManagedTensorVersioned managed_tensor;

static const float table[4][2] = {{0, 1}, {10, 11}, {20, 21}, {30, 31}};
static const int64_t picks[3] = {3, 0, 2};

static void expect_picked(const uni_tensor *rows) {
  float back[3][2];
  read_back(rows, back);
  for (int i = 0; i < 3; ++i) assert_memory_equal(back[i], table[picks[i]], sizeof back[i]);
}

/* What each kind of memory may be called, by whom it is asked for: the DLPack device type, or 0 where it is refused. */
static void test_export(void **state) {
  (void)state;
  static const struct {
    int32_t memory;
    int32_t types[4]; /* by UNI_DLPACK_* */
  } rows[] = {
      {UNI_MEMORY_HOST, {DL_CPU, DL_CPU, 0, DL_CPU}},
      {UNI_MEMORY_PINNED, {DL_CPU, DL_CPU, DL_CUDA, DL_CUDA_HOST}},
      {UNI_MEMORY_MANAGED, {DL_CPU, DL_CPU, DL_CUDA, DL_CUDA_MANAGED}},
      {UNI_MEMORY_DEVICE, {DL_CUDA, 0, DL_CUDA, DL_CUDA}},
  };
  fake_reset();
  fake_set_machine(2, 13000, 1);
  uni_context *context = make_cuda_context();
  for (size_t r = 0; r < sizeof rows / sizeof rows[0]; ++r) {
    for (int32_t choice = UNI_DLPACK_DEFAULT; choice <= UNI_DLPACK_EXACT; ++choice) {
      const int32_t expected = rows[r].types[choice];
      uni_tensor *tensor = make_in(context, rows[r].memory, UNI_DTYPE_FLOAT32, 4, 2, table);
      void *const data = uni_tensor_array(tensor)->data;
      managed_tensor *out = NULL;
      if (expected == 0) {
        FAILS_NULL(UNI_STATUS_DEVICE_MISMATCH, "memory", out, uni_tensor_to_dlpack(tensor, choice, 0, &out, &error));
        uni_tensor_release(tensor);
        continue;
      }
      OK(uni_tensor_to_dlpack(tensor, choice, 0, &out, &error));
      assert_int_equal(out->tensor.device.device_type, expected);
      assert_int_equal(out->tensor.device.device_id, 0);
      assert_ptr_equal(out->tensor.data, data);
      /* It keeps the memory alive, and comes back as a tensor that a device gathers from. */
      uni_tensor_release(tensor);
      uni_tensor *again = NULL, *gathered = NULL;
      OK(uni_tensor_from_dlpack(context, out, &again, &error));
      const int32_t kind = info_of(again).memory;
      assert_int_equal(kind, expected == DL_CUDA  ? UNI_MEMORY_DEVICE
                             : expected == DL_CPU ? UNI_MEMORY_HOST
                                                  : rows[r].memory);
      if (rows[r].memory != UNI_MEMORY_HOST) {
        uni_tensor *index = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, 3, -1, picks);
        OK(uni_gather(again, uni_tensor_array(index), NULL, NULL, &gathered, &error));
        uni_tensor_release(again);
        expect_picked(gathered);
        uni_tensor_release(gathered);
        uni_tensor_release(index);
      } else {
        uni_tensor_release(again);
      }
    }
  }
  /* The alias of another device: for memory of the host, and for no memory of a device. */
  for (int32_t memory = UNI_MEMORY_PINNED; memory <= UNI_MEMORY_DEVICE; ++memory) {
    uni_tensor *tensor = make_in(context, memory, UNI_DTYPE_FLOAT32, 4, 2, table);
    managed_tensor *out = NULL;
    void *data = NULL;
    if (memory == UNI_MEMORY_DEVICE) {
      FAILS_NULL(UNI_STATUS_DEVICE_MISMATCH, "CUDA device 1 cannot read", out,
                 uni_tensor_to_dlpack(tensor, UNI_DLPACK_CUDA, 1, &out, &error));
      FAILS_NULL(UNI_STATUS_DEVICE_MISMATCH, "memory of CUDA device 0", data,
                 uni_tensor_device_pointer(tensor, 1, &data, &error));
    } else {
      OK(uni_tensor_to_dlpack(tensor, UNI_DLPACK_CUDA, 1, &out, &error));
      assert_int_equal(out->tensor.device.device_id, 1);
      out->deleter(out);
      OK(uni_tensor_device_pointer(tensor, 1, &data, &error));
      assert_ptr_equal(data, uni_tensor_array(tensor)->data);
      FAILS_NULL(UNI_STATUS_DEVICE_MISMATCH, "no CUDA device 2, expected 0 to 1", out,
                 uni_tensor_to_dlpack(tensor, UNI_DLPACK_CUDA, 2, &out, &error));
      FAILS_NULL(UNI_STATUS_DEVICE_MISMATCH, "no CUDA device 2", data,
                 uni_tensor_device_pointer(tensor, 2, &data, &error));
    }
    uni_tensor_release(tensor);
  }
  uni_context_release(context);
  check_nothing_left();
}

static int deleted;
static void count_deletion(managed_tensor *self) {
  (void)self;
  ++deleted;
}

/* Memory of another library: it is given back once, and not before the device is done with it. */
static void test_import(void **state) {
  (void)state;
  fake_reset();
  uni_context *context = make_cuda_context();
  float *const theirs = fake_malloc(sizeof table);
  fake_copy(theirs, table, sizeof table);
  int64_t shape[2] = {4, 2};
  managed_tensor managed;
  memset(&managed, 0, sizeof managed);
  managed.version.major = 1;
  managed.deleter = count_deletion;
  managed.tensor.data = theirs;
  managed.tensor.device.device_type = DL_CUDA;
  managed.tensor.ndim = 2;
  managed.tensor.dtype.code = DL_FLOAT;
  managed.tensor.dtype.bits = 32;
  managed.tensor.dtype.lanes = 1;
  managed.tensor.shape = shape;
  deleted = 0;
  uni_tensor *source = NULL, *out = NULL;
  OK(uni_tensor_from_dlpack(context, &managed, &source, &error));
  uni_tensor *index = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, 3, -1, picks);
  OK(uni_gather(source, uni_tensor_array(index), NULL, NULL, &out, &error));
  uni_tensor_release(source);
  assert_int_equal(deleted, 0);
  expect_picked(out);
  assert_int_equal(deleted, 1);
  uni_tensor_release(out);
  uni_tensor_release(index);
  uni_context_release(context);
  fake_free(theirs);
  check_nothing_left();
}

/* Grace Hopper, and kernels with HMM: tensors of the host are read where they lie. */
static void test_devices_that_read_all_memory(void **state) {
  (void)state;
  for (int ats = 0; ats < 2; ++ats) {
    fake_reset();
    fake_set_pageable_access(1, ats);
    fake_set_others_first(1);
    uni_context *context = make_cuda_context();
    uni_tensor *unified = make_in(context, UNI_MEMORY_UNIFIED, UNI_DTYPE_FLOAT32, 4, 2, table);
    assert_int_equal(info_of(unified).memory, ats ? UNI_MEMORY_HOST : UNI_MEMORY_MANAGED);
    uni_tensor *host = make_in(context, UNI_MEMORY_HOST, UNI_DTYPE_FLOAT32, 4, 2, table);
    uni_tensor *index = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, 3, -1, picks);
    void *data = NULL;
    OK(uni_tensor_device_pointer(host, 0, &data, &error));
    assert_ptr_equal(data, uni_tensor_array(host)->data);
    managed_tensor *exported = NULL;
    OK(uni_tensor_to_dlpack(host, UNI_DLPACK_CUDA, 0, &exported, &error));
    assert_int_equal(exported->tensor.device.device_type, DL_CUDA);
    exported->deleter(exported);
    uni_tensor *rows[2] = {NULL, NULL};
    OK(uni_gather(host, uni_tensor_array(index), NULL, NULL, &rows[0], &error));
    OK(uni_gather(unified, uni_tensor_array(index), NULL, NULL, &rows[1], &error));
    /* Freed by the CPU backend, and all the same not before the device has read it. */
    uni_tensor_release(host);
    uni_tensor_release(unified);
    for (int i = 0; i < 2; ++i) {
      expect_picked(rows[i]);
      uni_tensor_release(rows[i]);
    }
    uni_graph *graph = NULL;
    assert_int_equal(graph_in(context, UNI_MEMORY_HOST, &graph), UNI_STATUS_OK);
    uni_tensor *seeds = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, 3, -1, picks);
    const int64_t fanouts[1] = {2};
    uni_sample_options options = UNI_SAMPLE_OPTIONS_INIT;
    options.fanouts = fanouts;
    options.num_hops = 1;
    uni_sample *sample = NULL;
    OK(uni_sample_neighbors(graph, uni_tensor_array(seeds), &options, NULL, &sample, &error));
    OK(uni_sample_wait(sample, &error));
    uni_sample_release(sample);
    uni_graph_release(graph);
    uni_tensor_release(seeds);
    uni_tensor_release(index);
    uni_context_release(context);
    check_nothing_left();
  }
}

/* In files: memory of every kind, by pieces, with padding between rows, and after what was enqueued. */
static void test_files(void **state) {
  (void)state;
  enum { ROWS = 70000, COLUMNS = 37 };
  fake_reset();
  fake_set_others_first(0);
  uni_context *context = make_cuda_context();
  float(*numbers)[COLUMNS] = malloc(sizeof(float) * ROWS * COLUMNS), *back = malloc(sizeof(float) * ROWS * COLUMNS);
  for (int i = 0; i < ROWS; ++i)
    for (int c = 0; c < COLUMNS; ++c) numbers[i][c] = (float)(i * 64 + c);
  char path[] = "/tmp/unitensor-cuda-XXXXXX";
  const int file = mkstemp(path);
  assert_true(file >= 0);
  close(file);
  for (int32_t memory = UNI_MEMORY_HOST; memory <= UNI_MEMORY_UNIFIED; ++memory) {
    for (int64_t alignment = 0; alignment <= 256; alignment += 256) {
      uni_tensor_desc desc = UNI_TENSOR_DESC_INIT;
      desc.memory = memory;
      desc.dtype = UNI_DTYPE_FLOAT32;
      desc.ndim = 2;
      desc.row_alignment = alignment;
      desc.shape[0] = ROWS;
      desc.shape[1] = COLUMNS;
      const uni_array said = array_2d(UNI_DTYPE_FLOAT32, numbers, ROWS, COLUMNS);
      uni_tensor *tensor = NULL, *loaded = NULL;
      OK(uni_tensor_create(context, &desc, &tensor, &error));
      OK(uni_tensor_copy_from(tensor, &said, NULL, &error));
      /* What is still to be done is part of what is saved. */
      const int64_t index[1] = {ROWS - 1};
      numbers[ROWS - 1][3] = -1.0F - (float)memory;
      uni_tensor *place = make_in(context, memory == UNI_MEMORY_HOST ? UNI_MEMORY_HOST : UNI_MEMORY_DEVICE,
                                  UNI_DTYPE_INT64, 1, -1, index);
      uni_tensor *row = make_in(context, memory == UNI_MEMORY_HOST ? UNI_MEMORY_HOST : UNI_MEMORY_DEVICE,
                                UNI_DTYPE_FLOAT32, 1, COLUMNS, numbers[ROWS - 1]);
      OK(uni_scatter(tensor, uni_tensor_array(place), uni_tensor_array(row), NULL, NULL, &error));
      OK(uni_tensor_save(tensor, path, &error));
      uni_tensor_release(row);
      uni_tensor_release(place);
      uni_tensor_release(tensor);
      uni_load_options options = UNI_LOAD_OPTIONS_INIT;
      options.row_alignment = 256 - alignment;
      OK(uni_tensor_load(context, path, memory, &options, &loaded, &error));
      assert_int_equal(info_of(loaded).row_pitch % 256 == 0, alignment == 0);
      read_back(loaded, back);
      assert_memory_equal(back, numbers, sizeof(float) * ROWS * COLUMNS);
      uni_tensor_release(loaded);
    }
  }
  unlink(path);
  free(back);
  free(numbers);
  /* An index out of bounds of before is told by whoever asks for it, and not by a file. */
  uni_graph *graph = NULL;
  OK(graph_in(context, UNI_MEMORY_DEVICE, &graph));
  uni_tensor *source = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_FLOAT32, 4, 2, table);
  const int64_t wrong[1] = {4};
  uni_tensor *index = make_in(context, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, 1, -1, wrong), *out = NULL;
  OK(uni_gather(source, uni_tensor_array(index), NULL, NULL, &out, &error));
  char folder[] = "/tmp/unitensor-cuda-XXXXXX", name[64];
  assert_non_null(mkdtemp(folder));
  OK(uni_graph_save(graph, folder, &error));
  uni_graph_release(graph);
  OK(uni_graph_load(context, folder, UNI_MEMORY_DEVICE, &graph, &error));
  uni_graph_release(graph);
  FAILS(UNI_STATUS_OUT_OF_BOUNDS, "index[0] is 4", uni_context_check(context, &error));
  for (int i = 0; i < 2; ++i) {
    snprintf(name, sizeof name, "%s/%s.npy", folder, i == 0 ? "indptr" : "indices");
    assert_int_equal(unlink(name), 0);
  }
  assert_int_equal(rmdir(folder), 0);
  uni_tensor_release(out);
  uni_tensor_release(index);
  uni_tensor_release(source);
  uni_context_release(context);
  check_nothing_left();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_export),
      cmocka_unit_test(test_import),
      cmocka_unit_test(test_devices_that_read_all_memory),
      cmocka_unit_test(test_files),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
