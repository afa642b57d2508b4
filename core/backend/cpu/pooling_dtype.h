/*
 * Pooling and resampling for one floating dtype. Included by pooling_loops.c with T and E (the dtype's name in upper
 * case) defined; undefines them.
 *
 * A window that moves by even steps is taken one place of the window at a time, over a stretch of outputs of a row:
 * those loops vectorise. Adaptive windows are taken one output at a time.
 */
#define JOIN_(a, b) a##b
#define JOIN(a, b)  JOIN_(a, b)
#define NAME(name)  JOIN(name##_, E)

/* ---- Largest ---- */

/* As PyTorch: a later element is taken when it is greater, or not a number. No branch: the loops are of vectors. */
#define TAKES(value, best) (((value) > (best)) | ((value) != (value)))

/* One place of the window, `step` elements between neighbouring outputs: a constant where that is common, so that the
 * loop becomes one of vectors. */
static inline __attribute__((always_inline)) void NAME(max_steps)(const T *source, int32_t n, int32_t step,
                                                                  int32_t position, T *most, int32_t *at)
{
    TYI_PRAGMA(omp simd)
    for (int32_t o = 0; o < n; o++) {
        T value = source[(int64_t)o * step];
        bool takes = TAKES(value, most[o]);
        most[o] = takes ? value : most[o];
        at[o] = takes ? position + o * step : at[o];
    }
}

/* The usual window, two by two without overlap or padding: n outputs from rows x and x + width. index may be NULL. */
static inline __attribute__((always_inline)) void NAME(max_of_pairs)(const T *x, int32_t width, int32_t position,
                                                                     const int32_t n, T *y, int64_t *index)
{
    const T *below = x + width;
    TYI_PRAGMA(omp simd)
    for (int32_t o = 0; o < n; o++) {
        T best = x[2 * o], b = x[2 * o + 1], c = below[2 * o], d = below[2 * o + 1];
        int32_t at = 0;
        at = TAKES(b, best) ? 1 : at;
        best = TAKES(b, best) ? b : best;
        at = TAKES(c, best) ? width : at;
        best = TAKES(c, best) ? c : best;
        at = TAKES(d, best) ? width + 1 : at;
        best = TAKES(d, best) ? d : best;
        y[o] = best;
        if (index)
            index[o] = position + 2 * o + at;
    }
}

/* A row, `at_once` outputs at a time; the last ones again with those before them, as rows are often short. */
static inline __attribute__((always_inline)) void
NAME(max_pairs)(const T *x, int32_t width, int32_t position, int32_t n, const int32_t at_once, T *y, int64_t *index)
{
    for (int32_t o = 0; o < n; o += at_once) {
        o = o + at_once > n ? n - at_once : o;
        NAME(max_of_pairs)(x + 2 * o, width, position + 2 * o, at_once, y + o, index ? index + o : NULL);
    }
}

/* A plane of them. */
static inline __attribute__((always_inline)) void NAME(max_plane)(const tyi_window *w, const T *x, T *y, int64_t *index)
{
    int32_t width = (int32_t)w->in[2], n = (int32_t)w->out[2];
    for (int64_t i = 0; i < w->out[0] * w->out[1]; i++) {
        int64_t row = i / w->out[1] * w->in[1] + i % w->out[1] * 2;
        const T *from = x + row * width;
        int32_t position = (int32_t)(row * width);
        if (n >= 8)
            NAME(max_pairs)(from, width, position, n, 8, y, index);
        else if (n >= 4)
            NAME(max_pairs)(from, width, position, n, 4, y, index);
        else
            NAME(max_pairs)(from, width, position, n, 1, y, index);
        y += n;
        index = index ? index + n : NULL;
    }
}

static bool NAME(in_pairs)(const tyi_pool_args *a)
{
    const tyi_window *w = &a->window;
    bool pairs = !a->adaptive && w->kernel[0] == 1 && w->stride[0] == 1 && w->in[0] == w->out[0];
    for (int d = 1; d < 3; d++)
        pairs = pairs && w->kernel[d] == 2 && w->stride[d] == 2 && w->dilation[d] == 1 && w->in[d] >= 2 * w->out[d];
    return pairs && w->pad[0] + w->pad[1] + w->pad[2] == 0;
}

static void NAME(max_row)(const tyi_pool_args *a, const T *x, span z, span y, int64_t from, int64_t to, T *best,
                          int32_t *place)
{
    const tyi_window *w = &a->window;
    int64_t stride = w->stride[2];
    int64_t start = (at_most(z.first, w->in[0] - 1) * w->in[1] + at_most(y.first, w->in[1] - 1)) * w->in[2];
    for (int64_t o = from; o < to; o++) {
        int64_t first = o * stride - w->pad[2];
        if (first < 0)
            first += (-first + w->dilation[2] - 1) / w->dilation[2] * w->dilation[2];
        best[o - from] = -(T)INFINITY;
        place[o - from] = (int32_t)(start + at_most(first, w->in[2] - 1)); /* dilation may step over everything */
    }
    for (int64_t i = z.first; i < z.last; i += z.step)
        for (int64_t j = y.first; j < y.last; j += y.step) {
            int64_t row = (i * w->in[1] + j) * w->in[2];
            for (int64_t k = 0; k < w->kernel[2]; k++) {
                int64_t low, high;
                inside(w, k, from, to, &low, &high);
                int64_t first = low * stride - w->pad[2] + k * w->dilation[2];
                const T *source = x + row + first;
                T *most = best + (low - from);
                int32_t *at = place + (low - from), n = (int32_t)(high - low);
                int32_t position = (int32_t)(row + first);
                if (stride == 2)
                    NAME(max_steps)(source, n, 2, position, most, at);
                else if (stride == 1)
                    NAME(max_steps)(source, n, 1, position, most, at);
                else
                    NAME(max_steps)(source, n, (int32_t)stride, position, most, at);
            }
        }
}

static void NAME(max_adaptive_row)(const tyi_pool_args *a, const T *x, span z, span y, int64_t from, int64_t to,
                                   T *best, int32_t *place)
{
    const tyi_window *w = &a->window;
    for (int64_t o = from; o < to; o++) {
        span s = span_of(a, 2, o);
        int64_t at = (z.first * w->in[1] + y.first) * w->in[2] + s.first;
        T most = -(T)INFINITY;
        for (int64_t i = z.first; i < z.last; i++)
            for (int64_t j = y.first; j < y.last; j++)
                for (int64_t k = s.first; k < s.last; k++) {
                    int64_t position = (i * w->in[1] + j) * w->in[2] + k;
                    if (TAKES(x[position], most)) {
                        most = x[position];
                        at = position;
                    }
                }
        best[o - from] = most;
        place[o - from] = (int32_t)at;
    }
}

static void NAME(max)(const tyi_pool_args *a, int64_t begin, int64_t end)
{
    const tyi_window *w = &a->window;
    int64_t in = w->in[0] * w->in[1] * w->in[2], out = w->out[0] * w->out[1] * w->out[2];
    int32_t place[ROW];
    bool pairs = NAME(in_pairs)(a);
    for (int64_t plane = begin; plane < end; plane++) {
        const T *x = (const T *)a->x + plane * in;
        T *y = (T *)a->y + plane * out;
        int64_t *index = a->index ? a->index + plane * out : NULL;
        if (pairs) {
            if (index)
                NAME(max_plane)(w, x, y, index);
            else
                NAME(max_plane)(w, x, y, NULL);
            continue;
        }
        for (int64_t i = 0; i < w->out[0]; i++)
            for (int64_t j = 0; j < w->out[1]; j++)
                for (int64_t from = 0; from < w->out[2]; from += ROW) {
                    int64_t to = w->out[2] - from < ROW ? w->out[2] : from + ROW;
                    span zs = span_of(a, 0, i), ys = span_of(a, 1, j);
                    (a->adaptive ? NAME(max_adaptive_row) : NAME(max_row))(a, x, zs, ys, from, to, y, place);
                    for (int64_t o = 0; index && o < to - from; o++)
                        index[o] = place[o];
                    y += to - from;
                    index = index ? index + (to - from) : NULL;
                }
    }
}

static void NAME(max_back)(const tyi_pool_args *a, int64_t begin, int64_t end)
{
    const tyi_window *w = &a->window;
    int64_t in = w->in[0] * w->in[1] * w->in[2], out = w->out[0] * w->out[1] * w->out[2];
    for (int64_t plane = begin; plane < end; plane++) {
        const T *y = (const T *)a->y + plane * out;
        const int64_t *index = a->index + plane * out;
        T *x = (T *)a->x + plane * in;
        memset(x, 0, (size_t)in * sizeof *x);
        for (int64_t o = 0; o < out; o++)
            x[index[o]] += y[o];
    }
}

/* ---- Averages ---- */

/* Divisors of the outputs [from, to) of a row; `others`: what the other dimensions count. */
static void NAME(divisors)(const tyi_pool_args *a, int64_t others, int64_t from, int64_t to, T *divisor)
{
    for (int64_t o = from; o < to; o++)
        divisor[o - from] = (T)(a->divisor ? a->divisor : others * count_of(a, 2, o));
}

/* Sums of the outputs [from, to) of a row into sum, or `back`: adds sum to what each of them covers. */
static inline __attribute__((always_inline)) void NAME(sum_row)(const tyi_pool_args *a, T *x, span z, span y,
                                                                int64_t from, int64_t to, T *sum, bool back)
{
    const tyi_window *w = &a->window;
    int64_t stride = w->stride[2];
    for (int64_t i = z.first; i < z.last; i += z.step)
        for (int64_t j = y.first; j < y.last; j += y.step) {
            T *row = x + (i * w->in[1] + j) * w->in[2];
            if (a->adaptive) {
                for (int64_t o = from; o < to; o++) {
                    span s = span_of(a, 2, o);
                    for (int64_t k = s.first; k < s.last; k++) {
                        if (back)
                            row[k] += sum[o - from];
                        else
                            sum[o - from] += row[k];
                    }
                }
                continue;
            }
            for (int64_t k = 0; k < w->kernel[2]; k++) {
                int64_t low, high;
                inside(w, k, from, to, &low, &high);
                T *other = row + low * stride - w->pad[2] + k * w->dilation[2], *own = sum + (low - from);
                TYI_PRAGMA(omp simd)
                for (int64_t o = 0; o < high - low; o++) {
                    if (back)
                        other[o * stride] += own[o];
                    else
                        own[o] += other[o * stride];
                }
            }
        }
}

static inline __attribute__((always_inline)) void NAME(average)(const tyi_pool_args *a, int64_t begin, int64_t end,
                                                                bool back)
{
    const tyi_window *w = &a->window;
    int64_t in = w->in[0] * w->in[1] * w->in[2], out = w->out[0] * w->out[1] * w->out[2];
    T sum[ROW], divisor[ROW];
    for (int64_t plane = begin; plane < end; plane++) {
        T *x = (T *)a->x + plane * in, *y = (T *)a->y + plane * out;
        if (back)
            memset(x, 0, (size_t)in * sizeof *x);
        for (int64_t i = 0; i < w->out[0]; i++)
            for (int64_t j = 0; j < w->out[1]; j++)
                for (int64_t from = 0; from < w->out[2]; from += ROW) {
                    int64_t to = w->out[2] - from < ROW ? w->out[2] : from + ROW;
                    NAME(divisors)(a, count_of(a, 0, i) * count_of(a, 1, j), from, to, divisor);
                    for (int64_t o = 0; o < to - from; o++)
                        sum[o] = back ? y[o] / divisor[o] : 0;
                    NAME(sum_row)(a, x, span_of(a, 0, i), span_of(a, 1, j), from, to, sum, back);
                    for (int64_t o = 0; !back && o < to - from; o++)
                        y[o] = sum[o] / divisor[o];
                    y += to - from;
                }
    }
}

static void NAME(avg)(const tyi_pool_args *a, int64_t begin, int64_t end)
{
    NAME(average)(a, begin, end, false);
}

static void NAME(avg_back)(const tyi_pool_args *a, int64_t begin, int64_t end)
{
    NAME(average)(a, begin, end, true);
}

/* ---- Resampling ---- */

static void NAME(resample)(const tyi_resample_args *a, int64_t begin, int64_t end)
{
    for (int64_t outer = begin; outer < end; outer++) {
        const T *x = (const T *)a->x + outer * a->in * a->inner;
        T *y = (T *)a->y + outer * a->out * a->inner;
        for (int64_t j = 0; j < a->out; j++) {
            const int64_t *index = a->index + j * a->taps;
            const T *weight = (const T *)a->weight + j * a->taps;
            T *to = y + j * a->inner;
            for (int64_t t = 0; t < a->taps; t++) {
                const T *from = x + index[t] * a->inner;
                TYI_PRAGMA(omp simd)
                for (int64_t i = 0; i < a->inner; i++)
                    to[i] = t ? to[i] + weight[t] * from[i] : weight[t] * from[i];
            }
        }
    }
}

static void NAME(resample_back)(const tyi_resample_args *a, int64_t begin, int64_t end)
{
    memset((T *)a->x + begin * a->in * a->inner, 0, (size_t)((end - begin) * a->in * a->inner) * sizeof(T));
    for (int64_t outer = begin; outer < end; outer++) {
        T *x = (T *)a->x + outer * a->in * a->inner;
        const T *y = (const T *)a->y + outer * a->out * a->inner;
        for (int64_t j = 0; j < a->out; j++) {
            const int64_t *index = a->index + j * a->taps;
            const T *weight = (const T *)a->weight + j * a->taps;
            const T *from = y + j * a->inner;
            for (int64_t t = 0; t < a->taps; t++) {
                T *to = x + index[t] * a->inner;
                TYI_PRAGMA(omp simd)
                for (int64_t i = 0; i < a->inner; i++)
                    to[i] += weight[t] * from[i];
            }
        }
    }
}

#undef TAKES
#undef NAME
#undef JOIN
#undef JOIN_
#undef T
#undef E
