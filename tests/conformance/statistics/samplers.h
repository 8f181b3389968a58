/* SPDX-License-Identifier: Apache-2.0 */
/* What the statistical tests look at: the library, and samplers of this test's own, right or wrong on purpose. */
#ifndef TESTS_CONFORMANCE_SAMPLERS_H
#define TESTS_CONFORMANCE_SAMPLERS_H

#include <stdint.h>

/* Nodes 0 .. num_nodes - 1 have `degree` neighbours each, and draw `fanout` of them in hop `hop`. */
typedef struct draws {
  int64_t degree, fanout, num_nodes;
  int replace;
  int hop;
  uint64_t seed;
} draws;

/* What a planted sampler does wrong. */
typedef enum bias {
  BIAS_NONE,
  BIAS_MODULO,        /* The remainder of a short number instead of the upper bits of a product. */
  BIAS_SHIFTED,       /* The last position of a range is never drawn. */
  BIAS_NO_SWAP,       /* On a repetition the next free position, not the one that Floyd's algorithm takes. */
  BIAS_KEEPS_LAST,    /* The last neighbour is always among the drawn. */
  BIAS_SAME_HALF,     /* Two slots share one 64-bit number. */
  BIAS_NODE_PAIRS,    /* Two nodes share their numbers. */
  BIAS_ALL_NODES,     /* All nodes do. */
  BIAS_NO_HOP,        /* All hops do. */
  BIAS_HOP_AS_SEED,   /* The next hop has the numbers of the next seed. */
  BIAS_NO_METHOD,     /* Drawing with replacement has the numbers of drawing without. */
  BIAS_SEED_PAIRS,    /* Two seeds share their numbers. */
  BIAS_SEED_LOW_WORD, /* The upper half of the seed does nothing. */
  BIAS_COUNT
} bias;

extern const char *const bias_names[BIAS_COUNT];

/* Fills positions[node * fanout + slot]. */
typedef void (*sampler)(const void *self, const draws *what, int64_t *positions);

/* The library; `self` is a uni_context. Ends the program if a call fails. */
void draw_by_library(const void *self, const draws *what, int64_t *positions);

/* The scheme of docs/sampling.md, written here once more; `self` is a bias. */
void draw_planted(const void *self, const draws *what, int64_t *positions);

#endif
