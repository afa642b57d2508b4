/*
 * torch.einsum: sums of products named by letters. The equation is read once; operands are then taken into the result
 * from left to right, each step one batched matrix product, or a product with broadcasting where nothing is summed.
 */
#include "ops/support.h"

#define LETTERS 52
#define LABELS  (LETTERS + TY_MAX_DIMS) /* those of an ellipsis follow the letters, aligned at the right */
#define LONGEST (2 * TY_MAX_DIMS)

/* A list of labels: of a term, or of the dimensions of a tensor. */
typedef struct labels {
    int count, dots; /* dots: where the ellipsis stands; -1: there is none */
    int8_t at[LONGEST];
} labels;

static int find(const labels *l, int label)
{
    for (int i = 0; i < l->count; i++)
        if (l->at[i] == label)
            return i;
    return -1;
}

/* A to Z, a to z: in this order they stand in a result that is not given. */
static int label_of(char c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A' : c >= 'a' && c <= 'z' ? c - 'a' + 26 : -1;
}

/* Reads a term up to ',', '-' or the end; *text goes there. */
static ty_status read_term(const char **text, labels *l)
{
    l->count = 0;
    l->dots = -1;
    const char *p = *text;
    for (; *p && *p != ',' && *p != '-'; p++) {
        if (*p == ' ')
            continue;
        if (p[0] == '.' && p[1] == '.' && p[2] == '.' && l->dots < 0) {
            l->dots = l->count;
            p += 2;
        } else if (label_of(*p) < 0) {
            return ty_fail(
                TY_ERROR_VALUE,
                "einsum: '%.20s' cannot be read; an equation has letters, one '...' a term, ',' and '->', as "
                "\"ij,jk->ik\"",
                p);
        } else if (l->count == TY_MAX_DIMS) {
            return ty_fail(TY_ERROR_VALUE, "einsum: a term has more than %d letters", TY_MAX_DIMS);
        } else {
            l->at[l->count++] = (int8_t)label_of(*p);
        }
    }
    *text = p;
    return TY_OK;
}

/* Puts the labels of `dims` ellipsis dimensions, the last of `most`, at the term's dots. */
static void open_dots(labels *l, int dims, int most)
{
    if (l->dots < 0)
        return;
    memmove(l->at + l->dots + dims, l->at + l->dots, (size_t)(l->count - l->dots));
    for (int i = 0; i < dims; i++)
        l->at[l->dots + i] = (int8_t)(LETTERS + most - dims + i);
    l->count += dims;
}

/* Takes x over, and gives it with the dimensions in this order. */
static ty_tensor *ordered(ty_tensor *x, const labels *have, const labels *want)
{
    int64_t dims[LONGEST];
    for (int i = 0; i < want->count; i++)
        dims[i] = find(have, want->at[i]);
    ty_tensor *y = x ? ty_permute(x, want->count, dims) : NULL;
    ty_release(x);
    return y;
}

/* Takes x over: each label once (the diagonal of equal ones), and summed over those that `needed` lacks. */
static ty_tensor *simplified(ty_tensor *x, labels *l, const bool *needed)
{
    for (int i = 0; i < l->count && x; i++) {
        for (int k = i + 1; k < l->count && x; k++) {
            if (l->at[k] != l->at[i])
                continue;
            int8_t label = l->at[i];
            ty_tensor *y = ty_diagonal(x, 0, i, k);
            ty_release(x);
            x = y;
            memmove(l->at + k, l->at + k + 1, (size_t)(l->count - k - 1));
            memmove(l->at + i, l->at + i + 1, (size_t)(l->count - i - 2));
            l->at[--l->count - 1] = label;
            i = -1; /* the order has changed */
            break;
        }
    }
    int64_t gone[LONGEST];
    int count = 0, kept = 0;
    for (int i = 0; i < l->count; i++) {
        if (needed[l->at[i]])
            l->at[kept++] = l->at[i];
        else
            gone[count++] = i;
    }
    l->count = kept;
    if (count && x) {
        ty_tensor *y = ty_sum(x, count, gone, false, (ty_dtype)x->dtype);
        ty_release(x);
        x = y;
    }
    return x;
}

static void add(labels *l, int8_t label)
{
    if (l->count < LONGEST)
        l->at[l->count++] = label;
}

/* x in the order of l, a size 1 stretched where the other has more, as a tensor of the three sizes (n 3) or of `sizes`.
 * Takes x over. */
static ty_tensor *laid_out(ty_tensor *x, const labels *have, const labels *want, const int64_t *full, int n,
                           const int64_t *sizes)
{
    int64_t wide[LONGEST];
    x = ordered(x, have, want);
    for (int i = 0; i < want->count; i++)
        wide[i] = full[want->at[i]];
    ty_tensor *stretched = x ? ty_expand(x, want->count, wide) : NULL;
    ty_tensor *y = stretched ? ty_reshape(stretched, n, sizes) : NULL;
    ty_release(stretched);
    ty_release(x);
    return y;
}

/* The product of two operands, both taken over; *la becomes the result's labels. Summed over what both have and
 * `needed` lacks. */
static ty_tensor *product(ty_tensor *a, labels *la, ty_tensor *b, const labels *lb, const bool *needed)
{
    labels both = {0}, left = {0}, right = {0}, summed = {0}, want_a, want_b;
    int64_t full[LABELS], extents[3][TY_MAX_DIMS], n[4] = {1, 1, 1, 1};
    ty_tensor *y = NULL, *raw = NULL;
    for (int i = 0; i < la->count; i++) {
        int k = find(lb, la->at[i]);
        full[la->at[i]] = a->sizes[i] == 1 && k >= 0 ? b->sizes[k] : a->sizes[i];
        add(k < 0 ? &left : needed[la->at[i]] ? &both : &summed, la->at[i]);
    }
    for (int i = 0; i < lb->count; i++) {
        if (find(la, lb->at[i]) < 0) {
            full[lb->at[i]] = b->sizes[i];
            add(&right, lb->at[i]);
        }
    }
    int total = both.count + left.count + right.count;
    if (total > TY_MAX_DIMS) {
        ty_fail(TY_ERROR_VALUE, "einsum: a product on the way has %d dimensions; tensors have at most %d", total,
                TY_MAX_DIMS);
        goto fail;
    }
    const labels *groups[] = {&both, &left, &right, &summed};
    for (int g = 0; g < 4; g++)
        for (int i = 0; i < groups[g]->count; i++)
            n[g] *= full[groups[g]->at[i]];
    labels out = {0};
    want_a = want_b = (labels){0};
    for (int g = 0; g < 3; g++)
        for (int i = 0; i < groups[g]->count; i++) {
            int at = out.count;
            extents[0][at] = g == 2 ? 1 : full[groups[g]->at[i]];
            extents[1][at] = g == 1 ? 1 : full[groups[g]->at[i]];
            extents[2][at] = full[groups[g]->at[i]];
            add(&out, groups[g]->at[i]);
        }
    for (int i = 0; i < both.count; i++) {
        add(&want_a, both.at[i]);
        add(&want_b, both.at[i]);
    }
    for (int i = 0; i < left.count; i++)
        add(&want_a, left.at[i]);
    for (int i = 0; i < summed.count; i++) {
        add(&want_a, summed.at[i]);
        add(&want_b, summed.at[i]);
    }
    for (int i = 0; i < right.count; i++)
        add(&want_b, right.at[i]);
    if (summed.count) {
        a = laid_out(a, la, &want_a, full, 3, (int64_t[]){n[0], n[1], n[3]});
        b = laid_out(b, lb, &want_b, full, 3, (int64_t[]){n[0], n[3], n[2]});
        raw = a && b ? ty_bmm(a, b) : NULL;
        y = raw ? ty_reshape(raw, out.count, extents[2]) : NULL;
    } else {
        a = laid_out(a, la, &want_a, full, out.count, extents[0]);
        b = laid_out(b, lb, &want_b, full, out.count, extents[1]);
        y = a && b ? ty_mul(a, b) : NULL;
    }
    *la = out;
fail:
    ty_release(raw);
    ty_release(a);
    ty_release(b);
    return y;
}

/* The labels of the operands and of the result, checked against the shapes. */
static ty_status read_equation(const char *equation, int count, ty_tensor *const *operands, labels *terms, labels *out)
{
    const char *p = equation;
    int seen[LABELS] = {0}, most = 0;
    int64_t sizes[LABELS];
    for (int i = 0; i < LABELS; i++)
        sizes[i] = 1;
    for (int i = 0; i < count; i++) {
        if (read_term(&p, &terms[i]) != TY_OK)
            return TY_FAIL;
        int dots = operands[i]->ndim - terms[i].count;
        if (terms[i].dots < 0 ? dots != 0 : dots < 0)
            return ty_fail(TY_ERROR_VALUE, "einsum: operand %lld has shape %s, and its term %d letter%s", tyi_said(i),
                           TYI_SHAPE(operands[i]), terms[i].count, terms[i].count == 1 ? "" : "s");
        most = terms[i].dots >= 0 && dots > most ? dots : most;
        if (i + 1 < count ? *p != ',' : *p == ',')
            return ty_fail(TY_ERROR_VALUE,
                           "einsum: %d operand%s for the equation \"%.60s\"; it must have one term for "
                           "each, separated by ','",
                           count, count == 1 ? "" : "s", equation);
        p += *p == ',';
    }
    for (int i = 0; i < count; i++) {
        open_dots(&terms[i], operands[i]->ndim - terms[i].count, most);
        for (int d = 0; d < terms[i].count; d++) {
            int label = terms[i].at[d];
            int64_t size = operands[i]->sizes[d];
            seen[label]++;
            if (find(&terms[i], label) < d && operands[i]->sizes[find(&terms[i], label)] != size)
                return ty_fail(TY_ERROR_VALUE,
                               "einsum: a letter stands twice in the term of operand %lld, for "
                               "dimensions of different sizes of %s",
                               tyi_said(i), TYI_SHAPE(operands[i]));
            if (sizes[label] != 1 && size != 1 && sizes[label] != size)
                return ty_fail(TY_ERROR_VALUE,
                               "einsum: dimension %lld of operand %lld, %s, should be %lld as elsewhere "
                               "under the same letter",
                               tyi_said(d), tyi_said(i), TYI_SHAPE(operands[i]), (long long)sizes[label]);
            sizes[label] = size != 1 ? size : sizes[label];
        }
    }
    if (!*p) {
        *out = (labels){.dots = -1};
        for (int i = 0; i < most; i++)
            add(out, (int8_t)(LETTERS + i));
        for (int i = 0; i < LETTERS; i++)
            if (seen[i] == 1)
                add(out, (int8_t)i);
    } else {
        if (p[1] != '>')
            return ty_fail(TY_ERROR_VALUE, "einsum: '%.20s' cannot be read; the result stands after '->'", p);
        p += 2;
        if (read_term(&p, out) != TY_OK)
            return TY_FAIL;
        if (*p)
            return ty_fail(TY_ERROR_VALUE, "einsum: '%.20s' stands after the result's term", p);
        open_dots(out, most, most);
    }
    for (int i = 0; i < out->count; i++) {
        int c = out->at[i];
        if (find(out, c) < i || !seen[c])
            return ty_fail(TY_ERROR_VALUE, "einsum: the letter '%c' of the result stands %s",
                           c < 26 ? 'A' + c : 'a' + c - 26, seen[c] ? "there twice" : "in no operand's term");
    }
    if (out->count > TY_MAX_DIMS)
        return ty_fail(TY_ERROR_VALUE, "einsum: the result has %d dimensions; tensors have at most %d", out->count,
                       TY_MAX_DIMS);
    return TY_OK;
}

#define MOST_OPERANDS 26

/*
 * torch.einsum: "ij,jk->ik" names the dimensions of the operands by letters; the result is the product summed over the
 * letters that do not stand after "->". Without "->", the letters that occur once, in order. A letter that stands twice
 * in a term takes the diagonal; "..." stands for further dimensions, which broadcast.
 */
ty_tensor *ty_einsum(const char *equation, int count, ty_tensor *const *operands)
{
    labels terms[MOST_OPERANDS], out;
    if (count < 1 || count > MOST_OPERANDS)
        return tyi_fail(TY_ERROR_VALUE, "einsum: %d operands; it takes 1 to %d tensors", count, MOST_OPERANDS);
    for (int i = 0; i < count; i++) {
        if (!operands[i])
            return NULL;
        if (operands[i]->dtype != operands[0]->dtype)
            return tyi_fail(TY_ERROR_VALUE, "einsum: the dtypes differ: %s and %s; convert one: x:to(other.dtype)",
                            ty_dtype_name((ty_dtype)operands[0]->dtype), ty_dtype_name((ty_dtype)operands[i]->dtype));
    }
    if (read_equation(equation, count, operands, terms, &out) != TY_OK)
        return NULL;
    ty_tensor *y = NULL;
    for (int i = 0; i < count; i++) {
        bool later[LABELS] = {0}, needed[LABELS];
        for (int k = 0; k < out.count; k++)
            later[out.at[k]] = true;
        for (int t = i + 1; t < count; t++)
            for (int k = 0; k < terms[t].count; k++)
                later[terms[t].at[k]] = true;
        memcpy(needed, later, sizeof needed);
        if (i == 0) {
            y = simplified(ty_retain(operands[0]), &terms[0], needed);
        } else {
            for (int k = 0; k < terms[0].count; k++)
                needed[terms[0].at[k]] = true;
            ty_tensor *next = simplified(ty_retain(operands[i]), &terms[i], needed);
            if (!y || !next) {
                ty_release(y);
                ty_release(next);
                return NULL;
            }
            y = product(y, &terms[0], next, &terms[i], later);
        }
        if (!y)
            return NULL;
    }
    return ordered(y, &terms[0], &out);
}
