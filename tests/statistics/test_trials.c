/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a backend draws neighbours as docs/sampling.md says, over nodes and over seeds, and whether these tests would
 * see it if it did not: each is run on samplers that are wrong on purpose, and on a right one that is not the library's.
 *   test_trials [--backend cpu|PATH] [--threads N]
 *
 * Seeds are fixed, so that a result is always the same. A right sampler has to have 5e-7 < p < 1 - 5e-7 in every test,
 * two-sided 1e-6: for seeds picked anew, one of the 30 tests would fail by chance in one of 30,000 runs. A wrong one
 * has to have p < 1e-12. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "trial_measures.h"
#include "unitensor/unitensor.h"

static const double right_p = 5e-7, wrong_p = 1e-12;

#define BIT(planted) (1u << (planted))
/* With a fan-out of 2 only the last slot can repeat, where the last free position is the right one. */
#define FREQUENCIES (BIT(PLANTED_OVER_DEGREE) | BIT(PLANTED_LAST_FREE))

/* The members of trials: degree, fanout, num_nodes, num_seeds, replace, hop, first_seed. */
static const struct test {
  const char *name;
  trial_measure measure;
  trials what;
  unsigned caught; /* What is planted that it has to see. */
} tests[] = {
    {"inclusion of 2 of 5",
     measure_inclusion,
     {5, 2, 1000, 40, 0, 0, 1},
     BIT(PLANTED_OVER_DEGREE) | BIT(PLANTED_DUPLICATE)},
    {"inclusion of 1 of 97", measure_inclusion, {97, 1, 1000, 40, 0, 0, 101}, BIT(PLANTED_MODULO_8)},
    {"inclusion of 9 of 10", measure_inclusion, {10, 9, 1000, 40, 0, 0, 201}, FREQUENCIES | BIT(PLANTED_DUPLICATE)},
    {"inclusion of 16 of 64, one node", measure_inclusion, {64, 16, 1, 10000, 0, 0, 301}, FREQUENCIES},
    {"inclusion of 100 of 129", measure_inclusion, {129, 100, 500, 20, 0, 0, 20001}, FREQUENCIES},
    {"inclusion of 200 of 201 in hop 1", measure_inclusion, {201, 200, 200, 10, 0, 1, 20101}, FREQUENCIES},
    {"inclusion of 300 of 1000", measure_inclusion, {1000, 300, 200, 20, 0, 0, 20201}, FREQUENCIES},
    {"inclusion of 5000 of 70001", measure_inclusion, {70001, 5000, 8, 20, 0, 0, 20301}, BIT(PLANTED_MODULO_16)},
    {"pairs in 2 of 6",
     measure_pair_inclusion,
     {6, 2, 1000, 40, 0, 0, 21001},
     BIT(PLANTED_OVER_DEGREE) | BIT(PLANTED_DUPLICATE)},
    {"pairs in 6 of 16, one node", measure_pair_inclusion, {16, 6, 1, 20000, 0, 0, 21101}, FREQUENCIES},
    {"pairs in 7 of 24", measure_pair_inclusion, {24, 7, 1000, 20, 0, 0, 42001}, BIT(PLANTED_SLOT_PAIRS)},
    {"pairs in 80 of 100", measure_pair_inclusion, {100, 80, 500, 8, 0, 0, 42101}, BIT(PLANTED_DUPLICATE)},
    {"last slot of 3 of 7", measure_last_slot, {7, 3, 1000, 40, 0, 0, 43001}, FREQUENCIES | BIT(PLANTED_DUPLICATE)},
    {"last slot of 90 of 120", measure_last_slot, {120, 90, 500, 20, 0, 0, 43101}, FREQUENCIES},
    {"multinomial 5 from 97", measure_multinomial, {97, 5, 1000, 20, 1, 0, 44001}, BIT(PLANTED_MODULO_8)},
    {"multinomial 500 from 70001", measure_multinomial, {70001, 500, 16, 100, 1, 0, 44101}, BIT(PLANTED_MODULO_16)},
    {"multinomial 70 from 50 in hop 1", measure_multinomial, {50, 70, 500, 8, 1, 1, 44301}, BIT(PLANTED_MODULO_8)},
    {"successive 9 from 11", measure_successive_slots, {11, 9, 1000, 20, 1, 0, 45001}, BIT(PLANTED_SLOT_PAIRS)},
    {"successive 101 from 40", measure_successive_slots, {40, 101, 500, 10, 1, 0, 45101}, BIT(PLANTED_SLOT_PAIRS)},
    {"nodes, 4 of 12", measure_nodes, {12, 4, 1000, 20, 0, 0, 46001}, BIT(PLANTED_ALL_NODES)},
    {"nodes, 80 of 200 in hop 1", measure_nodes, {200, 80, 500, 10, 0, 1, 46101}, BIT(PLANTED_ALL_NODES)},
    {"nodes, 6 from 12", measure_nodes, {12, 6, 1000, 20, 1, 0, 46201}, BIT(PLANTED_ALL_NODES)},
    {"hops, 4 of 12", measure_hops, {12, 4, 1000, 20, 0, 0, 47001}, BIT(PLANTED_NO_HOP)},
    {"hops, 6 from 12", measure_hops, {12, 6, 1000, 20, 1, 0, 47101}, BIT(PLANTED_NO_HOP)},
    {"seeds, 4 of 12", measure_seeds, {12, 4, 1000, 20, 0, 0, 48000}, BIT(PLANTED_SEED_PAIRS)},
    {"seeds, 80 of 200, one node", measure_seeds, {200, 80, 1, 5000, 0, 0, 50000}, BIT(PLANTED_SEED_PAIRS)},
    {"seeds, 6 from 12", measure_seeds, {12, 6, 1000, 20, 1, 0, 60000}, BIT(PLANTED_SEED_PAIRS)},
    {"seeds that differ in the upper half",
     measure_high_seeds,
     {12, 4, 1000, 20, 0, 0, 61000},
     BIT(PLANTED_SEED_LOW_WORD)},
    {"next node and next seed, 4 of 12", measure_shifted, {12, 4, 1000, 20, 0, 0, 62000}, BIT(PLANTED_SEED_PLUS_NODE)},
    {"next node and next seed, 6 from 12",
     measure_shifted,
     {12, 6, 1000, 20, 1, 0, 63000},
     BIT(PLANTED_SEED_PLUS_NODE)},
};
enum { num_tests = sizeof tests / sizeof tests[0] };

static uni_context *context;

static void expect_right(const struct test *test, sampler draw, const void *self) {
  const double p = test->measure(draw, self, &test->what);
  if (getenv("UNITENSOR_PRINT_P") != NULL) printf("p is %g\n", p);
  if (!(p > right_p && p < 1 - right_p)) fail_msg("%s: p is %g", test->name, p);
}

static void test_backend(void **state) { expect_right(*state, draw_by_library, context); }

static void test_planted(void **state) {
  const struct test *test = *state;
  planted wrong = PLANTED_NONE;
  expect_right(test, draw_planted, &wrong);
  for (wrong = PLANTED_NONE + 1; wrong < PLANTED_COUNT; ++wrong)
    if (test->caught & BIT(wrong)) {
      const double p = test->measure(draw_planted, &wrong, &test->what);
      if (!(p < wrong_p)) fail_msg("%s does not see \"%s\": p is %g", test->name, planted_names[wrong], p);
    }
}

/* Every planted defect is seen by a test, and every test sees one. */
static void test_every_planted(void **state) {
  (void)state;
  unsigned caught = BIT(PLANTED_NONE);
  for (int i = 0; i < num_tests; ++i) {
    assert_int_not_equal(tests[i].caught, 0);
    caught |= tests[i].caught;
  }
  assert_int_equal(caught, BIT(PLANTED_COUNT) - 1);
}

static int create_context(int argc, char **argv) {
  uni_context_options options = UNI_CONTEXT_OPTIONS_INIT;
  for (int i = 1; i < argc; i += 2) {
    if (i + 1 < argc && strcmp(argv[i], "--backend") == 0) {
      options.backend_path = strcmp(argv[i + 1], "cpu") == 0 ? NULL : argv[i + 1];
    } else if (i + 1 < argc && strcmp(argv[i], "--threads") == 0) {
      options.num_threads = atoi(argv[i + 1]);
    } else {
      fprintf(stderr, "usage: %s [--backend cpu|PATH] [--threads N]\n", argv[0]);
      return 0;
    }
  }
  uni_error error = UNI_ERROR_INIT;
  if (uni_context_create(&options, &context, &error) != UNI_STATUS_OK) {
    fprintf(stderr, "%s\n", error.message);
    return 0;
  }
  const char *backend = uni_context_backend(context);
  printf("backend %s, %d threads\n", backend, (int)uni_context_num_threads(context));
  /* A plugin that was given and is not used would make this a test of the CPU backend. */
  if ((options.backend_path == NULL) == (strcmp(backend, "cpu") == 0)) return 1;
  fprintf(stderr, "the backend is %s\n", backend);
  uni_context_release(context);
  return 0;
}

int main(int argc, char **argv) {
  if (!create_context(argc, argv)) return 2;
  static struct CMUnitTest all[2 * num_tests + 1] = {cmocka_unit_test(test_every_planted)};
  for (int i = 0; i < num_tests; ++i) {
    static char names[num_tests][80];
    snprintf(names[i], sizeof names[i], "%s, planted", tests[i].name);
    void *test = (void *)(uintptr_t)&tests[i];
    all[1 + 2 * i] = (struct CMUnitTest){tests[i].name, test_backend, NULL, NULL, test};
    all[2 + 2 * i] = (struct CMUnitTest){names[i], test_planted, NULL, NULL, test};
  }
  const int failed = cmocka_run_group_tests_name("statistics", all, NULL, NULL);
  uni_context_release(context);
  return failed != 0;
}
