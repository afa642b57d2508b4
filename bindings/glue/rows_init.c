/*
 * Rows of the binding table: torch.nn.init. All fill their tensor in place, unseen by autograd, so that they take
 * parameters.
 */
#include "args.h"

#define NONLINEARITY "\"linear\"|\"sigmoid\"|\"tanh\"|\"relu\"|\"leaky_relu\"|\"selu\"|\"conv1d\"|\"conv2d\"|\"conv3d\""
#define KAIMING                                                                                                        \
    "(tensor: Tensor, a: float = 0, mode: \"fan_in\"|\"fan_out\" = \"fan_in\", nonlinearity: " NONLINEARITY            \
    " = \"leaky_relu\", generator: generator?) -> self"
#define XAVIER "(tensor: Tensor, gain: float = 1, generator: generator?) -> self"

/* A layer without a nonlinearity of its own counts as linear. */
static ty_nonlinearity nonlinearity(int choice)
{
    return choice > (int)TY_NONLINEARITY_SELU ? TY_NONLINEARITY_LINEAR : (ty_nonlinearity)choice;
}

/* Runs the call with gradients off. */
#define UNSEEN(call)                                                                                                   \
    do {                                                                                                               \
        bool was = ty_set_grad_enabled(false);                                                                         \
        RETURN(call);                                                                                                  \
        ty_set_grad_enabled(was);                                                                                      \
    } while (0)

static void uniform(tyb_call *c)
{
    UNSEEN(ty_uniform_(T(0), FLOAT(1), FLOAT(2), GENERATOR(3)));
}

static void normal(tyb_call *c)
{
    UNSEEN(ty_normal_(T(0), FLOAT(1), FLOAT(2), GENERATOR(3)));
}

static void constant(tyb_call *c)
{
    UNSEEN(ty_fill_(T(0), NUMBER(1)));
}

static void zeros(tyb_call *c)
{
    UNSEEN(ty_zero_(T(0)));
}

static void ones(tyb_call *c)
{
    UNSEEN(ty_fill_(T(0), ty_int(1)));
}

static void xavier_uniform(tyb_call *c)
{
    UNSEEN(ty_init_xavier_uniform_(T(0), FLOAT(1), GENERATOR(2)));
}

static void xavier_normal(tyb_call *c)
{
    UNSEEN(ty_init_xavier_normal_(T(0), FLOAT(1), GENERATOR(2)));
}

static void kaiming_uniform(tyb_call *c)
{
    UNSEEN(ty_init_kaiming_uniform_(T(0), FLOAT(1), (ty_fan_mode)CHOICE(2), nonlinearity(CHOICE(3)), GENERATOR(4)));
}

static void kaiming_normal(tyb_call *c)
{
    UNSEEN(ty_init_kaiming_normal_(T(0), FLOAT(1), (ty_fan_mode)CHOICE(2), nonlinearity(CHOICE(3)), GENERATOR(4)));
}

static void trunc_normal(tyb_call *c)
{
    UNSEEN(ty_init_trunc_normal_(T(0), FLOAT(1), FLOAT(2), FLOAT(3), FLOAT(4), GENERATOR(5)));
}

static void eye(tyb_call *c)
{
    UNSEEN(ty_init_eye_(T(0)));
}

static void dirac(tyb_call *c)
{
    UNSEEN(ty_init_dirac_(T(0), INT(1)));
}

static void orthogonal(tyb_call *c)
{
    UNSEEN(ty_init_orthogonal_(T(0), FLOAT(1), GENERATOR(2)));
}

static void sparse(tyb_call *c)
{
    UNSEEN(ty_init_sparse_(T(0), FLOAT(1), FLOAT(2), GENERATOR(3)));
}

static void calculate_gain(tyb_call *c)
{
    ty_nonlinearity kind = nonlinearity(CHOICE(0));
    double param = GIVEN(1) ? FLOAT(1) : kind == TY_NONLINEARITY_LEAKY_RELU ? 0.01 : 0;
    c->out[0].f = ty_calculate_gain(kind, param);
}

const tyb_row tyb_rows_init[] = {
    {"uniform_", "(tensor: Tensor, a: float = 0, b: float = 1, generator: generator?) -> self", uniform, TYB_INIT,
     "Fills with numbers drawn evenly between a and b.", "nn.init.uniform_(ty.empty(2), -1, 1)"},
    {"normal_", "(tensor: Tensor, mean: float = 0, std: float = 1, generator: generator?) -> self", normal, TYB_INIT,
     "Fills with normal numbers.", "nn.init.normal_(ty.empty(2))"},
    {"constant_", "(tensor: Tensor, val: number) -> self", constant, TYB_INIT, "Fills with one value.",
     "nn.init.constant_(ty.empty(2), 0.3)"},
    {"zeros_", "(tensor: Tensor) -> self", zeros, TYB_INIT, "Fills with 0.", "nn.init.zeros_(ty.empty(2))"},
    {"ones_", "(tensor: Tensor) -> self", ones, TYB_INIT, "Fills with 1.", "nn.init.ones_(ty.empty(2))"},
    {"xavier_uniform_", XAVIER, xavier_uniform, TYB_INIT,
     "Glorot's initialisation: evenly between -b and b, b = gain * sqrt(6 / (fan_in + fan_out)). At least 2 "
     "dimensions.",
     "nn.init.xavier_uniform_(ty.empty(2, 3))"},
    {"xavier_normal_", XAVIER, xavier_normal, TYB_INIT,
     "Glorot's initialisation: normal with deviation gain * sqrt(2 / (fan_in + fan_out)). At least 2 dimensions.",
     "nn.init.xavier_normal_(ty.empty(2, 3))"},
    {"kaiming_uniform_", KAIMING, kaiming_uniform, TYB_INIT,
     "He's initialisation: evenly between -b and b, b = gain * sqrt(3 / fan), where the gain is that of the "
     "nonlinearity and a "
     "the slope of leaky_relu. At least 2 dimensions.",
     "nn.init.kaiming_uniform_(ty.empty(2, 3), {nonlinearity = \"relu\"})"},
    {"kaiming_normal_", KAIMING, kaiming_normal, TYB_INIT,
     "He's initialisation: normal with deviation gain / sqrt(fan). At least 2 dimensions.",
     "nn.init.kaiming_normal_(ty.empty(2, 3), {mode = \"fan_out\"})"},
    {"trunc_normal_",
     "(tensor: Tensor, mean: float = 0, std: float = 1, a: float = -2, b: float = 2, generator: generator?) -> self",
     trunc_normal, TYB_INIT, "Fills with normal numbers drawn again while they are outside a to b.",
     "nn.init.trunc_normal_(ty.empty(2))"},
    {"eye_", "(tensor: Tensor) -> self", eye, TYB_INIT, "Fills a matrix with the identity.",
     "nn.init.eye_(ty.empty(2, 3))"},
    {"dirac_", "(tensor: Tensor, groups: int = 1) -> self", dirac, TYB_INIT,
     "Fills the weight {out, in, kernel...} of a convolution (1 to 3 dimensions) so that it passes as many channels on "
     "as "
     "there are, in each of `groups` parts of the outputs.",
     "nn.init.dirac_(ty.empty(2, 2, 3))"},
    {"orthogonal_", "(tensor: Tensor, gain: float = 1, generator: generator?) -> self", orthogonal, TYB_INIT,
     "Fills a tensor, seen as a matrix {first size, the rest}, with orthogonal rows (or columns, when they are fewer) "
     "of "
     "length gain.",
     "nn.init.orthogonal_(ty.empty(2, 3))"},
    {"sparse_", "(tensor: Tensor, sparsity: float, std: float = 0.01, generator: generator?) -> self", sparse, TYB_INIT,
     "Fills a matrix with normal numbers, and the share `sparsity` of each column with 0.",
     "nn.init.sparse_(ty.empty(4, 2), 0.5)"},
    {"calculate_gain", "(nonlinearity: " NONLINEARITY ", param: float?) -> float", calculate_gain, TYB_INIT,
     "The gain recommended for a nonlinearity; param is the slope of leaky_relu (0.01).",
     "nn.init.calculate_gain(\"relu\")"},
    {0},
};
