/* SPDX-License-Identifier: Apache-2.0 */
/* Repeated draws of neighbours: by the library on any backend, and by samplers that are wrong on purpose. */
#ifndef TESTS_STATISTICS_TRIALS_H
#define TESTS_STATISTICS_TRIALS_H

#include <stdint.h>

/* Nodes 0 .. num_nodes - 1 have `degree` neighbours each and draw `fanout` of them in hop `hop` (0 or 1), once under each
 * of the seeds first_seed .. first_seed + num_seeds - 1. Each (seed, node) is one trial. */
typedef struct trials {
  int64_t degree, fanout, num_nodes, num_seeds;
  int replace;
  int hop;
  uint64_t first_seed;
} trials;

/* What a planted sampler does wrong. */
typedef enum planted {
  PLANTED_NONE,
  PLANTED_MODULO_8,       /* The remainder of 8 random bits. */
  PLANTED_MODULO_16,      /* The remainder of 16 random bits. */
  PLANTED_OVER_DEGREE,    /* Floyd's algorithm draws below the degree, not below j + 1. */
  PLANTED_DUPLICATE,      /* A position that was drawn before is kept. */
  PLANTED_LAST_FREE,      /* A position that was drawn before becomes the last free one, not j. */
  PLANTED_SLOT_PAIRS,     /* Two slots share one number. */
  PLANTED_ALL_NODES,      /* All nodes share one stream. */
  PLANTED_NO_HOP,         /* The hop is not in the key. */
  PLANTED_SEED_PAIRS,     /* Two seeds share one stream. */
  PLANTED_SEED_LOW_WORD,  /* The upper half of the seed is not in the key. */
  PLANTED_SEED_PLUS_NODE, /* The key is the sum of seed and node: the next seed shifts the nodes. */
  PLANTED_COUNT
} planted;

extern const char *const planted_names[PLANTED_COUNT];

int64_t num_trials(const trials *what);

/* Fills positions[((seed - first_seed) * num_nodes + node) * fanout + slot], each in [0, degree). */
typedef void (*sampler)(const void *self, const trials *what, int64_t *positions);

/* The library; `self` is a uni_context. Ends the program if a call fails. */
void draw_by_library(const void *self, const trials *what, int64_t *positions);

/* Uniform draws by a generator that is not the library's, spoiled as the `planted` that `self` points to. */
void draw_planted(const void *self, const trials *what, int64_t *positions);

/* Memory set to zero, to be freed; ends the program if there is none. */
void *zeroed(int64_t count, int64_t size);

#endif
