/*
 * The record of a Lua state, how it is found, and boxes: small userdata that own C memory. The record is looked up once
 * per call at most; a thread remembers the last one it saw by the address of the registry, which is one per state.
 */
#include "state.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>

/* The registry's key of the record. */
static const char key;

/* Counts closed states, so that no thread trusts a remembered record past its state's end: one per process. */
static atomic_uint closed_states;

/* What this thread saw last. */
static _Thread_local struct {
    const void *registry;
    tyb_state *state;
    unsigned closed;
} last;

tyb_state *tyb_get(lua_State *L)
{
    const void *registry = lua_topointer(L, LUA_REGISTRYINDEX);
    unsigned closed = atomic_load_explicit(&closed_states, memory_order_relaxed);
    if (last.registry == registry && last.closed == closed) {
        last.state->running = L;
        return last.state;
    }
    lua_rawgetp(L, LUA_REGISTRYINDEX, &key);
    tyb_state *s = lua_touserdata(L, -1);
    lua_pop(L, 1);
    if (s) {
        last.registry = registry;
        last.state = s;
        last.closed = closed;
        s->running = L;
    }
    return s;
}

/* The record's memory outlives every finaliser (Lua frees after calling them all), only the shortcut must go, and what
 * the record holds of the library's. */
static int state_gc(lua_State *L)
{
    tyb_state *s = lua_touserdata(L, 1);
    ty_release(s->number);
    s->number = NULL;
    atomic_fetch_add_explicit(&closed_states, 1, memory_order_relaxed);
    return 0;
}

static int box_gc(lua_State *L)
{
    tyb_box *box = lua_touserdata(L, 1);
    if (box->release) {
        box->release(box);
        box->release = NULL;
        box->data = NULL;
    }
    return 0;
}

void tyb_free_box(tyb_box *box)
{
    free(box->data);
}

tyb_box *tyb_push_box(lua_State *L)
{
    tyb_box *box = lua_newuserdatauv(L, sizeof *box, 0);
    *box = (tyb_box){NULL, 0, NULL};
    lua_rawgeti(L, LUA_REGISTRYINDEX, tyb_get(L)->box_ref);
    lua_setmetatable(L, -2);
    return box;
}

tyb_state *tyb_open_state(lua_State *L)
{
    tyb_state *s = tyb_get(L);
    if (s)
        return s;
    s = lua_newuserdatauv(L, sizeof *s, 0);
    memset(s, 0, sizeof *s);
    s->print = ty_print_defaults;
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, state_gc);
    lua_setfield(L, -2, "__gc");
    lua_setmetatable(L, -2);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &key);
    lua_createtable(L, 0, 2);
    lua_pushliteral(L, "tycho.box");
    lua_setfield(L, -2, "__name");
    lua_pushcfunction(L, box_gc);
    lua_setfield(L, -2, "__gc");
    s->box_ref = luaL_ref(L, LUA_REGISTRYINDEX);
    return s;
}
