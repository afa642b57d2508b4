/*
 * The matrix-product family: matmul, mm, bmm, mv, dot, outer, addmm, linear. Everything is one strided kernel, so that
 * transposes and batches are never copied; only outer is a broadcast product. Relies on the backend's matmul, on views
 * for gradients, and knows nothing of how the kernel works.
 */
#include "ops/support.h"

/* ---- What the ops share ---- */

/* A matrix operand: rows and columns, under batch dimensions that are in step with the other operand's. */
typedef struct matrices {
    const void *data;
    int64_t row, col;           /* strides, elements */
    int64_t batch[TY_MAX_DIMS]; /* strides, 0 where broadcast */
} matrices;

typedef struct product {
    int64_t m, n, k;
    int batch_dims;
    int64_t batch_sizes[TY_MAX_DIMS];
    matrices a, b;
    const ty_tensor *bias; /* {n} contiguous, or NULL */
    double alpha;
    int beta;
} product;

/* The last two dimensions of x as matrices; batch strides for the dimensions before them, aligned at the right with
 * `batch_dims` of them and 0 where x has size 1 or nothing. */
static matrices matrices_of(const ty_tensor *x, int batch_dims)
{
    matrices s = {tyi_data(x), x->strides[x->ndim - 2], x->strides[x->ndim - 1], {0}};
    for (int d = 0; d < batch_dims; d++) {
        int dx = d - (batch_dims - (x->ndim - 2));
        s.batch[d] = dx < 0 || x->sizes[dx] == 1 ? 0 : x->strides[dx];
    }
    return s;
}

/* c = alpha a b + beta c + bias into contiguous c {batch..., m, n}: batch dimensions are merged, into the rows where
 * b is the same for all of them; what the kernel's one batch stride cannot walk is a loop here. */
static ty_status multiply(ty_tensor *c, const product *p)
{
    if (c->numel == 0)
        return TY_OK;
    const tyi_backend *backend = tyi_backend_of(c->storage->device);
    if (!backend)
        return TY_FAIL;
    int64_t sizes[TY_MAX_DIMS], sa[TY_MAX_DIMS], sb[TY_MAX_DIMS], sc[TY_MAX_DIMS];
    int n = 0;
    int64_t c_stride = c->numel;
    for (int d = 0; d < p->batch_dims; d++) {
        int64_t size = p->batch_sizes[d];
        c_stride /= size;
        if (size == 1)
            continue;
        int64_t a = p->a.batch[d], b = p->b.batch[d];
        if (n && sa[n - 1] == a * size && sb[n - 1] == b * size) {
            sizes[n - 1] *= size;
        } else {
            sizes[n++] = size;
        }
        sa[n - 1] = a, sb[n - 1] = b, sc[n - 1] = c_stride;
    }
    tyi_matmul_args args = {.dtype = (ty_dtype)c->dtype,
                            .batch = 1,
                            .m = p->m,
                            .n = p->n,
                            .k = p->k,
                            .a = p->a.data,
                            .b = p->b.data,
                            .c = tyi_data(c),
                            .a_row = p->a.row,
                            .a_col = p->a.col,
                            .b_row = p->b.row,
                            .b_col = p->b.col,
                            .ldc = p->n,
                            .alpha = p->alpha,
                            .beta = p->beta,
                            .bias = p->bias ? tyi_data(p->bias) : NULL};
    /* One matrix against many: the many are more rows of one. */
    if (n && sb[n - 1] == 0 && (sa[n - 1] == args.a_row * args.m || args.m == 1)) {
        if (args.m == 1)
            args.a_row = sa[n - 1];
        args.m *= sizes[n - 1];
        n--;
    }
    if (n) {
        int widest = 0;
        for (int d = 1; d < n; d++)
            if (sizes[d] > sizes[widest])
                widest = d;
        args.batch = sizes[widest];
        args.a_batch = sa[widest], args.b_batch = sb[widest], args.c_batch = sc[widest];
        n--;
        for (int d = widest; d < n; d++)
            sizes[d] = sizes[d + 1], sa[d] = sa[d + 1], sb[d] = sb[d + 1], sc[d] = sc[d + 1];
    }
    int64_t rounds = 1, width = (int64_t)ty_dtype_size(args.dtype);
    for (int d = 0; d < n; d++)
        rounds *= sizes[d];
    for (int64_t round = 0; round < rounds; round++) {
        int64_t rest = round, a = 0, b = 0, to = 0;
        for (int d = n - 1; d >= 0; d--) {
            int64_t i = rest % sizes[d];
            rest /= sizes[d];
            a += i * sa[d], b += i * sb[d], to += i * sc[d];
        }
        args.a = (const char *)p->a.data + a * width;
        args.b = (const char *)p->b.data + b * width;
        args.c = (char *)tyi_data(c) + to * width;
        if (backend->matmul(&args) != TY_OK)
            return TY_FAIL;
    }
    return TY_OK;
}

/* One dtype that multiplies, one device. */
static ty_status check_operands(const char *name, ty_tensor *a, ty_tensor *b, ty_device *device)
{
    if (a->dtype != b->dtype)
        return ty_fail(TY_ERROR_VALUE, "%s: %s and %s have different dtypes; convert one of them: x:to(ty.%s)", name,
                       TYI_DESCRIBE(a), TYI_DESCRIBE(b),
                       ty_dtype_name(ty_promote_types((ty_dtype)a->dtype, (ty_dtype)b->dtype)));
    if (a->dtype == TY_BOOL)
        return ty_fail(TY_ERROR_VALUE, "%s: %s and %s are masks, which do not multiply; convert them: x:to(ty.float32)",
                       name, TYI_DESCRIBE(a), TYI_DESCRIBE(b));
    return tyi_same_device(name, 2, (ty_tensor *[]){a, b}, device);
}

static ty_status check_ndim(const char *name, const char *what, const ty_tensor *x, int ndim)
{
    if (x->ndim == ndim)
        return TY_OK;
    return ty_fail(TY_ERROR_VALUE, "%s: %s has %d dimension%s, not %d: its shape is %s%s", name, what, x->ndim,
                   x->ndim == 1 ? "" : "s", ndim, TYI_SHAPE(x),
                   x->ndim > 0 && ndim > 1 ? "; matmul takes all numbers of dimensions" : "");
}

/* The message of two matrices whose inner sizes differ, with the transpose that would make them fit. */
static void *misfit(const char *name, const ty_tensor *a, const ty_tensor *b)
{
    int64_t rows_a = a->ndim > 1 ? a->sizes[a->ndim - 2] : 1, k_a = a->sizes[a->ndim - 1];
    int64_t k_b = b->ndim > 1 ? b->sizes[b->ndim - 2] : b->sizes[0], columns_b = b->sizes[b->ndim - 1];
    const char *cure = "";
    if (b->ndim > 1 && columns_b == k_a)
        cure = b->ndim == 2 ? "; did you mean b:t()?" : "; did you mean b:transpose(-2, -1)?";
    else if (a->ndim > 1 && rows_a == k_b)
        cure = a->ndim == 2 ? "; did you mean a:t()?" : "; did you mean a:transpose(-2, -1)?";
    return tyi_fail(TY_ERROR_VALUE, "%s: %s and %s do not multiply: %lld %s%s against %lld %s%s%s", name, TYI_SHAPE(a),
                    TYI_SHAPE(b), (long long)k_a, a->ndim > 1 ? "column" : "element", k_a == 1 ? "" : "s",
                    (long long)k_b, b->ndim > 1 ? "row" : "element", k_b == 1 ? "" : "s", cure);
}

/* x times a number, for rules. */
static ty_tensor *scaled(ty_tensor *x, ty_scalar by)
{
    if (by.f == 1)
        return ty_retain(x);
    return ty_mul(x, tyi_temp(ty_scalar_tensor(by, TY_DTYPE_NONE, true)));
}

/* For rules: the last dimension and, as rows, all before it. */
static ty_tensor *as_rows(ty_tensor *x)
{
    if (!x || x->ndim == 2)
        return tyi_temp(ty_retain(x));
    int64_t width = x->sizes[x->ndim - 1], rows = 1;
    for (int d = 0; d < x->ndim - 1; d++)
        rows *= x->sizes[d];
    return tyi_temp(ty_reshape(x, 2, (int64_t[]){rows, width}));
}

/* ---- mm ---- */

static ty_status mm_backward(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in)
{
    ty_tensor *g = grad_out[0];
    if (tyi_wants(node, 0) && !(grad_in[0] = ty_mm(g, tyi_temp(ty_t(tyi_saved(node, 1))))))
        return TY_FAIL;
    if (tyi_wants(node, 1) && !(grad_in[1] = ty_mm(tyi_temp(ty_t(tyi_saved(node, 0))), g)))
        return TY_FAIL;
    return TY_OK;
}

static const tyi_node_kind mm_kind = {"MmBackward0", mm_backward};

/* Matrices a and b under their op's name. */
static ty_tensor *mm_named(const char *name, ty_tensor *a, ty_tensor *b)
{
    ty_device device;
    if (check_operands(name, a, b, &device) != TY_OK)
        return NULL;
    if (a->sizes[1] != b->sizes[0])
        return misfit(name, a, b);
    ty_tensor *c = tyi_new(2, (int64_t[]){a->sizes[0], b->sizes[1]}, (ty_dtype)a->dtype, device);
    product p = {.m = a->sizes[0], .n = b->sizes[1], .k = a->sizes[1], .alpha = 1};
    p.a = matrices_of(a, 0), p.b = matrices_of(b, 0);
    if (!c || multiply(c, &p) != TY_OK)
        return tyi_drop(c);
    return tyi_record(c, &mm_kind, TYI_LIST(a, b), TYI_LIST(tyi_if_grad(b, a), tyi_if_grad(a, b)), NULL, 0);
}

/* a {m, k}, b {k, n}: {m, n}, of one dtype but bool. */
ty_tensor *ty_mm(ty_tensor *a, ty_tensor *b)
{
    if (!a || !b || check_ndim("mm", "the first matrix", a, 2) != TY_OK ||
        check_ndim("mm", "the second matrix", b, 2) != TY_OK)
        return NULL;
    return mm_named("mm", a, b);
}

/* ---- bmm, and matmul over batches ---- */

static ty_status bmm_backward(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in)
{
    ty_tensor *g = grad_out[0];
    if (tyi_wants(node, 0) && !(grad_in[0] = ty_matmul(g, tyi_temp(ty_transpose(tyi_saved(node, 1), -2, -1)))))
        return TY_FAIL;
    if (tyi_wants(node, 1) && !(grad_in[1] = ty_matmul(tyi_temp(ty_transpose(tyi_saved(node, 0), -2, -1)), g)))
        return TY_FAIL;
    return TY_OK;
}

static const tyi_node_kind bmm_kind = {"BmmBackward0", bmm_backward};
static const tyi_node_kind batched_kind = {"UnsafeViewBackward0", bmm_backward}; /* matmul's, see folded_kind */

/* a {batch..., m, k} and b {batch..., k, n} with equal batch dimensions. */
static ty_tensor *batched(const char *name, const tyi_node_kind *kind, ty_tensor *a, ty_tensor *b)
{
    ty_device device;
    if (check_operands(name, a, b, &device) != TY_OK)
        return NULL;
    int ndim = a->ndim;
    if (a->sizes[ndim - 1] != b->sizes[ndim - 2])
        return misfit(name, a, b);
    int64_t sizes[TY_MAX_DIMS];
    memcpy(sizes, a->sizes, sizeof sizes);
    sizes[ndim - 1] = b->sizes[ndim - 1];
    ty_tensor *c = tyi_new(ndim, sizes, (ty_dtype)a->dtype, device);
    product p = {
        .m = a->sizes[ndim - 2], .n = b->sizes[ndim - 1], .k = a->sizes[ndim - 1], .batch_dims = ndim - 2, .alpha = 1};
    memcpy(p.batch_sizes, sizes, sizeof sizes);
    p.a = matrices_of(a, ndim - 2), p.b = matrices_of(b, ndim - 2);
    if (!c || multiply(c, &p) != TY_OK)
        return tyi_drop(c);
    return tyi_record(c, kind, TYI_LIST(a, b), TYI_LIST(tyi_if_grad(b, a), tyi_if_grad(a, b)), NULL, 0);
}

/* a {batch, m, k}, b {batch, k, n}: {batch, m, n}, of one dtype but bool. */
ty_tensor *ty_bmm(ty_tensor *a, ty_tensor *b)
{
    if (!a || !b || check_ndim("bmm", "the first tensor", a, 3) != TY_OK ||
        check_ndim("bmm", "the second tensor", b, 3) != TY_OK)
        return NULL;
    if (a->sizes[0] != b->sizes[0])
        return tyi_fail(TY_ERROR_VALUE,
                        "bmm: %s and %s have different batch sizes, %lld and %lld; matmul broadcasts them",
                        TYI_SHAPE(a), TYI_SHAPE(b), (long long)a->sizes[0], (long long)b->sizes[0]);
    return batched("bmm", &bmm_kind, a, b);
}

/* ---- mv, dot, outer ---- */

static ty_status mv_backward(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in)
{
    ty_tensor *g = grad_out[0];
    if (tyi_wants(node, 0) && !(grad_in[0] = ty_outer(g, tyi_saved(node, 1))))
        return TY_FAIL;
    if (tyi_wants(node, 1) && !(grad_in[1] = ty_mv(tyi_temp(ty_t(tyi_saved(node, 0))), g)))
        return TY_FAIL;
    return TY_OK;
}

static const tyi_node_kind mv_kind = {"MvBackward0", mv_backward};

static ty_tensor *mv_named(const char *name, ty_tensor *a, ty_tensor *b)
{
    ty_device device;
    if (check_operands(name, a, b, &device) != TY_OK)
        return NULL;
    if (a->sizes[1] != b->sizes[0])
        return misfit(name, a, b);
    ty_tensor *c = tyi_new(1, a->sizes, (ty_dtype)a->dtype, device);
    product p = {.m = a->sizes[0], .n = 1, .k = a->sizes[1], .alpha = 1};
    p.a = matrices_of(a, 0);
    p.b = (matrices){.data = tyi_data(b), .row = b->strides[0], .col = 1};
    if (!c || multiply(c, &p) != TY_OK)
        return tyi_drop(c);
    return tyi_record(c, &mv_kind, TYI_LIST(a, b), TYI_LIST(tyi_if_grad(b, a), tyi_if_grad(a, b)), NULL, 0);
}

/* a {m, k}, b {k}: {m}, of one dtype but bool. */
ty_tensor *ty_mv(ty_tensor *a, ty_tensor *b)
{
    if (!a || !b || check_ndim("mv", "the matrix", a, 2) != TY_OK || check_ndim("mv", "the vector", b, 1) != TY_OK)
        return NULL;
    return mv_named("mv", a, b);
}

static ty_status dot_backward(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in)
{
    for (int i = 0; i < 2; i++)
        if (tyi_wants(node, i) && !(grad_in[i] = ty_mul(tyi_saved(node, 1 - i), grad_out[0])))
            return TY_FAIL;
    return TY_OK;
}

static const tyi_node_kind dot_kind = {"DotBackward0", dot_backward};

static ty_tensor *dot_named(const char *name, ty_tensor *a, ty_tensor *b)
{
    ty_device device;
    if (check_operands(name, a, b, &device) != TY_OK)
        return NULL;
    if (a->sizes[0] != b->sizes[0])
        return misfit(name, a, b);
    ty_tensor *c = tyi_new(0, NULL, (ty_dtype)a->dtype, device);
    product p = {.m = 1, .n = 1, .k = a->sizes[0], .alpha = 1};
    p.a = (matrices){.data = tyi_data(a), .row = 1, .col = a->strides[0]};
    p.b = (matrices){.data = tyi_data(b), .row = b->strides[0], .col = 1};
    if (!c || multiply(c, &p) != TY_OK)
        return tyi_drop(c);
    return tyi_record(c, &dot_kind, TYI_LIST(a, b), TYI_LIST(tyi_if_grad(b, a), tyi_if_grad(a, b)), NULL, 0);
}

/* a {n}, b {n}: {}, of one dtype but bool. */
ty_tensor *ty_dot(ty_tensor *a, ty_tensor *b)
{
    if (!a || !b || check_ndim("dot", "the first vector", a, 1) != TY_OK ||
        check_ndim("dot", "the second vector", b, 1) != TY_OK)
        return NULL;
    return dot_named("dot", a, b);
}

/* a {m}, b {n}: {m, n}, the products of all pairs; dtypes promote. */
ty_tensor *ty_outer(ty_tensor *a, ty_tensor *b)
{
    if (!a || !b || check_ndim("outer", "the first vector", a, 1) != TY_OK ||
        check_ndim("outer", "the second vector", b, 1) != TY_OK)
        return NULL;
    ty_tensor *column = ty_unsqueeze(a, 1);
    ty_tensor *out = ty_mul(column, b);
    ty_release(column);
    return out;
}

/* ---- matmul ---- */

/* x with its batch dimensions (all but the last two) made those of `sizes`: x itself when they are. */
static ty_tensor *expand_batch(ty_tensor *x, int batch_dims, const int64_t *sizes)
{
    bool same = x->ndim == batch_dims + 2;
    int64_t wanted[TY_MAX_DIMS];
    for (int d = 0; d < batch_dims; d++) {
        wanted[d] = sizes[d];
        same = same && x->sizes[d] == sizes[d];
    }
    if (same)
        return ty_retain(x);
    wanted[batch_dims] = x->sizes[x->ndim - 2];
    wanted[batch_dims + 1] = x->sizes[x->ndim - 1];
    return ty_expand(x, batch_dims + 2, wanted);
}

/* a {batch..., m, k} against one matrix or vector: the batches are rows of one matrix, for b's gradient too. */
static ty_status folded_backward(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in)
{
    ty_tensor *g = grad_out[0];
    if (tyi_wants(node, 0)) {
        ty_tensor *b = tyi_saved(node, 1);
        if (b && b->ndim == 1)
            grad_in[0] = ty_mul(tyi_temp(ty_unsqueeze(g, -1)), b);
        else
            grad_in[0] = ty_matmul(g, tyi_temp(ty_t(b)));
        if (!grad_in[0])
            return TY_FAIL;
    }
    if (tyi_wants(node, 1)) {
        ty_tensor *a = tyi_saved(node, 0), *rows = tyi_temp(ty_t(as_rows(a)));
        if (a && g->ndim < a->ndim)
            grad_in[1] = ty_mv(rows, tyi_temp(ty_reshape(g, 1, (int64_t[]){-1})));
        else
            grad_in[1] = ty_mm(rows, as_rows(g));
        if (!grad_in[1])
            return TY_FAIL;
    }
    return TY_OK;
}

/* PyTorch folds by views, and names such a result after the last of them. */
static const tyi_node_kind folded_kind = {"UnsafeViewBackward0", folded_backward};

static ty_tensor *folded(ty_tensor *a, ty_tensor *b)
{
    ty_device device;
    if (check_operands("matmul", a, b, &device) != TY_OK)
        return NULL;
    int ndim = a->ndim - 1;
    int64_t sizes[TY_MAX_DIMS];
    memcpy(sizes, a->sizes, sizeof sizes);
    if (b->ndim == 2)
        sizes[ndim++] = b->sizes[1];
    ty_tensor *c = tyi_new(ndim, sizes, (ty_dtype)a->dtype, device);
    product p = {.m = a->sizes[a->ndim - 2],
                 .n = b->ndim == 2 ? b->sizes[1] : 1,
                 .k = a->sizes[a->ndim - 1],
                 .batch_dims = a->ndim - 2,
                 .alpha = 1};
    memcpy(p.batch_sizes, a->sizes, sizeof sizes);
    p.a = matrices_of(a, p.batch_dims);
    p.b = (matrices){.data = tyi_data(b), .row = b->strides[0], .col = b->ndim == 2 ? b->strides[1] : 1};
    if (!c || multiply(c, &p) != TY_OK)
        return tyi_drop(c);
    return tyi_record(c, &folded_kind, TYI_LIST(a, b), TYI_LIST(tyi_if_grad(b, a), tyi_if_grad(a, b)), NULL, 0);
}

/*
 * torch.matmul, of one dtype but bool. {k} {k}: {}, the dot product. {m, k} {k}: {m}. {k} {k, n}: {n}. {m, k} {k, n}:
 * {m, n}. With more dimensions, those before the last two are batches, which broadcast; a vector is a row on the left
 * and a column on the right, and that dimension is not in the result.
 */
ty_tensor *ty_matmul(ty_tensor *a, ty_tensor *b)
{
    if (!a || !b)
        return NULL;
    if (a->ndim == 0 || b->ndim == 0)
        return tyi_fail(TY_ERROR_VALUE,
                        "matmul: %s and %s: a tensor without dimensions is no matrix; mul (*) multiplies by it",
                        TYI_SHAPE(a), TYI_SHAPE(b));
    int64_t k_b = b->sizes[b->ndim > 1 ? b->ndim - 2 : 0];
    if (a->sizes[a->ndim - 1] != k_b)
        return misfit("matmul", a, b);
    if (a->ndim <= 2 && b->ndim <= 2) {
        if (a->ndim == 2)
            return b->ndim == 2 ? mm_named("matmul", a, b) : mv_named("matmul", a, b);
        if (b->ndim == 1)
            return dot_named("matmul", a, b);
        ty_tensor *turned = ty_t(b);
        ty_tensor *out = turned ? mv_named("matmul", turned, a) : NULL;
        ty_release(turned);
        return out;
    }
    if (b->ndim <= 2)
        return folded(a, b);
    ty_tensor *row = a->ndim == 1 ? ty_unsqueeze(a, 0) : ty_retain(a);
    ty_tensor *column = b->ndim == 1 ? ty_unsqueeze(b, 1) : ty_retain(b);
    ty_tensor *wide_a = NULL, *wide_b = NULL, *out = NULL;
    if (!row || !column)
        goto done;
    int dims_a = row->ndim - 2, dims_b = column->ndim - 2, dims = dims_a > dims_b ? dims_a : dims_b;
    int64_t sizes[TY_MAX_DIMS];
    for (int d = 0; d < dims; d++) {
        int da = d - (dims - dims_a), db = d - (dims - dims_b);
        int64_t size_a = da < 0 ? 1 : row->sizes[da], size_b = db < 0 ? 1 : column->sizes[db];
        if (size_a != size_b && size_a != 1 && size_b != 1) {
            ty_fail(TY_ERROR_VALUE, "matmul: the batch dimensions of %s and %s do not broadcast: %lld against %lld",
                    TYI_SHAPE(a), TYI_SHAPE(b), (long long)size_a, (long long)size_b);
            goto done;
        }
        sizes[d] = size_a == 1 ? size_b : size_a;
    }
    wide_a = expand_batch(row, dims, sizes);
    wide_b = expand_batch(column, dims, sizes);
    if (wide_a && wide_b)
        out = batched("matmul", &batched_kind, wide_a, wide_b);
    if (out && (a->ndim == 1 || b->ndim == 1)) {
        ty_tensor *matrix = out;
        out = ty_squeeze_dim(matrix, a->ndim == 1 ? -2 : -1);
        ty_release(matrix);
    }
done:
    ty_release(row);
    ty_release(column);
    ty_release(wide_a);
    ty_release(wide_b);
    return out;
}

/* ---- addmm ---- */

typedef struct addmm_context {
    ty_scalar alpha, beta;
} addmm_context;

static ty_status addmm_backward(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in)
{
    const addmm_context *context = tyi_context(node);
    ty_tensor *g = grad_out[0];
    if (tyi_wants(node, 0) && !(grad_in[0] = scaled(g, context->beta)))
        return TY_FAIL;
    if (!tyi_wants(node, 1) && !tyi_wants(node, 2))
        return TY_OK;
    ty_tensor *weighted = tyi_temp(scaled(g, context->alpha));
    if (tyi_wants(node, 1) && !(grad_in[1] = ty_mm(weighted, tyi_temp(ty_t(tyi_saved(node, 1))))))
        return TY_FAIL;
    if (tyi_wants(node, 2) && !(grad_in[2] = ty_mm(tyi_temp(ty_t(tyi_saved(node, 0))), weighted)))
        return TY_FAIL;
    return TY_OK;
}

static const tyi_node_kind addmm_kind = {"AddmmBackward0", addmm_backward};

/* c as beta * input, before the product is added to it. */
static ty_status begin_with(ty_tensor *c, ty_tensor *input, ty_scalar beta)
{
    if (tyi_copy(c, input) != TY_OK)
        return TY_FAIL;
    if (beta.f == 1)
        return TY_OK;
    ty_tensor *factor = ty_scalar_tensor(beta, TY_DTYPE_NONE, true);
    ty_tensor *done = ty_mul_(c, factor);
    ty_release(factor);
    ty_release(done);
    return done ? TY_OK : TY_FAIL;
}

/* beta * input + alpha * a b; a {m, k}, b {k, n}, input broadcasts to {m, n}; of one dtype but bool. beta 0 leaves
 * input unread. alpha and beta are whole numbers for integer dtypes. */
ty_tensor *ty_addmm(ty_tensor *input, ty_tensor *a, ty_tensor *b, ty_scalar beta, ty_scalar alpha)
{
    if (!input || !a || !b || check_ndim("addmm", "the first matrix", a, 2) != TY_OK ||
        check_ndim("addmm", "the second matrix", b, 2) != TY_OK)
        return NULL;
    ty_device device;
    if (check_operands("addmm", a, b, &device) != TY_OK || check_operands("addmm", input, a, &device) != TY_OK)
        return NULL;
    if (a->sizes[1] != b->sizes[0])
        return misfit("addmm", a, b);
    if (!ty_dtype_is_floating((ty_dtype)a->dtype) && (alpha.kind == TY_SCALAR_FLOAT || beta.kind == TY_SCALAR_FLOAT))
        return tyi_fail(TY_ERROR_VALUE, "addmm: alpha and beta must be whole numbers for %s matrices",
                        ty_dtype_name((ty_dtype)a->dtype));
    int64_t sizes[2] = {a->sizes[0], b->sizes[1]};
    bool fits = input->ndim <= 2;
    for (int d = 1; fits && d <= input->ndim; d++)
        fits = input->sizes[input->ndim - d] == 1 || input->sizes[input->ndim - d] == sizes[2 - d];
    if (!fits)
        return tyi_fail(TY_ERROR_VALUE, "addmm: input %s does not broadcast to the product's shape %s",
                        TYI_SHAPE(input), tyi_shape_text(2, sizes).s);
    ty_tensor *c = tyi_new(2, sizes, (ty_dtype)a->dtype, device);
    if (!c)
        return NULL;
    product p = {.m = sizes[0], .n = sizes[1], .k = a->sizes[1], .alpha = alpha.f};
    p.a = matrices_of(a, 0), p.b = matrices_of(b, 0);
    if (beta.f == 1 && input->ndim > 0 && input->numel == sizes[1] && input->sizes[input->ndim - 1] == sizes[1] &&
        input->contiguous) {
        p.bias = input;
    } else if (beta.f != 0) {
        if (begin_with(c, input, beta) != TY_OK)
            return tyi_drop(c);
        p.beta = 1;
    }
    if (multiply(c, &p) != TY_OK)
        return tyi_drop(c);
    if (!tyi_needs_grad(TYI_LIST(input, a, b)))
        return c;
    /* The history of a broadcast input goes through expand, whose gradient sums. */
    ty_tensor *wide = input->ndim == 2 && input->numel == c->numel ? ty_retain(input) : ty_expand(input, 2, sizes);
    if (!wide)
        return tyi_drop(c);
    addmm_context context = {alpha, beta};
    c = tyi_record(c, &addmm_kind, TYI_LIST(wide, a, b), TYI_LIST(tyi_if_grad(b, a), tyi_if_grad(a, b)), &context,
                   sizeof context);
    ty_release(wide);
    return c;
}

/* ---- linear ---- */

static ty_status linear_backward(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in)
{
    if (tyi_wants(node, 0) && !(grad_in[0] = ty_matmul(grad_out[0], tyi_saved(node, 1))))
        return TY_FAIL;
    if (!tyi_wants(node, 1) && !tyi_wants(node, 2))
        return TY_OK;
    ty_tensor *g = as_rows(grad_out[0]);
    if (tyi_wants(node, 1) && !(grad_in[1] = ty_mm(tyi_temp(ty_t(g)), as_rows(tyi_saved(node, 0)))))
        return TY_FAIL;
    if (tyi_wants(node, 2) && !(grad_in[2] = ty_sum(g, 1, (int64_t[]){0}, false, TY_DTYPE_NONE)))
        return TY_FAIL;
    return TY_OK;
}

/* PyTorch runs a linear layer over a batch of rows as addmm, and names it so. */
static const tyi_node_kind linear_kinds[3] = {
    {"AddmmBackward0", linear_backward}, {"MmBackward0", linear_backward}, {"LinearBackward0", linear_backward}};

static ty_status check_linear(ty_tensor *x, ty_tensor *weight, ty_tensor *bias, ty_device *device)
{
    if (weight->ndim != 2)
        return ty_fail(TY_ERROR_VALUE, "linear: the weight's shape is {out, in}; this one's is %s", TYI_SHAPE(weight));
    int64_t in = weight->sizes[1], out = weight->sizes[0];
    if (x->ndim == 0)
        return ty_fail(TY_ERROR_VALUE, "linear: the input has no dimensions; the weight %s takes {..., %lld}",
                       TYI_SHAPE(weight), (long long)in);
    if (x->sizes[x->ndim - 1] != in) {
        int64_t rest = x->sizes[0] ? x->numel / x->sizes[0] : 0;
        char cure[64] = "";
        if (x->ndim > 2 && rest == in)
            snprintf(cure, sizeof cure, "; did you forget x:flatten(%lld)?", tyi_said(1));
        else if (x->ndim == 2 && out == x->sizes[1])
            snprintf(cure, sizeof cure, "; a weight is {out, in}: did you mean weight:t()?");
        return ty_fail(TY_ERROR_VALUE,
                       "linear: input %s and weight %s do not fit: the input's last dimension is %lld, and the weight "
                       "takes %lld features%s",
                       TYI_SHAPE(x), TYI_SHAPE(weight), (long long)x->sizes[x->ndim - 1], (long long)in, cure);
    }
    if (bias && (bias->ndim != 1 || bias->sizes[0] != out))
        return ty_fail(TY_ERROR_VALUE, "linear: bias %s does not fit weight %s, which gives %lld features",
                       TYI_SHAPE(bias), TYI_SHAPE(weight), (long long)out);
    if (check_operands("linear", x, weight, device) != TY_OK)
        return TY_FAIL;
    return bias ? check_operands("linear", x, bias, device) : TY_OK;
}

/* x {..., in}, weight {out, in}, bias {out} or NULL, of one dtype but bool: x weight^T + bias, {..., out}. */
ty_tensor *ty_linear(ty_tensor *x, ty_tensor *weight, ty_tensor *bias)
{
    ty_device device;
    if (!x || !weight || check_linear(x, weight, bias, &device) != TY_OK)
        return NULL;
    int64_t sizes[TY_MAX_DIMS];
    memcpy(sizes, x->sizes, sizeof sizes);
    sizes[x->ndim - 1] = weight->sizes[0];
    ty_tensor *dense = bias ? tyi_dense(bias) : NULL;
    ty_tensor *c = bias && !dense ? NULL : tyi_new(x->ndim, sizes, (ty_dtype)x->dtype, device);
    product p = {.m = 1, .n = weight->sizes[0], .k = weight->sizes[1], .bias = dense, .alpha = 1};
    p.b = (matrices){.data = tyi_data(weight), .row = weight->strides[1], .col = weight->strides[0]};
    if (x->ndim == 1) {
        p.a = (matrices){.data = tyi_data(x), .row = 0, .col = x->strides[0]};
    } else {
        p.m = x->sizes[x->ndim - 2];
        p.batch_dims = x->ndim - 2;
        memcpy(p.batch_sizes, x->sizes, sizeof sizes);
        p.a = matrices_of(x, p.batch_dims);
    }
    if (!c || multiply(c, &p) != TY_OK) {
        ty_release(dense);
        return tyi_drop(c);
    }
    ty_release(dense);
    const tyi_node_kind *kind = &linear_kinds[x->ndim != 2 ? 2 : bias ? 0 : 1];
    return tyi_record(c, kind, TYI_LIST(x, weight, bias), TYI_LIST(tyi_if_grad(weight, x), tyi_if_grad(x, weight)),
                      NULL, 0);
}
