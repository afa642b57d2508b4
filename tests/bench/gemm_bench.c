/*
 * Speed of the CPU's matrix multiplication, in GFLOP/s: best of many short rounds.
 *
 *   gemm_bench                  a fixed list of shapes
 *   gemm_bench sweep            widths 1 to 64 and a few odd ones, to see cliffs
 *   gemm_bench NT 64 256 784    one shape: m n k; N or T says for a and b whether they are stored transposed
 *
 * Threads and instruction set by TYCHO_NUM_THREADS and TYCHO_ISA; CLOCK=cpu takes the processor's time. Output is one
 * line per shape: layout m n k dtype GFLOP/s microseconds.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "backend/cpu/cpu.h"

static double now(void)
{
    struct timespec t;
    const char *clock = getenv("CLOCK");
    clock_gettime(clock && strcmp(clock, "cpu") == 0 ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void *filled(ty_dtype dtype, size_t count)
{
    void *data = aligned_alloc(64, (count * ty_dtype_size(dtype) + 64) / 64 * 64);
    if (!data)
        exit(1);
    for (size_t i = 0; i < count; i++) {
        double value = (double)(i % 37) / 37 - 0.5;
        if (dtype == TY_FLOAT32)
            ((float *)data)[i] = (float)value;
        else
            ((double *)data)[i] = value;
    }
    return data;
}

static void measure(const char *layout, int64_t m, int64_t n, int64_t k, ty_dtype dtype)
{
    tyi_matmul_args x = {.dtype = dtype, .batch = 1, .m = m, .n = n, .k = k, .ldc = n, .alpha = 1};
    bool at = layout[0] == 'T', bt = layout[1] == 'T';
    x.a_row = at ? 1 : k, x.a_col = at ? m : 1;
    x.b_row = bt ? 1 : n, x.b_col = bt ? k : 1;
    void *a = filled(dtype, (size_t)(m * k)), *b = filled(dtype, (size_t)(k * n)), *c = filled(dtype, (size_t)(m * n));
    x.a = a, x.b = b, x.c = c;
    double flops = 2.0 * (double)m * (double)n * (double)k;
    long repeats = (long)(1e8 / (flops + 3000)) + 1;
    double best = 1e30;
    double began = now();
    for (int round = 0; round < 5 || now() - began < 0.12; round++) {
        double start = now();
        for (long r = 0; r < repeats; r++)
            if (tyi_cpu_matmul(&x) != TY_OK) {
                fprintf(stderr, "%s\n", ty_error());
                exit(1);
            }
        double took = (now() - start) / (double)repeats;
        if (took < best)
            best = took;
    }
    printf("%s %lld %lld %lld %s %.1f %.2f\n", layout, (long long)m, (long long)n, (long long)k, ty_dtype_name(dtype),
           flops / best * 1e-9, best * 1e6);
    fflush(stdout);
    free(a);
    free(b);
    free(c);
}

int main(int argc, char **argv)
{
    if (argc == 5) {
        measure(argv[1], atoll(argv[2]), atoll(argv[3]), atoll(argv[4]), TY_FLOAT32);
        return 0;
    }
    if (argc > 1 && strcmp(argv[1], "sweep") == 0) {
        static const char *const layouts[] = {"NN", "NT", "TN"};
        for (int l = 0; l < 3; l++)
            for (int n = 1; n <= 64; n += n < 18 ? 1 : 9)
                measure(layouts[l], 64, n, 64, TY_FLOAT32);
        for (int l = 0; l < 3; l++)
            for (int m = 1; m <= 64; m += m < 18 ? 1 : 9)
                measure(layouts[l], m, 64, 64, TY_FLOAT32);
        for (int l = 0; l < 3; l++)
            for (int m = 1; m <= 18; m++)
                measure(layouts[l], m, 500, 500, TY_FLOAT32);
        for (int l = 0; l < 3; l++)
            for (int n = 1; n <= 18; n++)
                measure(layouts[l], 500, n, 500, TY_FLOAT32);
        return 0;
    }
    static const struct {
        const char *layout;
        int m, n, k;
    } shapes[] = {
        {"NT", 64, 256, 784},     {"NN", 64, 784, 256},  {"TN", 256, 784, 64},     {"NT", 64, 128, 256},
        {"NN", 64, 256, 128},     {"TN", 128, 256, 64},  {"NT", 64, 64, 128},      {"NN", 64, 128, 64},
        {"TN", 64, 128, 64},      {"NT", 64, 10, 64},    {"NN", 64, 64, 10},       {"TN", 10, 64, 64},
        {"NT", 1, 256, 784},      {"NN", 1, 784, 256},   {"NN", 256, 1, 784},      {"NN", 1, 1, 10000},
        {"NN", 1, 2048, 2048},    {"NT", 1, 2048, 2048}, {"NT", 8, 1024, 1024},    {"NN", 8, 1024, 1024},
        {"NN", 4, 4, 4},          {"NN", 16, 16, 16},    {"NN", 32, 32, 32},       {"NN", 64, 64, 64},
        {"NN", 128, 128, 128},    {"NN", 45, 45, 45},    {"NN", 46, 46, 46},       {"NN", 1000, 17, 1000},
        {"TN", 17, 1000, 1000},   {"NN", 256, 256, 256}, {"NT", 256, 256, 256},    {"TN", 256, 256, 256},
        {"NN", 512, 512, 512},    {"NT", 512, 512, 512}, {"NN", 1024, 1024, 1024}, {"NT", 1024, 1024, 1024},
        {"TN", 1024, 1024, 1024}, {"TT", 512, 512, 512}, {"NN", 2048, 2048, 2048},
    };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        measure(shapes[i].layout, shapes[i].m, shapes[i].n, shapes[i].k, TY_FLOAT32);
    static const int cubes[] = {64, 256, 1024};
    for (size_t i = 0; i < sizeof cubes / sizeof *cubes; i++)
        measure("NN", cubes[i], cubes[i], cubes[i], TY_FLOAT64);
    return 0;
}
