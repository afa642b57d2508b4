/*
 * Paying Lua's collector for tensor bytes. The collector sees a handle of a few bytes where megabytes hang on it, so
 * the glue tells it when to run:
 *
 * - generational mode, set once for the host state: a tensor of a loop dies young, and a minor collection costs no walk
 *   over the user's tables;
 * - a minor collection for every 16 MB of new tensor bytes, or after some hundred handles (more of them when the Lua
 * heap is large, because a minor collection walks through the large tables that were written to): memory that is used
 * again soon is still in the processor's cache;
 * - a full collection only when minor ones no longer bring memory down: when the live tensor bytes stay above twice
 * what the last full collection left (at least 64 MB), or the Lua heap does (at least 4 MB). The second half of the
 * rule is Lua's own, which our minor collections would put off forever.
 *
 * Memory of GPUs counts as the host's does.
 *
 * The bytes of new handles are added up as a guess from above (a view counts its whole storage); when the guess passes
 * the limit, and every TYB_LOOK_EVERY handles in any case, the allocator's exact figures decide.
 *
 * The collector is left alone where the user stopped it and inside finalisers, and its mode is never set again: where
 * the user chose the incremental mode, the rule of the full collection bounds the memory alone.
 */
#include "memory.h"

#include <lauxlib.h>

#include "callback.h"
#include "error.h"

#define MINOR_BYTES   ((size_t)16 << 20)
#define LEAST_HANDLES 400 /* between two minor collections */
#define MOST_HANDLES  20000
#define FULL_BYTES    ((size_t)64 << 20)
#define FULL_HEAP     4096 /* KB */

/* Handles between two minor collections, by the KB of the Lua heap. */
static int handles_allowed(int heap)
{
    return heap / 4 < LEAST_HANDLES ? LEAST_HANDLES : heap / 4 > MOST_HANDLES ? MOST_HANDLES : heap / 4;
}

/* What tensors hold in host memory and on all GPUs. */
static void measure(ty_memory_stats *stats)
{
    ty_memory_stats gpu;
    ty_get_memory_stats(stats);
    ty_cuda_get_total_memory(&gpu);
    stats->live += gpu.live;
    stats->allocated_total += gpu.allocated_total;
}

/* Starts the account anew after a full collection. */
static void begin(lua_State *L, tyb_state *s)
{
    ty_memory_stats stats;
    int heap = lua_gc(L, LUA_GCCOUNT);
    measure(&stats);
    s->account = (tyb_account){
        .until_look = TYB_LOOK_EVERY,
        .total = stats.allocated_total,
        .live_after_full = stats.live,
        .heap_after_full = heap,
        .minor_handles = handles_allowed(heap),
    };
}

void tyb_open_memory(lua_State *L, tyb_state *s)
{
    lua_gc(L, LUA_GCGEN, 0, 0);
    begin(L, s);
}

void tyb_pay(lua_State *L, tyb_state *s)
{
    tyb_account *a = &s->account;
    ty_memory_stats stats;
    measure(&stats);
    uint64_t fresh = stats.allocated_total - a->total;
    a->until_look = TYB_LOOK_EVERY;
    a->bytes = fresh < MINOR_BYTES ? (size_t)fresh : 0;
    if ((fresh < MINOR_BYTES && a->handles < a->minor_handles) || lua_gc(L, LUA_GCISRUNNING) != 1)
        return;
    a->total = stats.allocated_total;
    a->handles = 0;
    a->bytes = 0;
    lua_gc(L, LUA_GCSTEP, 0);
    measure(&stats);
    int heap = lua_gc(L, LUA_GCCOUNT);
    a->minor_handles = handles_allowed(heap);
    size_t live_limit = a->live_after_full < FULL_BYTES / 2 ? FULL_BYTES : 2 * a->live_after_full;
    int heap_limit = a->heap_after_full < FULL_HEAP / 2 ? FULL_HEAP : 2 * a->heap_after_full;
    if (stats.live <= live_limit && heap <= heap_limit)
        return;
    tyb_look_through_hooks(L, s);
    lua_gc(L, LUA_GCCOLLECT);
    begin(L, s);
}

void tyb_free_everything(lua_State *L, tyb_state *s)
{
    tyb_look_through_hooks(L, s);
    lua_gc(L, LUA_GCCOLLECT);
    ty_empty_cache();
    begin(L, s);
}

void tyb_push_memory_stats(lua_State *L, const ty_memory_stats *stats)
{
    lua_createtable(L, 0, 5);
    lua_pushinteger(L, (lua_Integer)stats->live);
    lua_setfield(L, -2, "live");
    lua_pushinteger(L, (lua_Integer)stats->peak);
    lua_setfield(L, -2, "peak");
    lua_pushinteger(L, (lua_Integer)stats->cached);
    lua_setfield(L, -2, "cached");
    lua_pushinteger(L, (lua_Integer)stats->live_blocks);
    lua_setfield(L, -2, "live_blocks");
    lua_pushinteger(L, (lua_Integer)stats->allocated_total);
    lua_setfield(L, -2, "allocated_total");
}

/* core.memory_stats() -> {live =, peak =, cached =, live_blocks =, allocated_total =}, in bytes but the blocks. */
static int memory_stats(lua_State *L)
{
    ty_memory_stats stats;
    ty_get_memory_stats(&stats);
    tyb_push_memory_stats(L, &stats);
    return 1;
}

static int reset_peak_memory(lua_State *L)
{
    (void)L;
    ty_reset_peak_memory();
    return 0;
}

/* core.empty_cache(): collects, then gives cached blocks back to the system. */
static int empty_cache(lua_State *L)
{
    tyb_free_everything(L, tyb_get(L));
    return 0;
}

void tyb_open_memory_functions(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"memory_stats", memory_stats},
        {"reset_peak_memory", reset_peak_memory},
        {"empty_cache", empty_cache},
        {NULL, NULL},
    };
    luaL_setfuncs(L, functions, 0);
}
