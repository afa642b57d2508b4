/*
 * A tensor as text, laid out as PyTorch lays it out, with Lua's braces and, for what the elements do not say, a
 * table of options. Reads through strides and, of a dimension that is summarised, its ends only. Uses the public
 * interface alone for what lies above this folder: moving to the host, and the name of a gradient's function.
 */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "tensor/tensor.h"

const ty_print_options ty_print_defaults = {
    .precision = 4, .threshold = 1000, .edge_items = 3, .line_width = 80, .sci_mode = -1};

#define MOST_PRECISION 1074 /* a double has no more digits after the point */
#define NUMBER_BYTES   1400 /* the largest double with all its digits, and that precision after the point */

/* ---- A growing string ---- */

typedef struct text {
    char *s;
    size_t length, capacity;
    size_t line; /* where the last line begins */
    bool failed;
} text;

static void append(text *t, const char *s, size_t length)
{
    if (t->failed)
        return;
    if (t->length + length + 1 > t->capacity) {
        size_t capacity = (t->capacity + length + 64) * 2;
        char *grown = realloc(t->s, capacity);
        if (!grown) {
            tyi_fail_memory(capacity);
            t->failed = true;
            return;
        }
        t->s = grown;
        t->capacity = capacity;
    }
    memcpy(t->s + t->length, s, length);
    t->length += length;
    t->s[t->length] = '\0';
}

static void append_string(text *t, const char *s)
{
    append(t, s, strlen(s));
}

static void append_spaces(text *t, int count)
{
    for (; count > 0; count--)
        append(t, " ", 1);
}

static void new_lines(text *t, int count, int indent)
{
    for (; count > 0; count--)
        append(t, "\n", 1);
    t->line = t->length;
    append_spaces(t, indent);
}

/* ---- How the elements look ---- */

typedef struct look {
    bool floating, whole, scientific; /* whole: floats that are all integers, shown as "1." */
    int width, precision;
} look;

/* A number by a printf format, with a point whatever the locale says. Its length. */
static int number(char *s, const char *format, int precision, double value)
{
    int length = snprintf(s, NUMBER_BYTES, format, precision, value);
    for (int i = 0; i < length; i++)
        if (s[i] == ',')
            s[i] = '.';
    return length;
}

/* The element as text; its length. */
static int element_text(char *s, const look *l, ty_scalar value)
{
    if (value.kind == TY_SCALAR_BOOL)
        return snprintf(s, NUMBER_BYTES, "%s", value.i ? "true" : "false");
    if (value.kind == TY_SCALAR_INT)
        return snprintf(s, NUMBER_BYTES, "%lld", (long long)value.i);
    if (isnan(value.f))
        return snprintf(s, NUMBER_BYTES, "nan");
    if (isinf(value.f))
        return snprintf(s, NUMBER_BYTES, value.f < 0 ? "-inf" : "inf");
    if (l->scientific)
        return number(s, "%.*e", l->precision, value.f);
    if (!l->whole)
        return number(s, "%.*f", l->precision, value.f);
    int length = number(s, "%.*f", 0, value.f);
    s[length] = '.';
    s[length + 1] = '\0';
    return length + 1;
}

/* ---- What is shown ---- */

typedef struct printer {
    text out;
    const ty_tensor *x; /* in host memory */
    ty_dtype dtype;
    bool cut[TY_MAX_DIMS];      /* the middle of the dimension is left out */
    int64_t shown[TY_MAX_DIMS]; /* positions shown */
    int64_t gap[TY_MAX_DIMS];   /* positions of x to leave out after the first `edge` */
    int64_t edge;
    int line_width;
    look look;
} printer;

/* Bytes from the start of x to position i of those shown along d. */
static int64_t step_to(const printer *p, int d, int64_t i)
{
    int64_t position = p->cut[d] && i >= p->edge ? i + p->gap[d] : i;
    return position * p->x->strides[d] * (int64_t)ty_dtype_size(p->dtype);
}

typedef void (*visitor)(printer *p, ty_scalar value, void *context);

static void visit(printer *p, int d, const char *data, visitor f, void *context)
{
    if (d == p->x->ndim) {
        f(p, tyi_load_scalar(data, p->dtype), context);
        return;
    }
    for (int64_t i = 0; i < p->shown[d]; i++)
        visit(p, d + 1, data + step_to(p, d, i), f, context);
}

typedef struct survey {
    bool any;
    double smallest, largest;
} survey;

static bool counts(ty_scalar value)
{
    return value.kind == TY_SCALAR_FLOAT && isfinite(value.f) && value.f != 0;
}

static void look_at(printer *p, ty_scalar value, void *context)
{
    survey *s = context;
    if (!counts(value))
        return;
    double size = fabs(value.f);
    s->smallest = s->any && s->smallest < size ? s->smallest : size;
    s->largest = s->any && s->largest > size ? s->largest : size;
    s->any = true;
    p->look.whole = p->look.whole && value.f == ceil(value.f);
}

/* Among floats only those that are finite and not 0 say how wide the columns are. */
static void widen(printer *p, ty_scalar value, void *context)
{
    (void)context;
    char s[NUMBER_BYTES + 2];
    if (p->look.floating && !counts(value))
        return;
    int length = element_text(s, &p->look, value);
    if (length > p->look.width)
        p->look.width = length;
}

static void choose_look(printer *p, const ty_print_options *options)
{
    int precision = options->precision < 0 ? 0 : options->precision;
    p->look = (look){.floating = ty_dtype_is_floating(p->dtype),
                     .whole = true,
                     .width = 1,
                     .precision = precision > MOST_PRECISION ? MOST_PRECISION : precision};
    survey s = {0};
    const char *data = tyi_data(p->x);
    if (p->look.floating) {
        visit(p, 0, data, look_at, &s);
        if (!s.any)
            return;
        p->look.scientific = options->sci_mode >= 0
                                 ? options->sci_mode > 0
                                 : s.largest / s.smallest > 1000.0 || s.largest > 1.0e8 || s.smallest < 1.0e-4;
    }
    visit(p, 0, data, widen, NULL);
}

/* ---- Laying out ---- */

static void put_element(printer *p, const char *data)
{
    char s[NUMBER_BYTES + 2];
    int length = element_text(s, &p->look, tyi_load_scalar(data, p->dtype));
    append_spaces(&p->out, p->look.width - length);
    append(&p->out, s, (size_t)length);
}

static void put_row(printer *p, int d, int indent, const char *data)
{
    int per_line = (p->line_width - indent) / (p->look.width + 2);
    if (per_line < 1)
        per_line = 1;
    int64_t items = p->shown[d] + p->cut[d]; /* the dots are one */
    append(&p->out, "{", 1);
    for (int64_t k = 0; k < items; k++) {
        if (k && k % per_line == 0) {
            append(&p->out, ",", 1);
            new_lines(&p->out, 1, indent + 1);
        } else if (k) {
            append(&p->out, ", ", 2);
        }
        if (p->cut[d] && k == p->edge)
            append_string(&p->out, p->edge ? " ..." : "...");
        else
            put_element(p, data + step_to(p, d, k - (p->cut[d] && k > p->edge)));
    }
    append(&p->out, "}", 1);
}

static void put(printer *p, int d, int indent, const char *data)
{
    int left = p->x->ndim - d;
    if (left == 0) {
        put_element(p, data);
        return;
    }
    if (left == 1) {
        put_row(p, d, indent, data);
        return;
    }
    append(&p->out, "{", 1);
    if (p->cut[d] && p->edge == 0)
        append_string(&p->out, "...");
    for (int64_t i = 0; i < p->shown[d]; i++) {
        if (i > 0) {
            append(&p->out, ",", 1);
            new_lines(&p->out, left - 1, indent + 1);
        }
        if (p->cut[d] && i == p->edge) {
            append_string(&p->out, "...,");
            new_lines(&p->out, left - 1, indent + 1);
        }
        put(p, d + 1, indent + 1, data + step_to(p, d, i));
    }
    append(&p->out, "}", 1);
}

/* What does not show in the elements, as the table of options that ty.tensor takes: ", {dtype = \"int8\"}". */
typedef struct options_text {
    char part[5][320];
    int count;
} options_text;

static void option(options_text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void option(options_text *t, const char *format, ...)
{
    char *part = t->part[t->count++];
    size_t room = sizeof t->part[0] - 2; /* a brace before and one behind */
    va_list list;
    va_start(list, format);
    if (t->count == 1)
        *part++ = '{';
    vsnprintf(part, room, format, list);
    va_end(list);
}

static void list_options(options_text *t, const printer *p, ty_tensor *x)
{
    ty_device device = x->storage->device;
    if (device.type == TY_CUDA)
        option(t, "device = \"cuda:%d\"", device.index);
    else if (device.type != TY_CPU)
        option(t, "device = \"%d:%d\"", (int)device.type, device.index);
    if (x->numel == 0 ? x->ndim != 1 : p->edge == 0)
        option(t, "size = %s", TYI_SHAPE(x));
    bool usual = p->dtype == ty_get_default_dtype();
    if (x->numel)
        usual = usual || p->dtype == TY_INT64 || p->dtype == TY_BOOL;
    if (!usual)
        option(t, "dtype = \"%s\"", ty_dtype_name(p->dtype));
    const char *grad_fn = ty_grad_fn_name(x);
    if (grad_fn)
        option(t, "grad_fn = \"%s\"", grad_fn);
    else if (ty_requires_grad(x))
        option(t, "requires_grad = true");
    if (t->count)
        strcat(t->part[t->count - 1], "}");
}

/* Each after a comma, on a line of its own where the last one is full. */
static void put_options(printer *p, int indent, const options_text *t)
{
    int64_t used = (int64_t)(p->out.length - p->out.line) + 2; /* as PyTorch counts on a line that the elements began */
    for (int i = 0; i < t->count; i++) {
        int64_t length = (int64_t)strlen(t->part[i]);
        append(&p->out, ",", 1);
        if (used + length + 2 > p->line_width) {
            new_lines(&p->out, 1, indent);
            used = indent + length;
        } else {
            append(&p->out, " ", 1);
            used += length + 2;
        }
        append_string(&p->out, t->part[i]);
    }
}

/* x in host memory, cut down to what is shown. */
static ty_tensor *on_host(ty_tensor *x, printer *p)
{
    if (x->storage->device.type == TY_CPU)
        return ty_retain(x);
    ty_tensor *small = ty_retain(x);
    for (int d = 0; d < x->ndim && small; d++) {
        if (!p->cut[d])
            continue;
        ty_tensor *ends[2] = {ty_narrow(small, d, 0, p->edge), ty_narrow(small, d, x->sizes[d] - p->edge, p->edge)};
        ty_tensor *joined = ends[0] && ends[1] ? ty_cat(ends, 2, d) : NULL;
        ty_release(ends[0]);
        ty_release(ends[1]);
        ty_release(small);
        small = joined;
        p->gap[d] = 0;
    }
    ty_tensor *host = small ? ty_to(small, TY_DTYPE_NONE, TY_DEVICE_CPU, false) : NULL;
    ty_release(small);
    return host;
}

char *ty_to_string(ty_tensor *x, const ty_print_options *options)
{
    static const char prefix[] = "tensor(";
    const int indent = (int)sizeof prefix - 1;
    if (!x)
        return NULL;
    if (!options)
        options = &ty_print_defaults;
    printer p = {.dtype = (ty_dtype)x->dtype,
                 .edge = options->edge_items < 0 ? 0 : options->edge_items,
                 .line_width = options->line_width};
    for (int d = 0; d < x->ndim; d++) {
        p.cut[d] = x->numel > options->threshold && x->sizes[d] > 2 * p.edge;
        p.shown[d] = p.cut[d] ? 2 * p.edge : x->sizes[d];
        p.gap[d] = x->sizes[d] - p.shown[d];
    }
    if (tyi_host_read("print", x) != TY_OK)
        return NULL;
    bool was = ty_set_grad_enabled(false);
    ty_tensor *host = on_host(x, &p);
    ty_set_grad_enabled(was);
    if (!host)
        return NULL;
    p.x = host;
    append_string(&p.out, prefix);
    if (x->numel == 0) {
        append(&p.out, "{}", 2);
    } else {
        choose_look(&p, options);
        put(&p, 0, indent, tyi_data(host));
    }
    ty_release(host);
    options_text rest = {.count = 0};
    list_options(&rest, &p, x);
    put_options(&p, indent, &rest);
    append(&p.out, ")", 1);
    if (p.out.failed) {
        free(p.out.s);
        return NULL;
    }
    return p.out.s;
}
