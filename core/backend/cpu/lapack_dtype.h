/*
 * The batches of LAPACK calls for one dtype. Included by lapack.c with T (the C type) and L(f), the name of function or
 * table f for it, defined; undefines them. A call asks LAPACK for its workspace once per batch, since all matrices are
 * alike.
 */
typedef struct L(calls) {
    void (*getrf)(const int *m, const int *n, T *a, const int *lda, int *pivots, int *info);
    void (*getrs)(const char *trans, const int *n, const int *k, const T *a, const int *lda, const int *pivots, T *b,
                  const int *ldb, int *info, size_t);
    void (*potrf)(const char *uplo, const int *n, T *a, const int *lda, int *info, size_t);
    void (*geqrf)(const int *m, const int *n, T *a, const int *lda, T *tau, T *work, const int *lwork, int *info);
    void (*orgqr)(const int *m, const int *n, const int *k, T *a, const int *lda, const T *tau, T *work,
                  const int *lwork, int *info);
    void (*trtrs)(const char *uplo, const char *trans, const char *diag, const int *n, const int *k, const T *a,
                  const int *lda, T *b, const int *ldb, int *info, size_t, size_t, size_t);
    void (*syevd)(const char *job, const char *uplo, const int *n, T *a, const int *lda, T *values, T *work,
                  const int *lwork, int *iwork, const int *liwork, int *info, size_t, size_t);
    void (*geev)(const char *left, const char *right, const int *n, T *a, const int *lda, T *real, T *imaginary, T *vl,
                 const int *ldvl, T *vr, const int *ldvr, T *work, const int *lwork, int *info, size_t, size_t);
    void (*gesdd)(const char *job, const int *m, const int *n, T *a, const int *lda, T *s, T *u, const int *ldu, T *vt,
                  const int *ldvt, T *work, const int *lwork, int *iwork, int *info, size_t);
    void (*gels)(const char *trans, const int *m, const int *n, const int *k, T *a, const int *lda, T *b,
                 const int *ldb, T *work, const int *lwork, int *info, size_t);
    void (*gelsy)(const int *m, const int *n, const int *k, T *a, const int *lda, T *b, const int *ldb, int *order,
                  const T *rcond, int *rank, T *work, const int *lwork, int *info);
    void (*gelsd)(const int *m, const int *n, const int *k, T *a, const int *lda, T *b, const int *ldb, T *s,
                  const T *rcond, int *rank, T *work, const int *lwork, int *iwork, int *info);
    void (*gelss)(const int *m, const int *n, const int *k, T *a, const int *lda, T *b, const int *ldb, T *s,
                  const T *rcond, int *rank, T *work, const int *lwork, int *info);
} L(calls);

static L(calls) L(table);

/* The permutation matrix of the exchanges of rows that `pivots` says, in order; the number of one that is no row. */
static int L(permute)(const int *pivots, int64_t m, int64_t n, T *out, int *order)
{
    for (int64_t i = 0; i < m; i++)
        order[i] = (int)i;
    for (int64_t i = 0; i < n; i++) {
        if (pivots[i] < 1 || pivots[i] > m)
            return (int)i + 1;
        int at = pivots[i] - 1, was = order[i];
        order[i] = order[at];
        order[at] = was;
    }
    memset(out, 0, sizeof(T) * (size_t)(m * m));
    for (int64_t i = 0; i < m; i++)
        out[i * m + order[i]] = 1;
    return 0;
}

/* One matrix; `work` of `lwork` elements, or lwork -1: the size wanted goes to *work (and to *iwork). */
static void L(one)(const tyi_lapack_args *args, int64_t i, T *work, int lwork, int *iwork, int liwork, int *info)
{
    const L(calls) *f = &L(table);
    int m = (int)args->m, n = (int)args->n, k = (int)args->k, most = m > n ? m : n, least = m < n ? m : n;
    int lda = m > 1 ? m : 1, ldb = lda, ldv = args->flag ? n : least, minus = -1;
    const char *triangle = args->flag ? "U" : "L", *job = args->vectors ? (args->flag ? "A" : "S") : "N";
    T *a = (T *)args->a + i * args->m * args->n, *b = (T *)args->b, *values = (T *)args->values, rcond = (T)args->rcond;
    if (b)
        b += i * (args->op == TYI_LAPACK_LSTSQ ? most : args->m) * args->k;
    if (values)
        values += i * least;
    T *tau = work + (lwork > 0 ? lwork : 0);
    switch (args->op) {
    case TYI_LAPACK_LU:
        f->getrf(&m, &n, a, &lda, args->pivots + i * least, info);
        break;
    case TYI_LAPACK_LU_SOLVE:
        f->getrs(args->flag ? "T" : "N", &m, &k, a, &lda, args->pivots + i * m, b, &ldb, info, 1);
        break;
    case TYI_LAPACK_PERMUTATION:
        *info = L(permute)(args->pivots + i * args->n, args->m, args->n, (T *)args->u + i * args->m * args->m, iwork);
        break;
    case TYI_LAPACK_CHOLESKY:
        f->potrf(triangle, &m, a, &lda, info, 1);
        break;
    case TYI_LAPACK_QR: {
        T *q = (T *)args->u + i * args->m * args->k;
        if (lwork == -1) {
            T first = 0;
            f->geqrf(&m, &n, a, &lda, tau, &first, &minus, info);
            if (k > 0)
                f->orgqr(&m, &k, &least, q, &lda, tau, work, &minus, info);
            *work = *work > first ? *work : first;
            break;
        }
        f->geqrf(&m, &n, a, &lda, tau, work, &lwork, info);
        if (k > 0 && *info == 0) {
            memcpy(q, a, sizeof(T) * (size_t)m * (size_t)least);
            f->orgqr(&m, &k, &least, q, &lda, tau, work, &lwork, info);
        }
        break;
    }
    case TYI_LAPACK_TRIANGULAR:
        f->trtrs(triangle, "N", args->unit ? "U" : "N", &m, &k, a, &lda, b, &ldb, info, 1, 1, 1);
        break;
    case TYI_LAPACK_EIGH:
        f->syevd(args->vectors ? "V" : "N", triangle, &m, a, &lda, values, work, &lwork, iwork, &liwork, info, 1, 1);
        break;
    case TYI_LAPACK_EIG: {
        int one = 1;
        T *v = args->v ? (T *)args->v + i * args->m * args->m : NULL;
        f->geev("N", args->vectors ? "V" : "N", &m, a, &lda, values, (T *)args->values2 + i * m, NULL, &one, v, &lda,
                work, &lwork, info, 1, 1);
        break;
    }
    case TYI_LAPACK_SVD: {
        T *u = args->u ? (T *)args->u + i * args->m * (args->flag ? m : least) : NULL;
        T *v = args->v ? (T *)args->v + i * args->n * ldv : NULL;
        f->gesdd(job, &m, &n, a, &lda, values, u, &lda, v, &ldv, work, &lwork, iwork, info, 1);
        break;
    }
    case TYI_LAPACK_LSTSQ: {
        int *rank = args->ranks + i;
        ldb = most > 1 ? most : 1;
        if (args->driver == 0) {
            f->gels("N", &m, &n, &k, a, &lda, b, &ldb, work, &lwork, info, 1);
        } else if (args->driver == 1) {
            memset(iwork, 0, sizeof *iwork * (size_t)(lwork == -1 ? 0 : n));
            f->gelsy(&m, &n, &k, a, &lda, b, &ldb, iwork, &rcond, rank, work, &lwork, info);
        } else if (args->driver == 2) {
            f->gelsd(&m, &n, &k, a, &lda, b, &ldb, values, &rcond, rank, work, &lwork, iwork, info);
        } else {
            f->gelss(&m, &n, &k, a, &lda, b, &ldb, values, &rcond, rank, work, &lwork, info);
        }
        break;
    }
    }
}

static ty_status L(batch)(const tyi_lapack_args *args)
{
    int64_t least = args->m < args->n ? args->m : args->n;
    int lwork = 1, liwork = 1, info = 0;
    bool asks = args->op != TYI_LAPACK_LU && args->op != TYI_LAPACK_LU_SOLVE && args->op != TYI_LAPACK_CHOLESKY &&
                args->op != TYI_LAPACK_TRIANGULAR && args->op != TYI_LAPACK_PERMUTATION;
    if (asks) {
        T wanted[1] = {0};
        int integers[1] = {0};
        L(one)(args, 0, wanted, -1, integers, -1, &info);
        /* A float32 may have rounded the size down. */
        lwork = (int)(wanted[0] + wanted[0] * (T)2e-7) + 1;
        liwork = args->op == TYI_LAPACK_EIGH ? integers[0] : args->op == TYI_LAPACK_SVD ? 8 * (int)least : (int)args->n;
        if (args->op == TYI_LAPACK_LSTSQ && args->driver == 2)
            liwork = integers[0];
    }
    if (args->op == TYI_LAPACK_PERMUTATION)
        liwork = (int)args->m;
    size_t elements = (size_t)lwork + (size_t)least;
    T *work = malloc(sizeof(T) * (elements ? elements : 1));
    int *iwork = malloc(sizeof *iwork * (size_t)(liwork > 0 ? liwork : 1));
    ty_status status = work && iwork ? TY_OK : tyi_fail_memory(sizeof(T) * elements);
    for (int64_t i = 0; i < args->batch && status == TY_OK; i++) {
        if (tyi_interrupted()) {
            status = ty_fail(TY_ERROR_INTERRUPT, "interrupted");
            break;
        }
        info = 0;
        L(one)(args, i, work, lwork, iwork, liwork, &info);
        args->info[i] = info;
    }
    free(work);
    free(iwork);
    return status;
}

#undef T
#undef L
