/* SPDX-License-Identifier: Apache-2.0 */
/* npy.h, and graphs from and to folders. */
#include <dirent.h>
#include <stdio.h>

#include "cases.h"

/* In the folder; a case counts before and after. */
static int num_files(void) {
  DIR *folder = opendir(work_folder);
  int count = 0;
  for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) count += entry->d_name[0] != '.';
  closedir(folder);
  return count;
}

static void save_table(fixture *f) {
  make_tensor(f);
  need(uni_tensor_save(f->tensor, work_path("table.npy"), &f->error), &f->error, "uni_tensor_save");
  f->num_files = num_files();
}

static uni_status load(fixture *f) {
  return uni_tensor_load(f->context, work_path("table.npy"), UNI_MEMORY_HOST, NULL, (uni_tensor **)&f->made, &f->error);
}

static int is_loaded(fixture *f, uni_status status) {
  if (status != UNI_STATUS_OK) return 1;
  const int32_t *data = host_data(f->made);
  for (int32_t i = 0; i < table_rows * table_columns; ++i)
    if (data[i] != i) return 0;
  return 1;
}

static uni_status save(fixture *f) { return uni_tensor_save(f->tensor, work_path("table.npy"), &f->error); }

/* Whatever happened, there is a whole file, and nothing was left beside it. */
static int file_is_whole(fixture *f, uni_status status) {
  (void)status;
  if (num_files() != f->num_files || !table_is_unchanged(f)) return 0;
  if (load(f) != UNI_STATUS_OK) return 0;
  const int right = is_loaded(f, UNI_STATUS_OK);
  uni_tensor_release(f->made);
  f->made = NULL;
  return right;
}

static void save_graph(fixture *f) {
  make_graph(f);
  need(uni_graph_save(f->graph, work_folder, &f->error), &f->error, "uni_graph_save");
  f->num_files = num_files();
}

static uni_status graph_load(fixture *f) {
  return uni_graph_load(f->context, work_folder, UNI_MEMORY_HOST, (uni_graph **)&f->made, &f->error);
}

static int graph_is_loaded(fixture *f, uni_status status) {
  if (status != UNI_STATUS_OK) return 1;
  return memcmp(host_data(uni_graph_tensor(f->made, UNI_GRAPH_INDPTR)), indptr_data, sizeof indptr_data) == 0 &&
         memcmp(host_data(uni_graph_tensor(f->made, UNI_GRAPH_INDICES)), indices_data, sizeof indices_data) == 0;
}

static uni_status graph_save(fixture *f) { return uni_graph_save(f->graph, work_folder, &f->error); }

static int folder_is_whole(fixture *f, uni_status status) {
  (void)status;
  if (num_files() != f->num_files || graph_load(f) != UNI_STATUS_OK) return 0;
  const int right = graph_is_loaded(f, UNI_STATUS_OK);
  uni_graph_release(f->made);
  f->made = NULL;
  return right;
}

static const fault_case cases[] = {
    {"uni_tensor_load", "", save_table, load, is_loaded, MADE_TENSOR, 0},
    {"uni_tensor_save", "", save_table, save, file_is_whole, MADE_NOTHING, 0},
    {"uni_graph_load", "", save_graph, graph_load, graph_is_loaded, MADE_GRAPH, 0},
    {"uni_graph_save", "", save_graph, graph_save, folder_is_whole, MADE_NOTHING, 0},
};

case_list file_cases(void) { return (case_list){cases, sizeof cases / sizeof cases[0]}; }
