/*
 * Rows of the binding table: padding, resampling, and images taken apart and put together.
 */
#include "window.h"

static void pad(tyb_call *c)
{
    RETURN(ty_pad(T(0), COUNT(1), INTS(1), (ty_pad_mode)CHOICE(2), FLOAT(3)));
}

/* Factors of argument `at`: a number, or a list of one for each of ndim dimensions. Raises nothing. */
static bool factors(tyb_call *c, int at, int ndim, double scales[3])
{
    lua_State *L = c->L;
    int idx = VALUE(at), count = 1;
    bool list = lua_type(L, idx) == LUA_TTABLE, fine = true;
    if (list)
        count = (int)lua_rawlen(L, idx);
    if (list && count != ndim)
        fine = false;
    for (int d = 0; fine && d < ndim; d++) {
        if (list)
            lua_rawgeti(L, idx, d + 1);
        else
            lua_pushvalue(L, idx);
        fine = lua_type(L, -1) == LUA_TNUMBER;
        scales[d] = fine ? lua_tonumber(L, -1) : 0;
        lua_pop(L, 1);
    }
    if (!fine)
        c->status = ty_fail(TY_ERROR_VALUE, "interpolate: scale_factor takes a number, or a list of %d", ndim);
    return fine;
}

static void interpolate(tyb_call *c)
{
    int64_t sizes[3];
    double scales[3];
    int ndim = ty_ndim(T(0)) - 2;
    ndim = ndim < 1 ? 1 : ndim > 3 ? 3 : ndim; /* what does not fit is the core's to refuse */
    if (GIVEN(1) && !tyb_numbers(c, 1, "size", ndim, 0, sizes))
        return;
    if (GIVEN(2) && !factors(c, 2, ndim, scales))
        return;
    RETURN(ty_interpolate(T(0), GIVEN(1) ? sizes : NULL, GIVEN(2) ? scales : NULL, (ty_interpolation)CHOICE(3),
                          GIVEN(4) ? BOOL(4) : -1, BOOL(5), BOOL(6)));
}

static void grid_sample(tyb_call *c)
{
    static const ty_interpolation modes[] = {TY_BILINEAR, TY_NEAREST, TY_BICUBIC};
    RETURN(ty_grid_sample(T(0), T(1), modes[CHOICE(2)], (ty_grid_padding)CHOICE(3), BOOL(4)));
}

static void affine_grid(tyb_call *c)
{
    RETURN(ty_affine_grid(T(0), COUNT(1), INTS(1), BOOL(2)));
}

static void unfold(tyb_call *c)
{
    ty_window window;
    if (!tyb_window(c, 2, (tyb_window_args){1, 4, 3, 2}, &window))
        return;
    for (int d = 0; d < 2 && COUNT(4) == 0; d++)
        window.stride[d] = 1;
    RETURN(ty_unfold_images(T(0), &window));
}

static void fold(tyb_call *c)
{
    ty_window window;
    int64_t sizes[3];
    if (!tyb_window(c, 2, (tyb_window_args){2, 5, 4, 3}, &window) || !tyb_numbers(c, 1, "output_size", 2, 1, sizes))
        return;
    for (int d = 0; d < 2 && COUNT(5) == 0; d++)
        window.stride[d] = 1;
    RETURN(ty_fold(T(0), sizes, &window));
}

static void pixel_shuffle(tyb_call *c)
{
    RETURN(ty_pixel_shuffle(T(0), INT(1)));
}

static void pixel_unshuffle(tyb_call *c)
{
    RETURN(ty_pixel_unshuffle(T(0), INT(1)));
}

static void channel_shuffle(tyb_call *c)
{
    RETURN(ty_channel_shuffle(T(0), INT(1)));
}

#define WINDOW "dilation: sizes?, padding: sizes?, stride: sizes?) -> Tensor"

const tyb_row tyb_rows_resample[] = {
    {"pad",
     "(input: Tensor, pad: sizes, mode: \"constant\"|\"reflect\"|\"replicate\"|\"circular\" = \"constant\", value: "
     "float = 0) -> Tensor",
     pad, TYB_F,
     "Padding: two numbers, before and after, for the last dimension, then for the one before it, and so on; negative "
     "ones take away. \"constant\" fills with value; the other modes, for {N, C, d...} and {C, d...} with all d "
     "padded, "
     "continue the image as a mirror that does not repeat the edge, by its edge, or from its other end.",
     "F.pad(ty.tensor{{1.0, 2.0}}, {1, 2})"},
    {"interpolate",
     "(input: Tensor, size: sizes?, scale_factor: any?, mode: "
     "\"nearest\"|\"linear\"|\"bilinear\"|\"bicubic\"|\"trilinear\"|\"area\"|\"nearest-exact\" = \"nearest\", "
     "align_corners: bool?, recompute_scale_factor: bool = false, antialias: bool = false) -> Tensor",
     interpolate, TYB_F,
     "Images {N, C, L}, {N, C, H, W} or {N, C, D, H, W} in another size: size, or scale_factor times their own, each "
     "one "
     "number or one for each dimension. \"linear\", \"bilinear\" (two dimensions) and \"trilinear\" (three) blend "
     "neighbours, \"bicubic\" four each way, \"area\" averages. align_corners: the middles of the outer elements stay "
     "where they are, not their edges. antialias, of \"bilinear\" and \"bicubic\": all elements count when the image "
     "shrinks.",
     "F.interpolate(ty.tensor{{{1.0, 2.0}}}, {scale_factor = 2, mode = \"linear\"})"},
    {"grid_sample",
     "(input: Tensor, grid: Tensor, mode: \"bilinear\"|\"nearest\"|\"bicubic\" = \"bilinear\", padding_mode: "
     "\"zeros\"|\"border\"|\"reflection\" = \"zeros\", align_corners: bool = false) -> Tensor",
     grid_sample, TYB_F,
     "input {N, C, H, W} read at the positions grid {N, h, w, 2}, (x, y) from -1 to 1 over the image: {N, C, h, w}; or "
     "input {N, C, D, H, W} and grid {N, d, h, w, 3}. align_corners: -1 and 1 are the middles "
     "of "
     "the outer elements, not their edges.",
     "F.grid_sample(ty.ones(1, 1, 3, 3), ty.zeros(1, 1, 1, 2))"},
    {"affine_grid", "(theta: Tensor, size: sizes, align_corners: bool = false) -> Tensor", affine_grid, TYB_F,
     "The positions {N, H, W, 2} at which grid_sample reads an image of size {N, C, H, W} through the affine maps "
     "theta "
     "{N, 2, 3}; or {N, D, H, W, 3} for a size {N, C, D, H, W} and theta {N, 3, 4}.",
     "F.affine_grid(ty.tensor{{{1.0, 0.0, 0.0}, {0.0, 1.0, 0.0}}}, {1, 1, 2, 2})"},
    {"unfold", "(input: Tensor, kernel_size: sizes, " WINDOW, unfold, TYB_F,
     "The blocks of input {N, C, H, W} or {C, H, W} under a sliding window, as columns: {N, C * kernel, blocks}. All "
     "are "
     "one number or two; stride is 1. (The tensor's method of this name is another.)",
     "F.unfold(ty.ones(1, 2, 3, 3), 2)"},
    {"fold", "(input: Tensor, output_size: sizes, kernel_size: sizes, " WINDOW, fold, TYB_F,
     "Columns {N, C * kernel, blocks} or {C * kernel, blocks}, as unfold makes them, added up where they came from in "
     "images of output_size: {N, C, H, W}.",
     "F.fold(ty.ones(1, 4, 4), {3, 3}, 2)"},
    {"pixel_shuffle", "(input: Tensor, upscale_factor: int) -> Tensor", pixel_shuffle, TYB_F,
     "{..., C * r * r, H, W} to {..., C, H * r, W * r}: channels become places.",
     "F.pixel_shuffle(ty.arange(4.0):view(1, 4, 1, 1), 2)"},
    {"pixel_unshuffle", "(input: Tensor, downscale_factor: int) -> Tensor", pixel_unshuffle, TYB_F,
     "{..., C, H * r, W * r} to {..., C * r * r, H, W}: places become channels.",
     "F.pixel_unshuffle(ty.arange(4.0):view(1, 1, 2, 2), 2)"},
    {"channel_shuffle", "(input: Tensor, groups: int) -> Tensor", channel_shuffle, TYB_F,
     "The channels of {N, C, ...} in another order: the first of each group, then the second of each, and so on.",
     "F.channel_shuffle(ty.arange(4.0):view(1, 4, 1), 2)"},
    {0},
};
