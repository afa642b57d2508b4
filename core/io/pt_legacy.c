/*
 * PyTorch's files from 0.1.10 to 1.5 (and of torch.save(..., _use_new_zipfile_serialization=False)): five pickles one
 * after the other (a magic number, the protocol, facts about the machine, the value, the keys of the storages) and
 * then, for each key, the number of elements and their bytes. Only read, never written; no size is believed before the
 * file was seen to be long enough for it.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "io/map.h"
#include "io/pickle.h"
#include "tensor/interrupt.h"

#define BUFFER_BYTES 65536
#define PIECE        ((size_t)4 << 20)

/* The pickles of the magic number and of protocol 1001. */
static const unsigned char magic[TYI_LEGACY_MAGIC_BYTES] = {0x80, 2,    0x8a, 10,   0x6c, 0xfc, 0x9c, 0x46,
                                                            0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, '.'};
static const unsigned char protocol[] = {0x80, 2, 'M', 0xe9, 0x03, '.'};

typedef struct pending {
    tyi_storage *storage; /* own reference */
    ty_dtype dtype;
    bool filled;
} pending;

typedef struct legacy {
    const char *path;
    int file;
    unsigned char *buffer;
    size_t at, end;
    bool swap;
    uint64_t claimable; /* bytes that storages may still take */
    pending *storages;
    size_t count, room;
    tyi_map keys;
} legacy;

bool tyi_is_legacy(const unsigned char *bytes, size_t length)
{
    return length >= sizeof magic && memcmp(bytes, magic, sizeof magic) == 0;
}

/* Reads through the buffer; returns fewer bytes at the end of the file or on an error. */
static size_t read_buffered(void *context, void *to, size_t bytes)
{
    legacy *f = context;
    size_t done = 0;
    while (done < bytes) {
        if (f->at < f->end) {
            size_t n = f->end - f->at < bytes - done ? f->end - f->at : bytes - done;
            memcpy((char *)to + done, f->buffer + f->at, n);
            f->at += n;
            done += n;
            continue;
        }
        /* What is large goes straight to its place. */
        bool direct = bytes - done >= BUFFER_BYTES;
        size_t most = bytes - done < PIECE ? bytes - done : PIECE;
        ssize_t n = direct ? read(f->file, (char *)to + done, most) : read(f->file, f->buffer, BUFFER_BYTES);
        if (n < 0 && errno == EINTR && !tyi_interrupted())
            continue;
        if (n <= 0 || tyi_interrupted())
            break;
        if (direct) {
            done += (size_t)n;
        } else {
            f->at = 0;
            f->end = (size_t)n;
        }
    }
    return done;
}

static tyi_storage *claim_storage(void *context, const char *key, size_t length, ty_dtype dtype, int64_t numel)
{
    legacy *f = context;
    size_t bytes = (size_t)numel * ty_dtype_size(dtype);
    if (bytes > f->claimable)
        return tyi_fail(TY_ERROR_IO,
                        "load: %.400s: the storages claim more bytes than the file has; the file is cut short or "
                        "damaged: fetch or save it again",
                        f->path);
    f->claimable -= bytes;
    if (f->count == f->room) {
        size_t room = f->room ? f->room * 2 : 16;
        pending *storages = realloc(f->storages, room * sizeof *storages);
        if (!storages) {
            tyi_fail_memory(room * sizeof *storages);
            return NULL;
        }
        f->storages = storages;
        f->room = room;
    }
    if (tyi_map_add(&f->keys, key, length, f->count) != TY_OK)
        return NULL;
    tyi_storage *s = tyi_storage_new(bytes, TY_DEVICE_CPU);
    if (!s)
        return NULL;
    atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
    f->storages[f->count++] = (pending){s, dtype, false};
    return s;
}

static ty_status fail_damaged(const legacy *f, const char *what)
{
    if (tyi_interrupted())
        return ty_fail(TY_ERROR_INTERRUPT, "load: %.400s: interrupted", f->path);
    return ty_fail(TY_ERROR_IO, "load: %.400s: %s; the file is cut short or damaged: fetch or save it again", f->path,
                   what);
}

/* The machine that wrote the file: only its byte order matters. */
static ty_status read_system(legacy *f, tyi_pickle_source *source)
{
    ty_value *v = tyi_pickle_read(f->path, source, NULL, NULL);
    if (!v)
        return TY_FAIL;
    bool little = true;
    for (size_t i = 0; v->kind == TY_DICT && i < v->count; i++)
        if (v->keys[i]->kind == TY_STRING && strcmp(v->keys[i]->string, "little_endian") == 0)
            little = v->items[i]->integer != 0;
    ty_value_free(v);
    f->swap = little != (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);
    return TY_OK;
}

/* The bytes of one storage: the number of its elements, always little-endian, and they themselves. */
static ty_status read_storage(legacy *f, tyi_pickle_source *source, const ty_value *key)
{
    size_t *known = key->kind == TY_STRING ? tyi_map_find(&f->keys, key->string, key->length) : NULL;
    if (!known)
        return fail_damaged(f, "a storage that no tensor uses");
    pending *p = &f->storages[*known];
    if (p->filled)
        return fail_damaged(f, "a storage that is there twice");
    unsigned char text[8];
    uint64_t numel = 0;
    if (source->left < sizeof text || read_buffered(f, text, sizeof text) != sizeof text)
        return fail_damaged(f, "it ends before a storage");
    source->left -= sizeof text;
    for (int i = 0; i < 8; i++)
        numel |= (uint64_t)text[i] << (8 * i);
    if (numel != p->storage->bytes / ty_dtype_size(p->dtype))
        return fail_damaged(f, "a storage with two sizes");
    if (source->left < p->storage->bytes || read_buffered(f, p->storage->data, p->storage->bytes) != p->storage->bytes)
        return fail_damaged(f, "it ends inside a storage");
    source->left -= p->storage->bytes;
    tyi_settle_storage(p->storage, p->dtype, f->swap);
    p->filled = true;
    return TY_OK;
}

static ty_status read_storages(legacy *f, tyi_pickle_source *source)
{
    ty_value *keys = tyi_pickle_read(f->path, source, NULL, NULL);
    if (!keys)
        return TY_FAIL;
    ty_status status = keys->kind == TY_LIST ? TY_OK : fail_damaged(f, "the keys of its storages are not a list");
    for (size_t i = 0; status == TY_OK && i < keys->count; i++)
        status = read_storage(f, source, keys->items[i]);
    for (size_t i = 0; status == TY_OK && i < f->count; i++)
        if (!f->storages[i].filled)
            status = fail_damaged(f, "a storage is missing");
    ty_value_free(keys);
    return status;
}

ty_value *tyi_load_legacy(const char *path, int file, uint64_t bytes, bool partial, struct tyi_places *places)
{
    legacy f = {.path = path, .file = file, .claimable = bytes, .buffer = malloc(BUFFER_BYTES)};
    if (!f.buffer) {
        tyi_fail_memory(BUFFER_BYTES);
        return NULL;
    }
    ty_value *v = NULL;
    unsigned char start[sizeof magic + sizeof protocol];
    tyi_pickle_source source = {.read = read_buffered, .context = &f, .left = bytes};
    if (bytes < sizeof start || read_buffered(&f, start, sizeof start) != sizeof start ||
        memcmp(start + sizeof magic, protocol, sizeof protocol) != 0) {
        fail_damaged(&f, "it begins as a file of torch.save before 1.6, but does not go on as one");
    } else {
        source.left -= sizeof start;
        ty_status status = read_system(&f, &source);
        source.partial = partial;
        source.places = places;
        if (status == TY_OK)
            v = tyi_pickle_read(path, &source, claim_storage, &f);
        source.partial = false;
        source.places = NULL;
        if (v && read_storages(&f, &source) != TY_OK) {
            ty_value_free(v);
            v = NULL;
        }
    }
    for (size_t i = 0; i < f.count; i++)
        tyi_storage_release(f.storages[i].storage);
    free(f.storages);
    tyi_map_free(&f.keys);
    free(f.buffer);
    return v;
}
