/*
 * Images read at positions that a tensor gives: grid_sample, and affine_grid, which makes such positions. Composed of
 * ordinary ops, which bring all derivatives along. Images have two or three dimensions.
 */
#include "ops/support.h"

#define HOLD(x) tyi_keep(s, x)
#include "ops/expressions.h"

#define MOST_DIMS 3

/* ---- Positions ---- */

/* c as it is after bouncing off low and high until it lies between them. */
static ty_tensor *reflected(tyi_scope *s, ty_tensor *c, double low, double high)
{
    double span = high - low;
    if (span <= 0)
        return MUL(c, NUM(0));
    ty_tensor *from = F(abs, SUB(c, NUM(low)));
    ty_tensor *flips = F(floor, DIV(from, NUM(span)));
    ty_tensor *extra = SUB(from, MUL(flips, NUM(span)));
    ty_tensor *odd = F(remainder, flips, NUM(2));
    ty_tensor *right_way = F(lt, odd, NUM(0.5));
    return WHERE(right_way, ADD(extra, NUM(low)), SUB(NUM(low + span), extra));
}

/* Positions brought into an image of `size` elements as the padding says; zeros are left to sample(). */
static ty_tensor *bounded(ty_tensor *c, int64_t size, ty_grid_padding padding, bool align_corners)
{
    tyi_scope scope = {0}, *s = &scope;
    double last = (double)(size - 1);
    ty_tensor *at = c;
    if (padding == TY_GRID_REFLECTION)
        at = align_corners ? reflected(s, c, 0, last) : reflected(s, c, -0.5, last + 0.5);
    if (padding != TY_GRID_ZEROS)
        at = at ? F(clamp, at, NUM(0), NUM(last)) : NULL;
    at = ty_retain(at);
    tyi_scope_end(s);
    return at;
}

/* Component k of the grid, from -1..1 to elements of a dimension: {N, 1, places}. */
static ty_tensor *positions(ty_tensor *grid, int k, int64_t size, bool align_corners)
{
    tyi_scope scope = {0}, *s = &scope;
    ty_tensor *part = F(select, grid, -1, k);
    ty_tensor *flat = part ? F(reshape, part, 3, ((int64_t[]){grid->sizes[0], 1, part->numel / grid->sizes[0]})) : NULL;
    ty_tensor *from_low = flat ? ADD(flat, NUM(1)) : NULL;
    ty_tensor *at = align_corners ? MUL(from_low, NUM((double)(size - 1) / 2))
                                  : MUL(SUB(MUL(from_low, NUM((double)size)), NUM(1)), NUM(0.5));
    at = ty_retain(at);
    tyi_scope_end(s);
    return at;
}

/* ---- Elements ---- */

static ty_tensor *whole_number(int64_t i)
{
    return ty_scalar_tensor(ty_int(i), TY_DTYPE_NONE, true);
}

/* Of whole positions c along a dimension: *inside tells which lie in the image; gives them as int64, the others moved
 * into it. New references. */
static ty_tensor *locate(ty_tensor *c, int64_t size, ty_tensor **inside)
{
    tyi_scope scope = {0}, *s = &scope;
    ty_tensor *whole = F(to_dtype, c, TY_INT64);
    ty_tensor *kept = whole ? ty_clamp(whole, HOLD(whole_number(0)), HOLD(whole_number(size - 1))) : NULL;
    *inside = ty_logical_and(HOLD(ty_ge(c, NUM(0))), HOLD(ty_le(c, NUM((double)(size - 1)))));
    tyi_scope_end(s);
    return kept;
}

/* The elements of flat {N, C, elements} at whole positions c (one tensor for each dimension), 0 where they lie outside:
 * {N, C, places}. */
static ty_tensor *sample(ty_tensor *flat, int ndim, const int64_t *sizes, ty_tensor *const *c)
{
    tyi_scope scope = {0}, *s = &scope;
    ty_tensor *index = NULL, *inside = NULL;
    for (int d = 0; d < ndim; d++) {
        ty_tensor *here, *whole = HOLD(locate(c[d], sizes[d], &here));
        HOLD(here);
        index = index ? ADD(MUL(index, HOLD(whole_number(sizes[d]))), whole) : whole;
        inside = inside ? F(logical_and, inside, here) : here;
    }
    const int64_t wide[] = {flat->sizes[0], flat->sizes[1], index ? index->sizes[2] : 0};
    ty_tensor *places = index ? F(expand, index, 3, wide) : NULL;
    ty_tensor *values = F(gather, flat, 2, places);
    ty_tensor *y = values && inside ? ty_where(inside, values, NUM(0)) : NULL;
    tyi_scope_end(s);
    return y;
}

typedef struct grid_options {
    ty_interpolation mode;
    ty_grid_padding padding;
    bool align_corners;
    int ndim;
    int64_t sizes[MOST_DIMS];
} grid_options;

/* Adds weight * the elements at c to sum (consumed; NULL: nothing yet). */
static ty_tensor *add_sample(ty_tensor *sum, ty_tensor *flat, const grid_options *o, ty_tensor *const *c,
                             ty_tensor *weight)
{
    tyi_scope scope = {0}, *s = &scope;
    HOLD(sum);
    ty_tensor *values = HOLD(sample(flat, o->ndim, o->sizes, c));
    ty_tensor *term = values && weight ? MUL(values, weight) : NULL;
    ty_tensor *total = sum ? ADD(sum, term) : term;
    total = ty_retain(total);
    tyi_scope_end(s);
    return total;
}

static ty_tensor *nearest(ty_tensor *flat, const grid_options *o, ty_tensor *const *at)
{
    tyi_scope scope = {0}, *s = &scope;
    ty_tensor *c[MOST_DIMS] = {NULL}, *y = NULL;
    bool fine = true;
    for (int d = 0; d < o->ndim; d++) {
        ty_tensor *inside = HOLD(bounded(at[d], o->sizes[d], o->padding, o->align_corners));
        c[d] = F(round, inside);
        fine = fine && c[d];
    }
    if (fine)
        y = sample(flat, o->ndim, o->sizes, c);
    if (y && tyi_needs_grad(1, at)) { /* the grid has a gradient: zeros */
        ty_tensor *truth = HOLD(ty_ones(0, NULL, TY_BOOL, y->storage->device));
        HOLD(y);
        y = ty_where(truth, y, c[0]);
    }
    tyi_scope_end(s);
    return y;
}

/* The two neighbours in each dimension, by their distances. */
static ty_tensor *linear(ty_tensor *flat, const grid_options *o, ty_tensor *const *at)
{
    tyi_scope scope = {0}, *s = &scope;
    ty_tensor *c[MOST_DIMS][2], *share[MOST_DIMS][2], *sum = NULL;
    for (int d = 0; d < o->ndim; d++) {
        ty_tensor *inside = HOLD(bounded(at[d], o->sizes[d], o->padding, o->align_corners));
        c[d][0] = F(floor, inside);
        c[d][1] = ADD(c[d][0], NUM(1));
        share[d][1] = SUB(inside, c[d][0]);
        share[d][0] = SUB(NUM(1), share[d][1]);
    }
    for (int corner = 0; corner < 1 << o->ndim; corner++) {
        tyi_scope inner = {0};
        ty_tensor *here[MOST_DIMS], *weight = NULL;
        for (int d = 0; d < o->ndim; d++) {
            int side = corner >> d & 1;
            here[d] = c[d][side];
            weight = weight ? tyi_keep(&inner, ty_mul(weight, share[d][side])) : share[d][side];
        }
        bool fine = weight && here[0] && here[o->ndim - 1];
        sum = fine ? add_sample(sum, flat, o, here, weight) : tyi_drop(sum);
        tyi_scope_end(&inner);
        if (!sum)
            break;
    }
    tyi_scope_end(s);
    return sum;
}

/* Weight of the tap k of four whose second is at a distance t before the position: Keys' cubic with -0.75. */
static ty_tensor *cubic_weight(ty_tensor *t, int k)
{
    tyi_scope scope = {0}, *s = &scope;
    const double a = -0.75;
    ty_tensor *x = k == 0 ? ADD(t, NUM(1)) : k == 1 ? t : k == 2 ? SUB(NUM(1), t) : SUB(NUM(2), t), *w;
    if (k == 1 || k == 2)
        w = ADD(MUL(MUL(SUB(MUL(x, NUM(a + 2)), NUM(a + 3)), x), x), NUM(1));
    else
        w = SUB(MUL(ADD(MUL(SUB(MUL(x, NUM(a)), NUM(5 * a)), x), NUM(8 * a)), x), NUM(4 * a));
    w = ty_retain(w);
    tyi_scope_end(s);
    return w;
}

/* Four neighbours in each dimension; each is brought into the image by itself. */
static ty_tensor *cubic(ty_tensor *flat, const grid_options *o, ty_tensor *const *at)
{
    tyi_scope scope = {0}, *s = &scope;
    ty_tensor *c[MOST_DIMS][4], *share[MOST_DIMS][4], *sum = NULL;
    bool fine = true;
    for (int d = 0; d < o->ndim; d++) {
        ty_tensor *low = F(floor, at[d]);
        ty_tensor *t = SUB(at[d], low);
        for (int k = 0; k < 4; k++) {
            ty_tensor *before = whole_number(1 - k), *tap = ty_sub(low, before, ty_int(1));
            c[d][k] = tap ? HOLD(bounded(tap, o->sizes[d], o->padding, o->align_corners)) : NULL;
            share[d][k] = t ? HOLD(cubic_weight(t, k)) : NULL;
            fine = fine && c[d][k] && share[d][k];
            ty_release(tap);
            ty_release(before);
        }
    }
    for (int place = 0; fine && place < 1 << 2 * o->ndim; place++) {
        tyi_scope inner = {0};
        ty_tensor *here[MOST_DIMS], *weight = NULL;
        for (int d = 0; d < o->ndim; d++) {
            int k = place >> 2 * d & 3;
            here[d] = c[d][k];
            weight = d ? tyi_keep(&inner, ty_mul(weight, share[d][k])) : share[d][k];
        }
        sum = weight ? add_sample(sum, flat, o, here, weight) : tyi_drop(sum);
        fine = sum;
        tyi_scope_end(&inner);
    }
    tyi_scope_end(s);
    return sum;
}

static ty_status check(ty_tensor *x, ty_tensor *grid, ty_interpolation mode)
{
    int ndim = x->ndim - 2;
    ty_device device;
    if (ndim != 2 && ndim != 3)
        return ty_fail(TY_ERROR_VALUE, "grid_sample: expected an input {N, C, H, W} or {N, C, D, H, W}, got %s",
                       TYI_SHAPE(x));
    if (grid->ndim != x->ndim || grid->sizes[ndim + 1] != ndim || grid->sizes[0] != x->sizes[0])
        return ty_fail(
            TY_ERROR_VALUE,
            "grid_sample: the grid for an input %s is {%lld, ..., %d}, %d sizes of the output between; got %s",
            TYI_SHAPE(x), (long long)x->sizes[0], ndim, ndim, TYI_SHAPE(grid));
    if (!ty_dtype_is_floating((ty_dtype)x->dtype) || x->dtype != grid->dtype)
        return ty_fail(TY_ERROR_VALUE, "grid_sample: input and grid have one floating dtype; got %s and %s",
                       ty_dtype_name((ty_dtype)x->dtype), ty_dtype_name((ty_dtype)grid->dtype));
    if (mode != TY_BILINEAR && mode != TY_NEAREST && mode != TY_BICUBIC)
        return ty_fail(TY_ERROR_VALUE, "grid_sample: mode must be bilinear, nearest or bicubic");
    for (int d = 1; d < x->ndim; d++)
        if (x->sizes[d] == 0)
            return ty_fail(TY_ERROR_VALUE, "grid_sample: the input %s is empty", TYI_SHAPE(x));
    return tyi_same_device("grid_sample", 2, (ty_tensor *[]){x, grid}, &device);
}

static ty_tensor *sampled(tyi_scope *s, ty_tensor *x, ty_tensor *grid, grid_options *o)
{
    ty_tensor *at[MOST_DIMS], *flat = F(flatten, x, 2, -1);
    for (int d = 0; d < o->ndim; d++) {
        o->sizes[d] = x->sizes[2 + d];
        at[d] = HOLD(positions(grid, o->ndim - 1 - d, o->sizes[d], o->align_corners)); /* x is the last dimension */
        if (!at[d])
            return NULL;
    }
    if (!flat)
        return NULL;
    ty_tensor *y = HOLD((o->mode == TY_NEAREST ? nearest : o->mode == TY_BICUBIC ? cubic : linear)(flat, o, at));
    int64_t sizes[TY_MAX_DIMS] = {x->sizes[0], x->sizes[1]};
    for (int d = 0; d < o->ndim; d++)
        sizes[2 + d] = grid->sizes[1 + d];
    return y ? F(reshape, y, x->ndim, sizes) : NULL;
}

/* x {N, C, H, W} read at the positions grid {N, h, w, 2}, whose (x, y) go from -1 to 1 over an image: {N, C, h, w}; or
 * with one dimension more. align_corners: -1 and 1 are the middles of the outer elements, not their outer edges. mode:
 * TY_BILINEAR and TY_BICUBIC (of all dimensions) or TY_NEAREST. (torch.nn.functional.grid_sample) */
ty_tensor *ty_grid_sample(ty_tensor *x, ty_tensor *grid, ty_interpolation mode, ty_grid_padding padding,
                          bool align_corners)
{
    if (!x || !grid || check(x, grid, mode) != TY_OK)
        return NULL;
    tyi_scope scope = {0}, *s = &scope;
    grid_options o = {.mode = mode, .padding = padding, .align_corners = align_corners, .ndim = x->ndim - 2};
    ty_tensor *y;
    if (x->sizes[0] == 0 || grid->numel == 0) {
        int64_t sizes[TY_MAX_DIMS] = {x->sizes[0], x->sizes[1]};
        memcpy(sizes + 2, grid->sizes + 1, sizeof *sizes * (size_t)o.ndim);
        return ty_zeros(x->ndim, sizes, (ty_dtype)x->dtype, x->storage->device);
    }
    ty_dtype to = tyi_widen(s, TYI_OPERANDS(&x, &grid));
    y = x && grid ? sampled(s, x, grid, &o) : NULL;
    y = ty_retain(tyi_round(s, y, to));
    tyi_scope_end(s);
    return y;
}

/* ---- affine_grid ---- */

/* Positions of n elements from -1 to 1, float64 {n}. A new reference. */
static ty_tensor *base_positions(int64_t n, bool align_corners, ty_device device)
{
    if (n <= 1)
        return ty_zeros(1, &n, TY_FLOAT64, device);
    tyi_scope scope = {0}, *s = &scope;
    ty_tensor *x = F(arange, ty_int(0), ty_int(n), ty_int(1), TY_FLOAT64, device);
    x = ADD(DIV(MUL(x, NUM(2)), NUM((double)(n - 1))), NUM(-1));
    if (!align_corners)
        x = DIV(MUL(x, NUM((double)(n - 1))), NUM((double)n));
    ty_retain(x);
    tyi_scope_end(s);
    return x;
}

/* {places, ndim + 1}: x, y (, z) and 1 of every element of an image; of the dtype and on the device of `like`. */
static ty_tensor *base_grid(int ndim, const int64_t *sizes, bool align_corners, const ty_tensor *like)
{
    int64_t places;
    if (tyi_check_sizes("affine_grid", ndim, sizes, &places) != TY_OK)
        return NULL;
    tyi_scope scope = {0}, *s = &scope;
    ty_device device = like->storage->device;
    ty_tensor *columns[4];
    bool whole = true;
    for (int d = 0; d < ndim && whole; d++) {
        int64_t shape[] = {1, 1, 1};
        shape[d] = sizes[d];
        ty_tensor *along = HOLD(base_positions(sizes[d], align_corners, device));
        ty_tensor *typed = along ? F(to_dtype, along, (ty_dtype)like->dtype) : NULL;
        ty_tensor *apart = typed ? F(view, typed, ndim, shape) : NULL;
        columns[ndim - 1 - d] = apart ? F(expand, apart, ndim, sizes) : NULL;
        whole = columns[ndim - 1 - d];
    }
    columns[ndim] = whole ? F(ones, ndim, sizes, (ty_dtype)like->dtype, device) : NULL;
    ty_tensor *base = columns[ndim] ? F(stack, columns, ndim + 1, -1) : NULL;
    base = base ? ty_reshape(base, 2, (int64_t[]){places, ndim + 1}) : NULL;
    tyi_scope_end(s);
    return base;
}

/* The grid that reads an image of `sizes` {N, C, H, W} through the affine maps theta {N, 2, 3}; or {N, C, D, H, W} and
 * {N, 3, 4}. (torch.nn.functional.affine_grid) */
ty_tensor *ty_affine_grid(ty_tensor *theta, int ndim, const int64_t *sizes, bool align_corners)
{
    if (!theta)
        return NULL;
    int dims = ndim - 2;
    if (dims != 2 && dims != 3)
        return tyi_fail(TY_ERROR_VALUE, "affine_grid: size is {N, C, H, W} or {N, C, D, H, W}, got %s",
                        tyi_shape_text(ndim < 0             ? 0
                                       : ndim > TY_MAX_DIMS ? TY_MAX_DIMS
                                                            : ndim,
                                       sizes)
                            .s);
    for (int d = 0; d < ndim; d++)
        if (sizes[d] < 1)
            return tyi_fail(TY_ERROR_VALUE, "affine_grid: sizes must be at least 1, got %s",
                            tyi_shape_text(ndim, sizes).s);
    if (!ty_dtype_is_floating((ty_dtype)theta->dtype) || theta->ndim != 3 || theta->sizes[0] != sizes[0] ||
        theta->sizes[1] != dims || theta->sizes[2] != dims + 1)
        return tyi_fail(TY_ERROR_VALUE, "affine_grid: theta for a size %s is floating {%lld, %d, %d}; got %s",
                        tyi_shape_text(ndim, sizes).s, (long long)sizes[0], dims, dims + 1, TYI_DESCRIBE(theta));
    tyi_scope scope = {0}, *s = &scope;
    ty_dtype to = tyi_widen(s, TYI_OPERANDS(&theta));
    ty_tensor *base = theta ? HOLD(base_grid(dims, sizes + 2, align_corners, theta)) : NULL;
    ty_tensor *turned = base ? F(transpose, theta, 1, 2) : NULL;
    ty_tensor *flat = turned ? F(matmul, base, turned) : NULL;
    int64_t shape[TY_MAX_DIMS] = {sizes[0]};
    memcpy(shape + 1, sizes + 2, sizeof *shape * (size_t)dims);
    shape[1 + dims] = dims;
    ty_tensor *y = tyi_round(s, flat ? F(reshape, flat, dims + 2, shape) : NULL, to);
    y = ty_retain(y);
    tyi_scope_end(s);
    return y;
}
