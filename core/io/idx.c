/*
 * IDX, the format of MNIST and its relatives: a magic number (two zero bytes, a code for the dtype, the number of
 * dimensions), the sizes, and the elements, row-major; all numbers big-endian. zlib reads both plain and gzipped files.
 *
 * The header is not trusted: the memory it asks for is reserved only when the file could fill it, and touched only as
 * far as it does.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "io/bytes.h"
#include "io/file.h"
#include "tensor/interrupt.h"
#include "tensor/tensor.h"

#define PIECE         ((unsigned)1 << 20)
#define DEFLATE_RATIO 1032 /* no deflate stream unfolds by more */

static ty_dtype dtype_of_code(unsigned char code)
{
    switch (code) {
    case 0x08:
        return TY_UINT8;
    case 0x09:
        return TY_INT8;
    case 0x0b:
        return TY_INT16;
    case 0x0c:
        return TY_INT32;
    case 0x0d:
        return TY_FLOAT32;
    case 0x0e:
        return TY_FLOAT64;
    default:
        return TY_DTYPE_NONE;
    }
}

static ty_status fail_short(const char *path, uint64_t holds, uint64_t promises)
{
    return ty_fail(
        TY_ERROR_IO,
        "load_idx: %.400s holds %llu bytes where its header promises %llu: the file is cut short; delete it and "
        "fetch it again",
        path, (unsigned long long)holds, (unsigned long long)promises);
}

/* Reads up to `bytes`, less only at the end of the data; *got is how many. What zlib finds wrong with a gzip stream
 * fails, except that it ends too early: the caller knows how much there should have been. */
static ty_status read_some(const char *path, gzFile file, void *to, uint64_t bytes, uint64_t *got)
{
    *got = 0;
    while (*got < bytes) {
        if (tyi_interrupted())
            return ty_fail(TY_ERROR_INTERRUPT, "load_idx: %.400s: interrupted", path);
        uint64_t left = bytes - *got;
        int n = gzread(file, (char *)to + *got, left < PIECE ? (unsigned)left : PIECE);
        if (n > 0) {
            *got += (uint64_t)n;
            continue;
        }
        int code = Z_OK;
        const char *message = gzerror(file, &code);
        if (n == 0 || code == Z_BUF_ERROR)
            return TY_OK;
        if (code == Z_ERRNO)
            return ty_fail(TY_ERROR_IO, "load_idx: %.400s: %s", path, strerror(errno));
        return ty_fail(TY_ERROR_IO, "load_idx: %.400s: the gzip data is damaged (%s); delete it and fetch it again",
                       path, message);
    }
    return TY_OK;
}

/* The header; *length receives its bytes. */
static ty_status read_header(const char *path, gzFile file, ty_dtype *dtype, int *ndim, int64_t *sizes,
                             uint64_t *length)
{
    unsigned char magic[4], size[4 * TY_MAX_DIMS];
    uint64_t got;
    if (read_some(path, file, magic, sizeof magic, &got) != TY_OK)
        return TY_FAIL;
    if (got < sizeof magic)
        return ty_fail(TY_ERROR_IO, "load_idx: %.400s holds %llu bytes, too few for an IDX file", path,
                       (unsigned long long)got);
    *dtype = dtype_of_code(magic[2]);
    *ndim = magic[3];
    if (magic[0] || magic[1])
        return ty_fail(
            TY_ERROR_IO,
            "load_idx: %.400s is not an IDX file: it begins with %02x %02x %02x %02x, an IDX file with 00 00", path,
            magic[0], magic[1], magic[2], magic[3]);
    if (*dtype == TY_DTYPE_NONE)
        return ty_fail(TY_ERROR_IO,
                       "load_idx: %.400s has dtype code 0x%02x; known are 08 uint8, 09 int8, 0b int16, 0c int32, 0d "
                       "float32, 0e float64",
                       path, magic[2]);
    if (*ndim < 1 || *ndim > TY_MAX_DIMS)
        return ty_fail(TY_ERROR_IO, "load_idx: %.400s has %d dimensions; 1 to %d can be read", path, *ndim,
                       TY_MAX_DIMS);
    uint64_t wanted = 4u * (uint64_t)*ndim;
    *length = sizeof magic + wanted;
    if (read_some(path, file, size, wanted, &got) != TY_OK)
        return TY_FAIL;
    if (got < wanted)
        return fail_short(path, sizeof magic + got, *length);
    for (int d = 0; d < *ndim; d++)
        sizes[d] = (int64_t)size[4 * d] << 24 | size[4 * d + 1] << 16 | size[4 * d + 2] << 8 | size[4 * d + 3];
    return TY_OK;
}

static ty_tensor *read_idx(const char *path, gzFile file, uint64_t file_bytes)
{
    ty_dtype dtype = TY_DTYPE_NONE;
    int ndim = 0;
    int64_t sizes[TY_MAX_DIMS], numel = 0;
    uint64_t header = 0, got;
    if (read_header(path, file, &dtype, &ndim, sizes, &header) != TY_OK ||
        tyi_check_sizes("load_idx", ndim, sizes, &numel) != TY_OK)
        return NULL;
    size_t item = ty_dtype_size(dtype);
    uint64_t bytes = (uint64_t)numel * item;
    if (gzdirect(file) && header + bytes > file_bytes) {
        fail_short(path, file_bytes, header + bytes);
        return NULL;
    }
    if ((header + bytes) / DEFLATE_RATIO > file_bytes)
        return tyi_fail(
            TY_ERROR_IO,
            "load_idx: %.400s: its %llu compressed bytes cannot hold the %llu that its header promises: the file is "
            "cut short; delete it and fetch it again",
            path, (unsigned long long)file_bytes, (unsigned long long)(header + bytes));
    ty_tensor *x = tyi_new(ndim, sizes, dtype, TY_DEVICE_CPU);
    if (!x || read_some(path, file, tyi_data(x), bytes, &got) != TY_OK)
        goto fail;
    if (got < bytes) {
        fail_short(path, header + got, header + bytes);
        goto fail;
    }
    char beyond;
    if (read_some(path, file, &beyond, 1, &got) != TY_OK)
        goto fail;
    if (got) {
        ty_fail(
            TY_ERROR_IO,
            "load_idx: %.400s holds more than the %llu bytes that its header promises: the file is damaged or not an "
            "IDX file; delete it and fetch it again",
            path, (unsigned long long)(header + bytes));
        goto fail;
    }
    /* A gzip file that ends right after its last element lacks the checksum that would vouch for them. */
    int code = Z_OK;
    gzerror(file, &code);
    if (code == Z_BUF_ERROR) {
        ty_fail(
            TY_ERROR_IO,
            "load_idx: %.400s: the gzip data ends without its checksum: the file is cut short; delete it and fetch it "
            "again",
            path);
        goto fail;
    }
    if (item > 1 && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)
        tyi_swap_bytes(tyi_data(x), (size_t)numel, item);
    return x;
fail:
    ty_release(x);
    return NULL;
}

ty_tensor *ty_load_idx(const char *path)
{
    uint64_t bytes;
    int descriptor = tyi_file_open("load_idx", path, &bytes);
    if (descriptor < 0)
        return NULL;
    gzFile file = gzdopen(descriptor, "rb");
    if (!file) {
        close(descriptor);
        tyi_fail_memory(PIECE);
        return NULL;
    }
    gzbuffer(file, 1 << 17);
    ty_tensor *x = read_idx(path, file, bytes);
    gzclose(file);
    return x;
}
