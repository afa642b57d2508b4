/*
 * The functions of every kernel that a recording needs, made from kernels.def: one that notes a call and makes it, one
 * that makes it again, one that walks its operands. Relies on the order of arguments in backend.h.
 */
#include "capture/capture.h"

/* Lists of n pairs (type, name): as parameters, fields, what is stored, and what is passed on. */
#define PARAMETERS_1(t, n)      t n
#define PARAMETERS_2(t, n, ...) t n, PARAMETERS_1(__VA_ARGS__)
#define PARAMETERS_3(t, n, ...) t n, PARAMETERS_2(__VA_ARGS__)
#define PARAMETERS_4(t, n, ...) t n, PARAMETERS_3(__VA_ARGS__)
#define PARAMETERS_5(t, n, ...) t n, PARAMETERS_4(__VA_ARGS__)
#define PARAMETERS_6(t, n, ...) t n, PARAMETERS_5(__VA_ARGS__)
#define PARAMETERS_7(t, n, ...) t n, PARAMETERS_6(__VA_ARGS__)
#define PARAMETERS_8(t, n, ...) t n, PARAMETERS_7(__VA_ARGS__)
#define FIELDS_1(t, n)          t n;
#define FIELDS_2(t, n, ...)                                                                                            \
    t n;                                                                                                               \
    FIELDS_1(__VA_ARGS__)
#define FIELDS_3(t, n, ...)                                                                                            \
    t n;                                                                                                               \
    FIELDS_2(__VA_ARGS__)
#define FIELDS_4(t, n, ...)                                                                                            \
    t n;                                                                                                               \
    FIELDS_3(__VA_ARGS__)
#define FIELDS_5(t, n, ...)                                                                                            \
    t n;                                                                                                               \
    FIELDS_4(__VA_ARGS__)
#define FIELDS_6(t, n, ...)                                                                                            \
    t n;                                                                                                               \
    FIELDS_5(__VA_ARGS__)
#define FIELDS_7(t, n, ...)                                                                                            \
    t n;                                                                                                               \
    FIELDS_6(__VA_ARGS__)
#define FIELDS_8(t, n, ...)                                                                                            \
    t n;                                                                                                               \
    FIELDS_7(__VA_ARGS__)
#define NAMES_1(of, t, n)      of n
#define NAMES_2(of, t, n, ...) of n, NAMES_1(of, __VA_ARGS__)
#define NAMES_3(of, t, n, ...) of n, NAMES_2(of, __VA_ARGS__)
#define NAMES_4(of, t, n, ...) of n, NAMES_3(of, __VA_ARGS__)
#define NAMES_5(of, t, n, ...) of n, NAMES_4(of, __VA_ARGS__)
#define NAMES_6(of, t, n, ...) of n, NAMES_5(of, __VA_ARGS__)
#define NAMES_7(of, t, n, ...) of n, NAMES_6(of, __VA_ARGS__)
#define NAMES_8(of, t, n, ...) of n, NAMES_7(of, __VA_ARGS__)

/* Operands of the arguments `a`. */
#define R(f)          tyi_visit(v, &a->f, true, false);
#define W(f)          tyi_visit(v, &a->f, false, true);
#define U(f)          tyi_visit(v, &a->f, true, true);
#define M(written, f) tyi_visit(v, &a->f, !(written), written);
#define ALSO(read, f) tyi_visit(v, &a->f, read, true);
#define EACH(n, f)                                                                                                     \
    for (int i = 0; i < (n); i++)                                                                                      \
        tyi_visit(v, &a->f[i], true, false);

/* ---- Arguments by one struct ---- */

#define TYPE_OF(name, T, its_kind)                                                                                     \
    static const tyi_call_type type_##name = {#name, its_kind, sizeof(T), run_##name, operands_##name}

#define TYI_ARGS(name, T, its_operands)                                                                                \
    static void operands_##name(void *args, tyi_visitor *v)                                                            \
    {                                                                                                                  \
        T *a = args;                                                                                                   \
        its_operands                                                                                                   \
    }                                                                                                                  \
    static ty_status run_##name(const tyi_backend *device, const void *args, bool *stale)                              \
    {                                                                                                                  \
        (void)stale;                                                                                                   \
        return device->name(args);                                                                                     \
    }                                                                                                                  \
    TYPE_OF(name, T, TYI_CALL_KERNEL);                                                                                 \
    static ty_status note_##name(const T *args)                                                                        \
    {                                                                                                                  \
        return tyi_note(&type_##name, args) ? tyi_noting_device()->name(args) : TY_FAIL;                               \
    }

/* ---- Walks ---- */

static void operands_of_iter(void *args, tyi_visitor *v)
{
    tyi_iter *iter = args;
    for (int i = 0; iter->numel && i < iter->count; i++)
        tyi_visit(v, &iter->operands[i].data, i > 0, i == 0);
}

/* The walk comes first, so that it is found without knowing the kernel. */
typedef struct iter_value {
    tyi_iter iter;
    ty_scalar value;
} iter_value;
typedef struct iter_op {
    tyi_iter iter;
    int op;
} iter_op;

#define ITER_KERNEL(name, T, parameters, store, passed, kept)                                                          \
    static ty_status run_##name(const tyi_backend *device, const void *args, bool *stale)                              \
    {                                                                                                                  \
        const T *a = args;                                                                                             \
        (void)stale;                                                                                                   \
        return device->name kept;                                                                                      \
    }                                                                                                                  \
    static const tyi_call_type type_##name = {#name, TYI_CALL_POINTWISE, sizeof(T), run_##name, operands_of_iter};     \
    static ty_status note_##name parameters                                                                            \
    {                                                                                                                  \
        T a = store;                                                                                                   \
        return tyi_note(&type_##name, &a) ? tyi_noting_device()->name passed : TY_FAIL;                                \
    }
#define TYI_ITER(name) ITER_KERNEL(name, tyi_iter, (const tyi_iter *iter), *iter, (iter), (a))
#define TYI_OP_ITER(name, O)                                                                                           \
    ITER_KERNEL(name, iter_op, (O op, const tyi_iter *iter), ((iter_op){*iter, (int)op}), (op, iter),                  \
                ((O)a->op, &a->iter))
#define TYI_ITER_VALUE(name)                                                                                           \
    ITER_KERNEL(name, iter_value, (const tyi_iter *iter, ty_scalar value), ((iter_value){*iter, value}),               \
                (iter, value), (&a->iter, a->value))

/* ---- Arguments by value ---- */

#define BY_VALUE(name, its_kind, its_operands, n, ...)                                                                 \
    typedef struct args_##name {                                                                                       \
        FIELDS_##n(__VA_ARGS__)                                                                                        \
    } args_##name;                                                                                                     \
    static void operands_##name(void *args, tyi_visitor *v)                                                            \
    {                                                                                                                  \
        args_##name *a = args;                                                                                         \
        its_operands                                                                                                   \
    }                                                                                                                  \
    static ty_status run_##name(const tyi_backend *device, const void *args, bool *stale)                              \
    {                                                                                                                  \
        const args_##name *a = args;                                                                                   \
        (void)stale;                                                                                                   \
        return device->name(NAMES_##n(a->, __VA_ARGS__));                                                              \
    }                                                                                                                  \
    TYPE_OF(name, args_##name, its_kind);                                                                              \
    static ty_status note_##name(PARAMETERS_##n(__VA_ARGS__))                                                          \
    {                                                                                                                  \
        args_##name kept = {NAMES_##n(, __VA_ARGS__)};                                                                 \
        return tyi_note(&type_##name, &kept) ? tyi_noting_device()->name(NAMES_##n(, __VA_ARGS__)) : TY_FAIL;          \
    }
#define TYI_PLAIN(name, its_operands, n, ...)  BY_VALUE(name, TYI_CALL_KERNEL, its_operands, n, __VA_ARGS__)
#define TYI_RANDOM(name, its_operands, n, ...) BY_VALUE(name, TYI_CALL_RANDOM, its_operands, n, __VA_ARGS__)

/* ---- Those that are not for replays ---- */

#define UNPACK(...) __VA_ARGS__
#define TYI_GUARD(name)
#define TYI_REFUSED(name, arguments, cure)                                                                             \
    __attribute__((unused)) static ty_status note_##name arguments                                                     \
    {                                                                                                                  \
        return ty_capture_refuse(#name, cure);                                                                         \
    }

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"
#include "capture/kernels.def"
#pragma GCC diagnostic pop

/* ---- The table ---- */

#undef TYI_ARGS
#undef TYI_ITER
#undef TYI_OP_ITER
#undef TYI_ITER_VALUE
#undef TYI_PLAIN
#undef TYI_RANDOM
#undef TYI_GUARD
#undef TYI_REFUSED
#define TYI_ARGS(name, ...)    .name = note_##name,
#define TYI_ITER(name)         .name = note_##name,
#define TYI_OP_ITER(name, op)  .name = note_##name,
#define TYI_ITER_VALUE(name)   .name = note_##name,
#define TYI_PLAIN(name, ...)   .name = note_##name,
#define TYI_RANDOM(name, ...)  .name = note_##name,
#define TYI_GUARD(name)        .name = tyi_note_##name,
#define TYI_REFUSED(name, ...) .name = note_##name,

const tyi_backend tyi_recording_backend = {
    .name = "recording",
#include "capture/kernels.def"
};
