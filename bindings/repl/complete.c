/*
 * The Tab key: readline asks here, and the function `complete` of tycho.repl.session answers with names, or leaves it
 * to readline to complete a file's name. On a line of blanks Tab indents. Relies on report.c for the call, so that even
 * a completion can be stopped, and knows nothing of what the names mean.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <readline/readline.h>

#include <lauxlib.h>

#include "repl.h"

static lua_State *state;      /* readline's callbacks carry no argument; one prompt per process */
static const char *pending;   /* the lines before this one */
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
    int top = lua_gettop(state);
    char **found = NULL;
    tyb_session_push(state, "complete");
    lua_pushfstring(state, "%s%s", pending ? pending : "", pending ? "\n" : "");
    lua_pushlstring(state, rl_line_buffer, (size_t)start);
    lua_concat(state, 2);
    lua_pushstring(state, text);
    lua_pushboolean(state, rl_completion_quote_character != 0);
    if (tyb_call(state, 3, false, NULL) == LUA_OK && lua_gettop(state) > top && lua_istable(state, top + 1)) {
        lua_settop(state, top + 1);
        rl_attempted_completion_over = 1;
        found = rl_completion_matches(text, each_name);
    }
    lua_settop(state, top);
    return found;
}

static const char breaks[] = " \t\n\"\\'`@$><=;|&{}()[]+-*/%^~#,.:!?";

/* What ends a word: blanks alone where a command of the prompt, such as ":load", has a file after it. */
static char *word_breaks(void)
{
    const char *line = rl_line_buffer + strspn(rl_line_buffer, " ");
    bool file = *line == ':' && line[strcspn(line, " ")] && strncmp(line, ":time ", 6) != 0;
    rl_completer_word_break_characters = file ? " \t\n" : breaks;
    return NULL;
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

void tyb_complete_after(const char *text)
{
    pending = text;
}

void tyb_complete_open(lua_State *L)
{
    state = L;
    rl_attempted_completion_function = names;
    rl_basic_word_break_characters = breaks;
    rl_completion_word_break_hook = word_breaks;
    rl_completer_quote_characters = "\"'";
    rl_bind_key('\t', complete_or_indent);
}
