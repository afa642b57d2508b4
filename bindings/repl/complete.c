/*
 * The Tab key: readline asks here, and the Lua function tycho.repl.complete answers with names. Inside a string it is
 * readline itself that completes file names. On a line of blanks Tab indents. Relies on report.c for the call, so that
 * even a completion can be stopped, and knows nothing of what the names mean.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <readline/readline.h>

#include <lauxlib.h>

#include "repl.h"

static const char complete_key[] = "tycho.repl.complete"; /* registry: the Lua function */

static lua_State *state;      /* readline's callbacks carry no argument; one prompt per process */
static lua_Integer next_name; /* of the list on the top of the state's stack, while readline collects it */

/* readline's generator over the list: a copy of each name that begins with text, then NULL. */
static char *each_name(const char *text, int again)
{
    if (again == 0)
        next_name = 1;
    for (;;) {
        lua_rawgeti(state, -1, next_name++);
        const char *name = lua_type(state, -1) == LUA_TSTRING ? lua_tostring(state, -1) : NULL;
        char *copy = name && strncmp(name, text, strlen(text)) == 0 ? strdup(name) : NULL;
        bool end = lua_isnil(state, -1);
        lua_pop(state, 1);
        if (copy || end)
            return copy;
    }
}

/* The completions of text, which stands at [start, end) of readline's line. */
static char **names(const char *text, int start, int end)
{
    (void)end;
    rl_completion_append_character = '\0';
    if (rl_completion_quote_character)
        return NULL; /* file names */
    rl_attempted_completion_over = 1;
    int top = lua_gettop(state);
    char **found = NULL;
    lua_getfield(state, LUA_REGISTRYINDEX, complete_key);
    lua_pushlstring(state, rl_line_buffer, (size_t)start);
    lua_pushstring(state, text);
    if (tyb_call(state, 2, false, NULL) == LUA_OK && lua_istable(state, top + 1)) {
        lua_settop(state, top + 1);
        found = rl_completion_matches(text, each_name);
    }
    lua_settop(state, top);
    return found;
}

/* Bound to Tab. */
static int complete_or_indent(int count, int key)
{
    int i = rl_point;
    while (i > 0 && (rl_line_buffer[i - 1] == ' ' || rl_line_buffer[i - 1] == '\t'))
        i--;
    if (i == 0 || rl_line_buffer[i - 1] == '\n')
        return rl_insert_text("  "), 0;
    if (rl_last_func == complete_or_indent)
        rl_last_func = rl_complete; /* by which readline knows the second Tab, the one that lists */
    return rl_complete(count, key);
}

void tyb_complete_open(lua_State *L)
{
    state = L;
    lua_getglobal(L, "require");
    lua_pushstring(L, complete_key);
    if (tyb_call(L, 1, false, NULL) != LUA_OK) {
        lua_settop(L, 0);
        rl_bind_key('\t', rl_insert);
        return;
    }
    lua_settop(L, 1); /* require has a second result */
    lua_setfield(L, LUA_REGISTRYINDEX, complete_key);
    rl_attempted_completion_function = names;
    rl_basic_word_break_characters = " \t\n\"\\'`@$><=;|&{}()[]+-*/%^~#,.:!?";
    rl_completer_word_break_characters = rl_basic_word_break_characters;
    rl_completer_quote_characters = "\"'";
    rl_bind_key('\t', complete_or_indent);
}
