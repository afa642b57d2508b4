/*
 * The prompt: reads a chunk line by line until it is whole. What is done with it stands in the Lua module
 * tycho.repl.session: its function take runs a chunk and shows the values, or asks for more lines. Relies on line.c to
 * read and on report.c to call.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <lauxlib.h>

#include "repl.h"

static const char session_key[] = "tycho.repl.session"; /* the module, and its place in the registry */

/* Cuts the list of all the places that were searched off the message on the top of the stack, but for the first. */
static void shorten_not_found(lua_State *L)
{
    const char *message = luaL_tolstring(L, -1, NULL);
    const char *list = strstr(message, ":\n\tno field package.preload");
    const char *first = list ? strstr(list, "no file '") : NULL;
    if (first) {
        lua_pushlstring(L, message, (size_t)(list - message));
        lua_pushlstring(L, first, strcspn(first, "\n"));
        lua_pushfstring(L, "%s (%s and so on)", lua_tostring(L, -2), lua_tostring(L, -1));
        lua_replace(L, -4);
        lua_pop(L, 2);
    }
    lua_remove(L, -2);
}

bool tyb_session_open(lua_State *L)
{
    static const char *const modules[] = {"tycho", session_key};
    for (size_t i = 0; i < sizeof modules / sizeof *modules; i++) {
        lua_getglobal(L, "require");
        lua_pushstring(L, modules[i]);
        if (tyb_call(L, 1, false, NULL) != LUA_OK) {
            shorten_not_found(L);
            lua_pushfstring(L, "the library does not load: %s", lua_tostring(L, -1));
            tyb_report(L, TYB_PROGRAM);
            lua_settop(L, 0);
            return false;
        }
        lua_settop(L, 1); /* require has a second result */
        if (i > 0)
            lua_setfield(L, LUA_REGISTRYINDEX, session_key);
        lua_settop(L, 0);
    }
    return true;
}

void tyb_session_push(lua_State *L, const char *name)
{
    lua_getfield(L, LUA_REGISTRYINDEX, session_key);
    lua_getfield(L, -1, name);
    lua_remove(L, -2);
}

void tyb_session_start(lua_State *L)
{
    tyb_session_push(L, "start");
    if (tyb_call(L, 0, false, NULL) != LUA_OK)
        tyb_report(L, TYB_PROGRAM);
    lua_settop(L, 0);
}

/* The chunk under way: its lines joined by newlines. */
struct pending {
    char *text;
    size_t length;
};

static void forget(struct pending *p)
{
    free(p->text);
    *p = (struct pending){NULL, 0};
}

static bool append(struct pending *p, const char *line)
{
    size_t n = strlen(line);
    char *text = realloc(p->text, p->length + n + 2);
    if (!text)
        return false;
    p->text = text;
    if (p->length > 0)
        text[p->length++] = '\n';
    memcpy(text + p->length, line, n + 1);
    p->length += n;
    return true;
}

/* Takes what was entered; runs the chunk when it is whole. False: the session shall end. */
static bool take_line(lua_State *L, struct pending *p, const char *line)
{
    if (p->length == 0 && line[strspn(line, " \t\r\n")] == '\0')
        return true;
    if (!append(p, line)) {
        fputs("not enough memory\n", stderr);
        forget(p);
        return true;
    }
    tyb_session_push(L, "take");
    lua_pushlstring(L, p->text, p->length);
    bool ok = tyb_call(L, 1, false, NULL) == LUA_OK;
    const char *word = ok && lua_type(L, 1) == LUA_TSTRING ? lua_tostring(L, 1) : "";
    bool more = strcmp(word, "more") == 0, quit = strcmp(word, "quit") == 0;
    if (!more) {
        tyb_line_remember(p->text);
        if (ok && lua_type(L, 2) == LUA_TSTRING)
            tyb_line_remember(lua_tostring(L, 2));
        forget(p);
    }
    if (!ok)
        tyb_report(L, NULL);
    lua_settop(L, 0);
    return !quit;
}

/* Blanks before the next line of the chunk. */
static int indentation(lua_State *L, const struct pending *p)
{
    if (p->length == 0)
        return 0;
    tyb_session_push(L, "indent");
    lua_pushlstring(L, p->text, p->length);
    int columns = tyb_call(L, 1, false, NULL) == LUA_OK ? (int)lua_tointeger(L, 1) : 0;
    lua_settop(L, 0);
    return columns;
}

/* Piped input that ends inside a chunk. */
static void report_unfinished(lua_State *L, const struct pending *p)
{
    tyb_session_push(L, "unfinished");
    lua_pushlstring(L, p->text, p->length);
    if (tyb_call(L, 1, false, NULL) != LUA_OK)
        tyb_report(L, NULL);
    lua_settop(L, 0);
}

int tyb_prompt(lua_State *L)
{
    lua_settop(L, 0);
    /* a script before the prompt may have chosen already */
    tyb_do_quietly(L, "if not package.loaded['tycho.doctor'] then require('tycho').doctor(true) end");
    bool terminal = tyb_line_open(L);
    bool colour = terminal && tyb_colour(STDOUT_FILENO);
    const char *first = colour ? "\001\033[1;36m\002>\001\033[0m\002 " : "> ";
    const char *next = colour ? "\001\033[36m\002>>\001\033[0m\002 " : ">> ";
    if (terminal)
        printf("Tycho %s, %s; ?name for help, :help for commands, Ctrl-D to leave\n", TY_VERSION, LUA_VERSION);

    struct pending chunk = {NULL, 0};
    int exit_status = 0;
    for (;;) {
        char *line;
        int columns = terminal ? indentation(L, &chunk) : 0;
        tyb_complete_after(chunk.text);
        tyb_line_status status = tyb_line_read(chunk.length > 0 ? next : first, columns, &line);
        if (status == TYB_LINE_END)
            break;
        if (status == TYB_LINE_DISCARDED) {
            forget(&chunk);
            if (isatty(STDIN_FILENO))
                continue;
            exit_status = TYB_EXIT_SIGINT;
            break;
        }
        bool on = take_line(L, &chunk, line);
        free(line);
        if (!on)
            break;
    }
    if (chunk.length > 0 && !terminal && exit_status == 0)
        report_unfinished(L, &chunk);
    tyb_complete_after(NULL);
    forget(&chunk);
    tyb_line_close();
    return exit_status;
}
