/* SPDX-License-Identifier: Apache-2.0 */
#include "measures.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chi_square.h"

static void *zeros(int64_t count) {
  void *memory = calloc((size_t)(count > 0 ? count : 1), 8);
  if (memory == NULL) {
    fprintf(stderr, "out of memory\n");
    exit(2);
  }
  return memory;
}

/* positions[node * fanout + slot], to be freed. */
static int64_t *drawn(sampler draw, const void *self, const draws *what) {
  int64_t *positions = zeros(what->num_nodes * what->fanout);
  draw(self, what, positions);
  return positions;
}

/* Not the generator under test. */
static uint64_t splitmix64(uint64_t *state) {
  uint64_t z = (*state += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

double measure_inclusion(sampler draw, const void *self, const draws *what) {
  int64_t *positions = drawn(draw, self, what), *counts = zeros(what->degree), *seen = zeros(what->degree);
  for (int64_t node = 0; node < what->num_nodes; ++node)
    for (int64_t slot = 0; slot < what->fanout; ++slot) {
      const int64_t position = positions[node * what->fanout + slot];
      counts[position] += seen[position] != node + 1;
      seen[position] = node + 1;
    }
  const double p = inclusion_p(counts, what->degree, what->fanout, what->replace, what->num_nodes);
  free(seen);
  free(counts);
  free(positions);
  return p;
}

static int64_t bits_of(uint64_t set) {
  int64_t count = 0;
  for (; set != 0; set &= set - 1) ++count;
  return count;
}

double measure_subsets(sampler draw, const void *self, const draws *what) {
  const int64_t num_sets = (int64_t)1 << what->degree;
  int64_t *positions = drawn(draw, self, what), *counts = zeros(num_sets), valid = 0, total = 0;
  for (int64_t node = 0; node < what->num_nodes; ++node) {
    uint64_t set = 0;
    for (int64_t slot = 0; slot < what->fanout; ++slot) set |= (uint64_t)1 << positions[node * what->fanout + slot];
    ++counts[set];
  }
  /* Only the sets of `fanout` positions, moved together. */
  for (int64_t set = 0; set < num_sets; ++set)
    if (bits_of((uint64_t)set) == what->fanout) {
      total += counts[set];
      counts[valid++] = counts[set];
    }
  const double p = total == what->num_nodes ? multinomial_p(counts, NULL, valid, total) : 0;
  free(counts);
  free(positions);
  return p;
}

double measure_pairs(sampler draw, const void *self, const draws *what) {
  const int64_t d = what->degree;
  int64_t *positions = drawn(draw, self, what), *counts = zeros(d * d), valid = 0, total = 0;
  uint64_t state = what->seed;
  for (int64_t node = 0; node < what->num_nodes; ++node) {
    const uint64_t number = splitmix64(&state), slots = (uint64_t)what->fanout;
    const uint64_t first = (number >> 32) % slots, second = (first + 1 + (uint32_t)number % (slots - 1)) % slots;
    int64_t a = positions[node * what->fanout + (int64_t)first], b = positions[node * what->fanout + (int64_t)second];
    if (!what->replace && a > b) {
      const int64_t swapped = a;
      a = b;
      b = swapped;
    }
    ++counts[a * d + b];
  }
  for (int64_t a = 0; a < d; ++a)
    for (int64_t b = 0; b < d; ++b)
      if (what->replace || a < b) {
        total += counts[a * d + b];
        counts[valid++] = counts[a * d + b];
      }
  const double p = total == what->num_nodes ? multinomial_p(counts, NULL, valid, total) : 0;
  free(counts);
  free(positions);
  return p;
}

double measure_different(sampler draw, const void *self, const draws *what) {
  const int64_t k = what->fanout;
  int64_t *positions = drawn(draw, self, what), *counts = zeros(k + 1), *seen = zeros(what->degree);
  double *probabilities = zeros(k + 1);
  for (int64_t node = 0; node < what->num_nodes; ++node) {
    int64_t different = 0;
    for (int64_t slot = 0; slot < k; ++slot) {
      const int64_t position = positions[node * k + slot];
      different += seen[position] != node + 1;
      seen[position] = node + 1;
    }
    ++counts[different];
  }
  /* One slot after the other: it repeats one of m positions with probability m / d. */
  probabilities[0] = 1;
  for (int64_t slot = 0; slot < k; ++slot)
    for (int64_t m = slot + 1; m >= 0; --m) {
      const double d = (double)what->degree, again = probabilities[m] * (double)m / d;
      probabilities[m] = again + (m > 0 ? probabilities[m - 1] * (d - (double)m + 1) / d : 0);
    }
  const double p = multinomial_p(counts, probabilities, k + 1, what->num_nodes);
  free(probabilities);
  free(seen);
  free(counts);
  free(positions);
  return p;
}

/* How many positions the first slot can have: Floyd's algorithm begins below d - k + 1. */
static int64_t first_slot_range(const draws *what) {
  return what->replace ? what->degree : what->degree - what->fanout + 1;
}

/* The first slots of two sets of draws, node by node. */
static double joint_p(sampler draw, const void *self, const draws *a, const draws *b) {
  const int64_t columns = first_slot_range(b), cells = first_slot_range(a) * columns;
  int64_t *of_a = drawn(draw, self, a), *of_b = drawn(draw, self, b), *counts = zeros(cells);
  for (int64_t node = 0; node < a->num_nodes; ++node)
    ++counts[of_a[node * a->fanout] * columns + of_b[node * b->fanout]];
  const double p = multinomial_p(counts, NULL, cells, a->num_nodes);
  free(counts);
  free(of_b);
  free(of_a);
  return p;
}

double measure_nodes(sampler draw, const void *self, const draws *what) {
  const int64_t range = first_slot_range(what);
  int64_t *positions = drawn(draw, self, what), *counts = zeros(range * range);
  for (int64_t node = 0; node + 1 < what->num_nodes; node += 2)
    ++counts[positions[node * what->fanout] * range + positions[(node + 1) * what->fanout]];
  const double p = multinomial_p(counts, NULL, range * range, what->num_nodes / 2);
  free(counts);
  free(positions);
  return p;
}

double measure_hops(sampler draw, const void *self, const draws *what) {
  draws other = *what;
  ++other.hop;
  return joint_p(draw, self, what, &other);
}

double measure_hop_and_seed(sampler draw, const void *self, const draws *what) {
  draws next_hop = *what, next_seed = *what;
  ++next_hop.hop;
  ++next_seed.seed;
  return joint_p(draw, self, &next_hop, &next_seed);
}

double measure_seeds(sampler draw, const void *self, const draws *what) {
  draws other = *what;
  ++other.seed;
  return joint_p(draw, self, what, &other);
}

double measure_high_seeds(sampler draw, const void *self, const draws *what) {
  draws other = *what;
  other.seed += (uint64_t)1 << 32;
  return joint_p(draw, self, what, &other);
}

double measure_methods(sampler draw, const void *self, const draws *what) {
  draws other = *what;
  other.replace = !what->replace;
  return joint_p(draw, self, what, &other);
}
