/* SPDX-License-Identifier: Apache-2.0 */
/* Fails the Nth call of every kind inside of every public function, for every N, and looks at what is left.
 * Usage: test_faults MAP FLOORS [--measure]. MAP is the version script: a symbol of it without a case is a failure.
 * FLOORS says how many points each function must hit at least, for each kind; --measure prints what was hit in that form
 * and compares nothing. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cases.h"
#include "interpose.h"

static const char *const kind_names[FAULT_NUM_KINDS] = {"malloc",   "new",   "mmap",   "madvise", "open",
                                                        "read",     "write", "fsync",  "rename",  "stat",
                                                        "truncate", "close", "dlopen", "thread"};
static const char *const mode_names[FAULT_NUM_MODES] = {"count", "once", "from", "short", "interrupt"};
enum { max_symbols = 256, max_points = 2000, max_complaints = 20 };

static char symbols[max_symbols][64];
static int num_symbols, covered[max_symbols];
static int64_t points[max_symbols][FAULT_NUM_KINDS];
static int num_complaints;
static int64_t num_trials;

static char folder[] = "/tmp/unitensor-fault-XXXXXX";
const char *work_folder = folder;
const char *work_path(const char *name) {
  static char path[128];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  return path;
}

/* What is being tried, for the message of a crash. */
static char now[256];
static void on_signal(int number) {
  fault_disarm();
  static const char crash[] = "\ncrashed, aborted or hung in: ";
  if (write(2, crash, sizeof crash - 1) < 0 || write(2, now, strlen(now)) < 0 || write(2, "\n", 1) < 0) _exit(3);
  signal(number, SIG_DFL);
  raise(number);
}

static void complain(const char *what, const fixture *f) {
  if (++num_complaints <= max_complaints)
    fprintf(stderr, "%s: %s (error: %d \"%s\")\n", now, what, (int)f->error.code, f->error.message);
}

static int open_files(void) {
  int count = 0;
  for (int i = 0; i < 256; ++i) count += fcntl(i, F_GETFD) != -1;
  return count;
}

static void release_made(const fault_case *c, fixture *f) {
  if (f->made == NULL) return;
  switch (c->made) {
    case MADE_CONTEXT:
      uni_context_release(f->made);
      break;
    case MADE_TENSOR:
      uni_tensor_release(f->made);
      break;
    case MADE_GRAPH:
      uni_graph_release(f->made);
      break;
    case MADE_SAMPLE:
      uni_sample_release(f->made);
      break;
    case MADE_DLPACK: {
      struct DLManagedTensorVersioned *managed = f->made;
      managed->deleter(managed);
      break;
    }
    case MADE_NOTHING:
      break;
  }
  f->made = NULL;
}

static void check_result(const fault_case *c, fixture *f, uni_status status, int was_hit, enum fault_mode mode) {
  if (status > 0) complain("returned a positive status", f);
  if (status == UNI_STATUS_INTERNAL) complain("called it a defect of the library", f);
  if (c->flags & CASE_ALWAYS_FAILS ? status == UNI_STATUS_OK : !was_hit && status != UNI_STATUS_OK)
    complain("returned the wrong status where nothing failed", f);
  if (was_hit && (mode == FAULT_SHORT || mode == FAULT_INTERRUPT) && status != UNI_STATUS_OK)
    complain("a short or interrupted transfer is no failure", f);
  if (status != UNI_STATUS_OK && (f->error.code != status || f->error.message[0] == '\0'))
    complain("the error does not say what the status says", f);
  if (c->made != MADE_NOTHING && (status == UNI_STATUS_OK) != (f->made != NULL))
    complain("the output is not NULL after a failure, or NULL after a success", f);
  if (c->is_right != NULL && !c->is_right(f, status)) complain("inputs or results are not right", f);
}

/* One trial with objects of its own. Returns how many calls of the kind there were. */
static int64_t run_once(const fault_case *c, enum fault_kind kind, enum fault_mode mode, int64_t n) {
  fixture f;
  memset(&f, 0, sizeof f);
  uni_error_init(&f.error);
  if (c->set_up != NULL) c->set_up(&f);
  if (c->made != MADE_NOTHING) f.made = &f; /* Not NULL, so that a failure has to set it. */
  fault_arm(kind, mode, n);
  uni_status status = c->call(&f);
  fault_disarm();
  const int64_t count = fault_count(kind);
  const int was_hit = mode != FAULT_COUNT && count >= n;
  if (f.made == &f) {
    complain("the output was not set", &f);
    f.made = NULL;
  }
  check_result(c, &f, status, was_hit, mode);
  if (status != UNI_STATUS_OK && (c->flags & (CASE_ALWAYS_FAILS | CASE_USES_UP)) == 0) {
    /* Nothing is broken by a failure: the same call with the same objects works now. */
    release_made(c, &f);
    uni_error_init(&f.error);
    status = c->call(&f);
    if (status != UNI_STATUS_OK) complain("the call fails again after the failure has gone", &f);
    check_result(c, &f, status, 0, FAULT_COUNT);
  }
  release_made(c, &f);
  uni_sample_release(f.sample);
  uni_graph_release(f.graph);
  uni_tensor_release(f.tensor);
  uni_tensor_release(f.index);
  uni_tensor_release(f.ids);
  uni_context_release(f.context);
  ++num_trials;
  return count;
}

/* Runtimes keep some of what they take once (a thread's stack, dlerror's buffer). A leak is what grows at each repeat. */
static int64_t run_balanced(const fault_case *c, enum fault_kind kind, enum fault_mode mode, int64_t n) {
  int64_t count = 0, blocks = 0, mapped = 0;
  int files = 0;
  for (int repeat = 0; repeat < 4; ++repeat) {
    const int64_t blocks_before = fault_live_blocks(), mapped_before = fault_live_mapped();
    const int files_before = open_files();
    count = run_once(c, kind, mode, n);
    blocks = fault_live_blocks() - blocks_before;
    mapped = fault_live_mapped() - mapped_before;
    files = open_files() - files_before;
    if (blocks <= 0 && mapped == 0 && files == 0) return count;
  }
  fixture none;
  memset(&none, 0, sizeof none);
  char text[128];
  snprintf(text, sizeof text, "left %lld blocks, %lld mapped bytes, %d files", (long long)blocks, (long long)mapped,
           files);
  complain(text, &none);
  return count;
}

static void describe(const fault_case *c, enum fault_kind kind, enum fault_mode mode, int64_t n) {
  snprintf(now, sizeof now, "%s%s%s, %s %lld (%s)", c->function, c->variant[0] ? " " : "", c->variant, kind_names[kind],
           (long long)n, mode_names[mode]);
}

static int find_symbol(const char *name) {
  for (int i = 0; i < num_symbols; ++i)
    if (strcmp(symbols[i], name) == 0) return i;
  return -1;
}

static void run_case(const fault_case *c) {
  const int symbol = find_symbol(c->function);
  if (symbol < 0) {
    fprintf(stderr, "%s has a case and is not in the version script\n", c->function);
    ++num_complaints;
    return;
  }
  covered[symbol] = 1;
  fixture none;
  memset(&none, 0, sizeof none);
  for (int kind = 0; kind < FAULT_NUM_KINDS; ++kind) {
    alarm(120);
    describe(c, kind, FAULT_COUNT, 0);
    run_once(c, kind, FAULT_COUNT, 0); /* What runtimes take once is taken. */
    int64_t most = run_balanced(c, kind, FAULT_COUNT, 0);
    if ((c->flags & CASE_CANNOT_FAIL) && most != 0) complain("takes something that can fail", &none);
    for (int mode = FAULT_ONCE; most > 0 && mode < FAULT_NUM_MODES; ++mode) {
      if (mode >= FAULT_SHORT && kind != FAULT_READ && kind != FAULT_WRITE) continue;
      int64_t n = 1;
      for (; n <= max_points; ++n) {
        describe(c, kind, mode, n);
        if (run_balanced(c, kind, mode, n) < n) break;
      }
      if (n > max_points) complain("there is no end of points", &none);
      if (n - 1 > points[symbol][kind]) points[symbol][kind] = n - 1;
    }
  }
  alarm(0);
}

static void read_symbols(const char *path) {
  FILE *file = fopen(path, "r");
  if (file == NULL) {
    fprintf(stderr, "cannot open %s\n", path);
    exit(1);
  }
  char line[256], name[64];
  int global = 0;
  while (fgets(line, sizeof line, file) != NULL) {
    if (strstr(line, "global:") != NULL) global = 1;
    if (strstr(line, "local:") != NULL) global = 0;
    if (global && sscanf(line, " %63[a-z0-9_];", name) == 1 && strncmp(name, "uni_", 4) == 0 &&
        num_symbols < max_symbols)
      strcpy(symbols[num_symbols++], name);
  }
  fclose(file);
}

static void compare_with_floors(const char *path) {
  FILE *file = fopen(path, "r");
  if (file == NULL) {
    fprintf(stderr, "cannot open %s\n", path);
    exit(1);
  }
  char line[256], name[64], kind_name[32];
  long long floor = 0;
  int num_floors = 0;
  while (fgets(line, sizeof line, file) != NULL) {
    if (line[0] == '#' || sscanf(line, "%63s %31s %lld", name, kind_name, &floor) != 3) continue;
    ++num_floors;
    const int symbol = find_symbol(name);
    int kind = 0;
    while (kind < FAULT_NUM_KINDS && strcmp(kind_names[kind], kind_name) != 0) ++kind;
    const int64_t hit = symbol < 0 || kind == FAULT_NUM_KINDS ? -1 : points[symbol][kind];
    if (hit < floor) {
      fprintf(stderr, "%s: %lld points of kind %s, expected at least %lld\n", name, (long long)hit, kind_name, floor);
      ++num_complaints;
    }
  }
  fclose(file);
  if (num_floors == 0) {
    fprintf(stderr, "%s has no floors\n", path);
    ++num_complaints;
  }
}

static void remove_folder(void) {
  DIR *stream = opendir(folder);
  for (const struct dirent *entry; stream != NULL && (entry = readdir(stream)) != NULL;)
    if (entry->d_name[0] != '.') unlink(work_path(entry->d_name));
  if (stream != NULL) closedir(stream);
  rmdir(folder);
}

int main(int argc, char **argv) {
  const int measure = argc == 4 && strcmp(argv[3], "--measure") == 0;
  if (argc != 3 && !measure) {
    fprintf(stderr, "usage: %s MAP FLOORS [--measure]\n", argv[0]);
    return 1;
  }
  const int signals[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGALRM};
  for (size_t i = 0; i < sizeof signals / sizeof signals[0]; ++i) signal(signals[i], on_signal);
  if (mkdtemp(folder) == NULL) return 1;
  unsetenv("UNITENSOR_BACKEND_DIR");
  unsetenv("UNITENSOR_NUM_THREADS");
  read_symbols(argv[1]);
  const case_list lists[] = {context_cases(), tensor_cases(), gather_cases(), graph_cases(), file_cases()};
  for (size_t i = 0; i < sizeof lists / sizeof lists[0]; ++i)
    for (int j = 0; j < lists[i].count; ++j) run_case(&lists[i].cases[j]);
  remove_folder();
  for (int i = 0; i < num_symbols; ++i) {
    if (!covered[i]) {
      fprintf(stderr, "%s is in the version script and has no case\n", symbols[i]);
      ++num_complaints;
    }
    int any = 0;
    for (int kind = 0; kind < FAULT_NUM_KINDS; ++kind)
      if (points[i][kind] > 0) {
        any = 1;
        printf("%s %s %lld\n", symbols[i], kind_names[kind], (long long)points[i][kind]);
      }
    if (!any && !measure) printf("%s: no point\n", symbols[i]);
  }
  if (!measure) {
    compare_with_floors(argv[2]);
    printf("%d functions, %lld trials, %d complaints\n", num_symbols, (long long)num_trials, num_complaints);
  }
  return num_complaints == 0 && num_symbols > 0 ? 0 : 1;
}
