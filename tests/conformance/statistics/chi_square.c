/* SPDX-License-Identifier: Apache-2.0 */
#include "chi_square.h"

#include <math.h>
#include <stddef.h>

/* The regularised upper incomplete gamma function Q(a, x): the series of its complement where that converges quickly,
 * else the continued fraction by Lentz's method (Abramowitz and Stegun, 6.5.29 and 6.5.31). */
static double upper_gamma(double a, double x) {
  if (x <= 0) return 1;
  const double scale = exp(a * log(x) - x - lgamma(a));
  if (x < a + 1) {
    double term = 1 / a, sum = term;
    for (double n = 1; n < 100000 && term > sum * 1e-16; ++n) sum += term *= x / (a + n);
    return 1 - scale * sum;
  }
  const double tiny = 1e-300;
  double b = x + 1 - a, c = 1 / tiny, d = 1 / b, fraction = d;
  for (double n = 1; n < 100000; ++n) {
    const double numerator = n * (a - n);
    b += 2;
    d = numerator * d + b;
    c = b + numerator / c;
    d = 1 / (fabs(d) < tiny ? tiny : d);
    c = fabs(c) < tiny ? tiny : c;
    fraction *= c * d;
    if (fabs(c * d - 1) < 1e-15) break;
  }
  return scale * fraction;
}

double chi_square_survival(double statistic, double degrees) { return upper_gamma(degrees / 2, statistic / 2); }

double multinomial_p(const int64_t *observed, const double *probabilities, int64_t count, int64_t total) {
  const double fewest = 8;
  double statistic = 0, cells = 0, pooled_observed = 0, pooled_expected = 0;
  for (int64_t i = 0; i < count; ++i) {
    const double expected = (double)total * (probabilities != NULL ? probabilities[i] : 1.0 / (double)count);
    if (expected < fewest) {
      pooled_observed += (double)observed[i];
      pooled_expected += expected;
      continue;
    }
    const double difference = (double)observed[i] - expected;
    statistic += difference * difference / expected;
    ++cells;
  }
  /* A draw into a cell that cannot be drawn. */
  if (pooled_expected == 0 && pooled_observed > 0) return 0;
  if (pooled_expected > 0) {
    const double difference = pooled_observed - pooled_expected;
    statistic += difference * difference / pooled_expected;
    ++cells;
  }
  return chi_square_survival(statistic, cells - 1);
}

double inclusion_p(const int64_t *observed, int64_t count, int64_t drawn, int replace, int64_t trials) {
  const double d = (double)count, k = (double)drawn, n = (double)trials;
  /* The probabilities that one thing is included, and that two are. */
  const double one = replace ? 1 - pow(1 - 1 / d, k) : k / d;
  const double two = replace ? 1 - 2 * pow(1 - 1 / d, k) + pow(1 - 2 / d, k) : k * (k - 1) / (d * (d - 1));
  double sum = 0, squares = 0;
  for (int64_t i = 0; i < count; ++i) sum += (double)observed[i];
  for (int64_t i = 0; i < count; ++i) {
    const double difference = (double)observed[i] - sum / d;
    squares += difference * difference;
  }
  /* The covariance matrix of one draw is one (1 - one) on and two - one^2 off the diagonal: it has the eigenvalue
   * one - two for what sums to zero, and another for the sum, which is 0 without replacement. */
  double statistic = squares / (n * (one - two)), degrees = d - 1;
  if (replace) {
    const double of_sum = d * one * (1 - one) + d * (d - 1) * (two - one * one);
    const double difference = sum - n * d * one;
    statistic += difference * difference / (n * of_sum);
    ++degrees;
  } else if (sum != n * k) {
    return 0;
  }
  return chi_square_survival(statistic, degrees);
}
