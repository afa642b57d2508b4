/*
 * Files for Lua: tycho.core.io, which the Lua half builds ty.save, ty.load and ty.io from.
 */
#ifndef TYB_IO_H
#define TYB_IO_H

#include <lua.h>

/* Pushes the table that is tycho.core.io: save, load, load_idx, download, sha256, and the values null, tuple, list and
 * dict (the last three are metatables). */
void tyb_open_io(lua_State *L);

#endif
