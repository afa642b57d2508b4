/*
 * What is behind a tensor's dot and brackets: methods, fields, and subscripts when the key is no string; also #x,
 * pairs, printing and identity. Methods are looked up first, since they are what loops use.
 */
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>

#include "callback.h"
#include "tensor.h"

typedef enum {
    SHAPE = 1, /* 0 is what a missing name reads as */
    DTYPE_,
    DEVICE_,
    GRAD,
    REQUIRES_GRAD,
    GRAD_FN,
    IS_LEAF,
    NDIM,
    ITEMSIZE,
    NBYTES,
    TRANSPOSED,
    MATRIX_TRANSPOSED,
    DATA,
    OUTPUT_NR,
    VERSION,
    IS_CUDA
} field;

static const struct {
    const char *name;
    field id;
} fields[] = {
    {"shape", SHAPE},     {"dtype", DTYPE_},        {"device", DEVICE_},
    {"grad", GRAD},       {"grad_fn", GRAD_FN},     {"requires_grad", REQUIRES_GRAD},
    {"is_leaf", IS_LEAF}, {"ndim", NDIM},           {"itemsize", ITEMSIZE},
    {"nbytes", NBYTES},   {"T", TRANSPOSED},        {"mT", MATRIX_TRANSPOSED},
    {"data", DATA},       {"output_nr", OUTPUT_NR}, {"_version", VERSION},
    {"is_cuda", IS_CUDA},
};
#define FIELDS (sizeof fields / sizeof *fields)

static ty_tensor *self(lua_State *L, tyb_state *s)
{
    tyb_handle *handle = tyb_test_tensor(L, 1, s);
    if (!handle || !handle->x)
        tyb_check_tensor(L, 1, "tensor");
    return handle->x;
}

/* Fills a handle that is on top of the stack, or raises. */
static int finish(lua_State *L, tyb_state *s, tyb_handle *handle, ty_tensor *x)
{
    if (!x)
        tyb_raise_core(L, NULL);
    tyb_fill_handle(s, handle, x);
    return 1;
}

static ty_tensor *reversed(ty_tensor *x)
{
    int64_t dims[TY_MAX_DIMS];
    int ndim = ty_ndim(x);
    for (int d = 0; d < ndim; d++)
        dims[d] = ndim - 1 - d;
    return ty_permute(x, ndim, dims);
}

static int get_field(lua_State *L, tyb_state *s, ty_tensor *x, field id)
{
    tyb_handle *handle;
    switch (id) {
    case SHAPE:
        tyb_push_sizes(L, ty_ndim(x), ty_sizes(x));
        return 1;
    case DTYPE_:
        tyb_push_dtype(L, ty_dtype_of(x));
        return 1;
    case DEVICE_:
        tyb_push_device(L, ty_device_of(x));
        return 1;
    case GRAD:
        handle = tyb_new_handle(L, s);
        if (!ty_grad_of(x)) {
            lua_pushnil(L);
            return 1;
        }
        ty_hooks_used(ty_grad_of(x));
        return finish(L, s, handle, ty_retain(ty_grad_of(x)));
    case REQUIRES_GRAD:
        lua_pushboolean(L, ty_requires_grad(x));
        return 1;
    case GRAD_FN:
        tyb_push_node(L, s, ty_grad_fn(x));
        return 1;
    case OUTPUT_NR:
        lua_pushinteger(L, ty_output_nr(x) + 1);
        return 1;
    case VERSION:
        lua_pushinteger(L, ty_version(x));
        return 1;
    case IS_CUDA:
        lua_pushboolean(L, ty_device_of(x).type == TY_CUDA);
        return 1;
    case IS_LEAF:
        lua_pushboolean(L, ty_is_leaf(x));
        return 1;
    case NDIM:
        lua_pushinteger(L, ty_ndim(x));
        return 1;
    case ITEMSIZE:
        lua_pushinteger(L, (lua_Integer)ty_dtype_size(ty_dtype_of(x)));
        return 1;
    case NBYTES:
        lua_pushinteger(L, (lua_Integer)ty_dtype_size(ty_dtype_of(x)) * ty_numel(x));
        return 1;
    case TRANSPOSED:
        handle = tyb_new_handle(L, s);
        return finish(L, s, handle, reversed(x));
    case MATRIX_TRANSPOSED:
        if (ty_ndim(x) < 2)
            tyb_raise(L, "mT: needs a tensor of at least 2 dimensions, got one of %d", ty_ndim(x));
        handle = tyb_new_handle(L, s);
        return finish(L, s, handle, ty_transpose(x, -2, -1));
    case DATA:
        handle = tyb_new_handle(L, s);
        return finish(L, s, handle, ty_detach(x));
    }
    return 0;
}

static _Noreturn void no_field(lua_State *L, const char *name)
{
    tyb_raise(L, "a tensor has no field or method '%.60s'", name);
}

/* The strings that are subscripts: x["..."], x[ty.newaxis]. */
static bool is_subscript(const char *name)
{
    return strcmp(name, "...") == 0 || strcmp(name, "newaxis") == 0;
}

/* __index. Upvalues: the record, the methods, the ids of the fields by name. */
static int get(lua_State *L)
{
    tyb_state *s = lua_touserdata(L, lua_upvalueindex(1));
    if (lua_type(L, 2) != LUA_TSTRING)
        return tyb_subscript(L, s, self(L, s), 2);
    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(2)) != LUA_TNIL)
        return 1;
    ty_tensor *x = self(L, s);
    lua_pushvalue(L, 2);
    lua_rawget(L, lua_upvalueindex(3));
    field id = (field)lua_tointeger(L, -1);
    if (!id && is_subscript(lua_tostring(L, 2)))
        return tyb_subscript(L, s, x, 2);
    if (!id)
        no_field(L, lua_tostring(L, 2));
    return get_field(L, s, x, id);
}

/* __newindex. Upvalues as for __index. */
static int set(lua_State *L)
{
    tyb_state *s = lua_touserdata(L, lua_upvalueindex(1));
    s->running = L;
    ty_tensor *x = self(L, s);
    char said[64];
    if (lua_type(L, 2) != LUA_TSTRING) {
        tyb_assign(L, s, x, 2, 3);
        return 0;
    }
    const char *name = lua_tostring(L, 2);
    lua_pushvalue(L, 2);
    lua_rawget(L, lua_upvalueindex(3));
    switch ((field)lua_tointeger(L, -1)) {
    case REQUIRES_GRAD:
        if (!lua_isboolean(L, 3))
            tyb_raise(L, "requires_grad must be a boolean, got %s", tyb_say(L, 3, said));
        if (ty_set_requires_grad(x, lua_toboolean(L, 3)) != TY_OK)
            tyb_raise_core(L, NULL);
        return 0;
    case GRAD:
        if (ty_set_grad(x, lua_isnil(L, 3) ? NULL : tyb_check_tensor(L, 3, "grad")) != TY_OK)
            tyb_raise_core(L, NULL);
        return 0;
    case DATA:
        if (ty_set_data(x, tyb_check_tensor(L, 3, "data")) != TY_OK)
            tyb_raise_core(L, NULL);
        return 0;
    default:
        if (lua_tointeger(L, -1))
            tyb_raise(L, "the field '%s' of a tensor cannot be set", name);
        if (is_subscript(name)) {
            tyb_assign(L, s, x, 2, 3);
            return 0;
        }
        no_field(L, name);
    }
}

/* #x: the first dimension. */
static int length(lua_State *L)
{
    ty_tensor *x = self(L, lua_touserdata(L, lua_upvalueindex(1)));
    if (ty_ndim(x) == 0)
        tyb_raise(L, "a tensor without dimensions has no length; its value is x:item()");
    lua_pushinteger(L, ty_sizes(x)[0]);
    return 1;
}

static int to_string(lua_State *L)
{
    tyb_state *s = lua_touserdata(L, lua_upvalueindex(1));
    tyb_handle *handle = tyb_test_tensor(L, 1, s);
    if (!handle || !handle->x) {
        lua_pushstring(L, handle ? "closed tensor" : "not a tensor");
        return 1;
    }
    tyb_box *box = tyb_push_box(L);
    box->data = ty_to_string(handle->x, &s->print);
    box->release = tyb_free_box;
    if (!box->data)
        tyb_raise_core(L, NULL);
    lua_pushfstring(L, "%s%s", handle->parameter ? "Parameter containing:\n" : "", (const char *)box->data);
    free(box->data);
    box->data = NULL;
    return 1;
}

/* == between handles: the same tensor. */
static int equal(lua_State *L)
{
    ty_tensor *a = tyb_to_tensor(L, 1), *b = tyb_to_tensor(L, 2);
    lua_pushboolean(L, a && a == b);
    return 1;
}

static int next_row(lua_State *L)
{
    tyb_state *s = lua_touserdata(L, lua_upvalueindex(1));
    ty_tensor *x = self(L, s);
    lua_Integer i = lua_tointeger(L, 2) + 1;
    if (ty_ndim(x) == 0 || i > ty_sizes(x)[0]) {
        lua_pushnil(L);
        return 1;
    }
    lua_settop(L, 1);
    lua_pushinteger(L, i);
    tyb_subscript(L, s, x, 2);
    return 2;
}

/* for i, row in pairs(x): over the first dimension. */
static int pairs(lua_State *L)
{
    if (ty_ndim(self(L, lua_touserdata(L, lua_upvalueindex(1)))) == 0)
        tyb_raise(L, "a tensor without dimensions cannot be iterated over");
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_pushcclosure(L, next_row, 1);
    lua_pushvalue(L, 1);
    lua_pushinteger(L, 0);
    return 3;
}

/* __complete(x) -> the names of all methods and fields, for completion at the prompt. */
static int complete(lua_State *L)
{
    lua_Integer n = 0;
    lua_newtable(L);
    int names = lua_gettop(L);
    for (int up = 2; up <= 3; up++) {
        lua_pushnil(L);
        while (lua_next(L, lua_upvalueindex(up))) {
            lua_pop(L, 1);
            lua_pushvalue(L, -1);
            lua_rawseti(L, names, ++n);
        }
    }
    return 1;
}

void tyb_open_fields(lua_State *L, tyb_state *s, int methods)
{
    static const luaL_Reg functions[] = {
        {"__index", get}, {"__newindex", set}, {"__len", length},        {"__tostring", to_string},
        {"__eq", equal},  {"__pairs", pairs},  {"__complete", complete}, {NULL, NULL},
    };
    methods = lua_absindex(L, methods);
    lua_rawgeti(L, LUA_REGISTRYINDEX, s->tensor_ref);
    lua_pushlightuserdata(L, s);
    lua_pushvalue(L, methods);
    lua_createtable(L, 0, FIELDS);
    for (size_t i = 0; i < FIELDS; i++) {
        lua_pushinteger(L, fields[i].id);
        lua_setfield(L, -2, fields[i].name);
    }
    luaL_setfuncs(L, functions, 3);
    lua_pop(L, 1);
}
