/*
 * The inner loops of the normalisations for one floating dtype. Included by norm_loops.c with T and E (the dtype's name
 * in upper case) defined; undefines them.
 *
 * Sums are taken in T over blocks and in double beyond. Means come first and squares are those of differences, so that
 * values far from 0 lose nothing.
 */
#define JOIN_(a, b) a##b
#define JOIN(a, b)  JOIN_(a, b)
#define NAME(name)  JOIN(name##_, E)

/* Joins n more values of this mean and sum of squared differences into a state (Chan, Golub, LeVeque 1979). */
static inline void NAME(join)(tyi_moments *m, double n, double mean, double squares)
{
    double total = m->n + n, away = mean - m->mean;
    m->squares += squares + away * away * (m->n * n / total);
    m->mean += away * (n / total);
    m->n = total;
}

static void NAME(moments)(const void *data, int64_t n, tyi_moments *state)
{
    const T *x = data;
    for (int64_t at = 0; at < n; at += BLOCK) {
        int64_t count = n - at < BLOCK ? n - at : BLOCK;
        const T *a = x + at;
        T sum = 0, squares = 0;
        TYI_PRAGMA(omp simd reduction(+ : sum))
        for (int64_t i = 0; i < count; i++)
            sum += a[i];
        T mean = sum / (T)count;
        TYI_PRAGMA(omp simd reduction(+ : squares))
        for (int64_t i = 0; i < count; i++)
            squares += (a[i] - mean) * (a[i] - mean);
        NAME(join)(state, (double)count, (double)mean, (double)squares);
    }
}

static double NAME(squares)(const void *data, int64_t n)
{
    const T *x = data;
    double total = 0;
    for (int64_t at = 0; at < n; at += BLOCK) {
        int64_t end = n - at < BLOCK ? n : at + BLOCK;
        T sum = 0;
        TYI_PRAGMA(omp simd reduction(+ : sum))
        for (int64_t i = at; i < end; i++)
            sum += x[i] * x[i];
        total += (double)sum;
    }
    return total;
}

static void NAME(moments_columns)(const void *data, int64_t rows, int64_t step, int64_t width, tyi_moments *states)
{
    const T *x = data;
    T mean[TILE], squares[TILE];
    for (int64_t at = 0; at < rows; at += COLUMN_ROWS) {
        int64_t count = rows - at < COLUMN_ROWS ? rows - at : COLUMN_ROWS;
        const T *a = x + at * step;
        for (int64_t i = 0; i < width; i++)
            mean[i] = squares[i] = 0;
        for (int64_t r = 0; r < count; r++) {
            TYI_PRAGMA(omp simd)
            for (int64_t i = 0; i < width; i++)
                mean[i] += a[r * step + i];
        }
        for (int64_t i = 0; i < width; i++)
            mean[i] /= (T)count;
        for (int64_t r = 0; r < count; r++) {
            TYI_PRAGMA(omp simd)
            for (int64_t i = 0; i < width; i++) {
                T away = a[r * step + i] - mean[i];
                squares[i] += away * away;
            }
        }
        for (int64_t i = 0; i < width; i++)
            NAME(join)(&states[i], (double)count, (double)mean[i], (double)squares[i]);
    }
}

static void NAME(apply)(const void *data, void *result, int64_t n, double shift, double factor, double offset)
{
    const T *x = data;
    T *out = result, mean = (T)shift, scale = (T)factor, bias = (T)offset;
    TYI_PRAGMA(omp simd)
    for (int64_t i = 0; i < n; i++)
        out[i] = (x[i] - mean) * scale + bias;
}

static void NAME(apply_each)(const void *data, void *result, int64_t n, double shift, double factor,
                             const void *weights, const void *biases)
{
    const T *x = data, *weight = weights, *bias = biases;
    T *out = result, mean = (T)shift, scale = (T)factor;
    if (weight && bias) {
        TYI_PRAGMA(omp simd)
        for (int64_t i = 0; i < n; i++)
            out[i] = (x[i] - mean) * scale * weight[i] + bias[i];
    } else if (weight) {
        TYI_PRAGMA(omp simd)
        for (int64_t i = 0; i < n; i++)
            out[i] = (x[i] - mean) * scale * weight[i];
    } else {
        for (int64_t i = 0; i < n; i++)
            out[i] = (x[i] - mean) * scale + (bias ? bias[i] : 0);
    }
}

static void NAME(apply_columns)(const void *data, void *result, int64_t rows, int64_t step, int64_t width,
                                const double *shift, const double *factor, const double *offset)
{
    T mean[TILE], scale[TILE], bias[TILE];
    for (int64_t i = 0; i < width; i++) {
        mean[i] = (T)shift[i];
        scale[i] = (T)factor[i];
        bias[i] = (T)offset[i];
    }
    for (int64_t r = 0; r < rows; r++) {
        const T *x = (const T *)data + r * step;
        T *out = (T *)result + r * step;
        TYI_PRAGMA(omp simd)
        for (int64_t i = 0; i < width; i++)
            out[i] = (x[i] - mean[i]) * scale[i] + bias[i];
    }
}

static void NAME(sums)(const void *data, const void *grads, int64_t n, double shift, double *sum, double *product)
{
    const T *x = data, *g = grads;
    T mean = (T)shift;
    for (int64_t at = 0; at < n; at += BLOCK) {
        int64_t end = n - at < BLOCK ? n : at + BLOCK;
        T a = 0, b = 0;
        TYI_PRAGMA(omp simd reduction(+ : a, b))
        for (int64_t i = at; i < end; i++) {
            a += g[i];
            b += g[i] * (x[i] - mean);
        }
        *sum += (double)a;
        *product += (double)b;
    }
}

static void NAME(sums_columns)(const void *data, const void *grads, int64_t rows, int64_t step, int64_t width,
                               const double *shift, double *sum, double *product)
{
    T mean[TILE], a[TILE], b[TILE];
    for (int64_t i = 0; i < width; i++)
        mean[i] = (T)shift[i];
    for (int64_t at = 0; at < rows; at += COLUMN_ROWS) {
        int64_t end = rows - at < COLUMN_ROWS ? rows : at + COLUMN_ROWS;
        for (int64_t i = 0; i < width; i++)
            a[i] = b[i] = 0;
        for (int64_t r = at; r < end; r++) {
            const T *x = (const T *)data + r * step, *g = (const T *)grads + r * step;
            TYI_PRAGMA(omp simd)
            for (int64_t i = 0; i < width; i++) {
                a[i] += g[i];
                b[i] += g[i] * (x[i] - mean[i]);
            }
        }
        for (int64_t i = 0; i < width; i++) {
            sum[i] += (double)a[i];
            product[i] += (double)b[i];
        }
    }
}

static void NAME(combine)(const void *data, const void *grads, void *result, int64_t n, double shift, double a,
                          double b, double c)
{
    const T *x = data, *g = grads;
    T *out = result, mean = (T)shift, of_grad = (T)a, of_x = (T)b, rest = (T)c;
    TYI_PRAGMA(omp simd)
    for (int64_t i = 0; i < n; i++)
        out[i] = g[i] * of_grad + ((x[i] - mean) * of_x + rest);
}

static void NAME(combine_columns)(const void *data, const void *grads, void *result, int64_t rows, int64_t step,
                                  int64_t width, const double *shift, const double *a, const double *b, const double *c)
{
    T mean[TILE], of_grad[TILE], of_x[TILE], rest[TILE];
    for (int64_t i = 0; i < width; i++) {
        mean[i] = (T)shift[i];
        of_grad[i] = (T)a[i];
        of_x[i] = (T)b[i];
        rest[i] = (T)c[i];
    }
    for (int64_t r = 0; r < rows; r++) {
        const T *x = (const T *)data + r * step, *g = (const T *)grads + r * step;
        T *out = (T *)result + r * step;
        TYI_PRAGMA(omp simd)
        for (int64_t i = 0; i < width; i++)
            out[i] = g[i] * of_grad[i] + ((x[i] - mean[i]) * of_x[i] + rest[i]);
    }
}

static void NAME(row_gradient)(const void *data, const void *grads, const void *weights, void *result, int64_t n,
                               double shift, double factor, bool centred, void *grad_weight, void *grad_bias)
{
    const T *x = data, *g = grads, *weight = weights;
    T *out = result, *to_weight = grad_weight, *to_bias = grad_bias, mean = (T)shift, scale = (T)factor;
    double sum = 0, product = 0;
    for (int64_t at = 0; result && at < n; at += BLOCK) {
        int64_t end = n - at < BLOCK ? n : at + BLOCK;
        T a = 0, b = 0;
        if (weight) {
            TYI_PRAGMA(omp simd reduction(+ : a, b))
            for (int64_t i = at; i < end; i++) {
                T gw = g[i] * weight[i];
                a += gw;
                b += gw * (x[i] - mean);
            }
        } else {
            TYI_PRAGMA(omp simd reduction(+ : a, b))
            for (int64_t i = at; i < end; i++) {
                a += g[i];
                b += g[i] * (x[i] - mean);
            }
        }
        sum += (double)a;
        product += (double)b;
    }
    T rest = (T)(centred ? -sum / (double)n * factor : 0);
    T of_x = (T)(-product / (double)n * factor * factor * factor);
    if (out && weight) {
        TYI_PRAGMA(omp simd)
        for (int64_t i = 0; i < n; i++)
            out[i] = g[i] * weight[i] * scale + ((x[i] - mean) * of_x + rest);
    } else if (out) {
        TYI_PRAGMA(omp simd)
        for (int64_t i = 0; i < n; i++)
            out[i] = g[i] * scale + ((x[i] - mean) * of_x + rest);
    }
    if (to_weight) {
        TYI_PRAGMA(omp simd)
        for (int64_t i = 0; i < n; i++)
            to_weight[i] += g[i] * ((x[i] - mean) * scale);
    }
    if (to_bias) {
        TYI_PRAGMA(omp simd)
        for (int64_t i = 0; i < n; i++)
            to_bias[i] += g[i];
    }
}

#undef JOIN_
#undef JOIN
#undef NAME
#undef T
#undef E
