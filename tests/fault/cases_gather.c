/* SPDX-License-Identifier: Apache-2.0 */
/* gather.h. */
#include "cases.h"

static uni_array index_of(int64_t length) {
  const uni_array index = UNI_ARRAY_1D(UNI_DTYPE_INT64, index_data, length);
  return index;
}

static uni_array rows_of(int64_t length) {
  const uni_array rows = UNI_ARRAY_2D(UNI_DTYPE_INT32, rows_data, length, table_columns);
  return rows;
}

static uni_status gather(fixture *f) {
  const uni_array index = index_of(index_length);
  return uni_gather(f->tensor, &index, NULL, NULL, (uni_tensor **)&f->made, &f->error);
}

static int gathered(fixture *f, uni_status status) {
  if (!table_is_unchanged(f)) return 0;
  return status != UNI_STATUS_OK || rows_are_gathered(host_data(f->made), uni_tensor_array(f->made)->row_pitch);
}

static uni_status gather_into(fixture *f) {
  const uni_array index = index_of(index_length), out = rows_of(index_length);
  memset(rows_data, 0x2e, sizeof rows_data);
  return uni_gather_into(f->tensor, &index, NULL, NULL, &out, &f->error);
}

/* A failed call has written nothing. */
static int gathered_into(fixture *f, uni_status status) {
  if (!table_is_unchanged(f)) return 0;
  if (status == UNI_STATUS_OK) return rows_are_gathered(rows_data, 4 * table_columns);
  for (size_t i = 0; i < sizeof rows_data / sizeof rows_data[0]; ++i)
    if (rows_data[i] != 0x2e2e2e2e) return 0;
  return 1;
}

static uni_status gather_few(fixture *f) {
  const uni_array index = index_of(3), out = rows_of(3);
  return uni_gather_into(f->tensor, &index, NULL, NULL, &out, &f->error);
}

static uni_status gather_many(fixture *f) {
  const uni_array index = index_of(index_length), out = rows_of(index_length);
  const uni_tensor *const sources[1] = {f->tensor};
  const uni_array *const outs[1] = {&out};
  memset(rows_data, 0x2e, sizeof rows_data);
  return uni_gather_many(1, sources, &index, NULL, NULL, outs, &f->error);
}

static uni_status scatter(fixture *f, int32_t reduce) {
  const uni_array index = index_of(index_length), rows = rows_of(index_length);
  uni_scatter_options options = UNI_SCATTER_OPTIONS_INIT;
  options.reduce = reduce;
  for (int64_t i = 0; i < index_length; ++i)
    for (int64_t j = 0; j < table_columns; ++j)
      rows_data[i * table_columns + j] = reduce == UNI_SCATTER_ADD ? 0 : (int32_t)(index_data[i] * table_columns + j);
  return uni_scatter(f->tensor, &index, &rows, &options, NULL, &f->error);
}

static uni_status assign(fixture *f) { return scatter(f, UNI_SCATTER_ASSIGN); }
static uni_status add(fixture *f) { return scatter(f, UNI_SCATTER_ADD); }

/* What is written is what was there, so that the table is the same on success and on failure. */
static int same_table(fixture *f, uni_status status) {
  (void)status;
  return table_is_unchanged(f);
}

static const fault_case cases[] = {
    {"uni_gather", "", make_tensor, gather, gathered, MADE_TENSOR, 0},
    {"uni_gather_into", "", make_tensor, gather_into, gathered_into, MADE_NOTHING, 0},
    {"uni_gather_into", "few", make_tensor, gather_few, NULL, MADE_NOTHING, CASE_CANNOT_FAIL},
    {"uni_gather_many", "", make_tensor, gather_many, gathered_into, MADE_NOTHING, 0},
    {"uni_scatter", "", make_tensor, assign, same_table, MADE_NOTHING, 0},
    {"uni_scatter", "add", make_tensor, add, same_table, MADE_NOTHING, 0},
};

case_list gather_cases(void) { return (case_list){cases, sizeof cases / sizeof cases[0]}; }
