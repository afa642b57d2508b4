/*
 * The thread pool: every piece once and whole, nesting, several callers, interrupts, forks, shutdown, rest when idle,
 * and no collapse when all threads share one processor.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "backend/cpu/pool.h"
#include "tycho.h"

#define MOST 5000

typedef struct tally {
    atomic_int times[MOST];
    int64_t count, grain;
    atomic_int wrong; /* calls that were not exactly one piece */
    atomic_int calls;
} tally;

static void count_items(void *context, int64_t begin, int64_t end)
{
    tally *t = context;
    atomic_fetch_add(&t->calls, 1);
    int64_t expected = t->count - begin < t->grain ? t->count : begin + t->grain;
    if (begin % t->grain != 0 || end != expected)
        atomic_fetch_add(&t->wrong, 1);
    for (int64_t i = begin; i < end; i++)
        atomic_fetch_add(&t->times[i], 1);
}

static void assert_tally(tally *t, int64_t count)
{
    assert_int_equal(atomic_load(&t->wrong), 0);
    for (int64_t i = 0; i < MOST; i++)
        assert_int_equal(atomic_load(&t->times[i]), i < count);
}

static tally *tally_new(int64_t count, int64_t grain)
{
    tally *t = calloc(1, sizeof *t);
    assert_non_null(t);
    t->count = count;
    t->grain = grain;
    return t;
}

static void every_piece_is_run_once(void **state)
{
    (void)state;
    static const int64_t counts[] = {0, 1, 2, 3, 7, 64, 1000, 4999};
    static const int64_t grains[] = {1, 2, 3, 64, 1000, 6000};
    for (int threads = 1; threads <= 6; threads++) {
        tyi_set_num_threads(threads);
        assert_int_equal(tyi_get_num_threads(), threads);
        for (size_t c = 0; c < sizeof counts / sizeof *counts; c++)
            for (size_t g = 0; g < sizeof grains / sizeof *grains; g++) {
                tally *t = tally_new(counts[c], grains[g]);
                assert_int_equal(tyi_parallel(counts[c], grains[g], false, count_items, t), 0);
                assert_tally(t, counts[c]);
                assert_int_equal(atomic_load(&t->calls), (counts[c] + grains[g] - 1) / grains[g]);
                free(t);
            }
    }
    /* A grain below 1 counts as 1. */
    tally *t = tally_new(10, 1);
    assert_int_equal(tyi_parallel(10, 0, true, count_items, t), 0);
    assert_tally(t, 10);
    free(t);
}

static void many_jobs_in_a_row_see_their_own_data(void **state)
{
    (void)state;
    tyi_set_num_threads(4);
    for (int64_t job = 0; job < 3000; job++) {
        tally *t = tally_new(1 + job % 40, 1 + job % 3);
        assert_int_equal(tyi_parallel(t->count, t->grain, job & 1, count_items, t), 0);
        assert_tally(t, t->count);
        free(t);
    }
}

static void nested(void *context, int64_t begin, int64_t end)
{
    tally *outer = context;
    pthread_t self = pthread_self();
    for (int64_t i = begin; i < end; i++) {
        tally *inner = tally_new(100, 7);
        if (tyi_parallel(100, 7, false, count_items, inner) != 0 || atomic_load(&inner->calls) != 15)
            atomic_fetch_add(&outer->wrong, 1);
        if (!pthread_equal(self, pthread_self()))
            atomic_fetch_add(&outer->wrong, 1);
        free(inner);
    }
    count_items(context, begin, end);
}

static void a_task_may_use_the_pool(void **state)
{
    (void)state;
    tyi_set_num_threads(3);
    tally *t = tally_new(50, 4);
    assert_int_equal(tyi_parallel(50, 4, false, nested, t), 0);
    assert_tally(t, 50);
    free(t);
}

static void *caller(void *wrong)
{
    for (int job = 0; job < 500; job++) {
        tally *t = tally_new(20, 3);
        if (tyi_parallel(20, 3, false, count_items, t) != 0 || atomic_load(&t->calls) != 7)
            atomic_fetch_add((atomic_int *)wrong, 1);
        for (int i = 0; i < 20; i++)
            if (atomic_load(&t->times[i]) != 1)
                atomic_fetch_add((atomic_int *)wrong, 1);
        free(t);
    }
    return NULL;
}

static void several_threads_may_call_it(void **state)
{
    (void)state;
    tyi_set_num_threads(3);
    atomic_int wrong = 0;
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, caller, &wrong), 0);
    for (int i = 0; i < 50; i++)
        tyi_set_num_threads(1 + i % 5);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&wrong), 0);
}

static void interrupt_at_ten(void *context, int64_t begin, int64_t end)
{
    count_items(context, begin, end);
    if (begin == 10)
        ty_interrupt();
}

static void an_interrupt_skips_the_rest(void **state)
{
    (void)state;
    for (int threads = 1; threads <= 3; threads++) {
        tyi_set_num_threads(threads);
        tally *t = tally_new(MOST, 1);
        assert_int_equal(tyi_parallel(MOST, 1, true, interrupt_at_ten, t), -1);
        if (threads == 1)
            assert_int_equal(atomic_load(&t->calls), 11);
        free(t);

        /* While it is on, stoppable work stops at once and other work is done. */
        t = tally_new(MOST, 1);
        assert_int_equal(tyi_parallel(MOST, 1, true, count_items, t), -1);
        assert_int_equal(atomic_load(&t->calls), 0);
        assert_int_equal(tyi_parallel(MOST, 1, false, count_items, t), 0);
        assert_tally(t, MOST);
        free(t);
        ty_interrupt_clear();

        t = tally_new(MOST, 1);
        assert_int_equal(tyi_parallel(MOST, 1, true, count_items, t), 0);
        assert_tally(t, MOST);
        free(t);
    }
}

static void a_forked_child_has_a_pool_of_its_own(void **state)
{
    (void)state;
#ifdef __SANITIZE_THREAD__
    skip(); /* the sanitizer does not let such a child start threads */
#endif
    tyi_set_num_threads(3);
    tally *t = tally_new(1000, 10);
    tyi_parallel(1000, 10, false, count_items, t);
    free(t);
    for (int i = 0; i < 5; i++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            alarm(20);
            tally *mine = tally_new(1000, 10);
            int bad = tyi_parallel(1000, 10, false, count_items, mine) != 0 || atomic_load(&mine->calls) != 100;
            free(mine);
            tyi_pool_shutdown();
            _exit(bad);
        }
        tally *ours = tally_new(1000, 10);
        assert_int_equal(tyi_parallel(1000, 10, false, count_items, ours), 0);
        assert_tally(ours, 1000);
        free(ours);
        int status = 1;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
    }
}

static void it_starts_again_after_a_shutdown(void **state)
{
    (void)state;
    tyi_set_num_threads(4);
    for (int i = 0; i < 20; i++) {
        tally *t = tally_new(200, 1);
        assert_int_equal(tyi_parallel(200, 1, false, count_items, t), 0);
        assert_tally(t, 200);
        free(t);
        tyi_pool_shutdown();
        if (i % 4 == 0)
            tyi_pool_shutdown();
    }
}

static void the_number_of_threads_has_a_default_and_limits(void **state)
{
    (void)state;
    unsetenv("TYCHO_NUM_THREADS");
    tyi_set_num_threads(0);
    int processors = tyi_get_num_threads();
    assert_true(processors >= 1);
#ifdef __linux__
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0)
        assert_int_equal(processors, CPU_COUNT(&set) < TYI_MAX_THREADS ? CPU_COUNT(&set) : TYI_MAX_THREADS);
#endif
    tyi_set_num_threads(1000000);
    assert_int_equal(tyi_get_num_threads(), TYI_MAX_THREADS);
    static const char *const texts[] = {"3", "99999999999999999999", "0", "-2", "two", "2x", ""};
    const int expected[] = {3, TYI_MAX_THREADS, processors, processors, processors, processors, processors};
    for (int i = 0; i < 7; i++) {
        setenv("TYCHO_NUM_THREADS", texts[i], 1);
        tyi_set_num_threads(-1);
        assert_int_equal(tyi_get_num_threads(), expected[i]);
    }
    unsetenv("TYCHO_NUM_THREADS");
    tyi_set_num_threads(0);
}

static double used_seconds(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + 1e-6 * (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static void idle_threads_sleep(void **state)
{
    (void)state;
    tyi_set_num_threads(4);
    tally *t = tally_new(1000, 1);
    tyi_parallel(1000, 1, false, count_items, t);
    free(t);
    struct timespec pause = {0, 20000000}, rest = {0, 300000000};
    nanosleep(&pause, NULL);
    double before = used_seconds();
    nanosleep(&rest, NULL);
    assert_true(used_seconds() - before < 0.05);
}

#ifdef __linux__
static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void work_a_little(void *context, int64_t begin, int64_t end)
{
    (void)context;
    volatile int64_t x = 0;
    for (int64_t i = begin * 3000; i < end * 3000; i++)
        x += i;
}

static double time_of_jobs(int jobs)
{
    double start = now();
    for (int i = 0; i < jobs; i++)
        tyi_parallel(8, 1, false, work_a_little, NULL);
    return now() - start;
}

/* Threads that spin while the one they wait for needs the processor would take milliseconds per job here. */
static void one_processor_for_all_threads_is_no_collapse(void **state)
{
    (void)state;
    cpu_set_t old, one;
    assert_int_equal(sched_getaffinity(0, sizeof old, &old), 0);
    CPU_ZERO(&one);
    for (int i = 0; i < CPU_SETSIZE; i++)
        if (CPU_ISSET(i, &old)) {
            CPU_SET(i, &one);
            break;
        }
    tyi_pool_shutdown(); /* new threads take on the mask */
    if (sched_setaffinity(0, sizeof one, &one) != 0)
        skip();
    tyi_set_num_threads(1);
    double alone = time_of_jobs(300);
    tyi_set_num_threads(3);
    double crowded = time_of_jobs(300);
    tyi_pool_shutdown();
    sched_setaffinity(0, sizeof old, &old);
    tyi_set_num_threads(0);
    if (crowded > 5 * alone + 0.1)
        fail_msg("one thread took %.1f ms, three on one processor %.1f ms", alone * 1e3, crowded * 1e3);
    print_message("one thread %.1f ms, three on one processor %.1f ms\n", alone * 1e3, crowded * 1e3);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_piece_is_run_once),
        cmocka_unit_test(many_jobs_in_a_row_see_their_own_data),
        cmocka_unit_test(a_task_may_use_the_pool),
        cmocka_unit_test(several_threads_may_call_it),
        cmocka_unit_test(an_interrupt_skips_the_rest),
        cmocka_unit_test(a_forked_child_has_a_pool_of_its_own),
        cmocka_unit_test(it_starts_again_after_a_shutdown),
        cmocka_unit_test(the_number_of_threads_has_a_default_and_limits),
        cmocka_unit_test(idle_threads_sleep),
#ifdef __linux__
        cmocka_unit_test(one_processor_for_all_threads_is_no_collapse),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
