/*
 * The inner loops of the CPU's kernels, compiled once per instruction set: what the drivers in pointwise.c, copy.c,
 * reduce.c, softmax.c, cell.c and optim.c call through the tables declared here. A loop runs over contiguous elements
 * on one thread; walks over strides, conversions, threads and interrupts are the drivers'.
 */
#ifndef TYI_CPU_LOOPS_H
#define TYI_CPU_LOOPS_H

#include "backend/backend.h"
#include "tensor/tensor.h"
#include "backend/cpu/isa.h"

#define TYI_PRAGMA(text) _Pragma(#text)

/* p[0] is written and may be one of the inputs p[1]...; extra is the op's own. */
typedef void (*tyi_loop)(void *const *p, int64_t n, const void *extra);

/* Loops by op and compute dtype; NULL where an op has none for a dtype. */
typedef struct tyi_pointwise_loops {
    tyi_loop unary[TYI_UNARY_COUNT][TY_DTYPE_COUNT];
    tyi_loop binary[TYI_BINARY_COUNT][TY_DTYPE_COUNT];
    tyi_loop add[TY_DTYPE_COUNT], sub[TY_DTYPE_COUNT];
    tyi_loop axpy[TY_DTYPE_COUNT]; /* extra: alpha, of the dtype */
    tyi_loop clamp[TY_DTYPE_COUNT];
    tyi_loop where[TY_DTYPE_COUNT]; /* p[1] is bool */
    tyi_loop cube[TY_DTYPE_COUNT], inverse_square[TY_DTYPE_COUNT];
} tyi_pointwise_loops;
TYI_ISA_DECLARE(extern const tyi_pointwise_loops, tyi_pointwise, );

/* Copies n elements with conversion; steps between elements are in bytes, source step 0 repeats one element. Floats
 * that an integer cannot hold become its smallest value, or the low bits of that of int32 for narrower integers. */
typedef void (*tyi_convert)(void *out, int64_t out_step, const void *x, int64_t x_step, int64_t n);
/* Row i of out = row index[i] of x (rows of `width` elements) * scale + shift. */
typedef void (*tyi_gather)(const void *x, const int64_t *index, int64_t rows, int64_t width, float scale, float shift,
                           float *out);
/* Unsigned numbers in the order of n elements, in the low bits that their dtype has, exclusive-or flip. NaN is the
 * largest, and both zeros are one value. */
typedef void (*tyi_rank)(const void *x, int64_t n, uint64_t flip, uint64_t *ranks);
typedef struct tyi_convert_loops {
    tyi_convert convert[TY_DTYPE_COUNT][TY_DTYPE_COUNT]; /* [to][from] */
    tyi_gather gather[TY_DTYPE_COUNT];
    tyi_rank rank[TY_DTYPE_COUNT];
} tyi_convert_loops;
TYI_ISA_DECLARE(extern const tyi_convert_loops, tyi_converts, );

/* A reduction in steps: elements fold into states, states of pieces combine in order, and states become results. States
 * are arrays of `state_size` bytes each; `first` is the position of the first element along the reduced dimension, and
 * shift (one per state) is for TYI_REDUCE_SUM_SQUARES alone. */
typedef struct tyi_reducer {
    size_t state_size;
    /* state[r] of n contiguous elements at x + r * row_step, for r < rows. */
    void (*rows)(const void *x, int64_t row_step, int64_t rows, int64_t n, int64_t first, const void *shift,
                 void *state);
    /* state[i] of the n elements x[i + r * row_step], for i < width. */
    void (*columns)(const void *x, int64_t row_step, int64_t n, int64_t width, int64_t first, const void *shift,
                    void *state);
    void (*combine)(void *state, const void *later, int64_t n);
    void (*finish)(const void *state, void *out, int64_t n);
} tyi_reducer;
typedef struct tyi_reduce_loops {
    tyi_reducer reducers[TYI_REDUCE_COUNT][TY_DTYPE_COUNT];
} tyi_reduce_loops;
TYI_ISA_DECLARE(extern const tyi_reduce_loops, tyi_reduces, );

/* Softmax and its like; `log` tells log_softmax. Rows are contiguous; columns are `width` neighbours whose `size`
 * elements lie `inner` apart. */
typedef struct tyi_softmax_loops {
    void (*rows)(const void *x, void *out, int64_t rows, int64_t size, bool log);
    void (*columns)(const void *x, void *out, int64_t size, int64_t inner, int64_t width, bool log);
    void (*backward_rows)(const void *y, const void *grad, void *out, int64_t rows, int64_t size, bool log);
    void (*backward_columns)(const void *y, const void *grad, void *out, int64_t size, int64_t inner, int64_t width,
                             bool log);
    /* Cross entropy's gradient: (exp(y) - onehot(target)) * factor * grad, for each of `width` columns; 0 where factor
     * is. Rows are columns with inner 1 each: `rows` of them. */
    void (*nll_rows)(const void *y, const int64_t *target, const void *factor, const void *grad, void *out,
                     int64_t rows, int64_t size);
    void (*nll_columns)(const void *y, const int64_t *target, const void *factor, const void *grad, void *out,
                        int64_t size, int64_t inner, int64_t width);
} tyi_softmax_loops;
typedef tyi_softmax_loops tyi_softmax_table[TY_DTYPE_COUNT]; /* floating dtypes only */
TYI_ISA_DECLARE(extern const tyi_softmax_table, tyi_softmaxes, );

/* Rows [begin, end) of a step of a recurrent layer, and of its gradient. */
typedef struct tyi_cell_loops {
    void (*forward)(const tyi_cell_args *args, int64_t begin, int64_t end);
    void (*backward)(const tyi_cell_args *args, int64_t begin, int64_t end);
} tyi_cell_loops;
typedef tyi_cell_loops tyi_cell_table[TYI_CELL_COUNT][TY_DTYPE_COUNT]; /* floating dtypes only */
TYI_ISA_DECLARE(extern const tyi_cell_table, tyi_cells, );

/* Normalisations. Numbers of a whole row or column come as double; x, grad, weights and results are of the dtype. A
 * column loop takes at most TYI_NORM_TILE neighbours whose rows lie `step` apart. */
#define TYI_NORM_TILE 64
typedef struct tyi_moments {
    double n, mean, squares; /* count, mean, sum of squared differences from it */
} tyi_moments;
typedef struct tyi_norm_loops {
    /* Join n elements (or each column's) into the state; the sum of squares. */
    void (*moments)(const void *x, int64_t n, tyi_moments *state);
    double (*squares)(const void *x, int64_t n);
    void (*moments_columns)(const void *x, int64_t rows, int64_t step, int64_t width, tyi_moments *states);
    /* out = (x - mean) * scale + bias; `each`: times weight[i] plus bias[i], either may be NULL. */
    void (*apply)(const void *x, void *out, int64_t n, double mean, double scale, double bias);
    void (*apply_each)(const void *x, void *out, int64_t n, double mean, double scale, const void *weight,
                       const void *bias);
    void (*apply_columns)(const void *x, void *out, int64_t rows, int64_t step, int64_t width, const double *mean,
                          const double *scale, const double *bias);
    /* Add the sums of grad and of grad * (x - mean). */
    void (*sums)(const void *x, const void *grad, int64_t n, double mean, double *sum, double *product);
    void (*sums_columns)(const void *x, const void *grad, int64_t rows, int64_t step, int64_t width, const double *mean,
                         double *sum, double *product);
    /* out = grad * a + (x - mean) * b + c. */
    void (*combine)(const void *x, const void *grad, void *out, int64_t n, double mean, double a, double b, double c);
    void (*combine_columns)(const void *x, const void *grad, void *out, int64_t rows, int64_t step, int64_t width,
                            const double *mean, const double *a, const double *b, const double *c);
    /* A whole row with a weight for each element: its gradient, and what it adds to those of weight and bias. weight,
     * out, grad_weight and grad_bias may be NULL. */
    void (*row_gradient)(const void *x, const void *grad, const void *weight, void *out, int64_t n, double mean,
                         double rstd, bool centred, void *grad_weight, void *grad_bias);
} tyi_norm_loops;
typedef tyi_norm_loops tyi_norm_table[TY_DTYPE_COUNT]; /* floating dtypes only */
TYI_ISA_DECLARE(extern const tyi_norm_table, tyi_norms, );

/* A parameter update over n elements, offset `at` into the arrays of the arguments. */
typedef void (*tyi_optim_loop)(const tyi_optim_args *args, int64_t at, int64_t n);
typedef tyi_optim_loop tyi_optim_table[TYI_OPTIM_COUNT]
                                      [TY_DTYPE_COUNT]; /* [kind]; those of reduced dtypes take floats */
TYI_ISA_DECLARE(extern const tyi_optim_table, tyi_optims, );

const tyi_convert_loops *tyi_cpu_converts(void);
const tyi_pointwise_loops *tyi_cpu_pointwise(void);

#endif
