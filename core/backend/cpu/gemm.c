/*
 * The planner of matrix multiplication: which way round, with which kernels, in which blocks, on how many threads. A
 * plan depends on the shapes and strides alone, so the result does not depend on the number of threads. Relies on the
 * kernels of gemm_kernels.c and on the pool; knows nothing of tensors or batches.
 */
#include "backend/cpu/gemm.h"

#include <stdatomic.h>

#include "backend/cpu/pool.h"
#include "tensor/storage.h"

#define K_BLOCK        448 /* most of k at a time: a strip of b of this length stays in the first cache */
#define K_BLOCK_LOW    800 /* of problems of few rows or columns: c is written once, and what is read fits the second */
#define LOW            64  /* so many */
#define M_BLOCK        96  /* rows and columns of a piece of work: its parts of a and b stay in the second cache */
#define N_BLOCK        128
#define SUPER_BLOCK    4096   /* most rows of a, and columns of b, that are packed at a time: bounds the memory */
#define K_PIECE        64     /* of k, that one piece of packing work packs */
#define THREAD_FLOPS   300000 /* from here on a problem is worth several threads */
#define PIECE_FLOPS    400000 /* least work of a piece where there are few */
#define PIECES         8      /* that should be there for the threads to share */
#define SMALL          16     /* up to this in all directions, nothing is weighed */
#define PACK_BYTES     131072 /* of an operand, from which on it is packed even if it need not be */
#define PACK_A_N       128    /* columns of c from which on packing a can pay */
#define PACK_ROWS_N    1024   /* where its rows are contiguous, so that tiles read it as well as it stands */
#define PACK_B_M       24     /* rows, for b */
#define CACHE_LINE     64     /* the first cache as most processors have it: 8 ways of 4 KB */
#define CACHE_WAY      4096
#define CACHE_WAYS     8
#define STACK_BYTES    8192  /* of packed operands that are kept on the stack */
#define K_SPLIT_LEAST  4096  /* a part of k that is summed on its own is this long at least */
#define K_SPLIT_PARTS  64    /* most such parts */
#define K_SPLIT_OUTPUT 16384 /* most elements of c for which k is split */

static const tyi_gemm_kernels *kernels_of(bool wide)
{
    static const tyi_gemm_kernels *(*const narrow_table[])(void) = TYI_ISA_TABLE(tyi_gemm_kernels_f32);
    static const tyi_gemm_kernels *(*const wide_table[])(void) = TYI_ISA_TABLE(tyi_gemm_kernels_f64);
    return (wide ? wide_table : narrow_table)[tyi_cpu_isa()]();
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t round_up(int64_t n, int64_t unit)
{
    return (n + unit - 1) / unit * unit;
}

static const void *at(const void *base, int64_t index, int element)
{
    return (const char *)base + index * element;
}

/* n cut into as few parts as their size, at most `most`, allows; the parts alike, and multiples of unit. */
static int64_t even_part(int64_t n, int64_t most, int64_t unit)
{
    int64_t parts = (n + most - 1) / most;
    return parts ? round_up((n + parts - 1) / parts, unit) : unit;
}

/* ---- Which way round ---- */

/* c^T = b^T a^T */
static tyi_gemm transposed(const tyi_gemm *g)
{
    tyi_gemm t = *g;
    t.m = g->n, t.n = g->m;
    t.a = g->b, t.a_row = g->b_col, t.a_col = g->b_row;
    t.b = g->a, t.b_row = g->a_col, t.b_col = g->a_row;
    t.c_row = g->c_col, t.c_col = g->c_row;
    t.bias_row = g->bias_col, t.bias_col = g->bias_row;
    return t;
}

typedef enum { TILES, DOT, ROW } method;

static method method_of(const tyi_gemm *g)
{
    if (g->m == 1 && g->b_col == 1 && g->n > 1)
        return ROW;
    return g->m <= TYI_GEMM_MAX_DOT_ROWS && g->b_row == 1 ? DOT : TILES;
}

/* A rough number of cycles: to compare a problem with its transpose, nothing more. */
static double cost(const tyi_gemm *g, const tyi_gemm_kernels *kernels)
{
    double m = (double)g->m, n = (double)g->n, k = (double)g->k, lanes = kernels->lanes;
    switch (method_of(g)) {
    case ROW:
        return n * k / lanes;
    case DOT:
        return m * n * (k / lanes * 0.6 + 4) + n * k / lanes * 0.4 + (g->a_col == 1 ? 0 : m * k);
    default: {
        double rows = m < 4 ? 4 : m;
        double sums = rows * (double)round_up(g->n, kernels->lanes) * k / lanes * 0.5;
        double packing = g->b_col == 1 ? 0 : n * k * (g->b_row == 1 ? 4 / lanes : 1.5);
        double storing = m * n * (g->c_col == 1 ? 1 / lanes : 6 / lanes) * (double)((g->k - 1) / K_BLOCK + 1);
        return sums + packing + storing;
    }
    }
}

/* ---- Tiles, in blocks ---- */

typedef struct blocks {
    const tyi_gemm *g;
    const tyi_gemm_kernels *kernels;
    bool pack_a, pack_b;
    bool a_is_packed; /* by an earlier step, as is b */
    bool b_is_packed;
    int64_t all_m;                  /* rows that b is packed for */
    int64_t m_block, n_block;       /* a piece of work */
    char *a, *b;                    /* packed */
    int64_t i0, i1, j0, j1, p0, p1; /* the step at hand: rows, columns, part of k */
} blocks;

static int64_t count_blocks(int64_t begin, int64_t end, int64_t block)
{
    return (end - begin + block - 1) / block;
}

/* The pieces of packing of a step: blocks of a, then blocks of b, each cut along k. */
static void pack_task(void *context, int64_t begin, int64_t end)
{
    const blocks *x = context;
    const tyi_gemm *g = x->g;
    int element = x->kernels->element;
    int64_t k = x->p1 - x->p0;
    int64_t cuts = count_blocks(0, k, K_PIECE);
    int64_t a_blocks = x->pack_a && !x->a_is_packed ? count_blocks(x->i0, x->i1, x->m_block) : 0;
    for (int64_t piece = begin; piece < end; piece++) {
        int64_t block = piece / cuts;
        int64_t p0 = piece % cuts * K_PIECE, p1 = smaller(k, p0 + K_PIECE);
        if (block < a_blocks) {
            int64_t i = block * x->m_block;
            x->kernels->pack_a(x->a + i * k * element, at(g->a, (x->i0 + i) * g->a_row + x->p0 * g->a_col, element),
                               g->a_row, g->a_col, smaller(x->m_block, x->i1 - x->i0 - i), k, p0, p1);
        } else {
            int64_t j = (block - a_blocks) * x->n_block;
            x->kernels->pack_b(x->b + j * k * element, at(g->b, (x->j0 + j) * g->b_col + x->p0 * g->b_row, element),
                               g->b_row, g->b_col, smaller(x->n_block, x->j1 - x->j0 - j), k, p0, p1, x->all_m,
                               x->pack_a);
        }
    }
}

/* The pieces of multiplication of a step: blocks of c, down the columns first, so that a thread keeps its part of b. */
static void multiply_task(void *context, int64_t begin, int64_t end)
{
    const blocks *x = context;
    const tyi_gemm *g = x->g;
    int element = x->kernels->element;
    int64_t k = x->p1 - x->p0;
    int64_t down = count_blocks(x->i0, x->i1, x->m_block);
    for (int64_t piece = begin; piece < end; piece++) {
        int64_t i = piece % down * x->m_block, j = piece / down * x->n_block;
        int64_t row = x->i0 + i, column = x->j0 + j;
        tyi_gemm part = *g;
        part.m = smaller(x->m_block, x->i1 - row);
        part.n = smaller(x->n_block, x->j1 - column);
        part.k = k;
        part.a = x->pack_a ? x->a + i * k * element : at(g->a, row * g->a_row + x->p0 * g->a_col, element);
        part.b = x->pack_b ? x->b + j * k * element : at(g->b, column * g->b_col + x->p0 * g->b_row, element);
        part.c = (char *)g->c + (row * g->c_row + column * g->c_col) * element;
        part.beta = x->p0 > 0 || g->beta;
        part.bias = g->bias && x->p0 == 0 ? at(g->bias, row * g->bias_row + column * g->bias_col, element) : NULL;
        x->kernels->block(&part, x->all_m, x->pack_a, x->pack_b);
    }
}

/* Runs pieces [0, count) of a task; false after an interrupt. */
static bool run_pieces(bool parallel, int64_t count, tyi_task task, void *context)
{
    if (parallel)
        return tyi_parallel(count, 1, true, task, context) == 0;
    if (count)
        task(context, 0, count);
    return true;
}

static ty_status fail_interrupted(void)
{
    return ty_fail(TY_ERROR_INTERRUPT, "interrupted");
}

static double flops_of(const tyi_gemm *g)
{
    return 2.0 * (double)g->m * (double)g->n * (double)g->k;
}

/* How much of k is summed before c is written. */
static int64_t k_block_of(const tyi_gemm *g)
{
    return even_part(g->k, smaller(g->m, g->n) <= LOW ? K_BLOCK_LOW : K_BLOCK, 8);
}

/* Sizes of the blocks: the usual ones, or smaller ones where the threads would have too few. */
static void choose_blocks(blocks *x, int64_t k)
{
    const tyi_gemm *g = x->g;
    int64_t high = x->kernels->height, wide = 2 * x->kernels->lanes;
    int64_t m_most = x->pack_a || x->pack_b ? M_BLOCK : 2 * M_BLOCK, n_most = N_BLOCK;
    for (;;) {
        x->m_block = even_part(g->m, m_most, high);
        x->n_block = even_part(g->n, n_most, wide);
        double work = 2.0 * (double)(x->m_block * x->n_block) * (double)k;
        if (count_blocks(0, g->m, x->m_block) * count_blocks(0, g->n, x->n_block) >= PIECES || work < 2 * PIECE_FLOPS)
            return;
        if (x->m_block >= x->n_block && x->m_block > high)
            m_most = round_up(x->m_block / 2, high);
        else if (x->n_block > wide)
            n_most = round_up(x->n_block / 2, wide);
        else
            return;
    }
}

/* Whether `count` runs of `bytes`, `stride` bytes apart, are too many for the sets of the first cache that they fall
 * into: strides of a power of two use few sets. */
static bool collide(int64_t stride, int64_t count, int64_t bytes)
{
    int64_t step = stride & -stride; /* the greatest power of two in it */
    step = step < CACHE_LINE ? CACHE_LINE : step > CACHE_WAY ? CACHE_WAY : step;
    int64_t lines = (bytes + CACHE_LINE - 1) / CACHE_LINE;
    return count > CACHE_WAY / step * CACHE_WAYS || count * lines > CACHE_WAY / CACHE_LINE * CACHE_WAYS;
}

static ty_status run_tiles(const tyi_gemm *g, const tyi_gemm_kernels *kernels)
{
    int element = kernels->element;
    int64_t k_block = k_block_of(g);
    blocks x = {.g = g, .kernels = kernels, .all_m = g->m};
    int64_t k_most = smaller(g->k, k_block);
    x.pack_b = g->b_col != 1 || (!kernels->masks && g->n % kernels->lanes != 0) ||
               (g->m >= PACK_B_M && (round_up(g->n, kernels->lanes) * k_most * element > PACK_BYTES ||
                                     collide(g->b_row * element, k_most, 2 * kernels->lanes * element)));
    x.pack_a = g->a_col == 1 ? g->n >= PACK_ROWS_N && g->m * k_most * element > PACK_BYTES
                             : g->n >= PACK_A_N && (g->m * k_most * element > PACK_BYTES ||
                                                    collide(g->a_col * element, k_most, CACHE_LINE));
    bool parallel = flops_of(g) >= THREAD_FLOPS;
    if (!parallel && !x.pack_a && !x.pack_b && g->k <= k_block) {
        kernels->block(g, g->m, false, false);
        return TY_OK;
    }
    choose_blocks(&x, k_block);

    int64_t m_super = x.pack_a ? smaller(g->m, SUPER_BLOCK / x.m_block * x.m_block) : g->m;
    int64_t n_super = x.pack_b ? smaller(g->n, SUPER_BLOCK / x.n_block * x.n_block) : g->n;
    _Alignas(TYI_ALIGNMENT) char stack[STACK_BYTES];
    size_t a_bytes = x.pack_a ? (size_t)round_up(m_super * k_block * element, TYI_ALIGNMENT) : 0;
    size_t b_bytes = x.pack_b ? (size_t)(round_up(n_super, kernels->lanes) * k_block * element) : 0;
    size_t bytes = a_bytes + b_bytes;
    void *scratch = stack;
    if (bytes > sizeof stack && tyi_cpu_allocate(0, bytes, &scratch) != TY_OK)
        return TY_FAIL;
    x.a = scratch;
    x.b = x.a + a_bytes;

    bool fine = true;
    for (x.j0 = 0; fine && x.j0 < g->n; x.j0 = x.j1) {
        x.j1 = smaller(g->n, x.j0 + n_super);
        x.p0 = 0;
        do {
            x.p1 = smaller(g->k, x.p0 + k_block);
            x.b_is_packed = false;
            int64_t cuts = count_blocks(x.p0, x.p1, K_PIECE);
            for (x.i0 = 0; fine && x.i0 < g->m; x.i0 = x.i1) {
                x.i1 = smaller(g->m, x.i0 + m_super);
                int64_t down = count_blocks(x.i0, x.i1, x.m_block), across = count_blocks(x.j0, x.j1, x.n_block);
                int64_t packing = ((x.pack_a ? down : 0) + (x.pack_b && !x.b_is_packed ? across : 0)) * cuts;
                fine = run_pieces(parallel, packing, pack_task, &x) &&
                       run_pieces(parallel, down * across, multiply_task, &x);
                x.b_is_packed = true;
            }
            x.p0 = x.p1;
        } while (fine && x.p0 < g->k);
    }
    if (scratch != stack)
        tyi_cpu_release(0, scratch, bytes);
    return fine ? TY_OK : fail_interrupted();
}

/* ---- Tiles, b rearranged once for many products ---- */

/* Calls `run` for each part of k, x->b being where that part of the prepared b lies. The blocks are those of a problem
 * of prepared_m rows, whatever g->m is. */
static ty_status each_prepared_part(const tyi_gemm *g, const tyi_gemm_kernels *kernels, bool (*run)(blocks *x))
{
    tyi_gemm whole = *g;
    whole.m = g->prepared_m;
    blocks x = {.g = &whole, .kernels = kernels, .pack_b = true, .all_m = whole.m, .i1 = g->m, .j1 = g->n};
    int64_t k_block = k_block_of(&whole);
    choose_blocks(&x, k_block);
    x.g = g;
    bool fine = true;
    do {
        x.p1 = smaller(g->k, x.p0 + k_block);
        x.b = (char *)g->prepared + x.p0 * round_up(g->n, kernels->lanes) * kernels->element;
        fine = run(&x);
        x.p0 = x.p1;
    } while (fine && x.p0 < g->k);
    return fine ? TY_OK : fail_interrupted();
}

static bool prepare_part(blocks *x)
{
    int64_t across = count_blocks(0, x->j1, x->n_block), cuts = count_blocks(x->p0, x->p1, K_PIECE);
    return run_pieces(x->g->n * x->g->k >= PACK_BYTES, across * cuts, pack_task, x);
}

static bool multiply_part(blocks *x)
{
    int64_t down = count_blocks(0, x->i1, x->m_block), across = count_blocks(0, x->j1, x->n_block);
    return run_pieces(flops_of(x->g) >= THREAD_FLOPS, down * across, multiply_task, x);
}

ty_status tyi_gemm_prepare(const tyi_gemm *g, bool wide)
{
    return each_prepared_part(g, kernels_of(wide), prepare_part);
}

/* ---- Few rows ---- */

typedef struct few_rows {
    const tyi_gemm *g;
    int element;
    void (*kernel)(const tyi_gemm *);
} few_rows;

static void few_rows_task(void *context, int64_t begin, int64_t end)
{
    const few_rows *x = context;
    tyi_gemm part = *x->g;
    part.n = end - begin;
    part.b = at(part.b, begin * part.b_col, x->element);
    part.c = (char *)part.c + begin * part.c_col * x->element;
    if (part.bias)
        part.bias = at(part.bias, begin * part.bias_col, x->element);
    x->kernel(&part);
}

static ty_status run_few_rows(const tyi_gemm *g, const tyi_gemm_kernels *kernels, method how)
{
    int element = kernels->element;
    tyi_gemm local = *g;
    _Alignas(TYI_ALIGNMENT) char stack[STACK_BYTES];
    size_t bytes = (size_t)(g->m * g->k) * (size_t)element;
    void *scratch = stack;
    bool gathered = how == DOT && g->a_col != 1;
    if (gathered) {
        if (bytes > sizeof stack && tyi_cpu_allocate(0, bytes, &scratch) != TY_OK)
            return TY_FAIL;
        for (int64_t i = 0; i < g->m; i++)
            for (int64_t p = 0; p < g->k; p++)
                memcpy((char *)scratch + (i * g->k + p) * element, at(g->a, i * g->a_row + p * g->a_col, element),
                       (size_t)element);
        local.a = scratch;
        local.a_row = g->k;
        local.a_col = 1;
    }
    few_rows x = {&local, element, how == DOT ? kernels->dot : kernels->row};
    bool fine = true;
    if (flops_of(g) < THREAD_FLOPS) {
        few_rows_task(&x, 0, g->n);
    } else {
        /* Grains are multiples of what a kernel takes at a time. */
        int64_t least = PIECE_FLOPS / (2 * g->m * g->k) + 1, share = g->n / PIECES + 1;
        fine = tyi_parallel(g->n, round_up(least > share ? least : share, 48), true, few_rows_task, &x) == 0;
    }
    if (gathered && scratch != stack)
        tyi_cpu_release(0, scratch, bytes);
    return fine ? TY_OK : fail_interrupted();
}

/* ---- Few outputs and a long k: parts of k side by side ---- */

static ty_status run_one(const tyi_gemm *g, const tyi_gemm_kernels *kernels);

typedef struct k_parts {
    const tyi_gemm *g;
    const tyi_gemm_kernels *kernels;
    int64_t part; /* of k */
    char *sums;
    atomic_int failed; /* a ty_error_kind */
} k_parts;

static void k_part_task(void *context, int64_t begin, int64_t end)
{
    k_parts *x = context;
    for (int64_t q = begin; q < end; q++) {
        int element = x->kernels->element;
        int64_t p = q * x->part;
        tyi_gemm g = *x->g;
        g.a = at(g.a, p * g.a_col, element);
        g.b = at(g.b, p * g.b_row, element);
        g.k = smaller(x->part, g.k - p);
        g.c = x->sums + q * g.m * g.n * element;
        g.c_row = g.n;
        g.c_col = 1;
        g.alpha = 1;
        g.beta = false;
        g.bias = NULL;
        if (run_one(&g, x->kernels) != TY_OK)
            atomic_store_explicit(&x->failed, ty_error_what(), memory_order_relaxed);
    }
}

/* Length of the parts that k is to be summed in; 0 for not to. */
static int64_t part_of_k(const tyi_gemm *g)
{
    if (g->m * g->n > K_SPLIT_OUTPUT || g->k < 2 * K_SPLIT_LEAST || flops_of(g) < 2 * PIECE_FLOPS)
        return 0;
    int64_t part = PIECE_FLOPS / (2 * g->m * g->n);
    if (part < K_SPLIT_LEAST)
        part = K_SPLIT_LEAST;
    if (part < (g->k - 1) / K_SPLIT_PARTS + 1)
        part = (g->k - 1) / K_SPLIT_PARTS + 1;
    part = round_up(part, 64);
    return part < g->k ? part : 0;
}

static ty_status run_k_parts(const tyi_gemm *g, const tyi_gemm_kernels *kernels, int64_t part)
{
    k_parts x = {.g = g, .kernels = kernels, .part = part};
    int64_t count = (g->k - 1) / part + 1;
    size_t bytes = (size_t)(count * g->m * g->n) * (size_t)kernels->element;
    void *sums;
    if (tyi_cpu_allocate(0, bytes, &sums) != TY_OK)
        return TY_FAIL;
    x.sums = sums;
    bool fine = tyi_parallel(count, 1, true, k_part_task, &x) == 0;
    int failed = atomic_load_explicit(&x.failed, memory_order_relaxed);
    if (fine && !failed)
        kernels->finish(g, sums, count);
    tyi_cpu_release(0, sums, bytes);
    if (!fine || failed == TY_ERROR_INTERRUPT)
        return fail_interrupted();
    return failed ? ty_fail(TY_ERROR_MEMORY, "out of memory: no room for a matrix multiplication's scratch space")
                  : TY_OK;
}

static ty_status run_one(const tyi_gemm *g, const tyi_gemm_kernels *kernels)
{
    method how = method_of(g);
    return how == TILES ? run_tiles(g, kernels) : run_few_rows(g, kernels, how);
}

ty_status tyi_gemm_run(const tyi_gemm *original, bool wide)
{
    const tyi_gemm_kernels *kernels = kernels_of(wide);
    tyi_gemm g = *original;
    if (g.m == 0 || g.n == 0)
        return TY_OK;
    if (g.prepared)
        return each_prepared_part(&g, kernels, multiply_part);
    /* The stride of a dimension of one element may be anything: let it be what suits best. */
    if (g.m == 1)
        g.a_row = g.c_row = 1;
    if (g.n == 1)
        g.b_col = g.c_col = 1;
    if (g.k <= 1)
        g.a_col = g.b_row = 1;
    if (g.n == 1 && g.m > 1 && g.c_row != 1)
        g.c_col = 1;
    /* Where planning would take longer than multiplying. */
    if (g.b_col == 1 && g.c_col == 1 && kernels->masks && g.n * 2 >= kernels->lanes && g.m <= SMALL && g.n <= SMALL &&
        g.k <= SMALL) {
        kernels->block(&g, g.m, false, false);
        return TY_OK;
    }
    tyi_gemm t = transposed(&g);
    if (cost(&t, kernels) < cost(&g, kernels))
        g = t;
    int64_t part = part_of_k(&g);
    return part ? run_k_parts(&g, kernels, part) : run_one(&g, kernels);
}
