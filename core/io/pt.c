/*
 * PyTorch's files: the zip archive that torch.save writes since 1.6. The archive holds NAME/data.pkl (the value),
 * NAME/data/KEY (the bytes of each storage, as they lie in memory), NAME/byteorder and NAME/version. libzip reads and
 * writes the archive, pickle.h the value.
 *
 * Nothing in a file is trusted: each size is compared with what the archive says it holds, and all storages together
 * never take more memory than the file is long.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

#include "backend/cpu/pool.h"
#include "io/bytes.h"
#include "io/file.h"
#include "io/map.h"
#include "io/pickle.h"
#include "io/place.h"
#include "io/zip.h"
#include "tensor/interrupt.h"

#define PREFIX        "archive/"          /* of the names that are written */
#define ALIGNMENT     64                  /* of the storages in the file, so that they can be mapped */
#define PADDING_FIELD 0x4246              /* id of the extra field that aligns: "FB", as PyTorch's */
#define PIECE         ((size_t)256 << 10) /* that is read at a time: fits a processor's own cache */
#define BLOCK         ((uint64_t)4 << 20) /* that a thread reads */

static bool host_is_little(void)
{
    return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;
}

/* ---- Writing ---- */

/* Adds a stored entry over memory that stays until the archive is closed. *at is where its local header will begin. */
static ty_status add_entry(zip_t *zip, const char *name, const void *bytes, size_t length, uint64_t *at)
{
    zip_source_t *source = zip_source_buffer(zip, bytes, length, 0);
    zip_int64_t index = source ? zip_file_add(zip, name, source, 0) : -1;
    if (index < 0) {
        zip_source_free(source);
        return TY_FAIL;
    }
    /* libzip's local header: 30 bytes, the name, 20 bytes of zip64 sizes where they are needed, and our padding. */
    uint64_t start = *at + 30 + strlen(name) + (length >= UINT32_MAX ? 20 : 0);
    unsigned padding = (unsigned)((ALIGNMENT - (start + 4) % ALIGNMENT) % ALIGNMENT);
    unsigned char field[ALIGNMENT];
    memset(field, 'Z', sizeof field);
    *at = start + 4 + padding + length;
    /* One time for all, so that equal values make equal files: the start of the format's calendar. */
    if (zip_file_extra_field_set(zip, (zip_uint64_t)index, PADDING_FIELD, ZIP_EXTRA_FIELD_NEW, field,
                                 (zip_uint16_t)padding, ZIP_FL_LOCAL) != 0 ||
        zip_set_file_compression(zip, (zip_uint64_t)index, ZIP_CM_STORE, 0) != 0 ||
        zip_file_set_dostime(zip, (zip_uint64_t)index, 0, 0x21, 0) != 0)
        return TY_FAIL;
    return TY_OK;
}

/* The storage of x in host memory, as a tensor whose storage starts with it: x itself on the CPU. */
static ty_tensor *on_host(ty_tensor *x)
{
    if (x->storage->device.type == TY_CPU)
        return ty_retain(x);
    int64_t size = (int64_t)(x->storage->bytes / ty_dtype_size((ty_dtype)x->dtype)), stride = 1;
    ty_tensor *flat = tyi_alias(x, 1, &size, &stride, 0);
    if (!flat)
        return NULL;
    ty_tensor *host = ty_to(flat, TY_DTYPE_NONE, TY_DEVICE_CPU, false);
    ty_release(flat);
    return host;
}

/* What is written: the value, and its storages in host memory. */
typedef struct contents {
    tyi_pickle pickle;
    ty_tensor **host;
} contents;

static ty_status add_entries(zip_t *zip, void *context)
{
    const tyi_pickle *pickle = &((contents *)context)->pickle;
    ty_tensor *const *host = ((contents *)context)->host;
    const char *order = host_is_little() ? "little" : "big";
    uint64_t at = 0;
    if (add_entry(zip, PREFIX "data.pkl", pickle->bytes, pickle->length, &at) != TY_OK ||
        add_entry(zip, PREFIX "byteorder", order, strlen(order), &at) != TY_OK)
        return TY_FAIL;
    for (size_t i = 0; i < pickle->storage_count; i++) {
        char name[40];
        snprintf(name, sizeof name, PREFIX "data/%zu", i);
        size_t size = ty_dtype_size((ty_dtype)host[i]->dtype);
        if (add_entry(zip, name, host[i]->storage->data, host[i]->storage->bytes / size * size, &at) != TY_OK)
            return TY_FAIL;
    }
    return add_entry(zip, PREFIX "version", "3\n", 2, &at);
}

ty_status ty_save(const ty_value *v, const char *path)
{
    if (!v)
        return TY_FAIL;
    contents c;
    if (tyi_pickle_write(&c.pickle, v) != TY_OK)
        return TY_FAIL;
    size_t count = c.pickle.storage_count, ready = 0;
    c.host = calloc(count + 1, sizeof *c.host);
    if (!c.host)
        tyi_fail_memory(count * sizeof *c.host);
    while (c.host && ready < count && (c.host[ready] = on_host(c.pickle.storages[ready])))
        ready++;
    ty_status status = c.host && ready == count ? tyi_zip_write("save", path, add_entries, &c) : TY_FAIL;
    for (size_t i = 0; i < ready; i++)
        ty_release(c.host[i]);
    free(c.host);
    tyi_pickle_free(&c.pickle);
    return status;
}

/* ---- Reading ---- */

typedef struct archive {
    const char *path;
    zip_t *zip;
    int file;          /* the archive, beside libzip's own descriptor */
    uint64_t length;   /* of the file */
    uint64_t *headers; /* where each entry's header begins */
    uint64_t left;     /* bytes that storages may still take: the file's length at first */
    tyi_map entries;   /* full name -> index */
    char prefix[256];  /* "archive/" */
    bool partial;      /* objects that are not data are read as far as they are */
    tyi_places *places;
    bool swap; /* written by a machine of the other byte order */
} archive;

static ty_status fail_entry(const archive *a, const char *name, const char *what)
{
    return ty_fail(TY_ERROR_IO, "load: %.400s: %s: %s; the file is damaged: fetch or save it again", a->path,
                   tyi_quote_bytes(name, strlen(name)).s, what);
}

/* Index of PREFIX + name in the archive, -1 when it is not there. */
static zip_int64_t find_entry(const archive *a, const char *name, size_t length)
{
    char full[600];
    size_t prefix = strlen(a->prefix);
    if (prefix + length > sizeof full)
        return -1;
    memcpy(full, a->prefix, prefix);
    memcpy(full + prefix, name, length);
    size_t *index = tyi_map_find(&a->entries, full, prefix + length);
    return index ? (zip_int64_t)*index : -1;
}

/* All names, each once; the prefix is the first one's directory. */
static ty_status read_names(archive *a)
{
    zip_int64_t count = zip_get_num_entries(a->zip, 0);
    for (zip_int64_t i = 0; i < count; i++) {
        const char *name = zip_get_name(a->zip, (zip_uint64_t)i, ZIP_FL_ENC_RAW);
        if (!name)
            return tyi_zip_fail("load", a->path, NULL, zip_get_error(a->zip));
        size_t length = strlen(name);
        if (i == 0) {
            const char *slash = strchr(name, '/');
            size_t prefix = slash ? (size_t)(slash - name) + 1 : 0;
            if (prefix < sizeof a->prefix)
                memcpy(a->prefix, name, prefix);
        }
        if (tyi_map_find(&a->entries, name, length))
            return fail_entry(a, name, "is there twice");
        if (tyi_map_add(&a->entries, name, length, (size_t)i) != TY_OK)
            return TY_FAIL;
    }
    return TY_OK;
}

/* What the directory says of an entry that is stored as it is: only those are read, so that none is longer than its
 * file. */
static ty_status find_stored(const archive *a, zip_int64_t index, const char *name, zip_stat_t *entry)
{
    const zip_uint64_t needed = ZIP_STAT_INDEX | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_CRC |
                                ZIP_STAT_COMP_METHOD | ZIP_STAT_ENCRYPTION_METHOD;
    if (zip_stat_index(a->zip, (zip_uint64_t)index, 0, entry) != 0 || (entry->valid & needed) != needed)
        return tyi_zip_fail("load", a->path, name, zip_get_error(a->zip));
    if (entry->comp_method != ZIP_CM_STORE || entry->encryption_method != ZIP_EM_NONE)
        return ty_fail(TY_ERROR_IO,
                       "load: %.400s: %s is compressed or encrypted, which torch.save never does; unpack the archive "
                       "and pack it with zip -0",
                       a->path, tyi_quote_bytes(name, strlen(name)).s);
    return entry->comp_size == entry->size ? TY_OK : fail_entry(a, name, "has two lengths");
}

/* An entry that is being read, a block to each task of the pool. */
typedef struct reading {
    int file;
    uint64_t begin, size;
    unsigned char *to;
    uint32_t *checksums; /* of each block */
    atomic_int failure;  /* errno's value, or CUT_SHORT */
} reading;

#define CUT_SHORT (-1)

/* Reads blocks in pieces whose checksum is taken while they are in the processor's cache: the bytes come straight to
 * where they belong, and pass through memory once. */
static void read_blocks(void *context, int64_t first, int64_t end)
{
    reading *r = context;
    for (int64_t i = first; i < end; i++) {
        uint64_t done = (uint64_t)i * BLOCK, last = r->size - done < BLOCK ? r->size : done + BLOCK;
        uint32_t checksum = 0;
        while (done < last && !tyi_interrupted()) {
            size_t piece = last - done < PIECE ? (size_t)(last - done) : PIECE;
            ssize_t n = pread(r->file, r->to + done, piece, (off_t)(r->begin + done));
            if (n < 0 && errno == EINTR)
                continue;
            if (n <= 0) {
                atomic_store(&r->failure, n < 0 ? errno : CUT_SHORT);
                return;
            }
            checksum = tyi_crc32(checksum, r->to + done, (size_t)n);
            done += (uint64_t)n;
        }
        r->checksums[i] = checksum;
    }
}

/* Reads a whole entry of find_stored()'s. */
static ty_status read_entry(const archive *a, const zip_stat_t *entry, const char *name, void *to)
{
    reading r = {.file = a->file, .size = entry->size, .to = to};
    if (!tyi_zip_data(a->file, a->headers[entry->index], &r.begin) || r.begin > a->length ||
        entry->size > a->length - r.begin)
        return fail_entry(a, name, "does not lie in the file");
    int64_t blocks = (int64_t)((entry->size + BLOCK - 1) / BLOCK);
    r.checksums = calloc((size_t)blocks + 1, sizeof *r.checksums);
    if (!r.checksums)
        return tyi_fail_memory((size_t)blocks * sizeof *r.checksums);
    atomic_init(&r.failure, 0);
    bool stopped = tyi_parallel(blocks, 1, true, read_blocks, &r) != 0 || tyi_interrupted();
    uLong checksum = 0;
    for (int64_t i = 0; i < blocks; i++)
        checksum = crc32_combine(checksum, r.checksums[i],
                                 (z_off_t)(i < blocks - 1 ? BLOCK : entry->size - (uint64_t)i * BLOCK));
    free(r.checksums);
    int failure = atomic_load(&r.failure);
    if (stopped)
        return ty_fail(TY_ERROR_INTERRUPT, "load: %.400s: interrupted", a->path);
    if (failure > 0)
        return ty_fail(TY_ERROR_IO, "load: %.400s: %s", a->path, strerror(failure));
    if (failure == CUT_SHORT)
        return fail_entry(a, name, "is cut short");
    return checksum == entry->crc ? TY_OK : fail_entry(a, name, "its bytes do not fit their checksum (CRC)");
}

static tyi_storage *load_storage(void *context, const char *key, size_t length, ty_dtype dtype, int64_t numel)
{
    archive *a = context;
    char name[300];
    if (length > 200)
        return tyi_fail(TY_ERROR_IO, "load: %.400s: a storage key of %zu bytes; the file is damaged", a->path, length);
    memcpy(name, "data/", 5);
    memcpy(name + 5, key, length);
    name[5 + length] = 0;
    zip_int64_t index = find_entry(a, name, 5 + length);
    zip_stat_t entry;
    uint64_t wanted = (uint64_t)numel * ty_dtype_size(dtype);
    if (index < 0) {
        fail_entry(a, name, "is missing");
        return NULL;
    }
    if (find_stored(a, index, name, &entry) != TY_OK)
        return NULL;
    if (entry.size != wanted)
        return tyi_fail(TY_ERROR_IO,
                        "load: %.400s: %s holds %llu bytes where its tensor needs %llu; the file is damaged: fetch or "
                        "save it again",
                        a->path, tyi_quote_bytes(name, 5 + length).s, (unsigned long long)entry.size,
                        (unsigned long long)wanted);
    if (entry.size > a->left) {
        fail_entry(a, name, "the storages claim more bytes than the file has");
        return NULL;
    }
    a->left -= entry.size;
    tyi_storage *s = tyi_storage_new((size_t)entry.size, TY_DEVICE_CPU);
    if (!s)
        return NULL;
    if (read_entry(a, &entry, name, s->data) != TY_OK) {
        tyi_storage_release(s);
        return NULL;
    }
    tyi_settle_storage(s, dtype, a->swap);
    return s;
}

void tyi_settle_storage(tyi_storage *s, ty_dtype dtype, bool swap)
{
    size_t size = ty_dtype_size(dtype);
    if (swap && size > 1)
        tyi_swap_bytes(s->data, s->bytes / size, size);
    if (dtype == TY_BOOL) {
        unsigned char *at = s->data;
        for (size_t i = 0; i < s->bytes; i++)
            if (at[i] > 1) /* a page of a mapped file that is right already stays shared */
                at[i] = 1;
    }
}

static size_t read_memory(void *context, void *to, size_t bytes)
{
    const unsigned char **at = context;
    memcpy(to, *at, bytes);
    *at += bytes;
    return bytes;
}

/* "little" or "big"; without the entry the file is older than it, and little. */
static ty_status read_byte_order(archive *a)
{
    zip_int64_t index = find_entry(a, "byteorder", 9);
    char text[8] = "little";
    zip_stat_t entry = {.size = 6};
    if (index >= 0) {
        if (find_stored(a, index, "byteorder", &entry) != TY_OK)
            return TY_FAIL;
        if (entry.size > 6)
            return fail_entry(a, "byteorder", "is neither little nor big");
        if (read_entry(a, &entry, "byteorder", text) != TY_OK)
            return TY_FAIL;
    }
    bool little = entry.size == 6 && memcmp(text, "little", 6) == 0;
    if (!little && (entry.size != 3 || memcmp(text, "big", 3) != 0))
        return fail_entry(a, "byteorder", "is neither little nor big");
    a->swap = little != host_is_little();
    return TY_OK;
}

static ty_value *read_archive(archive *a)
{
    if (read_names(a) != TY_OK)
        return NULL;
    zip_int64_t index = find_entry(a, "data.pkl", 8);
    if (index < 0)
        return tyi_fail(TY_ERROR_IO, "load: %.400s is a zip archive, but not one of PyTorch's: it has no data.pkl",
                        a->path);
    if (find_entry(a, "constants.pkl", 13) >= 0 && !a->partial)
        return tyi_fail(TY_ERROR_IO,
                        "load: %.400s is a TorchScript program (torch.jit.save); only data is read: in PyTorch, save a "
                        "state dict instead: torch.save(model.state_dict(), path)",
                        a->path);
    zip_stat_t entry;
    if (read_byte_order(a) != TY_OK || find_stored(a, index, "data.pkl", &entry) != TY_OK)
        return NULL;
    if (entry.size > a->left) {
        fail_entry(a, "data.pkl", "claims more bytes than the file has");
        return NULL;
    }
    unsigned char *bytes = malloc(entry.size ? (size_t)entry.size : 1);
    if (!bytes) {
        tyi_fail_memory((size_t)entry.size);
        return NULL;
    }
    ty_value *v = NULL;
    if (read_entry(a, &entry, "data.pkl", bytes) == TY_OK) {
        const unsigned char *at = bytes;
        tyi_pickle_source source = {read_memory, &at, entry.size, a->partial, a->places};
        v = tyi_pickle_read(a->path, &source, load_storage, a);
    }
    free(bytes);
    return v;
}

static ty_value *load_zip(const char *path, int file, uint64_t bytes, bool partial, tyi_places *places)
{
    archive a = {.path = path, .file = file, .length = bytes, .left = bytes, .partial = partial, .places = places};
    int another = fcntl(file, F_DUPFD_CLOEXEC, 0); /* libzip's, which it closes */
    if (another < 0)
        return tyi_fail(TY_ERROR_IO, "load: %.400s: %s", path, strerror(errno));
    a.zip = tyi_zip_open("load", path, another);
    if (!a.zip)
        return NULL;
    a.headers = tyi_zip_headers("load", path, file, bytes, (uint64_t)zip_get_num_entries(a.zip, 0));
    ty_value *v = a.headers ? read_archive(&a) : NULL;
    zip_discard(a.zip);
    free(a.headers);
    tyi_map_free(&a.entries);
    return v;
}

/* What a file that is none of PyTorch's may be. */
static ty_value *fail_unknown(const char *path, const unsigned char *start, size_t length, uint64_t bytes)
{
    if (bytes == 0)
        return tyi_fail(TY_ERROR_IO, "load: %.400s is empty", path);
    if (length >= 262 && memcmp(start + 257, "ustar", 5) == 0)
        return tyi_fail(TY_ERROR_IO,
                        "load: %.400s is a tar archive, PyTorch's format before 0.1.10; load it in PyTorch and save it "
                        "again",
                        path);
    if (length >= 9 && start[8] == '{' && start[5] == 0 && start[6] == 0 && start[7] == 0)
        return tyi_fail(TY_ERROR_IO, "load: %.400s is a safetensors file, not one of torch.save", path);
    if (length >= 6 && memcmp(start, "\x93NUMPY", 6) == 0)
        return tyi_fail(TY_ERROR_IO, "load: %.400s is a NumPy file, not one of torch.save", path);
    if (start[0] == 0x80)
        return tyi_fail(
            TY_ERROR_IO,
            "load: %.400s is a plain Python pickle, not a file of torch.save; load it in Python and save it "
            "with torch.save",
            path);
    return tyi_fail(TY_ERROR_IO, "load: %.400s is not a file of torch.save", path);
}

static ty_value *load(const char *path, bool partial, tyi_places *places)
{
    uint64_t bytes;
    int file = tyi_file_open("load", path, &bytes);
    if (file < 0)
        return NULL;
    unsigned char start[512];
    ssize_t length = pread(file, start, sizeof start, 0);
    if (length < 0)
        ty_fail(TY_ERROR_IO, "load: %.400s: %s", path, strerror(errno));
    ty_value *v = NULL;
    if (length >= 4 && memcmp(start, "PK\3\4", 4) == 0)
        v = load_zip(path, file, bytes, partial, places);
    else if (length >= 0)
        v = tyi_is_legacy(start, (size_t)length) ? tyi_load_legacy(path, file, bytes, partial, places)
                                                 : fail_unknown(path, start, (size_t)length, bytes);
    close(file);
    return v;
}

ty_value *ty_load(const char *path)
{
    return load(path, false, NULL);
}

ty_value *ty_load_partial(const char *path)
{
    return load(path, true, NULL);
}

ty_value *ty_load_to(const char *path, bool partial, ty_load_place where, void *context)
{
    tyi_places places = {.where = where, .context = context};
    ty_value *v = load(path, partial, &places);
    if (v && tyi_places_move(&places, v) != TY_OK) {
        ty_value_free(v);
        v = NULL;
    }
    tyi_places_free(&places);
    return v;
}
