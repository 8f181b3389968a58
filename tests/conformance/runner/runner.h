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
/* A tensor against it, whatever its memory and its row pitch. */
void check_tensor(const char *what, const cJSON *spec, const uni_tensor *tensor);
/* A tensor with these contents, in the memory under test. */
uni_tensor *tensor_of(uni_context *context, const cJSON *spec, int64_t row_alignment);

/* --- operands.c: where operands lie, and when results are there --- */

/* UNI_MEMORY_* of the tensors of a case. Other than host memory: indices, seeds, rows and results lie in the memory of
 * CUDA device 0, which computes. */
extern int32_t memory_under_test;
int on_device(void);

/* An array that an operation borrows: the caller's memory, or a tensor on the device. */
typedef struct operand {
  array host;
  uni_tensor *tensor;
  uni_tensor *count_tensor;
  int64_t count;
  uni_array descriptor;
} operand;
operand operand_of(uni_context *context, const cJSON *spec);
/* Gives it a count, where an operation can read it. */
void set_count(uni_context *context, operand *o, int64_t count);
void free_operand(operand *o);
/* A tensor like this descriptor, in memory of the computing device. */
uni_tensor *result_like(uni_context *context, const uni_array *like, int64_t row_alignment);
/* Waits for the device, and gives what went wrong there where nothing had before. */
uni_status finish(uni_context *context, uni_status status, uni_error *error);
/* Copies one tensor or array to another, and waits. */
void copy_into(uni_context *context, uni_tensor *tensor, const uni_array *source);

/* --- main.c --- */

/* Compares a status, and on failure the words of the message, with `expect` of a case. Returns 1 where success was
 * expected and met, 0 where failure was. */
int check_status(const cJSON *test, uni_status status, const uni_error *error);

/* --- operations: each runs a case --- */

typedef void (*operation)(uni_context *context, const cJSON *test);
void run_gather(uni_context *context, const cJSON *test);
void run_gather_converted(uni_context *context, const cJSON *test);
void run_gather_many(uni_context *context, const cJSON *test);
void run_gather_into(uni_context *context, const cJSON *test);
void run_scatter(uni_context *context, const cJSON *test);
void run_graph(uni_context *context, const cJSON *test);
void run_sample_neighbors(uni_context *context, const cJSON *test);
void run_npy_load(uni_context *context, const cJSON *test);
void run_npy_save(uni_context *context, const cJSON *test);
void run_dlpack_import(uni_context *context, const cJSON *test);

#endif
