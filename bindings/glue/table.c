/*
 * Tensors from Lua tables and back. A table is read in one pass: its shape follows the first element at each depth, and
 * every other is held against it; the numbers' subtypes decide the dtype (all integers: int64; any float: the default
 * dtype; all booleans: bool). Reading never raises a Lua error, so it can hold memory of its own.
 */
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>

#include "tensor.h"

/* What the numbers read so far are; a later entry holds every earlier one. */
typedef enum { NOTHING, BOOLEANS, INTEGERS, FLOATS } content;

typedef union number {
    int64_t i;
    double f;
} number;

typedef struct reader {
    lua_State *L;
    const char *name;
    content kind;
    int ndim;
    int64_t sizes[TY_MAX_DIMS], at[TY_MAX_DIMS];
    number *data;
    size_t count, capacity;
} reader;

/* "{2, 3}": where the reader stands, `depth` numbers of it. */
static const char *place(const reader *r, int depth, char text[128])
{
    int n = 0;
    text[0] = 0;
    for (int d = 0; d < depth && n < 100; d++)
        n += snprintf(text + n, 128 - (size_t)n, d ? ", %lld" : "%lld", (long long)r->at[d]);
    return text;
}

static bool grow(reader *r)
{
    size_t capacity = r->capacity ? 2 * r->capacity : 64;
    number *data = realloc(r->data, capacity * sizeof *data);
    if (!data) {
        ty_fail(TY_ERROR_MEMORY, "%s: out of memory for a table of %zu elements", r->name, capacity);
        return false;
    }
    r->data = data;
    r->capacity = capacity;
    return true;
}

/* Reads the number or boolean on top of the stack; false when it is neither. */
static bool read_number(reader *r, int idx)
{
    lua_State *L = r->L;
    int type = lua_type(L, idx);
    number *to = &r->data[r->count];
    if (type == LUA_TNUMBER) {
        if (lua_isinteger(L, idx)) {
            int64_t i = lua_tointeger(L, idx);
            if (r->kind == FLOATS) {
                to->f = (double)i;
            } else {
                to->i = i;
                r->kind = INTEGERS;
            }
        } else {
            if (r->kind != FLOATS) {
                for (size_t i = 0; i < r->count; i++)
                    r->data[i].f = (double)r->data[i].i;
                r->kind = FLOATS;
            }
            to->f = lua_tonumber(L, idx);
        }
    } else if (type == LUA_TBOOLEAN) {
        int b = lua_toboolean(L, idx);
        if (r->kind == FLOATS) {
            to->f = b;
        } else {
            to->i = b;
            if (r->kind == NOTHING)
                r->kind = BOOLEANS;
        }
    } else {
        return false;
    }
    r->count++;
    return true;
}

static bool refuse_element(reader *r, int depth, int idx)
{
    char text[128], said[64];
    place(r, depth, text);
    switch (lua_type(r->L, idx)) {
    case LUA_TNIL:
        ty_fail(TY_ERROR_VALUE, "%s: element {%s} is nil: the table has a hole", r->name, text);
        break;
    case LUA_TTABLE:
        ty_fail(TY_ERROR_VALUE,
                "%s: element {%s} is a table where the first of its row is a number: all must be nested alike", r->name,
                text);
        break;
    case LUA_TUSERDATA:
        if (tyb_to_tensor(r->L, idx)) {
            ty_fail(TY_ERROR_VALUE, "%s: element {%s} is a tensor; ty.stack(list) makes one tensor of a list of them",
                    r->name, text);
            break;
        }
        /* fallthrough */
    default:
        ty_fail(TY_ERROR_VALUE, "%s: element {%s} is %s; expected a number or a boolean", r->name, text,
                tyb_say(r->L, idx, said));
        break;
    }
    return false;
}

/* Reads the table on top of the stack, which is at this depth; its shape is known. */
static bool read_level(reader *r, int depth)
{
    lua_State *L = r->L;
    int table = lua_gettop(L);
    int64_t size = (int64_t)lua_rawlen(L, table);
    char text[128];
    if (size != r->sizes[depth]) {
        ty_fail(TY_ERROR_VALUE,
                "%s: a ragged table: the list at {%s} has %lld elements, the first one of its depth has %lld", r->name,
                place(r, depth, text), (long long)size, (long long)r->sizes[depth]);
        return false;
    }
    for (int64_t i = 1; i <= size; i++) {
        r->at[depth] = i;
        int type = lua_rawgeti(L, table, i);
        bool ok;
        if (depth + 1 < r->ndim) {
            if (type != LUA_TTABLE) {
                ty_fail(TY_ERROR_VALUE, "%s: element {%s} is %s where a list of %lld is expected", r->name,
                        place(r, depth + 1, text), tyb_say(L, -1, (char[64]){0}), (long long)r->sizes[depth + 1]);
                return false;
            }
            ok = read_level(r, depth + 1);
        } else {
            ok = (r->count < r->capacity || grow(r)) &&
                 (read_number(r, -1) || refuse_element(r, depth + 1, lua_gettop(L)));
        }
        if (!ok)
            return false;
        lua_pop(L, 1);
    }
    return true;
}

/* Shape, by the first element at each depth. The table on top of the stack stays. */
static bool read_shape(reader *r)
{
    lua_State *L = r->L;
    int top = lua_gettop(L);
    char text[128];
    while (lua_type(L, -1) == LUA_TTABLE) {
        if (r->ndim == TY_MAX_DIMS) {
            ty_fail(TY_ERROR_VALUE, "%s: a table nested more than %d deep", r->name, TY_MAX_DIMS);
            return false;
        }
        int64_t size = (int64_t)lua_rawlen(L, -1);
        r->sizes[r->ndim] = size;
        r->at[r->ndim++] = 1;
        if (size == 0) {
            lua_pushnil(L);
            if (lua_next(L, -2)) {
                place(r, r->ndim - 1, text);
                ty_fail(TY_ERROR_VALUE, "%s: the table%s%s%s is no list: it has other keys than 1, 2, ...", r->name,
                        *text ? " at {" : "", text, *text ? "}" : "");
                return false;
            }
            break;
        }
        lua_rawgeti(L, -1, 1);
    }
    lua_settop(L, top);
    return true;
}

/* The tensor of what was read. */
static ty_tensor *finish(reader *r, ty_dtype dtype)
{
    ty_dtype natural = r->kind == FLOATS || r->kind == NOTHING ? ty_get_default_dtype()
                       : r->kind == INTEGERS                   ? TY_INT64
                                                               : TY_BOOL;
    ty_dtype wanted = dtype == TY_DTYPE_NONE ? natural : dtype;
    ty_tensor *x;
    if (r->kind == FLOATS && wanted == TY_FLOAT32) {
        float *to = (float *)r->data; /* shrinks in place: element i is read before anything is written over it */
        for (size_t i = 0; i < r->count; i++) {
            float f = (float)r->data[i].f;
            memcpy((char *)to + i * sizeof f, &f, sizeof f);
        }
        return ty_from_data(r->data, r->ndim, r->sizes, TY_FLOAT32);
    }
    if (r->kind == NOTHING)
        return ty_zeros(r->ndim, r->sizes, wanted, TY_DEVICE_CPU);
    x = ty_from_data(r->data, r->ndim, r->sizes, r->kind == FLOATS ? TY_FLOAT64 : TY_INT64);
    if (!x || ty_dtype_of(x) == wanted)
        return x;
    ty_tensor *y = ty_to_dtype(x, wanted);
    ty_release(x);
    return y;
}

ty_tensor *tyb_from_value(lua_State *L, int idx, ty_dtype dtype, const char *name)
{
    reader r = {.L = L, .name = name};
    ty_tensor *x = NULL;
    int top = lua_gettop(L);
    if (!lua_checkstack(L, 2 * TY_MAX_DIMS + 8)) {
        ty_fail(TY_ERROR_MEMORY, "%s: Lua's stack is full", name);
        return NULL;
    }
    lua_pushvalue(L, idx);
    if (lua_type(L, -1) == LUA_TTABLE) {
        if (read_shape(&r) && read_level(&r, 0))
            x = finish(&r, dtype);
    } else if (grow(&r)) {
        char said[64];
        if (read_number(&r, -1))
            x = finish(&r, dtype);
        else
            ty_fail(TY_ERROR_VALUE, "%s: expected a number, a boolean or a table of them, got %s", name,
                    tyb_say(L, -1, said));
    }
    free(r.data);
    lua_settop(L, top);
    return x;
}

/* ---- Back ---- */

void tyb_push_scalar(lua_State *L, ty_scalar value)
{
    switch (value.kind) {
    case TY_SCALAR_BOOL:
        lua_pushboolean(L, value.i != 0);
        break;
    case TY_SCALAR_INT:
        lua_pushinteger(L, value.i);
        break;
    default:
        lua_pushnumber(L, value.f);
        break;
    }
}

/* Pushes one element of contiguous host data. */
static void push_element(lua_State *L, const void *data, ty_dtype dtype, int64_t i)
{
    switch (dtype) {
    case TY_BOOL:
        lua_pushboolean(L, ((const uint8_t *)data)[i] != 0); /* ty.empty may hold bytes that are no bool */
        return;
    case TY_UINT8:
        lua_pushinteger(L, ((const uint8_t *)data)[i]);
        return;
    case TY_INT8:
        lua_pushinteger(L, ((const int8_t *)data)[i]);
        return;
    case TY_INT16:
        lua_pushinteger(L, ((const int16_t *)data)[i]);
        return;
    case TY_INT32:
        lua_pushinteger(L, ((const int32_t *)data)[i]);
        return;
    case TY_INT64:
        lua_pushinteger(L, ((const int64_t *)data)[i]);
        return;
    case TY_FLOAT32:
        lua_pushnumber(L, (double)((const float *)data)[i]);
        return;
    case TY_FLOAT64:
        lua_pushnumber(L, ((const double *)data)[i]);
        return;
    default:
        lua_pushnil(L);
    }
}

static void push_level(lua_State *L, ty_tensor *x, const void *data, int depth, int64_t *at)
{
    int64_t size = ty_sizes(x)[depth];
    lua_createtable(L, size < INT_MAX ? (int)size : 0, 0);
    for (int64_t i = 1; i <= size; i++) {
        if (depth + 1 < ty_ndim(x))
            push_level(L, x, data, depth + 1, at);
        else
            push_element(L, data, ty_dtype_of(x), (*at)++);
        lua_rawseti(L, -2, i);
    }
}

void tyb_push_table(lua_State *L, tyb_state *s, ty_tensor *x)
{
    luaL_checkstack(L, TY_MAX_DIMS + 8, NULL);
    /* A handle holds the copy while tables are built, which may raise. */
    tyb_handle *handle = tyb_new_handle(L, s);
    bool was = ty_set_grad_enabled(false);
    bool reduced = ty_dtype_is_floating(ty_dtype_of(x)) && ty_dtype_size(ty_dtype_of(x)) < sizeof(float);
    ty_tensor *host = ty_to(x, reduced ? TY_FLOAT32 : TY_DTYPE_NONE, TY_DEVICE_CPU, false);
    ty_tensor *flat = host ? ty_contiguous(host) : NULL;
    ty_set_grad_enabled(was);
    ty_release(host);
    if (!flat)
        tyb_raise_core(L, "totable");
    tyb_fill_handle(s, handle, flat);
    const void *data = ty_data(flat);
    if (!data)
        tyb_raise_core(L, "totable");
    int64_t at = 0;
    if (ty_ndim(flat) == 0)
        push_element(L, data, ty_dtype_of(flat), 0);
    else
        push_level(L, flat, data, 0, &at);
    lua_remove(L, -2);
}
