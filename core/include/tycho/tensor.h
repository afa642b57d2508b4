/* Tensors: life and facts, creation, random numbers. Relies on base.h. */
#ifndef TYCHO_H
#error "include tycho.h, which includes its sections in order"
#endif

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
/* ty_scalar_tensor(value, TY_DTYPE_NONE, true) again and again: *number, NULL or an earlier one, is written again when
 * nobody else holds it, else replaced. NULL after a failure. */
ty_status ty_number(ty_tensor **number, ty_scalar value);
ty_tensor *ty_to(ty_tensor *x, ty_dtype dtype, ty_device device, bool copy);
ty_tensor *ty_to_dtype(ty_tensor *x, ty_dtype dtype);
ty_tensor *ty_clone(ty_tensor *x);
ty_tensor *ty_contiguous(ty_tensor *x);

/* ---- Random numbers: the values of PyTorch's CPU generator ---------------------------------- */

ty_generator *ty_generator_new(uint64_t seed);
ty_generator *ty_generator_new_on(ty_device device, uint64_t seed); /* draws for tensors of that device alone */
ty_device ty_generator_device(const ty_generator *g);
void ty_generator_free(ty_generator *g);
ty_generator *ty_default_generator(void);
void ty_manual_seed(ty_generator *g,
                    uint64_t seed); /* g NULL: the default generator, here and below; and all devices' */
uint64_t ty_initial_seed(const ty_generator *g);
uint64_t ty_seed(ty_generator *g); /* seeds from the system and returns the seed */
#define TY_RNG_STATE_BYTES 5056
/* The bytes of a generator's saved state: TY_RNG_STATE_BYTES, or for one of a CUDA device 16 (seed and offset). */
size_t ty_rng_state_bytes(const ty_generator *g);
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
