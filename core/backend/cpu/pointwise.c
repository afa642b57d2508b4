/*
 * Drivers of the pointwise kernels: they walk an iter in strips, give each operand to the inner loop as contiguous
 * elements of the compute dtype, and share strips out to threads. An operand that is so already is used in place;
 * others are converted, gathered or repeated into a scratch block of a strip's size first. So the reduced floating
 * dtypes need no loops of their own: strips of them are computed in float32. The inner loops are in pointwise_loops.c.
 */
#include "backend/cpu/loops.h"
#include "backend/cpu/walk.h"

#define BLOCK        1024 /* elements of a strip that goes through scratch memory */
#define SMALL        64   /* elements that are not worth a walk */
#define TILE_ROWS    16   /* of a strip with transposed operands: BLOCK elements, rows of a cache line */
#define TILE_COLUMNS 64

typedef enum {
    DIRECT,     /* used in place */
    GATHERED,   /* converted strip by strip */
    REPEATED,   /* the rows of a strip are alike: made when the position changes, and kept */
    TRANSPOSED, /* contiguous down the columns of a tile, by which it is gathered */
} access_kind;

typedef struct job {
    const tyi_iter *iter;
    tyi_loop loop;
    const void *extra;
    ty_dtype wanted[TYI_MAX_OPERANDS]; /* what the loop takes */
    access_kind access[TYI_MAX_OPERANDS];
    bool rounded[TYI_MAX_OPERANDS]; /* to the compute dtype, a reduced one, before it is widened */
    const tyi_convert_loops *converts;
    /* A strip is `rows` steps of the last dimension but one by `columns` of the last. */
    int64_t rows, columns, row_blocks, column_blocks;
    bool by_row; /* the loop takes the rows of a strip one by one: operands in place have gaps between them */
} job;

bool tyi_iter_in_place(const tyi_iter *iter)
{
    const char *low[TYI_MAX_OPERANDS], *high[TYI_MAX_OPERANDS];
    for (int i = 0; i < iter->count; i++) {
        const tyi_operand *x = &iter->operands[i];
        int64_t reach = (int64_t)ty_dtype_size(x->dtype);
        for (int d = 0; d < iter->ndim; d++)
            reach += x->strides[d] * (iter->sizes[d] - 1);
        low[i] = x->data;
        high[i] = x->data + reach;
    }
    for (int i = 1; i < iter->count; i++)
        if (low[i] < high[0] && low[0] < high[i])
            return true;
    return false;
}

void tyi_iter_offsets(const tyi_iter *iter, int ndim, int64_t index, int64_t offsets[TYI_MAX_OPERANDS])
{
    for (int i = 0; i < iter->count; i++)
        offsets[i] = 0;
    for (int d = ndim - 1; d >= 0; d--) {
        int64_t at = index % iter->sizes[d];
        index /= iter->sizes[d];
        for (int i = 0; i < iter->count; i++)
            offsets[i] += at * iter->operands[i].strides[d];
    }
}

/* Copies `rows` copies of the first n elements behind them. */
static void repeat(char *data, int64_t row_bytes, int64_t rows)
{
    int64_t done = 1;
    while (done < rows) {
        int64_t more = tyi_min64(done, rows - done);
        memcpy(data + done * row_bytes, data, (size_t)(more * row_bytes));
        done += more;
    }
}

/* Rows of one value each: what broadcasting along the last dimension reads. */
static void expand(char *out, const char *x, int64_t step, int64_t rows, int64_t columns, int64_t size)
{
    typedef uint32_t __attribute__((may_alias)) word32;
    typedef uint64_t __attribute__((may_alias)) word64;
    if (size == 4) {
        word32 *o = (word32 *)(void *)out;
        for (int64_t r = 0; r < rows; r++, o += columns) {
            word32 value = *(const word32 *)(const void *)(x + r * step);
            for (int64_t c = 0; c < columns; c++)
                o[c] = value;
        }
    } else {
        word64 *o = (word64 *)(void *)out;
        for (int64_t r = 0; r < rows; r++, o += columns) {
            word64 value = *(const word64 *)(const void *)(x + r * step);
            for (int64_t c = 0; c < columns; c++)
                o[c] = value;
        }
    }
}

/* Operand i's elements as the loop takes them. */
static void take(const job *j, int i, char *out, int64_t out_step, const char *x, int64_t x_step, int64_t n)
{
    enum { SOME = 256 };
    ty_dtype from = j->iter->operands[i].dtype, compute = j->iter->compute;
    if (!j->rounded[i]) {
        j->converts->convert[j->wanted[i]][from](out, out_step, x, x_step, n);
        return;
    }
    uint16_t reduced[SOME];
    for (int64_t at = 0; at < n; at += SOME) {
        int64_t some = tyi_min64(SOME, n - at);
        j->converts->convert[compute][from](reduced, sizeof *reduced, x + at * x_step, x_step, some);
        j->converts->convert[j->wanted[i]][compute](out + at * out_step, out_step, reduced, sizeof *reduced, some);
    }
}

static void run_strips(void *context, int64_t begin, int64_t end)
{
    const job *j = context;
    const tyi_iter *iter = j->iter;
    int count = iter->count, last = iter->ndim - 1;
    int64_t offsets[TYI_MAX_OPERANDS], size1 = last > 0 ? iter->sizes[last - 1] : 1, size0 = iter->sizes[last];
    _Alignas(64) char scratch[TYI_MAX_OPERANDS][BLOCK * 8];
    const char *repeated[TYI_MAX_OPERANDS] = {NULL};
    int64_t column_block = begin % j->column_blocks, rest = begin / j->column_blocks;
    int64_t row_block = rest % j->row_blocks, outer = rest / j->row_blocks;
    tyi_iter_offsets(iter, last - 1, outer, offsets);
    for (int64_t u = begin; u < end; u++) {
        int64_t row = row_block * j->rows, column = column_block * j->columns;
        int64_t rows = tyi_min64(j->rows, size1 - row), columns = tyi_min64(j->columns, size0 - column);
        void *p[TYI_MAX_OPERANDS];
        char *out = NULL;
        for (int i = 0; i < count; i++) {
            const tyi_operand *x = &iter->operands[i];
            int64_t step1 = last > 0 ? x->strides[last - 1] : 0, step0 = x->strides[last];
            char *data = x->data + offsets[i] + row * step1 + column * step0;
            if (j->access[i] == DIRECT) {
                p[i] = data;
                continue;
            }
            p[i] = scratch[i];
            if (i == 0) {
                out = data;
                continue;
            }
            int64_t size = (int64_t)ty_dtype_size(j->wanted[i]);
            if (j->access[i] == TRANSPOSED) {
                for (int64_t c = 0; c < columns; c++)
                    take(j, i, scratch[i] + c * size, columns * size, data + c * step0, step1, rows);
            } else if (j->access[i] == GATHERED && step0 == 0 && size >= 4 && x->dtype == j->wanted[i] &&
                       !j->rounded[i]) {
                expand(scratch[i], data, step1, rows, columns, size);
            } else if (j->access[i] == GATHERED) {
                for (int64_t r = 0; r < rows; r++)
                    take(j, i, scratch[i] + r * columns * size, size, data + r * step1, step0, columns);
            } else if (repeated[i] != data) {
                /* For the largest strip, so that a short one in between does no harm. */
                repeated[i] = data;
                int64_t width = step0 ? columns : tyi_min64(j->columns, size0);
                take(j, i, scratch[i], size, data, step0, width);
                repeat(scratch[i], width * size, tyi_min64(j->rows, size1));
            }
        }
        if (!j->by_row)
            j->loop(p, rows * columns, j->extra);
        for (int64_t r = 0; j->by_row && r < rows; r++) {
            j->loop(p, columns, j->extra);
            for (int i = 0; i < count; i++)
                p[i] = (char *)p[i] + (j->access[i] == DIRECT ? iter->operands[i].strides[last - 1]
                                                              : columns * (int64_t)ty_dtype_size(j->wanted[i]));
        }
        if (out) {
            const tyi_operand *x = &iter->operands[0];
            int64_t step1 = last > 0 ? x->strides[last - 1] : 0, step0 = x->strides[last];
            int64_t size = (int64_t)ty_dtype_size(j->wanted[0]);
            tyi_convert convert = j->converts->convert[x->dtype][j->wanted[0]];
            for (int64_t r = 0; r < rows; r++)
                convert(out + r * step1, step0, scratch[0] + r * columns * size, size, columns);
        }
        if (++column_block == j->column_blocks) {
            column_block = 0;
            if (++row_block == j->row_blocks) {
                row_block = 0;
                outer++;
                tyi_iter_offsets(iter, last - 1, outer, offsets);
            }
        }
    }
}

/* Prepares tiles when an input runs along another dimension than the others do: that dimension is put beside the last,
 * in *turned. Row by row each element would be a cache line of its own. */
static bool use_tiles(job *j, tyi_iter *turned)
{
    const tyi_iter *iter = j->iter;
    int last = iter->ndim - 1, dim = -1;
    for (int i = 1; i < iter->count && iter->sizes[last] >= 16; i++) {
        const tyi_operand *x = &iter->operands[i];
        int64_t size = (int64_t)ty_dtype_size(x->dtype);
        if (x->strides[last] == 0 || x->strides[last] <= size)
            continue;
        for (int d = 0; d < last; d++)
            if (x->strides[d] == size && iter->sizes[d] >= 8)
                dim = d;
    }
    if (dim < 0)
        return false;
    *turned = *iter;
    turned->sizes[dim] = iter->sizes[last - 1];
    turned->sizes[last - 1] = iter->sizes[dim];
    for (int i = 0; i < iter->count; i++) {
        tyi_operand *x = &turned->operands[i];
        int64_t size = (int64_t)ty_dtype_size(x->dtype), step = x->strides[dim];
        x->strides[dim] = x->strides[last - 1];
        x->strides[last - 1] = step;
        if (x->dtype == j->wanted[i] && !j->rounded[i] && x->strides[last] == size)
            j->access[i] = DIRECT;
        else if (i > 0 && step == size && x->strides[last] > size)
            j->access[i] = TRANSPOSED;
        else
            j->access[i] = i > 0 && step == 0 && x->strides[last] == 0 ? REPEATED : GATHERED;
    }
    j->iter = turned;
    j->by_row = true;
    j->rows = tyi_min64(TILE_ROWS, turned->sizes[last - 1]);
    j->columns = tyi_min64(TILE_COLUMNS, turned->sizes[last]);
    return true;
}

/* How an op's loop goes with the operands. */
typedef struct how {
    ty_dtype inputs, result; /* dtypes that the loop takes */
    int cost;                /* of an element, beside an addition's */
    bool condition;          /* operand 1 is bool */
    /* A single number as operand 2 keeps its digits where the compute dtype is a reduced one (as PyTorch has it in
     * products and quotients); all else is rounded to that first. */
    bool exact_number;
} how;

static bool is_number(const tyi_iter *iter, int i)
{
    for (int d = 0; d < iter->ndim; d++)
        if (iter->operands[i].strides[d] != 0 && iter->sizes[d] != 1)
            return false;
    return true;
}

/* Whether operand i is rounded to the compute dtype before the loop takes it. */
static bool is_rounded(const tyi_iter *iter, how h, int i)
{
    return i > 0 && h.inputs != iter->compute && iter->operands[i].dtype != iter->compute &&
           !(h.exact_number && i == 2 && is_number(iter, 2));
}

static ty_dtype wanted_by(how h, int i)
{
    return i == 0 ? h.result : i == 1 && h.condition ? TY_BOOL : h.inputs;
}

/* Runs the loop over a row of at most SMALL elements into a result that is contiguous and of the loop's dtype: a strip
 * without a walk. */
static void run_row(const tyi_iter *iter, tyi_loop loop, how h, const void *extra)
{
    char small[TYI_MAX_OPERANDS][SMALL * 8];
    void *p[TYI_MAX_OPERANDS];
    int64_t n = iter->sizes[0];
    job j;
    for (int i = 0; i < iter->count; i++) {
        const tyi_operand *x = &iter->operands[i];
        int64_t size = (int64_t)tyi_dtype_size(wanted_by(h, i));
        p[i] = x->data;
        if (x->dtype == wanted_by(h, i) && (x->strides[0] == size || n == 1) && !is_rounded(iter, h, i))
            continue;
        p[i] = small[i];
        j.iter = iter;
        j.converts = tyi_cpu_converts();
        j.wanted[i] = wanted_by(h, i);
        j.rounded[i] = is_rounded(iter, h, i);
        take(&j, i, small[i], size, x->data, x->strides[0], n);
    }
    loop(p, n, extra);
}

/* Runs the loop over the iter. */
static ty_status run(const tyi_iter *iter, tyi_loop loop, how h, const void *extra)
{
    if (iter->numel == 0)
        return TY_OK;
    int last = iter->ndim - 1;
    const tyi_operand *out = &iter->operands[0];
    if (last == 0 && iter->numel <= SMALL && out->dtype == h.result &&
        (iter->numel == 1 || out->strides[0] == (int64_t)tyi_dtype_size(h.result))) {
        run_row(iter, loop, h, extra);
        return TY_OK;
    }
    job j;
    bool direct = true;
    int64_t size0 = iter->sizes[last], size1 = last > 0 ? iter->sizes[last - 1] : 1;
    int64_t grain = TYI_GRAIN / h.cost;
    /* Rows too short to be strips of their own make strips together. */
    int64_t rows = last > 0 && size0 <= BLOCK / 2 ? tyi_min64(size1, BLOCK / size0) : 1;
    for (int i = 0; i < iter->count; i++) {
        const tyi_operand *x = &iter->operands[i];
        ty_dtype wanted = wanted_by(h, i);
        int64_t size = (int64_t)tyi_dtype_size(wanted), step0 = x->strides[last];
        int64_t step1 = last > 0 ? x->strides[last - 1] : 0;
        j.wanted[i] = wanted;
        j.rounded[i] = is_rounded(iter, h, i);
        if (x->dtype == wanted && !j.rounded[i] && (step0 == size || size0 == 1) &&
            (rows == 1 || step1 == size0 * size)) {
            j.access[i] = DIRECT;
        } else {
            j.access[i] = i > 0 && (rows == 1 ? step0 == 0 : step1 == 0) ? REPEATED : GATHERED;
            direct = false;
        }
    }
    if (direct && last == 0 && size0 <= grain) {
        void *p[TYI_MAX_OPERANDS];
        for (int i = 0; i < iter->count; i++)
            p[i] = iter->operands[i].data;
        loop(p, size0, extra);
        return TY_OK;
    }
    j.iter = iter;
    j.converts = tyi_cpu_converts();
    j.loop = loop;
    j.extra = extra;
    j.by_row = false;
    j.rows = rows;
    j.columns = rows > 1 ? size0 : tyi_min64(size0, direct ? grain : BLOCK);
    tyi_iter turned;
    if (!direct && last > 0 && use_tiles(&j, &turned)) {
        size0 = turned.sizes[last];
        size1 = turned.sizes[last - 1];
    }
    j.row_blocks = (size1 + j.rows - 1) / j.rows;
    j.column_blocks = (size0 + j.columns - 1) / j.columns;
    int64_t strips = iter->numel / (size0 * size1) * j.row_blocks * j.column_blocks;
    int64_t per_piece = grain / (j.rows * j.columns);
    per_piece = per_piece > 0 ? per_piece : 1;
    bool stoppable = strips > per_piece && !tyi_iter_in_place(iter);
    return tyi_cpu_parallel(strips, per_piece, stoppable, run_strips, &j);
}

const tyi_pointwise_loops *tyi_cpu_pointwise(void)
{
    static const tyi_pointwise_loops *const variants[] = TYI_ISA_TABLE(&tyi_pointwise);
    return variants[tyi_cpu_isa()];
}

const tyi_convert_loops *tyi_cpu_converts(void)
{
    static const tyi_convert_loops *const variants[] = TYI_ISA_TABLE(&tyi_converts);
    return variants[tyi_cpu_isa()];
}

/* Cost of a unary op's element. */
static int unary_cost(tyi_unary op)
{
    switch (op) {
    case TYI_UNARY_exp:
    case TYI_UNARY_log:
    case TYI_UNARY_sigmoid:
    case TYI_UNARY_tanh:
    case TYI_UNARY_expm1:
    case TYI_UNARY_log1p:
    case TYI_UNARY_log2:
    case TYI_UNARY_sqrt:
    case TYI_UNARY_rsqrt:
        return 4;
    case TYI_UNARY_log10:
    case TYI_UNARY_sin:
    case TYI_UNARY_cos:
    case TYI_UNARY_tan:
    case TYI_UNARY_asin:
    case TYI_UNARY_acos:
    case TYI_UNARY_atan:
    case TYI_UNARY_sinh:
    case TYI_UNARY_cosh:
    case TYI_UNARY_erf:
        return 8;
    default:
        return 1;
    }
}

static int binary_cost(tyi_binary op)
{
    switch (op) {
    case TYI_BINARY_floor_divide:
    case TYI_BINARY_remainder:
    case TYI_BINARY_fmod:
        return 8;
    case TYI_BINARY_pow:
    case TYI_BINARY_atan2:
        return 16;
    default:
        return 1;
    }
}

/* Whether a unary op's result is bool. */
static bool is_test(tyi_unary op)
{
    static const char classes[] = {
#define TYI_UNARY(name, class, ...) #class[0],
#include "backend/pointwise.def"
    };
    return classes[op] == 'T';
}

static bool is_comparison(tyi_binary op)
{
    switch (op) {
#define TYI_COMPARE(name, ...) case TYI_BINARY_##name:
#include "backend/pointwise.def"
        return true;
    default:
        return false;
    }
}

ty_status tyi_cpu_unary(tyi_unary op, const tyi_iter *iter)
{
    ty_dtype dtype = tyi_wide_of(iter->compute);
    how h = {.inputs = dtype, .result = is_test(op) ? TY_BOOL : dtype, .cost = unary_cost(op)};
    return run(iter, tyi_cpu_pointwise()->unary[op][dtype], h, NULL);
}

/* Powers with one exponent for all elements, where a product or a root does: *status is set, and the result true. */
static bool simple_power(const tyi_iter *iter, ty_status *status)
{
    const tyi_operand *b = &iter->operands[2];
    if (!is_number(iter, 2))
        return false;
    double exponent;
    tyi_cpu_converts()->convert[TY_FLOAT64][b->dtype](&exponent, sizeof exponent, b->data, 0, 1);
    const tyi_pointwise_loops *loops = tyi_cpu_pointwise();
    tyi_loop loop = NULL;
    ty_dtype dtype = tyi_wide_of(iter->compute);
    if (exponent == 2)
        loop = loops->unary[TYI_UNARY_square][dtype];
    else if (exponent == 3)
        loop = loops->cube[dtype];
    else if (exponent == 0.5)
        loop = loops->unary[TYI_UNARY_sqrt][dtype];
    else if (exponent == -0.5)
        loop = loops->unary[TYI_UNARY_rsqrt][dtype];
    else if (exponent == -1)
        loop = loops->unary[TYI_UNARY_reciprocal][dtype];
    else if (exponent == -2)
        loop = loops->inverse_square[dtype];
    if (!loop)
        return false;
    tyi_iter unary = *iter;
    unary.count = 2;
    *status = run(&unary, loop, (how){.inputs = dtype, .result = dtype, .cost = 1}, NULL);
    return true;
}

ty_status tyi_cpu_binary(tyi_binary op, const tyi_iter *iter)
{
    ty_status status;
    if (iter->numel == 0)
        return TY_OK;
    if (op == TYI_BINARY_pow && simple_power(iter, &status))
        return status;
    ty_dtype dtype = tyi_wide_of(iter->compute);
    how h = {.inputs = dtype, .result = is_comparison(op) ? TY_BOOL : dtype, .cost = binary_cost(op)};
    h.exact_number = op == TYI_BINARY_mul || op == TYI_BINARY_div || op == TYI_BINARY_floor_divide;
    return run(iter, tyi_cpu_pointwise()->binary[op][dtype], h, NULL);
}

ty_status tyi_cpu_axpy(const tyi_iter *iter, ty_scalar alpha)
{
    const tyi_pointwise_loops *loops = tyi_cpu_pointwise();
    ty_dtype dtype = tyi_wide_of(iter->compute);
    how h = {.inputs = dtype, .result = dtype, .cost = 1};
    double value = alpha.kind == TY_SCALAR_FLOAT ? alpha.f : (double)alpha.i;
    if (value == 1)
        return run(iter, loops->add[dtype], h, NULL);
    if (value == -1)
        return run(iter, loops->sub[dtype], h, NULL);
    char converted[8];
    if (dtype != iter->compute)
        alpha = ty_float(tyi_rounded(iter->compute, value));
    tyi_store_scalar(converted, dtype, alpha);
    return run(iter, loops->axpy[dtype], h, converted);
}

ty_status tyi_cpu_where(const tyi_iter *iter)
{
    how h = {.inputs = iter->compute, .result = iter->compute, .cost = 1, .condition = true};
    return run(iter, tyi_cpu_pointwise()->where[iter->compute], h, NULL);
}

ty_status tyi_cpu_clamp(const tyi_iter *iter)
{
    ty_dtype dtype = tyi_wide_of(iter->compute);
    return run(iter, tyi_cpu_pointwise()->clamp[dtype], (how){.inputs = dtype, .result = dtype, .cost = 1}, NULL);
}
