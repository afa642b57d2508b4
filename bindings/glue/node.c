/*
 * Steps of the recorded graph as Lua values (x.grad_fn), functions whose gradient is written in Lua, and saved-tensor
 * hooks. What is a class to the user is made of these in bindings/tycho/autograd.
 */
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>

#include "callback.h"
#include "error.h"
#include "tensor.h"

/* ---- Nodes ---- */

static ty_node *to_node(lua_State *L, int idx)
{
    char said[64];
    ty_node *node = tyb_test(L, idx, tyb_get(L)->node_meta);
    if (!node || (!node->op && !node->leaf))
        tyb_raise(L, "expected a node of the graph (x.grad_fn), got %s", tyb_say(L, idx, said));
    return node;
}

void tyb_push_node(lua_State *L, tyb_state *s, ty_node node)
{
    if (!node.op && !node.leaf) {
        lua_pushnil(L);
        return;
    }
    ty_node *block = lua_newuserdatauv(L, sizeof *block, 0);
    *block = node;
    lua_rawgeti(L, LUA_REGISTRYINDEX, s->node_ref);
    lua_setmetatable(L, -2);
}

static int node_gc(lua_State *L)
{
    ty_node *node = tyb_test(L, 1, tyb_get(L)->node_meta);
    if (node) {
        ty_node_release(*node);
        *node = (ty_node){NULL, NULL};
    }
    return 0;
}

static int node_to_string(lua_State *L)
{
    lua_pushfstring(L, "<%s>", ty_node_name(*to_node(L, 1)));
    return 1;
}

static int node_equal(lua_State *L)
{
    ty_node *a = to_node(L, 1), *b = to_node(L, 2);
    lua_pushboolean(L, a->op == b->op && a->leaf == b->leaf);
    return 1;
}

/* {{node or nil, output}, ...}: where the inputs came from. */
static void push_next(lua_State *L, tyb_state *s, ty_node node)
{
    int count = ty_node_inputs(node);
    lua_createtable(L, count, 0);
    for (int i = 0; i < count; i++) {
        int nr = 0;
        lua_createtable(L, 2, 0);
        tyb_push_node(L, s, ty_node_next(node, i, &nr));
        lua_rawseti(L, -2, 1);
        lua_pushinteger(L, nr + 1);
        lua_rawseti(L, -2, 2);
        lua_rawseti(L, -2, i + 1);
    }
}

/* node.key. Upvalue: the methods. */
static int node_get(lua_State *L)
{
    ty_node *node = to_node(L, 1);
    const char *key = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "";
    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL)
        return 1;
    if (strcmp(key, "name") == 0) {
        lua_pushstring(L, ty_node_name(*node));
    } else if (strcmp(key, "next_functions") == 0) {
        push_next(L, tyb_get(L), *node);
    } else if (strcmp(key, "variable") == 0 && node->leaf) {
        ty_hooks_used(node->leaf);
        tyb_push_tensor(L, ty_retain(node->leaf));
    } else {
        tyb_raise(L,
                  "a node of the graph has no field or method '%.60s'; known ones are: name, next_functions, "
                  "register_hook, register_prehook, and variable on AccumulateGrad",
                  key);
    }
    return 1;
}

static int register_on_node(lua_State *L, const char *name, tyb_hook_place place)
{
    char said[64];
    tyb_state *s = tyb_get(L);
    ty_node *node = to_node(L, 1);
    if (!lua_isfunction(L, 2))
        tyb_raise(L, "%s: the hook must be a function, got %s", name, tyb_say(L, 2, said));
    ty_hook_spec spec = tyb_make_hook(L, s, 2, 0, place);
    tyb_push_hook(
        L, s, place == TYB_HOOK_BEFORE ? ty_node_register_prehook(*node, &spec) : ty_node_register_hook(*node, &spec));
    return 1;
}

static int node_register_hook(lua_State *L)
{
    return register_on_node(L, "register_hook", TYB_HOOK_AFTER);
}

static int node_register_prehook(lua_State *L)
{
    return register_on_node(L, "register_prehook", TYB_HOOK_BEFORE);
}

/* ---- Functions with a gradient in Lua ---- */

/* A value of Lua that C owns. */
typedef struct owned {
    tyb_state *s;
    int ref, other; /* other: of a packed value, its unpack function */
} owned;

static int unref(lua_State *L)
{
    owned *o = lua_touserdata(L, 1);
    luaL_unref(L, LUA_REGISTRYINDEX, o->ref);
    luaL_unref(L, LUA_REGISTRYINDEX, o->other);
    return 0;
}

static void owned_release(void *data)
{
    owned *o = data;
    tyb_serve(o->s, unref, o);
    free(o);
}

typedef struct backward_call {
    owned *f;
    ty_node node;
    ty_tensor *const *grad_out;
    int outputs;
    ty_tensor **grad_in;
} backward_call;

/* f(node, gradients with their number in n) gives a list of gradients of the tensors among the inputs. */
static int backward_body(lua_State *L)
{
    backward_call *c = lua_touserdata(L, 1);
    char said[64];
    lua_rawgeti(L, LUA_REGISTRYINDEX, c->f->ref);
    tyb_push_node(L, c->f->s, ty_node_retain(c->node));
    lua_createtable(L, c->outputs, 1);
    for (int i = 0; i < c->outputs; i++) {
        if (!c->grad_out[i])
            continue;
        tyb_push_tensor(L, ty_retain(c->grad_out[i]));
        lua_rawseti(L, -2, i + 1);
    }
    lua_call(L, 2, 1);
    for (int i = 0; i < ty_node_inputs(c->node); i++) {
        if (lua_rawgeti(L, -1, i + 1) != LUA_TNIL) {
            ty_tensor *grad = tyb_to_tensor(L, -1);
            if (!grad)
                tyb_raise(L, "%s: gradient %d must be a tensor or nil, got %s", ty_node_name(c->node), i + 1,
                          tyb_say(L, -1, said));
            ty_release(c->grad_in[i]);
            c->grad_in[i] = ty_retain(grad);
        }
        lua_pop(L, 1);
    }
    return 0;
}

typedef struct function_data {
    owned f; /* first: owned_release */
    int outputs;
} function_data;

static ty_status function_backward(void *data, ty_node node, ty_tensor *const *grad_out, ty_tensor **grad_in)
{
    function_data *d = data;
    backward_call c = {&d->f, node, grad_out, d->outputs, grad_in};
    return tyb_call_back(d->f.s, backward_body, &c);
}

/* A list of tensors in a box (references), its length in box->count. holes: nil in a list of n is NULL. */
static void release_list(tyb_box *box)
{
    ty_tensor **list = box->data;
    for (int i = 0; i < box->count && list; i++)
        ty_release(list[i]);
    free(list);
}

static tyb_box *take_list(lua_State *L, int idx, const char *what)
{
    char said[64];
    luaL_checktype(L, idx, LUA_TTABLE);
    lua_getfield(L, idx, "n");
    int count = lua_isnil(L, -1) ? (int)lua_rawlen(L, idx) : (int)lua_tointeger(L, -1);
    lua_pop(L, 1);
    tyb_box *box = tyb_push_box(L);
    box->data = calloc((size_t)count + 1, sizeof(ty_tensor *));
    box->release = release_list;
    if (!box->data)
        tyb_raise(L, "%s: out of memory", what);
    box->count = count;
    for (int i = 0; i < count; i++) {
        if (lua_rawgeti(L, idx, i + 1) != LUA_TNIL) {
            ty_tensor *x = tyb_to_tensor(L, -1);
            if (!x)
                tyb_raise(L, "%s: item %d must be a tensor, got %s", what, i + 1, tyb_say(L, -1, said));
            ((ty_tensor **)box->data)[i] = ty_retain(x);
        }
        lua_pop(L, 1);
    }
    return box;
}

/*
 * core.record_function(name, backward, materialize, inputs, outputs, flags, saved) -> the outputs as a list; those that
 * are inputs (or appear twice) as new tensors. flags: a list of numbers, 1 dirty, 2 without gradient. saved may have
 * holes: its length is in the field n.
 */
static int record_function(lua_State *L)
{
    tyb_state *s = tyb_get(L);
    const char *name = luaL_checkstring(L, 1);
    luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_settop(L, 7);
    tyb_box *inputs = take_list(L, 4, "inputs"), *outputs = take_list(L, 5, "outputs"),
            *saved = take_list(L, 7, "save_for_backward");
    unsigned char *flags = lua_newuserdatauv(L, (size_t)outputs->count + 1, 0);
    for (int i = 0; i < outputs->count; i++) {
        lua_rawgeti(L, 6, i + 1);
        flags[i] = (unsigned char)lua_tointeger(L, -1);
        lua_pop(L, 1);
    }
    lua_createtable(L, outputs->count, 0);
    int list = lua_gettop(L);
    lua_pushvalue(L, 2);
    int ref = luaL_ref(L, LUA_REGISTRYINDEX);
    function_data *data = malloc(sizeof *data);
    if (!data) {
        luaL_unref(L, LUA_REGISTRYINDEX, ref);
        tyb_raise(L, "%s: out of memory", name);
    }
    *data = (function_data){{s, ref, LUA_NOREF}, outputs->count};
    ty_function function = {name, function_backward, owned_release, data, lua_toboolean(L, 3)};
    ty_tensor **before = outputs->data;
    for (int i = 0; i < outputs->count; i++) { /* an unchanged result keeps its Lua value */
        lua_rawgeti(L, 5, i + 1);
        lua_rawseti(L, list, i + 1);
    }
    ty_tensor **results = calloc((size_t)outputs->count + 1, sizeof *results);
    if (!results) {
        owned_release(data);
        tyb_raise(L, "%s: out of memory", name);
    }
    memcpy(results, before, (size_t)outputs->count * sizeof *results);
    for (int i = 0; i < outputs->count; i++)
        ty_retain(results[i]);
    ty_status status = ty_record_function(&function, inputs->count, inputs->data, outputs->count, results, flags,
                                          saved->count, saved->data);
    for (int i = 0; i < outputs->count; i++) {
        bool same = results[i] == before[i];
        ty_release(before[i]);
        before[i] = results[i];
        flags[i] = !same;
    }
    free(results);
    if (status != TY_OK)
        tyb_raise_core(L, name);
    for (int i = 0; i < outputs->count; i++) {
        if (!flags[i])
            continue;
        tyb_push_tensor(L, ty_retain(before[i]));
        lua_rawseti(L, list, i + 1);
    }
    lua_settop(L, list);
    return 1;
}

/* core.node_saved(node, count) -> the list of what was saved, with nil where nil was, and count in the field n */
static int node_saved(lua_State *L)
{
    ty_node node = *to_node(L, 1);
    int count = (int)luaL_checkinteger(L, 2);
    lua_createtable(L, count, 1);
    for (int i = 0; i < count; i++) {
        bool none = false;
        ty_tensor *x = ty_node_saved(node, i, &none);
        if (none)
            continue;
        tyb_push_tensor(L, x);
        lua_rawseti(L, -2, i + 1);
    }
    lua_pushinteger(L, count);
    lua_setfield(L, -2, "n");
    return 1;
}

/* ---- Saved-tensor hooks ---- */

typedef struct pack_call {
    tyb_state *s;
    ty_tensor *x; /* in: what to pack; out: what was unpacked */
    owned *packed;
} pack_call;

static int pack_body(lua_State *L)
{
    pack_call *c = lua_touserdata(L, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, c->s->saved_hooks_ref);
    lua_rawgeti(L, -1, 1);
    tyb_push_tensor(L, ty_retain(c->x));
    lua_call(L, 1, 1);
    c->packed->ref = luaL_ref(L, LUA_REGISTRYINDEX);
    lua_rawgeti(L, -1, 2);
    c->packed->other = luaL_ref(L, LUA_REGISTRYINDEX);
    return 0;
}

static void *pack(void *data, ty_tensor *x)
{
    tyb_state *s = data;
    pack_call c = {s, x, malloc(sizeof *c.packed)};
    if (!c.packed) {
        ty_fail(TY_ERROR_MEMORY, "out of memory in a saved-tensor hook");
        return NULL;
    }
    *c.packed = (owned){s, LUA_NOREF, LUA_NOREF};
    if (tyb_call_back(s, pack_body, &c) == TY_OK)
        return c.packed;
    owned_release(c.packed);
    return NULL;
}

static int unpack_body(lua_State *L)
{
    pack_call *c = lua_touserdata(L, 1);
    char said[64];
    lua_rawgeti(L, LUA_REGISTRYINDEX, c->packed->other);
    lua_rawgeti(L, LUA_REGISTRYINDEX, c->packed->ref);
    lua_call(L, 1, 1);
    ty_tensor *x = tyb_to_tensor(L, -1);
    if (!x)
        tyb_raise(L, "saved_tensors_hooks: unpack must give a tensor, got %s", tyb_say(L, -1, said));
    c->x = ty_retain(x);
    return 0;
}

static ty_tensor *unpack(void *data, void *packed)
{
    pack_call c = {data, NULL, packed};
    return tyb_call_back(data, unpack_body, &c) == TY_OK ? c.x : NULL;
}

static void release_packed(void *data, void *packed)
{
    (void)data;
    owned_release(packed);
}

/* core.set_saved_hooks({pack, unpack} or nil) -> the pair before, or nil */
static int set_saved_hooks(lua_State *L)
{
    tyb_state *s = tyb_get(L);
    lua_settop(L, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, s->saved_hooks_ref);
    if (lua_isboolean(L, -1)) {
        lua_pop(L, 1);
        lua_pushnil(L);
    }
    bool on = lua_istable(L, 1);
    if (on)
        lua_pushvalue(L, 1);
    else
        lua_pushboolean(L, false);
    lua_rawseti(L, LUA_REGISTRYINDEX, s->saved_hooks_ref);
    ty_saved_hooks hooks = {pack, unpack, release_packed, s};
    ty_set_saved_hooks(on ? &hooks : NULL);
    return 1;
}

void tyb_open_node(lua_State *L, tyb_state *s)
{
    static const luaL_Reg functions[] = {
        {"record_function", record_function},
        {"node_saved", node_saved},
        {"set_saved_hooks", set_saved_hooks},
        {NULL, NULL},
    };
    static const luaL_Reg methods[] = {
        {"register_hook", node_register_hook}, {"register_prehook", node_register_prehook}, {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
    lua_pushboolean(L, false);
    s->saved_hooks_ref = luaL_ref(L, LUA_REGISTRYINDEX);
    lua_createtable(L, 0, 6);
    s->node_meta = lua_topointer(L, -1);
    lua_pushliteral(L, "node");
    lua_setfield(L, -2, "__name");
    lua_pushcfunction(L, node_gc);
    lua_setfield(L, -2, "__gc");
    lua_pushcfunction(L, node_to_string);
    lua_setfield(L, -2, "__tostring");
    lua_pushcfunction(L, node_equal);
    lua_setfield(L, -2, "__eq");
    luaL_newlib(L, methods);
    lua_pushcclosure(L, node_get, 1);
    lua_setfield(L, -2, "__index");
    s->node_ref = luaL_ref(L, LUA_REGISTRYINDEX);
}
