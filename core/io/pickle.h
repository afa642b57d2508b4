/*
 * Python's pickle, as far as plain data with tensors needs it: a writer that makes the stream torch.save would make of
 * a ty_value tree, and a reader that builds a tree from a stream without ever executing anything. Both know how PyTorch
 * spells tensors; neither knows where the bytes of storages lie: that is the business of the container's file (pt.c,
 * pt_legacy.c).
 */
#ifndef TYI_PICKLE_H
#define TYI_PICKLE_H

#include "io/bytes.h"
#include "tensor/tensor.h"

/* ---- Writing ---- */

typedef struct tyi_pickle {
    unsigned char *bytes; /* the stream, protocol 2 */
    size_t length, room;
    ty_tensor **storages; /* one tensor per storage, in the order of their keys "0", "1", ...; owned references */
    size_t storage_count, storage_room;
} tyi_pickle;

/* Writes the tree. Errors name the place inside the value: "save: value.opt[2]: ...". */
ty_status tyi_pickle_write(tyi_pickle *p, const ty_value *v);
void tyi_pickle_free(tyi_pickle *p);

/* ---- Reading ---- */

/* Where the bytes come from. `left` is how many there can still be at most: nothing larger is ever allocated for them.
 */
typedef struct tyi_pickle_source {
    size_t (*read)(void *context, void *to, size_t bytes); /* returns how many it could give */
    void *context;
    uint64_t left;
    bool partial; /* objects of classes that are not data are read as dicts of their attributes, not refused */
    struct tyi_places *places; /* where storages go (place.h); NULL: they stay */
} tyi_pickle_source;

/* Gives the storage of a key (not NUL-terminated; asked for once each) with room for numel elements of dtype, which is
 * not negative and does not overflow in bytes: a new reference, or NULL after setting the error. */
typedef tyi_storage *(*tyi_pickle_storage)(void *context, const char *key, size_t length, ty_dtype dtype,
                                           int64_t numel);

/* Reads one pickle. `path` is for messages. `storage` NULL: the stream may hold no tensors. */
ty_value *tyi_pickle_read(const char *path, tyi_pickle_source *source, tyi_pickle_storage storage, void *context);

/* ---- Both containers ---- */

/* Makes fresh bytes from a file values of a dtype: the host's byte order, booleans of 0 and 1 only. */
void tyi_settle_storage(tyi_storage *s, ty_dtype dtype, bool swap);

/* pt_legacy.c: the format before PyTorch 1.6. `file` stands at its start and stays the caller's. */
ty_value *tyi_load_legacy(const char *path, int file, uint64_t bytes, bool partial, struct tyi_places *places);
/* True when these first bytes begin such a file. */
#define TYI_LEGACY_MAGIC_BYTES 15
bool tyi_is_legacy(const unsigned char *bytes, size_t length);

#endif
