/* SPDX-License-Identifier: Apache-2.0 */
/* One case per public function, or several. A case makes what a call needs, makes the call, says whether its result is
 * right, and gives everything back. */
#ifndef TESTS_FAULT_CASES_H
#define TESTS_FAULT_CASES_H

#include <stdint.h>
#include <string.h>

#include "dlpack_layout.h"
#include "unitensor/macros.h"
#include "unitensor/unitensor.h"

enum made_kind { MADE_NOTHING, MADE_CONTEXT, MADE_TENSOR, MADE_GRAPH, MADE_SAMPLE, MADE_DLPACK };

typedef struct fixture {
  uni_context *context;
  uni_tensor *tensor, *index, *ids;
  uni_graph *graph;
  uni_sample *sample;
  struct DLManagedTensorVersioned *managed;
  void *made; /* What the call under test makes; see fault_case.made. */
  int destroyed, num_files;
  uni_error error;
} fixture;

typedef struct fault_case {
  const char *function;
  const char *variant;
  void (*set_up)(fixture *f); /* NULL: nothing. */
  uni_status (*call)(fixture *f);
  int (*is_right)(fixture *f, uni_status status); /* NULL: nothing more to check. Runs before tear-down. */
  enum made_kind made;
  int flags; /* CASE_*. */
} fault_case;

enum {
  CASE_CANNOT_FAIL =
      1, /* The function reports no failure: the test makes sure that it takes nothing that could fail. */
  CASE_ALWAYS_FAILS = 2, /* The call is given something that is not there. */
  CASE_USES_UP = 4       /* The call takes what it is given: it is made once per trial. */
};

typedef struct case_list {
  const fault_case *cases;
  int count;
} case_list;

case_list context_cases(void);
case_list tensor_cases(void);
case_list gather_cases(void);
case_list graph_cases(void);
case_list file_cases(void);

/* The folder that files are written to; made and removed by the runner. */
extern const char *work_folder;
const char *work_path(const char *name);

/* Shared by the case files. Each set-up ends the program with a message where it fails itself. */
void need(uni_status status, const uni_error *error, const char *what);
void make_context(fixture *f); /* 3 threads. */
void make_tensor(fixture *f);  /* A context and an int32 table of table_rows by table_columns: element = position. */
void make_graph(fixture *f);   /* A context and a graph of graph_nodes nodes. */
uni_tensor *make_int64(fixture *f, const int64_t *data, int64_t length);

enum {
  table_rows = 4000,
  table_columns = 8,
  index_length = 120000,
  graph_nodes = 6000,
  graph_edges = 60000,
  num_seeds = 3000
};
extern int64_t index_data[index_length];
extern int32_t rows_data[(size_t)index_length * table_columns];
extern int64_t indptr_data[graph_nodes + 1], indices_data[graph_edges], seeds_data[num_seeds];
int table_is_unchanged(const fixture *f);
int rows_are_gathered(const void *rows, int64_t pitch);
const void *host_data(const uni_tensor *tensor);

#endif
