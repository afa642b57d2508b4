/* Errors, interrupts, dtypes, devices and plain numbers: what every other section relies on. */
#ifndef TYCHO_H
#error "include tycho.h, which includes its sections in order"
#endif

#define TY_MAX_DIMS 16 /* most dimensions of a tensor */

/* ---- Status, errors, interrupts ------------------------------------------------------------- */

typedef enum { TY_OK = 0, TY_FAIL = -1 } ty_status;

/* What went wrong, for callers that must tell kinds apart. */
typedef enum {
    TY_ERROR_NONE = 0,
    TY_ERROR_VALUE,     /* shapes, dtypes, options, states */
    TY_ERROR_INDEX,     /* an index or dimension out of range */
    TY_ERROR_MEMORY,    /* an allocation that could not be had */
    TY_ERROR_IO,        /* files */
    TY_ERROR_INTERRUPT, /* ty_interrupt() stopped the call */
    TY_ERROR_CALLBACK,  /* a hook or a function of the caller's own failed */
} ty_error_kind;

/* The message of this thread's latest failure; never NULL; valid until the next failure. */
const char *ty_error(void);
/* The kind of this thread's latest failure. */
ty_error_kind ty_error_what(void);
/* Sets the failure of this thread by a printf format and returns TY_FAIL. For code built on the library. */
ty_status ty_fail(ty_error_kind kind, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Base that messages of this thread count dimensions and indices from: 0 (C) or 1 (Lua). */
void ty_set_index_base(int base);

/* Asks running calls of every thread to stop soon; they fail with TY_ERROR_INTERRUPT. May be called in a signal
 * handler. */
void ty_interrupt(void);
/* Takes the request back, so that later calls run again. */
void ty_interrupt_clear(void);

/* ---- Dtypes and devices --------------------------------------------------------------------- */

/* Elements of the reduced floating dtypes, by their bits; they are computed with as floats. */
typedef struct ty_float16 {
    uint16_t bits; /* sign, 5 of exponent, 10 of fraction: IEEE 754 binary16 */
} ty_float16;
typedef struct ty_bfloat16 {
    uint16_t bits; /* sign, 8 of exponent, 7 of fraction: the upper half of a float */
} ty_bfloat16;

/* The one list of dtypes: X(ENUM, pytorch_name, storage C type, arithmetic C type, kind). Kernels, promotion
 * and files are generated from it. Kinds: b bool, u unsigned, i signed integer, f floating. */
#define TY_DTYPES(X)                                                                                                   \
    X(BOOL, bool, bool, bool, b)                                                                                       \
    X(UINT8, uint8, uint8_t, uint8_t, u)                                                                               \
    X(INT8, int8, int8_t, int8_t, i)                                                                                   \
    X(INT16, int16, int16_t, int16_t, i)                                                                               \
    X(INT32, int32, int32_t, int32_t, i)                                                                               \
    X(INT64, int64, int64_t, int64_t, i)                                                                               \
    X(FLOAT16, float16, ty_float16, float, f)                                                                          \
    X(BFLOAT16, bfloat16, ty_bfloat16, float, f)                                                                       \
    X(FLOAT32, float32, float, float, f)                                                                               \
    X(FLOAT64, float64, double, double, f)

typedef enum {
#define TY_X(E, name, storage, arithmetic, kind) TY_##E,
    TY_DTYPES(TY_X)
#undef TY_X
        TY_DTYPE_COUNT,
    TY_DTYPE_NONE = -1 /* "not given": take the default, or the input's */
} ty_dtype;

const char *ty_dtype_name(ty_dtype dtype);     /* "float32" ... */
ty_dtype ty_dtype_from_name(const char *name); /* TY_DTYPE_NONE when unknown */
size_t ty_dtype_size(ty_dtype dtype);          /* bytes of an element */
bool ty_dtype_is_floating(ty_dtype dtype);
ty_dtype ty_promote_types(ty_dtype a, ty_dtype b); /* torch.promote_types */
bool ty_can_cast(ty_dtype from, ty_dtype to);      /* torch.can_cast: no float to integer, nothing but bool to bool */
ty_dtype ty_get_default_dtype(void);               /* float32 at first */
ty_status ty_set_default_dtype(ty_dtype dtype);    /* floating only */

typedef enum { TY_CPU = 0, TY_CUDA = 1, TY_DEVICE_TYPES } ty_device_type;
typedef struct ty_device {
    ty_device_type type;
    int index;
} ty_device;
#define TY_DEVICE_CPU ((ty_device){TY_CPU, 0})

/* "cpu", "cuda", "cuda:1" to a device; fails when it is malformed or the device cannot be had. */
ty_status ty_device_from_name(const char *name, ty_device *device);

/* A number that keeps whether it was an integer, a float or a bool, as Lua's and Python's do. */
typedef enum { TY_SCALAR_BOOL, TY_SCALAR_INT, TY_SCALAR_FLOAT } ty_scalar_kind;
typedef struct ty_scalar {
    ty_scalar_kind kind;
    int64_t i; /* value of a bool or an integer */
    double f;  /* value of a float */
} ty_scalar;
static inline ty_scalar ty_int(int64_t i)
{
    return (ty_scalar){TY_SCALAR_INT, i, (double)i};
}
static inline ty_scalar ty_float(double f)
{
    return (ty_scalar){TY_SCALAR_FLOAT, 0, f};
}
static inline ty_scalar ty_bool(bool b)
{
    return (ty_scalar){TY_SCALAR_BOOL, b, (double)b};
}
