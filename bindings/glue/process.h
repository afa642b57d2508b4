/*
 * Child processes for the Lua half: the one function that the module `tycho.core` needs from
 * process.c. Relies on Lua alone; knows nothing of tensors or of what the children are for.
 */
#ifndef TYB_PROCESS_H
#define TYB_PROCESS_H

#include <lua.h>

/*
 * Pushes the table that Lua sees as `require("tycho.core").process`: spawn, winsize, isatty,
 * getpid and clock (described above each function in process.c). Raises a Lua error only when
 * memory runs out.
 */
void tyb_open_process(lua_State *L);

#endif
