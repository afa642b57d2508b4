/*
 * Attention: scaled_dot_product_attention, composed of matrix products, softmax and dropout, so that gradients of any
 * order come from those.
 */
#include <math.h>

#include "ops/support.h"

#define KEEP(x) tyi_keep(s, x)
#define HOLD(x) KEEP(x)
#include "ops/expressions.h"

static const char *const name = "scaled_dot_product_attention";

static ty_status check_tensors(ty_tensor *query, ty_tensor *key, ty_tensor *value)
{
    ty_tensor *const all[] = {query, key, value};
    static const char *const what[] = {"query", "key", "value"};
    for (int i = 0; i < 3; i++) {
        if (!ty_dtype_is_floating((ty_dtype)all[i]->dtype) || all[i]->dtype != query->dtype)
            return ty_fail(TY_ERROR_VALUE, "%s: query, key and value must be floating, of one dtype; %s is %s", name,
                           what[i], TYI_DESCRIBE(all[i]));
        if (all[i]->ndim < 2)
            return ty_fail(TY_ERROR_VALUE, "%s: query, key and value are {..., length, features}; %s has shape %s",
                           name, what[i], TYI_SHAPE(all[i]));
    }
    if (query->sizes[query->ndim - 1] != key->sizes[key->ndim - 1])
        return ty_fail(TY_ERROR_VALUE, "%s: query %s and key %s must have as many features: %lld and %lld", name,
                       TYI_SHAPE(query), TYI_SHAPE(key), (long long)query->sizes[query->ndim - 1],
                       (long long)key->sizes[key->ndim - 1]);
    if (key->sizes[key->ndim - 2] != value->sizes[value->ndim - 2])
        return ty_fail(TY_ERROR_VALUE, "%s: key %s and value %s must have one length: %lld and %lld", name,
                       TYI_SHAPE(key), TYI_SHAPE(value), (long long)key->sizes[key->ndim - 2],
                       (long long)value->sizes[value->ndim - 2]);
    ty_device device;
    return tyi_same_device(name, 3, all, &device);
}

/* The mask is bool or of the query's dtype and broadcasts to {..., queries, keys}. */
static ty_status check_mask(ty_tensor *query, ty_tensor *key, ty_tensor *mask)
{
    if (mask->dtype != TY_BOOL && mask->dtype != query->dtype)
        return ty_fail(TY_ERROR_VALUE, "%s: attn_mask must be bool (true: attend) or %s as the query (added); it is %s",
                       name, ty_dtype_name((ty_dtype)query->dtype), TYI_DESCRIBE(mask));
    int64_t length[2] = {query->sizes[query->ndim - 2], key->sizes[key->ndim - 2]};
    bool fits = mask->ndim <= query->ndim || mask->ndim <= key->ndim;
    for (int d = 1; fits && d <= mask->ndim; d++) {
        int64_t size = mask->sizes[mask->ndim - d];
        int64_t from_query = d <= query->ndim ? query->sizes[query->ndim - d] : 1;
        int64_t wanted = d <= 2                            ? length[2 - d]
                         : from_query > 1 || d > key->ndim ? from_query
                                                           : key->sizes[key->ndim - d];
        fits = size == 1 || size == wanted;
    }
    if (!fits)
        return ty_fail(TY_ERROR_VALUE,
                       "%s: attn_mask %s does not broadcast to {..., %lld, %lld}, the queries and keys of %s and %s",
                       name, TYI_SHAPE(mask), (long long)length[0], (long long)length[1], TYI_SHAPE(query),
                       TYI_SHAPE(key));
    ty_device device;
    return tyi_same_device(name, 2, (ty_tensor *[]){query, mask}, &device);
}

/* With grouped queries: x's heads (dimension -3) repeated until they are as many as the query's. */
static ty_tensor *grouped(tyi_scope *s, ty_tensor *query, ty_tensor *x, const char *what)
{
    int64_t heads = query->ndim > 2 ? query->sizes[query->ndim - 3] : 0, own = x->ndim > 2 ? x->sizes[x->ndim - 3] : 0;
    if (!own || heads % own)
        return tyi_fail(TY_ERROR_VALUE,
                        "%s: with enable_gqa the heads of the query (dimension %lld) must be a multiple of the %s's; "
                        "the shapes are %s and %s",
                        name, (long long)-3, what, TYI_SHAPE(query), TYI_SHAPE(x));
    if (heads == own)
        return x;
    int dim = x->ndim - 3;
    ty_tensor *times = KEEP(ty_full(0, NULL, ty_int(heads / own), TY_INT64, x->storage->device));
    return times ? KEEP(ty_repeat_interleave(x, times, &dim)) : NULL;
}

/* true where query i may look at key j: j <= i. */
static ty_tensor *causal_mask(tyi_scope *s, ty_tensor *query, ty_tensor *key)
{
    int64_t sizes[2] = {query->sizes[query->ndim - 2], key->sizes[key->ndim - 2]};
    return KEEP(ty_tril(KEEP(ty_ones(2, sizes, TY_BOOL, query->storage->device)), 0));
}

/* Rows of the mask that let nothing through, {..., 1}; NULL with *none when there are none of them. */
static ty_tensor *closed_rows(tyi_scope *s, ty_tensor *mask, bool *none)
{
    int64_t last = -1;
    *none = true;
    ty_tensor *closed = mask->dtype == TY_BOOL ? KEEP(ty_logical_not(mask)) : KEEP(ty_eq(mask, NUM(-INFINITY)));
    ty_tensor *rows = mask->ndim ? KEEP(ty_all(closed, 1, &last, true)) : closed;
    ty_tensor *any = KEEP(ty_any(rows, 0, NULL, false));
    ty_scalar found;
    *none = false;
    if (!any || ty_item(any, &found) != TY_OK)
        return NULL;
    *none = found.i == 0;
    return rows;
}

/* softmax over the keys under a mask (NULL: none); rows without a key that may be looked at become 0, not NaN, and so
 * do their gradients. */
static ty_tensor *weights_of(tyi_scope *s, ty_tensor *scores, ty_tensor *mask, bool may_close)
{
    if (!mask || !scores)
        return scores ? KEEP(ty_softmax(scores, -1, TY_DTYPE_NONE)) : NULL;
    bool none = true;
    ty_tensor *rows = may_close ? closed_rows(s, mask, &none) : NULL;
    if (may_close && !rows)
        return NULL;
    if (mask->dtype == TY_BOOL)
        scores = KEEP(ty_masked_fill(scores, KEEP(ty_logical_not(mask)), NUM(-INFINITY)));
    else
        scores = ADD(scores, mask);
    if (none)
        return scores ? KEEP(ty_softmax(scores, -1, TY_DTYPE_NONE)) : NULL;
    scores = KEEP(ty_masked_fill(scores, rows, NUM(0)));
    return KEEP(ty_masked_fill(KEEP(ty_softmax(scores, -1, TY_DTYPE_NONE)), rows, NUM(0)));
}

/*
 * softmax(query key^T scale + mask) value, with dropout on the weights. query {..., L, E}, key {..., S, E}, value
 * {..., S, Ev}: {..., L, Ev}; dimensions before broadcast. mask (NULL: none) broadcasts to {..., L, S}: bool, true
 * where a query may look at a key, or of the query's dtype and added. is_causal: query i looks at keys up to i, and
 * there is no mask. scale NULL: 1 / sqrt(E). enable_gqa: key and value have fewer heads (dimension -3), each serves
 * several of the query's. torch.nn.functional.scaled_dot_product_attention
 */
ty_tensor *ty_scaled_dot_product_attention(ty_tensor *query, ty_tensor *key, ty_tensor *value, ty_tensor *mask,
                                           double dropout_p, bool is_causal, const double *scale, bool enable_gqa,
                                           ty_generator *g)
{
    tyi_scope scope = {0}, *s = &scope;
    ty_tensor *out = NULL;
    if (!query || !key || !value || check_tensors(query, key, value) != TY_OK ||
        (mask && check_mask(query, key, mask) != TY_OK))
        return NULL;
    if (mask && is_causal)
        return tyi_fail(TY_ERROR_VALUE, "%s: give attn_mask or is_causal, not both", name);
    if (!(dropout_p >= 0 && dropout_p <= 1))
        return tyi_fail(TY_ERROR_VALUE, "%s: dropout_p is a probability from 0 to 1, got %g", name, dropout_p);
    bool masked = mask != NULL;
    ty_dtype to = tyi_widen(s, TYI_OPERANDS(&query, &key, &value, &mask));
    if (!query || !key || !value || (masked && !mask))
        goto done;
    if (enable_gqa) {
        key = grouped(s, query, key, "key");
        value = key ? grouped(s, query, value, "value") : NULL;
        if (!key || !value)
            goto done;
    }
    double factor = scale ? *scale : 1 / sqrt((double)query->sizes[query->ndim - 1]);
    if (is_causal && !(mask = causal_mask(s, query, key)))
        goto done;
    ty_tensor *scores = F(matmul, MUL(query, NUM(factor)), F(transpose, key, -2, -1));
    ty_tensor *weights = weights_of(s, scores, mask, !is_causal);
    if (weights && dropout_p > 0)
        weights = KEEP(ty_dropout(weights, dropout_p, true, g));
    out = ty_retain(tyi_round(s, F(matmul, weights, value), to));
done:
    tyi_scope_end(s);
    return out;
}
