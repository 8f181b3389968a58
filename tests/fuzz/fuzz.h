/* SPDX-License-Identifier: Apache-2.0 */
/* What the targets share: a reader of the bytes given, and one context for the whole run. */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unitensor/macros.h"
#include "unitensor/unitensor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct {
  const uint8_t *data;
  size_t size;
} reader;

/* Bytes that are not there are zero. */
static inline void take(reader *r, void *out, size_t size) {
  const size_t have = size < r->size ? size : r->size;
  memset(out, 0, size);
  if (have > 0) memcpy(out, r->data, have);
  r->data += have;
  r->size -= have;
}

static inline uint8_t take_byte(reader *r) {
  uint8_t value;
  take(r, &value, 1);
  return value;
}

static inline int64_t take_int64(reader *r) {
  int64_t value;
  take(r, &value, 8);
  return value;
}

#define CHECK(condition) \
  do { \
    if (!(condition)) { \
      fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
      abort(); \
    } \
  } while (0)

static inline uni_context *fuzz_context(void) {
  static uni_context *context;
  if (context == NULL) {
    uni_context_options options = UNI_CONTEXT_OPTIONS_INIT;
    options.num_threads = 2;
    CHECK(uni_context_create(&options, &context, NULL) == UNI_STATUS_OK);
  }
  return context;
}

/* What holds of every call that makes an object: a handle or a reason, and never a defect of the library. */
static inline void check_outcome(uni_status status, const void *made, const uni_error *error) {
  CHECK((status == UNI_STATUS_OK) == (made != NULL));
  CHECK(status <= 0 && status != UNI_STATUS_INTERNAL);
  CHECK(status == UNI_STATUS_OK || (error->code == status && error->message[0] != '\0'));
}

#endif
