/* SPDX-License-Identifier: Apache-2.0 */
/* Embeddings that are trained batch by batch, in a table larger than a device's memory. The features of the nodes are
 * stored as int8 with a scale for each row, and become float16 while they are gathered. What else belongs to the same
 * nodes (embeddings, labels, timestamps) is gathered by one call, and updates are added to the embeddings where they
 * lie. All that the loop writes was allocated before it.
 *
 *   cc train_embeddings.c $(pkg-config --cflags --libs unitensor) -o train_embeddings
 *
 * Where there is a GPU it gathers and scatters, else the CPU does; the lines that are printed are the same. An argument
 * names the file of a backend plugin that is not where the library looks for one.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <unitensor/macros.h>
#include <unitensor/unitensor.h>

enum { NUM_NODES = 1000, WIDTH = 16, BATCH = 125, NUM_BATCHES = 10, NUM_EPOCHS = 3, MANY = 3 };
#define DAY INT64_C(86400)
#define RECENT (INT64_C(500) * DAY)

typedef struct Training {
  uni_context *context;
  uni_tensor *features, *scales, *labels, *timestamps, *embeddings; /* a row, or a number, to each node */
  uni_tensor *order;                                                /* the nodes of all batches */
  uni_tensor *batch_features, *batch_labels, *batch_timestamps, *batch_embeddings, *updates;
} Training;

static int8_t features[NUM_NODES][WIDTH];
static float scales[NUM_NODES];
static int32_t labels[NUM_NODES];
static int64_t timestamps[NUM_NODES];
static int64_t order[NUM_BATCHES * BATCH];
static uni_error error = UNI_ERROR_INIT;

static void make_data(void) {
  for (int64_t v = 0; v < NUM_NODES; ++v) {
    for (int64_t d = 0; d < WIDTH; ++d) features[v][d] = (int8_t)((v * 37 + d * 11) % 255 - 127);
    scales[v] = 1.0f / (float)(16 << v % 3);
    labels[v] = v % 5 == 0 ? -1 : 1;
    timestamps[v] = v * DAY;
  }
  /* Every fifth entry is a node that its batch has already. */
  for (int64_t i = 0; i < NUM_BATCHES * BATCH; ++i) order[i] = (i / 5 * 4 + i % 5 % 4) * 31 % NUM_NODES;
}

/* A tensor without contents; `width` 0 makes one dimension. */
static uni_status make(uni_context *context, int32_t memory, int32_t dtype, int64_t rows, int64_t width,
                       uni_tensor **tensor) {
  uni_tensor_desc desc = UNI_TENSOR_DESC_INIT;
  desc.memory = memory;
  desc.dtype = dtype;
  desc.ndim = width > 0 ? 2 : 1;
  desc.shape[0] = rows;
  desc.shape[1] = width;
  return uni_tensor_create(context, &desc, tensor, &error);
}

static uni_status upload(uni_context *context, int32_t memory, const uni_array *array, uni_tensor **tensor) {
  uni_status status = make(context, memory, array->dtype, array->shape[0], array->shape[1], tensor);
  if (status == UNI_STATUS_OK) status = uni_tensor_copy_from(*tensor, array, NULL, &error);
  return status;
}

/* Tables in memory that every device of the machine can read. */
static uni_status make_tables(Training *training) {
  static float zeros[NUM_NODES][WIDTH];
  struct {
    uni_array array;
    uni_tensor **tensor;
  } tables[] = {
      {UNI_ARRAY_2D(UNI_DTYPE_INT8, features, NUM_NODES, WIDTH), &training->features},
      {UNI_ARRAY_1D(UNI_DTYPE_FLOAT32, scales, NUM_NODES), &training->scales},
      {UNI_ARRAY_1D(UNI_DTYPE_INT32, labels, NUM_NODES), &training->labels},
      {UNI_ARRAY_1D(UNI_DTYPE_INT64, timestamps, NUM_NODES), &training->timestamps},
      {UNI_ARRAY_2D(UNI_DTYPE_FLOAT32, zeros, NUM_NODES, WIDTH), &training->embeddings},
  };
  uni_status status = UNI_STATUS_OK;
  for (size_t t = 0; t < sizeof tables / sizeof *tables && status == UNI_STATUS_OK; ++t)
    status = upload(training->context, UNI_MEMORY_UNIFIED, &tables[t].array, tables[t].tensor);
  return status;
}

/* What the loop writes, and the index: an operation is computed where its index lies. */
static uni_status make_batches(Training *training) {
  uni_context *const context = training->context;
  uni_backend_info cuda = {.struct_size = sizeof cuda};
  const uni_array order_array = UNI_ARRAY_1D(UNI_DTYPE_INT64, order, NUM_BATCHES * BATCH);
  uni_status status = uni_context_backend_info(context, UNI_DEVICE_CUDA, &cuda, &error);
  if (status == UNI_STATUS_OK)
    status = upload(context, cuda.available ? UNI_MEMORY_DEVICE : UNI_MEMORY_UNIFIED, &order_array, &training->order);
  struct {
    int32_t dtype, width;
    uni_tensor **tensor;
  } rows[] = {
      {UNI_DTYPE_FLOAT16, WIDTH, &training->batch_features}, {UNI_DTYPE_INT32, 0, &training->batch_labels},
      {UNI_DTYPE_INT64, 0, &training->batch_timestamps},     {UNI_DTYPE_FLOAT32, WIDTH, &training->batch_embeddings},
      {UNI_DTYPE_FLOAT32, WIDTH, &training->updates},
  };
  for (size_t t = 0; t < sizeof rows / sizeof *rows && status == UNI_STATUS_OK; ++t)
    status = make(context, UNI_MEMORY_UNIFIED, rows[t].dtype, BATCH, rows[t].width, rows[t].tensor);
  return status;
}

/* Memory that the CPU reads and writes; it waits for what a device is still writing there. NULL where it cannot. */
static void *on_host(const uni_tensor *tensor) {
  void *data = NULL;
  return uni_tensor_host_pointer(tensor, &data, &error) == UNI_STATUS_OK ? data : NULL;
}

/* Of a number that is neither infinite nor none. */
static float from_float16(uint16_t half) {
  const uint32_t bits = (uint32_t)(half & 0x8000) << 16 | (uint32_t)(half & 0x7fff) << 13;
  float value;
  memcpy(&value, &bits, sizeof value);
  return value * 0x1p112f; /* the difference of the two biases */
}

/* What stands for a model here: embeddings move towards their features, with the sign of their label, and faster where
 * those are recent. */
static float update(float feature, int32_t label, int64_t timestamp, float embedding) {
  return (timestamp >= RECENT ? 0.5f : 0.25f) * ((float)label * feature - embedding);
}

static uni_status train_batch(Training *training, const uni_array *index) {
  uni_gather_options as_float16 = UNI_GATHER_OPTIONS_INIT;
  as_float16.dtype = UNI_DTYPE_FLOAT16;
  as_float16.row_scales = uni_tensor_array(training->scales);
  const uni_tensor *const sources[MANY] = {training->embeddings, training->labels, training->timestamps};
  const uni_array *const outs[MANY] = {uni_tensor_array(training->batch_embeddings),
                                       uni_tensor_array(training->batch_labels),
                                       uni_tensor_array(training->batch_timestamps)};
  uni_status status =
      uni_gather_into(training->features, index, &as_float16, NULL, uni_tensor_array(training->batch_features), &error);
  if (status == UNI_STATUS_OK) status = uni_gather_many(MANY, sources, index, NULL, NULL, outs, &error);
  /* A device works later. Its errors are reported here, such as an index out of bounds. */
  if (status == UNI_STATUS_OK) status = uni_context_synchronize(training->context, &error);
  if (status != UNI_STATUS_OK) return status;

  const uint16_t *const feature = on_host(training->batch_features);
  const float *const embedding = on_host(training->batch_embeddings);
  const int32_t *const label = on_host(training->batch_labels);
  const int64_t *const timestamp = on_host(training->batch_timestamps);
  float *const updates = on_host(training->updates);
  if (feature == NULL || embedding == NULL || label == NULL || timestamp == NULL || updates == NULL)
    return UNI_STATUS_INVALID_STATE;
  for (int64_t i = 0; i < BATCH; ++i)
    for (int64_t d = i * WIDTH; d < (i + 1) * WIDTH; ++d)
      updates[d] = update(from_float16(feature[d]), label[i], timestamp[i], embedding[d]);

  /* A node that its batch has twice gets both updates. */
  uni_scatter_options add = UNI_SCATTER_OPTIONS_INIT;
  add.reduce = UNI_SCATTER_ADD;
  return uni_scatter(training->embeddings, index, uni_tensor_array(training->updates), &add, NULL, &error);
}

static uni_status train_epoch(Training *training) {
  uni_status status = UNI_STATUS_OK;
  for (int64_t b = 0; b < NUM_BATCHES && status == UNI_STATUS_OK; ++b) {
    uni_tensor *nodes = NULL;
    status = uni_tensor_slice(training->order, b * BATCH, (b + 1) * BATCH, &nodes, &error);
    if (status == UNI_STATUS_OK) status = train_batch(training, uni_tensor_array(nodes));
    uni_tensor_release(nodes);
  }
  return status;
}

/* The same without the library. All numbers are sums of few powers of two, so that no order of adding them rounds. */
static void train_epoch_plainly(float embeddings[NUM_NODES][WIDTH]) {
  static float updates[BATCH][WIDTH];
  for (const int64_t *nodes = order; nodes < order + NUM_BATCHES * BATCH; nodes += BATCH) {
    for (int i = 0; i < BATCH; ++i)
      for (int d = 0; d < WIDTH; ++d) {
        const int64_t v = nodes[i];
        updates[i][d] = update((float)features[v][d] * scales[v], labels[v], timestamps[v], embeddings[v][d]);
      }
    for (int i = 0; i < BATCH; ++i)
      for (int d = 0; d < WIDTH; ++d) embeddings[nodes[i]][d] += updates[i][d];
  }
}

static double mean_error(const float *embeddings) {
  double sum = 0;
  for (int64_t v = 0; v < NUM_NODES; ++v)
    for (int64_t d = 0; d < WIDTH; ++d) {
      const float difference = (float)labels[v] * (float)features[v][d] * scales[v] - embeddings[v * WIDTH + d];
      sum += difference < 0 ? -difference : difference;
    }
  return sum / (NUM_NODES * WIDTH);
}

static uni_status train(Training *training, int *right) {
  static float expected[NUM_NODES][WIDTH];
  printf("%d nodes, %d batches of %d\n", NUM_NODES, NUM_BATCHES, BATCH);
  for (int epoch = 1; epoch <= NUM_EPOCHS; ++epoch) {
    uni_status status = train_epoch(training);
    if (status == UNI_STATUS_OK) status = uni_context_synchronize(training->context, &error);
    if (status != UNI_STATUS_OK) return status;
    const float *const embeddings = on_host(training->embeddings);
    if (embeddings == NULL) return UNI_STATUS_INVALID_STATE;
    train_epoch_plainly(expected);
    *right = memcmp(embeddings, expected, sizeof expected) == 0;
    printf("epoch %d: mean error %.4f\n", epoch, mean_error(embeddings));
    if (!*right) {
      fprintf(stderr, "the embeddings are not what they should be\n");
      break;
    }
  }
  return UNI_STATUS_OK;
}

int main(int argc, char **argv) {
  Training training = {0};
  int right = 0;
  make_data();
  uni_context_options options = UNI_CONTEXT_OPTIONS_INIT;
  options.backend_path = argc > 1 ? argv[1] : NULL;
  uni_status status = uni_context_create(&options, &training.context, &error);
  if (status == UNI_STATUS_OK) status = make_tables(&training);
  if (status == UNI_STATUS_OK) status = make_batches(&training);
  if (status == UNI_STATUS_OK) status = train(&training, &right);
  if (status != UNI_STATUS_OK) fprintf(stderr, "%s: %s\n", uni_status_string(status), error.message);

  /* Releasing NULL does nothing, so that what was not made needs no case of its own. */
  uni_tensor_release(training.updates);
  uni_tensor_release(training.batch_embeddings);
  uni_tensor_release(training.batch_timestamps);
  uni_tensor_release(training.batch_labels);
  uni_tensor_release(training.batch_features);
  uni_tensor_release(training.order);
  uni_tensor_release(training.embeddings);
  uni_tensor_release(training.timestamps);
  uni_tensor_release(training.labels);
  uni_tensor_release(training.scales);
  uni_tensor_release(training.features);
  uni_context_release(training.context);
  return status == UNI_STATUS_OK && right ? EXIT_SUCCESS : EXIT_FAILURE;
}
