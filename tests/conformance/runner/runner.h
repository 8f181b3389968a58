/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the conformance runner share. A case that fails leaves through cmocka. */
#ifndef TESTS_CONFORMANCE_RUNNER_H
#define TESTS_CONFORMANCE_RUNNER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <cmocka.h>

#include "unitensor/unitensor.h"

/* --- vectors.c: the files and their members --- */

/* Members are required unless the name says otherwise; a missing one or one of another type fails the case. */
const cJSON *member(const cJSON *object, const char *name);
const cJSON *optional_member(const cJSON *object, const char *name);
const char *text_member(const cJSON *object, const char *name);
int64_t integer_member(const cJSON *object, const char *name);
int64_t optional_integer_member(const cJSON *object, const char *name, int64_t otherwise);
/* A number, or a string of decimal digits where a number would lose some. */
int64_t integer_of(const cJSON *item);
/* The place of a text member among `count` words. */
int32_t choice_member(const cJSON *object, const char *name, const char *const *words, int32_t count);
/* Copies integers; fails if there are more than `capacity`. Returns how many there are. */
int32_t integers_member(const cJSON *object, const char *name, int64_t *values, int32_t capacity);
/* Fails if the object has a member that is not among these words, each followed by a space: it would go unread. */
void allow_members(const cJSON *object, const char *names);
/* The file, parsed; NULL with a message on stderr if it is not one of vectors or has no cases. */
cJSON *read_vectors(const char *path);

/* --- arrays.c: arrays from vectors, and results against them --- */

/* An array with memory of its own. */
typedef struct array {
  uni_array descriptor;
  int64_t num_bytes;
} array;

/* One byte more than asked for, to be freed; never NULL. Not cmocka's, which ends the program at what a failed case
 * left. */
void *new_memory(int64_t num_bytes);
array array_of(const cJSON *spec);
void free_array(array *a);
/* Bytes from hexadecimal digits, to be freed; never NULL. */
unsigned char *bytes_of_hex(const cJSON *text, int64_t *num_bytes);
/* Contiguous memory against the array that a vector expects. */
void check_array(const char *what, const cJSON *spec, const uni_array *result);
/* A host tensor against it, whatever its row pitch. */
void check_tensor(const char *what, const cJSON *spec, const uni_tensor *tensor);
/* A host tensor with these contents. */
uni_tensor *tensor_of(uni_context *context, const cJSON *spec, int64_t row_alignment);

/* --- main.c --- */

/* Compares a status, and on failure the words of the message, with `expect` of a case. Returns 1 where success was
 * expected and met, 0 where failure was. */
int check_status(const cJSON *test, uni_status status, const uni_error *error);

/* --- operations: each runs a case --- */

typedef void (*operation)(uni_context *context, const cJSON *test);
void run_gather(uni_context *context, const cJSON *test);
void run_gather_into(uni_context *context, const cJSON *test);
void run_scatter(uni_context *context, const cJSON *test);
void run_graph(uni_context *context, const cJSON *test);
void run_sample_neighbors(uni_context *context, const cJSON *test);
void run_npy_load(uni_context *context, const cJSON *test);
void run_npy_save(uni_context *context, const cJSON *test);
void run_dlpack_import(uni_context *context, const cJSON *test);

#endif
