/* SPDX-License-Identifier: Apache-2.0 */
/* Contexts and tensors on the emulated device. CUDA_EMULATED is the path of the plugin. */
#ifndef TESTS_CUDA_SUPPORT_H
#define TESTS_CUDA_SUPPORT_H

#include "device_tensors.h"
#include "fake_control.h"

static inline uni_context *make_cuda_context(void) {
  uni_context_options options = UNI_CONTEXT_OPTIONS_INIT;
  options.num_threads = 2;
  options.backend_path = CUDA_EMULATED;
  uni_context *context = NULL;
  OK(uni_context_create(&options, &context, &error));
  return context;
}

static inline fake_counts counts_now(void) {
  fake_counts counts;
  fake_get_counts(&counts);
  return counts;
}

/* After the last context: nothing is left, nobody wrote past a block, and no error waits for whoever asks CUDA next. */
static inline void check_nothing_left(void) {
  const fake_counts counts = counts_now();
  assert_int_equal(counts.device_blocks, 0);
  assert_int_equal(counts.managed_blocks, 0);
  assert_int_equal(counts.registered_ranges, 0);
  assert_int_equal(counts.streams, 0);
  assert_int_equal(counts.events, 0);
  assert_int_equal(counts.pending_work, 0);
  assert_int_equal(counts.last_error, 0);
  assert_int_equal(counts.broken_borders, 0);
}

#endif
