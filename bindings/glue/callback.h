/*
 * How the core calls Lua back: protected, on the thread that called the core, with the error carried through the core
 * as a failure and raised again on the other side. Anomaly mode, which asks Lua where it is, stands here too.
 */
#ifndef TYB_CALLBACK_H
#define TYB_CALLBACK_H

#include <lua.h>

#include "state.h"
#include "tycho.h"

/* Runs `body` (which finds `data` as a light userdata at index 1) protected. A Lua error becomes TY_FAIL with
 * TY_ERROR_CALLBACK, and its value waits for tyb_raise_callback(). */
ty_status tyb_call_back(tyb_state *s, lua_CFunction body, void *data);
/* The same on a thread of our own, for work that calls no user's function; errors are dropped. */
void tyb_serve(tyb_state *s, lua_CFunction body, void *data);
/* Raises what the callback raised. */
_Noreturn void tyb_raise_callback(lua_State *L);

/* Makes the thread and what else callbacks need; sets anomaly functions in the table on top of the stack. */
void tyb_open_callback(lua_State *L, tyb_state *s);
/* hooks.c, node.c: their metatables, and functions into the table on top of the stack. */
void tyb_open_hooks(lua_State *L, tyb_state *s);
void tyb_open_node(lua_State *L, tyb_state *s);

/* Pushes a step of the graph (taken over); nil for none. */
void tyb_push_node(lua_State *L, tyb_state *s, ty_node node);
/* Pushes a handle that removes a hook (the reference is taken over). */
void tyb_push_hook(lua_State *L, tyb_state *s, ty_hook *hook);
/* A spec for the Lua function at stack index f; owner: the index of the value it is registered on, 0 for none. place:
 * what the hook is given (hooks.c). */
typedef enum { TYB_HOOK_TENSOR, TYB_HOOK_ACCUMULATED, TYB_HOOK_BEFORE, TYB_HOOK_AFTER } tyb_hook_place;
ty_hook_spec tyb_make_hook(lua_State *L, tyb_state *s, int f, int owner, tyb_hook_place place);
/* Registers the function at stack index f on x, and pushes the handle. place: TENSOR or ACCUMULATED. */
void tyb_register_hook(lua_State *L, ty_tensor *x, int f, const char *name, tyb_hook_place place);
/* Hooks whose tensors nothing but Lua holds become collectable. Before a full collection. */
void tyb_look_through_hooks(lua_State *L, tyb_state *s);

#endif
