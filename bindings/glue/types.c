/*
 * The small values that stand beside tensors: dtype objects (one per dtype, so that == compares them), device objects
 * (compared by value), and shapes (plain lists of numbers that print and compare as shapes). Strings are accepted
 * wherever a dtype or a device is.
 */
#include <stdio.h>
#include <string.h>

#include <lauxlib.h>

#include "tensor.h"

/* PyTorch's second names of dtypes. */
static const struct {
    const char *name;
    ty_dtype dtype;
} aliases[] = {
    {"float", TY_FLOAT32}, {"double", TY_FLOAT64}, {"half", TY_FLOAT16},
    {"long", TY_INT64},    {"int", TY_INT32},      {"short", TY_INT16},
};
#define ALIASES (sizeof aliases / sizeof *aliases)

static ty_dtype *dtype_at(lua_State *L, int idx)
{
    return tyb_test(L, idx, tyb_get(L)->dtype_meta);
}

static ty_device *device_at(lua_State *L, int idx)
{
    return tyb_test(L, idx, tyb_get(L)->device_meta);
}

ty_dtype tyb_to_dtype(lua_State *L, int idx)
{
    if (lua_type(L, idx) == LUA_TSTRING) {
        const char *name = lua_tostring(L, idx);
        for (size_t i = 0; i < ALIASES; i++)
            if (strcmp(name, aliases[i].name) == 0)
                return aliases[i].dtype;
        return ty_dtype_from_name(name);
    }
    const ty_dtype *dtype = dtype_at(L, idx);
    return dtype ? *dtype : TY_DTYPE_NONE;
}

void tyb_push_dtype(lua_State *L, ty_dtype dtype)
{
    lua_rawgeti(L, LUA_REGISTRYINDEX, tyb_get(L)->dtypes_ref);
    lua_rawgeti(L, -1, (lua_Integer)dtype + 1);
    lua_remove(L, -2);
}

ty_status tyb_to_device(lua_State *L, int idx, ty_device *device)
{
    if (lua_type(L, idx) == LUA_TSTRING)
        return ty_device_from_name(lua_tostring(L, idx), device);
    const ty_device *object = device_at(L, idx);
    if (!object) {
        char said[64];
        return ty_fail(TY_ERROR_VALUE, "expected a device, as \"cpu\" or \"cuda\", got %s", tyb_say(L, idx, said));
    }
    *device = *object;
    return TY_OK;
}

void tyb_push_device(lua_State *L, ty_device device)
{
    ty_device *object = lua_newuserdatauv(L, sizeof *object, 0);
    *object = device;
    lua_rawgeti(L, LUA_REGISTRYINDEX, tyb_get(L)->device_ref);
    lua_setmetatable(L, -2);
}

static int dtype_tostring(lua_State *L)
{
    const ty_dtype *dtype = dtype_at(L, 1);
    lua_pushstring(L, dtype ? ty_dtype_name(*dtype) : "not a dtype");
    return 1;
}

static int dtype_index(lua_State *L)
{
    const ty_dtype *dtype = dtype_at(L, 1);
    const char *field = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "";
    if (!dtype)
        tyb_raise(L, "expected a dtype");
    if (strcmp(field, "is_floating_point") == 0)
        lua_pushboolean(L, ty_dtype_is_floating(*dtype));
    else if (strcmp(field, "itemsize") == 0)
        lua_pushinteger(L, (lua_Integer)ty_dtype_size(*dtype));
    else if (strcmp(field, "name") == 0)
        lua_pushstring(L, ty_dtype_name(*dtype));
    else
        tyb_raise(L, "a dtype has no field '%.60s'; it has name, itemsize and is_floating_point", field);
    return 1;
}

static int device_tostring(lua_State *L)
{
    const ty_device *device = device_at(L, 1);
    if (!device)
        lua_pushliteral(L, "not a device");
    else if (device->type == TY_CPU)
        lua_pushliteral(L, "cpu");
    else
        lua_pushfstring(L, "cuda:%d", device->index);
    return 1;
}

static int device_index(lua_State *L)
{
    const ty_device *device = device_at(L, 1);
    const char *field = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "";
    if (!device)
        tyb_raise(L, "expected a device");
    if (strcmp(field, "type") == 0)
        lua_pushstring(L, device->type == TY_CPU ? "cpu" : "cuda");
    else if (strcmp(field, "index") == 0)
        lua_pushinteger(L, device->index);
    else
        tyb_raise(L, "a device has no field '%.60s'; it has type and index", field);
    return 1;
}

static int device_eq(lua_State *L)
{
    const ty_device *a = device_at(L, 1), *b = device_at(L, 2);
    lua_pushboolean(L, a && b && a->type == b->type && a->index == b->index);
    return 1;
}

static int read_only(lua_State *L)
{
    char said[64];
    tyb_raise(L, "the fields of %s cannot be set", tyb_say(L, 1, said));
}

void tyb_push_sizes(lua_State *L, int count, const int64_t *items)
{
    lua_createtable(L, count, 0);
    for (int i = 0; i < count; i++) {
        lua_pushinteger(L, items[i]);
        lua_rawseti(L, -2, i + 1);
    }
    lua_rawgeti(L, LUA_REGISTRYINDEX, tyb_get(L)->size_ref);
    lua_setmetatable(L, -2);
}

static int size_tostring(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_Buffer b;
    luaL_buffinit(L, &b);
    luaL_addchar(&b, '{');
    lua_Integer n = (lua_Integer)lua_rawlen(L, 1);
    for (lua_Integer i = 1; i <= n; i++) {
        if (i > 1)
            luaL_addstring(&b, ", ");
        lua_rawgeti(L, 1, i);
        luaL_tolstring(L, -1, NULL);
        lua_remove(L, -2);
        luaL_addvalue(&b);
    }
    luaL_addchar(&b, '}');
    luaL_pushresult(&b);
    return 1;
}

static int size_eq(lua_State *L)
{
    bool same = lua_istable(L, 1) && lua_istable(L, 2) && lua_rawlen(L, 1) == lua_rawlen(L, 2);
    lua_Integer n = same ? (lua_Integer)lua_rawlen(L, 1) : 0;
    for (lua_Integer i = 1; same && i <= n; i++) {
        lua_rawgeti(L, 1, i);
        lua_rawgeti(L, 2, i);
        same = lua_rawequal(L, -1, -2);
        lua_pop(L, 2);
    }
    lua_pushboolean(L, same);
    return 1;
}

/* A metatable with these functions, in the registry. */
static int new_metatable(lua_State *L, const char *name, const luaL_Reg *functions, const void **address)
{
    lua_createtable(L, 0, 6);
    luaL_setfuncs(L, functions, 0);
    lua_pushstring(L, name);
    lua_setfield(L, -2, "__name");
    if (address)
        *address = lua_topointer(L, -1);
    return luaL_ref(L, LUA_REGISTRYINDEX);
}

void tyb_open_small_types(lua_State *L, tyb_state *s)
{
    static const luaL_Reg dtype[] = {
        {"__tostring", dtype_tostring}, {"__index", dtype_index}, {"__newindex", read_only}, {NULL, NULL}};
    static const luaL_Reg device[] = {{"__tostring", device_tostring},
                                      {"__index", device_index},
                                      {"__newindex", read_only},
                                      {"__eq", device_eq},
                                      {NULL, NULL}};
    static const luaL_Reg size[] = {{"__tostring", size_tostring}, {"__eq", size_eq}, {NULL, NULL}};
    s->dtype_ref = new_metatable(L, "dtype", dtype, &s->dtype_meta);
    s->device_ref = new_metatable(L, "device", device, &s->device_meta);
    s->size_ref = new_metatable(L, "Size", size, NULL);
    lua_createtable(L, TY_DTYPE_COUNT, 0);
    for (int d = 0; d < TY_DTYPE_COUNT; d++) {
        ty_dtype *object = lua_newuserdatauv(L, sizeof *object, 0);
        *object = (ty_dtype)d;
        lua_rawgeti(L, LUA_REGISTRYINDEX, s->dtype_ref);
        lua_setmetatable(L, -2);
        lua_rawseti(L, -2, d + 1);
    }
    s->dtypes_ref = luaL_ref(L, LUA_REGISTRYINDEX);
}

/* core.device(name) -> device object. */
static int make_device(lua_State *L)
{
    ty_device device;
    if (tyb_to_device(L, 1, &device) != TY_OK)
        tyb_raise(L, "device: %s", ty_error());
    tyb_push_device(L, device);
    return 1;
}

void tyb_open_type_functions(lua_State *L, tyb_state *s)
{
    (void)s;
    lua_createtable(L, 0, TY_DTYPE_COUNT + 5);
    for (int d = 0; d < TY_DTYPE_COUNT; d++) {
        tyb_push_dtype(L, (ty_dtype)d);
        lua_setfield(L, -2, ty_dtype_name((ty_dtype)d));
    }
    for (size_t i = 0; i < ALIASES; i++) {
        tyb_push_dtype(L, aliases[i].dtype);
        lua_setfield(L, -2, aliases[i].name);
    }
    lua_setfield(L, -2, "dtypes");
    lua_pushcfunction(L, make_device);
    lua_setfield(L, -2, "device");
}
