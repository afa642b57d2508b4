/*
 * Random generators as Lua values.
 */
#ifndef TYB_GENERATOR_H
#define TYB_GENERATOR_H

#include <stdbool.h>

#include <lua.h>

#include "state.h"
#include "tycho.h"

/* The generator at idx (borrowed; NULL in *g: the default one); false when the value is none. */
bool tyb_to_generator(lua_State *L, int idx, ty_generator **g);
/* Makes the metatable, and sets Generator, default_generator and random_u64 in the table on top of the stack. */
void tyb_open_generator(lua_State *L, tyb_state *s);

#endif
