/*
 * Hooks that are Lua functions. A closure may refer to the very tensor that it hangs on, and the tensor owns the hook
 * in C: a circle that neither side's memory management sees. So who keeps the closure alive changes:
 *
 * - while a graph, or anything else in C, holds the tensor or its node, the closure is held strongly (table `held`): it
 *   must run even when Lua has dropped everything else;
 * - while one Lua value alone holds the tensor, the closure hangs on that value by an ephemeron (table `anchors`): both
 *   are collected when nothing else in Lua reaches them, and then no gradient can reach the hook either.
 *
 * The core tells when a tensor becomes part of a graph (hook_used). The way back is found by looking through the held
 * hooks now and then: before full collections, and when their number has doubled. Closures are found by number in the
 * weak table `functions`, the values they hang on in the weak table `owners`.
 */
#include <stdlib.h>

#include <lauxlib.h>

#include "callback.h"
#include "tensor.h"

#define LOOK_LEAST 64

typedef struct tyb_hook_data {
    tyb_state *s;
    lua_Integer id;
    tyb_hook_place place;
    bool held;
    struct tyb_hook_data *previous, *next;
} hook_data;

/* ---- The tables ---- */

/* Pushes the function of a hook; whether there is one still. */
static bool push_function(lua_State *L, const hook_data *h)
{
    lua_rawgeti(L, LUA_REGISTRYINDEX, h->s->functions_ref);
    lua_rawgeti(L, -1, h->id);
    lua_remove(L, -2);
    return !lua_isnil(L, -1);
}

/* table[id] = the value on top of the stack, which is popped. */
static void set(lua_State *L, int table_ref, lua_Integer id)
{
    lua_rawgeti(L, LUA_REGISTRYINDEX, table_ref);
    lua_insert(L, -2);
    lua_rawseti(L, -2, id);
    lua_pop(L, 1);
}

/* Pushes the table of functions that hang on the value at `owner`, made when it is missing. */
static void push_anchor(lua_State *L, const tyb_state *s, int owner)
{
    owner = lua_absindex(L, owner);
    lua_rawgeti(L, LUA_REGISTRYINDEX, s->anchors_ref);
    lua_pushvalue(L, owner);
    if (lua_rawget(L, -2) == LUA_TNIL) {
        lua_pop(L, 1);
        lua_createtable(L, 0, 1);
        lua_pushvalue(L, owner);
        lua_pushvalue(L, -2);
        lua_rawset(L, -4);
    }
    lua_remove(L, -2);
}

/* Holds the function strongly. */
static int hold(lua_State *L)
{
    hook_data *h = lua_touserdata(L, 1);
    if (push_function(L, h)) {
        set(L, h->s->held_ref, h->id);
        h->held = true;
        h->s->hooks_held++;
    }
    return 0;
}

static void hook_used(void *data)
{
    hook_data *h = data;
    if (!h->held)
        tyb_serve(h->s, hold, h);
}

/* Forgets the function in every table. */
static int forget(lua_State *L)
{
    hook_data *h = lua_touserdata(L, 1);
    lua_pushnil(L);
    set(L, h->s->held_ref, h->id);
    lua_pushnil(L);
    set(L, h->s->functions_ref, h->id);
    lua_rawgeti(L, LUA_REGISTRYINDEX, h->s->owners_ref);
    if (lua_rawgeti(L, -1, h->id) == LUA_TUSERDATA) {
        push_anchor(L, h->s, -1);
        lua_pushnil(L);
        lua_rawseti(L, -2, h->id);
    }
    return 0;
}

static void hook_release(void *data)
{
    hook_data *h = data;
    tyb_serve(h->s, forget, h);
    if (h->held)
        h->s->hooks_held--;
    if (h->previous)
        h->previous->next = h->next;
    else
        h->s->hooks = h->next;
    if (h->next)
        h->next->previous = h->previous;
    free(h);
}

void tyb_look_through_hooks(lua_State *L, tyb_state *s)
{
    luaL_checkstack(L, 8, NULL);
    for (hook_data *h = s->hooks; h; h = h->next) {
        if (!h->held)
            continue;
        int top = lua_gettop(L);
        lua_rawgeti(L, LUA_REGISTRYINDEX, s->owners_ref);
        lua_rawgeti(L, -1, h->id);
        tyb_handle *handle = tyb_test_tensor(L, -1, s);
        if (handle && handle->x && ty_is_unused(handle->x) && push_function(L, h)) {
            push_anchor(L, s, -2);
            lua_insert(L, -2);
            lua_rawseti(L, -2, h->id);
            lua_pushnil(L);
            set(L, s->held_ref, h->id);
            h->held = false;
            s->hooks_held--;
        }
        lua_settop(L, top);
    }
    s->hooks_look_at = 2 * s->hooks_held > LOOK_LEAST ? 2 * s->hooks_held : LOOK_LEAST;
}

/* ---- Calling ---- */

typedef struct hook_call {
    hook_data *h;
    int count;
    ty_tensor **grads;
    int outputs_count;
    ty_tensor *const *grad_outputs;
} hook_call;

/* Pushes a list of gradients: nil where there is none, and their number in the field n. */
static void push_gradients(lua_State *L, int count, ty_tensor *const *grads)
{
    lua_createtable(L, count, 1);
    for (int i = 0; i < count; i++) {
        if (!grads[i])
            continue;
        tyb_push_tensor(L, ty_retain(grads[i]));
        lua_rawseti(L, -2, i + 1);
    }
    lua_pushinteger(L, count);
    lua_setfield(L, -2, "n");
}

/* Puts the tensor at idx into a slot; nil is zero. */
static void replace(lua_State *L, int idx, const char *name, ty_tensor **slot)
{
    char said[64];
    ty_tensor *x = lua_isnil(L, idx) ? NULL : tyb_to_tensor(L, idx);
    if (!x && !lua_isnil(L, idx))
        tyb_raise(L, "%s: the hook must give a tensor or nothing, got %s", name, tyb_say(L, idx, said));
    ty_release(*slot);
    *slot = ty_retain(x);
}

/* The replacements that a node's hook gave: nothing, a tensor, or a list. */
static void replace_all(lua_State *L, const char *name, int count, ty_tensor **grads)
{
    if (lua_isnil(L, -1))
        return;
    if (tyb_to_tensor(L, -1)) {
        if (count != 1)
            tyb_raise(L, "%s: the hook gave one gradient, but there are %d: give a list of them", name, count);
        replace(L, -1, name, &grads[0]);
        return;
    }
    if (!lua_istable(L, -1)) {
        char said[64];
        tyb_raise(L, "%s: the hook must give a list of gradients or nothing, got %s", name, tyb_say(L, -1, said));
    }
    if ((int)lua_rawlen(L, -1) > count)
        tyb_raise(L, "%s: the hook gave %d gradients, but there are %d", name, (int)lua_rawlen(L, -1), count);
    for (int i = 0; i < count; i++) {
        lua_rawgeti(L, -1, i + 1);
        replace(L, -1, name, &grads[i]);
        lua_pop(L, 1);
    }
}

static int call_body(lua_State *L)
{
    hook_call *c = lua_touserdata(L, 1);
    hook_data *h = c->h;
    if (!push_function(L, h))
        return 0;
    switch (h->place) {
    case TYB_HOOK_TENSOR:
        if (!c->grads[0])
            return 0;
        tyb_push_tensor(L, ty_retain(c->grads[0]));
        lua_call(L, 1, 1);
        if (!lua_isnil(L, -1))
            replace(L, -1, "register_hook", &c->grads[0]);
        break;
    case TYB_HOOK_ACCUMULATED:
        lua_rawgeti(L, LUA_REGISTRYINDEX, h->s->owners_ref);
        lua_rawgeti(L, -1, h->id);
        lua_remove(L, -2);
        if (tyb_to_tensor(L, -1) != c->grads[0]) {
            lua_pop(L, 1);
            ty_hooks_used(c->grads[0]);
            tyb_push_tensor(L, ty_retain(c->grads[0]));
        }
        lua_call(L, 1, 0);
        break;
    case TYB_HOOK_BEFORE:
        push_gradients(L, c->count, c->grads);
        lua_call(L, 1, 1);
        replace_all(L, "register_prehook", c->count, c->grads);
        break;
    case TYB_HOOK_AFTER:
        push_gradients(L, c->count, c->grads);
        push_gradients(L, c->outputs_count, c->grad_outputs);
        lua_call(L, 2, 1);
        replace_all(L, "register_hook", c->count, c->grads);
        break;
    }
    return 0;
}

static ty_status hook_called(void *data, int count, ty_tensor **grads, int outputs_count,
                             ty_tensor *const *grad_outputs)
{
    hook_call c = {data, count, grads, outputs_count, grad_outputs};
    return tyb_call_back(c.h->s, call_body, &c);
}

/* ---- Registering ---- */

ty_hook_spec tyb_make_hook(lua_State *L, tyb_state *s, int f, int owner, tyb_hook_place place)
{
    if (s->hooks_held >= s->hooks_look_at)
        tyb_look_through_hooks(L, s);
    hook_data *h = calloc(1, sizeof *h);
    if (!h)
        tyb_raise(L, "register_hook: out of memory");
    h->s = s;
    h->place = place;
    h->id = s->hooks ? s->hooks->id + 1 : 1;
    h->next = s->hooks;
    if (s->hooks)
        s->hooks->previous = h;
    s->hooks = h;
    tyb_handle *handle = owner ? tyb_test_tensor(L, owner, s) : NULL;
    f = lua_absindex(L, f);
    lua_pushvalue(L, f);
    set(L, s->functions_ref, h->id);
    if (owner) {
        lua_pushvalue(L, owner);
        set(L, s->owners_ref, h->id);
    }
    if (handle && ty_is_unused(handle->x)) {
        push_anchor(L, s, owner);
        lua_pushvalue(L, f);
        lua_rawseti(L, -2, h->id);
        lua_pop(L, 1);
    } else {
        lua_pushvalue(L, f);
        set(L, s->held_ref, h->id);
        h->held = true;
        s->hooks_held++;
    }
    return (ty_hook_spec){hook_called, hook_used, hook_release, h};
}

static void check_function(lua_State *L, int idx, const char *name)
{
    char said[64];
    if (lua_isfunction(L, idx))
        return;
    if (luaL_getmetafield(L, idx, "__call") == LUA_TNIL)
        tyb_raise(L, "%s: the hook must be a function, got %s", name, tyb_say(L, idx, said));
    lua_pop(L, 1);
}

void tyb_register_hook(lua_State *L, ty_tensor *x, int f, const char *name, tyb_hook_place place)
{
    tyb_state *s = tyb_get(L);
    check_function(L, f, name);
    /* The value that was called with; with a tensor from elsewhere nothing can hang on it. */
    ty_hook_spec spec = tyb_make_hook(L, s, f, tyb_to_tensor(L, 1) == x ? 1 : 0, place);
    tyb_push_hook(
        L, s, place == TYB_HOOK_TENSOR ? ty_register_hook(x, &spec) : ty_register_post_accumulate_grad_hook(x, &spec));
}

/* ---- The handle ---- */

static ty_hook **to_hook(lua_State *L)
{
    return luaL_checkudata(L, 1, "tycho.hook");
}

static int handle_remove(lua_State *L)
{
    ty_hook_remove(*to_hook(L));
    return 0;
}

static int handle_gc(lua_State *L)
{
    ty_hook **hook = to_hook(L);
    ty_hook_release(*hook);
    *hook = NULL;
    return 0;
}

void tyb_push_hook(lua_State *L, tyb_state *s, ty_hook *hook)
{
    if (!hook)
        tyb_raise_core(L, NULL);
    ty_hook **handle = lua_newuserdatauv(L, sizeof *handle, 0);
    *handle = hook;
    lua_rawgeti(L, LUA_REGISTRYINDEX, s->handle_ref);
    lua_setmetatable(L, -2);
}

static int new_table(lua_State *L, const char *mode)
{
    lua_newtable(L);
    if (mode) {
        lua_createtable(L, 0, 1);
        lua_pushstring(L, mode);
        lua_setfield(L, -2, "__mode");
        lua_setmetatable(L, -2);
    }
    return luaL_ref(L, LUA_REGISTRYINDEX);
}

void tyb_open_hooks(lua_State *L, tyb_state *s)
{
    static const luaL_Reg methods[] = {{"remove", handle_remove}, {NULL, NULL}};
    s->hooks = NULL;
    s->hooks_held = 0;
    s->hooks_look_at = LOOK_LEAST;
    s->functions_ref = new_table(L, "v");
    s->held_ref = new_table(L, NULL);
    s->owners_ref = new_table(L, "v");
    s->anchors_ref = new_table(L, "k");
    luaL_newmetatable(L, "tycho.hook");
    lua_pushcfunction(L, handle_gc);
    lua_setfield(L, -2, "__gc");
    lua_pushcfunction(L, handle_remove);
    lua_setfield(L, -2, "__close");
    luaL_newlib(L, methods);
    lua_setfield(L, -2, "__index");
    s->handle_ref = luaL_ref(L, LUA_REGISTRYINDEX);
}
