/* SPDX-License-Identifier: Apache-2.0 */
/* The chi-square distribution, and statistics that have it. */
#ifndef TESTS_CONFORMANCE_CHI_SQUARE_H
#define TESTS_CONFORMANCE_CHI_SQUARE_H

#include <stdint.h>

/* The probability that a chi-square variable of so many degrees of freedom is at least `statistic`. */
double chi_square_survival(double statistic, double degrees);

/* Pearson's test that `total` independent draws fell into `count` cells with these probabilities; NULL: equal ones.
 * Cells that expect less than 8 draws are pooled. Returns the p-value. */
double multinomial_p(const int64_t *observed, const double *probabilities, int64_t count, int64_t total);

/* The test that in `trials` independent draws of `drawn` out of `count` things each was included as often as it has to
 * be, `observed[i]` times; the counts depend on each other in a known way. Returns the p-value. */
double inclusion_p(const int64_t *observed, int64_t count, int64_t drawn, int replace, int64_t trials);

#endif
