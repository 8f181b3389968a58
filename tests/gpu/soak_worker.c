/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "soak_worker.h"

#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

_Atomic int64_t soak_foreign_blocks;

/* Few sizes, since the emulated device gives what is freed to blocks of its size only. */
static const int64_t heights[] = {1, 60, 300, 1000}, widths[] = {1, 4, 33, 128}, lengths[] = {1, 70, 500};
enum { MOST_ROWS = 1000, MOST_COLUMNS = 128, MOST_PICKS = 500, NUM_SEEDS = 4 };

/* One stream of a process is captured at a time on the emulated device. */
static pthread_mutex_t capturing = PTHREAD_MUTEX_INITIALIZER;

_Noreturn static void give_up(const soak_worker *w, const char *what) {
  print_error("[  FAILED  ] thread %d, step %lld, seed %llu: %s\n", w->number, (long long)w->steps,
              (unsigned long long)w->seed, what);
  fflush(NULL);
  _exit(1);
}

static void require(soak_worker *w, uni_status status, const char *call) {
  char text[700];
  if (status == UNI_STATUS_OK) return;
  snprintf(text, sizeof text, "%s gave %s: %s", call, uni_status_string(status), w->error.message);
  give_up(w, text);
}

#define DO(call) require(w, (call), #call)

static int64_t below(soak_worker *w, int64_t count) { return (int64_t)(next_random(&w->random) % (uint64_t)count); }

static int one_in(soak_worker *w, int64_t count) { return below(w, count) == 0; }

/* Small numbers, so that they are exact. */
static float expected_at(const soak_slot *slot, int64_t row, int64_t column) {
  if (slot->filled) return (float)slot->tag;
  return (float)((slot->tag * 131 + (slot->first_row + row) * 17 + column) % 4096);
}

static void write_rows(const soak_slot *slot, const int64_t *rows, int64_t count, float *to) {
  for (int64_t i = 0; i < count; ++i)
    for (int64_t c = 0; c < slot->columns; ++c)
      to[i * slot->columns + c] = expected_at(slot, rows == NULL ? i : rows[i], c);
}

/* Entries that are no row's are zero. */
static void check_rows(soak_worker *w, const soak_slot *slot, const int64_t *rows, int64_t count, const float *seen,
                       const char *what) {
  for (int64_t i = 0; i < count; ++i) {
    const int64_t row = rows == NULL ? i : rows[i];
    const int zero = row < 0 || row >= slot->rows;
    for (int64_t c = 0; c < slot->columns; ++c)
      if (seen[i * slot->columns + c] != (zero ? 0.0f : expected_at(slot, row, c))) give_up(w, what);
  }
}

/* What a tensor holds, as far as the stream of this worker writes it. */
static const float *read_tensor(soak_worker *w, const uni_tensor *tensor) {
  const int64_t *const shape = uni_tensor_array(tensor)->shape;
  const uni_array host = array_2d(UNI_DTYPE_FLOAT32, w->staged, shape[0], shape[1]);
  DO(uni_tensor_copy_to(tensor, &host, w->stream, &w->error));
  synchronize_stream(w->stream);
  return w->staged;
}

static soak_slot *find_slot(soak_worker *w, int taken) {
  const int64_t start = below(w, SOAK_SLOTS);
  for (int64_t i = 0; i < SOAK_SLOTS; ++i) {
    soak_slot *const slot = &w->slots[(start + i) % SOAK_SLOTS];
    if ((slot->tensor != NULL) == taken) return slot;
  }
  return NULL;
}

static int64_t bytes_of(const soak_slot *slot) { return slot->rows * slot->columns * (int64_t)sizeof(float); }

static void release(soak_worker *w, soak_slot *slot) {
  w->live_bytes -= bytes_of(slot);
  if (slot->memory != UNI_MEMORY_HOST && one_in(w, 4))
    DO(uni_tensor_release_after(slot->tensor, 0, w->stream, &w->error));
  else
    uni_tensor_release(slot->tensor);
  slot->tensor = NULL;
}

static void take(soak_worker *w, soak_slot *slot, uni_tensor *tensor) {
  uni_tensor_info info = {0};
  info.struct_size = sizeof info;
  DO(uni_tensor_get_info(tensor, &info, &w->error));
  slot->tensor = tensor;
  slot->memory = info.memory;
  w->live_bytes += bytes_of(slot);
  while (w->live_bytes > w->most_bytes) release(w, find_slot(w, 1));
}

static uni_tensor *create(soak_worker *w, int32_t memory, int32_t dtype, int64_t rows, int64_t columns) {
  uni_tensor_desc desc = UNI_TENSOR_DESC_INIT;
  uni_tensor *tensor = NULL;
  desc.memory = memory;
  desc.dtype = dtype;
  desc.ndim = columns < 0 ? 1 : 2;
  desc.shape[0] = rows;
  desc.shape[1] = columns < 0 ? 0 : columns;
  DO(uni_tensor_create(w->context, &desc, &tensor, &w->error));
  return tensor;
}

/* With what `data` holds when the stream comes to it. */
static uni_tensor *upload(soak_worker *w, int32_t memory, int32_t dtype, int64_t rows, int64_t columns,
                          const void *data) {
  uni_tensor *const tensor = create(w, memory, dtype, rows, columns);
  const uni_array host = columns < 0 ? array_1d(dtype, data, rows) : array_2d(dtype, data, rows, columns);
  DO(uni_tensor_copy_from(tensor, &host, w->stream, &w->error));
  return tensor;
}

static int32_t any_memory(soak_worker *w) { return UNI_MEMORY_HOST + (int32_t)below(w, 5); }

static soak_slot any_shape(soak_worker *w) {
  soak_slot made;
  memset(&made, 0, sizeof made);
  made.rows = heights[below(w, 4)] * w->scale;
  made.columns = widths[below(w, 4)];
  made.tag = below(w, 1000);
  return made;
}

static void step_create(soak_worker *w) {
  soak_slot *const slot = find_slot(w, 0);
  if (slot == NULL) return;
  *slot = any_shape(w);
  write_rows(slot, NULL, slot->rows, w->staged);
  take(w, slot, upload(w, any_memory(w), UNI_DTYPE_FLOAT32, slot->rows, slot->columns, w->staged));
}

typedef struct foreign_block {
  void *data;
  size_t mapped; /* bytes, or 0: from malloc */
} foreign_block;

static void give_back(void *user_data) {
  foreign_block *const block = user_data;
  if (block->mapped > 0)
    munmap(block->data, block->mapped);
  else
    free(block->data);
  free(block);
  atomic_fetch_sub(&soak_foreign_blocks, 1);
}

/* Memory of the caller's: of malloc as it is, registered, or a file without a name that others could map too. */
static void step_lend(soak_worker *w) {
  soak_slot *const slot = find_slot(w, 0);
  if (slot == NULL) return;
  *slot = any_shape(w);
  const int64_t way = below(w, 4), num_bytes = bytes_of(slot);
  foreign_block *const block = calloc(1, sizeof *block);
  assert_non_null(block);
  block->mapped = way >= 2 ? (size_t)num_bytes : 0;
  if (way >= 2) {
    const int file = memfd_create("unitensor-soak", 0);
    if (file >= 0 && ftruncate(file, num_bytes) == 0)
      block->data = mmap(NULL, block->mapped, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (block->data == NULL || block->data == MAP_FAILED) give_up(w, "mapping memory");
    close(file);
  } else {
    block->data = malloc((size_t)num_bytes);
    if (block->data == NULL) give_up(w, "malloc");
  }
  write_rows(slot, NULL, slot->rows, block->data);
  atomic_fetch_add(&soak_foreign_blocks, 1);
  uni_array array = array_2d(UNI_DTYPE_FLOAT32, block->data, slot->rows, slot->columns);
  if (way == 3) {
    if (mprotect(block->data, block->mapped, PROT_READ) != 0) give_up(w, "mprotect");
    array.flags = UNI_ARRAY_READ_ONLY;
    slot->read_only = slot->frozen = 1;
  }
  uni_tensor *tensor = NULL;
  if (way == 0) {
    DO(uni_tensor_wrap(w->context, &array, give_back, block, &tensor, &w->error));
  } else {
    const uni_status status = uni_tensor_register(w->context, &array, give_back, block, &tensor, &w->error);
    /* Drivers of some machines pin no memory that may only be read; then it has been given back. */
    if (way == 3 && status == UNI_STATUS_BACKEND_ERROR && !machine.emulated) return;
    require(w, status, "uni_tensor_register");
  }
  take(w, slot, tensor);
}

static void step_slice(soak_worker *w) {
  soak_slot *const base = find_slot(w, 1), *const slot = find_slot(w, 0);
  if (base == NULL || slot == NULL || base->rows < 2) return;
  base->frozen = 1;
  *slot = *base;
  const int64_t start = base->rows / 3;
  slot->rows = base->rows - start;
  slot->first_row = base->first_row + start;
  uni_tensor *view = NULL;
  DO(uni_tensor_slice(base->tensor, start, base->rows, &view, &w->error));
  take(w, slot, view);
}

static void step_fill(soak_worker *w) {
  soak_slot *const slot = find_slot(w, 1);
  if (slot == NULL || slot->frozen) return;
  slot->tag = below(w, 1000);
  slot->filled = 1;
  const float value = (float)slot->tag;
  DO(uni_tensor_fill(slot->tensor, &value, w->stream, &w->error));
}

static void step_copy(soak_worker *w) {
  soak_slot *const from = find_slot(w, 1), *const to = find_slot(w, 0);
  if (from == NULL || to == NULL) return;
  *to = *from;
  to->frozen = to->read_only = 0;
  uni_tensor *const tensor = create(w, any_memory(w), UNI_DTYPE_FLOAT32, to->rows, to->columns);
  DO(uni_tensor_copy_from(tensor, uni_tensor_array(from->tensor), w->stream, &w->error));
  take(w, to, tensor);
}

static void step_check(soak_worker *w) {
  const soak_slot *const slot = find_slot(w, 1);
  if (slot == NULL) return;
  check_rows(w, slot, NULL, slot->rows, read_tensor(w, slot->tensor), "a tensor holds something else");
}

/* Rows of a tensor, some of them twice; on a device some that are none, if asked for. Gives how many are none. */
static int64_t pick(soak_worker *w, const soak_slot *slot, int64_t length, int with_bad) {
  int64_t num_bad = 0;
  for (int64_t i = 0; i < length; ++i) {
    const int bad = with_bad && one_in(w, 20);
    w->picked[i] = bad ? slot->rows + below(w, 3) : below(w, slot->rows);
    num_bad += bad;
  }
  return num_bad;
}

static uni_tensor *index_on_device(soak_worker *w, int64_t length) {
  return upload(w, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, length, -1, w->picked);
}

static void count_gather(soak_worker *w, int64_t rows, int64_t num_bytes) {
  ++w->expected.gather_calls;
  w->expected.gather_rows += rows;
  w->expected.gather_bytes += num_bytes;
}

static int64_t any_length(soak_worker *w) { return lengths[below(w, 3)] * w->scale; }

static void step_gather(soak_worker *w) {
  const soak_slot *const slot = find_slot(w, 1);
  if (slot == NULL) return;
  const int64_t length = any_length(w);
  const int on_cpu = slot->memory == UNI_MEMORY_HOST, with_bad = one_in(w, 3);
  uni_gather_options options = UNI_GATHER_OPTIONS_INIT;
  options.order = (int32_t)below(w, 3);
  options.bounds = with_bad ? UNI_BOUNDS_SKIP : UNI_BOUNDS_CHECK;
  if (!on_cpu && one_in(w, 2)) options.memory = UNI_MEMORY_PINNED + (int32_t)below(w, 3);
  w->expected.out_of_bounds += pick(w, slot, length, with_bad);
  const uni_array host_index = array_1d(UNI_DTYPE_INT64, w->picked, length);
  uni_tensor *const index = on_cpu ? NULL : index_on_device(w, length);
  uni_tensor *out = NULL;
  DO(uni_gather(slot->tensor, on_cpu ? &host_index : uni_tensor_array(index), &options, w->stream, &out, &w->error));
  count_gather(w, length, length * slot->columns * (int64_t)sizeof(float));
  uni_tensor_release(index);
  if (one_in(w, 4)) check_rows(w, slot, w->picked, length, read_tensor(w, out), "a gather gave something else");
  uni_tensor_release(out);
}

/* The same tensor, and one of as many rows if there is one. */
static void step_gather_many(soak_worker *w) {
  const soak_slot *const slot = find_slot(w, 1), *other = slot;
  if (slot == NULL || slot->memory == UNI_MEMORY_HOST) return;
  for (int i = 0; i < SOAK_SLOTS; ++i)
    if (w->slots[i].tensor != NULL && w->slots[i].memory != UNI_MEMORY_HOST && w->slots[i].rows == slot->rows)
      other = &w->slots[i];
  const int64_t length = any_length(w);
  pick(w, slot, length, 0);
  uni_tensor *const index = index_on_device(w, length);
  uni_tensor *outs[2] = {create(w, UNI_MEMORY_DEVICE, UNI_DTYPE_FLOAT32, length, slot->columns),
                         create(w, UNI_MEMORY_DEVICE, UNI_DTYPE_FLOAT32, length, other->columns)};
  const uni_tensor *const sources[2] = {slot->tensor, other->tensor};
  const uni_array *const arrays[2] = {uni_tensor_array(outs[0]), uni_tensor_array(outs[1])};
  DO(uni_gather_many(2, sources, uni_tensor_array(index), NULL, w->stream, arrays, &w->error));
  count_gather(w, length, length * (slot->columns + other->columns) * (int64_t)sizeof(float));
  uni_tensor_release(index);
  if (one_in(w, 2)) {
    check_rows(w, slot, w->picked, length, read_tensor(w, outs[0]), "the first of a gather of two");
    check_rows(w, other, w->picked, length, read_tensor(w, outs[1]), "the second of a gather of two");
  }
  for (int i = 0; i < 2; ++i) uni_tensor_release(outs[i]);
}

/* Rows are assigned what they hold, or zeros are added to them. */
static void step_scatter(soak_worker *w) {
  soak_slot *const slot = find_slot(w, 1);
  if (slot == NULL || slot->read_only) return;
  const int64_t length = any_length(w);
  const int on_cpu = slot->memory == UNI_MEMORY_HOST;
  uni_scatter_options options = UNI_SCATTER_OPTIONS_INIT;
  options.reduce = one_in(w, 2) ? UNI_SCATTER_ADD : UNI_SCATTER_ASSIGN;
  pick(w, slot, length, 0);
  if (options.reduce == UNI_SCATTER_ADD)
    memset(w->staged, 0, (size_t)(length * slot->columns) * sizeof(float));
  else
    write_rows(slot, w->picked, length, w->staged);
  const uni_array host_index = array_1d(UNI_DTYPE_INT64, w->picked, length),
                  host_rows = array_2d(UNI_DTYPE_FLOAT32, w->staged, length, slot->columns);
  uni_tensor *index = NULL, *rows = NULL;
  if (!on_cpu) {
    index = index_on_device(w, length);
    rows = upload(w, UNI_MEMORY_DEVICE, UNI_DTYPE_FLOAT32, length, slot->columns, w->staged);
  }
  DO(uni_scatter(slot->tensor, on_cpu ? &host_index : uni_tensor_array(index),
                 on_cpu ? &host_rows : uni_tensor_array(rows), &options, w->stream, &w->error));
  ++w->expected.scatter_calls;
  w->expected.scatter_rows += length;
  w->expected.scatter_bytes += length * slot->columns * (int64_t)sizeof(float);
  uni_tensor_release(rows);
  uni_tensor_release(index);
}

/* Its nodes are an index at once; it is released before anybody has waited for it, or after. */
static void step_sample(soak_worker *w) {
  const soak_slot *const slot = find_slot(w, 1);
  static const int64_t some[2] = {3, 3}, all[2] = {-1, 2};
  const int waits_itself = one_in(w, 4);
  uni_sample_options options = UNI_SAMPLE_OPTIONS_INIT;
  options.num_hops = 2;
  options.fanouts = waits_itself ? all : some;
  options.seed = next_random(&w->random);
  for (int i = 0; i < NUM_SEEDS; ++i) w->picked[i] = below(w, 50);
  uni_tensor *const seeds = index_on_device(w, NUM_SEEDS);
  uni_tensor *out = NULL;
  uni_sample *sample = NULL;
  DO(uni_sample_neighbors(w->graph, uni_tensor_array(seeds), &options, w->stream, &sample, &w->error));
  uni_tensor_release(seeds);
  if (slot != NULL && slot->memory != UNI_MEMORY_HOST && slot->rows >= 50 && one_in(w, 2)) {
    DO(uni_gather(slot->tensor, uni_sample_nodes(sample), NULL, w->stream, &out, &w->error));
    const int64_t rows = uni_tensor_array(out)->shape[0];
    count_gather(w, rows, rows * slot->columns * (int64_t)sizeof(float));
  }
  const int waits = one_in(w, 2);
  if (waits) DO(uni_sample_wait(sample, &w->error));
  w->expected.sample_calls += waits || waits_itself;
  if (out != NULL && one_in(w, 2))
    check_rows(w, slot, w->picked, 1, read_tensor(w, out), "the row of a sample's first seed");
  uni_tensor_release(out);
  uni_sample_release(sample);
}

/* The graph outlives the handle of what it reads, or is never made. */
static void step_capture(soak_worker *w) {
  soak_slot *const slot = find_slot(w, 1);
  if (slot == NULL || slot->memory == UNI_MEMORY_HOST) return;
  const int64_t length = any_length(w), num_bytes = length * slot->columns * (int64_t)sizeof(float);
  const soak_slot contents = *slot;
  const float one = 1;
  uni_gather_options options = UNI_GATHER_OPTIONS_INIT;
  options.order = (int32_t)below(w, 3);
  pick(w, slot, length, 0);
  uni_tensor *const index = index_on_device(w, length);
  uni_tensor *const out = create(w, UNI_MEMORY_DEVICE, UNI_DTYPE_FLOAT32, length, slot->columns);
  uni_tensor *const copy = create(w, UNI_MEMORY_DEVICE, UNI_DTYPE_FLOAT32, length, slot->columns);
  const int abandons = one_in(w, 6), releases = one_in(w, 3);
  void *graph = NULL;
  pthread_mutex_lock(&capturing);
  begin_capture(w->stream);
  DO(uni_tensor_fill(out, &one, w->stream, &w->error));
  DO(uni_gather_into(slot->tensor, uni_tensor_array(index), &options, w->stream, uni_tensor_array(out), &w->error));
  DO(uni_tensor_copy_from(copy, uni_tensor_array(out), w->stream, &w->error));
  if (abandons)
    abandon_capture(w->stream);
  else if ((graph = end_capture(w->stream)) == NULL)
    give_up(w, "the capture has ended by itself");
  pthread_mutex_unlock(&capturing);
  count_gather(w, length, num_bytes);
  if (releases) {
    release(w, slot);
    /* Whatever was given back by mistake is others' now. */
    DO(uni_context_trim(w->context, &w->error));
    step_create(w);
  }
  for (int64_t launches = graph == NULL ? 0 : 1 + below(w, 3); launches > 0; --launches) {
    launch_graph(graph, w->stream);
    synchronize_stream(w->stream);
    check_rows(w, &contents, w->picked, length, read_tensor(w, copy), "a graph gave something else");
  }
  if (graph != NULL) destroy_graph(graph);
  uni_tensor_release(copy);
  uni_tensor_release(out);
  uni_tensor_release(index);
}

static void step_release(soak_worker *w) {
  soak_slot *const slot = find_slot(w, 1);
  if (slot != NULL) release(w, slot);
}

static void step_look(soak_worker *w) {
  if (one_in(w, 5))
    DO(uni_context_trim(w->context, &w->error));
  else if (one_in(w, 5))
    DO(uni_context_synchronize(w->context, &w->error));
  else
    DO(uni_context_check(w->context, &w->error));
}

void soak_start(soak_worker *w, int64_t most_bytes) {
  w->most_bytes = most_bytes;
  w->scale = machine.emulated ? 1 : 16;
  uni_error_init(&w->error);
  for (int i = 0; i < SOAK_BUFFERS; ++i) {
    w->buffers[i] = malloc((size_t)(MOST_ROWS * MOST_COLUMNS * w->scale) * sizeof(float));
    w->indices[i] = malloc((size_t)(MOST_PICKS * w->scale) * sizeof(int64_t));
    assert_true(w->buffers[i] != NULL && w->indices[i] != NULL);
  }
}

void soak_finish(soak_worker *w) {
  for (int i = 0; i < SOAK_BUFFERS; ++i) {
    free(w->buffers[i]);
    free(w->indices[i]);
  }
}

void soak_step(soak_worker *w) {
  static void (*const steps[])(soak_worker *) = {
      step_create, step_create,      step_lend,    step_slice,  step_fill,    step_copy,    step_check,   step_gather,
      step_gather, step_gather_many, step_scatter, step_sample, step_capture, step_release, step_release, step_look};
  const int64_t buffer = w->steps % SOAK_BUFFERS;
  if (buffer == 0) synchronize_stream(w->stream);
  w->staged = w->buffers[buffer];
  w->picked = w->indices[buffer];
  steps[below(w, (int64_t)(sizeof steps / sizeof steps[0]))](w);
  ++w->steps;
}

void soak_release_everything(soak_worker *w) {
  for (int i = 0; i < SOAK_SLOTS; ++i)
    if (w->slots[i].tensor != NULL) release(w, &w->slots[i]);
  synchronize_stream(w->stream);
}
