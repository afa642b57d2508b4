/*
 * Calls from the core into Lua. The core may be deep inside an op or a backward pass then, so nothing may jump over it:
 * every call is protected, and its error value waits in the registry while the core unwinds with TY_FAIL.
 */
#include "callback.h"

#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>

#include "error.h"
#include "tensor.h"

/* The error value on top of the stack (popped) becomes the core's failure. */
static ty_status carry(lua_State *L, tyb_state *s)
{
    luaL_unref(L, LUA_REGISTRYINDEX, s->error_ref);
    s->error_ref = LUA_NOREF;
    const char *text = lua_tostring(L, -1);
    ty_fail(TY_ERROR_CALLBACK, "%s", text ? text : "a callback raised a value that is no string");
    s->error_ref = luaL_ref(L, LUA_REGISTRYINDEX);
    return TY_FAIL;
}

ty_status tyb_call_back(tyb_state *s, lua_CFunction body, void *data)
{
    if (ty_capture_refuse("a hook, checkpoint or gradient of your own", "take it away, or do not capture this step") !=
        TY_OK)
        return TY_FAIL;
    lua_State *L = s->running;
    if (!lua_checkstack(L, 8))
        return ty_fail(TY_ERROR_VALUE, "stack overflow in a hook");
    lua_pushcfunction(L, body);
    lua_pushlightuserdata(L, data);
    int status = lua_pcall(L, 1, 0, 0);
    s->running = L;
    return status == LUA_OK ? TY_OK : carry(L, s);
}

void tyb_serve(tyb_state *s, lua_CFunction body, void *data)
{
    lua_State *L = s->service, *was = s->running;
    if (!lua_checkstack(L, 8))
        return;
    lua_pushcfunction(L, body);
    lua_pushlightuserdata(L, data);
    if (lua_pcall(L, 1, 0, 0) != LUA_OK)
        lua_pop(L, 1);
    s->running = was;
}

void tyb_raise_callback(lua_State *L)
{
    tyb_state *s = tyb_get(L);
    const char *message = ty_error();
    luaL_checkstack(L, 4, NULL);
    lua_rawgeti(L, LUA_REGISTRYINDEX, s->error_ref);
    luaL_unref(L, LUA_REGISTRYINDEX, s->error_ref);
    s->error_ref = LUA_NOREF;
    if (lua_isnil(L, -1) || lua_type(L, -1) == LUA_TSTRING) {
        /* The core may have added to it: anomaly mode does. A text that it cut short stays whole. */
        const char *raised = lua_tostring(L, -1);
        if (!raised || strncmp(raised, message, strlen(message)) != 0)
            lua_pushstring(L, message);
    }
    lua_error(L);
    __builtin_unreachable();
}

/* ---- Anomaly mode ---- */

/* data: {state, text to be made}. */
typedef struct place {
    tyb_state *s;
    char *text;
} place;

static int make_traceback(lua_State *L)
{
    place *p = lua_touserdata(L, 1);
    luaL_traceback(L, L, NULL, 2);
    size_t length;
    const char *text = lua_tolstring(L, -1, &length);
    if (length > 1500)
        length = 1500;
    p->text = malloc(length + 1);
    if (p->text) {
        memcpy(p->text, text, length);
        p->text[length] = 0;
    }
    return 0;
}

/* The traceback of the op that runs now; core: free() it. Levels 0 and 1 are ours and the op's own C function. */
static char *where(void *data)
{
    place p = {data, NULL};
    lua_State *L = p.s->running;
    if (!lua_checkstack(L, 8))
        return NULL;
    lua_pushcfunction(L, make_traceback);
    lua_pushlightuserdata(L, &p);
    if (lua_pcall(L, 1, 0, 0) != LUA_OK)
        lua_pop(L, 1);
    return p.text;
}

/* core.set_anomaly_mode(on, check_nan) */
static int set_anomaly_mode(lua_State *L)
{
    if (lua_toboolean(L, 1) &&
        ty_capture_refuse("anomaly mode", "run the step as it is to look for the anomaly") != TY_OK)
        tyb_raise_core(L, NULL);
    ty_set_anomaly_mode(lua_toboolean(L, 1) ? where : NULL, tyb_get(L), lua_toboolean(L, 2));
    return 0;
}

/* ---- Inference mode ---- */

/* core.set_inference_mode(enabled) -> what it was */
static int set_inference_mode(lua_State *L)
{
    lua_pushboolean(L, ty_set_inference_mode(lua_toboolean(L, 1)));
    return 1;
}

static int is_inference_mode_enabled(lua_State *L)
{
    lua_pushboolean(L, ty_inference_mode_enabled());
    return 1;
}

void tyb_open_callback(lua_State *L, tyb_state *s)
{
    static const luaL_Reg functions[] = {
        {"set_anomaly_mode", set_anomaly_mode},
        {"set_inference_mode", set_inference_mode},
        {"is_inference_mode_enabled", is_inference_mode_enabled},
        {NULL, NULL},
    };
    s->service = lua_newthread(L);
    luaL_ref(L, LUA_REGISTRYINDEX);
    s->error_ref = LUA_NOREF;
    luaL_setfuncs(L, functions, 0);
}
