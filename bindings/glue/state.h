/*
 * What the glue keeps for one Lua state: addresses of the metatables, so that a type check is a comparison of pointers;
 * the print options; the account of external memory. It lives in a userdata of the registry, created first and so
 * finalised last, and is found from any lua_State by tyb_get(). Knows nothing of single ops.
 */
#ifndef TYB_STATE_H
#define TYB_STATE_H

#include <lua.h>

#include "tycho.h"

/* The account that pays Lua's collector for tensor bytes; see memory.c. */
typedef struct tyb_account {
    int until_look;         /* handles until the allocator is asked what was really allocated */
    int handles;            /* made since the last collection */
    size_t bytes;           /* of the storages of handles made since the last look: an upper guess */
    uint64_t total;         /* the allocator's total at the last collection */
    size_t live_after_full; /* bytes alive after the last full collection */
    int heap_after_full;    /* KB of Lua's own heap then */
    int minor_handles;      /* handles that make a minor collection due */
} tyb_account;

typedef struct tyb_state {
    const void *tensor_meta, *dtype_meta, *device_meta, *generator_meta;     /* addresses, to compare with */
    int tensor_ref, dtype_ref, device_ref, generator_ref, box_ref, size_ref; /* the metatables in the registry */
    int core_ref;                                                            /* the module's table */
    int dtypes_ref; /* list of the dtype objects in the registry: dtype d at d + 1 */
    ty_print_options print;
    ty_device default_device; /* of the functions that make tensors */
    tyb_account account;
    ty_tensor *number;             /* the last plain number that was an operand, to be written again */
    lua_State *running;            /* the thread that called the core last: where its callbacks run */
    lua_State *service;            /* a thread of our own, for small work on tables while any thread runs */
    int error_ref;                 /* what a callback raised, until it is raised again; LUA_NOREF: nothing */
    struct tyb_hook_data *hooks;   /* all hooks of this state */
    int hooks_held, hooks_look_at; /* held strongly; from this number on they are looked through */
    int functions_ref, held_ref, owners_ref, anchors_ref; /* the tables of hooks.c */
    const void *node_meta;
    int node_ref, handle_ref, saved_hooks_ref;
    bool autocasting;              /* autocast is on for some device */
    struct tyb_autocast *autocast; /* its state */
    char internal[512];            /* path prefix of Tycho's own Lua files; "" when not told yet */
} tyb_state;

/* The state's record; NULL before luaopen_tycho_core. */
tyb_state *tyb_get(lua_State *L);
/* Makes it (idempotent). */
tyb_state *tyb_open_state(lua_State *L);

/* Whether the value at idx is a full userdata with this metatable; then its block, else NULL. */
static inline void *tyb_test(lua_State *L, int idx, const void *metatable)
{
    if (lua_type(L, idx) != LUA_TUSERDATA || !lua_getmetatable(L, idx))
        return NULL;
    const void *found = lua_topointer(L, -1);
    lua_pop(L, 1);
    return found == metatable ? lua_touserdata(L, idx) : NULL;
}

/* Pushes a box: a userdata that calls release(data) when it is collected. Both may be set later; release is called
 * once. */
typedef struct tyb_box {
    void *data;
    int count; /* for the owner's use */
    void (*release)(struct tyb_box *box);
} tyb_box;
tyb_box *tyb_push_box(lua_State *L);
/* For `release`: free(data). */
void tyb_free_box(tyb_box *box);

#endif
