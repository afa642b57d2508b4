/*
 * Errors as the user sees them: the message at the user's own line, and a traceback without C functions and without the
 * Lua sources of Tycho, unless TYCHO_FULL_TRACEBACK is set. Also the one way in which the executable calls Lua code,
 * tyb_call(). Relies on interrupt.c; knows nothing of prompts.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <lauxlib.h>

#include "repl.h"

/* Frames shown of a deep stack: the innermost and the outermost. */
#define INNER_FRAMES 12
#define OUTER_FRAMES 6

static const char own_key[] = "tycho.repl.own"; /* registry: "@folder/" of Tycho's Lua sources */

void tyb_report_open(lua_State *L, const char *own)
{
    if (own && !getenv("TYCHO_FULL_TRACEBACK"))
        lua_pushfstring(L, "@%s/", own);
    else
        lua_pushnil(L);
    lua_setfield(L, LUA_REGISTRYINDEX, own_key);
}

static bool starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool is_own(const char *own, const lua_Debug *ar)
{
    return own && starts_with(ar->source, own);
}

static bool is_user(const char *own, const lua_Debug *ar)
{
    return ar->currentline > 0 && !is_own(own, ar);
}

/* Length of "short_src:line: " at the begin of the message when it is a line of this frame's source, else 0. */
static size_t position_length(const char *message, const lua_Debug *ar)
{
    size_t n = strlen(ar->short_src);
    if (strncmp(message, ar->short_src, n) != 0 || message[n] != ':')
        return 0;
    size_t digits = strspn(message + n + 1, "0123456789");
    if (digits == 0 || strncmp(message + n + 1 + digits, ": ", 2) != 0)
        return 0;
    return n + digits + 3;
}

/* Pushes the line that describes one frame. */
static void push_frame(lua_State *L, const lua_Debug *ar)
{
    if (*ar->what == 'm')
        lua_pushfstring(L, "\n  %s:%d: in main chunk", ar->short_src, ar->currentline);
    else if (*ar->namewhat)
        lua_pushfstring(L, "\n  %s:%d: in %s '%s'", ar->short_src, ar->currentline,
                        strcmp(ar->namewhat, "global") == 0 ? "function" : ar->namewhat, ar->name);
    else
        lua_pushfstring(L, "\n  %s:%d: in function <%s:%d>", ar->short_src, ar->currentline, ar->short_src,
                        ar->linedefined);
}

/* Replaces the error value 1 by its text. */
static const char *as_text(lua_State *L)
{
    const char *text = lua_tostring(L, 1);
    if (!text && luaL_callmeta(L, 1, "__tostring") && lua_type(L, -1) == LUA_TSTRING)
        text = lua_tostring(L, -1);
    if (!text)
        text = lua_pushfstring(L, "(error object is a %s value)", luaL_typename(L, 1));
    lua_pushstring(L, text);
    lua_replace(L, 1);
    lua_settop(L, 1);
    return lua_tostring(L, 1);
}

/* Message handler: the error value becomes the text to show. */
static int message_handler(lua_State *L)
{
    tyb_interrupt_seen();
    const char *message = as_text(L);
    lua_getfield(L, LUA_REGISTRYINDEX, own_key); /* index 2 */
    const char *own = lua_tostring(L, 2);

    lua_Debug ar, first;
    int users = 0;
    size_t own_position = 0;
    for (int level = 1; lua_getstack(L, level, &ar); level++) {
        lua_getinfo(L, "Slnt", &ar);
        if (is_own(own, &ar) && users == 0 && own_position == 0)
            own_position = position_length(message, &ar);
        if (is_user(own, &ar) && users++ == 0)
            first = ar;
    }
    if (users > 0 && own_position > 0) {
        message = lua_pushfstring(L, "%s:%d: %s", first.short_src, first.currentline, message + own_position);
        lua_replace(L, 1);
    }
    bool placed = users > 0 && position_length(message, &first) > 0;
    if (users == 0 || (users == 1 && placed)) {
        lua_settop(L, 1);
        return 1;
    }
    luaL_Buffer b;
    luaL_buffinit(L, &b);
    luaL_addstring(&b, message);
    luaL_addstring(&b, "\nstack traceback:");
    int seen = 0;
    for (int level = 1; lua_getstack(L, level, &ar); level++) {
        lua_getinfo(L, "Slnt", &ar);
        if (!is_user(own, &ar))
            continue;
        seen++;
        if (seen <= INNER_FRAMES || seen > users - OUTER_FRAMES) {
            push_frame(L, &ar);
            luaL_addvalue(&b);
        } else if (seen == INNER_FRAMES + 1) {
            lua_pushfstring(L, "\n  ... (%d more)", users - INNER_FRAMES - OUTER_FRAMES);
            luaL_addvalue(&b);
        }
    }
    luaL_pushresult(&b);
    return 1;
}

void tyb_do_quietly(lua_State *L, const char *code)
{
    int top = lua_gettop(L);
    if (luaL_dostring(L, code) != LUA_OK) /* what it is for is a convenience */
        lua_pop(L, 1);
    lua_settop(L, top);
}

int tyb_call(lua_State *L, int nargs, bool fatal, bool *interrupted)
{
    int base = lua_gettop(L) - nargs;
    lua_pushcfunction(L, message_handler);
    lua_insert(L, base);
    tyb_interrupt_begin(L, fatal);
    int status = lua_pcall(L, nargs, LUA_MULTRET, base);
    bool asked = tyb_interrupt_end(L);
    lua_remove(L, base);
    /* a progress bar that is left behind would share its line with what comes now */
    tyb_do_quietly(L, "local screen = package.loaded['tycho.progress.screen']; if screen then screen.end_all() end");
    if (interrupted)
        *interrupted = asked;
    return status;
}

bool tyb_colour(int fd)
{
    const char *no_color = getenv("NO_COLOR");
    const char *term = getenv("TERM");
    return isatty(fd) && !(no_color && *no_color) && term && *term && strcmp(term, "dumb") != 0;
}

void tyb_report(lua_State *L, const char *program)
{
    const char *message = luaL_tolstring(L, -1, NULL);
    size_t head = strcspn(message, "\n");
    bool colour = tyb_colour(STDERR_FILENO);
    fflush(stdout);
    fprintf(stderr, "%s%s%s%.*s%s%s\n", colour ? "\033[31m" : "", program ? program : "", program ? ": " : "",
            (int)head, message, colour ? "\033[0m" : "", message + head);
    fflush(stderr);
    lua_pop(L, 2);
}
