/*
 * CUDA devices, streams and events for the Lua half.
 */
#ifndef TYB_CUDA_H
#define TYB_CUDA_H

#include <lua.h>

/* Sets the field cuda of the table on top of the stack. */
void tyb_open_cuda(lua_State *L);

#endif
