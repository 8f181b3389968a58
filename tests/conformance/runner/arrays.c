/* SPDX-License-Identifier: Apache-2.0 */
#include "runner.h"

void *new_memory(int64_t num_bytes) {
  void *memory = malloc((size_t)num_bytes + 1);
  assert_non_null(memory);
  return memory;
}

static int32_t dtype_of(const cJSON *spec) {
  const char *name = text_member(spec, "dtype");
  for (int32_t dtype = UNI_DTYPE_BOOL; dtype <= UNI_DTYPE_FLOAT64; ++dtype)
    if (strcmp(name, uni_dtype_name(dtype)) == 0) return dtype;
  fail_msg("\"%s\" is no dtype", name);
  return 0;
}

static void store(int32_t dtype, char *place, int64_t value) {
  const float narrow = (float)value;
  const double wide = (double)value;
  switch (dtype) {
    case UNI_DTYPE_FLOAT32:
      memcpy(place, &narrow, 4);
      break;
    case UNI_DTYPE_FLOAT64:
      memcpy(place, &wide, 8);
      break;
    case UNI_DTYPE_FLOAT16:
    case UNI_DTYPE_BFLOAT16:
      fail_msg("%s is given by \"hex\" only", uni_dtype_name(dtype));
      break;
    /* Little-endian: the low bytes are the narrower integer. */
    default:
      memcpy(place, &value, (size_t)uni_dtype_size(dtype));
  }
}

unsigned char *bytes_of_hex(const cJSON *text, int64_t *num_bytes) {
  if (!cJSON_IsString(text)) fail_msg("hexadecimal text is expected");
  const size_t digits = strlen(text->valuestring);
  if (digits % 2 != 0) fail_msg("an odd number of hexadecimal digits");
  unsigned char *bytes = new_memory((int64_t)(digits / 2));
  for (size_t i = 0; i < digits / 2; ++i) {
    const char pair[3] = {text->valuestring[2 * i], text->valuestring[2 * i + 1], 0};
    char *end = NULL;
    bytes[i] = (unsigned char)strtoul(pair, &end, 16);
    if (end != pair + 2) fail_msg("\"%s\" are no hexadecimal digits", pair);
  }
  *num_bytes = (int64_t)(digits / 2);
  return bytes;
}

static uint64_t splitmix64(uint64_t *state) {
  uint64_t z = (*state += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

/* dtype and shape, with no memory. */
static array describe(const cJSON *spec) {
  array a = {.num_bytes = 0};
  a.descriptor.struct_size = sizeof(uni_array);
  a.descriptor.dtype = dtype_of(spec);
  if (optional_member(spec, "shape") != NULL) {
    a.descriptor.ndim = integers_member(spec, "shape", a.descriptor.shape, UNI_MAX_NDIM);
  } else {
    a.descriptor.ndim = 1;
    a.descriptor.shape[0] = cJSON_GetArraySize(member(spec, "values"));
  }
  a.num_bytes = uni_dtype_size(a.descriptor.dtype);
  for (int32_t i = 0; i < a.descriptor.ndim; ++i) a.num_bytes *= a.descriptor.shape[i];
  return a;
}

array array_of(const cJSON *spec) {
  allow_members(spec, "dtype shape values hex pattern modulo cumulative ");
  array a = describe(spec);
  const int64_t size = uni_dtype_size(a.descriptor.dtype), count = a.num_bytes / size;
  const cJSON *values = optional_member(spec, "values"), *item;
  if (optional_member(spec, "hex") != NULL) {
    int64_t num_bytes = 0;
    a.descriptor.data = bytes_of_hex(member(spec, "hex"), &num_bytes);
    assert_int_equal(num_bytes, a.num_bytes);
    return a;
  }
  char *place = a.descriptor.data = new_memory(a.num_bytes);
  if (values != NULL) {
    assert_int_equal(cJSON_GetArraySize(values), count);
    cJSON_ArrayForEach(item, values) {
      store(a.descriptor.dtype, place, integer_of(item));
      place += size;
    }
    return a;
  }
  uint64_t state = (uint64_t)integer_member(spec, "pattern"), sum = 0;
  const uint64_t modulo = (uint64_t)integer_member(spec, "modulo");
  const int cumulative = cJSON_IsTrue(optional_member(spec, "cumulative"));
  for (int64_t i = 0; i < count; ++i, place += size) {
    const uint64_t number = splitmix64(&state) % modulo;
    store(a.descriptor.dtype, place, (int64_t)(cumulative ? sum : number));
    sum += number;
  }
  return a;
}

void free_array(array *a) {
  free(a->descriptor.data);
  a->descriptor.data = NULL;
}

static uint32_t crc32_of(const unsigned char *bytes, int64_t num_bytes) {
  uint32_t crc = 0xffffffffu;
  for (int64_t i = 0; i < num_bytes; ++i) {
    crc ^= bytes[i];
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (0xedb88320u & (0u - (crc & 1u)));
  }
  return ~crc;
}

void check_array(const char *what, const cJSON *spec, const uni_array *result) {
  const array expected_form = describe(spec);
  const uni_array *expected = &expected_form.descriptor;
  if (result->dtype != expected->dtype || result->ndim != expected->ndim ||
      memcmp(result->shape, expected->shape, 8 * (size_t)expected->ndim) != 0) {
    fail_msg("%s has dtype %s, %d dimensions and %lld rows, expected %s, %d and %lld, or another extent differs", what,
             uni_dtype_name(result->dtype), (int)result->ndim, (long long)result->shape[0],
             uni_dtype_name(expected->dtype), (int)expected->ndim, (long long)expected->shape[0]);
  }
  const unsigned char *bytes = result->data;
  if (optional_member(spec, "crc32") != NULL) {
    allow_members(spec, "dtype shape crc32 ");
    const int64_t crc = crc32_of(bytes, expected_form.num_bytes);
    if (crc != integer_member(spec, "crc32"))
      fail_msg("%s has CRC-32 %lld, expected %lld", what, (long long)crc, (long long)integer_member(spec, "crc32"));
    return;
  }
  array filled = array_of(spec);
  const unsigned char *wanted = filled.descriptor.data;
  for (int64_t i = 0; i < filled.num_bytes; ++i)
    if (bytes[i] != wanted[i])
      fail_msg("%s: byte %lld of %lld is %d, expected %d", what, (long long)i, (long long)filled.num_bytes, bytes[i],
               wanted[i]);
  free_array(&filled);
}

void check_tensor(const char *what, const cJSON *spec, const uni_tensor *tensor) {
  uni_error error = UNI_ERROR_INIT;
  const uni_array *given = uni_tensor_array(tensor);
  assert_non_null(given);
  uni_array plain = {.struct_size = sizeof plain, .dtype = given->dtype, .ndim = given->ndim};
  memcpy(plain.shape, given->shape, sizeof plain.shape);
  int64_t num_bytes = uni_dtype_size(plain.dtype);
  for (int32_t i = 0; i < plain.ndim; ++i) num_bytes *= plain.shape[i];
  plain.data = new_memory(num_bytes);
  uni_status status = uni_tensor_copy_to(tensor, &plain, NULL, &error);
  status = finish(uni_tensor_context(tensor), status, &error);
  if (status != UNI_STATUS_OK) fail_msg("%s: %s", what, error.message);
  check_array(what, spec, &plain);
  free(plain.data);
}

uni_tensor *tensor_of(uni_context *context, const cJSON *spec, int64_t row_alignment) {
  array contents = array_of(spec);
  uni_tensor_desc desc = UNI_TENSOR_DESC_INIT;
  desc.memory = memory_under_test;
  desc.dtype = contents.descriptor.dtype;
  desc.ndim = contents.descriptor.ndim;
  desc.row_alignment = row_alignment;
  memcpy(desc.shape, contents.descriptor.shape, sizeof desc.shape);
  uni_tensor *tensor = NULL;
  uni_error error = UNI_ERROR_INIT;
  if (uni_tensor_create(context, &desc, &tensor, &error) != UNI_STATUS_OK)
    fail_msg("a tensor of the case: %s", error.message);
  copy_into(context, tensor, &contents.descriptor);
  free_array(&contents);
  return tensor;
}
