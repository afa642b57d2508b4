/*
 * Rows of the binding table: pooling.
 */
#include "window.h"

static void max_pool(tyb_call *c, int ndim)
{
    ty_window window;
    if (tyb_window(c, ndim, (tyb_window_args){1, 2, 3, 4}, &window))
        RETURN(ty_max_pool(T(0), &window, BOOL(5), BOOL(6) ? &c->out[1].tensor : NULL));
}

static void avg_pool(tyb_call *c, int ndim)
{
    ty_window window;
    bool has_divisor = ndim > 1 && GIVEN(6);
    if (has_divisor && INT(6) == 0)
        c->status = ty_fail(TY_ERROR_VALUE, "%s: divisor_override must not be 0", c->row->name);
    else if (tyb_window(c, ndim, (tyb_window_args){1, 2, 3, -1}, &window))
        RETURN(ty_avg_pool(T(0), &window, BOOL(4), BOOL(5), has_divisor ? INT(6) : 0));
}

static void lp_pool(tyb_call *c, int ndim)
{
    ty_window window;
    if (tyb_window(c, ndim, (tyb_window_args){2, 3, -1, -1}, &window))
        RETURN(ty_lp_pool(T(0), FLOAT(1), &window, BOOL(4)));
}

static void adaptive_avg_pool(tyb_call *c, int ndim)
{
    int64_t sizes[3];
    if (tyb_numbers(c, 1, "output_size", ndim, -1, sizes))
        RETURN(ty_adaptive_avg_pool(T(0), ndim, sizes));
}

static void adaptive_max_pool(tyb_call *c, int ndim)
{
    int64_t sizes[3];
    if (tyb_numbers(c, 1, "output_size", ndim, -1, sizes))
        RETURN(ty_adaptive_max_pool(T(0), ndim, sizes, BOOL(2) ? &c->out[1].tensor : NULL));
}

/* The sizes of max_unpool's result: those asked for, which pooling by the window must give back as the input's. */
static bool unpool_sizes(tyb_call *c, int ndim, const ty_window *w, int64_t sizes[3])
{
    const ty_tensor *x = T(0);
    int have = ty_ndim(x), given = COUNT(5), first = have - ndim;
    if (have != ndim + 1 && have != ndim + 2)
        c->status = ty_fail(TY_ERROR_VALUE, "%s: the input has %d dimensions; it takes %d, or %d with a batch",
                            c->row->name, have, ndim + 1, ndim + 2);
    else if (given && given != ndim && given != have)
        c->status = ty_fail(TY_ERROR_VALUE, "%s: output_size takes %d numbers, or those of the whole shape, %d; got %d",
                            c->row->name, ndim, have, given);
    for (int d = 0; c->status == TY_OK && d < ndim; d++) {
        int64_t natural = (ty_sizes(x)[first + d] - 1) * w->stride[d] + w->size[d] - 2 * w->padding[d];
        sizes[d] = given ? INTS(5)[given - ndim + d] : natural;
        if (given && (sizes[d] <= natural - w->stride[d] || sizes[d] >= natural + w->stride[d]))
            c->status = ty_fail(TY_ERROR_VALUE,
                                "%s: output_size %lld of dimension %d does not pool to the input's %lld: it must be "
                                "within %lld of %lld",
                                c->row->name, (long long)sizes[d], first + d + 1, (long long)ty_sizes(x)[first + d],
                                (long long)w->stride[d] - 1, (long long)natural);
    }
    return c->status == TY_OK;
}

static void max_unpool(tyb_call *c, int ndim)
{
    ty_window window;
    int64_t sizes[3];
    if (tyb_window(c, ndim, (tyb_window_args){2, 3, 4, -1}, &window) && unpool_sizes(c, ndim, &window, sizes))
        RETURN(ty_max_unpool(T(0), T(1), ndim, sizes));
}

#define ONE(family, ndim)                                                                                              \
    static void family##ndim##d(tyb_call *c)                                                                           \
    {                                                                                                                  \
        family(c, ndim);                                                                                               \
    }
#define EACH(family) ONE(family, 1) ONE(family, 2) ONE(family, 3)
EACH(max_pool)
EACH(avg_pool)
EACH(lp_pool)
EACH(adaptive_avg_pool)
EACH(adaptive_max_pool)
EACH(max_unpool)

#define WITH_INDICES "return_indices: bool = false) -> (output: Tensor, indices: Indices?)"
#define MAX                                                                                                            \
    "(input: Tensor, kernel_size: sizes, stride: sizes?, padding: sizes?, dilation: sizes?, ceil_mode: bool = "        \
    "false, " WITH_INDICES
#define AVG_1                                                                                                          \
    "(input: Tensor, kernel_size: sizes, stride: sizes?, padding: sizes?, ceil_mode: bool = false, "                   \
    "count_include_pad: bool = true"
#define AVG       AVG_1 ", divisor_override: int?) -> Tensor"
#define LP        "(input: Tensor, norm_type: float, kernel_size: sizes, stride: sizes?, ceil_mode: bool = false) -> Tensor"
#define ADAPT     "(input: Tensor, output_size: sizes) -> Tensor"
#define ADAPT_MAX "(input: Tensor, output_size: sizes, " WITH_INDICES
#define UNPOOL                                                                                                         \
    "(input: Tensor, indices: Indices, kernel_size: sizes, stride: sizes?, padding: sizes?, output_size: sizes?) -> "  \
    "Tensor"
#define SIZES                                                                                                          \
    " kernel_size and stride (kernel_size when absent) are one number, or one for each dimension; ceil_mode keeps "    \
    "windows that the input ends in."
#define MAX_DOC                                                                                                        \
    SIZES " padding, at most half the window, takes no part. return_indices: also the place of each in its flattened " \
          "image."
#define AVG_DOC                                                                                                        \
    SIZES " padding counts as zeros, unless count_include_pad is false; divisor_override (not for one dimension) "     \
          "replaces the number of elements."
#define LP_DOC SIZES " The p-norm for p = norm_type."
#define ADAPT_DOC                                                                                                      \
    " output_size: one number, or one for each dimension, -1 for the input's; parts overlap where they must."
#define ADAPT_MAX_DOC ADAPT_DOC " return_indices: also the place of each in its flattened image."
#define UNPOOL_DOC                                                                                                     \
    " indices are those of max_pool; what was not largest is 0. output_size: where pooling could have come from "      \
    "several sizes."

/* A family's three rows; E is the example's argument list after an input of that many dimensions. */
#define ROWS(family, signature_1, signature, doc, text, E)                                                             \
    {#family "1d",                                                                                                     \
     signature_1,                                                                                                      \
     family##1d,                                                                                                       \
     TYB_F,                                                                                                            \
     text " of {N, C, L} or {C, L}." doc,                                                                              \
     "F." #family "1d(ty.arange(8.0):view(1, 1, 8), " E ")"},                                                          \
        {#family "2d",                                                                                                 \
         signature,                                                                                                    \
         family##2d,                                                                                                   \
         TYB_F,                                                                                                        \
         text " of {N, C, H, W} or {C, H, W}." doc,                                                                    \
         "F." #family "2d(ty.arange(16.0):view(1, 1, 4, 4), " E ")"},                                                  \
    {                                                                                                                  \
#family "3d", signature, family##3d, TYB_F, text " of {N, C, D, H, W} or {C, D, H, W}." doc,                   \
            "F." #family "3d(ty.arange(64.0):view(1, 1, 4, 4, 4), " E ")"                                              \
    }
const tyb_row tyb_rows_pool[] = {
    ROWS(max_pool, MAX, MAX, MAX_DOC, "The largest elements under a sliding window", "2"),
    ROWS(avg_pool, AVG_1 ") -> Tensor", AVG, AVG_DOC, "The means under a sliding window", "2"),
    ROWS(lp_pool, LP, LP, LP_DOC, "The norms under a sliding window", "2, 2"),
    ROWS(adaptive_avg_pool, ADAPT, ADAPT, ADAPT_DOC, "The means of evenly cut parts", "3"),
    ROWS(adaptive_max_pool, ADAPT_MAX, ADAPT_MAX, ADAPT_MAX_DOC, "The largest elements of evenly cut parts", "3"),
    {"max_unpool1d", UNPOOL, max_unpool1d, TYB_F,
     "The largest elements put back where they were, {N, C, L} or {C, L}." UNPOOL_DOC,
     "local y, at = F.max_pool1d(ty.ones(1, 1, 4), 2, {return_indices = true})\nprint(F.max_unpool1d(y, at, 2))"},
    {"max_unpool2d", UNPOOL, max_unpool2d, TYB_F,
     "The largest elements put back where they were, {N, C, H, W} or {C, H, W}." UNPOOL_DOC,
     "local y, at = F.max_pool2d(ty.ones(1, 1, 4, 4), 2, {return_indices = true})\nprint(F.max_unpool2d(y, at, 2))"},
    {"max_unpool3d", UNPOOL, max_unpool3d, TYB_F,
     "The largest elements put back where they were, {N, C, D, H, W} or {C, D, H, W}." UNPOOL_DOC,
     "local y, at = F.max_pool3d(ty.ones(1, 1, 2, 2, 2), 2, {return_indices = true})\nprint(F.max_unpool3d(y, at, 2))"},
    {0},
};
