/* SPDX-License-Identifier: Apache-2.0 */
/* Statistics of trials. Each returns the p-value of what a sampler drew if it drew as it should. */
#ifndef TESTS_STATISTICS_TRIAL_MEASURES_H
#define TESTS_STATISTICS_TRIAL_MEASURES_H

#include "trials.h"

typedef double (*trial_measure)(sampler draw, const void *self, const trials *what);

/* How often each position is included: without replacement fanout / degree. */
double measure_inclusion(sampler draw, const void *self, const trials *what);
/* Without replacement, degree at least 4: how often each pair of positions is included, of all pairs in each trial,
 * beyond what the inclusion of the single positions says: fanout (fanout - 1) / (degree (degree - 1)). */
double measure_pair_inclusion(sampler draw, const void *self, const trials *what);
/* Where the last slot falls. */
double measure_last_slot(sampler draw, const void *self, const trials *what);
/* With replacement: the multinomial distribution of all draws, and in how many pairs of successive slots both fell on
 * one position. */
double measure_multinomial(sampler draw, const void *self, const trials *what);
double measure_successive_slots(sampler draw, const void *self, const trials *what);
/* The covariance of inclusion between two trials: how many positions they share without replacement, in how many slots
 * they agree with it. The trials: nodes 2 i and 2 i + 1; hops 0 and 1 of a node; seeds s and s + 1 of a node; seeds s and
 * s + 2^32; node i + 1 under seed s and node i under seed s + 1. */
double measure_nodes(sampler draw, const void *self, const trials *what);
double measure_hops(sampler draw, const void *self, const trials *what);
double measure_seeds(sampler draw, const void *self, const trials *what);
double measure_high_seeds(sampler draw, const void *self, const trials *what);
double measure_shifted(sampler draw, const void *self, const trials *what);

#endif
