/*
 * The prompt: reads a chunk line by line until it is whole, runs it, and shows the values of an expression. What makes
 * it pleasant is written in Lua and found beside the library: tycho.repl.chunk turns a top-level `local x` into a
 * global so that later lines see it, tycho.repl.show writes values out. Without them the prompt is plain Lua's. Relies
 * on line.c to read and on report.c to call.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <lauxlib.h>

#include "repl.h"

static const char chunk_key[] = "tycho.repl.chunk"; /* registry: the Lua functions */
static const char show_key[] = "tycho.repl.show";

/* What compile() found. */
enum chunk { EXPRESSION, STATEMENT, INCOMPLETE, WRONG };

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

/* Loads require(name) into the registry under the same name; leaves nothing there when it cannot be had, which is
 * reported unless the library as a whole is known to be missing. */
static void load_part(lua_State *L, const char *name, bool library)
{
    lua_getglobal(L, "require");
    lua_pushstring(L, name);
    if (tyb_call(L, 1, false, NULL) != LUA_OK) {
        shorten_not_found(L);
        if (library)
            tyb_report(L, TYB_PROGRAM);
    } else {
        lua_settop(L, 1); /* require has a second result */
        lua_setfield(L, LUA_REGISTRYINDEX, name);
    }
    lua_settop(L, 0);
}

/* Loads the library, so that its failure shows at once and not at its first use. */
static bool load_library(lua_State *L)
{
    lua_getglobal(L, "require");
    lua_pushliteral(L, "tycho");
    if (tyb_call(L, 1, false, NULL) != LUA_OK) {
        shorten_not_found(L);
        lua_pushfstring(L, "the library does not load, so this is plain Lua: %s", lua_tostring(L, -1));
        tyb_report(L, TYB_PROGRAM);
        lua_pushglobaltable(L); /* its metatable would load the library at the first use of a name */
        lua_pushnil(L);
        lua_setmetatable(L, -2);
        lua_settop(L, 0);
        return false;
    }
    lua_settop(L, 0);
    return true;
}

/* Pops the message of a failed load; true when more input could complete the chunk. */
static bool wants_more(lua_State *L)
{
    static const char mark[] = "<eof>";
    size_t n;
    const char *message = lua_tolstring(L, -1, &n);
    return message && n >= sizeof mark - 1 && strcmp(message + n - (sizeof mark - 1), mark) == 0;
}

/* Pushes the text with top-level locals made global; the text itself where that cannot be done. */
static void push_statement_text(lua_State *L, const char *text)
{
    if (lua_getfield(L, LUA_REGISTRYINDEX, chunk_key) == LUA_TFUNCTION) {
        lua_pushstring(L, text);
        if (tyb_call(L, 1, false, NULL) == LUA_OK && lua_type(L, -1) == LUA_TSTRING)
            return;
    }
    lua_pop(L, 1);
    lua_pushstring(L, text);
}

static int load_text(lua_State *L, const char *text)
{
    return luaL_loadbufferx(L, text, strlen(text), "=stdin", "t");
}

/* Pushes the function of an EXPRESSION or STATEMENT, or the message of a WRONG chunk; nothing when INCOMPLETE. */
static enum chunk compile(lua_State *L, const char *text)
{
    const char *expression = *text == '=' ? text + 1 : text; /* "=x" is how older Luas were asked to show x */
    /* the variable to close keeps a call from being a tail call, which would drop the user's line from tracebacks */
    const char *returned = lua_pushfstring(L, "local __prompt <close> = nil return %s", expression);
    int status = load_text(L, returned);
    lua_remove(L, -2);
    if (status == LUA_OK)
        return EXPRESSION;
    bool more = wants_more(L);
    lua_pop(L, 1);
    if (more || *text == '=')
        return more ? INCOMPLETE : (load_text(L, expression), WRONG);
    push_statement_text(L, text);
    status = load_text(L, lua_tostring(L, -1));
    lua_remove(L, -2);
    if (status != LUA_OK) { /* the message shall be about what was typed */
        lua_pop(L, 1);
        status = load_text(L, text);
    }
    if (status == LUA_OK)
        return STATEMENT;
    if (!wants_more(L))
        return WRONG;
    lua_pop(L, 1);
    return INCOMPLETE;
}

/* True when the text is a statement, too: a call, whose nil results are not worth showing. */
static bool is_call(lua_State *L, const char *text)
{
    bool call = load_text(L, text) == LUA_OK;
    lua_pop(L, 1);
    return call;
}

/* Pushes the global of this name past a metatable that the user may have set. */
static int raw_global(lua_State *L, const char *name)
{
    lua_pushglobaltable(L);
    lua_pushstring(L, name);
    int type = lua_rawget(L, -2);
    lua_remove(L, -2);
    return type;
}

static int plain_text(lua_State *L)
{
    luaL_tolstring(L, 1, NULL);
    return 1;
}

/* Writes the values on the stack and keeps the first as `_`. */
static bool show(lua_State *L)
{
    int n = lua_gettop(L);
    lua_pushglobaltable(L);
    lua_pushliteral(L, "_");
    lua_pushvalue(L, 1);
    lua_rawset(L, -3);
    lua_pop(L, 1);
    if (lua_getfield(L, LUA_REGISTRYINDEX, show_key) != LUA_TFUNCTION) {
        lua_pop(L, 1);
        lua_pushcfunction(L, plain_text); /* the first value alone, as Lua itself writes it */
        lua_pushvalue(L, 1);
        n = 1;
    } else {
        lua_insert(L, 1);
    }
    if (tyb_call(L, n, false, NULL) != LUA_OK) {
        tyb_report(L, NULL);
        return false;
    }
    size_t size;
    const char *text = lua_tolstring(L, -1, &size);
    if (text) {
        fwrite(text, 1, size, stdout);
        putchar('\n');
    }
    fflush(stdout);
    return true;
}

static bool all_nil(lua_State *L)
{
    for (int i = lua_gettop(L); i > 0; i--)
        if (!lua_isnil(L, i))
            return false;
    return true;
}

/* Runs the compiled chunk on the stack, which it empties; false after an error. */
static bool run(lua_State *L, enum chunk kind, const char *text)
{
    bool ok = true;
    if (tyb_call(L, 0, false, NULL) != LUA_OK) {
        tyb_report(L, NULL);
        ok = false;
    } else if (lua_gettop(L) > 0 && !(kind == EXPRESSION && all_nil(L) && is_call(L, text))) {
        ok = show(L);
    }
    lua_settop(L, 0);
    return ok;
}

/* help(...), which is not looked for before it is needed: the library loads it then. */
static int call_help(lua_State *L)
{
    int nargs = lua_gettop(L);
    if (lua_getglobal(L, "help") == LUA_TNIL)
        return luaL_error(L, "there is no help: the library has not loaded");
    lua_insert(L, 1);
    lua_call(L, nargs, 1);
    return 1;
}

/* The line "?name": help(name). */
static bool run_help(lua_State *L, const char *name)
{
    lua_pushcfunction(L, call_help);
    name += strspn(name, " \t");
    size_t n = strlen(name);
    while (n > 0 && strchr(" \t\r;", name[n - 1]))
        n--;
    if (n > 0)
        lua_pushlstring(L, name, n);
    bool ok = tyb_call(L, n > 0 ? 1 : 0, false, NULL) == LUA_OK;
    if (!ok)
        tyb_report(L, NULL);
    else if (lua_type(L, 1) == LUA_TSTRING)
        puts(lua_tostring(L, 1));
    lua_settop(L, 0);
    return ok;
}

/* True for `exit` and `quit`, with or without (), unless the user gave the name a meaning. */
static bool is_farewell(lua_State *L, const char *line)
{
    static const char *const words[] = {"exit", "quit"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        size_t n = strlen(words[i]);
        if (strncmp(line, words[i], n) != 0 || (line[n] && strcmp(line + n, "()") != 0))
            continue;
        bool unset = raw_global(L, words[i]) == LUA_TNIL;
        lua_settop(L, 0);
        return unset;
    }
    return false;
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

static bool append(struct pending *p, const char *line, size_t n)
{
    char *text = realloc(p->text, p->length + n + 2);
    if (!text)
        return false;
    p->text = text;
    if (p->length > 0)
        text[p->length++] = '\n';
    memcpy(text + p->length, line, n);
    p->length += n;
    text[p->length] = '\0';
    return true;
}

/* Takes one line; runs the chunk when it is whole. False: an error, so the rest of a pasted text must not run. */
static bool take_line(lua_State *L, struct pending *p, const char *line, size_t n)
{
    if (p->length == 0 && strspn(line, " \t\r") >= n)
        return true;
    if (!append(p, line, n)) {
        fputs("not enough memory\n", stderr);
        forget(p);
        return false;
    }
    bool ok;
    if (*p->text == '?') {
        tyb_line_remember(p->text);
        ok = run_help(L, p->text + 1);
    } else {
        enum chunk kind = compile(L, p->text);
        if (kind == INCOMPLETE)
            return true;
        tyb_line_remember(p->text);
        ok = kind != WRONG && run(L, kind, p->text);
        if (kind == WRONG)
            tyb_report(L, NULL);
        lua_settop(L, 0);
    }
    forget(p);
    return ok;
}

int tyb_prompt(lua_State *L)
{
    lua_settop(L, 0);
    bool library = load_library(L);
    load_part(L, chunk_key, library);
    load_part(L, show_key, library);
    if (library) /* a script before the prompt may have chosen already */
        tyb_do_quietly(L, "if not package.loaded['tycho.doctor'] then require('tycho').doctor(true) end");
    bool terminal = tyb_line_open(L);
    bool colour = terminal && tyb_colour(STDOUT_FILENO);
    const char *first = colour ? "\001\033[1;36m\002>\001\033[0m\002 " : "> ";
    const char *next = colour ? "\001\033[36m\002>>\001\033[0m\002 " : ">> ";
    if (terminal)
        printf("Tycho %s, %s; %sCtrl-D to leave\n", TY_VERSION, LUA_VERSION, library ? "?name for help, " : "");

    struct pending chunk = {NULL, 0};
    int exit_status = 0;
    for (;;) {
        char *line;
        tyb_line_status status = tyb_line_read(chunk.length > 0 ? next : first, &line);
        if (status == TYB_LINE_END)
            break;
        if (status == TYB_LINE_DISCARDED) {
            forget(&chunk);
            if (isatty(STDIN_FILENO))
                continue;
            exit_status = TYB_EXIT_SIGINT;
            break;
        }
        if (chunk.length == 0 && is_farewell(L, line)) {
            free(line);
            break;
        }
        /* a pasted text comes as one line with newlines in it */
        for (char *p = line, *end; p; p = end ? end + 1 : NULL) {
            end = strchr(p, '\n');
            if (!take_line(L, &chunk, p, end ? (size_t)(end - p) : strlen(p)))
                break;
        }
        free(line);
    }
    if (chunk.length > 0 && !terminal && exit_status == 0) { /* piped input that ends inside a chunk */
        load_text(L, chunk.text);
        tyb_report(L, NULL);
    }
    forget(&chunk);
    tyb_line_close();
    return exit_status;
}
