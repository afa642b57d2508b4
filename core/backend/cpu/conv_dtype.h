/*
 * The loops of convolution for one floating dtype. Included by conv_loops.c with T and E (the dtype's name in upper
 * case) defined; undefines them.
 */
#define JOIN_(a, b) a##b
#define JOIN(a, b)  JOIN_(a, b)
#define NAME(name)  JOIN(name##_, E)
#define VEC         NAME(vec)
#define LANES       ((int64_t)(TYI_VECTOR_BYTES / sizeof(T)))

typedef T VEC __attribute__((vector_size(TYI_VECTOR_BYTES), aligned(sizeof(T)), may_alias));

/* ---- Columns ---- */

/* One row of columns, of one place k of the window over one plane; `back` adds it into the plane. */
static inline __attribute__((always_inline)) void NAME(column_row)(const tyi_window *w, T *plane, const int64_t k[3],
                                                                   int64_t from, int64_t to, T *columns, bool back)
{
    int64_t width = w->out[2], stride = w->stride[2], shift = k[2] * w->dilation[2] - w->pad[2];
    int64_t low = reach(0, shift, stride), high = reach(w->in[2], shift, stride);
    int64_t ow = from % width, oh = from / width % w->out[1], od = from / width / w->out[1];
    while (from < to) {
        int64_t n = to - from < width - ow ? to - from : width - ow;
        int64_t id = od * w->stride[0] - w->pad[0] + k[0] * w->dilation[0];
        int64_t ih = oh * w->stride[1] - w->pad[1] + k[1] * w->dilation[1];
        bool inside = id >= 0 && id < w->in[0] && ih >= 0 && ih < w->in[1];
        int64_t a = inside ? clamp_to(low, ow, ow + n) - ow : n, b = inside ? clamp_to(high, ow + a, ow + n) - ow : n;
        T *source = inside ? plane + (id * w->in[1] + ih) * w->in[2] : plane;
        int64_t first = inside ? ow * stride + shift : 0;
        if (back) {
            if (stride == 1)
                for (int64_t i = a; i < b; i++)
                    source[first + i] += columns[i];
            else
                for (int64_t i = a; i < b; i++)
                    source[first + i * stride] += columns[i];
        } else {
            for (int64_t i = 0; i < a; i++)
                columns[i] = 0;
            if (stride == 1)
                for (int64_t i = a; i < b; i++)
                    columns[i] = source[first + i];
            else
                for (int64_t i = a; i < b; i++)
                    columns[i] = source[first + i * stride];
            for (int64_t i = b; i < n; i++)
                columns[i] = 0;
        }
        columns += n;
        from += n;
        ow = 0;
        if (++oh == w->out[1]) {
            oh = 0;
            od++;
        }
    }
}

static inline __attribute__((always_inline)) void NAME(column_rows)(const tyi_window *w, T *image, int64_t channels,
                                                                    int64_t from, int64_t to, T *columns, int64_t row,
                                                                    bool back)
{
    int64_t plane = w->in[0] * w->in[1] * w->in[2], k[3];
    for (int64_t c = 0; c < channels; c++)
        for (k[0] = 0; k[0] < w->kernel[0]; k[0]++)
            for (k[1] = 0; k[1] < w->kernel[1]; k[1]++)
                for (k[2] = 0; k[2] < w->kernel[2]; k[2]++) {
                    NAME(column_row)(w, image + c * plane, k, from, to, columns, back);
                    columns += row;
                }
}

static void NAME(gather)(const tyi_window *w, const void *image, int64_t channels, int64_t from, int64_t to,
                         void *columns, int64_t row)
{
    NAME(column_rows)(w, (T *)image, channels, from, to, columns, row, false);
}

static void NAME(scatter)(const tyi_window *w, void *image, int64_t channels, int64_t from, int64_t to,
                          const void *columns, int64_t row)
{
    NAME(column_rows)(w, image, channels, from, to, (T *)columns, row, true);
}

/* ---- Planes ---- */

static void NAME(spread)(const tyi_spread *s, const void *plane, void *spread)
{
    const T *x = plane;
    int64_t low = reach(0, s->at[2], s->step[2]), high = reach(s->size[2], s->at[2], s->step[2]);
    low = clamp_to(low, 0, s->from[2]), high = clamp_to(high, low, s->from[2]);
    for (int64_t i = 0; i < s->from[0]; i++) {
        int64_t z = s->at[0] + i * s->step[0];
        if (z < 0 || z >= s->size[0])
            continue;
        for (int64_t j = 0; j < s->from[1]; j++) {
            int64_t y = s->at[1] + j * s->step[1];
            if (y < 0 || y >= s->size[1])
                continue;
            const T *from = x + (i * s->from[1] + j) * s->from[2];
            T *to = (T *)spread + z * s->rows * s->row + y * s->row;
            if (s->phases == 1) {
                for (int64_t k = low; k < high; k++)
                    to[s->at[2] + k * s->step[2]] = from[k];
                continue;
            }
            for (int64_t first = low; first < high && first < low + s->phases; first++) {
                int64_t column = s->at[2] + first;
                T *part = to + column % s->phases * s->phase + column / s->phases;
                for (int64_t k = first; k < high; k += s->phases)
                    *part++ = from[k];
            }
        }
    }
}

/* A stretch of one output row: `vectors` of them, of which the first n elements are stored. */
static inline __attribute__((always_inline)) void NAME(slide_part)(const tyi_slide *s, const T *at, const T *weight,
                                                                   T bias, bool add, T *y, int64_t n, int vectors)
{
    VEC sum[4];
    PRAGMA_UNROLL
    for (int v = 0; v < vectors; v++)
        sum[v] = (VEC){0} + bias;
    for (int64_t t = 0; t < s->taps; t++) {
        const T *from = at + s->offset[t];
        T w = weight[t];
        PRAGMA_UNROLL
        for (int v = 0; v < vectors; v++)
            sum[v] += w * *(const VEC *)(from + v * LANES);
    }
    if (n == vectors * LANES) {
        PRAGMA_UNROLL
        for (int v = 0; v < vectors; v++) {
            VEC *to = (VEC *)(y + v * LANES);
            if (add)
                *to += sum[v];
            else
                *to = sum[v];
        }
    } else {
        T part[4 * LANES];
        PRAGMA_UNROLL
        for (int v = 0; v < vectors; v++)
            *(VEC *)(part + v * LANES) = sum[v];
        for (int64_t i = 0; i < n; i++)
            y[i] = add ? y[i] + part[i] : part[i];
    }
}

static void NAME(slide)(const tyi_slide *s, const void *spread, const void *weight, const void *bias, bool add,
                        void *out)
{
    const T *w = weight;
    T b = bias ? *(const T *)bias : 0;
    T *y = out;
    for (int64_t i = 0; i < s->out[0]; i++)
        for (int64_t j = 0; j < s->out[1]; j++) {
            const T *at = (const T *)spread + i * s->outer + j * s->middle;
            int64_t k = 0, n = s->out[2];
            for (; n - k >= 4 * LANES; k += 4 * LANES)
                NAME(slide_part)(s, at + k, w, b, add, y + k, 4 * LANES, 4);
            for (; k < n; k += LANES)
                NAME(slide_part)(s, at + k, w, b, add, y + k, n - k < LANES ? n - k : LANES, 1);
            y += n;
        }
}

static void NAME(correlate)(const tyi_slide *s, const void *spread, const void *gradient, double *sums)
{
    int64_t n = s->out[2];
    for (int64_t t = 0; t < s->taps; t++) {
        const T *g = gradient;
        double total = 0;
        for (int64_t i = 0; i < s->out[0]; i++)
            for (int64_t j = 0; j < s->out[1]; j++) {
                const T *at = (const T *)spread + i * s->outer + j * s->middle + s->offset[t];
                T sum = 0;
                TYI_PRAGMA(omp simd reduction(+ : sum))
                for (int64_t k = 0; k < n; k++)
                    sum += g[k] * at[k];
                total += (double)sum;
                g += n;
            }
        sums[t] += total;
    }
}

static void NAME(round)(const double *sums, int64_t n, void *x)
{
    for (int64_t i = 0; i < n; i++)
        ((T *)x)[i] = (T)sums[i];
}

#undef LANES
#undef VEC
#undef NAME
#undef JOIN
#undef JOIN_
#undef T
#undef E
