/*
 * Initialisers (torch.nn.init) that give a tensor a structure: identities, orthogonal and sparse matrices. As those of
 * init.c they fill in place and record nothing, and draw PyTorch's random numbers.
 */
#include <math.h>

#include "ops/support.h"

#define HOLD(x) tyi_keep(s, x)
#include "ops/expressions.h"

/* Whether x is floating and has from `least` to `most` dimensions. */
static ty_status check(const char *name, const ty_tensor *x, int least, int most)
{
    if (!ty_dtype_is_floating((ty_dtype)x->dtype))
        return ty_fail(TY_ERROR_VALUE, "%s: values are floating, so the tensor must be too, got %s", name,
                       TYI_DESCRIBE(x));
    if (x->ndim >= least && x->ndim <= most)
        return TY_OK;
    if (least == most)
        return ty_fail(TY_ERROR_VALUE, "%s: a tensor of %d dimensions is needed, got shape %s", name, least,
                       TYI_SHAPE(x));
    return ty_fail(TY_ERROR_VALUE, "%s: a tensor of %d to %d dimensions is needed, got shape %s", name, least, most,
                   TYI_SHAPE(x));
}

/* Ends a filling: gives x back when `last`, the outcome of its last step, is there. */
static ty_tensor *finish(tyi_scope *s, bool was, ty_tensor *x, const ty_tensor *last)
{
    ty_tensor *result = last ? ty_retain(x) : NULL;
    ty_set_grad_enabled(was);
    tyi_scope_end(s);
    return result;
}

/* torch.nn.init.eye_: the identity in x {n, m}. */
ty_tensor *ty_init_eye_(ty_tensor *x)
{
    if (!x || check("eye_", x, 2, 2) != TY_OK)
        return NULL;
    tyi_scope scope = {0}, *s = &scope;
    bool was = ty_set_grad_enabled(false);
    ty_tensor *eye = HOLD(ty_eye(x->sizes[0], x->sizes[1], (ty_dtype)x->dtype, x->storage->device));
    return finish(s, was, x, eye ? HOLD(ty_copy_(x, eye)) : NULL);
}

/* torch.nn.init.dirac_: a convolution's weight {out, in, kernel...} that passes as many channels on as there are, in
 * each of `groups` equal parts of the outputs. */
ty_tensor *ty_init_dirac_(ty_tensor *x, int64_t groups)
{
    if (!x || check("dirac_", x, 3, 5) != TY_OK)
        return NULL;
    if (groups < 1 || x->sizes[0] % groups)
        return tyi_fail(TY_ERROR_VALUE, "dirac_: groups must divide the outputs, the first size of %s, got %lld",
                        TYI_SHAPE(x), (long long)groups);
    tyi_scope scope = {0}, *s = &scope;
    bool was = ty_set_grad_enabled(false);
    ty_tensor *done = HOLD(ty_zero_(x)), *centre = done ? HOLD(ty_detach(x)) : NULL;
    for (int d = x->ndim - 1; d >= 2 && centre && x->sizes[d]; d--)
        centre = HOLD(ty_select(centre, d, x->sizes[d] / 2));
    int64_t outputs = x->sizes[0] / groups;
    for (int64_t g = 0; g < groups && centre && x->numel; g++) {
        ty_tensor *part = ty_narrow(centre, 0, g * outputs, outputs),
                  *diagonal = part ? ty_diagonal(part, 0, 0, 1) : NULL;
        ty_tensor *filled = diagonal ? ty_fill_(diagonal, ty_int(1)) : NULL;
        if (!filled)
            centre = NULL;
        ty_release(filled);
        ty_release(diagonal);
        ty_release(part);
    }
    return finish(s, was, x, centre);
}

/* torch.nn.init.orthogonal_: rows (or columns, when they are fewer) of x {rows, the rest} that are orthogonal and of
 * length gain: Q of a matrix of normal numbers, with signs that make it uniform (Mezzadri 2007). */
ty_tensor *ty_init_orthogonal_(ty_tensor *x, double gain, ty_generator *g)
{
    if (!x || check("orthogonal_", x, 2, TY_MAX_DIMS) != TY_OK)
        return NULL;
    if (x->numel == 0)
        return ty_retain(x);
    tyi_scope scope = {0}, *s = &scope;
    bool was = ty_set_grad_enabled(false);
    int64_t rows = x->sizes[0], columns = x->numel / rows;
    ty_dtype wide = tyi_wide_of((ty_dtype)x->dtype);
    ty_tensor *fresh = HOLD(tyi_new(2, (int64_t[]){rows, columns}, (ty_dtype)x->dtype, x->storage->device));
    ty_tensor *drawn = fresh ? HOLD(ty_normal_(fresh, 0, 1, g)) : NULL;
    drawn = drawn ? HOLD(ty_to_dtype(drawn, wide)) : NULL;
    drawn = drawn && rows < columns ? HOLD(ty_t(drawn)) : drawn;
    ty_tensor *r = NULL, *q = drawn ? HOLD(ty_linalg_qr(drawn, TY_QR_REDUCED, &r)) : NULL;
    HOLD(r);
    ty_tensor *signs = q ? F(sign, HOLD(ty_diagonal(r, 0, 0, 1))) : NULL;
    ty_tensor *turned = signs ? MUL(MUL(q, signs), NUM(gain)) : NULL;
    turned = turned && rows < columns ? HOLD(ty_t(turned)) : turned;
    ty_tensor *shaped = turned ? HOLD(ty_reshape(turned, x->ndim, x->sizes)) : NULL;
    return finish(s, was, x, shaped ? HOLD(ty_copy_(x, shaped)) : NULL);
}

/* torch.nn.init.sparse_: normal numbers in x {rows, columns}, with the share `sparsity` of each column set to 0. The
 * places come from the default generator, as in PyTorch. */
ty_tensor *ty_init_sparse_(ty_tensor *x, double sparsity, double std, ty_generator *g)
{
    if (!x || check("sparse_", x, 2, 2) != TY_OK)
        return NULL;
    if (!(sparsity >= 0 && sparsity <= 1))
        return tyi_fail(TY_ERROR_VALUE, "sparse_: sparsity is the share of zeros, from 0 to 1, got %g", sparsity);
    bool was = ty_set_grad_enabled(false);
    int64_t rows = x->sizes[0], zeros = (int64_t)ceil(sparsity * (double)rows);
    ty_tensor *done = ty_normal_(x, 0, std, g);
    for (int64_t c = 0; c < x->sizes[1] && done; c++) {
        tyi_scope scope = {0}, *s = &scope;
        ty_tensor *order = HOLD(ty_randperm(rows, TY_INT64, x->storage->device, NULL));
        ty_tensor *places = order ? HOLD(ty_narrow(order, 0, 0, zeros)) : NULL;
        ty_tensor *column = HOLD(ty_select(done, 1, c)),
                  *zero = HOLD(ty_scalar_tensor(ty_int(0), (ty_dtype)x->dtype, false));
        bool set = places && column && zero && HOLD(ty_index_put_(column, 1, &places, zero, false));
        tyi_scope_end(s);
        if (!set)
            done = tyi_drop(done);
    }
    ty_set_grad_enabled(was);
    return done;
}
