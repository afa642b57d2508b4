/*
 * Small builders and looks at ty_value trees for the tests of files; header-only, used by test_io.c and
 * test_io_hostile.c.
 */
#ifndef TEST_IO_VALUES_H
#define TEST_IO_VALUES_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tensor/reduced.h"
#include "tycho.h"

#define UNUSED __attribute__((unused))

static UNUSED ty_value *integer(int64_t i)
{
    ty_value *v = ty_value_new(TY_INTEGER);
    v->integer = i;
    return v;
}

static UNUSED ty_value *number(double f)
{
    ty_value *v = ty_value_new(TY_NUMBER);
    v->number = f;
    return v;
}

static UNUSED ty_value *boolean(bool b)
{
    ty_value *v = ty_value_new(TY_TRUE_FALSE);
    v->integer = b;
    return v;
}

static UNUSED ty_value *nil(void)
{
    return ty_value_new(TY_NIL);
}

static UNUSED ty_value *text(const char *s)
{
    return ty_value_string(s, strlen(s));
}

/* A tensor whose reference the value takes over. */
static UNUSED ty_value *owned(ty_tensor *x)
{
    ty_value *v = ty_value_tensor(x);
    ty_release(x);
    return v;
}

/* list(TY_LIST, a, b, NULL), list(TY_DICT, key, item, key, item, NULL) */
static UNUSED ty_value *list(ty_value_kind kind, ...)
{
    ty_value *v = ty_value_new(kind), *first;
    va_list all;
    va_start(all, kind);
    while ((first = va_arg(all, ty_value *)))
        if (kind == TY_DICT)
            ty_value_append(v, first, va_arg(all, ty_value *));
        else
            ty_value_append(v, NULL, first);
    va_end(all);
    return v;
}

/* 0, 1, 2, ... as float32. */
static UNUSED ty_tensor *ramp(int ndim, const int64_t *sizes)
{
    int64_t n = 1;
    for (int d = 0; d < ndim; d++)
        n *= sizes[d];
    float *data = malloc((size_t)(n ? n : 1) * sizeof *data);
    for (int64_t i = 0; i < n; i++)
        data[i] = (float)i;
    ty_tensor *x = ty_from_data(data, ndim, sizes, TY_FLOAT32);
    free(data);
    return x;
}
#define SHAPE(...)                                                                                                     \
    (int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), (int64_t[])                                             \
    {                                                                                                                  \
        __VA_ARGS__                                                                                                    \
    }
#define RAMP(...) ramp(SHAPE(__VA_ARGS__))

/* The item under a string key; NULL when there is none. */
static UNUSED const ty_value *get(const ty_value *v, const char *key)
{
    for (size_t i = 0; v && v->kind == TY_DICT && i < v->count; i++)
        if (v->keys[i]->kind == TY_STRING && strcmp(v->keys[i]->string, key) == 0)
            return v->items[i];
    return NULL;
}

/* One element of a tensor, by its place in row-major order, as a double. */
static UNUSED double element(ty_tensor *x, int64_t index)
{
    int64_t offset = 0;
    for (int d = ty_ndim(x) - 1; d >= 0; d--) {
        offset += index % ty_sizes(x)[d] * ty_strides(x)[d];
        index /= ty_sizes(x)[d];
    }
    const char *at = (const char *)ty_data(x) + offset * (int64_t)ty_dtype_size(ty_dtype_of(x));
    switch (ty_dtype_of(x)) {
#define ELEMENT(E, name, storage, arithmetic, kind)                                                                    \
    case TY_##E: {                                                                                                     \
        storage value;                                                                                                 \
        memcpy(&value, at, sizeof value);                                                                              \
        return (double)TYI_VALUE(E, value);                                                                            \
    }
        TY_DTYPES(ELEMENT)
#undef ELEMENT
    default:
        return 0;
    }
}

static UNUSED bool same_tensor(ty_tensor *a, ty_tensor *b)
{
    if (ty_dtype_of(a) != ty_dtype_of(b) || ty_ndim(a) != ty_ndim(b) || ty_requires_grad(a) != ty_requires_grad(b))
        return false;
    for (int d = 0; d < ty_ndim(a); d++)
        if (ty_sizes(a)[d] != ty_sizes(b)[d] || ty_strides(a)[d] != ty_strides(b)[d])
            return false;
    for (int64_t i = 0; i < ty_numel(a); i++)
        if (element(a, i) != element(b, i))
            return false;
    return true;
}

static UNUSED bool same(const ty_value *a, const ty_value *b)
{
    if (a->kind != b->kind || a->count != b->count || a->ordered != b->ordered || a->parameter != b->parameter)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if ((a->keys && !same(a->keys[i], b->keys[i])) || !same(a->items[i], b->items[i]))
            return false;
    switch (a->kind) {
    case TY_INTEGER:
    case TY_TRUE_FALSE:
        return a->integer == b->integer;
    case TY_NUMBER:
        return memcmp(&a->number, &b->number, sizeof a->number) == 0;
    case TY_STRING:
        return a->length == b->length && memcmp(a->string, b->string, a->length) == 0 && b->string[b->length] == 0;
    case TY_TENSOR:
        return same_tensor(a->tensor, b->tensor);
    default:
        return true;
    }
}

/* A path in a folder of the test's own: the same name gives the same string, which stays valid. */
static char test_folder[64];
static UNUSED const char *in_folder(const char *name)
{
    static char paths[64][256];
    static int count;
    char path[256];
    snprintf(path, sizeof path, "%.60s/%.150s", test_folder, name);
    for (int i = 0; i < count; i++)
        if (strcmp(paths[i], path) == 0)
            return paths[i];
    return count < 64 ? strcpy(paths[count++], path) : NULL;
}

static UNUSED int make_folder(void **state)
{
    (void)state;
    /* thousands of small files: in memory where the system has a place for them */
    strcpy(test_folder, access("/dev/shm", W_OK) == 0 ? "/dev/shm/tycho-test-io-XXXXXX" : "/tmp/tycho-test-io-XXXXXX");
    return mkdtemp(test_folder) ? 0 : -1;
}

static UNUSED int remove_folder(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", test_folder);
    return system(command);
}

/* A file of tests/golden/files. TYCHO_GOLDEN names another folder. */
static UNUSED const char *golden(const char *name)
{
    static char path[4096];
    const char *folder = getenv("TYCHO_GOLDEN");
    if (folder) {
        snprintf(path, sizeof path, "%s/%s.pt", folder, name);
        return path;
    }
    snprintf(path, sizeof path, "%s", __FILE__);
    char *slash = strrchr(path, '/');
    size_t at = slash ? (size_t)(slash - path) + 1 : 0;
    snprintf(path + at, sizeof path - at, "../golden/files/%s.pt", name);
    return path;
}

/* A whole file in memory; free() it. */
static UNUSED unsigned char *slurp(const char *path, size_t *length)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        return NULL;
    fseek(f, 0, SEEK_END);
    *length = (size_t)ftell(f);
    rewind(f);
    unsigned char *bytes = malloc(*length + 1);
    *length = fread(bytes, 1, *length, f);
    bytes[*length] = 0;
    fclose(f);
    return bytes;
}

static UNUSED void spill(const char *path, const void *bytes, size_t length)
{
    unlink(path); /* writing over a file waits for the disk on some file systems */
    FILE *f = fopen(path, "wb");
    if (f) {
        fwrite(bytes, 1, length, f);
        fclose(f);
    }
}

#endif
