/*
 * Lua errors that point at the line of the user, not into the library. Relies on Lua and on the core's error of the
 * thread; knows nothing of tensors.
 *
 * Nothing here may be called while C holds a reference that no Lua value owns: these functions do not return.
 */
#ifndef TYB_ERROR_H
#define TYB_ERROR_H

#include <lua.h>

#include "tycho.h"

/* Raises "file:line: message", with the position of the innermost Lua function outside Tycho's own package. */
_Noreturn void tyb_raise(lua_State *L, const char *format, ...);
/* Raises the latest failure of the core; `name` is put before messages that name no function (NULL: none). */
_Noreturn void tyb_raise_core(lua_State *L, const char *name);

/* Pushes core.raise(message) and core.set_internal_prefix(path) into the table on top of the stack. */
void tyb_open_error(lua_State *L);

#endif
