/*
 * The sums over alignments of connectionist temporal classification, for one dtype: ctc.c includes it with T its type,
 * and EXP and LOG its functions. All in logarithms. The labels of a sample are widened: a blank before, between and
 * after them, so that place s of 0 ... 2 L is a blank where s is even and label s / 2 where it is odd.
 */

static inline int64_t NAME(label)(const tyi_ctc_args *a, const int64_t *target, int64_t s)
{
    return s % 2 ? target[s / 2] : a->blank;
}

static inline T NAME(log_sum)(T a, T b, T c)
{
    T most = a > b ? a : b;
    most = most > c ? most : c;
    if (most == -(T)INFINITY)
        return a + b + c; /* none, but for a NaN */
    return LOG(EXP(a - most) + EXP(b - most) + EXP(c - most)) + most;
}

static void NAME(forward)(void *context, int64_t begin, int64_t end)
{
    const tyi_ctc_args *a = context;
    const T none = -(T)INFINITY;
    int64_t width = 2 * a->most + 1, row = a->batch * a->classes;
    for (int64_t n = begin; n < end; n++) {
        const T *x = (const T *)a->log_probs + n * a->classes;
        const int64_t *target = a->targets + a->offsets[n];
        int64_t length = a->target_lengths[n], steps = a->input_lengths[n], last = 2 * length;
        T *alpha = (T *)a->alpha + n * a->steps * width, *loss = (T *)a->loss + n;
        if (steps == 0) {
            *loss = length ? (T)INFINITY : 0;
            continue;
        }
        for (int64_t s = 0; s <= last; s++)
            alpha[s] = s < 2 ? x[NAME(label)(a, target, s)] : none;
        for (int64_t t = 1; t < steps; t++) {
            const T *before = alpha;
            alpha += width, x += row;
            for (int64_t s = 0; s <= last; s++) {
                int64_t own = NAME(label)(a, target, s);
                bool leap = s > 1 && s % 2 && NAME(label)(a, target, s - 2) != own;
                alpha[s] = NAME(log_sum)(before[s], s > 0 ? before[s - 1] : none, leap ? before[s - 2] : none) + x[own];
            }
        }
        *loss = -NAME(log_sum)(alpha[last], length ? alpha[last - 1] : none, none);
    }
}

/* Place s at step t: what the alignments through it add up to, in the gradient's place of its label. */
static inline void NAME(add)(T *grad, T through)
{
    *grad = *grad == -(T)INFINITY ? through : NAME(log_sum)(*grad, through, -(T)INFINITY);
}

static void NAME(backward)(void *context, int64_t begin, int64_t end)
{
    const tyi_ctc_args *a = context;
    const T none = -(T)INFINITY;
    int64_t width = 2 * a->most + 1, row = a->batch * a->classes;
    for (int64_t n = begin; n < end; n++) {
        const int64_t *target = a->targets + a->offsets[n];
        int64_t length = a->target_lengths[n], steps = a->input_lengths[n], last = 2 * length;
        T loss = ((const T *)a->loss)[n], given = ((const T *)a->grad)[n];
        bool nothing = a->zero_infinity && loss == (T)INFINITY;
        T *after = (T *)a->beta + n * 2 * width, *beta = after + width;
        for (int64_t t = a->steps - 1; t >= 0; t--) {
            const T *x = (const T *)a->log_probs + n * a->classes + t * row;
            const T *alpha = (const T *)a->alpha + (n * a->steps + t) * width;
            T *grad = (T *)a->grad_x + n * a->classes + t * row;
            bool counts = t < steps && !nothing;
            for (int64_t c = 0; c < a->classes; c++)
                grad[c] = counts ? none : 0;
            if (!counts)
                continue;
            for (int64_t s = last; s >= 0; s--) {
                int64_t own = NAME(label)(a, target, s);
                bool leap = s + 2 <= last && s % 2 && NAME(label)(a, target, s + 2) != own;
                if (t == steps - 1)
                    beta[s] = s + 2 > last ? x[own] : none;
                else
                    beta[s] =
                        NAME(log_sum)(after[s], s < last ? after[s + 1] : none, leap ? after[s + 2] : none) + x[own];
                NAME(add)(grad + own, alpha[s] + beta[s]);
            }
            for (int64_t c = 0; c < a->classes; c++)
                grad[c] = (EXP(x[c]) - EXP(grad[c] + loss - x[c])) * given;
            T *swap = after;
            after = beta, beta = swap;
        }
    }
}
