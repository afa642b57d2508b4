/*
 * The bargain with Lua's collector, which does not see tensor bytes: every handle that is made goes through here.
 */
#ifndef TYB_MEMORY_H
#define TYB_MEMORY_H

#include "state.h"

#define TYB_LOOK_EVERY 64 /* handles between two looks at the allocator's exact figures */

/* Sets the collector's mode for this host state and starts the account. */
void tyb_open_memory(lua_State *L, tyb_state *s);
/* Looks at what was really allocated and collects if that is due. Every live value must be anchored. */
void tyb_pay(lua_State *L, tyb_state *s);
/* After a failed allocation: everything that can be freed is. Runs even when the user stopped the collector. */
void tyb_free_everything(lua_State *L, tyb_state *s);

/* Before a handle is made; the usual case is one comparison. */
static inline void tyb_before_handle(lua_State *L, tyb_state *s)
{
    if (--s->account.until_look <= 0)
        tyb_pay(L, s);
}

/* After a handle got its tensor. */
static inline void tyb_count_handle(tyb_state *s, const ty_tensor *x)
{
    s->account.handles++;
    s->account.bytes += ty_storage_bytes(x);
    if (s->account.bytes >= (size_t)16 << 20)
        s->account.until_look = 0;
}

/* Pushes a table of the figures: live, peak, cached, live_blocks and allocated_total. */
void tyb_push_memory_stats(lua_State *L, const ty_memory_stats *stats);
/* Pushes memory_stats, ... into the table on top of the stack. */
void tyb_open_memory_functions(lua_State *L);

#endif
