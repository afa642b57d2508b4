/*
 * Captured steps as Lua values, for the Lua half's tycho/capture.lua to build on.
 */
#ifndef TYB_CAPTURE_H
#define TYB_CAPTURE_H

#include <lua.h>

/* Makes the metatable and sets capture_begin, capturing and capture_refuse in the table on top of the stack. */
void tyb_open_capture(lua_State *L);
/* While a step is recorded: keeps the value at idx alive as long as the recording, which has its address. */
void tyb_capture_anchor(lua_State *L, int idx);

#endif
