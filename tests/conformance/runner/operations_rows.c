/* SPDX-License-Identifier: Apache-2.0 */
/* Gather and scatter. */
#include "runner.h"

static const char *const bounds_words[] = {"check", "skip", "trust"};
static const char *const order_words[] = {"auto", "as_given", "by_page"};
static const char *const reduce_words[] = {"assign", "add"};

/* The index of a case. A count is what the last steps of a device leave beside an array. It refers to the operand, which
 * therefore stays where it is. */
static void read_index(uni_context *context, const cJSON *test, operand *index) {
  *index = operand_of(context, member(test, "index"));
  if (optional_member(test, "count") != NULL) set_count(context, index, integer_member(test, "count"));
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

/* Into memory of the caller's, which must not be written past its end. */
static void gather_into_memory(uni_context *context, const cJSON *test, const uni_tensor *source, const operand *index,
                               const uni_gather_options *options, const uni_array *form) {
  uni_error error = UNI_ERROR_INIT;
  array plain = marked(form);
  const uni_status status = uni_gather_into(source, &index->descriptor, options, NULL, &plain.descriptor, &error);
  check_status(test, finish(context, status, &error), &error);
  check_array("out of uni_gather_into", member(member(test, "expect"), "out"), &plain.descriptor);
  assert_int_equal(((unsigned char *)plain.descriptor.data)[plain.num_bytes], 0xa5);
  free_array(&plain);
}

void run_gather(uni_context *context, const cJSON *test) {
  allow_members(test, "name operation source index bounds count row_alignment expect ");
  const cJSON *expect = member(test, "expect");
  allow_members(expect, "status message out out_of_bounds ");
  uni_tensor *source = tensor_of(context, member(test, "source"), optional_integer_member(test, "row_alignment", 0));
  operand index;
  read_index(context, test, &index);
  uni_gather_options options = UNI_GATHER_OPTIONS_INIT;
  options.bounds = choice_member(test, "bounds", bounds_words, 3);
  uni_error error = UNI_ERROR_INIT;
  uni_tensor *out = NULL;
  uni_context_reset_statistics(context);
  uni_status status = uni_gather(source, &index.descriptor, &options, NULL, &out, &error);
  const int failed_at_once = status != UNI_STATUS_OK;
  if (!check_status(test, finish(context, status, &error), &error)) {
    if (failed_at_once || !on_device()) assert_null(out);
    uni_tensor_release(out);
    uni_tensor_release(source);
    free_operand(&index);
    return;
  }
  check_out_of_bounds(context, expect);
  check_tensor("out", member(expect, "out"), out);
  uni_array form = *uni_tensor_array(out);
  form.row_pitch = 0;
  if (!on_device()) gather_into_memory(context, test, source, &index, &options, &form);
  /* Once more with gaps between the rows. */
  uni_tensor *padded = result_like(context, &form, 64);
  status = uni_gather_into(source, &index.descriptor, &options, NULL, uni_tensor_array(padded), &error);
  check_status(test, finish(context, status, &error), &error);
  check_tensor("out of padded rows", member(expect, "out"), padded);
  uni_tensor_release(padded);
  free_operand(&index);
  uni_tensor_release(out);
  uni_tensor_release(source);
}

static int32_t dtype_member(const cJSON *test, const char *name) {
  const char *word = text_member(test, name);
  for (int32_t dtype = UNI_DTYPE_BOOL; dtype <= UNI_DTYPE_FLOAT64; ++dtype)
    if (strcmp(uni_dtype_name(dtype), word) == 0) return dtype;
  fail_msg("%s is \"%s\", which is no dtype", name, word);
  return 0;
}

void run_gather_converted(uni_context *context, const cJSON *test) {
  allow_members(test, "name operation source index dtype row_scales bounds order count row_alignment expect ");
  const cJSON *expect = member(test, "expect");
  allow_members(expect, "status message out out_of_bounds ");
  uni_tensor *source = tensor_of(context, member(test, "source"), optional_integer_member(test, "row_alignment", 0));
  operand index, scales = {0};
  read_index(context, test, &index);
  uni_gather_options options = UNI_GATHER_OPTIONS_INIT;
  options.bounds = choice_member(test, "bounds", bounds_words, 3);
  options.order = choice_member(test, "order", order_words, 3);
  options.dtype = dtype_member(test, "dtype");
  const cJSON *const has_scales = optional_member(test, "row_scales");
  if (has_scales != NULL) {
    scales = operand_of(context, has_scales);
    options.row_scales = &scales.descriptor;
  }
  uni_error error = UNI_ERROR_INIT;
  uni_tensor *out = NULL;
  uni_context_reset_statistics(context);
  const uni_status status = uni_gather(source, &index.descriptor, &options, NULL, &out, &error);
  if (check_status(test, finish(context, status, &error), &error)) {
    check_out_of_bounds(context, expect);
    check_tensor("out", member(expect, "out"), out);
  }
  uni_tensor_release(out);
  if (has_scales != NULL) free_operand(&scales);
  free_operand(&index);
  uni_tensor_release(source);
}

void run_gather_many(uni_context *context, const cJSON *test) {
  static const char *const names[] = {"first", "second"};
  allow_members(test, "name operation first second index bounds order count expect ");
  const cJSON *expect = member(test, "expect");
  allow_members(expect, "status message first second out_of_bounds ");
  operand index;
  read_index(context, test, &index);
  uni_gather_options options = UNI_GATHER_OPTIONS_INIT;
  options.bounds = choice_member(test, "bounds", bounds_words, 3);
  options.order = choice_member(test, "order", order_words, 3);
  uni_tensor *sources[2], *outs[2];
  const uni_array *out_arrays[2];
  for (int t = 0; t < 2; ++t) {
    sources[t] = tensor_of(context, member(test, names[t]), 0);
    uni_array form = *uni_tensor_array(sources[t]);
    form.shape[0] = index.descriptor.shape[0];
    form.row_pitch = 0;
    outs[t] = result_like(context, &form, 0);
    out_arrays[t] = uni_tensor_array(outs[t]);
  }
  uni_error error = UNI_ERROR_INIT;
  uni_context_reset_statistics(context);
  const uni_status status =
      uni_gather_many(2, (const uni_tensor *const *)sources, &index.descriptor, &options, NULL, out_arrays, &error);
  if (check_status(test, finish(context, status, &error), &error)) {
    check_out_of_bounds(context, expect);
    for (int t = 0; t < 2; ++t) check_tensor(names[t], member(expect, names[t]), outs[t]);
  }
  for (int t = 0; t < 2; ++t) {
    uni_tensor_release(outs[t]);
    uni_tensor_release(sources[t]);
  }
  free_operand(&index);
}

void run_gather_into(uni_context *context, const cJSON *test) {
  allow_members(test, "name operation source index bounds out expect ");
  const cJSON *expect = member(test, "expect");
  allow_members(expect, "status message out ");
  uni_tensor *source = tensor_of(context, member(test, "source"), 0);
  operand index = operand_of(context, member(test, "index")), out = operand_of(context, member(test, "out"));
  uni_gather_options options = UNI_GATHER_OPTIONS_INIT;
  options.bounds = choice_member(test, "bounds", bounds_words, 3);
  uni_error error = UNI_ERROR_INIT;
  const uni_status status = uni_gather_into(source, &index.descriptor, &options, NULL, &out.descriptor, &error);
  const int succeeded = check_status(test, finish(context, status, &error), &error);
  /* A call that failed has changed nothing; a device finds what is out of bounds later, and goes on. */
  const cJSON *expected = succeeded ? member(expect, "out") : member(test, "out");
  if (!on_device())
    check_array("out", expected, &out.descriptor);
  else if (succeeded || status != UNI_STATUS_OK)
    check_tensor("out", expected, out.tensor);
  free_operand(&out);
  free_operand(&index);
  uni_tensor_release(source);
}

void run_scatter(uni_context *context, const cJSON *test) {
  allow_members(test, "name operation destination index rows reduce bounds count row_alignment expect ");
  const cJSON *expect = member(test, "expect");
  allow_members(expect, "status message destination out_of_bounds ");
  uni_tensor *destination =
      tensor_of(context, member(test, "destination"), optional_integer_member(test, "row_alignment", 0));
  operand index, rows = operand_of(context, member(test, "rows"));
  read_index(context, test, &index);
  uni_scatter_options options = UNI_SCATTER_OPTIONS_INIT;
  options.bounds = choice_member(test, "bounds", bounds_words, 3);
  options.reduce = choice_member(test, "reduce", reduce_words, 2);
  uni_error error = UNI_ERROR_INIT;
  uni_context_reset_statistics(context);
  const uni_status status = uni_scatter(destination, &index.descriptor, &rows.descriptor, &options, NULL, &error);
  if (check_status(test, finish(context, status, &error), &error)) {
    check_out_of_bounds(context, expect);
    check_tensor("destination", member(expect, "destination"), destination);
  } else if (status != UNI_STATUS_OK || !on_device()) {
    check_tensor("destination after a failure", member(test, "destination"), destination);
  }
  free_operand(&rows);
  free_operand(&index);
  uni_tensor_release(destination);
}
