/*
 * Files for Lua: tycho.core.io, which the Lua half builds ty.save, ty.load and ty.io from.
 */
#ifndef TYB_IO_H
#define TYB_IO_H

#include <lua.h>

#include "state.h"

/* Pushes the table that is tycho.core.io: save, load, download, sha256, the values null, tuple, list and dict (the last
 * three are metatables), and the functions of io_formats.c. */
void tyb_open_io(lua_State *L);
/* Adds these to the table on top of the stack. */
void tyb_add_formats(lua_State *L);

/* After a failure of the core: true when it is worth another try. `tries` begins at 0. */
bool tyb_io_retry(lua_State *L, int *tries);
/* A path, which C ends at its first 0. */
const char *tyb_check_path(lua_State *L, int idx, const char *name);
/* For a box whose data is a ty_value. */
void tyb_free_tree(tyb_box *box);

#endif
