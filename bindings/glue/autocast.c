/*
 * Autocast: the lists of functions, the conversion of their arguments, and the cache of what parameters were cast to.
 * The lists are those of PyTorch's "Autocast Op Reference" (CUDA and CPU).
 *
 * A parameter (a float32 leaf that requires a gradient) is cast once for as long as it stays as it is: a loop that uses
 * it several times gets one node in the graph, where its gradients meet.
 */
#include "autocast.h"

#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>

#include "tensor.h"

typedef struct tyb_cached {
    ty_tensor *parameter, *cast;
    uint32_t version; /* of the parameter when it was cast */
} tyb_cached;

struct tyb_autocast {
    bool enabled[TY_DEVICE_TYPES];
    ty_dtype dtype[TY_DEVICE_TYPES];
    bool cache_enabled;
    tyb_cached *cached;
    int count, room;
};

/* ---- Who wants what ---- */

#define LOWER   TYB_CAST_LOWER
#define FLOAT32 TYB_CAST_FLOAT32
#define WIDEST  TYB_CAST_WIDEST
#define NONE    TYB_CAST_NONE

static const struct {
    const char *name;
    tyb_casts casts; /* on the CPU, on CUDA */
} lists[] = {
    {"conv1d", {{LOWER, LOWER}}},
    {"conv2d", {{LOWER, LOWER}}},
    {"conv3d", {{LOWER, LOWER}}},
    {"conv_transpose1d", {{LOWER, LOWER}}},
    {"conv_transpose2d", {{LOWER, LOWER}}},
    {"conv_transpose3d", {{LOWER, LOWER}}},
    {"linear", {{LOWER, LOWER}}},
    {"matmul", {{LOWER, LOWER}}},
    {"mm", {{LOWER, LOWER}}},
    {"bmm", {{LOWER, LOWER}}},
    {"addmm", {{LOWER, LOWER}}},
    {"addbmm", {{LOWER, LOWER}}},
    {"baddbmm", {{LOWER, LOWER}}},
    {"scaled_dot_product_attention", {{LOWER, LOWER}}},
    {"mv", {{NONE, LOWER}}},
    {"addmv", {{NONE, LOWER}}},
    {"addr", {{NONE, LOWER}}},
    {"chain_matmul", {{LOWER, LOWER}}},
    {"multi_dot", {{LOWER, LOWER}}},
    {"einsum", {{LOWER, LOWER}}},
    {"prelu", {{NONE, LOWER}}},
    {"lstm", {{LOWER, LOWER}}},
    {"gru", {{LOWER, LOWER}}},
    {"rnn_tanh", {{LOWER, LOWER}}},
    {"rnn_relu", {{LOWER, LOWER}}},
    {"lstm_cell", {{LOWER, LOWER}}},
    {"gru_cell", {{LOWER, LOWER}}},
    {"rnn_tanh_cell", {{LOWER, LOWER}}},
    {"rnn_relu_cell", {{LOWER, LOWER}}},

    {"acos", {{NONE, FLOAT32}}},
    {"asin", {{NONE, FLOAT32}}},
    {"cosh", {{NONE, FLOAT32}}},
    {"erfinv", {{NONE, FLOAT32}}},
    {"exp", {{NONE, FLOAT32}}},
    {"expm1", {{NONE, FLOAT32}}},
    {"log", {{NONE, FLOAT32}}},
    {"log10", {{NONE, FLOAT32}}},
    {"log1p", {{NONE, FLOAT32}}},
    {"log2", {{NONE, FLOAT32}}},
    {"pow", {{NONE, FLOAT32}}},
    {"reciprocal", {{NONE, FLOAT32}}},
    {"rsqrt", {{NONE, FLOAT32}}},
    {"sinh", {{NONE, FLOAT32}}},
    {"tan", {{NONE, FLOAT32}}},
    {"softplus", {{NONE, FLOAT32}}},
    {"softmax", {{NONE, FLOAT32}}},
    {"softmin", {{NONE, FLOAT32}}},
    {"log_softmax", {{NONE, FLOAT32}}},
    {"cumprod", {{NONE, FLOAT32}}},
    {"cumsum", {{NONE, FLOAT32}}},
    {"sum", {{NONE, FLOAT32}}},
    {"prod", {{FLOAT32, FLOAT32}}},
    {"norm", {{NONE, FLOAT32}}},
    {"vector_norm", {{NONE, FLOAT32}}},
    {"matrix_norm", {{NONE, FLOAT32}}},
    {"dist", {{NONE, FLOAT32}}},
    {"cdist", {{FLOAT32, FLOAT32}}},
    {"pdist", {{NONE, FLOAT32}}},
    {"renorm", {{NONE, FLOAT32}}},
    {"layer_norm", {{NONE, FLOAT32}}},
    {"group_norm", {{NONE, FLOAT32}}},
    {"cosine_similarity", {{NONE, FLOAT32}}},
    {"avg_pool3d", {{FLOAT32, NONE}}},
    {"inv", {{FLOAT32, NONE}}},
    {"inverse", {{FLOAT32, NONE}}},
    {"pinv", {{FLOAT32, NONE}}},
    {"solve", {{FLOAT32, NONE}}},
    {"lstsq", {{FLOAT32, NONE}}},
    {"svd", {{FLOAT32, NONE}}},
    {"svdvals", {{FLOAT32, NONE}}},
    {"eig", {{FLOAT32, NONE}}},
    {"eigvals", {{FLOAT32, NONE}}},
    {"eigh", {{FLOAT32, NONE}}},
    {"eigvalsh", {{FLOAT32, NONE}}},
    {"qr", {{FLOAT32, NONE}}},
    {"det", {{FLOAT32, NONE}}},
    {"slogdet", {{FLOAT32, NONE}}},
    {"cholesky", {{FLOAT32, NONE}}},
    {"cholesky_inverse", {{FLOAT32, NONE}}},
    {"cholesky_solve", {{FLOAT32, NONE}}},
    {"cond", {{FLOAT32, NONE}}},
    {"matrix_rank", {{FLOAT32, NONE}}},
    {"lu_factor", {{FLOAT32, NONE}}},
    {"tensorinv", {{FLOAT32, NONE}}},
    {"tensorsolve", {{FLOAT32, NONE}}},
    {"quantile", {{FLOAT32, NONE}}},
    {"nanquantile", {{FLOAT32, NONE}}},
    {"trace", {{FLOAT32, NONE}}},
    {"grid_sample", {{FLOAT32, WIDEST}}},
    {"cross_entropy", {{FLOAT32, FLOAT32}}},
    {"nll_loss", {{FLOAT32, FLOAT32}}},
    {"mse_loss", {{FLOAT32, FLOAT32}}},
    {"l1_loss", {{FLOAT32, FLOAT32}}},
    {"smooth_l1_loss", {{FLOAT32, FLOAT32}}},
    {"huber_loss", {{FLOAT32, FLOAT32}}},
    {"kl_div", {{FLOAT32, FLOAT32}}},
    {"binary_cross_entropy", {{FLOAT32, TYB_CAST_REFUSED}}},
    {"binary_cross_entropy_with_logits", {{FLOAT32, FLOAT32}}},
    {"cosine_embedding_loss", {{FLOAT32, FLOAT32}}},
    {"hinge_embedding_loss", {{FLOAT32, FLOAT32}}},
    {"margin_ranking_loss", {{FLOAT32, FLOAT32}}},
    {"multi_margin_loss", {{FLOAT32, FLOAT32}}},
    {"multilabel_margin_loss", {{FLOAT32, FLOAT32}}},
    {"multilabel_soft_margin_loss", {{FLOAT32, FLOAT32}}},
    {"poisson_nll_loss", {{FLOAT32, FLOAT32}}},
    {"gaussian_nll_loss", {{FLOAT32, FLOAT32}}},
    {"soft_margin_loss", {{FLOAT32, FLOAT32}}},
    {"triplet_margin_loss", {{FLOAT32, FLOAT32}}},
    {"ctc_loss", {{FLOAT32, FLOAT32}}},

    {"addcdiv", {{NONE, WIDEST}}},
    {"addcmul", {{NONE, WIDEST}}},
    {"atan2", {{NONE, WIDEST}}},
    {"bilinear", {{NONE, WIDEST}}},
    {"cross", {{NONE, WIDEST}}},
    {"dot", {{NONE, WIDEST}}},
    {"vdot", {{NONE, WIDEST}}},
    {"index_put", {{NONE, WIDEST}}},
    {"index_copy", {{WIDEST, NONE}}},
    {"tensordot", {{NONE, WIDEST}}},
    {"scatter_add", {{NONE, WIDEST}}},
};

tyb_casts tyb_casts_of(const char *name)
{
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        if (strcmp(lists[i].name, name) == 0)
            return lists[i].casts;
    return (tyb_casts){{NONE, NONE}};
}

/* ---- Casting ---- */

static void forget(struct tyb_autocast *a)
{
    for (int i = 0; i < a->count; i++) {
        ty_release(a->cached[i].parameter);
        ty_release(a->cached[i].cast);
    }
    a->count = 0;
}

/* x in another dtype: a new reference. A parameter's is remembered where gradients are recorded (one that was made
 * without them must not be met with them). */
static ty_tensor *cast(struct tyb_autocast *a, ty_tensor *x, ty_dtype dtype)
{
    bool parameter = a->cache_enabled && dtype != TY_FLOAT32 && ty_dtype_of(x) == TY_FLOAT32 && ty_is_leaf(x) &&
                     ty_requires_grad(x) && ty_grad_enabled();
    for (int i = 0; parameter && i < a->count; i++) {
        tyb_cached *known = &a->cached[i];
        if (known->parameter != x || ty_dtype_of(known->cast) != dtype)
            continue;
        if (known->version == ty_version(x))
            return ty_retain(known->cast);
        ty_release(known->cast);
        ty_release(known->parameter);
        *known = a->cached[--a->count];
        break;
    }
    ty_tensor *y = ty_to_dtype(x, dtype);
    if (!y || !parameter)
        return y;
    if (a->count == a->room) {
        int room = a->room ? 2 * a->room : 16;
        tyb_cached *more = realloc(a->cached, (size_t)room * sizeof *more);
        if (!more)
            return y; /* remembering is a favour */
        a->cached = more;
        a->room = room;
    }
    a->cached[a->count++] = (tyb_cached){ty_retain(x), ty_retain(y), ty_version(x)};
    return y;
}

static bool is_cast(const struct tyb_autocast *a, const ty_tensor *x)
{
    ty_dtype dtype = x ? ty_dtype_of(x) : TY_BOOL;
    return x && ty_dtype_is_floating(dtype) && dtype != TY_FLOAT64 && a->enabled[ty_device_of(x).type];
}

static bool is_tensor_kind(int kind)
{
    return kind == TYB_TENSOR || kind == TYB_OPERAND;
}

/* The widest dtype among the arguments that are cast. */
static ty_dtype widest(const struct tyb_autocast *a, const tyb_parse *p)
{
    ty_dtype dtype = TY_DTYPE_NONE;
    for (int i = 0; i < p->form->args_count; i++) {
        const tyb_value *v = &p->c->in[i];
        if (is_tensor_kind(p->form->args[i].kind) && is_cast(a, v->tensor))
            dtype = dtype == TY_DTYPE_NONE ? ty_dtype_of(v->tensor) : ty_promote_types(dtype, ty_dtype_of(v->tensor));
    }
    return dtype;
}

/* What x is wanted in; NONE: as it is. */
static ty_dtype wanted(const struct tyb_autocast *a, const tyb_parse *p, const ty_tensor *x, tyb_casts casts)
{
    if (!is_cast(a, x))
        return TY_DTYPE_NONE;
    int type = ty_device_of(x).type;
    ty_dtype dtype = casts.of[type] == LOWER     ? a->dtype[type]
                     : casts.of[type] == FLOAT32 ? TY_FLOAT32
                     : casts.of[type] == WIDEST  ? widest(a, p)
                                                 : TY_DTYPE_NONE;
    return dtype == ty_dtype_of(x) ? TY_DTYPE_NONE : dtype;
}

/* Functions in place, and those that are told where to write or in which dtype, are left alone. */
static bool is_left_alone(const tyb_parse *p)
{
    if (p->out)
        return true;
    for (int r = 0; r < p->form->results_count; r++)
        if (p->form->results[r].kind == TYB_SELF)
            return true;
    for (int i = 0; i < p->form->args_count; i++)
        if (p->form->args[i].kind == TYB_DTYPE && p->c->in[i].dtype != TY_DTYPE_NONE)
            return true;
    return false;
}

/* Replaces *x, which is borrowed, by the tensor that the function is to get: *made is its reference to drop. */
static bool cast_one(struct tyb_autocast *a, const tyb_parse *p, tyb_casts casts, ty_tensor **x, ty_tensor **made)
{
    *made = NULL;
    if (is_cast(a, *x) && casts.of[ty_device_of(*x).type] == TYB_CAST_REFUSED)
        return ty_fail(TY_ERROR_VALUE,
                       "%s: not safe under autocast, since its gradient overflows float16; use "
                       "binary_cross_entropy_with_logits on what goes into the sigmoid (nn.BCEWithLogitsLoss)",
                       p->c->row->name) == TY_OK;
    ty_dtype dtype = wanted(a, p, *x, casts);
    if (dtype == TY_DTYPE_NONE)
        return true;
    *made = cast(a, *x, dtype);
    if (*made)
        *x = *made;
    return *made;
}

/* A list borrows its tensors: from now on it has references of its own, which tyb_clean() drops. */
static bool cast_list(struct tyb_autocast *a, tyb_parse *p, tyb_casts casts, tyb_value *v)
{
    int block = 0;
    while (block < p->heap_count && p->heap[block].block != (void *)v->tensors)
        block++;
    if (block == p->heap_count)
        return true;
    for (int t = 0; t < v->count; t++) {
        ty_tensor *made;
        if (!cast_one(a, p, casts, &v->tensors[t], &made))
            return false;
        if (!made)
            ty_retain(v->tensors[t]);
        p->heap[block].tensors = t + 1;
    }
    return true;
}

bool tyb_autocast(tyb_parse *p, tyb_casts casts)
{
    struct tyb_autocast *a = p->c->state->autocast;
    if (is_left_alone(p))
        return true;
    for (int i = 0; i < p->form->args_count; i++) {
        tyb_value *v = &p->c->in[i];
        int kind = p->form->args[i].kind;
        ty_tensor *made = NULL;
        if (kind == TYB_TENSORS ? !cast_list(a, p, casts, v)
                                : is_tensor_kind(kind) && !cast_one(a, p, casts, &v->tensor, &made))
            return false;
        if (made)
            p->owned[p->owned_count++] = made;
    }
    return true;
}

ty_tensor *tyb_autocast_operand(tyb_state *s, ty_tensor *x, tyb_casts casts)
{
    bool raised = is_cast(s->autocast, x) && casts.of[ty_device_of(x).type] == FLOAT32;
    return raised ? cast(s->autocast, x, TY_FLOAT32) : ty_retain(x);
}

/* ---- For the Lua half ---- */

static int device_type(lua_State *L)
{
    static const char *const names[] = {"cpu", "cuda", NULL};
    return luaL_checkoption(L, 1, NULL, names);
}

static int get(lua_State *L)
{
    const struct tyb_autocast *a = tyb_get(L)->autocast;
    int type = device_type(L);
    lua_pushboolean(L, a->enabled[type]);
    tyb_push_dtype(L, a->dtype[type]);
    lua_pushboolean(L, a->cache_enabled);
    return 3;
}

static int set(lua_State *L)
{
    tyb_state *s = tyb_get(L);
    struct tyb_autocast *a = s->autocast;
    int type = device_type(L);
    a->enabled[type] = lua_toboolean(L, 2);
    a->dtype[type] = tyb_to_dtype(L, 3);
    a->cache_enabled = lua_toboolean(L, 4);
    s->autocasting = a->enabled[TY_CPU] || a->enabled[TY_CUDA];
    if (!a->cache_enabled || !s->autocasting)
        forget(a);
    return 0;
}

static int clear(lua_State *L)
{
    forget(tyb_get(L)->autocast);
    return 0;
}

static void drop(tyb_box *box)
{
    struct tyb_autocast *a = box->data;
    forget(a);
    free(a->cached);
    a->cached = NULL;
    a->room = 0;
    free(a);
}

void tyb_open_autocast(lua_State *L, tyb_state *s)
{
    tyb_box *box = tyb_push_box(L);
    struct tyb_autocast *a = calloc(1, sizeof *a);
    if (!a)
        tyb_raise(L, "out of memory");
    a->dtype[TY_CPU] = TY_BFLOAT16;
    a->dtype[TY_CUDA] = TY_FLOAT16;
    a->cache_enabled = true;
    box->data = a;
    box->release = drop;
    s->autocast = a;
    luaL_ref(L, LUA_REGISTRYINDEX);
    static const luaL_Reg functions[] = {
        {"autocast_get", get}, {"autocast_set", set}, {"autocast_clear", clear}, {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
