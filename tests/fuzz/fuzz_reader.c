/*
 * A libFuzzer target for one reader of files, which the build names by READER: whatever bytes a file holds, the reader
 * returns a value or an error; it never crashes, leaks, hangs, or takes memory out of proportion (-rss_limit_mb).
 * See tests/fuzz/CMakeLists.txt.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tycho.h"

/* Reads every element, so that memory that was promised and never filled shows. */
static void touch(ty_tensor *x)
{
    ty_tensor *whole = ty_contiguous(x);
    if (!whole)
        abort();
    volatile unsigned char sum = 0;
    const unsigned char *bytes = ty_data(whole);
    for (size_t i = 0, n = (size_t)ty_numel(whole) * ty_dtype_size(ty_dtype_of(whole)); i < n; i++)
        sum = (unsigned char)(sum + bytes[i]);
    ty_release(whole);
}

static void visit(const ty_value *v)
{
    if (v->kind == TY_TENSOR && v->tensor)
        touch(v->tensor);
    for (size_t i = 0; i < v->count; i++)
        visit(v->items[i]);
}

static void read_pt(const char *path)
{
    ty_value *v = ty_load(path);
    if (v)
        visit(v);
    ty_value_free(v);
}

static void read_npz(const char *path)
{
    ty_value *v = ty_load_npz(path);
    if (v)
        visit(v);
    ty_value_free(v);
}

static void read_csv(const char *path)
{
    const ty_csv_options options = {.delimiter = ',', .quote = '"', .header = true};
    ty_value *v = ty_load_csv(path, &options);
    if (v)
        visit(v);
    ty_value_free(v);
}

static void read_json(const char *path)
{
    ty_value *v = ty_load_json(path);
    char *text = v ? ty_json_encode(v, true) : NULL;
    free(text);
    ty_value_free(v);
}

static void read_tensor(ty_tensor *x)
{
    if (x)
        touch(x);
    ty_release(x);
}

static void read_npy(const char *path)
{
    read_tensor(ty_load_npy(path));
}

static void read_idx(const char *path)
{
    read_tensor(ty_load_idx(path));
}

static void read_image(const char *path)
{
    read_tensor(ty_read_image(path, TY_IMAGE_UNCHANGED));
}

static void read_safetensors(const char *path)
{
    ty_safetensors *f = ty_safetensors_open(path);
    for (size_t i = 0; f && i < ty_safetensors_count(f); i++)
        read_tensor(ty_safetensors_get(f, ty_safetensors_name(f, i)));
    ty_safetensors_close(f);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    /* All readers, or they would count as unused. */
    static void (*const readers[])(const char *) = {read_pt,  read_npz, read_csv,   read_json,
                                                    read_npy, read_idx, read_image, read_safetensors};
    enum { pt, npz, csv, json, npy, idx, image, safetensors };
    char path[64];
    int file = memfd_create("fuzz", MFD_CLOEXEC);
    if (file < 0 || write(file, bytes, length) != (ssize_t)length)
        abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    readers[READER](path);
    close(file);
    return 0;
}
