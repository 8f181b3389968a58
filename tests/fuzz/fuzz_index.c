/* SPDX-License-Identifier: Apache-2.0 */
/* Any numbers as an index of gather and scatter, under the policies that look at it, against a plain loop. */
#include "fuzz.h"

enum { num_rows = 13, max_length = 200, max_width = 40 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  reader r = {data, size};
  const int narrow = take_byte(&r) & 1, skip = take_byte(&r) & 1, add = take_byte(&r) & 1;
  const int64_t width = take_byte(&r) % max_width, length = take_byte(&r) % max_length;
  const int with_count = take_byte(&r) & 1;
  const int64_t count = (int8_t)take_byte(&r);
  int64_t wide[max_length];
  int32_t thin[max_length];
  /* A count out of its range is taken as its end. */
  const int64_t used = !with_count || count > length ? length : count < 0 ? 0 : count;
  int64_t bad = -1;
  for (int64_t i = 0; i < length; ++i) {
    const uint8_t form = take_byte(&r);
    wide[i] = form == 255   ? take_int64(&r)
              : form == 254 ? (int8_t)take_byte(&r)
              : form == 253 ? num_rows
                            : form % num_rows;
    if (narrow) wide[i] = (int32_t)wide[i];
    thin[i] = (int32_t)wide[i];
    if (bad < 0 && i < used && (wide[i] < 0 || wide[i] >= num_rows)) bad = i;
  }
  uni_array index =
      UNI_ARRAY_1D(narrow ? UNI_DTYPE_INT32 : UNI_DTYPE_INT64, narrow ? (void *)thin : (void *)wide, length);
  if (with_count) index.count = &count;

  uint8_t table[num_rows * max_width], kept[num_rows * max_width], out[max_length * max_width],
      before[max_length * max_width];
  for (size_t i = 0; i < sizeof table; ++i) table[i] = kept[i] = (uint8_t)(i * 7 + 1);
  for (size_t i = 0; i < sizeof out; ++i) out[i] = before[i] = (uint8_t)(i * 3 + 2);
  const uni_array memory = UNI_ARRAY_2D(UNI_DTYPE_UINT8, table, num_rows, width);
  const uni_array rows = UNI_ARRAY_2D(UNI_DTYPE_UINT8, out, length, width);
  uni_tensor *tensor = NULL;
  CHECK(uni_tensor_wrap(fuzz_context(), &memory, NULL, NULL, &tensor, NULL) == UNI_STATUS_OK);
  uni_error error = UNI_ERROR_INIT;
  uni_gather_options gather = UNI_GATHER_OPTIONS_INIT;
  uni_scatter_options scatter = UNI_SCATTER_OPTIONS_INIT;
  gather.bounds = scatter.bounds = skip ? UNI_BOUNDS_SKIP : UNI_BOUNDS_CHECK;
  scatter.reduce = add ? UNI_SCATTER_ADD : UNI_SCATTER_ASSIGN;
  const int fails = !skip && bad >= 0;

  const uni_status gathered = uni_gather_into(tensor, &index, &gather, NULL, &rows, &error);
  CHECK((gathered != UNI_STATUS_OK) == fails);
  for (int64_t i = 0; i < length; ++i)
    for (int64_t j = 0; j < width; ++j) {
      const int valid = i < used && wide[i] >= 0 && wide[i] < num_rows;
      CHECK(out[i * width + j] == (fails ? before[i * width + j] : valid ? table[wide[i] * width + j] : 0));
    }
  for (size_t i = (size_t)(length * width); i < sizeof out; ++i) CHECK(out[i] == before[i]);

  /* The same twice in one call. */
  uint8_t second[max_length * max_width];
  memcpy(out, before, sizeof out);
  memcpy(second, before, sizeof second);
  const uni_tensor *const sources[2] = {tensor, tensor};
  const uni_array more = UNI_ARRAY_2D(UNI_DTYPE_UINT8, second, length, width);
  const uni_array *const outs[2] = {&rows, &more};
  CHECK((uni_gather_many(2, sources, &index, &gather, NULL, outs, &error) != UNI_STATUS_OK) == fails);
  CHECK(memcmp(out, second, sizeof out) == 0);
  CHECK(!fails || memcmp(out, before, sizeof out) == 0);

  memcpy(out, before, sizeof out);
  const uni_status scattered = uni_scatter(tensor, &index, &rows, &scatter, NULL, &error);
  CHECK((scattered != UNI_STATUS_OK) == fails);
  for (int64_t v = 0; v < num_rows; ++v) {
    int64_t writers = 0;
    uint8_t sum[max_width];
    memcpy(sum, kept + v * width, (size_t)width);
    for (int64_t i = 0; i < length && i < used && !fails; ++i)
      if (wide[i] == v) {
        ++writers;
        for (int64_t j = 0; j < width; ++j) sum[j] = (uint8_t)(sum[j] + out[i * width + j]);
      }
    if (add || writers == 0) {
      CHECK(memcmp(table + v * width, sum, (size_t)width) == 0);
      continue;
    }
    int found = 0; /* One whole row of those that were written here. */
    for (int64_t i = 0; i < length && i < used; ++i)
      found |= wide[i] == v && memcmp(table + v * width, out + i * width, (size_t)width) == 0;
    CHECK(found);
  }
  for (size_t i = (size_t)(num_rows * width); i < sizeof table; ++i) CHECK(table[i] == kept[i]);
  uni_tensor_release(tensor);
  return 0;
}
