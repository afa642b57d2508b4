/*
 * Different values: unique and unique_consecutive, of elements or of slices along a dimension, with the place of each
 * among them and their counts. Slices are rows of a matrix; they are sorted column by column, the last one first.
 */
#include "ops/support.h"

#define HOLD(x) tyi_temp(x)
#include "ops/expressions.h"

#define WHOLE(v) HOLD(ty_scalar_tensor(ty_int(v), TY_DTYPE_NONE, true))

/* Whether each row of {n, k} differs from the one before; the first does. */
static ty_tensor *row_starts(ty_tensor *rows)
{
    int64_t n = rows->sizes[0], across = 1, one = 1;
    if (n == 0)
        return HOLD(ty_zeros(1, &n, TY_BOOL, rows->storage->device));
    ty_tensor *first = HOLD(ty_ones(1, &one, TY_BOOL, rows->storage->device));
    ty_tensor *here = F(narrow, rows, 0, 1, n - 1), *before = F(narrow, rows, 0, 0, n - 1);
    ty_tensor *differs = here && before ? F(any, F(ne, here, before), 1, &across, false) : NULL;
    return first && differs ? HOLD(ty_cat((ty_tensor *[]){first, differs}, 2, 0)) : NULL;
}

/* The order that sorts the rows of {n, k}. */
static ty_tensor *row_order(ty_tensor *rows)
{
    int64_t n = rows->sizes[0];
    ty_tensor *order = HOLD(ty_arange(ty_int(0), ty_int(n), ty_int(1), TY_INT64, rows->storage->device));
    for (int64_t c = rows->sizes[1] - 1; c >= 0 && order; c--) {
        ty_tensor *column = F(select, rows, 1, c), *step = NULL;
        column = column ? F(index_select, column, 0, order) : NULL;
        HOLD(column ? ty_sort(column, 0, false, true, &step) : NULL);
        order = HOLD(step) ? F(index_select, order, 0, step) : NULL;
    }
    return order;
}

static ty_tensor *distinct(const char *name, ty_tensor *x, const int *dim, bool sorts, ty_tensor **inverse,
                           ty_tensor **counts)
{
    if (inverse)
        *inverse = NULL;
    if (counts)
        *counts = NULL;
    if (!x)
        return NULL;
    int d = dim ? tyi_wrap_dim(name, *dim, x->ndim) : 0;
    if (d < 0)
        return NULL;
    bool was = ty_set_grad_enabled(false), slices = dim && x->ndim;
    int outer = tyi_temps_begin();
    ty_tensor *front = slices ? F(movedim, x, 1, (int64_t[]){d}, 1, (int64_t[]){0}) : x, *values = NULL;
    int64_t n = slices ? x->sizes[d] : x->numel, width = !slices ? 1 : n ? x->numel / n : 0;
    if (slices && n == 0)
        for (int k = 0, first = 1; k < x->ndim; k++)
            width = k == d ? width : first ? (first = 0, x->sizes[k]) : width * x->sizes[k];
    ty_tensor *rows = F(reshape, front, 2, (int64_t[]){n, width}), *order = NULL;
    if (sorts && rows) {
        order = row_order(rows);
        rows = order ? F(index_select, rows, 0, order) : NULL;
    }
    ty_tensor *first = rows ? row_starts(rows) : NULL;
    ty_tensor *places = first ? F(reshape, F(nonzero, first), 1, (int64_t[]){-1}) : NULL;
    ty_tensor *kept = places ? F(index_select, rows, 0, places) : NULL;
    ty_tensor *run = first ? SUB(F(cumsum, first, 0, TY_INT64), WHOLE(1)) : NULL;
    if (kept && slices) {
        int64_t sizes[TY_MAX_DIMS];
        memcpy(sizes, front->sizes, sizeof sizes);
        sizes[0] = kept->sizes[0];
        values = F(movedim, F(reshape, kept, x->ndim, sizes), 1, (int64_t[]){0}, 1, (int64_t[]){d});
    } else if (kept) {
        values = F(reshape, kept, 1, (int64_t[]){-1});
    }
    values = values && run ? F(contiguous, values) : NULL;
    if (values && inverse) {
        ty_tensor *of_row = order ? F(scatter, order, 0, order, run) : run;
        *inverse = !of_row ? NULL : slices ? ty_clone(of_row) : ty_reshape(of_row, x->ndim, x->sizes);
    }
    if (values && counts) {
        ty_tensor *none = HOLD(ty_zeros(1, kept->sizes, TY_INT64, x->storage->device));
        *counts = none ? ty_scatter_add(none, 0, run, F(ones_like, run, TY_DTYPE_NONE)) : NULL;
    }
    ty_set_grad_enabled(was);
    if (!values || (inverse && !*inverse) || (counts && !*counts)) {
        values = NULL;
        if (inverse)
            *inverse = tyi_drop(*inverse);
        if (counts)
            *counts = tyi_drop(*counts);
    }
    return tyi_composed(outer, values);
}

/* torch.unique: the different values of x in order, as a vector; with dim the different slices along it. Where they are
 * not NULL, *inverse (int64) says at which of them each element (slice) is, and *counts how often each occurs. */
ty_tensor *ty_unique(ty_tensor *x, const int *dim, ty_tensor **inverse, ty_tensor **counts)
{
    return distinct("unique", x, dim, true, inverse, counts);
}

/* torch.unique_consecutive: the same of neighbours alone; nothing is sorted. */
ty_tensor *ty_unique_consecutive(ty_tensor *x, const int *dim, ty_tensor **inverse, ty_tensor **counts)
{
    return distinct("unique_consecutive", x, dim, false, inverse, counts);
}
