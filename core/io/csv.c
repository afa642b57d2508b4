/*
 * CSV files: read twice by libcsv over the mapped file, first to learn the columns' kinds, then to fill their tensors,
 * so that no field is ever held as text. A column is int64, float64 (as soon as a value is missing or has a fraction),
 * bool, or, when it holds other text, classes: int64 codes and the distinct texts in the order in which they first
 * appear.
 */
#define _GNU_SOURCE
#include <csv.h>
#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "io/atomic.h"
#include "io/bytes.h"
#include "io/file.h"
#include "io/map.h"
#include "tensor/interrupt.h"

#define PIECE        ((size_t)1 << 20)
#define MOST_COLUMNS 65536
#define MOST_NUMBER  64 /* characters of the longest text that is tried as a number */

typedef struct column {
    char *name;
    bool not_int, not_number, not_bool, missing, known; /* known: at least one value is there */
    ty_tensor *tensor;
    tyi_map classes;
    ty_value *names; /* the classes' texts */
} column;

typedef struct reader {
    const char *path;
    const ty_csv_options *options;
    locale_t locale; /* "C", whatever the program's is */
    bool filling;    /* the second time */
    column *columns;
    size_t count, room;
    int64_t row; /* of data, from 0 */
    size_t field;
    int64_t line; /* for messages: rows of the file, from 1 */
    bool in_header, failed;
} reader;

static void fail_row(reader *r, size_t fields)
{
    r->failed = true;
    ty_fail(TY_ERROR_IO,
            "load_csv: %.400s: row %lld has %zu field%s where %s %zu; a text with the delimiter in it needs quotes",
            r->path, (long long)r->line, fields, fields == 1 ? "" : "s",
            r->options->header ? "the header has" : "the first row has", r->count);
}

static bool is_missing(const reader *r, const char *text, size_t length)
{
    static const char *const words[] = {"NA", "N/A", "NaN", "nan", "NULL", "null", "None", "-nan", "#N/A", NULL};
    if (length == 0)
        return true;
    for (const char *const *w = words; *w; w++)
        if (strlen(*w) == length && memcmp(*w, text, length) == 0)
            return true;
    for (const char *const *w = r->options->missing; w && *w; w++)
        if (strlen(*w) == length && memcmp(*w, text, length) == 0)
            return true;
    return false;
}

/* 0, 1, or -1 for a text that is no truth value. */
static int to_bool(const char *text)
{
    if (strcmp(text, "true") == 0 || strcmp(text, "True") == 0 || strcmp(text, "TRUE") == 0)
        return 1;
    return strcmp(text, "false") == 0 || strcmp(text, "False") == 0 || strcmp(text, "FALSE") == 0 ? 0 : -1;
}

static bool to_int(const char *text, int64_t *value)
{
    char *end;
    errno = 0;
    *value = strtoll(text, &end, 10);
    return *end == 0 && end != text && errno == 0;
}

static bool to_number(const reader *r, const char *text, double *value)
{
    char *end;
    if (strpbrk(text, "xXpP")) /* hexadecimal */
        return false;
    *value = strtod_l(text, &end, r->locale);
    return *end == 0 && end != text;
}

static ty_status add_column(reader *r, const char *name, size_t length)
{
    if (r->count == MOST_COLUMNS)
        return ty_fail(TY_ERROR_IO, "load_csv: %.400s has more than %d columns; is the delimiter right?", r->path,
                       MOST_COLUMNS);
    if (r->count == r->room) {
        size_t room = r->room ? r->room * 2 : 16;
        column *columns = realloc(r->columns, room * sizeof *columns);
        if (!columns)
            return tyi_fail_memory(room * sizeof *columns);
        r->columns = columns;
        r->room = room;
    }
    column c = {.name = strndup(name, length)};
    if (!c.name)
        return tyi_fail_memory(length);
    r->columns[r->count++] = c;
    return TY_OK;
}

/* First time: what kinds the column can still be. */
static void learn(reader *r, column *c, const char *text, size_t length)
{
    int64_t i;
    double f;
    if (is_missing(r, text, length)) {
        c->missing = true;
        return;
    }
    c->known = true;
    bool number = length <= MOST_NUMBER;
    c->not_bool = c->not_bool || to_bool(text) < 0;
    c->not_int = c->not_int || !number || !to_int(text, &i);
    c->not_number = c->not_number || !number || !to_number(r, text, &f);
}

static ty_status store_class(reader *r, column *c, const char *text, size_t length)
{
    size_t *known = tyi_map_find(&c->classes, text, length), code = known ? *known : c->names->count;
    if (!known && (tyi_map_add(&c->classes, text, length, code) != TY_OK ||
                   ty_value_append(c->names, NULL, ty_value_string(text, length)) != TY_OK))
        return TY_FAIL;
    ((int64_t *)tyi_data(c->tensor))[r->row] = (int64_t)code;
    return TY_OK;
}

/* Second time: the value, into its tensor. */
static ty_status store(reader *r, column *c, const char *text, size_t length)
{
    if (c->names)
        return store_class(r, c, text, length);
    if (c->tensor->dtype == TY_BOOL) {
        ((uint8_t *)tyi_data(c->tensor))[r->row] = to_bool(text) == 1;
    } else if (c->tensor->dtype == TY_INT64) {
        to_int(text, &((int64_t *)tyi_data(c->tensor))[r->row]);
    } else {
        double value = NAN;
        if (!is_missing(r, text, length))
            to_number(r, text, &value);
        ((double *)tyi_data(c->tensor))[r->row] = value;
    }
    return TY_OK;
}

/* libcsv's two callbacks: a field, and the end of a row. */
static void on_field(void *bytes, size_t length, void *context)
{
    reader *r = context;
    const char *text = bytes ? bytes : "";
    char name[32];
    size_t at = r->field++;
    if (r->failed)
        return;
    if (r->in_header) {
        if (!r->filling)
            r->failed = add_column(r, text, length) != TY_OK;
        return;
    }
    if (r->row == 0 && !r->options->header && !r->filling)
        r->failed = add_column(r, name, (size_t)sprintf(name, "%zu", at + 1)) != TY_OK;
    if (r->failed)
        return;
    if (at >= r->count)
        return; /* counted, and reported at the end of the row */
    if (r->filling)
        r->failed = store(r, &r->columns[at], text, length) != TY_OK;
    else
        learn(r, &r->columns[at], text, length);
}

static void on_row(int end, void *context)
{
    (void)end;
    reader *r = context;
    r->line++;
    if (r->failed)
        return;
    if (!r->in_header) {
        if (r->field != r->count)
            fail_row(r, r->field);
        r->row++;
    }
    r->in_header = false;
    r->field = 0;
}

/* Goes through the whole file. */
static ty_status parse(reader *r, const tyi_mapping *m)
{
    struct csv_parser parser;
    if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI | CSV_APPEND_NULL) != 0)
        return tyi_fail_memory(0);
    csv_set_delim(&parser, (unsigned char)r->options->delimiter);
    csv_set_quote(&parser, (unsigned char)r->options->quote);
    r->row = r->line = 0;
    r->field = 0;
    r->in_header = r->options->header;
    uint64_t at = m->length >= 3 && memcmp(m->bytes, "\xef\xbb\xbf", 3) == 0 ? 3 : 0; /* a byte order mark */
    int code = 0;
    while (at < m->length && !r->failed && !code) {
        size_t piece = m->length - at < PIECE ? (size_t)(m->length - at) : PIECE;
        if (tyi_interrupted())
            r->failed = ty_fail(TY_ERROR_INTERRUPT, "load_csv: %.400s: interrupted", r->path) != TY_OK;
        else if (csv_parse(&parser, m->bytes + at, piece, on_field, on_row, r) != piece)
            code = csv_error(&parser);
        at += piece;
    }
    if (!r->failed && !code && csv_fini(&parser, on_field, on_row, r) != 0)
        code = csv_error(&parser);
    csv_free(&parser);
    if (r->failed)
        return TY_FAIL;
    if (code == CSV_ENOMEM)
        return tyi_fail_memory(0);
    if (code)
        return ty_fail(
            TY_ERROR_IO,
            "load_csv: %.400s: row %lld: a quote stands inside a text or is never closed; inside quotes it is "
            "doubled",
            r->path, (long long)r->line + 1);
    return TY_OK;
}

static ty_status check_names(const reader *r)
{
    tyi_map seen = {.slots = NULL};
    ty_status status = TY_OK;
    for (size_t i = 0; i < r->count && status == TY_OK; i++) {
        const char *name = r->columns[i].name;
        if (tyi_map_find(&seen, name, strlen(name)))
            status = ty_fail(TY_ERROR_IO,
                             "load_csv: %.400s: the header names the column \"%s\" twice; rename one, or read with "
                             "header = false if there is no header",
                             r->path, tyi_quote_bytes(name, strlen(name)).s);
        else
            status = tyi_map_add(&seen, name, strlen(name), i);
    }
    tyi_map_free(&seen);
    return status;
}

/* Between the two times: the tensors, whose dtypes are known now. */
static ty_status prepare(reader *r)
{
    int64_t rows = r->row;
    if (check_names(r) != TY_OK)
        return TY_FAIL;
    for (size_t i = 0; i < r->count; i++) {
        column *c = &r->columns[i];
        ty_dtype dtype = TY_INT64;
        if (!c->known || (!c->not_number && (c->not_int || c->missing)))
            dtype = TY_FLOAT64;
        else if (!c->not_bool && !c->missing)
            dtype = TY_BOOL;
        else if (c->not_number && !(c->names = ty_value_new(TY_LIST)))
            return TY_FAIL;
        c->tensor = tyi_new(1, &rows, dtype, TY_DEVICE_CPU);
        if (!c->tensor)
            return TY_FAIL;
    }
    return TY_OK;
}

/* Appends to a dict; consumes the item. */
static ty_status add(ty_value *dict, const char *name, ty_value *item)
{
    ty_value *key = ty_value_string(name, strlen(name));
    if (key)
        return ty_value_append(dict, key, item);
    ty_value_free(item);
    return TY_FAIL;
}

/* {"codes": tensor, "classes": list}; consumes the list. */
static ty_value *classes_value(ty_tensor *codes, ty_value *names)
{
    ty_value *v = ty_value_new(TY_DICT);
    if (!v || add(v, "codes", ty_value_tensor(codes)) != TY_OK)
        ty_value_free(names);
    else if (add(v, "classes", names) == TY_OK)
        return v;
    ty_value_free(v);
    return NULL;
}

/* A dict of the columns' values by their names. */
static ty_value *result(reader *r)
{
    ty_value *dict = ty_value_new(TY_DICT);
    ty_status status = dict ? TY_OK : TY_FAIL;
    if (dict)
        dict->ordered = true;
    for (size_t i = 0; i < r->count && status == TY_OK; i++) {
        column *c = &r->columns[i];
        status = add(dict, c->name, c->names ? classes_value(c->tensor, c->names) : ty_value_tensor(c->tensor));
        c->names = NULL;
    }
    if (status == TY_OK)
        return dict;
    ty_value_free(dict);
    return NULL;
}

ty_value *ty_load_csv(const char *path, const ty_csv_options *options)
{
    if (options->delimiter == options->quote || strchr("\r\n", options->delimiter))
        return tyi_fail(TY_ERROR_VALUE,
                        "load_csv: the delimiter must be one character, neither the quote nor a line's end");
    reader r = {.path = path, .options = options};
    ty_value *dict = NULL;
    tyi_mapping *m = tyi_mapping_open("load_csv", path);
    if (!m)
        return NULL;
    r.locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (!r.locale) {
        tyi_fail_memory(0);
    } else if (parse(&r, m) == TY_OK) {
        r.filling = true;
        if (r.count == 0)
            ty_fail(TY_ERROR_IO, "load_csv: %.400s has no columns", path);
        else if (prepare(&r) == TY_OK && parse(&r, m) == TY_OK)
            dict = result(&r);
    }
    if (r.locale)
        freelocale(r.locale);
    for (size_t i = 0; i < r.count; i++) {
        free(r.columns[i].name);
        ty_release(r.columns[i].tensor);
        tyi_map_free(&r.columns[i].classes);
        ty_value_free(r.columns[i].names);
    }
    free(r.columns);
    tyi_mapping_release(m);
    return dict;
}
