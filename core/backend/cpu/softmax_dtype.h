/*
 * Softmax, log_softmax, their gradients and cross entropy's for one floating dtype. Included by softmax_loops.c with T,
 * E (the dtype's name in upper case) and M(f) defined; undefines them.
 *
 * Short rows are taken many at a time, so that exponentials run over whole blocks rather than over each row's few
 * elements. A NaN anywhere in a row makes the row NaN through the sum.
 */
#define JOIN_(a, b) a##b
#define JOIN(a, b)  JOIN_(a, b)
#define NAME(name)  JOIN(name##_, E)

static inline T NAME(largest)(const T *x, int64_t n)
{
    T most = x[0];
    TYI_PRAGMA(omp simd reduction(max : most))
    for (int64_t i = 0; i < n; i++)
        most = x[i] > most ? x[i] : most;
    return most;
}

/* out = exp(x - most), and its sum, in double over blocks. */
static T NAME(exp_sum)(const T *x, T most, T *out, int64_t n)
{
    double total = 0;
    for (int64_t at = 0; at < n; at += SUM_BLOCK) {
        int64_t end = n - at < SUM_BLOCK ? n : at + SUM_BLOCK;
        T sum = 0;
        TYI_PRAGMA(omp simd reduction(+ : sum))
        for (int64_t i = at; i < end; i++) {
            T e = M(exp)(x[i] - most);
            out[i] = e;
            sum += e;
        }
        total += (double)sum;
    }
    return (T)total;
}

static void NAME(long_row)(const T *x, T *out, int64_t n, bool log)
{
    T most = NAME(largest)(x, n);
    T sum = NAME(exp_sum)(x, most, out, n);
    if (log) {
        T log_sum = M(log)(sum);
        TYI_PRAGMA(omp simd)
        for (int64_t i = 0; i < n; i++)
            out[i] = (x[i] - most) - log_sum;
    } else {
        T scale = 1 / sum;
        TYI_PRAGMA(omp simd)
        for (int64_t i = 0; i < n; i++)
            out[i] *= scale;
    }
}

static void NAME(softmax_rows)(const void *data, void *result, int64_t rows, int64_t n, bool log)
{
    const T *x = data;
    T *out = result;
    if (n > SHORT_ROW) {
        for (int64_t r = 0; r < rows; r++)
            NAME(long_row)(x + r * n, out + r * n, n, log);
        return;
    }
    T shifted[ROWS_BLOCK], e[ROWS_BLOCK], sums[ROWS_BLOCK];
    int64_t together = ROWS_BLOCK / n;
    for (int64_t r = 0; r < rows; r += together) {
        int64_t count = rows - r < together ? rows - r : together;
        const T *a = x + r * n;
        T *o = out + r * n;
        for (int64_t k = 0; k < count; k++) {
            T most = a[k * n];
            for (int64_t i = 1; i < n; i++)
                most = a[k * n + i] > most ? a[k * n + i] : most;
            for (int64_t i = 0; i < n; i++)
                shifted[k * n + i] = a[k * n + i] - most;
        }
        TYI_PRAGMA(omp simd)
        for (int64_t i = 0; i < count * n; i++)
            e[i] = M(exp)(shifted[i]);
        for (int64_t k = 0; k < count; k++) {
            T sum = 0;
            for (int64_t i = 0; i < n; i++)
                sum += e[k * n + i];
            sums[k] = sum;
        }
        if (log) {
            TYI_PRAGMA(omp simd)
            for (int64_t k = 0; k < count; k++)
                sums[k] = M(log)(sums[k]);
            for (int64_t k = 0; k < count; k++)
                for (int64_t i = 0; i < n; i++)
                    o[k * n + i] = shifted[k * n + i] - sums[k];
        } else {
            for (int64_t k = 0; k < count; k++) {
                T scale = 1 / sums[k];
                for (int64_t i = 0; i < n; i++)
                    o[k * n + i] = e[k * n + i] * scale;
            }
        }
    }
}

static void NAME(softmax_columns)(const void *data, void *result, int64_t size, int64_t inner, int64_t width, bool log)
{
    const T *x = data;
    T *out = result, most[COLUMN_TILE], sum[COLUMN_TILE];
    for (int64_t i = 0; i < width; i++) {
        most[i] = x[i];
        sum[i] = 0;
    }
    for (int64_t r = 1; r < size; r++) {
        TYI_PRAGMA(omp simd)
        for (int64_t i = 0; i < width; i++)
            most[i] = x[r * inner + i] > most[i] ? x[r * inner + i] : most[i];
    }
    for (int64_t r = 0; r < size; r++) {
        TYI_PRAGMA(omp simd)
        for (int64_t i = 0; i < width; i++) {
            T e = M(exp)(x[r * inner + i] - most[i]);
            out[r * inner + i] = e;
            sum[i] += e;
        }
    }
    TYI_PRAGMA(omp simd)
    for (int64_t i = 0; i < width; i++)
        sum[i] = log ? M(log)(sum[i]) : 1 / sum[i];
    for (int64_t r = 0; r < size; r++) {
        const T *a = x + r * inner;
        T *o = out + r * inner;
        if (log) {
            TYI_PRAGMA(omp simd)
            for (int64_t i = 0; i < width; i++)
                o[i] = (a[i] - most[i]) - sum[i];
        } else {
            TYI_PRAGMA(omp simd)
            for (int64_t i = 0; i < width; i++)
                o[i] *= sum[i];
        }
    }
}

/* The sum that a row's gradient takes off: of g, or of g y. */
static inline T NAME(gradient_sum)(const T *y, const T *g, int64_t n, bool log)
{
    double total = 0;
    for (int64_t at = 0; at < n; at += SUM_BLOCK) {
        int64_t end = n - at < SUM_BLOCK ? n : at + SUM_BLOCK;
        T sum = 0;
        if (log) {
            TYI_PRAGMA(omp simd reduction(+ : sum))
            for (int64_t i = at; i < end; i++)
                sum += g[i];
        } else {
            TYI_PRAGMA(omp simd reduction(+ : sum))
            for (int64_t i = at; i < end; i++)
                sum += g[i] * y[i];
        }
        total += (double)sum;
    }
    return (T)total;
}

static void NAME(backward_rows)(const void *ys, const void *grads, void *result, int64_t rows, int64_t n, bool log)
{
    int64_t together = n > SHORT_ROW ? 1 : ROWS_BLOCK / n;
    T e[ROWS_BLOCK];
    for (int64_t r = 0; r < rows; r += together) {
        int64_t count = rows - r < together ? rows - r : together;
        const T *y = (const T *)ys + r * n, *g = (const T *)grads + r * n;
        T *out = (T *)result + r * n;
        if (log && n <= SHORT_ROW) {
            TYI_PRAGMA(omp simd)
            for (int64_t i = 0; i < count * n; i++)
                e[i] = M(exp)(y[i]);
        }
        for (int64_t k = 0; k < count; k++, y += n, g += n, out += n) {
            T sum = NAME(gradient_sum)(y, g, n, log);
            if (!log) {
                TYI_PRAGMA(omp simd)
                for (int64_t i = 0; i < n; i++)
                    out[i] = (g[i] - sum) * y[i];
            } else if (n <= SHORT_ROW) {
                for (int64_t i = 0; i < n; i++)
                    out[i] = g[i] - e[k * n + i] * sum;
            } else {
                TYI_PRAGMA(omp simd)
                for (int64_t i = 0; i < n; i++)
                    out[i] = g[i] - M(exp)(y[i]) * sum;
            }
        }
    }
}

static void NAME(backward_columns)(const void *ys, const void *grads, void *result, int64_t size, int64_t inner,
                                   int64_t width, bool log)
{
    T sum[COLUMN_TILE];
    for (int64_t i = 0; i < width; i++)
        sum[i] = 0;
    for (int64_t r = 0; r < size; r++) {
        const T *y = (const T *)ys + r * inner, *g = (const T *)grads + r * inner;
        TYI_PRAGMA(omp simd)
        for (int64_t i = 0; i < width; i++)
            sum[i] += log ? g[i] : g[i] * y[i];
    }
    for (int64_t r = 0; r < size; r++) {
        const T *y = (const T *)ys + r * inner, *g = (const T *)grads + r * inner;
        T *out = (T *)result + r * inner;
        if (log) {
            TYI_PRAGMA(omp simd)
            for (int64_t i = 0; i < width; i++)
                out[i] = g[i] - M(exp)(y[i]) * sum[i];
        } else {
            TYI_PRAGMA(omp simd)
            for (int64_t i = 0; i < width; i++)
                out[i] = (g[i] - sum[i]) * y[i];
        }
    }
}

static void NAME(nll_rows)(const void *ys, const int64_t *target, const void *factors, const void *grads, void *result,
                           int64_t rows, int64_t n)
{
    const T *y = ys, *factor = factors, *grad = grads;
    T *out = result;
    TYI_PRAGMA(omp simd)
    for (int64_t i = 0; i < rows * n; i++)
        out[i] = M(exp)(y[i]);
    for (int64_t r = 0; r < rows; r++) {
        T *o = out + r * n, scale = factor[r] * grad[r];
        if (factor[r] == 0) {
            memset(o, 0, (size_t)n * sizeof(T));
            continue;
        }
        T at_target = o[target[r]] - 1;
        for (int64_t i = 0; i < n; i++)
            o[i] *= scale;
        o[target[r]] = at_target * scale;
    }
}

static void NAME(nll_columns)(const void *ys, const int64_t *target, const void *factors, const void *grads,
                              void *result, int64_t size, int64_t inner, int64_t width)
{
    const T *y = ys, *factor = factors, *grad = grads;
    T *out = result, scale[COLUMN_TILE];
    for (int64_t i = 0; i < width; i++)
        scale[i] = factor[i] == 0 ? 0 : factor[i] * grad[i];
    for (int64_t r = 0; r < size; r++) {
        TYI_PRAGMA(omp simd)
        for (int64_t i = 0; i < width; i++) {
            T value = (M(exp)(y[r * inner + i]) - (target[i] == r ? 1 : 0)) * scale[i];
            out[r * inner + i] = factor[i] == 0 ? 0 : value;
        }
    }
}

#undef JOIN_
#undef JOIN
#undef NAME
#undef T
#undef E
#undef M
