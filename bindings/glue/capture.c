/*
 * core.capture_begin(tensors...) -> recording, their places...: a recording of the core as a userdata. What a step is,
 * when it is recorded anew and what is compared before a replay is the Lua half's (tycho/capture.lua).
 */
#include "capture.h"

#include <lauxlib.h>

#include "memory.h"
#include "tensor.h"

#define METATABLE "tycho.capture"
#define ANCHORS   "tycho.capture.anchors" /* in the registry: the table of the recording that goes on */
#define MOST      64                      /* arguments, and results */

typedef struct recording {
    ty_capture *c;
    int inputs, outputs;
} recording;

static recording *self(lua_State *L)
{
    recording *r = luaL_testudata(L, 1, METATABLE);
    if (!r || !r->c)
        tyb_raise(L, "capture: this recording is over");
    return r;
}

/* The tensors at index `from` and above; their number. */
static int tensors_from(lua_State *L, int from, ty_tensor *list[MOST])
{
    int count = lua_gettop(L) - from + 1;
    if (count > MOST)
        tyb_raise(L, "capture: a step has at most %d arguments and results, got %d", MOST, count);
    for (int i = 0; i < count; i++)
        list[i] = tyb_check_tensor(L, from + i, "capture");
    luaL_checkstack(L, MOST + 8, NULL);
    return count;
}

static void forget_anchors(lua_State *L)
{
    lua_pushnil(L);
    lua_setfield(L, LUA_REGISTRYINDEX, ANCHORS);
}

/* core.capture_begin(tensors...) -> recording, places... */
static int begin(lua_State *L)
{
    tyb_state *s = tyb_get(L);
    ty_tensor *inputs[MOST], *places[MOST];
    int count = tensors_from(L, 1, inputs);
    recording *r = lua_newuserdatauv(L, sizeof *r, 1);
    *r = (recording){NULL, count, 0};
    luaL_setmetatable(L, METATABLE);
    lua_newtable(L);
    lua_pushvalue(L, -1);
    lua_setiuservalue(L, -3, 1);
    tyb_handle *handles[MOST];
    int first = lua_gettop(L) + 1;
    for (int i = 0; i < count; i++)
        handles[i] = tyb_new_handle(L, s);
    lua_pushvalue(L, first - 1);
    lua_setfield(L, LUA_REGISTRYINDEX, ANCHORS);
    lua_remove(L, first - 1);
    r->c = ty_capture_begin(count, inputs, places);
    if (!r->c)
        tyb_raise_core(L, NULL);
    for (int i = 0; i < count; i++)
        tyb_fill_handle(s, handles[i], places[i]);
    return count + 1;
}

/* r:stop(results...): ends recording; the results are those of the step. */
static int stop(lua_State *L)
{
    recording *r = self(L);
    ty_tensor *outputs[MOST];
    r->outputs = tensors_from(L, 2, outputs);
    forget_anchors(L);
    if (ty_capture_stop(r->c, r->outputs, outputs) != TY_OK)
        tyb_raise_core(L, NULL);
    return 0;
}

/* r:plan(): after stop, when nothing holds what the step made. */
static int plan(lua_State *L)
{
    if (ty_capture_plan(self(L)->c) != TY_OK)
        tyb_raise_core(L, NULL);
    return 0;
}

/* r:guard(x): a replay is stale when x gets other memory. */
static int guard(lua_State *L)
{
    recording *r = self(L);
    if (ty_capture_guard(r->c, tyb_check_tensor(L, 2, "capture")) != TY_OK)
        tyb_raise_core(L, NULL);
    return 0;
}

/* r:matches(tensors...): whether they are of the shapes that were recorded. */
static int matches(lua_State *L)
{
    recording *r = self(L);
    ty_tensor *inputs[MOST];
    int count = tensors_from(L, 2, inputs);
    lua_pushboolean(L, count == r->inputs && ty_capture_matches(r->c, inputs));
    return 1;
}

/* r:replay(tensors...) -> true, results...; false when what was recorded does not fit any more. */
static int replay(lua_State *L)
{
    recording *r = self(L);
    tyb_state *s = tyb_get(L);
    ty_tensor *inputs[MOST], *outputs[MOST];
    tyb_handle *handles[MOST];
    bool stale;
    if (tensors_from(L, 2, inputs) != r->inputs)
        tyb_raise(L, "capture: the step was recorded with %d tensors", r->inputs);
    lua_pushboolean(L, true);
    for (int i = 0; i < r->outputs; i++)
        handles[i] = tyb_new_handle(L, s);
    if (ty_capture_replay(r->c, inputs, outputs, &stale) == TY_OK) {
        for (int i = 0; i < r->outputs; i++)
            tyb_fill_handle(s, handles[i], outputs[i]);
        return r->outputs + 1;
    }
    if (!stale)
        tyb_raise_core(L, NULL);
    lua_pushboolean(L, false);
    return 1;
}

/* r:facts() -> list of the kernels, fused calls, bytes of the planned buffer, bytes of all that lies in it, bytes
 * restored before it */
static int facts(lua_State *L)
{
    ty_capture_facts f;
    const ty_capture *c = self(L)->c;
    ty_capture_get_facts(c, &f);
    lua_createtable(L, f.calls, 0);
    for (int i = 0; i < f.calls; i++) {
        lua_pushstring(L, ty_capture_kernel(c, i));
        lua_rawseti(L, -2, i + 1);
    }
    lua_pushinteger(L, f.fused);
    lua_pushinteger(L, (lua_Integer)f.planned);
    lua_pushinteger(L, (lua_Integer)f.alone);
    lua_pushinteger(L, (lua_Integer)f.restored);
    return 5;
}

/* r:free(): also ends a recording that goes on. */
static int release(lua_State *L)
{
    recording *r = luaL_testudata(L, 1, METATABLE);
    if (r && r->c) {
        if (ty_capture_active())
            forget_anchors(L);
        ty_capture_free(r->c);
        r->c = NULL;
    }
    return 0;
}

/* core.capturing() -> whether a step is being recorded */
static int capturing(lua_State *L)
{
    lua_pushboolean(L, ty_capture_active());
    return 1;
}

/* core.capture_refuse(what, cure): raises while a step is being recorded. */
static int refuse(lua_State *L)
{
    if (ty_capture_active() && ty_capture_refuse(luaL_checkstring(L, 1), luaL_checkstring(L, 2)) != TY_OK)
        tyb_raise_core(L, NULL);
    return 0;
}

void tyb_capture_anchor(lua_State *L, int idx)
{
    if (!ty_capture_active())
        return;
    lua_pushvalue(L, idx);
    if (lua_getfield(L, LUA_REGISTRYINDEX, ANCHORS) == LUA_TTABLE) {
        lua_insert(L, -2);
        lua_pushboolean(L, true);
        lua_rawset(L, -3);
        lua_pop(L, 1);
    } else {
        lua_pop(L, 2);
    }
}

void tyb_open_capture(lua_State *L)
{
    static const luaL_Reg methods[] = {{"stop", stop},     {"plan", plan},   {"guard", guard},  {"matches", matches},
                                       {"replay", replay}, {"facts", facts}, {"free", release}, {NULL, NULL}};
    static const luaL_Reg functions[] = {
        {"capture_begin", begin}, {"capturing", capturing}, {"capture_refuse", refuse}, {NULL, NULL}};
    luaL_newmetatable(L, METATABLE);
    lua_pushcfunction(L, release);
    lua_setfield(L, -2, "__gc");
    luaL_newlib(L, methods);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
    luaL_setfuncs(L, functions, 0);
}
