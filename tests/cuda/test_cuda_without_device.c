/* SPDX-License-Identifier: Apache-2.0 */
/* Contexts that have not opened a device, beside one that has: what runs on devices is the machine's and not a context's. */
#define _GNU_SOURCE
#include "cuda_support.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const float nines[2][2] = {{9, 9}, {9, 9}};
static const int64_t rows[2] = {1, 0};
/* What tensors of the test lie in, and devices reach. */
static float page[1024] __attribute__((aligned(4096)));

/* A context with a device, one without, and a gather into `page` that has not begun. */
typedef struct machine {
  uni_context *with, *without;
  void *stream;
  uni_tensor *source, *index, *out; /* the last is of the context without */
} machine;

static void gather(machine *m) {
  OK(uni_gather_into(m->source, uni_tensor_array(m->index), NULL, m->stream, uni_tensor_array(m->out), &error));
  assert_true(page[0] == 0);
}

static void set_up(machine *m, uni_destroy_fn destroy, void *user_data) {
  fake_reset();
  assert_int_equal(fake_register_host(page, sizeof page), 0);
  memset(page, 0, sizeof page);
  m->with = make_cuda_context();
  m->without = make_context(1);
  m->stream = fake_create_stream();
  m->source = make_in(m->with, UNI_MEMORY_DEVICE, UNI_DTYPE_FLOAT32, 2, 2, nines);
  m->index = make_in(m->with, UNI_MEMORY_DEVICE, UNI_DTYPE_INT64, 2, -1, rows);
  const uni_array array = array_2d(UNI_DTYPE_FLOAT32, page, 2, 2);
  OK(uni_tensor_wrap(m->without, &array, destroy, user_data, &m->out, &error));
  gather(m);
}

static void release_operands(machine *m) {
  uni_tensor_release(m->source);
  uni_tensor_release(m->index);
}

static void release_all(machine *m) {
  uni_tensor_release(m->out);
  release_operands(m);
  uni_context_release(m->without);
  uni_context_release(m->with);
}

/* After the end of the context with a device. */
static void tear_down(machine *m) {
  fake_destroy_stream(m->stream);
  assert_int_equal(fake_unregister_host(page), 0);
  check_nothing_left();
}

static void read_page(machine *m) {
  float seen[2][2] = {{0}};
  const uni_array host = array_2d(UNI_DTYPE_FLOAT32, seen, 2, 2);
  OK(uni_tensor_copy_to(m->out, &host, NULL, &error));
  assert_memory_equal(seen, nines, sizeof nines);
}

static void write_page(machine *m) {
  const float four = 4;
  OK(uni_tensor_fill(m->out, &four, NULL, &error));
  OK(uni_context_synchronize(m->with, &error));
  assert_true(page[0] == 4 && page[3] == 4);
}

static void use_page_as_rows(machine *m) {
  const int64_t all[2] = {0, 1};
  const uni_array index = array_1d(UNI_DTYPE_INT64, all, 2);
  uni_tensor *gathered = NULL;
  OK(uni_gather(m->out, &index, NULL, NULL, &gathered, &error));
  assert_memory_equal(pointer_of(gathered), nines, sizeof nines);
  uni_tensor_release(gathered);
}

static void test_the_cpu_does_not_overtake_devices(void **state) {
  (void)state;
  static void (*const uses[])(machine *) = {read_page, write_page, use_page_as_rows};
  for (size_t i = 0; i < sizeof uses / sizeof *uses; ++i) {
    machine m;
    set_up(&m, NULL, NULL);
    uses[i](&m);
    release_all(&m);
    tear_down(&m);
  }
}

static void set_to_one(void *number) { *(int *)number = 1; }

static void test_memory_waits_for_devices(void **state) {
  (void)state;
  for (int first = 0; first < 2; ++first) {
    machine m;
    int gone = 0;
    set_up(&m, set_to_one, &gone);
    uni_tensor_release(m.out);
    assert_int_equal(gone, 0);
    assert_true(page[0] == 0);
    if (first == 0) uni_context_release(m.without);
    release_operands(&m);
    uni_context_release(m.with);
    assert_int_equal(gone, 1);
    assert_true(page[0] == 9);
    if (first != 0) uni_context_release(m.without);
    tear_down(&m);
  }
}

/* The same for memory that the context allocated, which it must outlive. */
static void test_own_memory_waits_for_devices(void **state) {
  (void)state;
  for (int first = 0; first < 2; ++first) {
    machine m;
    set_up(&m, NULL, NULL);
    uni_tensor_release(m.out);
    OK(create_in(m.without, UNI_MEMORY_HOST, UNI_DTYPE_FLOAT32, 1024, 1024, &m.out));
    void *const memory = pointer_of(m.out);
    assert_int_equal(fake_register_host(memory, 4096), 0);
    const uni_array out = array_2d(UNI_DTYPE_FLOAT32, memory, 2, 2);
    OK(uni_gather_into(m.source, uni_tensor_array(m.index), NULL, m.stream, &out, &error));
    uni_tensor_release(m.out);
    if (first == 0) {
      uni_context_release(m.without);
    } else {
      uni_tensor *next = NULL;
      OK(create_in(m.without, UNI_MEMORY_HOST, UNI_DTYPE_FLOAT32, 1024, 1024, &next));
      assert_ptr_not_equal(pointer_of(next), memory);
      uni_tensor_release(next);
    }
    fake_synchronize(m.stream);
    assert_memory_equal(memory, nines, sizeof nines);
    assert_int_equal(fake_unregister_host(memory), 0);
    release_operands(&m);
    uni_context_release(m.with);
    if (first != 0) uni_context_release(m.without);
    tear_down(&m);
  }
}

static void sleep_ms(long milliseconds) {
  const struct timespec duration = {0, milliseconds * 1000 * 1000};
  nanosleep(&duration, NULL);
}

/* Something to do on another thread, while this one waits for a device. */
typedef struct visit {
  void *(*run)(void *);
  void *argument;
} visit;

static void visit_on_another_thread(void *argument) {
  const visit *const it = argument;
  pthread_t thread;
  assert_int_equal(pthread_create(&thread, NULL, it->run, it->argument), 0);
  pthread_join(thread, NULL);
}

typedef struct ending {
  machine *m;
  pthread_t thread;
  atomic_int has_begun, has_ended;
  int had_ended; /* before the other thread's call had */
} ending;

static void *end_context(void *argument) {
  ending *const it = argument;
  atomic_store(&it->has_begun, 1);
  uni_context_release(it->m->with);
  atomic_store(&it->has_ended, 1);
  return NULL;
}

static void end_on_another_thread(void *argument) {
  ending *const it = argument;
  assert_int_equal(pthread_create(&it->thread, NULL, end_context, it), 0);
  while (atomic_load(&it->has_begun) == 0) sleep_ms(1);
  sleep_ms(50);
  it->had_ended = atomic_load(&it->has_ended);
}

/* Who releases a context finds it gone, also where another context waits for its device at that moment. */
static void test_a_release_waits_for_those_who_wait(void **state) {
  (void)state;
  for (int round = 0; round < 3; ++round) {
    machine m;
    set_up(&m, NULL, NULL);
    release_operands(&m);
    ending it = {.m = &m};
    fake_on_wait(end_on_another_thread, &it);
    read_page(&m);
    pthread_join(it.thread, NULL);
    assert_int_equal(it.had_ended, 0);
    /* There is no device any more, and nothing that would wait for one. */
    uni_tensor_release(m.out);
    tear_down(&m);
    uni_context_release(m.without);
  }
}

typedef struct late_comer {
  machine *m;
  float seen;
  int gone, gone_before_it_was_written;
} late_comer;

static void *read_what_is_written(void *argument) {
  late_comer *const it = argument;
  float seen[2][2] = {{0}};
  const uni_array host = array_2d(UNI_DTYPE_FLOAT32, seen, 2, 2);
  if (uni_tensor_copy_to(it->m->out, &host, NULL, NULL) == UNI_STATUS_OK) it->seen = seen[1][1];
  return NULL;
}

static void *release_what_is_written(void *argument) {
  late_comer *const it = argument;
  uni_tensor_release(it->m->out);
  it->gone_before_it_was_written = it->gone != 0 && page[0] == 0;
  return NULL;
}

/* While a context ends, what it has enqueued still runs, and others find it. */
static void test_an_end_is_not_overtaken(void **state) {
  (void)state;
  for (int releases = 0; releases < 2; ++releases) {
    machine m;
    late_comer it = {.m = &m};
    set_up(&m, set_to_one, &it.gone);
    release_operands(&m);
    visit there = {releases != 0 ? release_what_is_written : read_what_is_written, &it};
    fake_on_wait(visit_on_another_thread, &there);
    uni_context_release(m.with);
    if (releases == 0) {
      assert_true(it.seen == 9);
      uni_tensor_release(m.out);
    }
    assert_int_equal(it.gone_before_it_was_written, 0);
    assert_int_equal(it.gone, 1);
    uni_context_release(m.without);
    tear_down(&m);
  }
}

/* What the other context's streams follow is its own affair. */
static void test_followed_streams_are_not_waited_for(void **state) {
  (void)state;
  machine m;
  set_up(&m, NULL, NULL);
  OK(uni_context_synchronize(m.with, &error));
  void *const followed = fake_create_stream(), *const data = fake_malloc(sizeof nines);
  fake_enqueue_copy(followed, data, page, sizeof nines);
  OK(uni_context_follow_stream(m.with, 0, followed, &error));
  const int64_t waits = counts_now().waits;
  read_page(&m);
  assert_int_equal(counts_now().waits, waits);
  release_all(&m);
  fake_free(data);
  fake_destroy_stream(followed);
  tear_down(&m);
}

/* Once the device has finished, what has waited for it is done by the calls that do so with a device. */
static void test_deferred_releases_are_done(void **state) {
  (void)state;
  for (int trims = 0; trims < 2; ++trims) {
    machine m;
    int gone = 0;
    set_up(&m, set_to_one, &gone);
    uni_tensor_release(m.out);
    uni_context *const later = make_cuda_context();
    fake_synchronize(m.stream);
    assert_int_equal(gone, 0);
    if (trims != 0) {
      OK(uni_context_trim(m.without, &error));
      assert_int_equal(gone, 1);
    }
    uni_context_release(m.without);
    assert_int_equal(gone, 1);
    uni_context_release(later);
    release_operands(&m);
    uni_context_release(m.with);
    tear_down(&m);
  }
}

/* The graph keeps the tensors, these the context with the device, and of it nobody holds a reference any more. */
static void test_what_a_graph_kept_is_let_go(void **state) {
  (void)state;
  machine m;
  int gone = 0;
  void *graph = NULL;
  set_up(&m, set_to_one, &gone);
  OK(uni_context_synchronize(m.with, &error));
  memset(page, 0, sizeof page);
  fake_begin_capture(m.stream);
  gather(&m);
  assert_int_equal(fake_end_capture(&graph), 0);
  uni_tensor_release(m.out);
  release_operands(&m);
  uni_context_release(m.with);
  fake_destroy_graph(graph);
  assert_int_equal(gone, 0);
  uni_context_release(m.without);
  assert_int_equal(gone, 1);
  tear_down(&m);
}

typedef struct reader {
  uni_tensor *tensor;
  atomic_int stop;
  int failures;
} reader;

static void *read_until_stopped(void *argument) {
  reader *const it = argument;
  while (atomic_load(&it->stop) == 0) {
    float seen[2][2];
    const uni_array host = array_2d(UNI_DTYPE_FLOAT32, seen, 2, 2);
    for (int i = 0; i < 8; ++i)
      if (uni_tensor_copy_to(it->tensor, &host, NULL, NULL) != UNI_STATUS_OK) ++it->failures;
    sleep_ms(1); /* a tool that lets one thread run at a time lets the others run too */
  }
  return NULL;
}

/* Contexts with a device come and go while threads look for one. */
static void test_contexts_come_and_go(void **state) {
  (void)state;
  enum { num_readers = 3, num_rounds = 200 };
  uni_context *const without = make_context(1);
  pthread_t threads[num_readers];
  reader readers[num_readers];
  fake_reset();
  for (int i = 0; i < num_readers; ++i) {
    readers[i].tensor = make_tensor(without, UNI_DTYPE_FLOAT32, 2, 2, nines);
    readers[i].failures = 0;
    atomic_init(&readers[i].stop, 0);
    assert_int_equal(pthread_create(&threads[i], NULL, read_until_stopped, &readers[i]), 0);
  }
  for (int round = 0; round < num_rounds; ++round) {
    uni_context *const with = make_cuda_context(), *const second = round % 2 == 0 ? make_cuda_context() : NULL;
    uni_tensor *const tensor = make_in(with, UNI_MEMORY_DEVICE, UNI_DTYPE_FLOAT32, 2, 2, nines);
    uni_tensor_release(tensor);
    uni_context_release(round % 4 == 0 ? second : with);
    uni_context_release(round % 4 == 0 ? with : second);
    check_nothing_left();
  }
  for (int i = 0; i < num_readers; ++i) {
    atomic_store(&readers[i].stop, 1);
    pthread_join(threads[i], NULL);
    assert_int_equal(readers[i].failures, 0);
    uni_tensor_release(readers[i].tensor);
  }
  uni_context_release(without);
}

static void release_context(void *context) { uni_context_release(context); }

/* The last reference may be given up by what runs inside of the wait. */
static void test_a_destroy_callback_ends_the_context(void **state) {
  (void)state;
  machine m;
  set_up(&m, NULL, NULL);
  uni_tensor_release(m.out);
  const uni_array array = array_2d(UNI_DTYPE_FLOAT32, page, 2, 2);
  uni_tensor *last = NULL;
  OK(uni_tensor_wrap(m.without, &array, NULL, NULL, &m.out, &error));
  OK(uni_tensor_wrap(m.without, &array, release_context, m.with, &last, &error));
  release_operands(&m);
  uni_tensor_release(last);
  assert_true(page[0] == 0);
  read_page(&m);
  tear_down(&m);
  uni_tensor_release(m.out);
  uni_context_release(m.without);
}

typedef struct forking {
  machine *m;
  int how; /* the child ended */
} forking;

/* Of the child there is this thread, and none that is inside of a wait. */
static void *fork_and_release(void *argument) {
  forking *const it = argument;
  machine *const m = it->m;
  const pid_t child = fork();
  if (child == 0) {
    alarm(20);
    float seen[2][2] = {{1}};
    const uni_array host = array_2d(UNI_DTYPE_FLOAT32, seen, 2, 2);
    const uni_status status = uni_tensor_copy_to(m->out, &host, NULL, NULL);
    release_all(m);
    /* No exit, at which valgrind would look for what the threads of the parent's had. */
    const char *const answer = status == UNI_STATUS_OK && seen[0][0] == 0 ? "true" : "false";
    execlp(answer, answer, (char *)NULL);
    _exit(2);
  }
  waitpid(child, &it->how, 0);
  return NULL;
}

/* A child knows nothing of its parent's devices, and does not wait for the threads that use them there. */
static void test_forked_child(void **state) {
  (void)state;
  machine m;
  set_up(&m, NULL, NULL);
  forking it = {&m, -1};
  visit child = {fork_and_release, &it};
  fflush(NULL);
  fake_on_wait(visit_on_another_thread, &child);
  read_page(&m);
  assert_true(WIFEXITED(it.how));
  assert_int_equal(WEXITSTATUS(it.how), 0);
  release_all(&m);
  tear_down(&m);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_the_cpu_does_not_overtake_devices),
      cmocka_unit_test(test_memory_waits_for_devices),
      cmocka_unit_test(test_own_memory_waits_for_devices),
      cmocka_unit_test(test_a_release_waits_for_those_who_wait),
      cmocka_unit_test(test_an_end_is_not_overtaken),
      cmocka_unit_test(test_followed_streams_are_not_waited_for),
      cmocka_unit_test(test_deferred_releases_are_done),
      cmocka_unit_test(test_what_a_graph_kept_is_let_go),
      cmocka_unit_test(test_contexts_come_and_go),
      cmocka_unit_test(test_a_destroy_callback_ends_the_context),
      cmocka_unit_test(test_forked_child),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
