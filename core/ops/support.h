/*
 * Cleanup and saving, as the families made of several steps need it: scopes of references, and what a rule keeps.
 * Beside ops/ops.h; knows no op.
 */
#ifndef TYI_SUPPORT_H
#define TYI_SUPPORT_H

#include <stdio.h>

#include "ops/ops.h"

/* Releases x and is NULL: return tyi_drop(x); */
static inline void *tyi_drop(ty_tensor *x)
{
    ty_release(x);
    return NULL;
}

/* References to let go of together at the end of a composed op. Passes x on; NULL when x is NULL. An op keeps at most
 * TYI_SCOPE_MOST of them. */
#define TYI_SCOPE_MOST 32
typedef struct tyi_scope {
    int count;
    ty_dtype rounds_to; /* what tyi_result() rounds to: the dtype that tyi_widen() found, or 0 */
    ty_tensor *items[TYI_SCOPE_MOST];
} tyi_scope;

static inline ty_tensor *tyi_keep(tyi_scope *scope, ty_tensor *x)
{
    if (x)
        scope->items[scope->count++] = x;
    return x;
}

static inline void tyi_scope_end(tyi_scope *scope)
{
    while (scope->count)
        ty_release(scope->items[--scope->count]);
}

/* x when `other` asks for gradients, which is when the rule will read x; else NULL, so that nothing is kept alive. */
static inline ty_tensor *tyi_if_grad(const ty_tensor *other, ty_tensor *x)
{
    return other->meta && ty_requires_grad(other) ? x : NULL;
}

/* x, or a copy of it where it shares memory with one that is about to be written. A new reference; NULL passes on. */
static inline ty_tensor *tyi_apart(ty_tensor *x, const ty_tensor *written)
{
    if (!x || x->storage != written->storage)
        return ty_retain(x);
    ty_tensor *copy = tyi_new(x->ndim, x->sizes, (ty_dtype)x->dtype, x->storage->device);
    if (copy && tyi_copy(copy, x) != TY_OK)
        return tyi_drop(copy);
    return copy;
}

/*
 * The reduced floating dtypes (float16, bfloat16) in ops made of several steps: computed in float32, with the result
 * rounded once, as PyTorch's kernels do. Both conversions are recorded, so gradients pass in the operands' dtypes.
 *
 *     tyi_widen(s, TYI_OPERANDS(&x, &target));   before the steps
 *     return tyi_result(s, y);                   after them
 *
 * tyi_widen() puts float32 into each operand (NULL: none) that is reduced, when the result's dtype is, which it gives;
 * else it changes nothing and gives TY_DTYPE_NONE. tyi_round() is for ops with more than one result: it passes y (and
 * NULL) on when `to` is that. An op that calls a kernel asks tyi_is_reduced(dtype) (tensor/reduced.h) and does the same
 * around it.
 */
#define TYI_OPERANDS(...)                                                                                              \
    (int)(sizeof((ty_tensor **[]){__VA_ARGS__}) / sizeof(ty_tensor **)), (ty_tensor * *[])                             \
    {                                                                                                                  \
        __VA_ARGS__                                                                                                    \
    }
ty_dtype tyi_widen(tyi_scope *scope, int count, ty_tensor **const *operands);
ty_tensor *tyi_round(tyi_scope *scope, ty_tensor *y, ty_dtype to);
/* Ends the scope and gives y, which is one of its references or NULL, as a new one; rounded where operands were
 * widened. */
ty_tensor *tyi_result(tyi_scope *scope, ty_tensor *y);

/* Zeros of a shape that a rule remembered, of the gradient's dtype and device. */
static inline ty_tensor *tyi_zeros_of(const tyi_shape *shape, const ty_tensor *grad)
{
    return ty_zeros(shape->ndim, shape->sizes, (ty_dtype)grad->dtype, grad->storage->device);
}

#endif
