/*
 * Convolution by tiles: each of the three parts is a matrix product whose one operand is read through offsets from
 * where it stands, whose other one is turned into panels of one or two vectors, and whose result is turned back.
 * Nothing is multiplied that is not wanted, but for the lanes behind the last channel.
 *
 *   y       rows are positions of y, sums run over channels and places of the window, lanes are channels of y
 *   x       for each place of the window: rows are positions of y, sums run over its channels, lanes are channels of x,
 *           and the results are added where that place lies in x
 *   weight  rows are channels of x and places of the window, sums run over positions of y, lanes are channels of y
 *
 * Work is cut into bands, a few rows of a plane. A band is copied into a strip where the image is padded or its planes
 * are so large that each channel would lie on a page of its own. The cuts depend on sizes alone: results do not depend
 * on the number of threads. Relies on conv_tiles.h.
 */
#include <string.h>

#include "backend/cpu/conv.h"
#include "backend/cpu/conv_tiles.h"
#include "backend/cpu/walk.h"
#include "tensor/interrupt.h"
#include "tensor/storage.h"

#define PIECES       16        /* pieces that should be there for the threads to share */
#define POSITIONS    256       /* most positions of a band */
#define SUM_BYTES    (1 << 16) /* most sums of a band of x */
#define STRIP_BYTES  (1 << 18) /* most bytes of a strip where a band has more than one row */
#define PLANE_BYTES  (1 << 13) /* larger planes are copied into strips */
#define K_CACHED     256       /* rows of a panel that are gone through at a time: they stay in the first cache */
#define ACROSS       32        /* most sums of those that go across */
#define PARTS_BYTES  (1 << 25) /* most memory for gradients of the weight that are summed in parts */
#define WEIGHT_PARTS 4         /* most of these parts */

/* Where the elements of a band lie: of the strip, or of the image itself. In elements. */
typedef struct layout {
    bool copied;
    int64_t image, channel, depth, row; /* between images, channels, places of the window in dimension 0, rows */
    int64_t rows, columns;              /* of a strip of a whole band */
} layout;

/* A rectangle of a plane: row first[1] to last[1], column first[2] to last[2], of plane first[0]. */
typedef struct band {
    int64_t first[3], last[3];
} band;

/* Images that are taken together, of one group. */
typedef struct slice {
    int64_t first, count, group;
} slice;

typedef struct tiled_job {
    tyi_conv_job *job;
    const tyi_conv_tiles *t;
    int64_t lines, width, panels; /* channels that are lanes; of a panel; panels of a group */
    int64_t plane[3];             /* what is cut into bands */
    int64_t band_rows, band_columns, bands_down, bands_across, bands;
    int64_t positions; /* most of a band */
    int64_t images;    /* that are taken together, where planes are small; then a band is a plane */
    layout strip;
    int64_t strip_elements;
    char *packed;          /* panels of the weight */
    int64_t *k_at, *of_at; /* offsets of the sums' elements; of positions */
    int64_t parts, part, chunks,
        chunk;           /* of the weight: of the batch, and images of one; of the panels, and panels of one */
    char *sums, *y_sums; /* where the parts' gradients and sums of y go */
} tiled_job;

static int64_t count_of(int64_t n, int64_t part)
{
    return (n + part - 1) / part;
}

static char *at(const tiled_job *j, const void *base, int64_t index)
{
    return (char *)base + index * j->job->element;
}

static int vectors_of(const tiled_job *j, int64_t panel)
{
    return j->lines - panel * j->width > j->t->lanes ? 2 : 1;
}

static int64_t lines_of(const tiled_job *j, int64_t panel)
{
    return tyi_min64(j->width, j->lines - panel * j->width);
}

/* First element of an image's group. */
static char *x_at(const tiled_job *j, int64_t image, int64_t group)
{
    const tyi_conv_args *a = j->job->args;
    return at(j, a->x, (image * a->groups + group) * a->in_channels * j->job->in);
}

static char *y_at(const tiled_job *j, int64_t image, int64_t group)
{
    const tyi_conv_args *a = j->job->args;
    return at(j, a->y, (image * a->groups + group) * a->out_channels * j->job->out);
}

static bool stopped(const tiled_job *j)
{
    return atomic_load_explicit(&j->job->failed, memory_order_relaxed) || tyi_interrupted();
}

/* ---- Bands and strips ---- */

static int64_t reach_of(const tyi_window *w, int d)
{
    return (w->kernel[d] - 1) * w->dilation[d] + 1;
}

/* Elements of the strip's other plane (of x for y, of y for x) that `n` positions in a row of dimension d need. */
static int64_t needed(const tiled_job *j, int d, int64_t n)
{
    const tyi_window *w = &j->job->args->window;
    if (j->job->args->part != TYI_CONV_X)
        return (n - 1) * w->stride[d] + reach_of(w, d);
    return tyi_min64(w->out[d], (n + reach_of(w, d) - 2) / w->stride[d] + 1);
}

/* Bands of at most `most` positions, and enough of them for `items` images of groups; or planes of at most `together`
 * images. */
static void cut_bands(tiled_job *j, int64_t most, int64_t items, int64_t together)
{
    const tyi_conv_args *a = j->job->args;
    bool back = a->part == TYI_CONV_X;
    const int64_t *other = back ? a->window.out : a->window.in;
    int64_t channels = back ? a->out_channels : a->in_channels;
    memcpy(j->plane, back ? a->window.in : a->window.out, sizeof j->plane);
    bool padded = a->window.pad[0] || a->window.pad[1] || a->window.pad[2];
    int64_t plane = other[0] * other[1] * other[2];
    layout *s = &j->strip;
    s->copied = (padded && !back) || plane * j->job->element > PLANE_BYTES;

    int64_t columns = j->plane[2], rows = 1;
    if (columns > most)
        columns = count_of(columns, count_of(columns, most));
    else
        rows = tyi_min64(most / columns, j->plane[1]);
    int64_t row_bytes = channels * a->window.kernel[0] * needed(j, 2, columns) * j->job->element;
    while (s->copied && rows > 1 && needed(j, 1, rows) * row_bytes > STRIP_BYTES)
        rows = count_of(rows, 2);
    while (rows > 1 && items * j->plane[0] * count_of(j->plane[1], rows) < PIECES)
        rows = count_of(rows, 2);
    j->band_rows = count_of(j->plane[1], count_of(j->plane[1], rows));
    j->band_columns = columns;
    j->bands_down = count_of(j->plane[1], j->band_rows);
    j->bands_across = count_of(j->plane[2], columns);
    j->bands = j->plane[0] * j->bands_down * j->bands_across;
    j->positions = j->band_rows * j->band_columns;
    j->images = j->bands > 1 ? 1 : tyi_min64(most / j->positions, together);
    j->images = j->images < 1 ? 1 : j->images;

    s->rows = needed(j, 1, j->band_rows), s->columns = needed(j, 2, columns);
    s->row = s->copied ? s->columns : other[2];
    s->depth = s->copied ? s->rows * s->columns : other[1] * other[2] * (back ? 1 : a->window.dilation[0]);
    s->channel = s->copied ? s->depth * a->window.kernel[0] : plane;
    s->image = s->channel * channels * (s->copied ? 1 : a->groups);
    j->strip_elements = s->copied ? j->images * s->image : 0;
}

/* The images of item number `index` of those that batch and groups are cut into. */
static slice slice_at(const tiled_job *j, int64_t index)
{
    const tyi_conv_args *a = j->job->args;
    slice s = {index / a->groups * j->images, j->images, index % a->groups};
    s.count = tyi_min64(j->images, a->batch - s.first);
    return s;
}

static band band_at(const tiled_job *j, int64_t index)
{
    int64_t across = index % j->bands_across, down = index / j->bands_across % j->bands_down;
    int64_t depth = index / j->bands_across / j->bands_down;
    band b = {{depth, down * j->band_rows, across * j->band_columns}, {depth + 1}};
    b.last[1] = tyi_min64(b.first[1] + j->band_rows, j->plane[1]);
    b.last[2] = tyi_min64(b.first[2] + j->band_columns, j->plane[2]);
    return b;
}

static int64_t positions_of(const band *b)
{
    return (b->last[1] - b->first[1]) * (b->last[2] - b->first[2]);
}

static int64_t offset_of(const tiled_job *j, const band *b)
{
    return (b->first[0] * j->plane[1] + b->first[1]) * j->plane[2] + b->first[2];
}

/* Copies the rectangle of `rows` times `columns` elements whose corner is at (row, column) of a plane, which may lie
 * outside: what is outside is 0. */
static void copy_plane(const tiled_job *j, const char *plane, const int64_t size[3], int64_t row, int64_t column,
                       int64_t rows, int64_t columns, char *to)
{
    int64_t element = j->job->element;
    int64_t left = column < 0 ? tyi_min64(-column, columns) : 0;
    int64_t right = column + columns > size[2] ? tyi_min64(column + columns - size[2], columns - left) : 0;
    for (int64_t i = 0; i < rows; i++, to += j->strip.row * element) {
        if (row + i < 0 || row + i >= size[1]) {
            memset(to, 0, (size_t)(columns * element));
            continue;
        }
        memset(to, 0, (size_t)(left * element));
        memcpy(to + left * element, plane + ((row + i) * size[2] + column + left) * element,
               (size_t)((columns - left - right) * element));
        memset(to + (columns - right) * element, 0, (size_t)(right * element));
    }
}

static void copy_strip_of_x(const tiled_job *j, const band *b, const int64_t from[3], const char *image, char *strip)
{
    const tyi_conv_args *a = j->job->args;
    const tyi_window *w = &a->window;
    int64_t size = w->in[1] * w->in[2];
    int64_t rows = needed(j, 1, b->last[1] - b->first[1]), columns = needed(j, 2, b->last[2] - b->first[2]);
    for (int64_t c = 0; c < a->in_channels; c++)
        for (int64_t k = 0; k < w->kernel[0]; k++) {
            int64_t depth = from[0] + k * w->dilation[0];
            char *to = at(j, strip, c * j->strip.channel + k * j->strip.depth);
            if (depth < 0 || depth >= w->in[0])
                memset(to, 0, (size_t)(rows * j->strip.row * j->job->element));
            else
                copy_plane(j, at(j, image, (c * w->in[0] + depth) * size), w->in, from[1], from[2], rows, columns, to);
        }
}

/* What a band of y reads of x, in some images: the place of its first element. */
static const char *strip_of_x(const tiled_job *j, const band *b, const slice *images, char *strip)
{
    const tyi_conv_args *a = j->job->args;
    const tyi_window *w = &a->window;
    int64_t from[3];
    for (int d = 0; d < 3; d++)
        from[d] = b->first[d] * w->stride[d] - w->pad[d];
    const char *x = x_at(j, images->first, images->group);
    if (!j->strip.copied)
        return at(j, x, (from[0] * w->in[1] + from[1]) * w->in[2] + from[2]);
    for (int64_t i = 0; i < images->count; i++)
        copy_strip_of_x(j, b, from, at(j, x, i * a->groups * a->in_channels * j->job->in),
                        at(j, strip, i * j->strip.image));
    return strip;
}

/* Offsets in a strip of x: of channels and places of the window, and of the positions of a band. */
static void place_x(tiled_job *j)
{
    const tyi_conv_args *a = j->job->args;
    const tyi_window *w = &a->window;
    int64_t *k_at = j->k_at, *of_at = j->of_at, k[3];
    for (int64_t c = 0; c < a->in_channels; c++)
        for (k[0] = 0; k[0] < w->kernel[0]; k[0]++)
            for (k[1] = 0; k[1] < w->kernel[1]; k[1]++)
                for (k[2] = 0; k[2] < w->kernel[2]; k[2]++)
                    *k_at++ = c * j->strip.channel + k[0] * j->strip.depth + k[1] * w->dilation[1] * j->strip.row +
                              k[2] * w->dilation[2];
    for (int64_t image = 0; image < j->images; image++)
        for (int64_t row = 0; row < j->band_rows; row++)
            for (int64_t column = 0; column < j->band_columns; column++)
                *of_at++ = image * j->strip.image + row * w->stride[1] * j->strip.row + column * w->stride[2];
}

/* ---- Tasks ---- */

/* The scratch memory of a task: so many elements of the dtype, and so many offsets. */
typedef struct scratch {
    void *memory;
    int64_t elements;
    char *strip, *panel;
    int64_t *offsets;
} scratch;

static bool open_scratch(const tiled_job *j, scratch *s, int64_t panel, int64_t offsets)
{
    int64_t line = TYI_ALIGNMENT / j->job->element, eight = (int64_t)sizeof(int64_t) / j->job->element;
    int64_t strip = count_of(j->strip_elements, line) * line;
    panel = count_of(panel, line) * line;
    s->elements = strip + panel + offsets * eight;
    s->memory = tyi_conv_scratch(j->job, s->elements);
    if (!s->memory)
        return false;
    s->strip = s->memory;
    s->panel = at(j, s->strip, strip);
    s->offsets = (int64_t *)(void *)at(j, s->panel, panel);
    return true;
}

static void close_scratch(const tiled_job *j, scratch *s)
{
    tyi_cpu_release(0, s->memory, (size_t)(s->elements * j->job->element));
}

/* Rows of panels, `width` apart. */
static void even_rows(const tiled_job *j, int64_t rows, int64_t *c_at)
{
    for (int64_t i = 0; i < rows; i++)
        c_at[i] = i * j->width;
}

/* ---- y ---- */

static void pack_y_task(void *context, int64_t begin, int64_t end)
{
    const tiled_job *j = context;
    const tyi_conv_args *a = j->job->args;
    int64_t k = j->job->rows;
    for (int64_t item = begin; item < end; item++) {
        int64_t panel = item % j->panels, group = item / j->panels;
        tyi_panel p = {at(j, j->packed, item * k * j->width), lines_of(j, panel), k, k, j->width};
        j->t->turn_in(&p, at(j, a->weight, (group * a->out_channels + panel * j->width) * k));
    }
}

/* The sums of a panel into y. */
static void turn_out_y(const tiled_job *j, const slice *images, int64_t panel, char *sums, int64_t positions, char *y)
{
    const tyi_conv_args *a = j->job->args;
    int64_t channel = panel * j->width;
    const char *bias = a->bias ? at(j, a->bias, images->group * a->out_channels + channel) : NULL;
    for (int64_t i = 0; i < images->count; i++) {
        tyi_panel p = {at(j, sums, i * positions * j->width), lines_of(j, panel), positions, j->job->out, j->width};
        j->t->turn_out(&p, at(j, y, (i * a->groups * a->out_channels + channel) * j->job->out), bias);
    }
}

static void y_task(void *context, int64_t begin, int64_t end)
{
    const tiled_job *j = context;
    int64_t most = j->images * j->positions;
    scratch s;
    if (!open_scratch(j, &s, most * j->width, most))
        return;
    even_rows(j, most, s.offsets);
    for (int64_t item = begin; item < end && !stopped(j); item++) {
        band b = band_at(j, item % j->bands);
        slice images = slice_at(j, item / j->bands);
        const char *x = strip_of_x(j, &b, &images, s.strip);
        char *y = at(j, y_at(j, images.first, images.group), offset_of(j, &b));
        for (int64_t panel = 0; panel < j->panels; panel++) {
            tyi_tiles t = {.a = x, .c = s.panel, .a_at = j->of_at, .c_at = s.offsets, .width = j->width};
            t.rows = images.count * positions_of(&b);
            t.vectors = vectors_of(j, panel);
            for (int64_t k = 0; k < j->job->rows; k += K_CACHED) {
                t.k = tyi_min64(K_CACHED, j->job->rows - k);
                t.k_at = j->k_at + k;
                t.b = at(j, j->packed, ((images.group * j->panels + panel) * j->job->rows + k) * j->width);
                t.add = k > 0;
                j->t->tiles(&t);
            }
            turn_out_y(j, &images, panel, s.panel, positions_of(&b), y);
        }
    }
    close_scratch(j, &s);
}

/* Whether sums are few and rows of y long: then lanes are neighbours in a row of y, and nothing is turned. */
static bool goes_across(const tiled_job *j)
{
    const tyi_window *w = &j->job->args->window;
    int64_t lanes = j->t->lanes, n = w->out[2];
    return j->job->args->part == TYI_CONV_Y && j->job->rows <= ACROSS && w->stride[2] == 1 && n >= lanes &&
           j->band_columns == n && count_of(n, lanes) * lanes * 3 <= 4 * n;
}

static void across_task(void *context, int64_t begin, int64_t end)
{
    const tiled_job *j = context;
    const tyi_conv_args *a = j->job->args;
    scratch s;
    if (!open_scratch(j, &s, 0, 0))
        return;
    for (int64_t item = begin; item < end && !stopped(j); item++) {
        band b = band_at(j, item % j->bands);
        slice images = slice_at(j, item / j->bands);
        tyi_across t = {.rows = a->out_channels, .k = j->job->rows, .a_row = j->job->rows, .c_row = j->job->out};
        t.lines = b.last[1] - b.first[1], t.count = j->band_columns, t.k_at = j->k_at;
        t.b_line = a->window.stride[1] * j->strip.row, t.c_line = a->window.out[2];
        t.a = at(j, a->weight, images.group * a->out_channels * j->job->rows);
        t.bias = a->bias ? at(j, a->bias, images.group * a->out_channels) : NULL;
        const char *x = strip_of_x(j, &b, &images, s.strip);
        for (int64_t i = 0; i < images.count; i++) {
            t.b = x + i * j->strip.image * j->job->element;
            t.c = at(j, y_at(j, images.first + i, images.group), offset_of(j, &b));
            j->t->across(&t);
        }
    }
    close_scratch(j, &s);
}

/* ---- x ---- */

/* Items are channels of y in panels of groups: their places of the window, turned. */
static void pack_x_task(void *context, int64_t begin, int64_t end)
{
    const tiled_job *j = context;
    const tyi_conv_args *a = j->job->args;
    int64_t kernel = j->job->kernel;
    for (int64_t item = begin; item < end; item++) {
        int64_t o = item % a->out_channels, panel = item / a->out_channels % j->panels;
        int64_t group = item / a->out_channels / j->panels;
        char *to = at(j, j->packed, ((group * kernel * j->panels + panel) * a->out_channels + o) * j->width);
        tyi_panel p = {to, lines_of(j, panel), kernel, kernel, j->panels * a->out_channels * j->width};
        j->t->turn_in(&p,
                      at(j, a->weight, ((group * a->out_channels + o) * a->in_channels + panel * j->width) * kernel));
    }
}

/* The positions of y, along dimension d, whose place k of the window lies in the band of x: [*low, *high). */
static void hits(const tyi_window *w, const band *b, int d, int64_t k, int64_t *low, int64_t *high)
{
    int64_t shift = k * w->dilation[d] - w->pad[d], first = b->first[d] - shift, last = b->last[d] - shift;
    *low = first <= 0 ? 0 : count_of(first, w->stride[d]);
    *high = last <= 0 ? 0 : tyi_min64(count_of(last, w->stride[d]), w->out[d]);
}

static void copy_strip_of_y(const tiled_job *j, const band *b, const int64_t corner[3], const int64_t last[3],
                            const char *y, char *strip)
{
    const tyi_conv_args *a = j->job->args;
    const tyi_window *w = &a->window;
    int64_t rows = last[1] - corner[1], columns = last[2] - corner[2];
    for (int64_t c = 0; rows > 0 && columns > 0 && c < a->out_channels; c++)
        for (int64_t k = 0; k < w->kernel[0]; k++) {
            int64_t depth, end;
            hits(w, b, 0, k, &depth, &end);
            if (depth < end)
                copy_plane(j, at(j, y, (c * w->out[0] + depth) * w->out[1] * w->out[2]), w->out, corner[1], corner[2],
                           rows, columns, at(j, strip, c * j->strip.channel + k * j->strip.depth));
        }
}

/* What a band of x gets from y, in some images; `corner`: the position of y at which it begins. */
static const char *strip_of_y(const tiled_job *j, const band *b, const slice *images, char *strip, int64_t corner[3])
{
    const tyi_conv_args *a = j->job->args;
    const char *y = y_at(j, images->first, images->group);
    corner[0] = corner[1] = corner[2] = 0;
    if (!j->strip.copied)
        return y;
    int64_t low, last[3];
    for (int d = 1; d < 3; d++) {
        hits(&a->window, b, d, a->window.kernel[d] - 1, &corner[d], &last[d]);
        hits(&a->window, b, d, 0, &low, &last[d]);
    }
    for (int64_t i = 0; i < images->count; i++)
        copy_strip_of_y(j, b, corner, last, at(j, y, i * a->groups * a->out_channels * j->job->out),
                        at(j, strip, i * j->strip.image));
    return strip;
}

/* The positions of y that place k of the window leads into the band: their offsets in the strip (or in y), and where
 * they are added; of each of some images. */
static int64_t place_hits(const tiled_job *j, const band *b, int64_t images, const int64_t k[3],
                          const int64_t corner[3], int64_t *a_at, int64_t *c_at)
{
    const tyi_window *w = &j->job->args->window;
    int64_t low[3], high[3], count = 0, columns = b->last[2] - b->first[2];
    for (int d = 0; d < 3; d++)
        hits(w, b, d, k[d], &low[d], &high[d]);
    if (low[0] >= high[0])
        return 0;
    int64_t depth = j->strip.copied ? k[0] * j->strip.depth : low[0] * w->out[1] * w->out[2];
    for (int64_t r = low[1]; r < high[1]; r++) {
        int64_t row = r * w->stride[1] - w->pad[1] + k[1] * w->dilation[1] - b->first[1];
        int64_t column = low[2] * w->stride[2] - w->pad[2] + k[2] * w->dilation[2] - b->first[2];
        int64_t from = depth + (r - corner[1]) * j->strip.row + low[2] - corner[2];
        for (int64_t i = 0; i < high[2] - low[2]; i++, count++) {
            a_at[count] = from + i;
            c_at[count] = (row * columns + column + i * w->stride[2]) * j->width;
        }
    }
    for (int64_t i = count; i < images * count; i++) {
        a_at[i] = a_at[i - count] + j->strip.image;
        c_at[i] = c_at[i - count] + positions_of(b) * j->width;
    }
    return images * count;
}

/* Adds into the band's sums, {panels, positions, width}, what place k of the window gives. */
static void add_place(const tiled_job *j, tyi_tiles *t, const int64_t k[3], int64_t group, char *sums,
                      int64_t positions)
{
    const tyi_conv_args *a = j->job->args;
    const int64_t *kernel = a->window.kernel;
    int64_t tap = (k[0] * kernel[1] + k[1]) * kernel[2] + k[2];
    for (int64_t panel = 0; t->rows > 0 && panel < j->panels; panel++) {
        const char *weight =
            at(j, j->packed, ((group * j->job->kernel + tap) * j->panels + panel) * a->out_channels * j->width);
        t->vectors = vectors_of(j, panel);
        t->c = at(j, sums, panel * positions * j->width);
        for (int64_t o = 0; o < a->out_channels; o += K_CACHED) {
            t->k = tyi_min64(K_CACHED, a->out_channels - o);
            t->k_at = j->k_at + o;
            t->b = at(j, weight, o * j->width);
            j->t->tiles(t);
        }
    }
}

/* The sums of a band into x. */
static void turn_out_x(const tiled_job *j, const slice *images, const band *b, char *sums)
{
    const tyi_conv_args *a = j->job->args;
    char *x = at(j, x_at(j, images->first, images->group), offset_of(j, b));
    int64_t positions = positions_of(b);
    for (int64_t panel = 0; panel < j->panels; panel++) {
        int64_t channel = panel * j->width;
        const char *bias = a->bias ? at(j, a->bias, images->group * a->in_channels + channel) : NULL;
        for (int64_t i = 0; i < images->count; i++) {
            tyi_panel p = {at(j, sums, (panel * images->count + i) * positions * j->width), lines_of(j, panel),
                           positions, j->job->in, j->width};
            j->t->turn_out(&p, at(j, x, (i * a->groups * a->in_channels + channel) * j->job->in), bias);
        }
    }
}

static void x_task(void *context, int64_t begin, int64_t end)
{
    const tiled_job *j = context;
    const int64_t *kernel = j->job->args->window.kernel;
    int64_t most = j->images * j->positions;
    scratch s;
    if (!open_scratch(j, &s, j->panels * most * j->width, 2 * most))
        return;
    for (int64_t item = begin; item < end && !stopped(j); item++) {
        band b = band_at(j, item % j->bands);
        slice images = slice_at(j, item / j->bands);
        int64_t positions = images.count * positions_of(&b), corner[3], k[3];
        memset(s.panel, 0, (size_t)(j->panels * positions * j->width * j->job->element));
        tyi_tiles t = {.add = true, .a_at = s.offsets, .c_at = s.offsets + most, .width = j->width};
        t.a = strip_of_y(j, &b, &images, s.strip, corner);
        for (k[0] = 0; k[0] < kernel[0]; k[0]++)
            for (k[1] = 0; k[1] < kernel[1]; k[1]++)
                for (k[2] = 0; k[2] < kernel[2]; k[2]++) {
                    t.rows = place_hits(j, &b, images.count, k, corner, s.offsets, s.offsets + most);
                    add_place(j, &t, k, images.group, s.panel, positions);
                }
        turn_out_x(j, &images, &b, s.panel);
    }
    close_scratch(j, &s);
}

/* ---- The weight ---- */

/* One band of some images: into the sums of the panels of a chunk, {panels, channels and places, width}. */
static void weight_band(const tiled_job *j, const scratch *s, const slice *images, int64_t index, int64_t first,
                        int64_t last, char *sums, bool add)
{
    band b = band_at(j, index);
    int64_t positions = positions_of(&b);
    tyi_tiles t = {.a = strip_of_x(j, &b, images, s->strip), .b = s->panel, .add = add};
    t.a_at = j->k_at, t.k_at = j->of_at, t.c_at = s->offsets;
    t.rows = j->job->rows, t.k = images->count * positions, t.width = j->width;
    double *y_sums = (double *)(void *)(s->offsets + j->job->rows);
    for (int64_t panel = first; panel < last; panel++) {
        for (int64_t i = 0; i < images->count; i++) {
            tyi_panel p = {at(j, s->panel, i * positions * j->width), lines_of(j, panel), positions, j->job->out,
                           j->width};
            const char *y = y_at(j, images->first + i, images->group);
            j->t->turn_in(&p, at(j, y, panel * j->width * j->job->out + offset_of(j, &b)));
        }
        tyi_panel all = {s->panel, lines_of(j, panel), t.k, 0, j->width};
        if (j->job->args->y_sums)
            j->t->sum_rows(&all, y_sums + (panel - first) * j->width);
        t.vectors = vectors_of(j, panel);
        t.c = at(j, sums, (panel - first) * j->job->rows * j->width);
        j->t->tiles(&t);
    }
}

/* The sums of a chunk's panels into its part of the gradient. */
static void finish_weight(const tiled_job *j, int64_t part, int64_t group, int64_t first, int64_t last, char *sums,
                          const double *y_sums)
{
    const tyi_conv_args *a = j->job->args;
    int64_t rows = j->job->rows, all = a->groups * a->out_channels;
    for (int64_t panel = first; panel < last; panel++) {
        int64_t channel = group * a->out_channels + panel * j->width, lines = lines_of(j, panel);
        tyi_panel p = {at(j, sums, (panel - first) * rows * j->width), lines, rows, rows, j->width};
        j->t->turn_out(&p, at(j, j->sums, (part * all + channel) * rows), NULL);
        if (a->y_sums)
            j->job->loops->round(y_sums + (panel - first) * j->width, lines, at(j, j->y_sums, part * all + channel));
    }
}

/* Items are chunks of panels of groups of parts of the batch. */
static void weight_task(void *context, int64_t begin, int64_t end)
{
    const tiled_job *j = context;
    const tyi_conv_args *a = j->job->args;
    int64_t rows = j->job->rows, turned = j->images * j->positions * j->width;
    scratch s;
    if (!open_scratch(j, &s, turned + j->chunk * rows * j->width, rows + j->chunk * j->width))
        return;
    double *y_sums = (double *)(void *)(s.offsets + rows);
    even_rows(j, rows, s.offsets);
    char *sums = at(j, s.panel, turned);
    for (int64_t item = begin; item < end && !stopped(j); item++) {
        int64_t chunk = item % j->chunks, part = item / j->chunks / a->groups;
        int64_t first = chunk * j->chunk, last = tyi_min64(first + j->chunk, j->panels);
        int64_t end_image = tyi_min64((part + 1) * j->part, a->batch);
        memset(y_sums, 0, (size_t)(j->chunk * j->width) * sizeof *y_sums);
        slice images = {.first = part * j->part, .group = item / j->chunks % a->groups};
        for (bool add = false; images.first < end_image && !stopped(j); images.first += images.count) {
            images.count = tyi_min64(j->images, end_image - images.first);
            for (int64_t index = 0; index < j->bands; index++, add = true)
                weight_band(j, &s, &images, index, first, last, sums, add);
        }
        finish_weight(j, part, images.group, first, last, sums, y_sums);
    }
    close_scratch(j, &s);
}

static void add_up_task(void *context, int64_t begin, int64_t end)
{
    const tiled_job *j = context;
    const tyi_conv_args *a = j->job->args;
    j->t->add_up(j->sums, j->parts, a->groups * a->out_channels * j->job->rows, begin, end, a->weight);
}

/* Parts of the batch, whose gradients are summed up at the end. */
static void cut_batch(tiled_job *j)
{
    const tyi_conv_args *a = j->job->args;
    int64_t n = a->groups * a->out_channels * j->job->rows;
    j->parts = tyi_min64(a->batch, WEIGHT_PARTS);
    while (j->parts > 1 && j->parts * n * j->job->element > PARTS_BYTES)
        j->parts /= 2;
    j->part = count_of(a->batch, j->parts);
    j->parts = count_of(a->batch, j->part);
    j->chunks = tyi_min64(j->panels, count_of(PIECES, j->parts * a->groups));
    j->chunk = count_of(j->panels, j->chunks);
    j->chunks = count_of(j->panels, j->chunk);
}

static ty_status run_weight(tiled_job *j, double flops)
{
    const tyi_conv_args *a = j->job->args;
    int64_t n = a->groups * a->out_channels * j->job->rows;
    int64_t channels = a->groups * a->out_channels;
    void *sums = NULL;
    size_t bytes = j->parts > 1 ? (size_t)(j->parts * (n + channels) * j->job->element) : 0;
    if (bytes && tyi_cpu_allocate(0, bytes, &sums) != TY_OK)
        return TY_FAIL;
    j->sums = sums ? sums : a->weight;
    j->y_sums = sums ? at(j, sums, j->parts * n) : a->y_sums;
    int64_t items = j->parts * a->groups * j->chunks;
    ty_status status = tyi_conv_run(j->job, j, items, flops / (double)items, weight_task);
    if (bytes && status == TY_OK)
        status = tyi_cpu_parallel(n, tyi_cpu_grain(j->parts), false, add_up_task, j);
    if (bytes && status == TY_OK && a->y_sums)
        j->t->add_up(j->y_sums, j->parts, channels, 0, channels, a->y_sums);
    if (bytes)
        tyi_cpu_release(0, sums, bytes);
    return status;
}

/* ---- All three ---- */

static const tyi_conv_tiles *find(ty_dtype dtype)
{
    static const tyi_conv_tiles *(*const narrow[])(void) = TYI_ISA_TABLE(tyi_conv_tiles_f32);
    static const tyi_conv_tiles *(*const wide[])(void) = TYI_ISA_TABLE(tyi_conv_tiles_f64);
    return (dtype == TY_FLOAT64 ? wide : narrow)[tyi_cpu_isa()]();
}

/* Packs the weight and runs the part; the tables are there. */
static ty_status run_packed(tiled_job *j, double flops)
{
    const tyi_conv_args *a = j->job->args;
    bool back = a->part == TYI_CONV_X;
    int64_t rows = back ? a->out_channels * j->job->kernel : j->job->rows;
    size_t bytes = (size_t)(a->groups * j->panels * j->width * rows * j->job->element);
    void *packed;
    if (tyi_cpu_allocate(0, bytes, &packed) != TY_OK)
        return TY_FAIL;
    j->packed = packed;
    int64_t count = a->groups * j->panels * (back ? a->out_channels : 1);
    int64_t cost = j->width * (back ? j->job->kernel : j->job->rows);
    ty_status status = tyi_cpu_parallel(count, tyi_cpu_grain(cost), false, back ? pack_x_task : pack_y_task, j);
    int64_t items = count_of(a->batch, j->images) * a->groups * j->bands;
    if (status == TY_OK)
        status = tyi_conv_run(j->job, j, items, flops / (double)items, back ? x_task : y_task);
    tyi_cpu_release(0, packed, bytes);
    return status;
}

ty_status tyi_conv_tiled(tyi_conv_job *job)
{
    const tyi_conv_args *a = job->args;
    tiled_job j = {.job = job, .t = find(a->dtype)};
    bool back = a->part == TYI_CONV_X;
    j.lines = back ? a->in_channels : a->out_channels;
    j.width = 2 * j.t->lanes;
    j.panels = count_of(j.lines, j.width);
    int64_t most = back ? SUM_BYTES / (j.panels * j.width * job->element) : POSITIONS;
    most = most < 32 ? 32 : tyi_min64(most, POSITIONS);
    if (a->part == TYI_CONV_WEIGHT) {
        cut_batch(&j);
        cut_bands(&j, most, PIECES, j.part);
    } else {
        cut_bands(&j, most, a->batch * a->groups, a->batch * a->groups / PIECES);
    }
    int64_t sums = back ? a->out_channels : job->rows;
    void *tables;
    size_t bytes = (size_t)(sums + j.images * j.positions) * sizeof(int64_t);
    if (tyi_cpu_allocate(0, bytes, &tables) != TY_OK)
        return TY_FAIL;
    j.k_at = tables, j.of_at = j.k_at + sums;
    for (int64_t o = 0; back && o < sums; o++)
        j.k_at[o] = o * j.strip.channel;
    if (!back)
        place_x(&j);
    double flops = 2.0 * (double)(a->batch * a->groups * a->out_channels * job->out) * (double)job->rows;
    int64_t items = count_of(a->batch, j.images) * a->groups * j.bands;
    ty_status status = a->part == TYI_CONV_WEIGHT ? run_weight(&j, flops)
                       : goes_across(&j)          ? tyi_conv_run(job, &j, items, flops / (double)items, across_task)
                                                  : run_packed(&j, flops);
    tyi_cpu_release(0, tables, bytes);
    return status;
}
