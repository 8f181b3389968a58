/* SPDX-License-Identifier: Apache-2.0 */
/* Statistics of draws. Each returns the p-value of what a sampler drew if it drew as it should. */
#ifndef TESTS_CONFORMANCE_MEASURES_H
#define TESTS_CONFORMANCE_MEASURES_H

#include "samplers.h"

typedef double (*measure)(sampler draw, const void *self, const draws *what);

/* How often each position was included, against the exact inclusion probability. */
double measure_inclusion(sampler draw, const void *self, const draws *what);
/* Without replacement: how often each set of positions was drawn; few positions. */
double measure_subsets(sampler draw, const void *self, const draws *what);
/* How often each pair of positions was drawn, by two slots picked at random for each node (by a generator of the
 * test's). Without replacement pairs are not ordered; with replacement they are. */
double measure_pairs(sampler draw, const void *self, const draws *what);
/* With replacement: how many different positions a node drew, against the exact distribution. */
double measure_different(sampler draw, const void *self, const draws *what);
/* Two numbers that have nothing to do with each other: the first slots of nodes 2 i and 2 i + 1; of hops h and h + 1;
 * of hop h + 1 and of the next seed's hop h; of seeds s and s + 1; of seeds s and s + 2^32; with and without
 * replacement. */
double measure_nodes(sampler draw, const void *self, const draws *what);
double measure_hops(sampler draw, const void *self, const draws *what);
double measure_hop_and_seed(sampler draw, const void *self, const draws *what);
double measure_seeds(sampler draw, const void *self, const draws *what);
double measure_high_seeds(sampler draw, const void *self, const draws *what);
double measure_methods(sampler draw, const void *self, const draws *what);

#endif
