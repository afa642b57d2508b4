/*
 * Rows of the binding table: gradients.
 */
#include <stdlib.h>

#include "args.h"

/* retain_graph is as create_graph when it is not given. */
static bool retain(tyb_call *c, int i)
{
    return GIVEN(i) ? BOOL(i) : BOOL(i + 1);
}

static void backward(tyb_call *c)
{
    c->status = ty_backward(T(0), T(1), retain(c, 2), BOOL(3));
}

static void grad(tyb_call *c)
{
    if (GIVEN(2) && COUNT(2) != COUNT(0)) {
        c->status = ty_fail(TY_ERROR_VALUE, "grad: %d outputs, but %d grad_outputs", COUNT(0), COUNT(2));
        return;
    }
    ty_tensor **grads = calloc((size_t)COUNT(1) + 1, sizeof *grads);
    if (!grads) {
        c->status = ty_fail(TY_ERROR_MEMORY, "grad: out of memory for a list of %d gradients", COUNT(1));
        return;
    }
    c->status = ty_grad(COUNT(0), TENSORS(0), GIVEN(2) ? TENSORS(2) : NULL, COUNT(1), TENSORS(1), retain(c, 3), BOOL(4),
                        BOOL(5), grads);
    if (c->status != TY_OK) {
        free(grads);
        return;
    }
    c->out[0].tensors = grads;
    c->out[0].count = COUNT(1);
}

static void detach(tyb_call *c)
{
    RETURN(ty_detach(T(0)));
}

static void requires_grad_(tyb_call *c)
{
    c->status = ty_set_requires_grad(T(0), BOOL(1));
    RETURN(ty_retain(T(0)));
}

static void retain_grad(tyb_call *c)
{
    c->status = ty_retain_grad(T(0));
}

static void is_grad_enabled(tyb_call *c)
{
    c->out[0].b = ty_grad_enabled();
}

const tyb_row tyb_rows_autograd[] = {
    {"backward", "(input: Tensor, gradient: Tensor?, retain_graph: bool?, create_graph: bool = false) -> none",
     backward, TYB_METHOD,
     "Adds the gradient of input to the grad of every leaf it was made from. input must have one element, or gradient "
     "gives "
     "the weight of each. The graph is freed unless retain_graph (create_graph when not given) is true.",
     "local x = ty.ones(2, {requires_grad = true}); (x * x):sum():backward(); return x.grad"},
    {"grad",
     "(outputs: Tensors, inputs: Tensors, grad_outputs: Tensors?, retain_graph: bool?, create_graph: bool = false, "
     "allow_unused: bool = false) -> Tensors",
     grad, TYB_TY,
     "The gradients of the sum of outputs with respect to inputs, as a list; no grad field is touched. An input that "
     "was not "
     "used is an error, or nil in the list where allow_unused is true.",
     "local x = ty.ones(2, {requires_grad = true}); return ty.grad((x * x):sum(), x)[1]"},
    {"detach", "(input: Tensor) -> Tensor", detach, TYB_BOTH,
     "The same elements, sharing memory, without history: gradients stop here.",
     "ty.ones(2, {requires_grad = true}):detach().requires_grad"},
    {"requires_grad_", "(input: Tensor, requires_grad: bool = true) -> self", requires_grad_, TYB_METHOD,
     "Sets whether gradients are wanted for a floating leaf.", "ty.ones(2):requires_grad_().requires_grad"},
    {"retain_grad", "(input: Tensor) -> none", retain_grad, TYB_METHOD,
     "Makes backward keep the gradient of a tensor that is no leaf.",
     "local x = ty.ones(1, {requires_grad = true}); local y = x * 2; y:retain_grad(); y:backward(); return y.grad"},
    {"is_grad_enabled", "() -> bool", is_grad_enabled, TYB_TY, "Whether ops are recorded for backward now.",
     "ty.is_grad_enabled()"},
    {0},
};
