/*
 * Rows of the binding table: random tensors, in-place sampling, and the default generator's seed and state. The numbers
 * are those of PyTorch's CPU generator for the same seed.
 */
#include "args.h"

#define SIZED "(size: sizes..., *, generator: generator?, " TYB_MAKE ") -> Tensor"
#define LIKE  "(input: Tensor, *, generator: generator?, " TYB_MAKE ") -> Tensor"

static void rand_(tyb_call *c)
{
    RETURN(tyb_with_grad(ty_rand(COUNT(0), INTS(0), DTYPE(2), DEVICE(3), GENERATOR(1)), BOOL(4)));
}

static void randn(tyb_call *c)
{
    RETURN(tyb_with_grad(ty_randn(COUNT(0), INTS(0), DTYPE(2), DEVICE(3), GENERATOR(1)), BOOL(4)));
}

static ty_dtype like_dtype(tyb_call *c)
{
    return GIVEN(2) ? DTYPE(2) : ty_dtype_of(T(0));
}

static ty_device like_device(tyb_call *c)
{
    return GIVEN(3) ? DEVICE(3) : ty_device_of(T(0));
}

static void rand_like(tyb_call *c)
{
    RETURN(tyb_with_grad(ty_rand(ty_ndim(T(0)), ty_sizes(T(0)), like_dtype(c), like_device(c), GENERATOR(1)), BOOL(4)));
}

static void randn_like(tyb_call *c)
{
    RETURN(
        tyb_with_grad(ty_randn(ty_ndim(T(0)), ty_sizes(T(0)), like_dtype(c), like_device(c), GENERATOR(1)), BOOL(4)));
}

static void randint(tyb_call *c)
{
    if (c->form == 0)
        RETURN(tyb_with_grad(ty_randint(0, INT(0), COUNT(1), INTS(1), DTYPE(3), DEVICE(4), GENERATOR(2)), BOOL(5)));
    else
        RETURN(
            tyb_with_grad(ty_randint(INT(0), INT(1), COUNT(2), INTS(2), DTYPE(4), DEVICE(5), GENERATOR(3)), BOOL(6)));
}

static void randperm(tyb_call *c)
{
    RETURN(ty_randperm(INT(0), DTYPE(2), DEVICE(3), GENERATOR(1)));
}

static void bernoulli(tyb_call *c)
{
    if (c->form == 0) {
        RETURN(ty_bernoulli(T(0), GENERATOR(1)));
        return;
    }
    ty_tensor *x = ty_empty_like(T(0), TY_DTYPE_NONE);
    RETURN(x ? ty_bernoulli_(x, FLOAT(1), GENERATOR(2)) : NULL);
    ty_release(x);
}

static void multinomial(tyb_call *c)
{
    RETURN(ty_multinomial(T(0), INT(1), BOOL(2), GENERATOR(3)));
}

static void normal(tyb_call *c)
{
    if (c->form == 0) {
        ty_tensor *x = ty_empty(COUNT(2), INTS(2), DTYPE(4), TY_DEVICE_CPU);
        RETURN(x ? ty_normal_(x, FLOAT(0), FLOAT(1), GENERATOR(3)) : NULL);
        ty_release(x);
        return;
    }
    ty_tensor *one = GIVEN(1) ? ty_retain(T(1)) : ty_scalar_tensor(ty_float(1), TY_DTYPE_NONE, true);
    RETURN(one ? ty_normal(T(0), one, GENERATOR(2)) : NULL);
    ty_release(one);
}

static void uniform_(tyb_call *c)
{
    RETURN(ty_uniform_(T(0), FLOAT(1), FLOAT(2), GENERATOR(3)));
}

static void normal_(tyb_call *c)
{
    RETURN(ty_normal_(T(0), FLOAT(1), FLOAT(2), GENERATOR(3)));
}

static void bernoulli_(tyb_call *c)
{
    if (c->form == 0) {
        RETURN(ty_bernoulli_(T(0), FLOAT(1), GENERATOR(2)));
        return;
    }
    ty_tensor *wide = ty_expand(T(1), ty_ndim(T(0)), ty_sizes(T(0)));
    ty_tensor *drawn = ty_bernoulli(wide, GENERATOR(2));
    RETURN(ty_copy_(T(0), drawn));
    ty_release(wide);
    ty_release(drawn);
}

static void exponential_(tyb_call *c)
{
    RETURN(ty_exponential_(T(0), FLOAT(1), GENERATOR(2)));
}

static void cauchy_(tyb_call *c)
{
    RETURN(ty_cauchy_(T(0), FLOAT(1), FLOAT(2), GENERATOR(3)));
}

static void log_normal_(tyb_call *c)
{
    RETURN(ty_log_normal_(T(0), FLOAT(1), FLOAT(2), GENERATOR(3)));
}

static void geometric_(tyb_call *c)
{
    RETURN(ty_geometric_(T(0), FLOAT(1), GENERATOR(2)));
}

static void poisson(tyb_call *c)
{
    RETURN(ty_poisson(T(0), GENERATOR(1)));
}

static void random_(tyb_call *c)
{
    if (c->form == 0)
        RETURN(ty_random_(T(0), INT64_MAX, INT64_MIN, GENERATOR(1)));
    else if (c->form == 1)
        RETURN(ty_random_(T(0), 0, INT(1), GENERATOR(2)));
    else
        RETURN(ty_random_(T(0), INT(1), GIVEN(2) ? INT(2) : INT64_MIN, GENERATOR(3)));
}

static void randint_like(tyb_call *c)
{
    ty_tensor *x = T(0);
    int at = c->form == 0 ? 2 : 3; /* of the generator; after it dtype, device, requires_grad */
    int64_t low = c->form == 0 ? 0 : INT(1), high = INT(c->form == 0 ? 1 : 2);
    RETURN(tyb_with_grad(ty_randint(low, high, ty_ndim(x), ty_sizes(x), GIVEN(at + 1) ? DTYPE(at + 1) : ty_dtype_of(x),
                                    GIVEN(at + 2) ? DEVICE(at + 2) : ty_device_of(x), GENERATOR(at)),
                         BOOL(at + 3)));
}

static void manual_seed(tyb_call *c)
{
    c->status = ty_capture_refuse("manual_seed", "call it outside the step");
    if (c->status == TY_OK)
        ty_manual_seed(NULL, (uint64_t)INT(0));
}

static void initial_seed(tyb_call *c)
{
    c->out[0].i = (int64_t)ty_initial_seed(NULL);
}

static void seed(tyb_call *c)
{
    c->out[0].i = (int64_t)ty_seed(NULL);
}

static void get_rng_state(tyb_call *c)
{
    uint8_t bytes[TY_RNG_STATE_BYTES];
    ty_get_rng_state(NULL, bytes);
    RETURN(ty_from_data(bytes, 1, (int64_t[]){TY_RNG_STATE_BYTES}, TY_UINT8));
}

static void set_rng_state(tyb_call *c)
{
    ty_tensor *x = T(0);
    if (ty_dtype_of(x) != TY_UINT8 || ty_numel(x) != TY_RNG_STATE_BYTES || !ty_is_contiguous(x) || !ty_data(x))
        c->status = ty_fail(TY_ERROR_VALUE,
                            "set_rng_state: the state is a contiguous uint8 tensor of %d elements, got %s of %lld",
                            TY_RNG_STATE_BYTES, ty_dtype_name(ty_dtype_of(x)), (long long)ty_numel(x));
    else
        c->status = ty_set_rng_state(NULL, ty_data(x));
}

const tyb_row tyb_rows_random[] = {
    {"rand", SIZED, rand_, TYB_TY | TYB_OUT, "Numbers drawn evenly from 0 (included) to 1 (excluded).",
     "ty.rand(2, 3)"},
    {"randn", SIZED, randn, TYB_TY | TYB_OUT, "Numbers drawn from the normal distribution with mean 0 and deviation 1.",
     "ty.randn(2, 3)"},
    {"rand_like", LIKE, rand_like, TYB_TY, "ty.rand with the size and dtype of input.", "ty.rand_like(ty.zeros(2, 3))"},
    {"randn_like", LIKE, randn_like, TYB_TY, "ty.randn with the size and dtype of input.",
     "ty.randn_like(ty.zeros(2, 3))"},
    {"randint",
     "(high: int, size: sizes, *, generator: generator?, " TYB_MAKE ") -> Tensor\n"
     "(low: int, high: int, size: sizes, *, generator: generator?, " TYB_MAKE ") -> Tensor",
     randint, TYB_TY | TYB_OUT,
     "Whole numbers from low (included; 0 when not given) to high (excluded), int64 unless dtype says otherwise. They "
     "are "
     "numbers, not positions, so nothing is counted from 1.",
     "ty.randint(1, 7, {10})"},
    {"randperm", "(n: int, *, generator: generator?, dtype: dtype?, device: device?) -> Indices", randperm,
     TYB_TY | TYB_OUT, "The positions 1 to n in random order, int64.", "ty.randperm(5)"},
    {"bernoulli",
     "(input: Tensor, *, generator: generator?) -> Tensor\n"
     "(input: Tensor, p: float, *, generator: generator?) -> Tensor",
     bernoulli, TYB_BOTH,
     "1 with the probability that each element of input (or p) gives, else 0; of input's dtype and size.",
     "ty.bernoulli(ty.full({4}, 0.5))"},
    {"multinomial", "(input: Tensor, num_samples: int, replacement: bool = false, *, generator: generator?) -> Indices",
     multinomial, TYB_BOTH,
     "num_samples positions (int64, from 1) drawn by the weights in each row of input {n} or {rows, n}. "
     "They are drawn where the weights are, by that device's generator; without replacement no position comes twice.",
     "ty.multinomial(ty.tensor{0.1, 0.9}, 1)"},
    {"normal",
     "(mean: float, std: float, size: sizes, *, generator: generator?, dtype: dtype?) -> Tensor\n"
     "(mean: Tensor|number, std: Tensor|number?, *, generator: generator?) -> Tensor",
     normal, TYB_TY,
     "Normal numbers with a mean and a deviation (1 when not given) for each element, or of the size given.",
     "ty.normal(0, 2, {3})"},
    {"uniform_", "(input: Tensor, from: float = 0, to: float = 1, *, generator: generator?) -> self", uniform_,
     TYB_METHOD, "Fills input with numbers drawn evenly between from and to.", "ty.empty(3):uniform_(-1, 1)"},
    {"normal_", "(input: Tensor, mean: float = 0, std: float = 1, *, generator: generator?) -> self", normal_,
     TYB_METHOD, "Fills input with normal numbers.", "ty.empty(3):normal_()"},
    {"bernoulli_",
     "(input: Tensor, p: float = 0.5, *, generator: generator?) -> self\n"
     "(input: Tensor, p: Tensor, *, generator: generator?) -> self",
     bernoulli_, TYB_METHOD,
     "Fills input with 1 (probability p) and 0. p may be a floating tensor that broadcasts to input.",
     "ty.empty(3):bernoulli_(0.5)"},
    {"exponential_", "(input: Tensor, lambd: float = 1, *, generator: generator?) -> self", exponential_, TYB_METHOD,
     "Fills input with exponentially distributed numbers of rate lambd.", "ty.empty(3):exponential_()"},
    {"cauchy_", "(input: Tensor, median: float = 0, sigma: float = 1, *, generator: generator?) -> self", cauchy_,
     TYB_METHOD, "Fills input with numbers of the Cauchy distribution.", "ty.empty(3):cauchy_()"},
    {"log_normal_", "(input: Tensor, mean: float = 1, std: float = 2, *, generator: generator?) -> self", log_normal_,
     TYB_METHOD, "Fills input with numbers whose logarithms are normal with this mean and deviation.",
     "ty.empty(3):log_normal_(0, 0.5)"},
    {"geometric_", "(input: Tensor, p: float, *, generator: generator?) -> self", geometric_, TYB_METHOD,
     "Fills input with 1, 2, ...: how many trials of probability p a first success takes.",
     "ty.empty(3):geometric_(0.5)"},
    {"poisson", "(input: Tensor, *, generator: generator?) -> Tensor", poisson, TYB_TY,
     "Counts of the Poisson distributions whose rates input holds.", "ty.poisson(ty.tensor{0.5, 20.0})"},
    {"randint_like",
     "(input: Tensor, high: int, *, generator: generator?, " TYB_MAKE ") -> Tensor\n"
     "(input: Tensor, low: int, high: int, *, generator: generator?, " TYB_MAKE ") -> Tensor",
     randint_like, TYB_TY, "ty.randint with the size and dtype of input.", "ty.randint_like(ty.zeros(2, 3), 10)"},
    {"random_",
     "(input: Tensor, *, generator: generator?) -> self\n"
     "(input: Tensor, to: int, *, generator: generator?) -> self\n"
     "(input: Tensor, from: int, to: int?, *, generator: generator?) -> self",
     random_, TYB_METHOD,
     "Fills input with whole numbers from `from` (0 when not given) to `to` (excluded; when not given, up to the "
     "largest "
     "number that the dtype holds exactly).",
     "ty.empty(3):random_(10)"},
    {"manual_seed", "(seed: int) -> none", manual_seed, TYB_TY,
     "Seeds the default generator. From the same seed all random functions, first weights, dropout and shuffles draw "
     "the "
     "values of PyTorch's CPU generator (2.7 and later, as PyPI ships it; earlier builds drew dropout, bernoulli_(p) "
     "and "
     "exponential_ through MKL and differ). float64 normals, fewer than 16 normals at once, exponentials, cauchy_ and "
     "log_normal_ go through the C library's functions: another library may change their last bit.",
     "ty.manual_seed(7)\nprint(ty.rand(1))\n--> tensor({0.5349})"},
    {"initial_seed", "() -> int", initial_seed, TYB_TY, "The seed that the default generator was given last.",
     "ty.initial_seed()"},
    {"seed", "() -> int", seed, TYB_TY, "Seeds the default generator from the system and returns the seed.",
     "ty.seed()"},
    {"get_rng_state", "() -> Tensor", get_rng_state, TYB_TY, "The default generator's state, a uint8 tensor.",
     "ty.get_rng_state().shape"},
    {"set_rng_state", "(new_state: Tensor) -> none", set_rng_state, TYB_TY,
     "Puts the default generator into a state that ty.get_rng_state gave.", "ty.set_rng_state(ty.get_rng_state())"},
    {0},
};
