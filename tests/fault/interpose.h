/* SPDX-License-Identifier: Apache-2.0 */
/* Functions of the C and C++ runtimes that this program defines in their place, so that a chosen call of a chosen kind
 * fails. Only what happens between fault_arm and fault_disarm is counted; nothing but the call under test and the
 * threads that it started runs then. */
#ifndef TESTS_FAULT_INTERPOSE_H
#define TESTS_FAULT_INTERPOSE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum fault_kind {
  FAULT_MALLOC,
  FAULT_NEW,
  FAULT_MMAP,
  FAULT_MADVISE,
  FAULT_OPEN,
  FAULT_READ,
  FAULT_WRITE,
  FAULT_FSYNC,
  FAULT_RENAME,
  FAULT_STAT,
  FAULT_TRUNCATE,
  FAULT_CLOSE,
  FAULT_DLOPEN,
  FAULT_THREAD,
  FAULT_NUM_KINDS
};

enum fault_mode {
  FAULT_COUNT,     /* Nothing fails. */
  FAULT_ONCE,      /* The Nth call fails. */
  FAULT_FROM,      /* The Nth call fails, and all later ones. */
  FAULT_SHORT,     /* The Nth read or write moves one byte only. */
  FAULT_INTERRUPT, /* The Nth read or write is interrupted by a signal. */
  FAULT_NUM_MODES
};

void fault_arm(enum fault_kind kind, enum fault_mode mode, int64_t n);
void fault_disarm(void);

/* Calls of a kind since fault_arm. */
int64_t fault_count(enum fault_kind kind);

/* 1 if this call is to fail; called by the replacements. */
int fault_hit(enum fault_kind kind);
enum fault_mode fault_current_mode(void);

/* Blocks of memory and bytes of mappings that were taken and not given back, armed or not. */
int64_t fault_live_blocks(void);
int64_t fault_live_mapped(void);

/* The C runtime's own function, behind this program's. */
void *fault_real(const char *name);

/* Allocation for operator new, which is a kind of its own. */
void *fault_allocate_unarmed(size_t size, size_t alignment);

#ifdef __cplusplus
}
#endif

#endif
