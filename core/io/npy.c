/*
 * NumPy's .npy files: a magic word, a version, the description of the array as a Python dict, and its values as they
 * lie in memory. Only arrays of numbers are read: those of Python objects are pickles, which would have to be executed.
 */
#include "io/npy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "io/atomic.h"
#include "io/file.h"
#include "ops/ops.h"
#include "tensor/interrupt.h"

#define MAGIC       "\x93NUMPY"
#define MOST_HEADER 65536 /* bytes of the description; NumPy itself stops at 10,000 */
#define PIECE       ((size_t)4 << 20)

static const struct {
    const char *descr, *dtype;
} dtypes[] = {
    {"b1", "bool"},  {"u1", "uint8"},   {"i1", "int8"},    {"i2", "int16"},   {"i4", "int32"},
    {"i8", "int64"}, {"f2", "float16"}, {"f4", "float32"}, {"f8", "float64"},
};
#define DTYPES (sizeof dtypes / sizeof *dtypes)

/* ---- The description ---- */

typedef struct description {
    ty_dtype dtype;
    bool swap, fortran;
    int ndim;
    int64_t sizes[TY_MAX_DIMS];
} description;

/* A place in the text of the description. */
typedef struct cursor {
    const char *who, *path, *at, *end;
} cursor;

static ty_status refuse(const cursor *c, const char *what)
{
    return ty_fail(TY_ERROR_IO, "%s: %.400s: %s; the file is damaged or not an array of NumPy's", c->who, c->path,
                   what);
}

static void skip_space(cursor *c)
{
    while (c->at < c->end && (*c->at == ' ' || *c->at == '\n' || *c->at == '\t'))
        c->at++;
}

static bool take(cursor *c, const char *word)
{
    size_t length = strlen(word);
    skip_space(c);
    if ((size_t)(c->end - c->at) < length || memcmp(c->at, word, length) != 0)
        return false;
    c->at += length;
    return true;
}

/* A quoted string without escapes, as the description's keys and dtypes are. */
static bool take_string(cursor *c, char *to, size_t room)
{
    skip_space(c);
    if (c->at == c->end || (*c->at != '\'' && *c->at != '"'))
        return false;
    char quote = *c->at++;
    size_t length = 0;
    while (c->at < c->end && *c->at != quote && length + 1 < room)
        to[length++] = *c->at++;
    to[length] = 0;
    return c->at < c->end && *c->at++ == quote;
}

static ty_status read_dtype(cursor *c, description *d)
{
    char text[32];
    if (!take_string(c, text, sizeof text))
        return ty_fail(TY_ERROR_IO,
                       "%s: %.400s holds records with fields, or is damaged; save its fields as arrays of their own",
                       c->who, c->path);
    const char *type = text;
    char order = '|';
    if (*type == '<' || *type == '>' || *type == '|' || *type == '=')
        order = *type++;
    for (size_t i = 0; i < DTYPES; i++)
        if (strcmp(type, dtypes[i].descr) == 0)
            d->dtype = ty_dtype_from_name(dtypes[i].dtype);
    d->swap = order == (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? '>' : '<');
    if (d->dtype != TY_DTYPE_NONE)
        return TY_OK;
    if (*type == 'O')
        return ty_fail(
            TY_ERROR_IO,
            "%s: %.400s is an array of Python objects, which only Python can load; convert it to numbers there", c->who,
            c->path);
    return ty_fail(TY_ERROR_IO,
                   "%s: %.400s has dtype %s, which Tycho does not have; convert it in NumPy, such as "
                   "a.astype(\"int64\") or a.astype(\"float32\")",
                   c->who, c->path, tyi_quote_bytes(text, strlen(text)).s);
}

static ty_status read_shape(cursor *c, description *d)
{
    if (!take(c, "("))
        return refuse(c, "its shape is not a tuple");
    while (!take(c, ")")) {
        int64_t size = 0;
        bool any = false;
        skip_space(c);
        for (; c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++, any = true)
            if (__builtin_mul_overflow(size, 10, &size) || __builtin_add_overflow(size, *c->at - '0', &size))
                return refuse(c, "a size in its shape is too large");
        if (!any)
            return refuse(c, "its shape holds something that is not a size");
        if (d->ndim == TY_MAX_DIMS)
            return refuse(c, "it has more dimensions than tensors can have");
        d->sizes[d->ndim++] = size;
        take(c, "L"); /* Python 2 */
        if (!take(c, ",") && c->at < c->end && *c->at != ')')
            return refuse(c, "its shape is not a tuple");
    }
    return TY_OK;
}

/* {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }, in any order. */
static ty_status read_description(cursor *c, description *d)
{
    int seen = 0;
    if (!take(c, "{"))
        return refuse(c, "its description is not a dict");
    while (!take(c, "}")) {
        char key[32];
        if (!take_string(c, key, sizeof key) || !take(c, ":"))
            return refuse(c, "its description is not a dict");
        if (strcmp(key, "descr") == 0) {
            if (read_dtype(c, d) != TY_OK)
                return TY_FAIL;
            seen |= 1;
        } else if (strcmp(key, "shape") == 0) {
            d->ndim = 0;
            if (read_shape(c, d) != TY_OK)
                return TY_FAIL;
            seen |= 2;
        } else if (strcmp(key, "fortran_order") == 0) {
            d->fortran = take(c, "True");
            if (!d->fortran && !take(c, "False"))
                return refuse(c, "its fortran_order is neither True nor False");
            seen |= 4;
        } else {
            return refuse(c, "its description has a key that the format does not know");
        }
        take(c, ",");
    }
    return seen == 7 ? TY_OK : refuse(c, "its description lacks the dtype, the order or the shape");
}

/* ---- Reading ---- */

/* Exactly `bytes` from the source, in pieces, so that only memory is touched that the source can fill. */
static ty_status read_exactly(const cursor *c, tyi_pickle_source *source, void *to, uint64_t bytes)
{
    for (uint64_t done = 0; done < bytes;) {
        size_t piece = bytes - done < PIECE ? (size_t)(bytes - done) : PIECE;
        if (tyi_interrupted())
            return ty_fail(TY_ERROR_INTERRUPT, "%s: %.400s: interrupted", c->who, c->path);
        size_t got = source->read(source->context, (char *)to + done, piece);
        if (got == 0)
            return ty_fail(TY_ERROR_IO, "%s: %.400s ends too early: the file is cut short; fetch or save it again",
                           c->who, c->path);
        done += got;
        source->left -= got < source->left ? got : source->left;
    }
    return TY_OK;
}

static ty_status read_header(cursor *c, tyi_pickle_source *source, description *d)
{
    unsigned char start[12];
    if (source->left < 10)
        return refuse(c, "it is too short for an array");
    if (read_exactly(c, source, start, 10) != TY_OK)
        return TY_FAIL;
    if (memcmp(start, MAGIC, 6) != 0)
        return refuse(c, "it does not begin as an array of NumPy's does");
    if (start[6] < 1 || start[6] > 3)
        return ty_fail(TY_ERROR_IO, "%s: %.400s has version %d of NumPy's format; 1 to 3 can be read", c->who, c->path,
                       start[6]);
    uint64_t length = start[8] | (uint64_t)start[9] << 8;
    if (start[6] > 1) {
        if (read_exactly(c, source, start + 10, 2) != TY_OK)
            return TY_FAIL;
        length |= (uint64_t)start[10] << 16 | (uint64_t)start[11] << 24;
    }
    if (length > MOST_HEADER || length > source->left)
        return refuse(c, "its description is longer than it can be");
    char *text = malloc(length + 1);
    if (!text)
        return tyi_fail_memory(length);
    ty_status status = read_exactly(c, source, text, length);
    c->at = text;
    c->end = text + length;
    if (status == TY_OK)
        status = read_description(c, d);
    free(text);
    return status;
}

/* x, whose values lie column after column, with its dimensions in the order that the description says. */
static ty_tensor *reversed(ty_tensor *x)
{
    int64_t dims[TY_MAX_DIMS];
    for (int i = 0; i < x->ndim; i++)
        dims[i] = x->ndim - 1 - i;
    ty_tensor *view = ty_permute(x, x->ndim, dims);
    ty_release(x);
    return view;
}

ty_tensor *tyi_npy_read(const char *who, const char *path, tyi_pickle_source *source)
{
    cursor c = {.who = who, .path = path};
    description d = {.dtype = TY_DTYPE_NONE};
    int64_t numel;
    if (read_header(&c, source, &d) != TY_OK)
        return NULL;
    if (d.fortran)
        for (int low = 0, high = d.ndim - 1; low < high; low++, high--) {
            int64_t size = d.sizes[low];
            d.sizes[low] = d.sizes[high];
            d.sizes[high] = size;
        }
    if (tyi_check_sizes(who, d.ndim, d.sizes, &numel) != TY_OK)
        return NULL;
    uint64_t bytes = (uint64_t)numel * ty_dtype_size(d.dtype);
    if (bytes > source->left)
        return tyi_fail(TY_ERROR_IO,
                        "%s: %.400s holds %llu bytes of values where its description promises %llu: the file is cut "
                        "short; fetch or save it again",
                        who, path, (unsigned long long)source->left, (unsigned long long)bytes);
    ty_tensor *x = tyi_new(d.ndim, d.sizes, d.dtype, TY_DEVICE_CPU);
    if (!x || read_exactly(&c, source, tyi_data(x), bytes) != TY_OK) {
        ty_release(x);
        return NULL;
    }
    tyi_storage *s = x->storage;
    if (numel)
        tyi_settle_storage(s, d.dtype, d.swap);
    return d.fortran && x->ndim > 1 ? reversed(x) : x;
}

static size_t read_file(void *context, void *to, size_t bytes)
{
    for (;;) {
        ssize_t got = read(*(int *)context, to, bytes);
        if (got >= 0)
            return (size_t)got;
        if (errno != EINTR)
            return 0;
    }
}

ty_tensor *ty_load_npy(const char *path)
{
    uint64_t bytes;
    int file = tyi_file_open("load_npy", path, &bytes);
    if (file < 0)
        return NULL;
    tyi_pickle_source source = {.read = read_file, .context = &file, .left = bytes};
    ty_tensor *x = tyi_npy_read("load_npy", path, &source);
    close(file);
    return x;
}

/* ---- Writing ---- */

char *tyi_npy_header(const char *who, const ty_tensor *x, size_t *length)
{
    const char *descr = NULL, *dtype = ty_dtype_name((ty_dtype)x->dtype);
    for (size_t i = 0; i < DTYPES; i++)
        if (strcmp(dtypes[i].dtype, dtype) == 0)
            descr = dtypes[i].descr;
    if (!descr)
        return tyi_fail(TY_ERROR_VALUE, "%s: NumPy has no dtype %s; save x:float() instead", who, dtype);
    char shape[TY_MAX_DIMS * 22 + 4], *at = shape;
    *at++ = '(';
    for (int i = 0; i < x->ndim; i++)
        at += sprintf(at, i == 0 ? "%lld%s" : " %lld%s", (long long)x->sizes[i], i < x->ndim - 1 || i == 0 ? "," : "");
    strcpy(at, ")");
    char order = ty_dtype_size((ty_dtype)x->dtype) == 1 ? '|' : __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? '<' : '>';
    size_t room = sizeof shape + 192;
    char *header = malloc(room);
    if (!header) {
        tyi_fail_memory(room);
        return NULL;
    }
    memcpy(header, MAGIC "\1\0", 8);
    size_t used =
        10 + (size_t)snprintf(header + 10, room - 10, "{'descr': '%c%s', 'fortran_order': False, 'shape': %s, }", order,
                              descr, shape);
    while ((used + 1) % 64)
        header[used++] = ' ';
    header[used++] = '\n';
    header[8] = (char)((used - 10) & 255);
    header[9] = (char)((used - 10) >> 8);
    *length = used;
    return header;
}

ty_status ty_save_npy(ty_tensor *x, const char *path)
{
    ty_tensor *host = ty_to(x, TY_DTYPE_NONE, TY_DEVICE_CPU, false), *dense = host ? tyi_dense(host) : NULL;
    size_t length = 0;
    char *header = dense ? tyi_npy_header("save_npy", dense, &length) : NULL;
    tyi_atomic a;
    ty_status status = TY_FAIL;
    if (header && tyi_atomic_begin(&a, "save_npy", path) == TY_OK) {
        status = tyi_atomic_write(&a, header, length);
        if (status == TY_OK)
            status =
                tyi_atomic_write(&a, tyi_data(dense), (size_t)dense->numel * ty_dtype_size((ty_dtype)dense->dtype));
        if (status == TY_OK)
            status = tyi_atomic_commit(&a);
        else
            tyi_atomic_abort(&a);
    }
    free(header);
    ty_release(dense);
    ty_release(host);
    return status;
}
