/*
 * tycho.h: the whole public C interface of libtycho, Tycho's tensor, autograd and neural-network engine.
 *
 * Conventions, valid for every function here:
 *
 * - Names and semantics are PyTorch's. Dimensions and indices count from 0, negative ones from the end.
 * - A function that returns `ty_tensor *` gives a new reference, to be dropped with ty_release(), or NULL
 *   on failure. A function that returns ty_status gives TY_OK or TY_FAIL. After a failure ty_error()
 *   holds the message of the calling thread. Arguments are borrowed, never consumed; passing NULL where
 *   a tensor is required fails with the message of the call that made the NULL, so that calls may be
 *   nested and the outermost result checked. (References made inside such a nest are not dropped by it.)
 * - Functions ending in `_` change their first argument in place and return a new reference to it.
 * - The library never prints, exits, aborts or jumps. It keeps no global state but: the caching
 *   allocator, the thread pool, the default random generator, the interrupt flag and the table of
 *   backends (each one per process), and per thread: the error message, the gradient mode, the default
 *   dtype and the base that messages count indices from.
 */
#ifndef TYCHO_H
#define TYCHO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TY_VERSION  "0.1.0"
#define TY_MAX_DIMS 16 /* most dimensions of a tensor */

/* ---- Status, errors, interrupts ------------------------------------------------------------- */

typedef enum { TY_OK = 0, TY_FAIL = -1 } ty_status;

/* What went wrong, for callers that must tell kinds apart. */
typedef enum {
    TY_ERROR_NONE = 0,
    TY_ERROR_VALUE,     /* shapes, dtypes, options, states */
    TY_ERROR_INDEX,     /* an index or dimension out of range */
    TY_ERROR_MEMORY,    /* an allocation that could not be had */
    TY_ERROR_IO,        /* files */
    TY_ERROR_INTERRUPT, /* ty_interrupt() stopped the call */
    TY_ERROR_CALLBACK,  /* a hook or a function of the caller's own failed */
} ty_error_kind;

/* The message of this thread's latest failure; never NULL; valid until the next failure. */
const char *ty_error(void);
/* The kind of this thread's latest failure. */
ty_error_kind ty_error_what(void);
/* Sets the failure of this thread by a printf format and returns TY_FAIL. For code built on the library. */
ty_status ty_fail(ty_error_kind kind, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Base that messages of this thread count dimensions and indices from: 0 (C) or 1 (Lua). */
void ty_set_index_base(int base);

/* Asks running calls of every thread to stop soon; they fail with TY_ERROR_INTERRUPT. May be called in a signal
 * handler. */
void ty_interrupt(void);
/* Takes the request back, so that later calls run again. */
void ty_interrupt_clear(void);

/* ---- Dtypes and devices --------------------------------------------------------------------- */

/* Elements of the reduced floating dtypes, by their bits; they are computed with as floats. */
typedef struct ty_float16 {
    uint16_t bits; /* sign, 5 of exponent, 10 of fraction: IEEE 754 binary16 */
} ty_float16;
typedef struct ty_bfloat16 {
    uint16_t bits; /* sign, 8 of exponent, 7 of fraction: the upper half of a float */
} ty_bfloat16;

/* The one list of dtypes: X(ENUM, pytorch_name, storage C type, arithmetic C type, kind). Kernels, promotion
 * and files are generated from it. Kinds: b bool, u unsigned, i signed integer, f floating. */
#define TY_DTYPES(X)                                                                                                   \
    X(BOOL, bool, bool, bool, b)                                                                                       \
    X(UINT8, uint8, uint8_t, uint8_t, u)                                                                               \
    X(INT8, int8, int8_t, int8_t, i)                                                                                   \
    X(INT16, int16, int16_t, int16_t, i)                                                                               \
    X(INT32, int32, int32_t, int32_t, i)                                                                               \
    X(INT64, int64, int64_t, int64_t, i)                                                                               \
    X(FLOAT16, float16, ty_float16, float, f)                                                                          \
    X(BFLOAT16, bfloat16, ty_bfloat16, float, f)                                                                       \
    X(FLOAT32, float32, float, float, f)                                                                               \
    X(FLOAT64, float64, double, double, f)

typedef enum {
#define TY_X(E, name, storage, arithmetic, kind) TY_##E,
    TY_DTYPES(TY_X)
#undef TY_X
        TY_DTYPE_COUNT,
    TY_DTYPE_NONE = -1 /* "not given": take the default, or the input's */
} ty_dtype;

const char *ty_dtype_name(ty_dtype dtype);     /* "float32" ... */
ty_dtype ty_dtype_from_name(const char *name); /* TY_DTYPE_NONE when unknown */
size_t ty_dtype_size(ty_dtype dtype);          /* bytes of an element */
bool ty_dtype_is_floating(ty_dtype dtype);
ty_dtype ty_promote_types(ty_dtype a, ty_dtype b); /* torch.promote_types */
bool ty_can_cast(ty_dtype from, ty_dtype to);      /* torch.can_cast: no float to integer, nothing but bool to bool */
ty_dtype ty_get_default_dtype(void);               /* float32 at first */
ty_status ty_set_default_dtype(ty_dtype dtype);    /* floating only */

typedef enum { TY_CPU = 0, TY_CUDA = 1, TY_DEVICE_TYPES } ty_device_type;
typedef struct ty_device {
    ty_device_type type;
    int index;
} ty_device;
#define TY_DEVICE_CPU ((ty_device){TY_CPU, 0})

/* "cpu", "cuda", "cuda:1" to a device; fails when it is malformed or the device cannot be had. */
ty_status ty_device_from_name(const char *name, ty_device *device);

/* A number that keeps whether it was an integer, a float or a bool, as Lua's and Python's do. */
typedef struct ty_scalar {
    enum { TY_SCALAR_BOOL, TY_SCALAR_INT, TY_SCALAR_FLOAT } kind;
    int64_t i; /* value of a bool or an integer */
    double f;  /* value of a float */
} ty_scalar;
static inline ty_scalar ty_int(int64_t i)
{
    return (ty_scalar){TY_SCALAR_INT, i, (double)i};
}
static inline ty_scalar ty_float(double f)
{
    return (ty_scalar){TY_SCALAR_FLOAT, 0, f};
}
static inline ty_scalar ty_bool(bool b)
{
    return (ty_scalar){TY_SCALAR_BOOL, b, (double)b};
}

/* ---- Tensors: life and facts ---------------------------------------------------------------- */

typedef struct ty_tensor ty_tensor;
typedef struct ty_generator ty_generator;

ty_tensor *ty_retain(ty_tensor *x); /* one more reference; NULL stays NULL */
void ty_release(ty_tensor *x);      /* one reference less; NULL is fine */

int ty_ndim(const ty_tensor *x);
const int64_t *ty_sizes(const ty_tensor *x);   /* ty_ndim entries */
const int64_t *ty_strides(const ty_tensor *x); /* in elements */
int64_t ty_numel(const ty_tensor *x);
int64_t ty_storage_offset(const ty_tensor *x); /* in elements */
ty_dtype ty_dtype_of(const ty_tensor *x);
ty_device ty_device_of(const ty_tensor *x);
bool ty_is_contiguous(const ty_tensor *x);
bool ty_shares_storage(const ty_tensor *a, const ty_tensor *b);
uint32_t ty_version(const ty_tensor *x); /* counts in-place changes of the storage */
/* Identity and size of the storage, for writers that keep sharing. */
const void *ty_storage_id(const ty_tensor *x);
size_t ty_storage_bytes(const ty_tensor *x);
/* How many tensors (views, and what the tape saved) share the storage, x among them. */
int ty_storage_users(const ty_tensor *x);
/* First element in host memory; strides apply. NULL (and an error) for a tensor that is not on the CPU. Writing
 * through it is not seen by autograd; call ty_touch() after writing. */
void *ty_data(ty_tensor *x);
void ty_touch(ty_tensor *x); /* counts an in-place change made through ty_data() */
/* The value of a one-element tensor. */
ty_status ty_item(ty_tensor *x, ty_scalar *value);
/* What the tensor prints as; free() it. `text` as PyTorch lays it out, with Lua's braces. */
typedef struct ty_print_options {
    int precision;  /* digits after the point, 4 */
    int threshold;  /* elements from which on the middle is left out, 1000 */
    int edge_items; /* elements shown at each end of a summarised dimension, 3 */
    int line_width; /* columns, 80 */
    int sci_mode;   /* 1 on, 0 off, -1 as the values need */
} ty_print_options;
extern const ty_print_options ty_print_defaults;
char *ty_to_string(ty_tensor *x, const ty_print_options *options);

/* Bytes handed out by the allocator now, their peak since the last reset, and bytes kept free for reuse. */
typedef struct ty_memory_stats {
    size_t live, peak, cached, live_blocks;
    uint64_t allocated_total; /* bytes handed out since the start */
} ty_memory_stats;
void ty_get_memory_stats(ty_memory_stats *stats);
void ty_reset_peak_memory(void);
void ty_empty_cache(void); /* gives cached blocks back to the system */

int ty_get_num_threads(void);
ty_status ty_set_num_threads(int count);

/* ---- Creation ------------------------------------------------------------------------------- */
/* dtype TY_DTYPE_NONE: the default dtype (or what the values say, as in PyTorch). */

ty_tensor *ty_empty(int ndim, const int64_t *sizes, ty_dtype dtype, ty_device device);
ty_tensor *ty_zeros(int ndim, const int64_t *sizes, ty_dtype dtype, ty_device device);
ty_tensor *ty_ones(int ndim, const int64_t *sizes, ty_dtype dtype, ty_device device);
ty_tensor *ty_full(int ndim, const int64_t *sizes, ty_scalar value, ty_dtype dtype, ty_device device);
ty_tensor *ty_empty_like(ty_tensor *x, ty_dtype dtype);
ty_tensor *ty_zeros_like(ty_tensor *x, ty_dtype dtype);
ty_tensor *ty_ones_like(ty_tensor *x, ty_dtype dtype);
ty_tensor *ty_full_like(ty_tensor *x, ty_scalar value, ty_dtype dtype);
ty_tensor *ty_arange(ty_scalar start, ty_scalar end, ty_scalar step, ty_dtype dtype, ty_device device);
ty_tensor *ty_linspace(double start, double end, int64_t steps, ty_dtype dtype, ty_device device);
ty_tensor *ty_logspace(double start, double end, int64_t steps, double base, ty_dtype dtype, ty_device device);
ty_tensor *ty_eye(int64_t n, int64_t m, ty_dtype dtype, ty_device device);
/* Copies row-major host data. */
ty_tensor *ty_from_data(const void *data, int ndim, const int64_t *sizes, ty_dtype dtype);
/* A zero-dimensional tensor; a `wrapped` one takes part in type promotion as a plain number does. */
ty_tensor *ty_scalar_tensor(ty_scalar value, ty_dtype dtype, bool wrapped);
ty_tensor *ty_to(ty_tensor *x, ty_dtype dtype, ty_device device, bool copy);
ty_tensor *ty_to_dtype(ty_tensor *x, ty_dtype dtype);
ty_tensor *ty_clone(ty_tensor *x);
ty_tensor *ty_contiguous(ty_tensor *x);

/* ---- Random numbers: the values of PyTorch's CPU generator ---------------------------------- */

ty_generator *ty_generator_new(uint64_t seed);
void ty_generator_free(ty_generator *g);
ty_generator *ty_default_generator(void);
void ty_manual_seed(ty_generator *g, uint64_t seed); /* g NULL: the default generator, here and below */
uint64_t ty_initial_seed(const ty_generator *g);
uint64_t ty_seed(ty_generator *g); /* seeds from the system and returns the seed */
#define TY_RNG_STATE_BYTES 5056
void ty_get_rng_state(const ty_generator *g, uint8_t state[TY_RNG_STATE_BYTES]);
ty_status ty_set_rng_state(ty_generator *g, const uint8_t state[TY_RNG_STATE_BYTES]);
uint64_t ty_random_u64(ty_generator *g); /* 64 random bits: what DataLoader draws its seeds from */

ty_tensor *ty_rand(int ndim, const int64_t *sizes, ty_dtype dtype, ty_device device, ty_generator *g);
ty_tensor *ty_randn(int ndim, const int64_t *sizes, ty_dtype dtype, ty_device device, ty_generator *g);
ty_tensor *ty_randint(int64_t low, int64_t high, int ndim, const int64_t *sizes, ty_dtype dtype, ty_device device,
                      ty_generator *g);
ty_tensor *ty_randperm(int64_t n, ty_dtype dtype, ty_device device, ty_generator *g);
ty_tensor *ty_bernoulli(ty_tensor *p, ty_generator *g);
ty_tensor *ty_multinomial(ty_tensor *weights, int64_t samples, bool replacement, ty_generator *g);
ty_tensor *ty_normal(ty_tensor *mean, ty_tensor *std, ty_generator *g);
ty_tensor *ty_uniform_(ty_tensor *x, double from, double to, ty_generator *g);
ty_tensor *ty_normal_(ty_tensor *x, double mean, double std, ty_generator *g);
ty_tensor *ty_bernoulli_(ty_tensor *x, double p, ty_generator *g);
ty_tensor *ty_exponential_(ty_tensor *x, double rate, ty_generator *g);
ty_tensor *ty_cauchy_(ty_tensor *x, double median, double sigma, ty_generator *g);
ty_tensor *ty_log_normal_(ty_tensor *x, double mean, double std, ty_generator *g); /* of the logarithm */
ty_tensor *ty_geometric_(ty_tensor *x, double p, ty_generator *g);                 /* trials up to a success */
ty_tensor *ty_poisson(ty_tensor *rates, ty_generator *g);
/* Integers from low (included) to high (not). high INT64_MIN: no upper bound, as random_(low, None); low INT64_MAX too:
 * no bounds, as random_(); low INT64_MIN too: all 64 bits. */
ty_tensor *ty_random_(ty_tensor *x, int64_t low, int64_t high, ty_generator *g);

/* ---- Views and shapes ----------------------------------------------------------------------- */

ty_tensor *ty_view(ty_tensor *x, int ndim, const int64_t *sizes);    /* -1 once: inferred */
ty_tensor *ty_reshape(ty_tensor *x, int ndim, const int64_t *sizes); /* a view where possible */
ty_tensor *ty_flatten(ty_tensor *x, int start_dim, int end_dim);
ty_tensor *ty_unflatten(ty_tensor *x, int dim, int ndim, const int64_t *sizes); /* one dimension as several; -1 once */
ty_tensor *ty_permute(ty_tensor *x, int ndim, const int64_t *dims);
ty_tensor *ty_transpose(ty_tensor *x, int dim0, int dim1);
ty_tensor *ty_t(ty_tensor *x);
ty_tensor *ty_squeeze(ty_tensor *x);
ty_tensor *ty_squeeze_dim(ty_tensor *x, int dim);
ty_tensor *ty_unsqueeze(ty_tensor *x, int dim);
ty_tensor *ty_expand(ty_tensor *x, int ndim, const int64_t *sizes); /* -1: unchanged */
ty_tensor *ty_narrow(ty_tensor *x, int dim, int64_t start, int64_t length);
ty_tensor *ty_select(ty_tensor *x, int dim, int64_t index);
/* Elements start, start + step, ... below end of a dimension; start and end clamp as Python slices do; step >= 1. */
ty_tensor *ty_slice(ty_tensor *x, int dim, int64_t start, int64_t end, int64_t step);
ty_tensor *ty_as_strided(ty_tensor *x, int ndim, const int64_t *sizes, const int64_t *strides, int64_t offset);
ty_tensor *ty_diagonal(ty_tensor *x, int64_t offset, int dim0, int dim1);
ty_tensor *ty_detach(ty_tensor *x);
ty_tensor *ty_cat(ty_tensor *const *tensors, int count, int dim);
ty_tensor *ty_stack(ty_tensor *const *tensors, int count, int dim);
/* Splits into pieces of `size` (the last may be smaller). *count receives their number; free() the array after
 * releasing each. */
ty_status ty_split(ty_tensor *x, int64_t size, int dim, ty_tensor ***pieces, int *count);
ty_status ty_chunk(ty_tensor *x, int64_t chunks, int dim, ty_tensor ***pieces, int *count);

/* ---- Rearranging ---------------------------------------------------------------------------- */

ty_tensor *ty_tril(ty_tensor *x, int64_t diagonal); /* {..., n, m} with zeros above a diagonal */
ty_tensor *ty_triu(ty_tensor *x, int64_t diagonal);
ty_tensor *ty_flip(ty_tensor *x, int ndims, const int64_t *dims);
/* One shift for each dimension; ndims 0: one shift, of the flattened tensor. */
ty_tensor *ty_roll(ty_tensor *x, int count, const int64_t *shifts, int ndims, const int64_t *dims);
ty_tensor *ty_tile(ty_tensor *x, int count, const int64_t *reps);
/* repeats: integers {} or {1} for all elements, or {n}; dim NULL: of the flattened tensor. */
ty_tensor *ty_repeat_interleave(ty_tensor *x, ty_tensor *repeats, const int *dim);
ty_tensor *ty_movedim(ty_tensor *x, int count, const int64_t *source, int to_count, const int64_t *destination);
ty_tensor *ty_unfold(ty_tensor *x, int dim, int64_t size, int64_t step); /* a view of sliding windows */
/* As many views as tensors; xy: the first two dimensions swapped. free() the array after releasing each. */
ty_status ty_meshgrid(ty_tensor *const *tensors, int count, bool xy, ty_tensor ***grids);
ty_tensor *ty_take(ty_tensor *x, ty_tensor *index); /* positions of the flattened tensor */
ty_tensor *ty_diag(ty_tensor *x, int64_t diagonal);
ty_tensor *ty_trace(ty_tensor *x);

ty_tensor *ty_diag_embed(ty_tensor *x, int64_t offset, int dim1, int dim2);
ty_tensor *ty_tril_indices(int64_t rows, int64_t columns, int64_t offset, ty_dtype dtype, ty_device device);
ty_tensor *ty_triu_indices(int64_t rows, int64_t columns, int64_t offset, ty_dtype dtype, ty_device device);
ty_tensor *ty_atleast(ty_tensor *x, int ndim);                          /* 1, 2 or 3 */
ty_tensor *ty_stack_as(char how, ty_tensor *const *tensors, int count); /* h, v, dstack, 'c': column_stack */
ty_status ty_tensor_split(ty_tensor *x, int count, const int64_t *places, int dim, ty_tensor ***pieces); /* count + 1 */
ty_status ty_broadcast_tensors(ty_tensor *const *tensors, int count, ty_tensor ***wide);
ty_tensor *ty_squeeze_dims(ty_tensor *x, int ndims, const int64_t *dims);
ty_tensor *ty_block_diag(ty_tensor *const *tensors, int count);
ty_tensor *ty_cartesian_prod(ty_tensor *const *tensors, int count);
ty_tensor *ty_combinations(ty_tensor *x, int64_t r, bool repeats);
ty_tensor *ty_rot90(ty_tensor *x, int64_t k, int dim0, int dim1);
typedef enum {
    TY_WINDOW_HANN,
    TY_WINDOW_HAMMING,
    TY_WINDOW_BLACKMAN,
    TY_WINDOW_BARTLETT,
    TY_WINDOW_KAISER
} ty_signal_window;
ty_tensor *ty_make_window(ty_signal_window kind, int64_t length, bool periodic, double a, double b, ty_dtype dtype,
                          ty_device device);

/* ---- Pointwise ------------------------------------------------------------------------------ */
/* Broadcasting and type promotion as in PyTorch. The list of unary ops, each as ty_NAME(x) and ty_NAME_(x); see
 * core/backend/pointwise.def for what each computes. */
/* clang-format off */
#define TY_UNARY_OPS(X)                                                                            \
    X(neg) X(abs) X(sign) X(square) X(relu) X(exp) X(expm1) X(log) X(log1p) X(log2) X(log10)       \
    X(sqrt) X(rsqrt) X(reciprocal) X(sin) X(cos) X(tan) X(asin) X(acos) X(atan) X(sinh) X(cosh)    \
    X(tanh) X(sigmoid) X(erf) X(floor) X(ceil) X(round) X(trunc) X(bitwise_not) X(logical_not)     \
    X(exp2) X(erfc) X(erfinv) X(lgamma) X(digamma) X(asinh) X(acosh) X(atanh) X(sinc) X(i0) X(frac)
/* Those without a form in place. */
#define TY_UNARY_FRESH_OPS(X)                                                                      \
    X(isnan) X(isinf) X(isfinite) X(isposinf) X(isneginf) X(signbit)                               \
    X(erfcx) X(i0e) X(i1) X(i1e) X(ndtri) X(log_ndtr)
/* clang-format on */
#define TY_X(name)                                                                                                     \
    ty_tensor *ty_##name(ty_tensor *x);                                                                                \
    ty_tensor *ty_##name##_(ty_tensor *x);
TY_UNARY_OPS(TY_X)
#undef TY_X
#define TY_X(name) ty_tensor *ty_##name(ty_tensor *x);
TY_UNARY_FRESH_OPS(TY_X)
#undef TY_X
ty_tensor *ty_frexp(ty_tensor *x, ty_tensor **exponent);

/* Binary ops, each as ty_NAME(a, b) and ty_NAME_(a, b). */
/* clang-format off */
#define TY_BINARY_OPS(X)                                                                           \
    X(mul) X(div) X(floor_divide) X(remainder) X(fmod) X(pow) X(maximum) X(minimum) X(atan2)       \
    X(bitwise_and) X(bitwise_or) X(bitwise_xor) X(logical_and) X(logical_or) X(logical_xor)        \
    X(eq) X(ne) X(lt) X(le) X(gt) X(ge) X(gcd) X(lcm) X(bitwise_left_shift) X(bitwise_right_shift) \
    X(fmax) X(fmin) X(heaviside) X(copysign) X(hypot) X(nextafter) X(xlogy) X(xlog1py) X(zeta)     \
    X(igamma) X(igammac)
/* clang-format on */
#define TY_X(name)                                                                                                     \
    ty_tensor *ty_##name(ty_tensor *a, ty_tensor *b);                                                                  \
    ty_tensor *ty_##name##_(ty_tensor *a, ty_tensor *b);
TY_BINARY_OPS(TY_X)
#undef TY_X
ty_tensor *ty_add(ty_tensor *a, ty_tensor *b, ty_scalar alpha); /* a + alpha * b */
ty_tensor *ty_add_(ty_tensor *a, ty_tensor *b, ty_scalar alpha);
ty_tensor *ty_sub(ty_tensor *a, ty_tensor *b, ty_scalar alpha); /* a - alpha * b */
ty_tensor *ty_sub_(ty_tensor *a, ty_tensor *b, ty_scalar alpha);

/* x + weight (end - x); x + value a b; x + value a / b. */
ty_tensor *ty_lerp(ty_tensor *x, ty_tensor *end, ty_tensor *weight);
ty_tensor *ty_lerp_(ty_tensor *x, ty_tensor *end, ty_tensor *weight);
ty_tensor *ty_addcmul(ty_tensor *x, ty_tensor *a, ty_tensor *b, ty_scalar value);
ty_tensor *ty_addcmul_(ty_tensor *x, ty_tensor *a, ty_tensor *b, ty_scalar value);
ty_tensor *ty_addcdiv(ty_tensor *x, ty_tensor *a, ty_tensor *b, ty_scalar value);
ty_tensor *ty_addcdiv_(ty_tensor *x, ty_tensor *a, ty_tensor *b, ty_scalar value);
ty_tensor *ty_logaddexp(ty_tensor *a, ty_tensor *b);
ty_tensor *ty_isclose(ty_tensor *a, ty_tensor *b, double rtol, double atol, bool equal_nan);
ty_tensor *ty_logaddexp2(ty_tensor *a, ty_tensor *b);
ty_tensor *ty_ldexp(ty_tensor *x, ty_tensor *other);
ty_tensor *ty_float_power(ty_tensor *x, ty_tensor *exponent);
ty_tensor *ty_polygamma(int64_t n, ty_tensor *x);
ty_tensor *ty_mvlgamma(ty_tensor *x, int64_t p);
ty_tensor *ty_logit(ty_tensor *x, double eps); /* eps < 0: none */
ty_tensor *ty_entr(ty_tensor *x);
ty_tensor *ty_ndtr(ty_tensor *x);
ty_tensor *ty_nan_to_num(ty_tensor *x, double nan, double posinf, double neginf); /* NaN: the dtype's largest value */
ty_tensor *ty_isin(ty_tensor *elements, ty_tensor *test, bool invert);
/* The form in place of an op that has none of its own: `result` (taken over) goes into x where shape and dtype allow.
 */
ty_tensor *ty_assign_(const char *name, ty_tensor *x, ty_tensor *result);

ty_tensor *ty_where(ty_tensor *condition, ty_tensor *a, ty_tensor *b);
ty_tensor *ty_clamp(ty_tensor *x, ty_tensor *min, ty_tensor *max); /* either may be NULL */
ty_tensor *ty_clamp_(ty_tensor *x, ty_tensor *min, ty_tensor *max);
ty_tensor *ty_fill_(ty_tensor *x, ty_scalar value);
ty_tensor *ty_zero_(ty_tensor *x);
ty_tensor *ty_copy_(ty_tensor *x, ty_tensor *source); /* broadcasts and converts */
ty_dtype ty_result_type(ty_tensor *a, ty_tensor *b);  /* torch.result_type: what an op on these two gives */
bool ty_equal(ty_tensor *a, ty_tensor *b);            /* same shape and elements */
/* torch.allclose; *result is set on success. */
ty_status ty_allclose(ty_tensor *a, ty_tensor *b, double rtol, double atol, bool equal_nan, bool *result);

/* ---- Reductions ----------------------------------------------------------------------------- */
/* ndims 0 (dims NULL) reduces over all dimensions. dtype TY_DTYPE_NONE: as PyTorch (sums of integers are int64). */

ty_tensor *ty_sum(ty_tensor *x, int ndims, const int64_t *dims, bool keepdim, ty_dtype dtype);
ty_tensor *ty_mean(ty_tensor *x, int ndims, const int64_t *dims, bool keepdim, ty_dtype dtype);
ty_tensor *ty_prod(ty_tensor *x, int ndims, const int64_t *dims, bool keepdim, ty_dtype dtype);
ty_tensor *ty_var(ty_tensor *x, int ndims, const int64_t *dims, double correction, bool keepdim);
ty_tensor *ty_std(ty_tensor *x, int ndims, const int64_t *dims, double correction, bool keepdim);
ty_tensor *ty_amax(ty_tensor *x, int ndims, const int64_t *dims, bool keepdim);
ty_tensor *ty_amin(ty_tensor *x, int ndims, const int64_t *dims, bool keepdim);
ty_tensor *ty_all(ty_tensor *x, int ndims, const int64_t *dims, bool keepdim);
ty_tensor *ty_any(ty_tensor *x, int ndims, const int64_t *dims, bool keepdim);
ty_tensor *ty_norm(ty_tensor *x, double p, int ndims, const int64_t *dims, bool keepdim);
ty_tensor *ty_logsumexp(ty_tensor *x, int ndims, const int64_t *dims, bool keepdim);
ty_tensor *ty_max(ty_tensor *x); /* over all elements */
ty_tensor *ty_min(ty_tensor *x);
/* values and indices along one dimension; *indices (int64) is a new reference as well */
ty_tensor *ty_max_dim(ty_tensor *x, int dim, bool keepdim, ty_tensor **indices);
ty_tensor *ty_min_dim(ty_tensor *x, int dim, bool keepdim, ty_tensor **indices);
ty_tensor *ty_argmax(ty_tensor *x, const int *dim, bool keepdim); /* dim NULL: of the flattened tensor */
ty_tensor *ty_argmin(ty_tensor *x, const int *dim, bool keepdim);
ty_tensor *ty_cumsum(ty_tensor *x, int dim, ty_dtype dtype);
ty_tensor *ty_topk(ty_tensor *x, int64_t k, int dim, bool largest, bool sorted, ty_tensor **indices);
ty_tensor *ty_sort(ty_tensor *x, int dim, bool descending, bool stable, ty_tensor **indices);
ty_tensor *ty_cumprod(ty_tensor *x, int dim, ty_dtype dtype);
ty_tensor *ty_cummax(ty_tensor *x, int dim, ty_tensor **indices);
ty_tensor *ty_cummin(ty_tensor *x, int dim, ty_tensor **indices);
ty_tensor *ty_logcumsumexp(ty_tensor *x, int dim);
ty_tensor *ty_diff(ty_tensor *x, int64_t n, int dim, ty_tensor *prepend, ty_tensor *append); /* these may be NULL */
ty_tensor *ty_trapezoid(ty_tensor *y, ty_tensor *x, double dx, int dim);                     /* x NULL: spacing dx */
ty_tensor *ty_cumulative_trapezoid(ty_tensor *y, ty_tensor *x, double dx, int dim);
ty_tensor *ty_searchsorted(ty_tensor *sorted, ty_tensor *values, bool right,
                           ty_tensor *sorter); /* sorter may be NULL */
ty_tensor *ty_nansum(ty_tensor *x, int ndims, const int64_t *dims, bool keepdim, ty_dtype dtype);
ty_tensor *ty_nanmean(ty_tensor *x, int ndims, const int64_t *dims, bool keepdim, ty_dtype dtype);
ty_tensor *ty_nanmedian(ty_tensor *x);
ty_tensor *ty_nanmedian_dim(ty_tensor *x, int dim, bool keepdim, ty_tensor **indices);
ty_tensor *ty_kthvalue(ty_tensor *x, int64_t k, int dim, bool keepdim, ty_tensor **indices); /* k from 1 */
ty_tensor *ty_cov(ty_tensor *x, int64_t correction, ty_tensor *frequencies, ty_tensor *weights);
ty_tensor *ty_corrcoef(ty_tensor *x);
ty_tensor *ty_histogram(ty_tensor *x, ty_tensor *edges, ty_tensor *weight, bool density);
ty_tensor *ty_renorm(ty_tensor *x, double p, int dim, double maxnorm);
ty_tensor *ty_count_nonzero(ty_tensor *x, int ndims, const int64_t *dims);
ty_tensor *ty_median(ty_tensor *x); /* over all elements; of two in the middle the lower */
ty_tensor *ty_median_dim(ty_tensor *x, int dim, bool keepdim, ty_tensor **indices);
ty_tensor *ty_mode(ty_tensor *x, int dim, bool keepdim, ty_tensor **indices);
/* How a quantile between two elements is found. */
typedef enum {
    TY_QUANTILE_LINEAR,
    TY_QUANTILE_LOWER,
    TY_QUANTILE_HIGHER,
    TY_QUANTILE_MIDPOINT,
    TY_QUANTILE_NEAREST
} ty_quantile_how;
ty_tensor *ty_quantile(ty_tensor *x, ty_tensor *q, const int *dim, bool keepdim, ty_quantile_how how);
ty_tensor *ty_nanquantile(ty_tensor *x, ty_tensor *q, const int *dim, bool keepdim, ty_quantile_how how);
/* The different values of x (dim: slices) in order, or of neighbours; inverse, counts (int64) where not NULL. */
ty_tensor *ty_unique(ty_tensor *x, const int *dim, ty_tensor **inverse, ty_tensor **counts);
ty_tensor *ty_unique_consecutive(ty_tensor *x, const int *dim, ty_tensor **inverse, ty_tensor **counts);
ty_tensor *ty_bincount(ty_tensor *x, ty_tensor *weights, int64_t minlength); /* weights may be NULL */
ty_tensor *ty_histc(ty_tensor *x, int64_t bins, double min, double max);     /* min == max: the range of x */

/* ---- Matrix products ------------------------------------------------------------------------ */

ty_tensor *ty_matmul(ty_tensor *a, ty_tensor *b);
ty_tensor *ty_mm(ty_tensor *a, ty_tensor *b);
ty_tensor *ty_bmm(ty_tensor *a, ty_tensor *b);
ty_tensor *ty_mv(ty_tensor *a, ty_tensor *b);
ty_tensor *ty_dot(ty_tensor *a, ty_tensor *b);
ty_tensor *ty_outer(ty_tensor *a, ty_tensor *b);
ty_tensor *ty_addmm(ty_tensor *input, ty_tensor *a, ty_tensor *b, ty_scalar beta, ty_scalar alpha);
ty_tensor *ty_baddbmm(ty_tensor *input, ty_tensor *a, ty_tensor *b, ty_scalar beta, ty_scalar alpha);
/* "ij,jk->ik": products of the operands summed over the letters that the result lacks. */
ty_tensor *ty_einsum(const char *equation, int count, ty_tensor *const *operands);
/* x w^T + bias; x {..., in}, w {out, in}, bias {out} or NULL: {..., out} */
ty_tensor *ty_linear(ty_tensor *x, ty_tensor *weight, ty_tensor *bias);

/* ---- Linear algebra (LAPACK, opened when first needed) --------------------------------------- */
/* torch.linalg's functions of matrices {..., n, m}, float32 or float64; several results come through pointers, each a
 * new reference. What each takes is said above it in core/ops/linalg_*.c. */
typedef enum { TY_QR_REDUCED, TY_QR_COMPLETE, TY_QR_R } ty_qr_mode;
typedef enum { TY_LSTSQ_GELS, TY_LSTSQ_GELSY, TY_LSTSQ_GELSD, TY_LSTSQ_GELSS } ty_lstsq_driver;
typedef enum { TY_NORM_DEFAULT, TY_NORM_ORDER, TY_NORM_FROBENIUS, TY_NORM_NUCLEAR } ty_norm_kind;
typedef enum { TY_CDIST_AUTO, TY_CDIST_PRODUCT, TY_CDIST_DIFFERENCES } ty_cdist_how;
ty_tensor *ty_linalg_lu_factor(ty_tensor *x, ty_tensor **pivots);
ty_tensor *ty_lu_unpack(ty_tensor *lu, ty_tensor *pivots, ty_tensor **lower, ty_tensor **upper); /* P */
ty_tensor *ty_linalg_lu(ty_tensor *x, ty_tensor **lower, ty_tensor **upper);                     /* P */
ty_tensor *ty_linalg_cholesky_ex(ty_tensor *x, bool upper, bool check, ty_tensor **info);        /* info may be NULL */
ty_tensor *ty_linalg_qr(ty_tensor *x, ty_qr_mode mode, ty_tensor **r);
ty_tensor *ty_linalg_eigh(ty_tensor *x, bool upper, ty_tensor **vectors);          /* vectors NULL: values alone */
ty_tensor *ty_linalg_eig(ty_tensor *x, ty_tensor **vectors);                       /* real eigenvalues only */
ty_tensor *ty_linalg_svd(ty_tensor *x, bool full, ty_tensor **s, ty_tensor **vh);  /* both NULL: the values alone */
ty_tensor *ty_linalg_pinv(ty_tensor *x, double atol, double rtol, bool hermitian); /* bounds < 0: not given */
ty_tensor *ty_linalg_matrix_rank(ty_tensor *x, double atol, double rtol, bool hermitian);
ty_tensor *ty_linalg_solve_triangular(ty_tensor *a, ty_tensor *b, bool upper, bool left, bool unit);
ty_tensor *ty_linalg_solve(ty_tensor *a, ty_tensor *b, bool left);
ty_tensor *ty_linalg_inv(ty_tensor *x);
ty_tensor *ty_linalg_det(ty_tensor *x);
ty_tensor *ty_linalg_slogdet(ty_tensor *x, ty_tensor **logabsdet);
ty_tensor *ty_logdet(ty_tensor *x);
ty_tensor *ty_linalg_lu_solve(ty_tensor *lu, ty_tensor *pivots, ty_tensor *b, bool left, bool adjoint);
ty_tensor *ty_cholesky_solve(ty_tensor *b, ty_tensor *factor, bool upper);
ty_tensor *ty_cholesky_inverse(ty_tensor *factor, bool upper);
/* others: residuals, ranks, singular values; rcond < 0: not given */
ty_tensor *ty_linalg_lstsq(ty_tensor *a, ty_tensor *b, double rcond, ty_lstsq_driver driver, ty_tensor *others[3]);
ty_tensor *ty_linalg_tensorinv(ty_tensor *x, int ind);
ty_tensor *ty_linalg_tensorsolve(ty_tensor *a, ty_tensor *b, int ndims, const int64_t *dims);
ty_tensor *ty_linalg_vector_norm(ty_tensor *x, double p, int ndims, const int64_t *dims, bool keepdim, ty_dtype dtype);
ty_tensor *ty_linalg_matrix_norm(ty_tensor *x, ty_norm_kind kind, double order, const int dims[2], bool keepdim,
                                 ty_dtype dtype);
ty_tensor *ty_linalg_norm(ty_tensor *x, ty_norm_kind kind, double order, int ndims, const int64_t *dims, bool keepdim,
                          ty_dtype dtype);
ty_tensor *ty_linalg_cond(ty_tensor *x, ty_norm_kind kind, double order);
ty_tensor *ty_dist(ty_tensor *a, ty_tensor *b, double p);
ty_tensor *ty_cdist(ty_tensor *a, ty_tensor *b, double p, ty_cdist_how how);
ty_tensor *ty_pdist(ty_tensor *x, double p);
ty_tensor *ty_tensordot(ty_tensor *a, ty_tensor *b, int n, const int64_t *dims_a, const int64_t *dims_b);
ty_tensor *ty_inner(ty_tensor *a, ty_tensor *b);
ty_tensor *ty_linalg_vecdot(ty_tensor *a, ty_tensor *b, int dim);
ty_tensor *ty_kron(ty_tensor *a, ty_tensor *b);
ty_tensor *ty_linalg_cross(ty_tensor *a, ty_tensor *b, int dim);
ty_tensor *ty_linalg_multi_dot(ty_tensor *const *tensors, int count);
ty_tensor *ty_linalg_matrix_power(ty_tensor *x, int64_t n);
ty_tensor *ty_linalg_matrix_exp(ty_tensor *x);
ty_tensor *ty_linalg_householder_product(ty_tensor *x, ty_tensor *tau);
ty_tensor *ty_linalg_vander(ty_tensor *x, int64_t columns); /* columns < 0: as many as elements */

/* ---- Softmax family, losses, layers --------------------------------------------------------- */

ty_tensor *ty_softmax(ty_tensor *x, int dim, ty_dtype dtype);
ty_tensor *ty_softmin(ty_tensor *x, int dim, ty_dtype dtype);
ty_tensor *ty_leaky_relu(ty_tensor *x, double negative_slope);
ty_tensor *ty_prelu(ty_tensor *x, ty_tensor *weight); /* weight: one element, or one per channel */
ty_tensor *ty_elu(ty_tensor *x, double alpha);
ty_tensor *ty_selu(ty_tensor *x);
ty_tensor *ty_celu(ty_tensor *x, double alpha);
ty_tensor *ty_threshold(ty_tensor *x, double threshold, double value);
ty_tensor *ty_hardtanh(ty_tensor *x, double low, double high);
ty_tensor *ty_relu6(ty_tensor *x);
ty_tensor *ty_hardsigmoid(ty_tensor *x);
ty_tensor *ty_hardswish(ty_tensor *x);
ty_tensor *ty_gelu(ty_tensor *x, bool approximate_tanh);
ty_tensor *ty_silu(ty_tensor *x);
ty_tensor *ty_softplus(ty_tensor *x, double beta, double threshold);
ty_tensor *ty_mish(ty_tensor *x);
ty_tensor *ty_logsigmoid(ty_tensor *x);
ty_tensor *ty_softsign(ty_tensor *x);
ty_tensor *ty_tanhshrink(ty_tensor *x);
ty_tensor *ty_softshrink(ty_tensor *x, double lambda);
ty_tensor *ty_hardshrink(ty_tensor *x, double lambda);
ty_tensor *ty_glu(ty_tensor *x, int dim);
ty_tensor *ty_log_softmax(ty_tensor *x, int dim, ty_dtype dtype);
ty_tensor *ty_dropout(ty_tensor *x, double p, bool training, ty_generator *g);

/* Dropout of channels {N, C, spatial...} (1 to 3 spatial dims), and that for selu, of elements or channels. */
ty_tensor *ty_dropout_channels(ty_tensor *x, int dims, double p, bool training, ty_generator *g);
ty_tensor *ty_alpha_dropout(ty_tensor *x, double p, bool training, bool channels, ty_generator *g);
ty_tensor *ty_rrelu(ty_tensor *x, double lower, double upper, bool training, ty_generator *g);
ty_tensor *ty_gumbel_softmax(ty_tensor *x, double tau, bool hard, int dim, ty_generator *g);
ty_tensor *ty_leaky_relu_(ty_tensor *x, double negative_slope);
ty_tensor *ty_elu_(ty_tensor *x, double alpha);
ty_tensor *ty_celu_(ty_tensor *x, double alpha);
ty_tensor *ty_selu_(ty_tensor *x);
ty_tensor *ty_threshold_(ty_tensor *x, double threshold, double value);
ty_tensor *ty_hardtanh_(ty_tensor *x, double low, double high);
ty_tensor *ty_rrelu_(ty_tensor *x, double lower, double upper, bool training, ty_generator *g);
/* {..., in1}, {..., in2}, weight {out, in1, in2}, bias {out} or NULL: {..., out} */
ty_tensor *ty_bilinear(ty_tensor *a, ty_tensor *b, ty_tensor *weight, ty_tensor *bias);
/* Rows of weight by index; padding_idx NULL: none; max_norm INFINITY: none. */
ty_tensor *ty_embedding(ty_tensor *index, ty_tensor *weight, const int64_t *padding_idx, double max_norm,
                        double norm_type, bool scale_grad_by_freq);
typedef enum { TY_BAG_SUM, TY_BAG_MEAN, TY_BAG_MAX } ty_bag_mode;
/* Bags of them, {bags, n} or {n} with offsets {bags}; per_sample: factors for sums, or NULL. */
ty_tensor *ty_embedding_bag(ty_tensor *index, ty_tensor *weight, ty_tensor *offsets, ty_bag_mode mode,
                            ty_tensor *per_sample, const int64_t *padding_idx, bool include_last, double max_norm,
                            double norm_type, bool scale_grad_by_freq);
/* Normalisations; weight, bias and (in training) the running statistics, which move, may be NULL. */
ty_tensor *ty_batch_norm(ty_tensor *x, ty_tensor *running_mean, ty_tensor *running_var, ty_tensor *weight,
                         ty_tensor *bias, bool training, double momentum, double eps);
ty_tensor *ty_instance_norm(ty_tensor *x, ty_tensor *running_mean, ty_tensor *running_var, ty_tensor *weight,
                            ty_tensor *bias, bool use_input_stats, double momentum, double eps);
ty_tensor *ty_layer_norm(ty_tensor *x, int ndim, const int64_t *shape, ty_tensor *weight, ty_tensor *bias, double eps);
ty_tensor *ty_rms_norm(ty_tensor *x, int ndim, const int64_t *shape, ty_tensor *weight,
                       double eps); /* eps < 0: dtype's */
ty_tensor *ty_group_norm(ty_tensor *x, int64_t groups, ty_tensor *weight, ty_tensor *bias, double eps);
ty_tensor *ty_local_response_norm(ty_tensor *x, int64_t size, double alpha, double beta, double k);
ty_tensor *ty_normalize(ty_tensor *x, double p, int dim, double eps);

typedef enum { TY_REDUCE_NONE, TY_REDUCE_MEAN, TY_REDUCE_SUM } ty_reduction;
/* log-probabilities {N, C, d...} or {C} against classes {N, d...} or {}; weight {C} or NULL */
ty_tensor *ty_nll_loss(ty_tensor *x, ty_tensor *target, ty_tensor *weight, int64_t ignore_index,
                       ty_reduction reduction);
/* logits against classes (integer) or class probabilities (floating, shape of x) */
ty_tensor *ty_cross_entropy(ty_tensor *x, ty_tensor *target, ty_tensor *weight, int64_t ignore_index,
                            ty_reduction reduction, double label_smoothing);
ty_tensor *ty_mse_loss(ty_tensor *x, ty_tensor *target, ty_reduction reduction);
ty_tensor *ty_l1_loss(ty_tensor *x, ty_tensor *target, ty_reduction reduction);
ty_tensor *ty_smooth_l1_loss(ty_tensor *x, ty_tensor *target, ty_reduction reduction, double beta);
ty_tensor *ty_huber_loss(ty_tensor *x, ty_tensor *target, ty_reduction reduction, double delta);
/* weight, pos_weight: NULL for 1 */
ty_tensor *ty_binary_cross_entropy(ty_tensor *x, ty_tensor *target, ty_tensor *weight, ty_reduction reduction);
ty_tensor *ty_binary_cross_entropy_with_logits(ty_tensor *x, ty_tensor *target, ty_tensor *weight,
                                               ty_tensor *pos_weight, ty_reduction reduction);
/* batch_mean: the sum divided by the size of the batch, whatever the reduction */
ty_tensor *ty_kl_div(ty_tensor *x, ty_tensor *target, ty_reduction reduction, bool batch_mean, bool log_target);
ty_tensor *ty_poisson_nll_loss(ty_tensor *x, ty_tensor *target, bool log_input, bool full, double eps,
                               ty_reduction reduction);
ty_tensor *ty_hinge_embedding_loss(ty_tensor *x, ty_tensor *target, double margin, ty_reduction reduction);
ty_tensor *ty_margin_ranking_loss(ty_tensor *a, ty_tensor *b, ty_tensor *target, double margin, ty_reduction reduction);
ty_tensor *ty_triplet_margin_loss(ty_tensor *anchor, ty_tensor *positive, ty_tensor *negative, double margin, double p,
                                  double eps, bool swap, ty_reduction reduction);
ty_tensor *ty_cosine_embedding_loss(ty_tensor *a, ty_tensor *b, ty_tensor *target, double margin,
                                    ty_reduction reduction);
ty_tensor *ty_multi_margin_loss(ty_tensor *x, ty_tensor *target, int64_t p, double margin, ty_tensor *weight,
                                ty_reduction reduction);
ty_tensor *ty_multilabel_margin_loss(ty_tensor *x, ty_tensor *target, ty_reduction reduction);
ty_tensor *ty_soft_margin_loss(ty_tensor *x, ty_tensor *target, ty_reduction reduction);
ty_tensor *ty_multilabel_soft_margin_loss(ty_tensor *x, ty_tensor *target, ty_tensor *weight, ty_reduction reduction);
/* var: a wrapped number, or of x's shape, or with one dimension of it 1 or the last left out */
ty_tensor *ty_gaussian_nll_loss(ty_tensor *x, ty_tensor *target, ty_tensor *var, bool full, double eps,
                                ty_reduction reduction);
/* log-probabilities {T, N, C} or {T, C} against targets {N, S} or {sum of target_lengths}; lengths {N} or one number */
ty_tensor *ty_ctc_loss(ty_tensor *log_probs, ty_tensor *targets, ty_tensor *input_lengths, ty_tensor *target_lengths,
                       int64_t blank, ty_reduction reduction, bool zero_infinity);
ty_tensor *ty_cosine_similarity(ty_tensor *a, ty_tensor *b, int dim, double eps);
ty_tensor *ty_pairwise_distance(ty_tensor *a, ty_tensor *b, double p, double eps, bool keepdim);

/* ---- Recurrent networks, attention ---------------------------------------------------------- */

typedef enum { TY_RNN_TANH, TY_RNN_RELU, TY_LSTM, TY_GRU } ty_rnn_kind;
typedef struct ty_rnn_options {
    int64_t num_layers;
    bool has_biases, bidirectional, batch_first, training;
    double dropout;          /* between layers, in training */
    ty_generator *generator; /* NULL: the default */
} ty_rnn_options;
/* x {steps, batch, in}, {steps, in}, or packed rows with batch_sizes (else NULL); hx: h0, and c0 for LSTM, or none;
 * params: weight_ih, weight_hh, bias_ih, bias_hh, weight_hr (LSTM's projection) by layer and direction. results:
 * output, last h, last c (LSTM). */
ty_status ty_rnn(ty_rnn_kind kind, ty_tensor *x, ty_tensor *batch_sizes, int hx_count, ty_tensor *const *hx,
                 int params_count, ty_tensor *const *params, const ty_rnn_options *options, ty_tensor *results[3]);
/* One step: the new h, and for LSTM *c_now. h, c NULL: zeros; biases may be NULL. */
ty_tensor *ty_rnn_cell(ty_rnn_kind kind, ty_tensor *x, ty_tensor *h, ty_tensor *c, ty_tensor *weight_ih,
                       ty_tensor *weight_hh, ty_tensor *bias_ih, ty_tensor *bias_hh, ty_tensor **c_now);
/* softmax(query key^T scale + mask) value. query {..., L, E}, key {..., S, E}, value {..., S, Ev}; mask NULL, bool
 * (true: attend) or added; scale NULL: 1 / sqrt(E); enable_gqa: fewer heads (dimension -3) of key and value. */
ty_tensor *ty_scaled_dot_product_attention(ty_tensor *query, ty_tensor *key, ty_tensor *value, ty_tensor *mask,
                                           double dropout_p, bool is_causal, const double *scale, bool enable_gqa,
                                           ty_generator *g);

/* ---- Convolution, pooling, resampling -------------------------------------------------------- */
/* Images are {N, C, d...}, or {C, d...} without a batch, with one to three dimensions d. */

/* A window over the last ndim dimensions. */
typedef struct ty_window {
    int ndim;
    int64_t size[3], stride[3], padding[3], dilation[3];
} ty_window;
/* weight {out, C / groups, k...}, and {C, out / groups, k...} for the transposed one; bias {out} or NULL; window->size
 * is the weight's. same: padding that keeps the sizes. output_padding: a number for each dimension, or NULL. */
ty_tensor *ty_conv(ty_tensor *x, ty_tensor *weight, ty_tensor *bias, const ty_window *window, bool same,
                   int64_t groups);
ty_tensor *ty_conv_transpose(ty_tensor *x, ty_tensor *weight, ty_tensor *bias, const ty_window *window,
                             const int64_t *output_padding, int64_t groups);
/* *indices (a new reference; NULL: not wanted): places in the flattened d... of an image. */
ty_tensor *ty_max_pool(ty_tensor *x, const ty_window *window, bool ceil_mode, ty_tensor **indices);
/* divisor 0: the number of elements under the window. */
ty_tensor *ty_avg_pool(ty_tensor *x, const ty_window *window, bool ceil_mode, bool count_include_pad, int64_t divisor);
ty_tensor *ty_lp_pool(ty_tensor *x, double p, const ty_window *window, bool ceil_mode);
/* To given sizes; -1 keeps one. */
ty_tensor *ty_adaptive_max_pool(ty_tensor *x, int ndim, const int64_t *sizes, ty_tensor **indices);
ty_tensor *ty_adaptive_avg_pool(ty_tensor *x, int ndim, const int64_t *sizes);
ty_tensor *ty_max_unpool(ty_tensor *x, ty_tensor *indices, int ndim, const int64_t *sizes);
/* Two numbers, before and after, for each dimension from the last backwards; value is for TY_PAD_CONSTANT. */
typedef enum { TY_PAD_CONSTANT, TY_PAD_REFLECT, TY_PAD_REPLICATE, TY_PAD_CIRCULAR } ty_pad_mode;
ty_tensor *ty_pad(ty_tensor *x, int count, const int64_t *pads, ty_pad_mode mode, double value);
typedef enum {
    TY_NEAREST,
    TY_LINEAR,
    TY_BILINEAR,
    TY_BICUBIC,
    TY_TRILINEAR,
    TY_AREA,
    TY_NEAREST_EXACT
} ty_interpolation;
/* To `sizes`, or by factors `scales` (the other NULL). align_corners -1: not given. */
ty_tensor *ty_interpolate(ty_tensor *x, const int64_t *sizes, const double *scales, ty_interpolation mode,
                          int align_corners, bool recompute, bool antialias);
typedef enum { TY_GRID_ZEROS, TY_GRID_BORDER, TY_GRID_REFLECTION } ty_grid_padding;
ty_tensor *ty_grid_sample(ty_tensor *x, ty_tensor *grid, ty_interpolation mode, ty_grid_padding padding,
                          bool align_corners);
ty_tensor *ty_affine_grid(ty_tensor *theta, int ndim, const int64_t *sizes, bool align_corners);
ty_tensor *ty_unfold_images(ty_tensor *x, const ty_window *window); /* {N, C k k, blocks}; torch's F.unfold */
ty_tensor *ty_fold(ty_tensor *x, const int64_t sizes[2], const ty_window *window);
ty_tensor *ty_pixel_shuffle(ty_tensor *x, int64_t factor);
ty_tensor *ty_pixel_unshuffle(ty_tensor *x, int64_t factor);
ty_tensor *ty_channel_shuffle(ty_tensor *x, int64_t groups);

/* ---- Indexing ------------------------------------------------------------------------------- */
/* Advanced indexing as in PyTorch: indices[d] is an integer or bool tensor, or NULL for "all of this dimension". */
ty_tensor *ty_index(ty_tensor *x, int count, ty_tensor *const *indices);
ty_tensor *ty_index_put_(ty_tensor *x, int count, ty_tensor *const *indices, ty_tensor *values, bool accumulate);
ty_tensor *ty_index_select(ty_tensor *x, int dim, ty_tensor *index);
ty_tensor *ty_gather(ty_tensor *x, int dim, ty_tensor *index);
ty_tensor *ty_scatter(ty_tensor *x, int dim, ty_tensor *index, ty_tensor *source);
ty_tensor *ty_scatter_add(ty_tensor *x, int dim, ty_tensor *index, ty_tensor *source);
ty_tensor *ty_scatter_(ty_tensor *x, int dim, ty_tensor *index, ty_tensor *source);
ty_tensor *ty_scatter_add_(ty_tensor *x, int dim, ty_tensor *index, ty_tensor *source);
ty_tensor *ty_masked_fill(ty_tensor *x, ty_tensor *mask, ty_tensor *value);
ty_tensor *ty_masked_fill_(ty_tensor *x, ty_tensor *mask, ty_tensor *value);
ty_tensor *ty_masked_select(ty_tensor *x, ty_tensor *mask);
ty_tensor *ty_masked_scatter(ty_tensor *x, ty_tensor *mask, ty_tensor *source);
ty_tensor *ty_index_add(ty_tensor *x, int dim, ty_tensor *index, ty_tensor *source, ty_scalar alpha);
ty_tensor *ty_index_copy(ty_tensor *x, int dim, ty_tensor *index, ty_tensor *source);
ty_tensor *ty_index_fill(ty_tensor *x, int dim, ty_tensor *index, ty_tensor *value);
typedef enum { TY_SCATTER_SUM, TY_SCATTER_PROD, TY_SCATTER_MEAN, TY_SCATTER_AMAX, TY_SCATTER_AMIN } ty_scatter_how;
ty_tensor *ty_scatter_reduce(ty_tensor *x, int dim, ty_tensor *index, ty_tensor *source, ty_scatter_how how, bool self);
ty_tensor *ty_index_reduce(ty_tensor *x, int dim, ty_tensor *index, ty_tensor *source, ty_scatter_how how, bool self);
ty_tensor *ty_put(ty_tensor *x, ty_tensor *index, ty_tensor *source, bool accumulate);
ty_tensor *ty_take_along_dim(ty_tensor *x, ty_tensor *index, const int *dim);
ty_tensor *ty_select_scatter(ty_tensor *x, ty_tensor *source, int dim, int64_t index);
ty_tensor *ty_slice_scatter(ty_tensor *x, ty_tensor *source, int dim, int64_t start, int64_t end, int64_t step);
ty_tensor *ty_diagonal_scatter(ty_tensor *x, ty_tensor *source, int64_t offset, int dim1, int dim2);
ty_tensor *ty_nonzero(ty_tensor *x);
ty_tensor *ty_one_hot(ty_tensor *x, int64_t classes); /* classes -1: largest + 1 */
/* Rows `index` of x, converted to float32 and mapped to value * scale + shift in the same pass: how batches are made of
 * uint8 images. x {N, d...} of any dtype, index int64 {B}: {B, d...}. */
ty_tensor *ty_gather_rows(ty_tensor *x, ty_tensor *index, double scale, double shift);
/* Indices that count from 1 (of any integer dtype) as int64 that count from 0: positive ones less 1, negative ones
 * unchanged, 0 as *zero (NULL: fails). For faces, as Lua's, that count from 1; there a class 0 is TY_NO_CLASS. */
#define TY_NO_CLASS INT64_MIN
ty_tensor *ty_index_from_one(ty_tensor *index, const int64_t *zero);

/* ---- Autograd ------------------------------------------------------------------------------- */

bool ty_requires_grad(const ty_tensor *x);
ty_status ty_set_requires_grad(ty_tensor *x, bool requires_grad); /* floating leaves only */
bool ty_is_leaf(const ty_tensor *x);
ty_tensor *ty_grad_of(ty_tensor *x);                  /* borrowed; NULL when there is none yet */
ty_status ty_set_grad(ty_tensor *x, ty_tensor *grad); /* NULL clears */
/* x.data = data: the leaf x takes over the shape, dtype and (shared) memory of data and stays who it is. */
ty_status ty_set_data(ty_tensor *x, ty_tensor *data);
ty_status ty_retain_grad(ty_tensor *x);          /* keep the gradient of a non-leaf */
ty_tensor *ty_detach_(ty_tensor *x);             /* x forgets its history; not for views */
const char *ty_grad_fn_name(const ty_tensor *x); /* "AddBackward0"; NULL for a leaf */
int ty_output_nr(ty_tensor *x);                  /* which output of its op */
/* Accumulates d root / d leaf into the leaves' grad. gradient NULL: root has one element. */
ty_status ty_backward(ty_tensor *root, ty_tensor *gradient, bool retain_graph, bool create_graph);
/* The same for several roots (gradients may be NULL, or hold NULLs); inputs_count -1: all leaves, else these tensors
 * alone get their gradients into grad. */
ty_status ty_backward_many(int roots_count, ty_tensor *const *roots, ty_tensor *const *gradients, bool retain_graph,
                           bool create_graph, int inputs_count, ty_tensor *const *inputs);
/* torch.autograd.grad: grads[i] (new references, NULL where unused and allowed) of the roots' sum. */
ty_status ty_grad(int roots_count, ty_tensor *const *roots, ty_tensor *const *gradients, int inputs_count,
                  ty_tensor *const *inputs, bool retain_graph, bool create_graph, bool allow_unused, ty_tensor **grads);
bool ty_grad_enabled(void);
bool ty_set_grad_enabled(bool enabled); /* returns what it was */
/* Inference mode of this thread: nothing is recorded, and tensors made in it are never saved for a gradient. */
bool ty_inference_mode_enabled(void);
bool ty_set_inference_mode(bool enabled); /* returns what it was */
bool ty_is_inference(const ty_tensor *x);

/* A step of the recorded graph: an op, or a leaf's accumulator. Both NULL: none. By value, counted by retain/release.
 */
typedef struct ty_node {
    struct tyi_node *op;
    ty_tensor *leaf;
} ty_node;
ty_node ty_grad_fn(ty_tensor *x); /* new reference; none for a leaf */
ty_node ty_node_retain(ty_node node);
void ty_node_release(ty_node node);
const char *ty_node_name(ty_node node);
int ty_node_inputs(ty_node node);
ty_node ty_node_next(ty_node node, int input, int *nr); /* where an input came from (new reference), *nr: its output */
bool ty_node_wants(ty_node node, int input);            /* for a running gradient: whether it is needed */
/* What a function of ty_record_function() saved: a new reference; *none: NULL was saved. */
ty_tensor *ty_node_saved(ty_node node, int i, bool *none);

/* Hooks run while gradients flow and may replace them: grads[i] is owned by its slot (NULL: zero) and keeps its shape
 * and dtype. ty_register_hook: the gradient of x. On a node, before it runs: of its outputs; after: of its inputs, with
 * grad_outputs beside them. After a leaf's grad was accumulated: grads[0] is the leaf itself. */
typedef struct ty_hook ty_hook;
typedef struct ty_hook_spec {
    ty_status (*call)(void *data, int count, ty_tensor **grads, int outputs_count, ty_tensor *const *grad_outputs);
    void (*used)(void *data);    /* what it is on was just made part of a graph; NULL: never told */
    void (*release)(void *data); /* once, when the hook is removed or what it is on goes; NULL: nothing to do */
    void *data;
} ty_hook_spec;
ty_hook *ty_register_hook(ty_tensor *x, const ty_hook_spec *spec); /* each gives a new reference */
ty_hook *ty_register_post_accumulate_grad_hook(ty_tensor *leaf, const ty_hook_spec *spec);
ty_hook *ty_node_register_prehook(ty_node node, const ty_hook_spec *spec);
ty_hook *ty_node_register_hook(ty_node node, const ty_hook_spec *spec);
void ty_hook_remove(ty_hook *hook);  /* it is called no more */
void ty_hook_release(ty_hook *hook); /* one reference less: the hook itself stays */
void ty_hooks_used(ty_tensor *x);    /* tells the hooks on x that something new holds it */
bool ty_is_unused(ty_tensor *x);     /* nothing but one reference holds x, and nothing but x its history */

/* A function with a gradient of its own. `backward` gets a gradient for each output and sets those of the inputs (new
 * references, NULL: zero). `data` is taken over, also on failure. */
typedef struct ty_function {
    const char *name; /* copied */
    ty_status (*backward)(void *data, ty_node node, ty_tensor *const *grad_out, ty_tensor **grad_in);
    void (*release)(void *data);
    void *data;
    bool materialize_grads; /* gradients of outputs are never NULL */
} ty_function;
enum { TY_OUTPUT_DIRTY = 1, TY_OUTPUT_CONSTANT = 2 }; /* an input changed in place; never gets a gradient */
/* Records what was computed outside the tape. outputs may be replaced by aliases; flags: one byte for each. */
ty_status ty_record_function(const ty_function *function, int inputs_count, ty_tensor *const *inputs, int outputs_count,
                             ty_tensor **outputs, const unsigned char *flags, int saved_count, ty_tensor *const *saved);

/* What ops keep for their gradients goes through these: pack gives what is kept in place of x (NULL: failure), unpack a
 * new reference to its values. */
typedef struct ty_saved_hooks {
    void *(*pack)(void *data, ty_tensor *x);
    ty_tensor *(*unpack)(void *data, void *packed);
    void (*release)(void *data, void *packed);
    void *data;
} ty_saved_hooks;
void ty_set_saved_hooks(const ty_saved_hooks *hooks); /* of this thread; copied; NULL: none */

/* Anomaly mode of this thread: ops note where they were called, by `where` (a text to be freed, or NULL), failures of
 * gradients say so, and with check_nan a gradient that is NaN is a failure. where NULL: off. */
void ty_set_anomaly_mode(char *(*where)(void *data), void *data, bool check_nan);

/* ---- Initialisers (torch.nn.init), in place ------------------------------------------------- */

typedef enum { TY_FAN_IN, TY_FAN_OUT } ty_fan_mode;
typedef enum {
    TY_NONLINEARITY_LINEAR,
    TY_NONLINEARITY_SIGMOID,
    TY_NONLINEARITY_TANH,
    TY_NONLINEARITY_RELU,
    TY_NONLINEARITY_LEAKY_RELU,
    TY_NONLINEARITY_SELU
} ty_nonlinearity;
double ty_calculate_gain(ty_nonlinearity nonlinearity, double param);
ty_status ty_init_fans(ty_tensor *x, int64_t *fan_in, int64_t *fan_out);
ty_tensor *ty_init_kaiming_uniform_(ty_tensor *x, double a, ty_fan_mode mode, ty_nonlinearity nonlinearity,
                                    ty_generator *g);
ty_tensor *ty_init_kaiming_normal_(ty_tensor *x, double a, ty_fan_mode mode, ty_nonlinearity nonlinearity,
                                   ty_generator *g);
ty_tensor *ty_init_xavier_uniform_(ty_tensor *x, double gain, ty_generator *g);
ty_tensor *ty_init_xavier_normal_(ty_tensor *x, double gain, ty_generator *g);
ty_tensor *ty_init_eye_(ty_tensor *x);
ty_tensor *ty_init_dirac_(ty_tensor *x, int64_t groups);
ty_tensor *ty_init_orthogonal_(ty_tensor *x, double gain, ty_generator *g);
ty_tensor *ty_init_sparse_(ty_tensor *x, double sparsity, double std, ty_generator *g);
ty_tensor *ty_init_trunc_normal_(ty_tensor *x, double mean, double std, double a, double b, ty_generator *g);

/* ---- Optimisers ----------------------------------------------------------------------------- */
/* An optimiser holds references to its parameters and one state tensor per parameter and state name. Options have
 * PyTorch's names and defaults and can be changed between steps. Parameters without a gradient are skipped. */
typedef struct ty_optim ty_optim;
ty_optim *ty_optim_new(const char *kind, int count, ty_tensor *const *params); /* "SGD", "Adam", ... */
void ty_optim_free(ty_optim *o);
ty_status ty_optim_set(ty_optim *o, const char *option, double value);
ty_status ty_optim_get(const ty_optim *o, const char *option, double *value);
ty_status ty_optim_step(ty_optim *o);
ty_status ty_optim_zero_grad(ty_optim *o, bool set_to_none);
/* Names of the options / of the state tensors, NULL-terminated. */
const char *const *ty_optim_options(const ty_optim *o);
const char *const *ty_optim_states(const ty_optim *o);
/* State of parameter i: borrowed; NULL while there is none (before its first step). */
ty_tensor *ty_optim_state(const ty_optim *o, int i, const char *name);
ty_status ty_optim_set_state(ty_optim *o, int i, const char *name, ty_tensor *value);
/* Steps that parameter i has taken (0 before the first). */
int64_t ty_optim_step_count(const ty_optim *o, int i);
ty_status ty_optim_set_step_count(ty_optim *o, int i, int64_t steps);

/* ---- Files ---------------------------------------------------------------------------------- */

/* Plain data of a file: what torch.save stores without executing anything. A tree; each node owns its children. */
typedef enum {
    TY_NIL,
    TY_TRUE_FALSE,
    TY_INTEGER,
    TY_NUMBER,
    TY_STRING,
    TY_TENSOR,
    TY_LIST,
    TY_TUPLE,
    TY_DICT
} ty_value_kind;
typedef struct ty_value ty_value;
struct ty_value {
    ty_value_kind kind;
    bool parameter;  /* TY_TENSOR: was a Parameter; requires_grad is on the tensor */
    bool ordered;    /* TY_DICT: an OrderedDict */
    int64_t integer; /* TY_INTEGER, TY_TRUE_FALSE */
    double number;   /* TY_NUMBER */
    char *string;    /* TY_STRING, with `length` bytes and a final 0 */
    size_t length;
    ty_tensor *tensor; /* TY_TENSOR: owned reference */
    ty_value **keys;   /* TY_DICT: `count` keys */
    ty_value **items;  /* TY_LIST, TY_TUPLE, TY_DICT: `count` items */
    size_t count, capacity;
};
ty_value *ty_value_new(ty_value_kind kind);
ty_value *ty_value_string(const char *bytes, size_t length);
ty_value *ty_value_tensor(ty_tensor *x); /* takes its own reference */
/* Appends to a list, tuple or dict (key NULL for the first two). Consumes key and item, also when it fails. */
ty_status ty_value_append(ty_value *parent, ty_value *key, ty_value *item);
void ty_value_free(ty_value *v);
/* PyTorch's zip format. Saving is atomic: the target holds its old bytes until the new ones are safe on disk. */
ty_status ty_save(const ty_value *v, const char *path);
ty_value *ty_load(const char *path);
/* The same, but an object of a class that is not data (of torch.save(model)) becomes a dict of its attributes, its class
 * under "__class__". Nothing is executed. */
ty_value *ty_load_partial(const char *path);
/* IDX (MNIST's format), gzipped or not, as a tensor of its dtype. */
ty_tensor *ty_load_idx(const char *path);

/* NumPy's .npy, and .npz as a dict of arrays. Values in column order come as a transposed view. */
ty_tensor *ty_load_npy(const char *path);
ty_status ty_save_npy(ty_tensor *x, const char *path);
ty_value *ty_load_npz(const char *path);
ty_status ty_save_npz(const ty_value *arrays, bool compressed, const char *path);

/* JSON: whole numbers come as integers. `name` is for messages; an encoded text is freed by free(). */
ty_value *ty_load_json(const char *path);
ty_value *ty_json_decode(const char *text, size_t length, const char *name);
ty_status ty_save_json(const ty_value *v, bool indent, const char *path);
char *ty_json_encode(const ty_value *v, bool indent);

/* CSV as a dict of columns: int64, float64 (NaN where a value is missing) or bool tensors; other text as a dict with
 * int64 "codes" into its list of "classes". */
typedef struct ty_csv_options {
    char delimiter, quote;
    bool header;                /* the first row holds the names; otherwise they are "1", "2", ... */
    const char *const *missing; /* words for a missing value besides the usual ones, NULL-terminated; or NULL */
} ty_csv_options;
ty_value *ty_load_csv(const char *path, const ty_csv_options *options);

/* PNG and JPEG images as uint8{channels, height, width}; {height, width} is written as grey. */
typedef enum { TY_IMAGE_UNCHANGED, TY_IMAGE_GRAY, TY_IMAGE_GRAY_ALPHA, TY_IMAGE_RGB, TY_IMAGE_RGB_ALPHA } ty_image_mode;
ty_tensor *ty_read_image(const char *path, ty_image_mode mode);
ty_tensor *ty_decode_image(const void *bytes, size_t length, ty_image_mode mode, const char *name); /* for messages */
ty_status ty_write_png(ty_tensor *x, const char *path);
ty_status ty_write_jpeg(ty_tensor *x, int quality, const char *path);

/* safetensors. An open file is mapped: a tensor's bytes are read when they are first touched, and what is written into
 * it stays in memory. Tensors live on after the close. Names are in the file's order. */
typedef struct ty_safetensors ty_safetensors;
ty_safetensors *ty_safetensors_open(const char *path);
void ty_safetensors_close(ty_safetensors *f);
size_t ty_safetensors_count(const ty_safetensors *f);
const char *ty_safetensors_name(const ty_safetensors *f, size_t i); /* NULL past the last */
ty_tensor *ty_safetensors_get(ty_safetensors *f, const char *name);
const ty_value *ty_safetensors_metadata(const ty_safetensors *f); /* a dict of strings */
/* `tensors` is a dict of names and tensors, `metadata` a dict of strings or NULL. Atomic, as ty_save(). */
ty_status ty_safetensors_save(const ty_value *tensors, const ty_value *metadata, const char *path);

#ifdef __cplusplus
}
#endif
#endif
