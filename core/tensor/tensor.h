/*
 * The tensor itself, for the library's own code: storage, geometry, and the small helpers that every op uses.
 * Knows nothing of autograd but that a tensor may carry a record of it (tyi_meta), and nothing of ops.
 */
#ifndef TYI_TENSOR_H
#define TYI_TENSOR_H

#include <stdatomic.h>
#include <string.h>

#include "tycho.h"
#include "tensor/error.h"
#include "tensor/reduced.h"
#include "tensor/watch.h"

/* A block of device memory that tensors share. */
typedef struct tyi_storage {
    atomic_int refs;
    atomic_uint version; /* in-place changes so far */
    bool inference;      /* made in inference mode: takes no part in autograd */
    ty_device device;
    size_t bytes;
    void *data;
    void (*release)(struct tyi_storage *); /* gives back `data` and the storage itself */
    void *owner;                           /* for `release` */
} tyi_storage;

/* What autograd hangs on a tensor; the fields behind it are autograd's own. */
typedef struct tyi_meta {
    void (*release)(struct tyi_meta *);
} tyi_meta;

struct ty_tensor {
    atomic_int refs;
    int8_t dtype;
    uint8_t ndim;
    bool wrapped;    /* a plain number, for type promotion */
    bool contiguous; /* row-major without gaps */
    int64_t numel;
    int64_t offset; /* elements from the storage's start */
    tyi_storage *storage;
    tyi_meta *meta; /* NULL: autograd has not touched it */
    int64_t sizes[TY_MAX_DIMS], strides[TY_MAX_DIMS];
};

/* Drops a reference, and says whether it was the last. Who holds the only one need not subtract from it: nobody else
 * can take another meanwhile. */
static inline bool tyi_drop_ref(atomic_int *refs)
{
    return atomic_load_explicit(refs, memory_order_acquire) == 1 ||
           atomic_fetch_sub_explicit(refs, 1, memory_order_acq_rel) == 1;
}

/* Bytes of an element, without a call. */
static inline size_t tyi_dtype_size(ty_dtype dtype)
{
    static const uint8_t sizes[] = {
#define TY_X(E, name, storage, arithmetic, kind) sizeof(storage),
        TY_DTYPES(TY_X)
#undef TY_X
    };
    return sizes[dtype];
}

/* First element. */
static inline void *tyi_data(const ty_tensor *x)
{
    if (__builtin_expect(tyi_watching != NULL, 0))
        tyi_watching->touched(tyi_watching, x);
    return (char *)x->storage->data + (size_t)x->offset * tyi_dtype_size((ty_dtype)x->dtype);
}

static inline void tyi_bump_version(ty_tensor *x)
{
    atomic_fetch_add_explicit(&x->storage->version, 1, memory_order_relaxed);
}

/* Whether this thread is in inference mode: storages that it makes are marked. */
extern _Thread_local bool tyi_inference_mode;

/* Memory of a device, uninitialised. NULL on failure. */
tyi_storage *tyi_storage_new(size_t bytes, ty_device device);
void tyi_storage_release(tyi_storage *s);

/* A tensor over fresh memory, contiguous; over x's memory with another geometry (no history; caller checks bounds). */
ty_tensor *tyi_new(int ndim, const int64_t *sizes, ty_dtype dtype, ty_device device);
ty_tensor *tyi_alias(const ty_tensor *x, int ndim, const int64_t *sizes, const int64_t *strides, int64_t offset);
/* A tensor over a storage, whose reference it takes over (also on failure). */
ty_tensor *tyi_from_storage(tyi_storage *s, ty_dtype dtype, int ndim, const int64_t *sizes, const int64_t *strides,
                            int64_t offset);
/* Fresh memory without gaps whose dimensions follow each other as x's do by their strides (torch.preserve_format). */
ty_tensor *tyi_new_like(const ty_tensor *x, ty_dtype dtype);

/* Number of elements; fails on negative sizes, too many dimensions or overflow. `name` is the op, for the message. */
ty_status tyi_check_sizes(const char *name, int ndim, const int64_t *sizes, int64_t *numel);
void tyi_row_major(int ndim, const int64_t *sizes, int64_t *strides);
bool tyi_compute_contiguous(int ndim, const int64_t *sizes, const int64_t *strides);
bool tyi_is_dense(const ty_tensor *x);        /* no gaps, no overlap, in some order of dimensions */
bool tyi_overlaps_itself(const ty_tensor *x); /* two indices may address one element, as after expand */

/* dim counted from the end when negative, checked against ndim; -1 as result after setting the error. A tensor without
 * dimensions takes dims -1 and 0, as in PyTorch. */
int tyi_wrap_dim(const char *name, int64_t dim, int ndim);
/* Wraps a list into a bit mask; ndims 0: all dimensions. Repeated dimensions fail. */
ty_status tyi_dim_mask(const char *name, const ty_tensor *x, int ndims, const int64_t *dims, uint32_t *mask);
/* Shape that both broadcast to. */
ty_status tyi_broadcast(const char *name, const ty_tensor *a, const ty_tensor *b, int *ndim, int64_t *sizes);
bool tyi_same_shape(const ty_tensor *a, const ty_tensor *b);

/* Result dtype of an op over these (dimensioned over zero-dimensional over numbers, as torch.result_type). */
ty_dtype tyi_result_type(int count, ty_tensor *const *tensors);
/* That, made floating (default dtype) when it is not. */
ty_dtype tyi_float_type(ty_dtype dtype);

/* All tensors on one device (zero-dimensional ones on the CPU go along with any); the device is in *device. */
ty_status tyi_same_device(const char *name, int count, ty_tensor *const *tensors, ty_device *device);

/* The value of element `index` of contiguous host data as a scalar, and the reverse with conversion as in C. */
ty_scalar tyi_load_scalar(const void *data, ty_dtype dtype);
void tyi_store_scalar(void *data, ty_dtype dtype, ty_scalar value);
/* A number as an element of a floating dtype holds it. */
static inline double tyi_rounded(ty_dtype dtype, double value)
{
    char element[8];
    tyi_store_scalar(element, dtype, ty_float(value));
    return tyi_load_scalar(element, dtype).f;
}

/* For messages: "{2, 3}" (dims; several calls may stand in one message) and "float32{2, 3}". */
typedef struct tyi_text {
    char s[160];
} tyi_text;
tyi_text tyi_shape_text(int ndim, const int64_t *sizes);
tyi_text tyi_describe(const ty_tensor *x);
tyi_text tyi_device_text(ty_device device);
#define TYI_SHAPE(x)    tyi_shape_text((x)->ndim, (x)->sizes).s
#define TYI_DESCRIBE(x) tyi_describe(x).s
#define TYI_DEVICE(x)   tyi_device_text((x)->storage->device).s

#endif
