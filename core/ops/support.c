/*
 * Reduced floating dtypes in ops made of several steps: see support.h.
 */
#include "ops/support.h"

ty_dtype tyi_widen(tyi_scope *scope, int count, ty_tensor **const *operands)
{
    bool any = false;
    for (int i = 0; i < count; i++)
        any = any || (*operands[i] && tyi_is_reduced((ty_dtype)(*operands[i])->dtype));
    if (!any)
        return TY_DTYPE_NONE;
    ty_tensor *given[TYI_SCOPE_MOST];
    for (int i = 0; i < count; i++)
        given[i] = *operands[i];
    ty_dtype to = tyi_result_type(count, given);
    if (!tyi_is_reduced(to))
        return TY_DTYPE_NONE;
    for (int i = 0; i < count; i++)
        if (*operands[i] && tyi_is_reduced((ty_dtype)(*operands[i])->dtype))
            *operands[i] = tyi_keep(scope, ty_to_dtype(*operands[i], TY_FLOAT32));
    scope->rounds_to = to;
    return to;
}

ty_tensor *tyi_round(tyi_scope *scope, ty_tensor *y, ty_dtype to)
{
    return !y || to == TY_DTYPE_NONE ? y : tyi_keep(scope, ty_to_dtype(y, to));
}

ty_tensor *tyi_result(tyi_scope *scope, ty_tensor *y)
{
    y = scope->rounds_to && y ? ty_to_dtype(y, scope->rounds_to) : ty_retain(y);
    tyi_scope_end(scope);
    return y;
}
