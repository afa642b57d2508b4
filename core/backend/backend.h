/*
 * The table of kernels that a device implements. Ops look kernels up here and nowhere else: adding a device is filling
 * this table. Kernels know nothing of autograd, Lua or shapes errors: arguments have been checked, outputs exist. Every
 * kernel returns TY_OK, or TY_FAIL with the error set (an interrupt, a device failure).
 */
#ifndef TYI_BACKEND_H
#define TYI_BACKEND_H

#include "tensor/iter.h"
#include "tycho.h"

typedef enum {
#define TYI_UNARY(name, ...) TYI_UNARY_##name,
#define TYI_BINARY(name, ...)
#define TYI_COMPARE(name, ...)
#include "backend/pointwise.def"
    TYI_UNARY_COUNT
} tyi_unary;

typedef enum {
#define TYI_UNARY(name, ...)
#define TYI_BINARY(name, ...)  TYI_BINARY_##name,
#define TYI_COMPARE(name, ...) TYI_BINARY_##name,
#include "backend/pointwise.def"
    TYI_BINARY_COUNT
} tyi_binary;

typedef enum {
    TYI_REDUCE_SUM,
    TYI_REDUCE_PROD,
    TYI_REDUCE_MAX,
    TYI_REDUCE_MIN,
    TYI_REDUCE_ALL,
    TYI_REDUCE_ANY,
    TYI_REDUCE_SUM_SQUARES, /* sum of (x - shift)^2, shift per output: two-pass variance */
    TYI_REDUCE_ARGMAX,      /* int64 output */
    TYI_REDUCE_ARGMIN,
    TYI_REDUCE_COUNT
} tyi_reduce;

/* x viewed as {outer, reduced, inner} after the caller's permutation: element (o, r, i) at strides given (elements).
 * out and shift are contiguous {outer, inner}. Dtypes of x, shift and out are equal but for ALL/ANY (bool out) and
 * ARGMAX/ARGMIN (int64 out), and that with wide_out x is float16 or bfloat16 while shift and out are float32. A
 * reduced size of 0 gives the op's neutral value; MAX, MIN and ARG* are never given 0. */
typedef struct tyi_reduce_args {
    tyi_reduce op;
    ty_dtype dtype;
    bool wide_out;
    const void *x, *shift;
    void *out;
    int64_t outer, reduced, inner;
    int64_t x_outer, x_reduced, x_inner;
} tyi_reduce_args;

/* c = alpha * a b + beta * c + bias, batch times; c rows contiguous. beta is 0 (c is not read) or 1.
 * prepared: NULL, or what matmul_prepare() made of b for products of `prepared_m` rows (m may be another), with the
 * same n, k and dtype; then batch is 1. TYI_PREPARED() elements; what is in them is the backend's own affair. */
typedef struct tyi_matmul_args {
    ty_dtype dtype;
    int64_t batch, m, n, k;
    const void *a, *b;
    void *c;
    int64_t a_batch, a_row, a_col, b_batch, b_row, b_col, c_batch, ldc; /* elements */
    double alpha;
    int beta;
    const void *bias; /* {n} or NULL */
    void *prepared;
    int64_t prepared_m;
} tyi_matmul_args;
#define TYI_PREPARED(n, k) (((n) + 15) / 16 * 16 * (k))

/* Rows of softmax-like ops: element (o, r, i) of contiguous {outer, size, inner} data; all arrays alike, one dtype. */
typedef struct tyi_softmax_args {
    ty_dtype dtype;
    bool log;
    const void *x;    /* forward: input; backward: the forward's output */
    const void *grad; /* backward only */
    void *out;
    int64_t outer, size, inner;
} tyi_softmax_args;

/* Negative log-likelihood over contiguous {outer, classes, inner} log-probabilities; target int64 {outer, inner}.
 * forward: loss {outer, inner} = -weight[t] x[t] (0 where ignored), factor {outer, inner} = weight[t] (or 0).
 * backward: grad_x[t] = -factor * grad (elsewhere 0), grad {outer, inner}.
 * `from_logits`: x are logits; forward then also writes probabilities' logs to log_probs, and backward gets them as x
 * and writes (softmax - onehot) * factor * grad: cross entropy in one pass. The target has been checked. */
typedef struct tyi_nll_args {
    ty_dtype dtype;
    bool from_logits;
    const void *x;
    const int64_t *target;
    const void *weight; /* {classes} or NULL */
    int64_t ignore_index;
    int64_t outer, classes, inner;
    void *loss, *factor, *log_probs; /* forward outputs */
    const void *grad, *factor_in;    /* backward inputs */
    void *grad_x;                    /* backward output */
} tyi_nll_args;

/* Connectionist temporal classification (Graves et al. 2006) of contiguous log-probabilities {steps, batch, classes}.
 * Sample n has target_lengths[n] labels at targets + offsets[n] and input_lengths[n] steps; all have been checked.
 * most: the longest of the targets. forward: alpha {batch, steps, 2 most + 1}, loss {batch}. backward: reads both and
 * grad {batch}, writes grad_x {steps, batch, classes}; beta {batch, 2, 2 most + 1} is room to work in. */
typedef struct tyi_ctc_args {
    ty_dtype dtype;
    const void *log_probs;
    const int64_t *targets, *offsets, *input_lengths, *target_lengths;
    int64_t steps, batch, classes, most, blank;
    bool zero_infinity; /* no gradient where the loss is infinite */
    void *alpha, *loss;
    const void *grad; /* backward only, and below */
    void *beta, *grad_x;
} tyi_ctc_args;

/* Normalisation of contiguous x {outer, groups, per, run}: out = (x - mean) * rstd * weight + bias, where weight and
 * bias are {groups, per} or NULL. `across`: mean and rstd are those of each group {groups} over all of outer (per is
 * 1); else of each {outer, groups}. `centred` false: mean counts as 0, and rstd is 1 over the root mean square.
 * `given` (only with across): mean and rstd are read rather than computed, and pass no gradient to x. */
typedef struct tyi_norm_args {
    ty_dtype dtype;
    bool across, centred, given;
    int64_t outer, groups, per, run;
    double eps;
    const void *x, *weight, *bias;
    void *mean, *rstd; /* forward: written unless given; mean NULL when not centred */
    void *variance;    /* forward: written unless NULL; the mean of the squared differences */
    void *out;
    const void *grad;                       /* backward */
    void *grad_x, *grad_weight, *grad_bias; /* backward; NULL where not wanted */
} tyi_norm_args;

/* Rows of scores x {rows, classes}, each with a list of classes, target {rows, classes}, which ends before its first
 * negative entry and has been checked. loss {rows}: the sum over the list's classes t and the classes j that it does
 * not name of max(0, 1 - x[t] + x[j]) / classes; slope {rows, classes}: its gradient. All contiguous; float32 or
 * float64. */
typedef struct tyi_margin_args {
    ty_dtype dtype;
    int64_t rows, classes;
    const void *x;
    const int64_t *target;
    void *loss, *slope;
} tyi_margin_args;

/* out[to[i]] += factor[i] * x[from[i]] for i < count, where out {rows, width} begins as 0 and entries of from or to
 * that are negative are skipped. from or to NULL: i itself; factor NULL: 1. x {n, width} and out of one floating dtype.
 */
typedef struct tyi_rows_args {
    ty_dtype dtype;
    int64_t count, width, rows;
    const void *x, *factor;
    const int64_t *from, *to;
    void *out;
} tyi_rows_args;

/* For each of `bags` and each column of x {n, width}: which of the rows index[begin[b]] ... index[begin[b + 1] - 1] has
 * the largest element, the first of equals; -1 where there is none. Negative entries of index are skipped. */
typedef struct tyi_bag_max_args {
    ty_dtype dtype;
    const void *x;
    const int64_t *index, *begin;
    int64_t bags, width;
    int64_t *out; /* {bags, width} */
} tyi_bag_max_args;

/* Advanced indexing. The result's index space is `numel` positions; position p addresses, for each of `count` index
 * tensors, index[j][p * strides] over the broadcast shape; `inner` contiguous-or-strided rest dims follow. See
 * core/ops/index.c. */
typedef struct tyi_index_args {
    ty_dtype dtype;
    int ndim; /* of the walk below: leading, index and trailing dims in the result's order */
    int64_t sizes[TY_MAX_DIMS];
    void *out; /* gather: written; put: the destination (then x below is the values) */
    const void *x;
    int64_t out_strides[TY_MAX_DIMS]; /* elements, of the result-shaped operand */
    int64_t x_strides[TY_MAX_DIMS];   /* elements, of the indexed tensor; 0 along index dims */
    int count;
    const int64_t *index[TY_MAX_DIMS];
    int64_t index_strides[TY_MAX_DIMS][TY_MAX_DIMS]; /* [j][dim], elements */
    int64_t index_sizes[TY_MAX_DIMS];                /* length of the indexed dimension j */
    int64_t index_steps[TY_MAX_DIMS];                /* its stride in the indexed tensor, elements */
    bool accumulate;
} tyi_index_args;

typedef enum {
    TYI_OPTIM_SGD,
    TYI_OPTIM_ADAM,
    TYI_OPTIM_RMSPROP,
    TYI_OPTIM_ADAGRAD,
    TYI_OPTIM_ADAMAX,
    TYI_OPTIM_NADAM,
    TYI_OPTIM_RADAM,
    TYI_OPTIM_ADADELTA,
    TYI_OPTIM_COUNT
} tyi_optim_kind;

/* One fused parameter update over n contiguous elements of one floating dtype. */
typedef struct tyi_optim_args {
    tyi_optim_kind kind;
    ty_dtype dtype;
    int64_t n;
    void *param;
    const void *grad;
    /* SGD: momentum buffer; Adam: exp_avg, exp_avg_sq, max_exp_avg_sq; RMSprop: square_avg, momentum buffer, grad_avg;
     * Adagrad: sum; Adamax: exp_avg, exp_inf; NAdam, RAdam: exp_avg, exp_avg_sq; Adadelta: square_avg, acc_delta. NULL
     * when unused. */
    void *state[3];
    bool first; /* SGD: the momentum buffer starts as the gradient */
    bool maximize, nesterov, decoupled_decay;
    double lr, momentum, dampening, weight_decay, beta1, beta2, eps;
    double alpha;        /* what remains of the mean square: RMSprop's alpha, Adadelta's rho */
    double bias1, bias2; /* 1 - beta^step */
    /* Of the step: Adagrad, Adamax: rate is the learning rate of this step. NAdam: rate is what the gradient is
     * multiplied by, mean_rate the mean. RAdam: rate is the rectification, 0 while the variance is not yet known. */
    double rate, mean_rate;
} tyi_optim_args;

/* Cells of recurrent layers. RELU and TANH are the plain one. */
typedef enum { TYI_CELL_TANH, TYI_CELL_RELU, TYI_CELL_LSTM, TYI_CELL_GRU, TYI_CELL_COUNT } tyi_cell;

/* One step of a recurrent layer over contiguous rows of `size` units; PyTorch's formulas and order of gates.
 * gates: of a row, at first the weighted sums, at last what the cell made of them, for the gradient.
 *   plain {size}: sum of both weighted inputs; then the new h itself (h is not used).
 *   LSTM {4 size}: sums of both weighted inputs for i f g o; then those after their functions.
 *   GRU {4 size}: the weighted x for r z n, then room; then r z n and the weighted h of n. sums {3 size}: the weighted
 * h. Forward: LSTM c_before to c (may be one), both to h; GRU h_before to h. Backward: dh {size} is the gradient of h;
 * dsums that of the sums with x ({size}, {4 size}, {3 size}). LSTM: dc is that of c, then of c_before. GRU: dh_before
 * has its own added, dhidden {3 size} is the gradient of the weighted h. */
typedef struct tyi_cell_args {
    tyi_cell cell;
    ty_dtype dtype;
    int64_t rows, size;
    void *gates, *h, *c;
    const void *h_before, *c_before, *sums;
    const void *dh;
    void *dsums, *dc, *dh_before, *dhidden;
} tyi_cell_args;

typedef struct tyi_sort_args {
    ty_dtype dtype;
    const void *x;    /* contiguous {rows, size} */
    void *values;     /* {rows, kept} */
    int64_t *indices; /* {rows, kept} */
    int64_t rows, size, kept;
    bool descending;
} tyi_sort_args;

/* out[..., index[i], ...] combined with source[i], element by element in order; index and source contiguous of `sizes`,
 * positions checked (negative ones count from the end). bool: as uint8. Computed in the dtype, which is not reduced. */
typedef struct tyi_scatter_args {
    ty_dtype dtype;
    int op; /* 0 product, 1 larger, 2 smaller; NaN stays */
    int ndim, dim;
    int64_t size; /* of out along dim */
    int64_t sizes[TY_MAX_DIMS], out_strides[TY_MAX_DIMS];
    const int64_t *index;
    const void *source;
    void *out;
} tyi_scatter_args;

typedef enum {
    TYI_LAPACK_LU,          /* a -> L and U, pivots {batch, min(m, n)} */
    TYI_LAPACK_LU_SOLVE,    /* a, pivots: from LU; b -> the solution of a x = b (flag: of a^T x = b) */
    TYI_LAPACK_PERMUTATION, /* pivots {batch, n} -> u {m, m}: P with x = P L U */
    TYI_LAPACK_CHOLESKY,    /* a -> its factor in the lower (flag: upper) triangle */
    TYI_LAPACK_QR,         /* a {m, n} -> R and the reflectors; u {m, k}, k columns of Q (its first min(m, n) read a) */
    TYI_LAPACK_TRIANGULAR, /* a lower (flag: upper) triangular, b {m, k} -> the solution; unit: 1 on the diagonal */
    TYI_LAPACK_EIGH,       /* a -> eigenvectors (vectors), values {batch, m}; read from the lower (flag: upper) part */
    TYI_LAPACK_EIG,        /* values {batch, m}, values2 their imaginary parts, v {m, m} eigenvectors (vectors) */
    TYI_LAPACK_SVD,        /* a {m, n}: values {batch, min}, u {m, k}, v {k or n, n}; flag: u and v are square */
    TYI_LAPACK_LSTSQ,      /* b {max(m, n), k} -> the solution above; values: singular values; ranks; rcond, driver */
} tyi_lapack;

/* A batch of matrices in LAPACK's layout: by columns, one after another without gaps; float32 or float64. Arrays are
 * written in place, and lie where the backend computes, but for info, which lies in host memory. info[i] is LAPACK's:
 * 0, or what went wrong with matrix i; the op says what it means. Of PERMUTATION: the first pivot (from 1) that is no
 * row. LSTSQ: b is 0 below its first m rows. On CUDA it has the driver gels alone. */
typedef struct tyi_lapack_args {
    tyi_lapack op;
    const char *name; /* of the op, for messages */
    ty_dtype dtype;
    int64_t batch, m, n, k;
    void *a, *b, *u, *v, *values, *values2;
    int32_t *pivots, *ranks, *info;
    bool flag, unit, vectors;
    int driver; /* LSTSQ: 0 gels, 1 gelsy, 2 gelsd, 3 gelss */
    double rcond;
} tyi_lapack_args;
/* A window that slides over the last three dimensions of {planes, in...}; fewer dimensions are sizes of 1 in front.
 * Output o of a dimension covers inputs o * stride - pad + k * dilation, k < kernel, and what lies outside is padding.
 * Padding at the end is what out asks for, and may be more or less than pad. */
typedef struct tyi_window {
    int64_t in[3], out[3], kernel[3], stride[3], pad[3], dilation[3];
} tyi_window;

/* A convolution and its gradients are one trilinear form, the sum of y * conv(x, weight): each part is computed from
 * the other two. All contiguous: x {batch, groups * in_channels, in...}, y {batch, groups * out_channels, out...},
 * weight {groups * out_channels, in_channels, kernel...}. The sizes of batch and channels are not 0. */
typedef enum { TYI_CONV_Y, TYI_CONV_X, TYI_CONV_WEIGHT } tyi_conv_part;
typedef struct tyi_conv_args {
    tyi_conv_part part; /* the one that is written */
    ty_dtype dtype;     /* float32 or float64; where the table says narrow_conv also float16 or bfloat16 */
    tyi_window window;
    int64_t batch, groups, in_channels, out_channels; /* channels of a group */
    void *x, *y, *weight;
    const void *bias; /* one number per channel of what is written (x or y), or NULL */
    void *y_sums;     /* WEIGHT: the sums of y, one per channel, are written too; or NULL */
} tyi_conv_args;

/* Columns of windows: columns {batch, channels * kernel..., out...} of x {batch, channels, in...}, 0 for padding; or
 * back, every column added to where it came from (x is written). */
typedef struct tyi_columns_args {
    bool back;
    ty_dtype dtype;
    tyi_window window;
    int64_t batch, channels;
    void *x, *columns;
} tyi_columns_args;

/* Pooling of x {planes, in...} to y {planes, out...}; padding takes no part. `adaptive`: output o of a dimension covers
 * inputs from o * in / out (rounded down) to (o + 1) * in / out (rounded up) instead, and of the window in and out
 * count alone. */
typedef enum { TYI_POOL_MAX, TYI_POOL_AVG, TYI_POOL_MAX_BACK, TYI_POOL_AVG_BACK } tyi_pool_part;
typedef struct tyi_pool_args {
    tyi_pool_part part;
    ty_dtype dtype; /* float32 or float64; MAX of any but bool */
    tyi_window window;
    bool adaptive;
    bool count_pad;  /* AVG: the divisor counts padding (not what lies beyond it) */
    int64_t divisor; /* AVG: instead of the count when it is not 0 */
    int64_t planes;
    void *x, *y;    /* MAX, AVG read x and write y; the gradients read y and write x */
    int64_t *index; /* MAX writes the place of each largest element within its plane unless NULL, MAX_BACK reads it */
} tyi_pool_args;

/* Every result along one dimension is a weighted sum of `taps` elements there: out[o][j][i] = sum over t of
 * weight[j][t] * x[o][index[j][t]][i]. `back` is the transposed map: out is read and added into x, which is written.
 * weight has the dtype of x. */
typedef struct tyi_resample_args {
    bool back;
    ty_dtype dtype; /* float32 or float64 */
    int64_t outer, in, out, inner, taps;
    const int64_t *index; /* {out, taps}, each in range */
    const void *weight;   /* {out, taps} */
    void *x, *y;          /* {outer, in, inner}, {outer, out, inner} */
} tyi_resample_args;

/* a and b: the median and the width of a Cauchy distribution; the probability of a success, of how many trials a first
 * one takes; mean and deviation of the logarithm. */
typedef enum { TYI_CAUCHY, TYI_GEOMETRIC, TYI_LOG_NORMAL } tyi_distribution;

typedef struct tyi_backend {
    const char *name;
    /* Between host memory and the device's (its memory itself comes from tensor/storage.h). */
    ty_status (*to_host)(void *host, const void *data, size_t bytes);
    ty_status (*from_host)(void *data, const void *host, size_t bytes);

    /* Pointwise: operand 0 is written, the others read; conversion to and from iter->compute on the way. */
    ty_status (*copy)(const tyi_iter *iter);
    ty_status (*fill)(const tyi_iter *iter, ty_scalar value);
    ty_status (*unary)(tyi_unary op, const tyi_iter *iter);
    ty_status (*binary)(tyi_binary op, const tyi_iter *iter); /* comparisons write bool */
    ty_status (*axpy)(const tyi_iter *iter, ty_scalar alpha); /* operand 1 + alpha * operand 2 */
    ty_status (*where)(const tyi_iter *iter);                 /* 1 is bool */
    ty_status (*clamp)(const tyi_iter *iter);                 /* min(max(1, 2), 3), NaN kept */
    ty_status (*arange)(ty_dtype dtype, void *out, int64_t n, ty_scalar start, ty_scalar step);
    ty_status (*linspace)(ty_dtype dtype, void *out, int64_t n, double start, double end); /* backend/spaced.h */

    ty_status (*reduce)(const tyi_reduce_args *args);
    ty_status (*cumsum)(ty_dtype dtype, const void *x, void *out, int64_t outer, int64_t size, int64_t inner);
    ty_status (*matmul)(const tyi_matmul_args *args);
    /* Writes `prepared` from b, for many products with one b; float32 and float64. a, c and bias are not looked at. The
     * CPU's alone: other devices' libraries read b as it stands. */
    ty_status (*matmul_prepare)(const tyi_matmul_args *args);
    ty_status (*softmax)(const tyi_softmax_args *args);
    ty_status (*softmax_backward)(const tyi_softmax_args *args);
    ty_status (*nll)(const tyi_nll_args *args);
    ty_status (*nll_backward)(const tyi_nll_args *args);
    ty_status (*ctc)(const tyi_ctc_args *args);
    ty_status (*ctc_backward)(const tyi_ctc_args *args);
    ty_status (*label_margins)(const tyi_margin_args *args);
    ty_status (*sum_rows)(const tyi_rows_args *args);
    ty_status (*bag_max)(const tyi_bag_max_args *args);
    ty_status (*norm)(const tyi_norm_args *args);
    ty_status (*norm_backward)(const tyi_norm_args *args);

    ty_status (*conv)(const tyi_conv_args *args);
    bool narrow_conv; /* conv takes 16-bit floats: sums are float32, and every result is rounded once */
    ty_status (*columns)(const tyi_columns_args *args);
    ty_status (*pool)(const tyi_pool_args *args);
    ty_status (*resample)(const tyi_resample_args *args);

    ty_status (*index)(const tyi_index_args *args);
    ty_status (*index_put)(const tyi_index_args *args);
    /* Smallest and largest of n int64 values (n > 0): range checks of indices before a kernel trusts them. */
    ty_status (*index_range)(const int64_t *index, int64_t n, int64_t *low, int64_t *high);
    /* out[i] = index[i] - (index[i] > 0), and *zero where index[i] is 0; zero NULL: *zeros says how many there were. */
    ty_status (*index_from_one)(const int64_t *index, int64_t *out, int64_t n, const int64_t *zero, int64_t *zeros);
    ty_status (*nonzero_count)(const void *mask, int64_t n, int64_t *count);    /* bool, contiguous */
    ty_status (*nonzero_flat)(const void *mask, int64_t n, int64_t *positions); /* flat positions in order */
    ty_status (*gather_rows)(ty_dtype dtype, const void *x, const int64_t *index, int64_t rows, int64_t width,
                             float scale, float shift, float *out);
    ty_status (*sort)(const tyi_sort_args *args);
    ty_status (*topk)(const tyi_sort_args *args);

    /* Random: contiguous n elements of a dtype; the values of PyTorch's CPU generator in order. */
    ty_status (*uniform)(ty_generator *g, ty_dtype dtype, void *x, int64_t n, double from, double to);
    ty_status (*normal)(ty_generator *g, ty_dtype dtype, void *x, int64_t n, double mean, double std);
    ty_status (*bernoulli)(ty_generator *g, ty_dtype dtype, void *x, int64_t n, double p);
    ty_status (*bernoulli_tensor)(ty_generator *g, ty_dtype p_dtype, const void *p, ty_dtype dtype, void *x, int64_t n);
    ty_status (*exponential)(ty_generator *g, ty_dtype dtype, void *x, int64_t n, double rate);
    ty_status (*distribution)(ty_generator *g, tyi_distribution which, ty_dtype dtype, void *x, int64_t n, double a,
                              double b);
    /* rates and x of one floating dtype; rates 0 or more, and finite. */
    ty_status (*poisson)(ty_generator *g, ty_dtype dtype, const void *rates, void *x, int64_t n);
    /* Places, from 0, drawn with replacement: {rows, samples} by contiguous weights {rows, n} of a floating dtype, n
     * not 0. The weights have been checked. */
    ty_status (*multinomial)(ty_generator *g, ty_dtype dtype, const void *weights, int64_t rows, int64_t n,
                             int64_t samples, int64_t *out);
    ty_status (*random_range)(ty_generator *g, ty_dtype dtype, void *x, int64_t n, int64_t low, int64_t high);
    ty_status (*randperm)(ty_generator *g, ty_dtype dtype, void *x, int64_t n);
    /* y = x * mask / (1 - p) and mask (uint8), drawn as torch.dropout draws it. */
    ty_status (*dropout)(ty_generator *g, ty_dtype dtype, const void *x, void *y, uint8_t *mask, int64_t n, double p);
    ty_status (*dropout_backward)(ty_dtype dtype, const void *grad, const uint8_t *mask, void *out, int64_t n,
                                  double p);

    ty_status (*cell)(const tyi_cell_args *args);
    ty_status (*cell_backward)(const tyi_cell_args *args);

    ty_status (*optim)(const tyi_optim_args *args);
    /* The same for `count` of them, none of which writes what another reads or writes. */
    ty_status (*optim_many)(const tyi_optim_args *list, int64_t count);
    ty_status (*lapack)(const tyi_lapack_args *args);
    ty_status (*scatter_reduce)(const tyi_scatter_args *args);
} tyi_backend;

/* The table of a device type; NULL with the error set when it cannot be had here. */
const tyi_backend *tyi_backend_of(ty_device device);
/* The same, also while a capture watches. */
const tyi_backend *tyi_real_backend(ty_device device);
const tyi_backend *tyi_cpu_backend(void);

#endif
