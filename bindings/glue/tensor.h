/*
 * Tensors as Lua values: a full userdata that owns one reference to a ty_tensor. Also the small objects that stand
 * beside them: dtypes and devices. Relies on state.h and error.h; knows nothing of the table of ops.
 */
#ifndef TYB_TENSOR_H
#define TYB_TENSOR_H

#include <lua.h>

#include "error.h"
#include "state.h"
#include "tycho.h"

typedef struct tyb_handle {
    ty_tensor *x;    /* NULL: empty, or closed */
    const void *tag; /* the state's tensor_meta, until the handle is collected: tells it from other userdata */
    bool parameter;
} tyb_handle;

/* The handle at idx, NULL when the value is none. Quicker than to ask for the metatable; what is collected has lost its
 * tag, so that memory which is used again cannot be mistaken. */
static inline tyb_handle *tyb_test_tensor(lua_State *L, int idx, const tyb_state *s)
{
    tyb_handle *handle = lua_touserdata(L, idx);
    return handle && lua_rawlen(L, idx) == sizeof *handle && handle->tag == s->tensor_meta ? handle : NULL;
}

/* The tensor at idx, borrowed; NULL when the value is none. */
ty_tensor *tyb_to_tensor(lua_State *L, int idx);
/* The same, but raises a Lua error that says what was found instead. */
ty_tensor *tyb_check_tensor(lua_State *L, int idx, const char *what);
/* Pushes a handle on x and takes over the reference, also when it raises. x NULL raises the core's error. */
void tyb_push_tensor(lua_State *L, ty_tensor *owned);
/* The same for a handle flagged as an nn parameter. */
void tyb_push_parameter(lua_State *L, ty_tensor *owned);
bool tyb_is_parameter(lua_State *L, int idx);

/*
 * In two steps, for code that must not lose a tensor to an error: pushes an empty handle first (may collect garbage,
 * may raise), then gives it its tensor (never raises).
 */
tyb_handle *tyb_new_handle(lua_State *L, tyb_state *s);
void tyb_fill_handle(tyb_state *s, tyb_handle *handle, ty_tensor *owned);

/* The dtype of a dtype object or of a string that names one; TY_DTYPE_NONE when the value is neither. */
ty_dtype tyb_to_dtype(lua_State *L, int idx);
void tyb_push_dtype(lua_State *L, ty_dtype dtype);
/* The device of a device object or of a string. TY_FAIL with the core's error set when it is neither, or not to be had.
 */
ty_status tyb_to_device(lua_State *L, int idx, ty_device *device);
void tyb_push_device(lua_State *L, ty_device device);

/* "a tensor", "a table", "the string \"abc\"": what a value is, for messages. buffer is filled and returned. */
const char *tyb_say(lua_State *L, int idx, char buffer[64]);

/* Create the metatables of tensors (tensor.c), and of dtypes, devices and shapes (types.c); leave the stack as it was.
 */
void tyb_open_types(lua_State *L, tyb_state *s);
void tyb_open_small_types(lua_State *L, tyb_state *s);
/* Sets the fields dtypes, aliases included, and device of the table on top of the stack. */
void tyb_open_type_functions(lua_State *L, tyb_state *s);
/* Fill the tensors' metatable; `methods` is the stack index of the table of methods. */
void tyb_open_fields(lua_State *L, tyb_state *s, int methods);
void tyb_open_operators(lua_State *L, tyb_state *s);

/* x[key] and x[key] = value for keys that are no strings: the key at stack index `key`. subscript.c */
int tyb_subscript(lua_State *L, tyb_state *s, ty_tensor *x, int key);
void tyb_assign(lua_State *L, tyb_state *s, ty_tensor *x, int key, int value);

/*
 * table.c. A tensor from the Lua value at idx (number, boolean, or nested table); dtype TY_DTYPE_NONE: by the numbers'
 * subtypes. Never raises: NULL with the core's error set, `name` before the message.
 */
ty_tensor *tyb_from_value(lua_State *L, int idx, ty_dtype dtype, const char *name);
/* Pushes the nested table (or the number) that x stands for. */
void tyb_push_table(lua_State *L, tyb_state *s, ty_tensor *x);
/* Pushes a Lua number or boolean. */
void tyb_push_scalar(lua_State *L, ty_scalar value);
/* Pushes a list of counts, which prints as "{2, 3}" and equals another such list with the same items. types.c */
void tyb_push_sizes(lua_State *L, int count, const int64_t *items);

#endif
