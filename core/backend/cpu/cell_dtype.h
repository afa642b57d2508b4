/*
 * The cells of recurrent layers for one floating dtype; tyi_cell_args (backend/backend.h) says what the arrays are.
 * Included by cell_loops.c with T, E (the dtype's name in upper case) and M(f) defined; undefines them. Formulas are
 * those of torch.nn.RNNCell, LSTMCell and GRUCell.
 */
#define JOIN_(a, b) a##b
#define JOIN(a, b)  JOIN_(a, b)
#define NAME(name)  JOIN(name##_, E)

static void NAME(tanh_cell)(const tyi_cell_args *a, int64_t begin, int64_t end)
{
    T *h = a->gates;
    TYI_PRAGMA(omp simd)
    for (int64_t i = begin * a->size; i < end * a->size; i++)
        h[i] = M(tanh)(h[i]);
}

static void NAME(tanh_cell_backward)(const tyi_cell_args *a, int64_t begin, int64_t end)
{
    const T *h = a->gates, *dh = a->dh;
    T *dsums = a->dsums;
    TYI_PRAGMA(omp simd)
    for (int64_t i = begin * a->size; i < end * a->size; i++)
        dsums[i] = dh[i] * (1 - h[i] * h[i]);
}

static void NAME(relu_cell)(const tyi_cell_args *a, int64_t begin, int64_t end)
{
    T *h = a->gates;
    TYI_PRAGMA(omp simd)
    for (int64_t i = begin * a->size; i < end * a->size; i++)
        h[i] = h[i] < 0 ? (T)0 : h[i];
}

static void NAME(relu_cell_backward)(const tyi_cell_args *a, int64_t begin, int64_t end)
{
    const T *h = a->gates, *dh = a->dh;
    T *dsums = a->dsums;
    TYI_PRAGMA(omp simd)
    for (int64_t i = begin * a->size; i < end * a->size; i++)
        dsums[i] = h[i] > 0 ? dh[i] : (T)0;
}

static void NAME(lstm)(const tyi_cell_args *a, int64_t begin, int64_t end)
{
    int64_t n = a->size;
    for (int64_t row = begin; row < end; row++) {
        T *i = (T *)a->gates + row * 4 * n, *f = i + n, *g = f + n, *o = g + n;
        const T *before = (const T *)a->c_before + row * n;
        T *c = (T *)a->c + row * n, *h = (T *)a->h + row * n;
        TYI_PRAGMA(omp simd)
        for (int64_t k = 0; k < 2 * n; k++) /* i and f, which are neighbours */
            i[k] = M(sigmoid)(i[k]);
        TYI_PRAGMA(omp simd)
        for (int64_t k = 0; k < n; k++)
            g[k] = M(tanh)(g[k]);
        TYI_PRAGMA(omp simd)
        for (int64_t k = 0; k < n; k++)
            o[k] = M(sigmoid)(o[k]);
        TYI_PRAGMA(omp simd)
        for (int64_t k = 0; k < n; k++) {
            T value = f[k] * before[k] + i[k] * g[k];
            c[k] = value;
            h[k] = o[k] * M(tanh)(value);
        }
    }
}

static void NAME(lstm_backward)(const tyi_cell_args *a, int64_t begin, int64_t end)
{
    int64_t n = a->size;
    for (int64_t row = begin; row < end; row++) {
        const T *i = (const T *)a->gates + row * 4 * n, *f = i + n, *g = f + n, *o = g + n;
        const T *c = (const T *)a->c + row * n, *before = (const T *)a->c_before + row * n;
        const T *dh = (const T *)a->dh + row * n;
        T *dc = (T *)a->dc + row * n, *di = (T *)a->dsums + row * 4 * n, *df = di + n, *dg = df + n, *d_o = dg + n;
        TYI_PRAGMA(omp simd)
        for (int64_t k = 0; k < n; k++) {
            T squashed = M(tanh)(c[k]);
            T gc = dc[k] + dh[k] * o[k] * (1 - squashed * squashed);
            d_o[k] = dh[k] * squashed * o[k] * (1 - o[k]);
            di[k] = gc * g[k] * i[k] * (1 - i[k]);
            df[k] = gc * before[k] * f[k] * (1 - f[k]);
            dg[k] = gc * i[k] * (1 - g[k] * g[k]);
            dc[k] = gc * f[k];
        }
    }
}

static void NAME(gru)(const tyi_cell_args *a, int64_t begin, int64_t end)
{
    int64_t size = a->size;
    for (int64_t row = begin; row < end; row++) {
        T *r = (T *)a->gates + row * 4 * size, *z = r + size, *n = z + size, *hidden = n + size;
        const T *sums = (const T *)a->sums + row * 3 * size, *before = (const T *)a->h_before + row * size;
        T *h = (T *)a->h + row * size;
        TYI_PRAGMA(omp simd)
        for (int64_t k = 0; k < 2 * size; k++) /* r and z, which are neighbours */
            r[k] = M(sigmoid)(r[k] + sums[k]);
        TYI_PRAGMA(omp simd)
        for (int64_t k = 0; k < size; k++) {
            hidden[k] = sums[2 * size + k];
            n[k] = M(tanh)(n[k] + r[k] * hidden[k]);
            h[k] = (before[k] - n[k]) * z[k] + n[k];
        }
    }
}

static void NAME(gru_backward)(const tyi_cell_args *a, int64_t begin, int64_t end)
{
    int64_t size = a->size;
    for (int64_t row = begin; row < end; row++) {
        const T *r = (const T *)a->gates + row * 4 * size, *z = r + size, *n = z + size, *hidden = n + size;
        const T *before = (const T *)a->h_before + row * size, *dh = (const T *)a->dh + row * size;
        T *dr = (T *)a->dsums + row * 3 * size, *dz = dr + size, *dn = dz + size;
        T *hr = (T *)a->dhidden + row * 3 * size, *hz = hr + size, *hn = hz + size;
        T *dh_before = (T *)a->dh_before + row * size;
        TYI_PRAGMA(omp simd)
        for (int64_t k = 0; k < size; k++) {
            T gn = dh[k] * (1 - z[k]) * (1 - n[k] * n[k]);
            T gz = dh[k] * (before[k] - n[k]) * z[k] * (1 - z[k]);
            T gr = gn * hidden[k] * r[k] * (1 - r[k]);
            dr[k] = gr, dz[k] = gz, dn[k] = gn;
            hr[k] = gr, hz[k] = gz, hn[k] = gn * r[k];
            dh_before[k] += dh[k] * z[k];
        }
    }
}

#undef JOIN_
#undef JOIN
#undef NAME
#undef T
#undef E
#undef M
