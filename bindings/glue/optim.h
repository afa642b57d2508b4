/*
 * The core's optimisers as Lua values, for the Lua half's optim package to build on.
 */
#ifndef TYB_OPTIM_H
#define TYB_OPTIM_H

#include <lua.h>

/* Makes the metatable and sets the field optim of the table on top of the stack. */
void tyb_open_optim(lua_State *L);

#endif
