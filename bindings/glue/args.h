/*
 * The binding table's types, and how arguments reach a glue function.
 *
 * A row declares the signature of a function: the name, the kind, the default of every argument, and the kinds of the
 * results. One parser (args.c) handles every call by it: positions or names, defaults, checks, conversion by kind from
 * Lua's counting (from 1) to the core's (from 0), and back for results. A glue function sees core values alone:
 *
 *     static void narrow(tyb_call *c)
 *     {
 *         c->out[0].tensor = ty_narrow(T(0), DIM(1), INDEX(2), INT(3));
 *     }
 *     {"narrow", "(input: Tensor, dim: dim, start: index, length: int) -> Tensor", narrow, TYB_TY | TYB_METHOD, ...}
 *
 * Signatures. `name: kind`, separated by commas. `kind?` may be nil or left out; `= value` is a default; `kind...`
 * takes one list or all numbers (tensors) that follow in the call; what stands after `*` goes by name alone. A row may
 * have several forms, one a line: the first that fits the call is taken, and c->form says which. Kinds of arguments:
 *
 *     Tensor         a tensor                                      T(i); NULL when absent
 *     Tensor|number  or a number, which becomes a wrapped tensor   T(i)
 *     Tensor|list    or a number or a (nested) list of them, as ty.tensor takes it       T(i)
 *     Tensors        a tensor or a list of them                    COUNT(i), TENSORS(i)
 *     Indices        a tensor of positions, converted; masks (bool) pass as they are     T(i)
 *     Classes        as Indices, but 0 is allowed and becomes TY_NO_CLASS                T(i)
 *     Classes|Tensor the same, but floating tensors pass as they are too                 T(i)
 *     IndexList      a list of Indices                             COUNT(i), TENSORS(i)
 *     number         keeps Lua's subtype                           NUMBER(i)
 *     float, int, bool, string                                     FLOAT(i), INT(i), BOOL(i), STRING(i)
 *     "a"|"b"        one of these strings                          CHOICE(i): 0, 1, ...
 *     class          an index that may be 0, which becomes TY_NO_CLASS                   INDEX(i)
 *     dim, index     converted to counting from 0, negative kept   DIM(i), INDEX(i)
 *     dims           dim or a list of them; absent: none           COUNT(i), INTS(i)
 *     dims|dims      two lists of as many dims, one after another  COUNT(i), INTS(i)
 *     sizes          a list of counts                              COUNT(i), INTS(i)
 *     dtype, device, generator                                     DTYPE(i), DEVICE(i), GENERATOR(i)
 *     any            whatever it is                                VALUE(i): its stack index
 *
 * Results, after `->`: none, or one or several (in parentheses, named) of Tensor, Tensor? (NULL gives nil), self (the
 * first argument, changed in place), Indices (the fresh tensor gets 1 added), IndexList (so does each), Tensors (a
 * list), number, int, float, bool, string, sizes, dtype, and `any` (the function has pushed one Lua value itself, and
 * holds nothing meanwhile).
 */
#ifndef TYB_ARGS_H
#define TYB_ARGS_H

#include <lua.h>

#include "state.h"
#include "tensor.h"
#include "tycho.h"

#define TYB_MAX_ARGS    12
#define TYB_MAX_RESULTS 4
#define TYB_MAX_FORMS   4

/* Where a row's function is found. */
enum { TYB_TY = 1, TYB_METHOD = 2, TYB_F = 4, TYB_INIT = 8, TYB_LINALG = 16, TYB_SPECIAL = 32, TYB_AUTOGRAD = 64 };
/* Beside them: the function takes `out = tensor` by name, which gets the result: an empty tensor its shape as well. */
enum { TYB_OUT = 128 };

typedef struct tyb_value {
    bool given; /* by the call or by a default */
    int count;  /* of a list */
    union {
        ty_tensor *tensor;
        ty_scalar number;
        double f;
        int64_t i;
        bool b;
        ty_dtype dtype;
        ty_device device;
        ty_generator *generator; /* NULL: the default one */
        const char *string;
        int64_t *ints;
        ty_tensor **tensors;
        int index;
    };
} tyb_value;

typedef struct tyb_row tyb_row;

typedef struct tyb_call {
    lua_State *L;
    tyb_state *state;
    const tyb_row *row;
    int form;                       /* which form of the signature was matched */
    ty_status status;               /* set to TY_FAIL for failures that no NULL tensor shows */
    tyb_value in[TYB_MAX_ARGS];     /* absent ones hold NULL, TY_DTYPE_NONE, the CPU, 0 items */
    tyb_value out[TYB_MAX_RESULTS]; /* Tensors: `tensors` is malloc'ed, as is each reference; string: borrowed */
} tyb_call;

struct tyb_row {
    const char *name, *signature;
    void (*function)(tyb_call *c);
    int scopes;
    const char *doc;
    const char *example; /* Lua that runs with `ty`, `F` and `nn` in scope; NULL: none */
};

#define T(n)         (c->in[n].tensor)
#define TENSORS(n)   (c->in[n].tensors)
#define COUNT(n)     (c->in[n].count)
#define NUMBER(n)    (c->in[n].number)
#define FLOAT(n)     (c->in[n].f)
#define INT(n)       (c->in[n].i)
#define BOOL(n)      (c->in[n].b)
#define STRING(n)    (c->in[n].string)
#define CHOICE(n)    ((int)c->in[n].i)
#define DIM(n)       ((int)c->in[n].i)
#define INDEX(n)     (c->in[n].i)
#define INTS(n)      (c->in[n].ints)
#define DTYPE(n)     (c->in[n].dtype)
#define DEVICE(n)    (c->in[n].device)
#define GENERATOR(n) (c->in[n].generator)
#define VALUE(n)     (c->in[n].index)
#define GIVEN(n)     (c->in[n].given)
#define RETURN(x)    (c->out[0].tensor = (x))

/* A list of rows ends in a row whose name is NULL. */
extern const tyb_row tyb_rows_conv[], tyb_rows_pool[], tyb_rows_resample[];
extern const tyb_row tyb_rows_create[], tyb_rows_random[], tyb_rows_view[], tyb_rows_unary[], tyb_rows_binary[],
    tyb_rows_reduce[], tyb_rows_matmul[], tyb_rows_loss[], tyb_rows_activation[], tyb_rows_loss_pointwise[],
    tyb_rows_index[], tyb_rows_autograd[], tyb_rows_init[], tyb_rows_facts[], tyb_rows_system[], tyb_rows_arrange[],
    tyb_rows_statistics[], tyb_rows_rnn[], tyb_rows_linalg[], tyb_rows_products[], tyb_rows_special[], tyb_rows_scan[],
    tyb_rows_stacking[], tyb_rows_replace[], tyb_rows_norm[], tyb_rows_embedding[];

/* For rows: x as a leaf that requires a gradient when asked for; NULL stays NULL. */
ty_tensor *tyb_with_grad(ty_tensor *x, bool requires_grad);
/* Options of the functions that make tensors. */
#define TYB_MAKE      "dtype: dtype?, device: device?, requires_grad: bool = false"
#define TYB_REDUCTION "reduction: \"none\"|\"mean\"|\"sum\" = \"mean\""
#define TYB_BOTH      (TYB_TY | TYB_METHOD)
/* A function op_in_place from op, for ops without a form in place of their own: the result goes into input. */
#define TYB_IN_PLACE(op)                                                                                               \
    static void op##_in_place(tyb_call *c)                                                                             \
    {                                                                                                                  \
        tyb_in_place(c, op);                                                                                           \
    }
void tyb_in_place(tyb_call *c, void (*op)(tyb_call *c));

/* Makes the functions of all rows, and sets the fields functions, methods, F, init and rows of the table on top of the
 * stack. Signatures are compiled at their first call. */
void tyb_open_rows(lua_State *L, tyb_state *s);

#endif
