/* SPDX-License-Identifier: Apache-2.0 */
/* The counters, and malloc and its relatives. dlsym itself may allocate while the real functions are looked up: that
 * memory comes from a static buffer and is never given back. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "interpose.h"

static _Atomic int armed;
static _Atomic int armed_kind, armed_mode;
static _Atomic int64_t armed_n;
static _Atomic int64_t counts[FAULT_NUM_KINDS];
static _Atomic int64_t live_blocks;

void fault_arm(enum fault_kind kind, enum fault_mode mode, int64_t n) {
  for (int i = 0; i < FAULT_NUM_KINDS; ++i) atomic_store(&counts[i], 0);
  atomic_store(&armed_kind, (int)kind);
  atomic_store(&armed_mode, (int)mode);
  atomic_store(&armed_n, n);
  atomic_store(&armed, 1);
}

void fault_disarm(void) { atomic_store(&armed, 0); }
int64_t fault_count(enum fault_kind kind) { return atomic_load(&counts[kind]); }
enum fault_mode fault_current_mode(void) { return (enum fault_mode)atomic_load(&armed_mode); }
int64_t fault_live_blocks(void) { return atomic_load(&live_blocks); }

int fault_hit(enum fault_kind kind) {
  if (!atomic_load(&armed)) return 0;
  const int64_t count = atomic_fetch_add(&counts[kind], 1) + 1;
  const int mode = atomic_load(&armed_mode);
  if ((int)kind != atomic_load(&armed_kind) || mode == FAULT_COUNT) return 0;
  return mode == FAULT_FROM ? count >= atomic_load(&armed_n) : count == atomic_load(&armed_n);
}

void *fault_real(const char *name) {
  void *function = dlsym(RTLD_NEXT, name);
  if (function == NULL) {
    static const char text[] = "fault: a function of the C runtime was not found\n";
    if (write(2, text, sizeof text - 1) < 0) _exit(98);
    _exit(98);
  }
  return function;
}

static char bootstrap[1 << 16];
static size_t bootstrap_used;
static _Thread_local int resolving;

static struct {
  void *(*malloc)(size_t);
  void *(*calloc)(size_t, size_t);
  void *(*realloc)(void *, size_t);
  int (*posix_memalign)(void **, size_t, size_t);
  void *(*aligned_alloc)(size_t, size_t);
  void (*free)(void *);
  size_t (*malloc_usable_size)(void *);
} real;

static int is_bootstrap(const void *block) {
  return (const char *)block >= bootstrap && (const char *)block < bootstrap + sizeof bootstrap;
}

static void *from_bootstrap(size_t size) {
  size = (size + 63) / 64 * 64;
  if (bootstrap_used + size > sizeof bootstrap) _exit(97);
  void *block = bootstrap + bootstrap_used;
  bootstrap_used += size;
  return block;
}

/* Before main, on one thread. */
static void resolve(void) {
  if (real.malloc_usable_size != NULL) return;
  resolving = 1;
  *(void **)&real.malloc = fault_real("malloc");
  *(void **)&real.calloc = fault_real("calloc");
  *(void **)&real.realloc = fault_real("realloc");
  *(void **)&real.posix_memalign = fault_real("posix_memalign");
  *(void **)&real.aligned_alloc = fault_real("aligned_alloc");
  *(void **)&real.free = fault_real("free");
  *(void **)&real.malloc_usable_size = fault_real("malloc_usable_size");
  resolving = 0;
}

static void *counted(void *block) {
  if (block != NULL) atomic_fetch_add(&live_blocks, 1);
  return block;
}

static int refused(void) {
  if (!fault_hit(FAULT_MALLOC)) return 0;
  errno = ENOMEM;
  return 1;
}

void *malloc(size_t size) {
  if (resolving) return from_bootstrap(size);
  resolve();
  return refused() ? NULL : counted(real.malloc(size));
}

void *calloc(size_t count, size_t size) {
  if (resolving) return from_bootstrap(count * size); /* Static memory is zero. */
  resolve();
  return refused() ? NULL : counted(real.calloc(count, size));
}

void free(void *block) {
  if (block == NULL || is_bootstrap(block)) return;
  resolve();
  atomic_fetch_sub(&live_blocks, 1);
  real.free(block);
}

void *realloc(void *block, size_t size) {
  if (block == NULL) return malloc(size);
  if (is_bootstrap(block)) {
    void *moved = malloc(size);
    const size_t rest = (size_t)(bootstrap + sizeof bootstrap - (char *)block);
    if (moved != NULL) memcpy(moved, block, size < rest ? size : rest);
    return moved;
  }
  resolve();
  if (size == 0) {
    free(block);
    return NULL;
  }
  return refused() ? NULL : real.realloc(block, size);
}

int posix_memalign(void **block, size_t alignment, size_t size) {
  resolve();
  if (refused()) return ENOMEM;
  const int code = real.posix_memalign(block, alignment, size);
  if (code == 0) counted(*block);
  return code;
}

void *aligned_alloc(size_t alignment, size_t size) {
  resolve();
  return refused() ? NULL : counted(real.aligned_alloc(alignment, size));
}

void *memalign(size_t alignment, size_t size) { return aligned_alloc(alignment, size); }
size_t malloc_usable_size(void *block) {
  resolve();
  return block == NULL || is_bootstrap(block) ? 0 : real.malloc_usable_size(block);
}

void *fault_allocate_unarmed(size_t size, size_t alignment) {
  if (resolving) return from_bootstrap(size);
  resolve();
  if (size == 0) size = 1;
  if (alignment <= 16) return counted(real.malloc(size));
  return counted(real.aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment));
}
