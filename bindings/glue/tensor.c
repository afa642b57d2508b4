/*
 * The handle on a tensor: made, filled, tested, dropped. A handle is made before the tensor it will own, so that an
 * error of Lua's allocator between the two cannot lose a tensor; __gc and __close only drop a reference.
 */
#include "tensor.h"

#include <stdio.h>

#include <lauxlib.h>

#include "memory.h"

static tyb_handle *handle_at(lua_State *L, tyb_state *s, int idx)
{
    return s ? tyb_test_tensor(L, idx, s) : NULL;
}

ty_tensor *tyb_to_tensor(lua_State *L, int idx)
{
    tyb_handle *handle = handle_at(L, tyb_get(L), idx);
    return handle ? handle->x : NULL;
}

const char *tyb_say(lua_State *L, int idx, char buffer[64])
{
    tyb_state *s = tyb_get(L);
    switch (lua_type(L, idx)) {
    case LUA_TNONE:
    case LUA_TNIL:
        return "nil";
    case LUA_TBOOLEAN:
        return lua_toboolean(L, idx) ? "the boolean true" : "the boolean false";
    case LUA_TNUMBER:
        if (lua_isinteger(L, idx))
            snprintf(buffer, 64, "the number %lld", (long long)lua_tointeger(L, idx));
        else
            snprintf(buffer, 64, "the number %.14g", lua_tonumber(L, idx));
        return buffer;
    case LUA_TSTRING: {
        const char *text = lua_tostring(L, idx);
        snprintf(buffer, 64, "the string \"%.40s\"", text);
        return buffer;
    }
    case LUA_TTABLE:
        return "a table";
    case LUA_TUSERDATA: {
        tyb_handle *handle = s ? tyb_test(L, idx, s->tensor_meta) : NULL;
        if (handle)
            return handle->x ? "a tensor" : "a closed tensor";
        int type = luaL_getmetafield(L, idx, "__name");
        snprintf(buffer, 64, "a %.50s", type == LUA_TSTRING ? lua_tostring(L, -1) : "userdata");
        if (type != LUA_TNIL)
            lua_pop(L, 1);
        return buffer;
    }
    default:
        snprintf(buffer, 64, "a %s", luaL_typename(L, idx));
        return buffer;
    }
}

ty_tensor *tyb_check_tensor(lua_State *L, int idx, const char *what)
{
    ty_tensor *x = tyb_to_tensor(L, idx);
    char said[64];
    if (!x)
        tyb_raise(L, "%s: expected a tensor, got %s", what, tyb_say(L, idx, said));
    return x;
}

tyb_handle *tyb_new_handle(lua_State *L, tyb_state *s)
{
    s->running = L;
    tyb_before_handle(L, s);
    tyb_handle *handle = lua_newuserdatauv(L, sizeof *handle, 0);
    handle->x = NULL;
    handle->tag = s->tensor_meta;
    handle->parameter = false;
    lua_rawgeti(L, LUA_REGISTRYINDEX, s->tensor_ref);
    lua_setmetatable(L, -2);
    return handle;
}

void tyb_fill_handle(tyb_state *s, tyb_handle *handle, ty_tensor *owned)
{
    handle->x = owned;
    tyb_count_handle(s, owned);
}

static int new_handle(lua_State *L)
{
    tyb_new_handle(L, tyb_get(L));
    return 1;
}

static void push_handle(lua_State *L, ty_tensor *owned, bool parameter)
{
    if (!owned)
        tyb_raise_core(L, NULL);
    /* Protected, since running out of memory here would lose the tensor. */
    int status = LUA_ERRMEM;
    if (lua_checkstack(L, 8)) {
        lua_pushcfunction(L, new_handle);
        status = lua_pcall(L, 0, 1, 0);
    } else {
        lua_settop(L, -2);
        lua_pushliteral(L, "stack overflow");
    }
    if (status != LUA_OK) {
        ty_release(owned);
        lua_error(L);
    }
    tyb_handle *handle = lua_touserdata(L, -1);
    handle->parameter = parameter;
    tyb_fill_handle(tyb_get(L), handle, owned);
}

void tyb_push_tensor(lua_State *L, ty_tensor *owned)
{
    push_handle(L, owned, false);
}

void tyb_push_parameter(lua_State *L, ty_tensor *owned)
{
    push_handle(L, owned, true);
}

bool tyb_is_parameter(lua_State *L, int idx)
{
    tyb_handle *handle = handle_at(L, tyb_get(L), idx);
    return handle && handle->x && handle->parameter;
}

/* Drops the reference; a second call finds nothing. */
static tyb_handle *empty(lua_State *L)
{
    tyb_handle *handle = tyb_test_tensor(L, 1, lua_touserdata(L, lua_upvalueindex(1)));
    if (handle) {
        ty_tensor *x = handle->x;
        handle->x = NULL;
        ty_release(x);
    }
    return handle;
}

/* __close */
static int close(lua_State *L)
{
    empty(L);
    return 0;
}

/* __gc */
static int collect(lua_State *L)
{
    tyb_handle *handle = empty(L);
    if (handle)
        handle->tag = NULL;
    return 0;
}

void tyb_open_types(lua_State *L, tyb_state *s)
{
    lua_createtable(L, 0, 40);
    s->tensor_meta = lua_topointer(L, -1);
    lua_pushliteral(L, "tycho.Tensor");
    lua_setfield(L, -2, "__name");
    lua_pushlightuserdata(L, s);
    lua_pushcclosure(L, collect, 1);
    lua_setfield(L, -2, "__gc");
    lua_pushlightuserdata(L, s);
    lua_pushcclosure(L, close, 1);
    lua_setfield(L, -2, "__close");
    s->tensor_ref = luaL_ref(L, LUA_REGISTRYINDEX);
    tyb_open_small_types(L, s);
}
