/*
 * Writing CSV files, the counterpart of csv.c: a dict of columns becomes a header and rows, through libcsv's quoting
 * and an atomic file. What is written here is read there with the same values: floats with as many digits as tell them
 * apart, NaN and nil as missing.
 */
#define _GNU_SOURCE
#include <csv.h>
#include <errno.h>
#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "io/atomic.h"
#include "io/bytes.h"
#include "tensor/error.h"
#include "tensor/tensor.h"

#define BUFFER_BYTES ((size_t)1 << 16)

/* Where the cells of a column come from: one of the two. */
typedef struct source {
    ty_tensor *x;           /* float64, int64 or bool, contiguous; owned */
    bool single;            /* x was of a type of at most 32 bits, whose numbers need fewer digits */
    const ty_value *values; /* a list of plain values */
    const ty_value *texts;  /* of classes: what the codes of x stand for */
    int64_t rows;
} source;

typedef struct csv_writer {
    tyi_atomic file;
    const ty_csv_options *options;
    const char *missing;
    source *columns;
    size_t count;
    char *buffer;
    size_t used;
} csv_writer;

static ty_status flush(csv_writer *w)
{
    size_t bytes = w->used;
    w->used = 0;
    return tyi_atomic_write(&w->file, w->buffer, bytes);
}

static ty_status put(csv_writer *w, const char *bytes, size_t length)
{
    if (length > BUFFER_BYTES - w->used && flush(w) != TY_OK)
        return TY_FAIL;
    if (length > BUFFER_BYTES)
        return tyi_atomic_write(&w->file, bytes, length);
    if (length)
        memcpy(w->buffer + w->used, bytes, length);
    w->used += length;
    return TY_OK;
}

/* Whether a text is read back as itself only between quotes. An empty row would be no row at all. */
static bool needs_quotes(const csv_writer *w, const char *text, size_t length)
{
    if (length == 0)
        return w->count == 1;
    if (strchr(" \t", text[0]) || strchr(" \t", text[length - 1]))
        return true;
    for (size_t i = 0; i < length; i++)
        if (text[i] == w->options->delimiter || text[i] == w->options->quote || text[i] == '\n' || text[i] == '\r')
            return true;
    return false;
}

static ty_status put_text(csv_writer *w, const char *text, size_t length)
{
    if (memchr(text, 0, length))
        return ty_fail(TY_ERROR_VALUE, "save_csv: the text \"%s\" has a 0 byte, which CSV files cannot hold",
                       tyi_quote_bytes(text, length).s);
    if (!needs_quotes(w, text, length))
        return put(w, text, length);
    size_t room = 2 * length + 2;
    char *quoted = malloc(room);
    if (!quoted)
        return tyi_fail_memory(room);
    size_t written = csv_write2(quoted, room, text, length, (unsigned char)w->options->quote);
    ty_status status = put(w, quoted, written);
    free(quoted);
    return status;
}

static ty_status put_number(csv_writer *w, double value, bool single)
{
    char text[TYI_NUMBER_TEXT];
    if (isnan(value))
        return put_text(w, w->missing, strlen(w->missing));
    tyi_number_text(text, value, single);
    return put_text(w, text, strlen(text));
}

static ty_status put_integer(csv_writer *w, int64_t value)
{
    char text[24];
    return put_text(w, text, (size_t)snprintf(text, sizeof text, "%" PRId64, value));
}

static ty_status put_bool(csv_writer *w, bool value)
{
    return value ? put_text(w, "true", 4) : put_text(w, "false", 5);
}

static ty_status put_value(csv_writer *w, const ty_value *v)
{
    switch (v->kind) {
    case TY_NIL:
        return put_text(w, w->missing, strlen(w->missing));
    case TY_TRUE_FALSE:
        return put_bool(w, v->integer != 0);
    case TY_INTEGER:
        return put_integer(w, v->integer);
    case TY_NUMBER:
        return put_number(w, v->number, false);
    case TY_STRING:
        return put_text(w, v->string, v->length);
    default:
        return ty_fail(TY_ERROR_VALUE,
                       "save_csv: a cell is a table or a tensor; cells are numbers, texts and booleans");
    }
}

static ty_status put_cell(csv_writer *w, const source *s, int64_t row)
{
    if (s->values)
        return put_value(w, s->values->items[row]);
    const void *data = tyi_data(s->x);
    if (s->texts) {
        int64_t code = ((const int64_t *)data)[row];
        if (code < 0 || (uint64_t)code >= s->texts->count)
            return ty_fail(TY_ERROR_VALUE,
                           "save_csv: class %" PRId64 " in row %" PRId64 ", where there are %zu classes", code + 1,
                           row + 1, s->texts->count);
        return put_value(w, s->texts->items[code]);
    }
    if (s->x->dtype == TY_FLOAT64)
        return put_number(w, ((const double *)data)[row], s->single);
    return s->x->dtype == TY_INT64 ? put_integer(w, ((const int64_t *)data)[row])
                                   : put_bool(w, ((const uint8_t *)data)[row]);
}

static ty_status put_rows(csv_writer *w, const ty_value *columns)
{
    if (w->options->header) {
        for (size_t i = 0; i < w->count; i++)
            if ((i && put(w, &w->options->delimiter, 1) != TY_OK) || put_value(w, columns->keys[i]) != TY_OK)
                return TY_FAIL;
        if (put(w, "\n", 1) != TY_OK)
            return TY_FAIL;
    }
    for (int64_t row = 0; row < w->columns[0].rows; row++) {
        for (size_t i = 0; i < w->count; i++)
            if ((i && put(w, &w->options->delimiter, 1) != TY_OK) || put_cell(w, &w->columns[i], row) != TY_OK)
                return TY_FAIL;
        if (put(w, "\n", 1) != TY_OK)
            return TY_FAIL;
    }
    return flush(w);
}

static ty_status use_tensor(source *s, ty_tensor *x, const char *name)
{
    if (x->ndim != 1)
        return ty_fail(TY_ERROR_VALUE, "save_csv: the column \"%s\" is %s; a column has one dimension", name,
                       TYI_DESCRIBE(x));
    ty_dtype dtype = (ty_dtype)x->dtype, wide = TY_INT64;
    if (ty_dtype_is_floating(dtype))
        wide = TY_FLOAT64;
    else if (dtype == TY_BOOL)
        wide = TY_BOOL;
    s->single = dtype != TY_FLOAT64;
    s->rows = x->numel;
    ty_tensor *converted = ty_to(x, wide, TY_DEVICE_CPU, false);
    s->x = converted ? ty_contiguous(converted) : NULL;
    ty_release(converted);
    return s->x ? TY_OK : TY_FAIL;
}

/* What the column is made of: a tensor, a list, or {"codes": tensor, "classes": list} as ty_load_csv() gives it. */
static ty_status use_column(source *s, const ty_value *v, const char *name)
{
    if (v->kind == TY_TENSOR)
        return use_tensor(s, v->tensor, name);
    if (v->kind == TY_DICT && v->count == 2 && v->items[0]->kind == TY_TENSOR && v->items[1]->kind == TY_LIST) {
        s->texts = v->items[1];
        if (use_tensor(s, v->items[0]->tensor, name) != TY_OK)
            return TY_FAIL;
        return s->x->dtype == TY_INT64
                   ? TY_OK
                   : ty_fail(TY_ERROR_VALUE, "save_csv: the classes of \"%s\" are not integers", name);
    }
    if (v->kind != TY_LIST && v->kind != TY_TUPLE)
        return ty_fail(TY_ERROR_VALUE, "save_csv: the column \"%s\" is neither a tensor nor a list", name);
    s->values = v;
    s->rows = (int64_t)v->count;
    return TY_OK;
}

static ty_status use_columns(csv_writer *w, const ty_value *columns)
{
    for (size_t i = 0; i < w->count; i++) {
        const ty_value *key = columns->keys[i];
        if (key->kind != TY_STRING)
            return ty_fail(TY_ERROR_VALUE, "save_csv: the name of a column must be a string");
        if (use_column(&w->columns[i], columns->items[i], key->string) != TY_OK)
            return TY_FAIL;
        if (w->columns[i].rows != w->columns[0].rows)
            return ty_fail(TY_ERROR_VALUE, "save_csv: the column \"%s\" has %" PRId64 " values, \"%s\" has %" PRId64,
                           tyi_quote_bytes(key->string, key->length).s, w->columns[i].rows,
                           tyi_quote_bytes(columns->keys[0]->string, columns->keys[0]->length).s, w->columns[0].rows);
    }
    return TY_OK;
}

static ty_status check(const ty_value *columns, const ty_csv_options *options)
{
    if (options->delimiter == options->quote || strchr("\r\n", options->delimiter))
        return ty_fail(TY_ERROR_VALUE,
                       "save_csv: the delimiter must be one character, neither the quote nor a line's end");
    if (columns->kind != TY_DICT || columns->count == 0)
        return ty_fail(TY_ERROR_VALUE, "save_csv: a table of at least one column is needed");
    return TY_OK;
}

ty_status ty_save_csv(const ty_value *columns, const ty_csv_options *options, const char *path)
{
    if (check(columns, options) != TY_OK)
        return TY_FAIL;
    csv_writer w = {.options = options,
                    .count = columns->count,
                    .missing = options->missing && options->missing[0] ? options->missing[0] : ""};
    w.columns = calloc(w.count, sizeof *w.columns);
    w.buffer = malloc(BUFFER_BYTES);
    locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0), old = (locale_t)0; /* a point in numbers */
    ty_status status = TY_FAIL;
    if (!w.columns || !w.buffer || !plain) {
        tyi_fail_memory(BUFFER_BYTES);
    } else if (use_columns(&w, columns) == TY_OK && tyi_atomic_begin(&w.file, "save_csv", path) == TY_OK) {
        old = uselocale(plain);
        status = put_rows(&w, columns);
        uselocale(old);
        if (status == TY_OK)
            status = tyi_atomic_commit(&w.file);
        else
            tyi_atomic_abort(&w.file);
    }
    if (plain)
        freelocale(plain);
    for (size_t i = 0; w.columns && i < w.count; i++)
        ty_release(w.columns[i].x);
    free(w.columns);
    free(w.buffer);
    return status;
}
