/* SPDX-License-Identifier: Apache-2.0 */
/* Gather and scatter. */
#include "runner.h"

static const char *const bounds_words[] = {"check", "skip", "trust"};
static const char *const reduce_words[] = {"assign", "add"};

/* The index of a case. A count is what the last steps of a device leave beside an array. */
static array index_of(const cJSON *test, int64_t *count) {
  array index = array_of(member(test, "index"));
  if (optional_member(test, "count") != NULL) {
    *count = integer_member(test, "count");
    index.descriptor.count = count;
  }
  return index;
}

static void check_out_of_bounds(uni_context *context, const cJSON *expect) {
  uni_statistics statistics = {.struct_size = sizeof statistics};
  uni_error error = UNI_ERROR_INIT;
  assert_int_equal(uni_context_statistics(context, &statistics, &error), UNI_STATUS_OK);
  assert_int_equal(statistics.out_of_bounds, integer_member(expect, "out_of_bounds"));
}

/* A copy of a descriptor with memory that holds a sign of not being written. */
static array marked(const uni_array *like) {
  array a = {.descriptor = *like};
  a.num_bytes = uni_dtype_size(like->dtype);
  for (int32_t i = 0; i < like->ndim; ++i) a.num_bytes *= like->shape[i];
  a.descriptor.data = new_memory(a.num_bytes);
  memset(a.descriptor.data, 0xa5, (size_t)a.num_bytes + 1);
  return a;
}

static uni_tensor *padded_like(uni_context *context, const uni_array *like) {
  uni_tensor_desc desc = UNI_TENSOR_DESC_INIT;
  desc.memory = UNI_MEMORY_HOST;
  desc.dtype = like->dtype;
  desc.ndim = like->ndim;
  desc.row_alignment = 64;
  memcpy(desc.shape, like->shape, sizeof desc.shape);
  uni_tensor *tensor = NULL;
  uni_error error = UNI_ERROR_INIT;
  if (uni_tensor_create(context, &desc, &tensor, &error) != UNI_STATUS_OK) fail_msg("%s", error.message);
  return tensor;
}

void run_gather(uni_context *context, const cJSON *test) {
  allow_members(test, "name operation source index bounds count row_alignment expect ");
  const cJSON *expect = member(test, "expect");
  allow_members(expect, "status message out out_of_bounds ");
  uni_tensor *source = tensor_of(context, member(test, "source"), optional_integer_member(test, "row_alignment", 0));
  int64_t count = 0;
  array index = index_of(test, &count);
  uni_gather_options options = UNI_GATHER_OPTIONS_INIT;
  options.bounds = choice_member(test, "bounds", bounds_words, 3);
  uni_error error = UNI_ERROR_INIT;
  uni_tensor *out = NULL;
  uni_context_reset_statistics(context);
  uni_status status = uni_gather(source, &index.descriptor, &options, NULL, &out, &error);
  if (!check_status(test, status, &error)) {
    assert_null(out);
    uni_tensor_release(source);
    free_array(&index);
    return;
  }
  check_out_of_bounds(context, expect);
  check_tensor("out", member(expect, "out"), out);
  /* Once more into memory of the caller's, as it lies and with gaps between the rows. */
  uni_array form = *uni_tensor_array(out);
  form.row_pitch = 0;
  array plain = marked(&form);
  status = uni_gather_into(source, &index.descriptor, &options, NULL, &plain.descriptor, &error);
  check_status(test, status, &error);
  check_array("out of uni_gather_into", member(expect, "out"), &plain.descriptor);
  assert_int_equal(((unsigned char *)plain.descriptor.data)[plain.num_bytes], 0xa5);
  uni_tensor *padded = padded_like(context, &form);
  status = uni_gather_into(source, &index.descriptor, &options, NULL, uni_tensor_array(padded), &error);
  check_status(test, status, &error);
  check_tensor("out of padded rows", member(expect, "out"), padded);
  uni_tensor_release(padded);
  free_array(&plain);
  free_array(&index);
  uni_tensor_release(out);
  uni_tensor_release(source);
}

void run_gather_into(uni_context *context, const cJSON *test) {
  allow_members(test, "name operation source index bounds out expect ");
  const cJSON *expect = member(test, "expect");
  allow_members(expect, "status message out ");
  uni_tensor *source = tensor_of(context, member(test, "source"), 0);
  array index = array_of(member(test, "index")), out = array_of(member(test, "out"));
  uni_gather_options options = UNI_GATHER_OPTIONS_INIT;
  options.bounds = choice_member(test, "bounds", bounds_words, 3);
  uni_error error = UNI_ERROR_INIT;
  const uni_status status = uni_gather_into(source, &index.descriptor, &options, NULL, &out.descriptor, &error);
  const int succeeded = check_status(test, status, &error);
  /* A failed call has changed nothing. */
  check_array("out", succeeded ? member(expect, "out") : member(test, "out"), &out.descriptor);
  free_array(&out);
  free_array(&index);
  uni_tensor_release(source);
}

void run_scatter(uni_context *context, const cJSON *test) {
  allow_members(test, "name operation destination index rows reduce bounds count row_alignment expect ");
  const cJSON *expect = member(test, "expect");
  allow_members(expect, "status message destination out_of_bounds ");
  uni_tensor *destination =
      tensor_of(context, member(test, "destination"), optional_integer_member(test, "row_alignment", 0));
  int64_t count = 0;
  array index = index_of(test, &count), rows = array_of(member(test, "rows"));
  uni_scatter_options options = UNI_SCATTER_OPTIONS_INIT;
  options.bounds = choice_member(test, "bounds", bounds_words, 3);
  options.reduce = choice_member(test, "reduce", reduce_words, 2);
  uni_error error = UNI_ERROR_INIT;
  uni_context_reset_statistics(context);
  const uni_status status = uni_scatter(destination, &index.descriptor, &rows.descriptor, &options, NULL, &error);
  if (check_status(test, status, &error)) {
    check_out_of_bounds(context, expect);
    check_tensor("destination", member(expect, "destination"), destination);
  } else {
    check_tensor("destination after a failure", member(test, "destination"), destination);
  }
  free_array(&rows);
  free_array(&index);
  uni_tensor_release(destination);
}
