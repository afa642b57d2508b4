/*
 * What the files of the executable `tycho` share: main.c (arguments, running scripts), interrupt.c (Ctrl-C),
 * report.c (errors and their tracebacks), prompt.c (the prompt), line.c (reading a line), history.c (the lines of
 * earlier sessions) and complete.c (the Tab key). Relies on Lua and on the public C API alone; nothing outside this
 * folder includes it.
 */
#ifndef TYB_REPL_H
#define TYB_REPL_H

#include <stdbool.h>
#include <stddef.h>

#include <lua.h>

#include "tycho.h"

/* The banner's and -v's one line begin with this. */
#define TYB_PROGRAM "tycho"
/* Exit statuses: a shell reads 128 + SIGINT as "stopped by Ctrl-C". */
#define TYB_EXIT_ERROR  1
#define TYB_EXIT_USAGE  2
#define TYB_EXIT_SIGINT 130

/* ---- interrupt.c ---------------------------------------------------------------------------- */

/* Installs the SIGINT handler and puts pcall, xpcall and the coroutine functions in place that let an interrupt reach
 * every running coroutine and leave clean-up code a moment. Call it once, on the main state, before other Lua code. */
void tyb_interrupt_open(lua_State *L);
/* From here to tyb_interrupt_end() Ctrl-C stops what runs on L. With `fatal` a second Ctrl-C ends the process with
 * status 130, for a script that does not stop. */
void tyb_interrupt_begin(lua_State *L, bool fatal);
/* Ends what begin began and takes a pending request back; true when there was one. */
bool tyb_interrupt_end(lua_State *L);
/* Notes that an error which the interrupt caused is on its way: clean-up code may run for a moment. A message handler
 * calls it before the stack unwinds; without a pending request it does nothing. */
void tyb_interrupt_seen(void);
/* True when Ctrl-C came while no Lua code ran; asking takes the note back. */
bool tyb_interrupt_idle(void);

/* ---- report.c ------------------------------------------------------------------------------- */

/* Lua sources below this folder are Tycho's own: tracebacks leave them out. NULL: there is none. */
void tyb_report_open(lua_State *L, const char *own);
/* Calls the function with nargs arguments on the top of the stack as lua_pcall with LUA_MULTRET does, stoppable by
 * Ctrl-C. On an error the one value left is a message for tyb_report(). `interrupted` (may be NULL) tells whether
 * Ctrl-C came. */
int tyb_call(lua_State *L, int nargs, bool fatal, bool *interrupted);
/* Runs Lua code of our own that may fail without anybody hearing of it; the stack stays as it is. */
void tyb_do_quietly(lua_State *L, const char *code);
/* Writes the message on the top of the stack to standard error, after "program: " unless that is NULL, and pops it. */
void tyb_report(lua_State *L, const char *program);
/* True when text written to this stream may have colours: a capable terminal, and NO_COLOR is not set. */
bool tyb_colour(int fd);

/* ---- prompt.c ------------------------------------------------------------------------------- */

/* Loads the session, which tells the user's globals from those that are there now; false, reported, when it cannot. */
bool tyb_session_open(lua_State *L);
/* Pushes the function of this name of the module tycho.repl.session. */
void tyb_session_push(lua_State *L, const char *name);
/* Runs the user's ~/.tychorc.lua; its failure is reported. */
void tyb_session_start(lua_State *L);
/* Reads, runs and shows until the end of input; the exit status of the session. */
int tyb_prompt(lua_State *L);

/* ---- line.c --------------------------------------------------------------------------------- */

typedef enum { TYB_LINE, TYB_LINE_DISCARDED, TYB_LINE_END } tyb_line_status;

/* Decides between readline (standard input and output are terminals) and plain reading; true for readline. */
bool tyb_line_open(lua_State *L);
/* Reads a line without its newline into *line, which the caller frees; at a terminal `columns` blanks are there
 * already. A pasted text, or a chunk from the history, has newlines in it. DISCARDED: Ctrl-C; END: Ctrl-D or the end.
 */
tyb_line_status tyb_line_read(const char *prompt, int columns, char **line);
/* Remembers a chunk (of one or more lines) for the arrow keys and for later sessions. */
void tyb_line_remember(const char *chunk);
/* Ends the session's reading. */
void tyb_line_close(void);

/* ---- history.c ------------------------------------------------------------------------------ */

/* Calls each(entry) for what earlier sessions left, oldest first. */
void tyb_history_load(void (*each)(const char *entry));
/* Adds an entry to the file; sessions at the same time each add theirs. */
void tyb_history_add(const char *entry);
/* Drops the oldest entries when the file holds many more than are kept. */
void tyb_history_trim(void);

/* ---- complete.c ----------------------------------------------------------------------------- */

/* Connects readline's Tab key with the session's function `complete`. */
void tyb_complete_open(lua_State *L);
/* The lines of the chunk before the one that is typed, until the next call; NULL: none. */
void tyb_complete_after(const char *pending);

#endif
