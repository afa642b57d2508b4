/*
 * core.optim(kind, params): an optimiser of the core over a list of tensors. It keeps nothing but the core's object;
 * parameter groups, schedules and state dicts are the Lua half's. Parameters count from 1.
 */
#include "optim.h"

#include <limits.h>
#include <stdlib.h>

#include <lauxlib.h>

#include "memory.h"
#include "tensor.h"

#define METATABLE "tycho.optim"

typedef struct optimiser {
    ty_optim *o;
    int count;
} optimiser;

static optimiser *self(lua_State *L)
{
    optimiser *object = luaL_testudata(L, 1, METATABLE);
    char said[64];
    if (!object || !object->o)
        tyb_raise(L, "expected an optimiser, got %s (a method is called with a colon, o:name())", tyb_say(L, 1, said));
    return object;
}

static const char *name_argument(lua_State *L, int idx, const char *what)
{
    char said[64];
    if (lua_type(L, idx) != LUA_TSTRING)
        tyb_raise(L, "optim: %s must be a string, got %s", what, tyb_say(L, idx, said));
    return lua_tostring(L, idx);
}

static int64_t whole_argument(lua_State *L, int idx, const char *what)
{
    int is;
    char said[64];
    lua_Integer i = lua_tointegerx(L, idx, &is);
    if (!is || lua_type(L, idx) != LUA_TNUMBER)
        tyb_raise(L, "optim: %s must be a whole number, got %s", what, tyb_say(L, idx, said));
    return i;
}

/* Place of a parameter as the core counts. */
static int parameter_argument(lua_State *L, const optimiser *object)
{
    int64_t i = whole_argument(L, 2, "the parameter's place");
    if (i < 1 || i > object->count)
        tyb_raise(L, "optim: parameter %lld is out of range: there are %d, counted from 1", (long long)i,
                  object->count);
    return (int)i - 1;
}

/* o:set(option, value): value a number or a boolean. */
static int set(lua_State *L)
{
    optimiser *object = self(L);
    const char *option = name_argument(L, 2, "the option's name");
    char said[64];
    if (!lua_isboolean(L, 3) && lua_type(L, 3) != LUA_TNUMBER)
        tyb_raise(L, "optim: %s must be a number or a boolean, got %s", option, tyb_say(L, 3, said));
    double value = lua_isboolean(L, 3) ? lua_toboolean(L, 3) : lua_tonumber(L, 3);
    if (ty_optim_set(object->o, option, value) != TY_OK)
        tyb_raise_core(L, NULL);
    return 0;
}

/* o:get(option) -> number */
static int get(lua_State *L)
{
    optimiser *object = self(L);
    double value;
    if (ty_optim_get(object->o, name_argument(L, 2, "the option's name"), &value) != TY_OK)
        tyb_raise_core(L, NULL);
    lua_pushnumber(L, value);
    return 1;
}

/* o:step(): one update of every parameter that has a gradient. */
static int step(lua_State *L)
{
    optimiser *object = self(L);
    if (ty_optim_step(object->o) != TY_OK)
        tyb_raise_core(L, "step");
    return 0;
}

/* o:zero_grad(set_to_none = true) */
static int zero_grad(lua_State *L)
{
    optimiser *object = self(L);
    bool to_none = lua_isnoneornil(L, 2) || lua_toboolean(L, 2);
    if (ty_optim_zero_grad(object->o, to_none) != TY_OK)
        tyb_raise_core(L, "zero_grad");
    return 0;
}

static int push_names(lua_State *L, const char *const *names)
{
    lua_newtable(L);
    for (int i = 0; names[i]; i++) {
        lua_pushstring(L, names[i]);
        lua_rawseti(L, -2, i + 1);
    }
    return 1;
}

/* o:options() -> list of names */
static int options(lua_State *L)
{
    return push_names(L, ty_optim_options(self(L)->o));
}

/* o:states() -> list of the names of the state tensors */
static int states(lua_State *L)
{
    return push_names(L, ty_optim_states(self(L)->o));
}

/* o:state(i, name) -> tensor, or nil before the parameter's first step */
static int state(lua_State *L)
{
    optimiser *object = self(L);
    int i = parameter_argument(L, object);
    const char *name = name_argument(L, 3, "the state's name");
    ty_tensor *x = ty_optim_state(object->o, i, name);
    if (!x) {
        lua_pushnil(L);
        return 1;
    }
    tyb_push_tensor(L, ty_retain(x));
    return 1;
}

/* o:set_state(i, name, tensor) */
static int set_state(lua_State *L)
{
    optimiser *object = self(L);
    int i = parameter_argument(L, object);
    const char *name = name_argument(L, 3, "the state's name");
    if (ty_optim_set_state(object->o, i, name, tyb_check_tensor(L, 4, "set_state")) != TY_OK)
        tyb_raise_core(L, NULL);
    return 0;
}

/* o:step_count(i) -> steps that parameter i has taken */
static int step_count(lua_State *L)
{
    optimiser *object = self(L);
    lua_pushinteger(L, ty_optim_step_count(object->o, parameter_argument(L, object)));
    return 1;
}

/* o:set_step_count(i, n) */
static int set_step_count(lua_State *L)
{
    optimiser *object = self(L);
    int i = parameter_argument(L, object);
    if (ty_optim_set_step_count(object->o, i, whole_argument(L, 3, "the number of steps")) != TY_OK)
        tyb_raise_core(L, NULL);
    return 0;
}

static int gc(lua_State *L)
{
    optimiser *object = luaL_testudata(L, 1, METATABLE);
    if (object && object->o) {
        ty_optim_free(object->o);
        object->o = NULL;
    }
    return 0;
}

/* core.optim(kind, params): kind "SGD", "Adam", ...; params a list of tensors, at least one. */
static int new_optimiser(lua_State *L)
{
    const char *kind = name_argument(L, 1, "the kind");
    char said[64];
    if (lua_type(L, 2) != LUA_TTABLE)
        tyb_raise(L, "%s: params must be a list of tensors, got %s", kind, tyb_say(L, 2, said));
    size_t count = lua_rawlen(L, 2);
    if (count == 0 || count > INT_MAX)
        tyb_raise(L, "%s: the list of parameters is empty", kind);
    optimiser *object = lua_newuserdatauv(L, sizeof *object, 0);
    *object = (optimiser){NULL, (int)count};
    luaL_setmetatable(L, METATABLE);
    tyb_box *box = tyb_push_box(L);
    ty_tensor **params = malloc(count * sizeof *params);
    box->data = params;
    box->release = tyb_free_box;
    if (!params)
        tyb_raise(L, "%s: out of memory for %d parameters", kind, (int)count);
    for (size_t i = 0; i < count; i++) {
        lua_rawgeti(L, 2, (lua_Integer)i + 1);
        params[i] = tyb_to_tensor(L, -1); /* anchored by the table */
        if (!params[i])
            tyb_raise(L, "%s: parameter %d must be a tensor, got %s", kind, (int)i + 1, tyb_say(L, -1, said));
        lua_pop(L, 1);
    }
    object->o = ty_optim_new(kind, (int)count, params);
    if (!object->o)
        tyb_raise_core(L, NULL);
    lua_pop(L, 1);
    return 1;
}

void tyb_open_optim(lua_State *L)
{
    static const luaL_Reg methods[] = {
        {"set", set},
        {"get", get},
        {"step", step},
        {"zero_grad", zero_grad},
        {"options", options},
        {"states", states},
        {"state", state},
        {"set_state", set_state},
        {"step_count", step_count},
        {"set_step_count", set_step_count},
        {NULL, NULL},
    };
    luaL_newmetatable(L, METATABLE);
    lua_pushcfunction(L, gc);
    lua_setfield(L, -2, "__gc");
    luaL_newlib(L, methods);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
    lua_pushcfunction(L, new_optimiser);
    lua_setfield(L, -2, "optim");
}
