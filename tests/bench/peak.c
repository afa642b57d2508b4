/*
 * What this machine can do at most, for the rooflines of run.lua: multiply-adds of float32 that depend on nothing, and
 * bytes of arrays that are read and written in turn.
 *
 *   peak THREADS BYTES      GFLOP/s, and GB/s where the three arrays of a = b + s c together have so many bytes
 *
 * Best of many short rounds, so that other programs disturb little. Compiled for the machine that it is built on.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifdef __AVX512F__
#define BYTES 64
#elif defined(__AVX__)
#define BYTES 32
#else
#define BYTES 16
#endif

typedef float vector __attribute__((vector_size(BYTES)));

enum { LANES = BYTES / 4, CHAINS = 12, ROUNDS = 60, STEPS = 40000, MOST_THREADS = 256 };

static pthread_barrier_t together;
static double rates[2][MOST_THREADS]; /* of each thread: operations and bytes a second */
static long elements;                 /* of an array of each thread */

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static double multiply_add(void)
{
    vector sums[CHAINS], x, y;
    for (int c = 0; c < CHAINS; c++)
        sums[c] = (vector){0} + (float)c; /* alike, they would be computed once */
    x = (vector){0} + 0.999f;
    y = (vector){0} + 0.001f;
    double start = now();
    for (int i = 0; i < STEPS; i++) {
#pragma GCC unroll 16
        for (int c = 0; c < CHAINS; c++)
            sums[c] = sums[c] * x + y;
    }
    double took = now() - start;
    volatile float used = 0;
    for (int c = 0; c < CHAINS; c++)
        used += sums[c][0];
    return 2.0 * LANES * CHAINS * STEPS / took;
}

static double stream(float *restrict a, const float *restrict b, const float *restrict c)
{
    long times = 1 + (1 << 19) / elements;
    double start = now();
    for (long t = 0; t < times; t++) {
        for (long i = 0; i < elements; i++)
            a[i] = b[i] + 0.5f * c[i];
        __asm__ volatile("" ::: "memory");
    }
    return 12.0 * (double)elements * (double)times / (now() - start);
}

static void *work(void *context)
{
    size_t me = (size_t)context;
    size_t bytes = ((size_t)elements * sizeof(float) + 4095) / 4096 * 4096;
    float *a = aligned_alloc(4096, bytes), *b = aligned_alloc(4096, bytes), *c = aligned_alloc(4096, bytes);
    if (!a || !b || !c)
        exit(1);
    memset(a, 0, bytes);
    memset(b, 0, bytes);
    memset(c, 0, bytes);
    for (int r = 0; r < ROUNDS; r++) {
        pthread_barrier_wait(&together);
        double rate = multiply_add();
        if (rate > rates[0][me])
            rates[0][me] = rate;
        pthread_barrier_wait(&together);
        rate = stream(a, b, c);
        if (rate > rates[1][me])
            rates[1][me] = rate;
    }
    free(a);
    free(b);
    free(c);
    return NULL;
}

int main(int argc, char **argv)
{
    int threads = argc == 3 ? atoi(argv[1]) : 0;
    if (threads < 1 || threads > MOST_THREADS) {
        fprintf(stderr, "usage: peak THREADS BYTES\n");
        return 2;
    }
    elements = atol(argv[2]) / 12 / threads;
    if (elements < 256)
        elements = 256;
    pthread_barrier_init(&together, NULL, (unsigned)threads);
    pthread_t ids[MOST_THREADS];
    for (int i = 1; i < threads; i++)
        if (pthread_create(&ids[i], NULL, work, (void *)(size_t)i) != 0)
            return 1;
    work((void *)(size_t)0);
    double sums[2] = {0, 0};
    for (int i = 0; i < threads; i++) {
        if (i > 0)
            pthread_join(ids[i], NULL);
        sums[0] += rates[0][i];
        sums[1] += rates[1][i];
    }
    printf("%.2f %.2f\n", sums[0] * 1e-9, sums[1] * 1e-9);
    return 0;
}
