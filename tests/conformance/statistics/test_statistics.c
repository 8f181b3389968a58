/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the library's draws are as likely as docs/sampling.md says, and whether these tests would see it if they were
 * not: each is run on samplers that are wrong on purpose.
 *
 * Seeds are fixed, so that a result is always the same. A right sampler has to have 1e-4 < p < 1 - 1e-4 in every test;
 * for seeds picked anew, one of the 33 tests would fail by chance in one of 150 runs. A wrong one has to have
 * p < 1e-12. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "chi_square.h"
#include "measures.h"
#include "unitensor/unitensor.h"

static const double right_p = 1e-4, wrong_p = 1e-12;

#define BIT(bias) (1u << (bias))
#define FLOYD_BIASES (BIT(BIAS_SHIFTED) | BIT(BIAS_NO_SWAP) | BIT(BIAS_KEEPS_LAST))

static const struct test {
  const char *name;
  measure measure;
  draws what;
  unsigned caught; /* The biases that it has to see. */
} tests[] = {
    {"inclusion of 2 of 5", measure_inclusion, {5, 2, 40000, 0, 0, 1}, FLOYD_BIASES},
    {"inclusion of 1 of 7", measure_inclusion, {7, 1, 40000, 0, 0, 2}, BIT(BIAS_SHIFTED) | BIT(BIAS_KEEPS_LAST)},
    {"inclusion of 5 of 10", measure_inclusion, {10, 5, 40000, 0, 0, 3}, FLOYD_BIASES},
    {"inclusion of 16 of 17", measure_inclusion, {17, 16, 40000, 0, 0, 4}, FLOYD_BIASES},
    {"inclusion of 8 of 64", measure_inclusion, {64, 8, 40000, 0, 0, 5}, FLOYD_BIASES | BIT(BIAS_MODULO)},
    {"inclusion of 60 of 100", measure_inclusion, {100, 60, 20000, 0, 0, 6}, FLOYD_BIASES},
    {"inclusion of 30 of 700",
     measure_inclusion,
     {700, 30, 20000, 0, 0, 7},
     BIT(BIAS_MODULO) | BIT(BIAS_NO_SWAP) | BIT(BIAS_KEEPS_LAST)},
    {"inclusion of 5 of 10 in hop 2",
     measure_inclusion,
     {10, 5, 40000, 0, 2, 8},
     BIT(BIAS_SHIFTED) | BIT(BIAS_NO_SWAP)},
    {"sets of 2 of 4", measure_subsets, {4, 2, 40000, 0, 0, 9}, FLOYD_BIASES},
    {"sets of 3 of 6", measure_subsets, {6, 3, 40000, 0, 0, 10}, FLOYD_BIASES | BIT(BIAS_SAME_HALF)},
    {"sets of 4 of 8", measure_subsets, {8, 4, 40000, 0, 0, 11}, FLOYD_BIASES | BIT(BIAS_SAME_HALF)},
    {"sets of 9 of 11", measure_subsets, {11, 9, 40000, 0, 0, 12}, FLOYD_BIASES},
    {"pairs in 3 of 12", measure_pairs, {12, 3, 60000, 0, 0, 13}, FLOYD_BIASES | BIT(BIAS_SAME_HALF)},
    {"pairs in 10 of 40",
     measure_pairs,
     {40, 10, 60000, 0, 0, 14},
     BIT(BIAS_NO_SWAP) | BIT(BIAS_KEEPS_LAST) | BIT(BIAS_SAME_HALF)},
    {"pairs in 50 of 60", measure_pairs, {60, 50, 60000, 0, 0, 15}, BIT(BIAS_NO_SWAP)},
    {"inclusion in 2 from 5", measure_inclusion, {5, 2, 40000, 1, 0, 16}, BIT(BIAS_SHIFTED) | BIT(BIAS_SAME_HALF)},
    {"inclusion in 4 from 3", measure_inclusion, {3, 4, 40000, 1, 0, 17}, BIT(BIAS_SHIFTED) | BIT(BIAS_SAME_HALF)},
    {"inclusion in 12 from 48",
     measure_inclusion,
     {48, 12, 40000, 1, 0, 18},
     BIT(BIAS_MODULO) | BIT(BIAS_SHIFTED) | BIT(BIAS_SAME_HALF)},
    {"inclusion in 20 from 700", measure_inclusion, {700, 20, 20000, 1, 0, 19}, BIT(BIAS_MODULO)},
    {"inclusion in 12 from 48 in hop 1",
     measure_inclusion,
     {48, 12, 40000, 1, 1, 20},
     BIT(BIAS_MODULO) | BIT(BIAS_SHIFTED)},
    {"pairs in 2 from 7", measure_pairs, {7, 2, 60000, 1, 0, 21}, BIT(BIAS_SHIFTED) | BIT(BIAS_SAME_HALF)},
    {"pairs in 6 from 30", measure_pairs, {30, 6, 60000, 1, 0, 22}, BIT(BIAS_SHIFTED) | BIT(BIAS_SAME_HALF)},
    {"different ones in 5 from 10",
     measure_different,
     {10, 5, 40000, 1, 0, 23},
     BIT(BIAS_SHIFTED) | BIT(BIAS_SAME_HALF)},
    {"different ones in 9 from 40", measure_different, {40, 9, 40000, 1, 0, 24}, BIT(BIAS_SAME_HALF)},
    {"nodes, with replacement", measure_nodes, {12, 1, 60000, 1, 0, 25}, BIT(BIAS_NODE_PAIRS) | BIT(BIAS_ALL_NODES)},
    {"nodes, without replacement", measure_nodes, {15, 4, 60000, 0, 0, 26}, BIT(BIAS_NODE_PAIRS) | BIT(BIAS_ALL_NODES)},
    {"hops 0 and 1", measure_hops, {12, 1, 60000, 0, 0, 27}, BIT(BIAS_NO_HOP)},
    {"hops 1 and 2", measure_hops, {12, 1, 60000, 1, 1, 28}, BIT(BIAS_NO_HOP)},
    {"hop 1 and hop 0 of the next seed", measure_hop_and_seed, {12, 1, 60000, 0, 0, 29}, BIT(BIAS_HOP_AS_SEED)},
    {"seeds, without replacement", measure_seeds, {12, 1, 60000, 0, 0, 30}, BIT(BIAS_SEED_PAIRS)},
    {"seeds, with replacement", measure_seeds, {12, 1, 60000, 1, 0, 32}, BIT(BIAS_SEED_PAIRS)},
    {"seeds that differ in the upper half", measure_high_seeds, {12, 1, 60000, 0, 0, 33}, BIT(BIAS_SEED_LOW_WORD)},
    {"with and without replacement", measure_methods, {12, 1, 60000, 0, 0, 34}, BIT(BIAS_NO_METHOD)},
};
enum { num_tests = sizeof tests / sizeof tests[0] };

static uni_context *context;

/* Values of tables of the distribution. */
static void test_distribution(void **state) {
  (void)state;
  static const struct {
    double statistic, degrees, p;
  } table[] = {{3.841458820694124, 1, 0.05},    {5.991464547107979, 2, 0.05},  {18.307038053275146, 10, 0.05},
               {124.34211340400407, 100, 0.05}, {29.58829844507442, 10, 1e-3}, {2.705543454095404, 1, 0.1},
               {77.92946516500912, 100, 0.95},  {1.0, 2, 0.6065306597126334},  {0, 5, 1}};
  for (size_t i = 0; i < sizeof table / sizeof table[0]; ++i) {
    const double p = chi_square_survival(table[i].statistic, table[i].degrees);
    if (fabs(p - table[i].p) > 1e-9 * table[i].p)
      fail_msg("of %g with %g degrees: %.15g, expected %.15g", table[i].statistic, table[i].degrees, p, table[i].p);
  }
  assert_true(chi_square_survival(400, 10) < 1e-70);
}

/* The test's own sampler without a bias draws exactly what the library draws. */
static void test_same_draws(void **state) {
  (void)state;
  const bias none = BIAS_NONE;
  for (int i = 0; i < num_tests; ++i) {
    const size_t count = (size_t)(tests[i].what.num_nodes * tests[i].what.fanout);
    int64_t *ours = malloc(count * 8), *theirs = malloc(count * 8);
    assert_non_null(ours);
    assert_non_null(theirs);
    draw_planted(&none, &tests[i].what, ours);
    draw_by_library(context, &tests[i].what, theirs);
    if (memcmp(ours, theirs, count * 8) != 0) fail_msg("%s: other positions than the library's", tests[i].name);
    free(theirs);
    free(ours);
  }
}

static void test_library(void **state) {
  const struct test *test = *state;
  const double p = test->measure(draw_by_library, context, &test->what);
  if (!(p > right_p && p < 1 - right_p)) fail_msg("%s: p is %g", test->name, p);
}

static void test_biased(void **state) {
  const struct test *test = *state;
  for (bias wrong = BIAS_MODULO; wrong < BIAS_COUNT; ++wrong)
    if (test->caught & BIT(wrong)) {
      const double p = test->measure(draw_planted, &wrong, &test->what);
      if (!(p < wrong_p)) fail_msg("%s does not see the bias \"%s\": p is %g", test->name, bias_names[wrong], p);
    }
}

/* Every bias is seen by a test, and every test sees one. */
static void test_every_bias(void **state) {
  (void)state;
  unsigned caught = BIT(BIAS_NONE);
  for (int i = 0; i < num_tests; ++i) {
    assert_int_not_equal(tests[i].caught, 0);
    caught |= tests[i].caught;
  }
  assert_int_equal(caught, BIT(BIAS_COUNT) - 1);
}

int main(void) {
  uni_error error = UNI_ERROR_INIT;
  if (uni_context_create(NULL, &context, &error) != UNI_STATUS_OK) {
    fprintf(stderr, "%s\n", error.message);
    return 2;
  }
  static struct CMUnitTest all[2 * num_tests + 3] = {
      cmocka_unit_test(test_distribution), cmocka_unit_test(test_same_draws), cmocka_unit_test(test_every_bias)};
  for (int i = 0; i < num_tests; ++i) {
    static char names[2 * num_tests][80];
    snprintf(names[2 * i], sizeof names[0], "%s", tests[i].name);
    snprintf(names[2 * i + 1], sizeof names[0], "%s, biased", tests[i].name);
    void *test = (void *)(uintptr_t)&tests[i];
    all[3 + 2 * i] = (struct CMUnitTest){names[2 * i], test_library, NULL, NULL, test};
    all[4 + 2 * i] = (struct CMUnitTest){names[2 * i + 1], test_biased, NULL, NULL, test};
  }
  const int failed = cmocka_run_group_tests_name("statistics", all, NULL, NULL);
  uni_context_release(context);
  return failed != 0;
}
