/*
 * Rows of the binding table: gradients.
 */
#include <stdlib.h>

#include "args.h"
#include "callback.h"

/* retain_graph is as create_graph when it is not given. */
static bool retain(tyb_call *c, int i)
{
    return GIVEN(i) ? BOOL(i) : BOOL(i + 1);
}

static void backward(tyb_call *c)
{
    c->status = ty_backward_many(1, &T(0), &T(1), retain(c, 2), BOOL(3), GIVEN(4) ? COUNT(4) : -1, TENSORS(4));
}

static bool as_many(tyb_call *c, const char *name, int list, int count, const char *what, const char *of)
{
    if (!GIVEN(list) || COUNT(list) == count)
        return true;
    c->status = ty_fail(TY_ERROR_VALUE, "%s: %d %s, but %d %s", name, count, of, COUNT(list), what);
    return false;
}

static void backward_all(tyb_call *c)
{
    if (as_many(c, "backward", 1, COUNT(0), "grad_tensors", "tensors"))
        c->status = ty_backward_many(COUNT(0), TENSORS(0), GIVEN(1) ? TENSORS(1) : NULL, retain(c, 2), BOOL(3),
                                     GIVEN(4) ? COUNT(4) : -1, TENSORS(4));
}

/* Zeros in place of gradients that there are not. */
static ty_status materialize(int count, ty_tensor *const *inputs, ty_tensor **grads)
{
    for (int i = 0; i < count; i++)
        if (!grads[i] && !(grads[i] = ty_zeros_like(inputs[i], TY_DTYPE_NONE)))
            return TY_FAIL;
    return TY_OK;
}

static void grad(tyb_call *c)
{
    bool unused = GIVEN(5) ? BOOL(5) : BOOL(7);
    if (!as_many(c, "grad", 2, COUNT(0), "grad_outputs", "outputs"))
        return;
    if (BOOL(6)) {
        c->status = ty_fail(TY_ERROR_VALUE, "grad: is_grads_batched is not supported; call grad once for each of the "
                                            "grad_outputs, with retain_graph = true");
        return;
    }
    if (BOOL(7) && !unused) {
        c->status = ty_fail(TY_ERROR_VALUE, "grad: materialize_grads = true gives zeros for unused inputs, so "
                                            "allow_unused cannot be false");
        return;
    }
    ty_tensor **grads = calloc((size_t)COUNT(1) + 1, sizeof *grads);
    if (!grads) {
        c->status = ty_fail(TY_ERROR_MEMORY, "grad: out of memory for a list of %d gradients", COUNT(1));
        return;
    }
    c->status = ty_grad(COUNT(0), TENSORS(0), GIVEN(2) ? TENSORS(2) : NULL, COUNT(1), TENSORS(1), retain(c, 3), BOOL(4),
                        unused, grads);
    if (c->status == TY_OK && BOOL(7))
        c->status = materialize(COUNT(1), TENSORS(1), grads);
    if (c->status != TY_OK) {
        for (int i = 0; i < COUNT(1); i++)
            ty_release(grads[i]);
        free(grads);
        return;
    }
    c->out[0].tensors = grads;
    c->out[0].count = COUNT(1);
}

static void register_hook(tyb_call *c)
{
    tyb_register_hook(c->L, T(0), VALUE(1), "register_hook", TYB_HOOK_TENSOR);
}

static void register_post_accumulate_grad_hook(tyb_call *c)
{
    tyb_register_hook(c->L, T(0), VALUE(1), "register_post_accumulate_grad_hook", TYB_HOOK_ACCUMULATED);
}

static void detach_(tyb_call *c)
{
    RETURN(ty_detach_(T(0)));
}

static void is_inference(tyb_call *c)
{
    c->out[0].b = ty_is_inference(T(0));
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
    {"backward",
     "(input: Tensor, gradient: Tensor?, retain_graph: bool?, create_graph: bool = false, inputs: Tensors?) -> none",
     backward, TYB_METHOD,
     "Adds the gradient of input to the grad of every leaf it was made from, or of the given inputs alone. input must "
     "have one element, or gradient gives the weight of each. The graph is freed unless retain_graph (create_graph "
     "when "
     "not given) is true.",
     "local x = ty.ones(2, {requires_grad = true}); (x * x):sum():backward(); return x.grad"},
    {"backward",
     "(tensors: Tensors, grad_tensors: Tensors?, retain_graph: bool?, create_graph: bool = false, inputs: Tensors?) -> "
     "none",
     backward_all, TYB_AUTOGRAD,
     "Adds the gradient of the sum of tensors, each weighted by its grad_tensors (ones for tensors of one element), to "
     "the grad of every leaf, or of the given inputs alone.",
     "local x = ty.ones(2, {requires_grad = true})\nty.autograd.backward({x * 2, x * 3}, {ty.ones(2), ty.ones(2)})\n"
     "return x.grad"},
    {"grad",
     "(outputs: Tensors, inputs: Tensors, grad_outputs: Tensors?, retain_graph: bool?, create_graph: bool = false, "
     "allow_unused: bool?, is_grads_batched: bool = false, materialize_grads: bool = false) -> Tensors",
     grad, TYB_TY | TYB_AUTOGRAD,
     "The gradients of the sum of outputs with respect to inputs, as a list; no grad field is touched. An input that "
     "was not used is an error, nil in the list where allow_unused is true, or zeros with materialize_grads. "
     "is_grads_batched is not supported.",
     "local x = ty.ones(2, {requires_grad = true}); return ty.grad((x * x):sum(), x)[1]"},
    {"register_hook", "(input: Tensor, hook: any) -> any", register_hook, TYB_METHOD,
     "Calls hook(grad) each time a gradient of input has been computed; what it gives, unless nil, is the gradient "
     "from "
     "there on. Hooks run in the order of their registration, on a leaf once in a backward pass. The result has a "
     "method remove(); local _ <close> = x:register_hook(f) removes it at the end of the block. Do not change grad in "
     "place. A hook that refers to a tensor made from input keeps it until backward frees the graph.",
     "local x = ty.ones(2, {requires_grad = true})\nlocal handle = x:register_hook(function(g) return g * 2 end)\n"
     "x:sum():backward()\nhandle:remove()\nreturn x.grad"},
    {"register_post_accumulate_grad_hook", "(input: Tensor, hook: any) -> any", register_post_accumulate_grad_hook,
     TYB_METHOD,
     "Calls hook(input) after backward has added a gradient to input.grad: to step and forget a gradient while "
     "backward still runs. input must be a leaf. The result has a method remove().",
     "local w = ty.ones(2, {requires_grad = true})\nw:register_post_accumulate_grad_hook(function(p)\n"
     "  p:detach():sub_(p.grad * 0.1)\n  p.grad = nil\nend)\nty.sum(w * w):backward()\nreturn w"},
    {"detach", "(input: Tensor) -> Tensor", detach, TYB_BOTH,
     "The same elements, sharing memory, without history: gradients stop here.",
     "ty.ones(2, {requires_grad = true}):detach().requires_grad"},
    {"detach_", "(input: Tensor) -> self", detach_, TYB_METHOD,
     "Takes the history from a tensor itself: it becomes a leaf that requires no gradient. Not for views.",
     "local y = ty.ones(2, {requires_grad = true}) * 2; y:detach_(); return y.is_leaf"},
    {"is_inference", "(input: Tensor) -> bool", is_inference, TYB_BOTH,
     "Whether the tensor's memory was made in ty.inference_mode.", "ty.ones(1):is_inference()"},
    {"requires_grad_", "(input: Tensor, requires_grad: bool = true) -> self", requires_grad_, TYB_METHOD,
     "Sets whether gradients are wanted for a floating leaf.", "ty.ones(2):requires_grad_().requires_grad"},
    {"retain_grad", "(input: Tensor) -> none", retain_grad, TYB_METHOD,
     "Makes backward keep the gradient of a tensor that is no leaf.",
     "local x = ty.ones(1, {requires_grad = true}); local y = x * 2; y:retain_grad(); y:backward(); return y.grad"},
    {"is_grad_enabled", "() -> bool", is_grad_enabled, TYB_TY, "Whether ops are recorded for backward now.",
     "ty.is_grad_enabled()"},
    {0},
};
