/*
 * Rows of the binding table: convolution and transposed convolution.
 */
#include "window.h"

static void conv(tyb_call *c, int ndim)
{
    ty_window window;
    bool named = c->form == 1; /* padding = "same" or "valid" */
    if (tyb_window(c, ndim, (tyb_window_args){-1, 3, named ? -1 : 4, 5}, &window))
        RETURN(ty_conv(T(0), T(1), T(2), &window, named && CHOICE(4) == 0, INT(6)));
}

static void conv_transpose(tyb_call *c, int ndim)
{
    ty_window window;
    int64_t output_padding[3];
    if (tyb_window(c, ndim, (tyb_window_args){-1, 3, 4, 7}, &window) &&
        tyb_numbers(c, 5, "output_padding", ndim, 0, output_padding))
        RETURN(ty_conv_transpose(T(0), T(1), T(2), &window, output_padding, INT(6)));
}

#define EACH(ndim)                                                                                                     \
    static void conv##ndim##d(tyb_call *c)                                                                             \
    {                                                                                                                  \
        conv(c, ndim);                                                                                                 \
    }                                                                                                                  \
    static void conv_transpose##ndim##d(tyb_call *c)                                                                   \
    {                                                                                                                  \
        conv_transpose(c, ndim);                                                                                       \
    }
EACH(1)
EACH(2)
EACH(3)

#define OPERANDS "input: Tensor, weight: Tensor, bias: Tensor?, stride: sizes?"
#define CONV                                                                                                           \
    "(" OPERANDS ", padding: sizes?, dilation: sizes?, groups: int = 1) -> Tensor\n"                                   \
    "(" OPERANDS ", padding: \"same\"|\"valid\", dilation: sizes?, groups: int = 1) -> Tensor"
#define TRANSPOSE "(" OPERANDS ", padding: sizes?, output_padding: sizes?, groups: int = 1, dilation: sizes?) -> Tensor"
#define CONV_DOC                                                                                                       \
    " bias {out} or nil. stride and dilation are 1, padding (zeros at both ends) is 0, each one number or one for "    \
    "each dimension; padding = \"same\" keeps the sizes. groups: channels that see each other alone; as many as "      \
    "channels make a depthwise convolution."
#define TRANSPOSE_DOC                                                                                                  \
    " bias {out} or nil: the map that is the gradient of a convolution. A dimension d becomes (d - 1) stride - 2 "     \
    "padding + dilation (k - 1) + output_padding + 1."

const tyb_row tyb_rows_conv[] = {
    {"conv1d", CONV, conv1d, TYB_F,
     "Slides a window over input {N, C, L} or {C, L}. weight {out, C / groups, k}," CONV_DOC,
     "F.conv1d(ty.ones(1, 2, 5), ty.ones(3, 2, 3))"},
    {"conv2d", CONV, conv2d, TYB_F,
     "Slides a window over input {N, C, H, W} or {C, H, W}. weight {out, C / groups, kH, kW}," CONV_DOC,
     "F.conv2d(ty.ones(1, 2, 4, 4), ty.ones(3, 2, 3, 3), {padding = 1})"},
    {"conv3d", CONV, conv3d, TYB_F,
     "Slides a window over input {N, C, D, H, W} or {C, D, H, W}. weight {out, C / groups, kD, kH, kW}," CONV_DOC,
     "F.conv3d(ty.ones(1, 2, 3, 3, 3), ty.ones(3, 2, 2, 2, 2), {stride = {1, 1, 1}})"},
    {"conv_transpose1d", TRANSPOSE, conv_transpose1d, TYB_F,
     "Spreads input {N, C, L} or {C, L} by weight {C, out / groups, k}," TRANSPOSE_DOC,
     "F.conv_transpose1d(ty.ones(1, 2, 3), ty.ones(2, 1, 3), {stride = 2})"},
    {"conv_transpose2d", TRANSPOSE, conv_transpose2d, TYB_F,
     "Spreads input {N, C, H, W} or {C, H, W} by weight {C, out / groups, kH, kW}," TRANSPOSE_DOC,
     "F.conv_transpose2d(ty.ones(1, 2, 2, 2), ty.ones(2, 1, 2, 2), {stride = 2})"},
    {"conv_transpose3d", TRANSPOSE, conv_transpose3d, TYB_F,
     "Spreads input {N, C, D, H, W} or {C, D, H, W} by weight {C, out / groups, kD, kH, kW}," TRANSPOSE_DOC,
     "F.conv_transpose3d(ty.ones(1, 2, 1, 1, 1), ty.ones(2, 1, 2, 2, 2))"},
    {0},
};
