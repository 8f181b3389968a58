/* SPDX-License-Identifier: Apache-2.0 */
#include "trial_measures.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>

#include "chi_square.h"

/* positions[trial * fanout + slot], to be freed. */
static int64_t *drawn(sampler draw, const void *self, const trials *what) {
  int64_t *positions = zeroed(num_trials(what) * what->fanout, sizeof *positions);
  draw(self, what, positions);
  return positions;
}

double measure_inclusion(sampler draw, const void *self, const trials *what) {
  const int64_t k = what->fanout;
  int64_t *positions = drawn(draw, self, what);
  int64_t *counts = zeroed(what->degree, sizeof *counts), *last_trial = zeroed(what->degree, sizeof *last_trial);
  for (int64_t trial = 0; trial < num_trials(what); ++trial)
    for (int64_t slot = 0; slot < k; ++slot) {
      const int64_t position = positions[trial * k + slot];
      counts[position] += last_trial[position] != trial + 1;
      last_trial[position] = trial + 1;
    }
  const double p = inclusion_p(counts, what->degree, k, what->replace, num_trials(what));
  free(last_trial);
  free(counts);
  free(positions);
  return p;
}

/* The numbers of all pairs depend on each other. Their covariance matrix commutes with every renumbering of the
 * positions, so that it is a number on each of three spaces: constants; sums of a function of either position, which is
 * what the single inclusions say; and the rest, of dimension d (d - 3) / 2, where one trial has the variance
 * p2 - 2 p3 + p4, if p_m is the probability that m given positions are all included (the Johnson scheme; Delsarte, An
 * algebraic approach to the association schemes of coding theory, 1973). This projects onto the rest. */
double measure_pair_inclusion(sampler draw, const void *self, const trials *what) {
  const int64_t degree = what->degree, fanout = what->fanout;
  int64_t *positions = drawn(draw, self, what), *counts = zeroed(degree * degree, sizeof *counts);
  double *of_one = zeroed(degree, sizeof *of_one), total = 0, squares = 0;
  for (int64_t trial = 0; trial < num_trials(what); ++trial)
    for (int64_t a = 0; a < fanout; ++a)
      for (int64_t b = 0; b < a; ++b) {
        const int64_t first = positions[trial * fanout + a], second = positions[trial * fanout + b];
        ++counts[first < second ? first * degree + second : second * degree + first];
      }
  for (int64_t i = 0; i < degree; ++i)
    for (int64_t j = i + 1; j < degree; ++j) {
      of_one[i] += (double)counts[i * degree + j];
      of_one[j] += (double)counts[i * degree + j];
      total += (double)counts[i * degree + j];
    }
  const double d = (double)degree, k = (double)fanout, n = (double)num_trials(what);
  for (int64_t i = 0; i < degree; ++i)
    for (int64_t j = i + 1; j < degree; ++j) {
      const double rest =
          (double)counts[i * degree + j] - (of_one[i] + of_one[j]) / (d - 2) + 2 * total / ((d - 1) * (d - 2));
      squares += rest * rest;
    }
  const double p2 = k * (k - 1) / (d * (d - 1)), p3 = p2 * (k - 2) / (d - 2), p4 = p3 * (k - 3) / (d - 3);
  /* A position that was drawn twice in a trial is no pair. */
  const double p =
      total == n * k * (k - 1) / 2 ? chi_square_survival(squares / (n * (p2 - 2 * p3 + p4)), d * (d - 3) / 2) : 0;
  free(of_one);
  free(counts);
  free(positions);
  return p;
}

/* Without replacement the slots before the last hold any k - 1 of the first d - 1 positions with equal probability; the
 * last is position d - 1 if it draws that or one of those. */
double measure_last_slot(sampler draw, const void *self, const trials *what) {
  const double d = (double)what->degree, k = (double)what->fanout;
  int64_t *positions = drawn(draw, self, what), *counts = zeroed(what->degree, sizeof *counts);
  double *probabilities = zeroed(what->degree, sizeof *probabilities);
  for (int64_t trial = 0; trial < num_trials(what); ++trial) ++counts[positions[(trial + 1) * what->fanout - 1]];
  for (int64_t i = 0; i < what->degree; ++i) probabilities[i] = what->replace ? 1 / d : (d - k) / (d * (d - 1));
  if (!what->replace) probabilities[what->degree - 1] = k / d;
  const double p = multinomial_p(counts, probabilities, what->degree, num_trials(what));
  free(probabilities);
  free(counts);
  free(positions);
  return p;
}

double measure_multinomial(sampler draw, const void *self, const trials *what) {
  const int64_t draws = num_trials(what) * what->fanout;
  int64_t *positions = drawn(draw, self, what), *counts = zeroed(what->degree, sizeof *counts);
  for (int64_t i = 0; i < draws; ++i) ++counts[positions[i]];
  const double p = multinomial_p(counts, NULL, what->degree, draws);
  free(counts);
  free(positions);
  return p;
}

static double log_choose(int64_t n, int64_t m) {
  return lgamma((double)n + 1) - lgamma((double)m + 1) - lgamma((double)(n - m) + 1);
}

/* The p-value of how often `attempts` comparisons, each successful with probability 1 / degree, had m successes. */
static double binomial_p(const int64_t *observed, int64_t attempts, int64_t degree, int64_t total) {
  double *probabilities = zeroed(attempts + 1, sizeof *probabilities);
  const double d = (double)degree;
  for (int64_t m = 0; m <= attempts; ++m)
    probabilities[m] = exp(log_choose(attempts, m) - (double)m * log(d) + (double)(attempts - m) * log1p(-1 / d));
  const double p = multinomial_p(observed, probabilities, attempts + 1, total);
  free(probabilities);
  return p;
}

/* Slots 2 i and 2 i + 1 of every other trial, slots 2 i + 1 and 2 i + 2 of the others. */
double measure_successive_slots(sampler draw, const void *self, const trials *what) {
  const int64_t compared = (what->fanout - 1) / 2;
  int64_t *positions = drawn(draw, self, what), *counts = zeroed(compared + 1, sizeof *counts);
  for (int64_t trial = 0; trial < num_trials(what); ++trial) {
    const int64_t *slots = positions + trial * what->fanout + trial % 2;
    int64_t agreements = 0;
    for (int64_t i = 0; i < compared; ++i) agreements += slots[2 * i] == slots[2 * i + 1];
    ++counts[agreements];
  }
  const double p = binomial_p(counts, compared, what->degree, num_trials(what));
  free(counts);
  free(positions);
  return p;
}

/* --- two trials --- */

/* counts[m]: pairs of trials whose inclusion agrees in m positions or, with replacement, slots. */
typedef struct agreement {
  const trials *what;
  int64_t *counts, *last_pair;
  int64_t num_pairs;
} agreement;

static agreement agreement_of(const trials *what) {
  const agreement empty = {what, zeroed(what->fanout + 1, sizeof(int64_t)), zeroed(what->degree, sizeof(int64_t)), 0};
  return empty;
}

static void compare(agreement *to, const int64_t *a, const int64_t *b) {
  int64_t agreements = 0;
  ++to->num_pairs;
  if (to->what->replace) {
    for (int64_t slot = 0; slot < to->what->fanout; ++slot) agreements += a[slot] == b[slot];
  } else {
    for (int64_t slot = 0; slot < to->what->fanout; ++slot) to->last_pair[a[slot]] = to->num_pairs;
    for (int64_t slot = 0; slot < to->what->fanout; ++slot) agreements += to->last_pair[b[slot]] == to->num_pairs;
  }
  ++to->counts[agreements];
}

/* Two independent sets share a hypergeometric number of positions. Frees the counts. */
static double agreement_p(agreement *from) {
  const int64_t d = from->what->degree, k = from->what->fanout;
  double p;
  if (from->what->replace) {
    p = binomial_p(from->counts, k, d, from->num_pairs);
  } else {
    double *probabilities = zeroed(k + 1, sizeof *probabilities);
    for (int64_t m = 2 * k > d ? 2 * k - d : 0; m <= k; ++m)
      probabilities[m] = exp(log_choose(k, m) + log_choose(d - k, k - m) - log_choose(d, k));
    p = multinomial_p(from->counts, probabilities, k + 1, from->num_pairs);
    free(probabilities);
  }
  free(from->last_pair);
  free(from->counts);
  return p;
}

/* Pairs of trials that have no trial in common: node + a_node under one seed and node + b_node under the seed that
 * stands `seeds_apart` (0 or 1) later, for every node_step-th node. */
static double within_run(sampler draw, const void *self, const trials *what, int64_t seeds_apart, int64_t a_node,
                         int64_t b_node, int64_t node_step) {
  int64_t *positions = drawn(draw, self, what);
  agreement found = agreement_of(what);
  for (int64_t seed = 0; seed + seeds_apart < what->num_seeds; seed += 1 + seeds_apart)
    for (int64_t node = 0; node + (a_node > b_node ? a_node : b_node) < what->num_nodes; node += node_step)
      compare(&found, positions + (seed * what->num_nodes + node + a_node) * what->fanout,
              positions + ((seed + seeds_apart) * what->num_nodes + node + b_node) * what->fanout);
  free(positions);
  return agreement_p(&found);
}

/* Each trial of a run and the same one of another. */
static double between_runs(sampler draw, const void *self, const trials *a, const trials *b) {
  int64_t *of_a = drawn(draw, self, a), *of_b = drawn(draw, self, b);
  agreement found = agreement_of(a);
  for (int64_t trial = 0; trial < num_trials(a); ++trial)
    compare(&found, of_a + trial * a->fanout, of_b + trial * b->fanout);
  free(of_b);
  free(of_a);
  return agreement_p(&found);
}

double measure_nodes(sampler draw, const void *self, const trials *what) {
  return within_run(draw, self, what, 0, 0, 1, 2);
}

double measure_seeds(sampler draw, const void *self, const trials *what) {
  return within_run(draw, self, what, 1, 0, 0, 1);
}

double measure_shifted(sampler draw, const void *self, const trials *what) {
  return within_run(draw, self, what, 1, 1, 0, 1);
}

double measure_hops(sampler draw, const void *self, const trials *what) {
  trials other = *what;
  other.hop = 1 - what->hop;
  return between_runs(draw, self, what, &other);
}

double measure_high_seeds(sampler draw, const void *self, const trials *what) {
  trials other = *what;
  other.first_seed += (uint64_t)1 << 32;
  return between_runs(draw, self, what, &other);
}
