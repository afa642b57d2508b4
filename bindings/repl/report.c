/*
 * Errors as the user sees them: the message at the user's own line, that line of the source (tycho.repl.failure finds
 * it), and a traceback without C functions and without the Lua sources of Tycho, unless TYCHO_FULL_TRACEBACK is set.
 * Also the one way in which the executable calls Lua code, tyb_call(). Relies on interrupt.c; knows nothing of prompts.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <lauxlib.h>

#include "repl.h"

/* Frames shown of a deep stack: the innermost and the outermost. */
#define INNER_FRAMES 12
#define OUTER_FRAMES 6
/* Levels of the stack, C functions and Tycho's own among them, that are looked at from either end of a deep one. */
#define INNER_LEVELS 400
#define OUTER_LEVELS 12

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

/* Pushes require(module)(argument), the argument being the value 1; nil when that fails. */
static void push_result(lua_State *L, const char *module)
{
    lua_getglobal(L, "require");
    lua_pushstring(L, module);
    if (lua_pcall(L, 1, 1, 0) == LUA_OK) {
        lua_pushvalue(L, 1);
        if (lua_pcall(L, 1, 1, 0) == LUA_OK)
            return;
    }
    lua_pop(L, 1);
    lua_pushnil(L);
}

static int to_text(lua_State *L)
{
    luaL_tolstring(L, 1, NULL);
    return 1;
}

/* Replaces the error value 1 by its text: a string, what its __tostring gives, a table as the prompt shows it. */
static const char *as_text(lua_State *L)
{
    if (!lua_isstring(L, 1)) {
        bool own = luaL_getmetafield(L, 1, "__tostring") != LUA_TNIL;
        lua_settop(L, 1);
        if (own) {
            lua_pushcfunction(L, to_text);
            lua_pushvalue(L, 1);
            if (lua_pcall(L, 1, 1, 0) != LUA_OK)
                lua_pushfstring(L, "(error object is a %s value whose __tostring failed)", luaL_typename(L, 1));
        } else if (lua_istable(L, 1)) {
            push_result(L, "tycho.repl.show");
            const char *shown = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "it";
            lua_pushfstring(L, "(error object is a table value) %s", shown);
        } else {
            lua_pushfstring(L, "(error object is a %s value)", luaL_typename(L, 1));
        }
        lua_replace(L, 1);
    }
    lua_settop(L, 1);
    return lua_tostring(L, 1);
}

/* Adds the line of the source at which the message 1 points below it. */
static void add_source_line(lua_State *L)
{
    int top = lua_gettop(L);
    lua_Hook hook = lua_gethook(L); /* that of an interrupt would stop this code, too */
    int mask = lua_gethookmask(L), count = lua_gethookcount(L);
    lua_sethook(L, NULL, 0, 0);
    push_result(L, "tycho.repl.failure");
    lua_sethook(L, hook, mask, count);
    if (lua_type(L, -1) == LUA_TSTRING) {
        lua_pushfstring(L, "%s\n%s", lua_tostring(L, 1), lua_tostring(L, -1));
        lua_replace(L, 1);
    }
    lua_settop(L, top);
}

/* The stack of an error: how deep it is, and its outermost levels, which are slow to reach. */
struct levels {
    int depth;
    lua_Debug outer[OUTER_LEVELS];
};

/* The number of levels of the stack. lua_getstack() walks from the innermost to the one asked for, so that asking for
 * each of the 200,000 levels of an endless recursion would take minutes. */
static int stack_depth(lua_State *L)
{
    lua_Debug ar;
    int low = 0, high = 1;
    while (lua_getstack(L, high, &ar)) {
        low = high;
        high *= 2;
    }
    while (high - low > 1) {
        int middle = low + (high - low) / 2;
        if (lua_getstack(L, middle, &ar))
            low = middle;
        else
            high = middle;
    }
    return high;
}

static void find_levels(lua_State *L, struct levels *s)
{
    s->depth = stack_depth(L);
    if (s->depth > INNER_LEVELS + OUTER_LEVELS)
        for (int i = 0; i < OUTER_LEVELS; i++)
            lua_getstack(L, s->depth - OUTER_LEVELS + i, &s->outer[i]);
}

/* Gives *ar what is to be known of a level, and *level the one after it; of a deep stack the middle is passed over.
 * False: there is no such level. */
static bool next_level(lua_State *L, const struct levels *s, int *level, lua_Debug *ar)
{
    bool deep = s->depth > INNER_LEVELS + OUTER_LEVELS;
    if (deep && *level >= INNER_LEVELS && *level < s->depth - OUTER_LEVELS)
        *level = s->depth - OUTER_LEVELS;
    if (*level >= s->depth)
        return false;
    if (deep && *level >= s->depth - OUTER_LEVELS)
        *ar = s->outer[*level - (s->depth - OUTER_LEVELS)];
    else if (!lua_getstack(L, *level, ar))
        return false;
    lua_getinfo(L, "Slnt", ar);
    ++*level;
    return true;
}

/* Pushes message 1 and the traceback of `users` frames below it. */
static void push_traceback(lua_State *L, const char *own, const struct levels *stack, int users)
{
    lua_Debug ar;
    luaL_Buffer b;
    luaL_buffinit(L, &b);
    luaL_addstring(&b, lua_tostring(L, 1));
    luaL_addstring(&b, "\nstack traceback:");
    int seen = 0, passed = stack->depth - INNER_LEVELS - OUTER_LEVELS;
    users += passed > 0 ? passed : 0; /* as if those in the middle were the user's */
    for (int level = 1; next_level(L, stack, &level, &ar);) {
        if (passed > 0 && level == stack->depth - OUTER_LEVELS + 1)
            seen += passed;
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
}

/* Message handler: the error value becomes the text to show. */
static int message_handler(lua_State *L)
{
    tyb_interrupt_seen();
    const char *message = as_text(L);
    lua_getfield(L, LUA_REGISTRYINDEX, own_key);
    const char *own = lua_tostring(L, 2);

    lua_Debug ar, first;
    struct levels stack;
    find_levels(L, &stack);
    int users = 0;
    size_t own_position = 0;
    for (int level = 1; next_level(L, &stack, &level, &ar);) {
        if (is_own(own, &ar) && users == 0 && own_position == 0)
            own_position = position_length(message, &ar);
        if (is_user(own, &ar) && users++ == 0)
            first = ar;
    }
    if (own_position > 0) {
        message += own_position;
        if (users > 0)
            message = lua_pushfstring(L, "%s:%d: %s", first.short_src, first.currentline, message);
        else
            message = lua_pushstring(L, message);
        lua_replace(L, 1);
    }
    bool placed = users > 0 && position_length(message, &first) > 0;
    add_source_line(L);
    if (users > 1 || (users == 1 && !placed))
        push_traceback(L, own, &stack, users);
    else
        lua_settop(L, 1);
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

/* The length of a shape that begins at p, as (2x3), [2, 3], {2, 3} or 2x3; 0 when none does. */
static size_t shape_length(const char *p)
{
    static const char open[] = "([{", close[] = ")]}";
    const char *bracket = strchr(open, *p);
    const char *q = p + (bracket != NULL);
    int numbers = 0;
    for (;;) {
        size_t digits = strspn(q, "0123456789");
        if (digits == 0)
            break;
        numbers++;
        q += digits;
        if (*q == 'x' && isdigit((unsigned char)q[1]))
            q++;
        else if (bracket && strncmp(q, ", ", 2) == 0 && isdigit((unsigned char)q[2]))
            q += 2;
        else
            break;
    }
    if (bracket ? numbers == 0 || *q != close[bracket - open] : numbers < 2 || isalnum((unsigned char)*q) || *q == '_')
        return 0;
    return (size_t)(q - p) + (bracket != NULL);
}

/* Writes n bytes of a message in red, the shapes in it in bold yellow. */
static void write_message(FILE *out, const char *text, size_t n)
{
    fputs("\033[31m", out);
    for (size_t i = 0; i < n;) {
        bool within = i > 0 && (isalnum((unsigned char)text[i - 1]) || text[i - 1] == '_');
        size_t shape = within ? 0 : shape_length(text + i);
        if (shape > 0 && i + shape <= n) {
            fprintf(out, "\033[1;33m%.*s\033[0;31m", (int)shape, text + i);
            i += shape;
        } else {
            fputc(text[i++], out);
        }
    }
    fputs("\033[0m", out);
}

/* True for a line of the source: "   12 | code". */
static bool is_source_line(const char *line)
{
    line += strspn(line, " ");
    size_t digits = strspn(line, "0123456789");
    return digits > 0 && strncmp(line + digits, " | ", 3) == 0;
}

void tyb_report(lua_State *L, const char *program)
{
    size_t size;
    const char *message = luaL_tolstring(L, -1, &size);
    fflush(stdout);
    if (program)
        fprintf(stderr, "%s: ", program);
    if (!tyb_colour(STDERR_FILENO)) {
        fwrite(message, 1, size, stderr);
        fputc('\n', stderr);
    } else {
        for (const char *line = message, *next; line; line = next) {
            size_t n = strcspn(line, "\n");
            next = line[n] ? line + n + 1 : NULL;
            if (line == message)
                write_message(stderr, line, n);
            else
                fprintf(stderr, is_source_line(line) ? "\033[1m%.*s\033[0m" : "%.*s", (int)n, line);
            fputc('\n', stderr);
        }
    }
    fflush(stderr);
    lua_pop(L, 2);
}
