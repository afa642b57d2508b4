/*
 * Lua errors that point at the line of the user. The position is that of the innermost Lua function on the stack whose
 * chunk is not one of Tycho's own files, so that a wrong shape inside nn.Linear is reported where the user called it.
 * Relies on Lua's debug interface and on the prefix in state.h.
 */
#include "error.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <lauxlib.h>

#include "callback.h"
#include "state.h"

/* Pushes "file:line: ", or "" when no Lua function runs. */
static void push_position(lua_State *L)
{
    tyb_state *s = tyb_get(L);
    const char *internal = s ? s->internal : "";
    size_t length = strlen(internal);
    lua_Debug ar, first = {.currentline = 0};
    for (int level = 0; lua_getstack(L, level, &ar); level++) {
        lua_getinfo(L, "Sl", &ar);
        if (ar.currentline <= 0)
            continue;
        if (length && ar.source[0] == '@' && strncmp(ar.source + 1, internal, length) == 0) {
            if (!first.currentline)
                first = ar;
            continue;
        }
        lua_pushfstring(L, "%s:%d: ", ar.short_src, ar.currentline);
        return;
    }
    if (first.currentline)
        lua_pushfstring(L, "%s:%d: ", first.short_src, first.currentline);
    else
        lua_pushliteral(L, "");
}

static _Noreturn void raise_message(lua_State *L, const char *message)
{
    luaL_checkstack(L, 4, NULL);
    push_position(L);
    lua_pushstring(L, message);
    lua_concat(L, 2);
    lua_error(L);
    __builtin_unreachable();
}

void tyb_raise(lua_State *L, const char *format, ...)
{
    char message[4096];
    va_list list;
    va_start(list, format);
    vsnprintf(message, sizeof message, format, list);
    va_end(list);
    raise_message(L, message);
}

/* The length of the leading "word: " of a message; 0 without one. */
static size_t leading_word(const char *message)
{
    size_t n = 0;
    while (isalnum((unsigned char)message[n]) || message[n] == '_' || message[n] == '.')
        n++;
    return n > 0 && message[n] == ':' && message[n + 1] == ' ' ? n + 2 : 0;
}

/*
 * The core's messages begin with the op that refused. Where another function was called, which is made of that op, its
 * name takes the place: the caller knows nothing of the op. In backward the op is what matters, so it stays.
 */
void tyb_raise_core(lua_State *L, const char *name)
{
    const char *message = ty_error();
    if (ty_error_what() == TY_ERROR_CALLBACK)
        tyb_raise_callback(L);
    size_t word = name ? leading_word(message) : 0;
    if (!name || (word && strncmp(message, name, word - 2) == 0 && strlen(name) == word - 2))
        raise_message(L, message);
    bool keep =
        strcmp(name, "backward") == 0 || strcmp(name, "grad") == 0 || strncmp(message, "out of memory", 13) == 0;
    tyb_raise(L, "%s: %s", name, keep ? message : message + word);
}

/* core.raise(message): the same for the Lua half. A message that is no string is raised as it is. */
static int raise_from_lua(lua_State *L)
{
    luaL_checkany(L, 1);
    if (lua_type(L, 1) != LUA_TSTRING) {
        lua_settop(L, 1);
        return lua_error(L);
    }
    push_position(L);
    lua_pushvalue(L, 1);
    lua_concat(L, 2);
    return lua_error(L);
}

/* core.set_internal_prefix(path) -> the one before: chunks whose file name begins with it are Tycho's own; "": none. */
static int set_internal_prefix(lua_State *L)
{
    size_t length;
    const char *path = luaL_checklstring(L, 1, &length);
    tyb_state *s = tyb_get(L);
    if (length >= sizeof s->internal)
        return luaL_error(L, "set_internal_prefix: the path is longer than %d bytes", (int)sizeof s->internal - 1);
    lua_pushstring(L, s->internal);
    memcpy(s->internal, path, length + 1);
    return 1;
}

void tyb_open_error(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"raise", raise_from_lua},
        {"set_internal_prefix", set_internal_prefix},
        {NULL, NULL},
    };
    luaL_setfuncs(L, functions, 0);
}
