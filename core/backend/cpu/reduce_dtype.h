/*
 * The reductions of one dtype. Included by reduce_loops.c once per dtype with T (the C type), S (the type that sums and
 * products are kept in), E (the dtype's name in upper case) and FLOATING (1 or 0) defined; undefines them.
 *
 * Sums run in four streams of T over blocks short enough to lose little, and blocks are added up in S, double for
 * floats: as exact as pairwise summation, at the speed of memory. Maxima keep a NaN once they have seen one.
 */
#define JOIN_(a, b) a##b
#define JOIN(a, b)  JOIN_(a, b)
#define NAME(name)  JOIN(name##_, E)

/* Sums of TERM(a, s), a an element and s the output's shift. */
#define SUMS(name, TERM)                                                                                               \
    static T NAME(name##_block)(const T *x, int64_t n, T s)                                                            \
    {                                                                                                                  \
        (void)s;                                                                                                       \
        int64_t quarter = n / 4;                                                                                       \
        T sum0 = 0, sum1 = 0, sum2 = 0, sum3 = 0, rest = 0;                                                            \
        const T *x1 = x + quarter, *x2 = x1 + quarter, *x3 = x2 + quarter;                                             \
        TYI_PRAGMA(omp simd reduction(+ : sum0, sum1, sum2, sum3))                                                     \
        for (int64_t i = 0; i < quarter; i++) {                                                                        \
            sum0 += TERM(x[i], s);                                                                                     \
            sum1 += TERM(x1[i], s);                                                                                    \
            sum2 += TERM(x2[i], s);                                                                                    \
            sum3 += TERM(x3[i], s);                                                                                    \
        }                                                                                                              \
        for (int64_t i = 4 * quarter; i < n; i++)                                                                      \
            rest += TERM(x[i], s);                                                                                     \
        return (T)((T)((sum0 + sum1) + (sum2 + sum3)) + rest);                                                         \
    }                                                                                                                  \
    static void NAME(name##_rows)(const void *data, int64_t row_step, int64_t rows, int64_t n, int64_t first,          \
                                  const void *shifts, void *states)                                                    \
    {                                                                                                                  \
        (void)first;                                                                                                   \
        S *state = states;                                                                                             \
        for (int64_t r = 0; r < rows; r++) {                                                                           \
            const T *x = (const T *)data + r * row_step;                                                               \
            T s = shifts ? ((const T *)shifts)[r] : 0;                                                                 \
            S sum = 0;                                                                                                 \
            int64_t i = 0;                                                                                             \
            for (; n - i > ROW_BLOCK; i += ROW_BLOCK)                                                                  \
                sum = (S)(sum + (S)NAME(name##_block)(x + i, ROW_BLOCK, s));                                           \
            state[r] = (S)(sum + (S)NAME(name##_block)(x + i, n - i, s));                                              \
        }                                                                                                              \
    }                                                                                                                  \
    static void NAME(name##_columns)(const void *data, int64_t row_step, int64_t n, int64_t width, int64_t first,      \
                                     const void *shifts, void *states)                                                 \
    {                                                                                                                  \
        (void)first;                                                                                                   \
        for (int64_t at = 0; at < width; at += COLUMN_TILE) {                                                          \
            int64_t w = width - at < COLUMN_TILE ? width - at : COLUMN_TILE;                                           \
            const T *x = (const T *)data + at, *s = (const T *)shifts + (shifts ? at : 0);                             \
            S *state = (S *)states + at;                                                                               \
            T sum[COLUMN_TILE];                                                                                        \
            (void)s;                                                                                                   \
            for (int64_t i = 0; i < w; i++)                                                                            \
                state[i] = 0;                                                                                          \
            for (int64_t from = 0; from < n; from += COLUMN_ROWS) {                                                    \
                int64_t to = n - from < COLUMN_ROWS ? n : from + COLUMN_ROWS, r = from;                                \
                for (int64_t i = 0; i < w; i++)                                                                        \
                    sum[i] = 0;                                                                                        \
                for (; r + 4 <= to; r += 4) {                                                                          \
                    const T *x0 = x + r * row_step, *x1 = x0 + row_step, *x2 = x1 + row_step, *x3 = x2 + row_step;     \
                    TYI_PRAGMA(omp simd)                                                                               \
                    for (int64_t i = 0; i < w; i++)                                                                    \
                        sum[i] += (T)((T)(TERM(x0[i], s[i]) + TERM(x1[i], s[i])) +                                     \
                                      (T)(TERM(x2[i], s[i]) + TERM(x3[i], s[i])));                                     \
                }                                                                                                      \
                for (; r < to; r++) {                                                                                  \
                    const T *x0 = x + r * row_step;                                                                    \
                    TYI_PRAGMA(omp simd)                                                                               \
                    for (int64_t i = 0; i < w; i++)                                                                    \
                        sum[i] += TERM(x0[i], s[i]);                                                                   \
                }                                                                                                      \
                TYI_PRAGMA(omp simd)                                                                                   \
                for (int64_t i = 0; i < w; i++)                                                                        \
                    state[i] = (S)(state[i] + (S)sum[i]);                                                              \
            }                                                                                                          \
        }                                                                                                              \
    }
SUMS(sum, TERM_SUM)
#if FLOATING
SUMS(sum_squares, TERM_SQUARES)
#endif

/* Folds of a binary FOLD(kept, element) that begin with START(first element). */
#define COMBINE(name, R, FOLD)                                                                                         \
    static void NAME(name##_combine)(void *states, const void *laters, int64_t n)                                      \
    {                                                                                                                  \
        R *state = states;                                                                                             \
        const R *later = laters;                                                                                       \
        for (int64_t i = 0; i < n; i++)                                                                                \
            state[i] = FOLD(state[i], later[i]);                                                                       \
    }
#define FINISH(name, R, O)                                                                                             \
    static void NAME(name##_finish)(const void *states, void *outs, int64_t n)                                         \
    {                                                                                                                  \
        const R *state = states;                                                                                       \
        O *out = outs;                                                                                                 \
        for (int64_t i = 0; i < n; i++)                                                                                \
            out[i] = (O)state[i];                                                                                      \
    }
#define FOLDED_COLUMNS(name, R, START, FOLD)                                                                           \
    static void NAME(name##_columns)(const void *data, int64_t row_step, int64_t n, int64_t width, int64_t first,      \
                                     const void *shifts, void *states)                                                 \
    {                                                                                                                  \
        (void)first, (void)shifts;                                                                                     \
        R *state = states;                                                                                             \
        for (int64_t i = 0; i < width; i++)                                                                            \
            state[i] = START(((const T *)data)[i]);                                                                    \
        for (int64_t r = 0; r < n; r++) {                                                                              \
            const T *x = (const T *)data + r * row_step;                                                               \
            TYI_PRAGMA(omp simd)                                                                                       \
            for (int64_t i = 0; i < width; i++)                                                                        \
                state[i] = FOLD(state[i], x[i]);                                                                       \
        }                                                                                                              \
    }

#define PLUS(a, b)  (S)((a) + (b))
#define TIMES(a, b) (S)((a) * (b))
COMBINE(sum, S, PLUS)
FINISH(sum, S, T)

static void NAME(prod_rows)(const void *data, int64_t row_step, int64_t rows, int64_t n, int64_t first,
                            const void *shifts, void *states)
{
    (void)first, (void)shifts;
    for (int64_t r = 0; r < rows; r++) {
        const T *x = (const T *)data + r * row_step;
        S product = 1;
        TYI_PRAGMA(omp simd reduction(* : product))
        for (int64_t i = 0; i < n; i++)
            product *= (S)x[i];
        ((S *)states)[r] = product;
    }
}
static void NAME(prod_columns)(const void *data, int64_t row_step, int64_t n, int64_t width, int64_t first,
                               const void *shifts, void *states)
{
    (void)first, (void)shifts;
    S *state = states;
    for (int64_t i = 0; i < width; i++)
        state[i] = 1;
    for (int64_t r = 0; r < n; r++) {
        const T *x = (const T *)data + r * row_step;
        TYI_PRAGMA(omp simd)
        for (int64_t i = 0; i < width; i++)
            state[i] = (S)(state[i] * (S)x[i]);
    }
}
COMBINE(prod, S, TIMES)

/* Maximum and minimum; BETTER is > or <. */
#define KEEP_MAX(a, b) ((b) > (a) || (b) != (b) ? (b) : (a))
#define KEEP_MIN(a, b) ((b) < (a) || (b) != (b) ? (b) : (a))
#define SELF(a)        (a)
#if FLOATING
#define SEEN_NAN(x) ((x) != (x))
#else
#define SEEN_NAN(x) 0
#endif
#define EXTREMES(name, simd_op, BETTER, KEEP)                                                                          \
    /* The extreme of a block that begins with `best`; *nan is set when it holds a NaN. */                             \
    static T NAME(name##_block)(const T *x, int64_t n, T best, int *nan)                                               \
    {                                                                                                                  \
        int64_t quarter = n / 4;                                                                                       \
        const T *x1 = x + quarter, *x2 = x1 + quarter, *x3 = x2 + quarter;                                             \
        T best0 = best, best1 = best, best2 = best, best3 = best;                                                      \
        int bad = 0;                                                                                                   \
        TYI_PRAGMA(omp simd reduction(simd_op : best0, best1, best2, best3) reduction(| : bad))                        \
        for (int64_t i = 0; i < quarter; i++) {                                                                        \
            best0 = x[i] BETTER best0 ? x[i] : best0;                                                                  \
            best1 = x1[i] BETTER best1 ? x1[i] : best1;                                                                \
            best2 = x2[i] BETTER best2 ? x2[i] : best2;                                                                \
            best3 = x3[i] BETTER best3 ? x3[i] : best3;                                                                \
            bad |= SEEN_NAN(x[i]) | SEEN_NAN(x1[i]) | SEEN_NAN(x2[i]) | SEEN_NAN(x3[i]);                               \
        }                                                                                                              \
        for (int64_t i = 4 * quarter; i < n; i++) {                                                                    \
            best0 = x[i] BETTER best0 ? x[i] : best0;                                                                  \
            bad |= SEEN_NAN(x[i]);                                                                                     \
        }                                                                                                              \
        best0 = best1 BETTER best0 ? best1 : best0;                                                                    \
        best2 = best3 BETTER best2 ? best3 : best2;                                                                    \
        *nan |= bad;                                                                                                   \
        return best2 BETTER best0 ? best2 : best0;                                                                     \
    }                                                                                                                  \
    static void NAME(name##_rows)(const void *data, int64_t row_step, int64_t rows, int64_t n, int64_t first,          \
                                  const void *shifts, void *states)                                                    \
    {                                                                                                                  \
        (void)first, (void)shifts;                                                                                     \
        for (int64_t r = 0; r < rows; r++) {                                                                           \
            const T *x = (const T *)data + r * row_step;                                                               \
            int nan = 0;                                                                                               \
            T best = NAME(name##_block)(x, n, x[0], &nan);                                                             \
            ((T *)states)[r] = nan ? (T)NOT_A_NUMBER : best;                                                           \
        }                                                                                                              \
    }                                                                                                                  \
    FOLDED_COLUMNS(name, T, SELF, KEEP)                                                                                \
    COMBINE(name, T, KEEP)
EXTREMES(max, max, >, KEEP_MAX)
EXTREMES(min, min, <, KEEP_MIN)
FINISH(max, T, T)

/* Whether any, and whether not all, elements differ from zero: two signs of one loop. */
#define TRUTHS(name, simd_op, START_VALUE, OP)                                                                         \
    static void NAME(name##_rows)(const void *data, int64_t row_step, int64_t rows, int64_t n, int64_t first,          \
                                  const void *shifts, void *states)                                                    \
    {                                                                                                                  \
        (void)first, (void)shifts;                                                                                     \
        for (int64_t r = 0; r < rows; r++) {                                                                           \
            const T *x = (const T *)data + r * row_step;                                                               \
            int truth = START_VALUE;                                                                                   \
            for (int64_t at = 0; at < n && truth == START_VALUE; at += ROW_BLOCK) {                                    \
                int64_t end = n - at < ROW_BLOCK ? n : at + ROW_BLOCK;                                                 \
                TYI_PRAGMA(omp simd reduction(simd_op : truth))                                                        \
                for (int64_t i = at; i < end; i++)                                                                     \
                    truth = truth OP(x[i] != 0);                                                                       \
            }                                                                                                          \
            ((bool *)states)[r] = truth;                                                                               \
        }                                                                                                              \
    }                                                                                                                  \
    static void NAME(name##_columns)(const void *data, int64_t row_step, int64_t n, int64_t width, int64_t first,      \
                                     const void *shifts, void *states)                                                 \
    {                                                                                                                  \
        (void)first, (void)shifts;                                                                                     \
        bool *state = states;                                                                                          \
        for (int64_t i = 0; i < width; i++)                                                                            \
            state[i] = START_VALUE;                                                                                    \
        for (int64_t r = 0; r < n; r++) {                                                                              \
            const T *x = (const T *)data + r * row_step;                                                               \
            TYI_PRAGMA(omp simd)                                                                                       \
            for (int64_t i = 0; i < width; i++)                                                                        \
                state[i] = state[i] OP(x[i] != 0);                                                                     \
        }                                                                                                              \
    }
TRUTHS(any, |, 0, |)
TRUTHS(all, &, 1, &)
#define OR(a, b)  ((a) | (b))
#define AND(a, b) ((a) & (b))
COMBINE(any, bool, OR)
COMBINE(all, bool, AND)
FINISH(any, bool, bool)

/* Where the extreme is first, NaN above all. */
typedef struct NAME(place) {
    T value;
    int64_t index;
} NAME(place);
#define PLACES(name, extreme, BETTER)                                                                                  \
    static NAME(place) NAME(name##_scan)(const T *x, int64_t step, int64_t n, int64_t first)                           \
    {                                                                                                                  \
        NAME(place) best = {x[0], first};                                                                              \
        for (int64_t i = 1; i < n; i++) {                                                                              \
            T a = x[i * step];                                                                                         \
            if (a BETTER best.value || (SEEN_NAN(a) && !SEEN_NAN(best.value)))                                         \
                best = (NAME(place)){a, first + i};                                                                    \
        }                                                                                                              \
        return best;                                                                                                   \
    }                                                                                                                  \
    static NAME(place) NAME(name##_later)(NAME(place) best, NAME(place) later)                                         \
    {                                                                                                                  \
        bool wins = later.value BETTER best.value || (SEEN_NAN(later.value) && !SEEN_NAN(best.value));                 \
        return wins ? later : best;                                                                                    \
    }                                                                                                                  \
    static void NAME(name##_rows)(const void *data, int64_t row_step, int64_t rows, int64_t n, int64_t first,          \
                                  const void *shifts, void *states)                                                    \
    {                                                                                                                  \
        (void)shifts;                                                                                                  \
        for (int64_t r = 0; r < rows; r++) {                                                                           \
            const T *x = (const T *)data + r * row_step;                                                               \
            int64_t at = n < PLACE_BLOCK ? n : PLACE_BLOCK;                                                            \
            NAME(place) best = NAME(name##_scan)(x, 1, at, first);                                                     \
            /* Only blocks whose extreme beats the best so far are searched for its place. */                          \
            for (; at < n && !SEEN_NAN(best.value); at += PLACE_BLOCK) {                                               \
                int64_t size = n - at < PLACE_BLOCK ? n - at : PLACE_BLOCK;                                            \
                int nan = 0;                                                                                           \
                T value = NAME(extreme##_block)(x + at, size, best.value, &nan);                                       \
                if (nan || value BETTER best.value)                                                                    \
                    best = NAME(name##_later)(best, NAME(name##_scan)(x + at, 1, size, first + at));                   \
            }                                                                                                          \
            ((NAME(place) *)states)[r] = best;                                                                         \
        }                                                                                                              \
    }                                                                                                                  \
    static void NAME(name##_columns)(const void *data, int64_t row_step, int64_t n, int64_t width, int64_t first,      \
                                     const void *shifts, void *states)                                                 \
    {                                                                                                                  \
        (void)shifts;                                                                                                  \
        NAME(place) *state = states;                                                                                   \
        for (int64_t i = 0; i < width; i++)                                                                            \
            state[i] = (NAME(place)){((const T *)data)[i], first};                                                     \
        for (int64_t r = 1; r < n; r++) {                                                                              \
            const T *x = (const T *)data + r * row_step;                                                               \
            for (int64_t i = 0; i < width; i++)                                                                        \
                if (x[i] BETTER state[i].value || (SEEN_NAN(x[i]) && !SEEN_NAN(state[i].value)))                       \
                    state[i] = (NAME(place)){x[i], first + r};                                                         \
        }                                                                                                              \
    }                                                                                                                  \
    COMBINE(name, NAME(place), NAME(name##_later))
PLACES(argmax, max, >)
PLACES(argmin, min, <)
static void NAME(argmax_finish)(const void *states, void *outs, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        ((int64_t *)outs)[i] = ((const NAME(place) *)states)[i].index;
}

#undef JOIN_
#undef JOIN
#undef NAME
#undef SUMS
#undef COMBINE
#undef FINISH
#undef FOLDED_COLUMNS
#undef PLUS
#undef TIMES
#undef KEEP_MAX
#undef KEEP_MIN
#undef SELF
#undef SEEN_NAN
#undef EXTREMES
#undef TRUTHS
#undef OR
#undef AND
#undef PLACES
#undef T
#undef S
#undef E
#undef FLOATING
