/*
 * luaopen_tycho_core: the C module `tycho.core`, which the Lua half builds the library `ty` from. It holds the
 * functions of the binding table by scope (functions, methods, F, init), the table as data (rows), the small types, and
 * the system functions that the Lua half wraps.
 */
#include <limits.h>

#include <lauxlib.h>

#include "args.h"
#include "callback.h"
#include "autocast.h"
#include "capture.h"
#include "cuda.h"
#include "generator.h"
#include "io.h"
#include "memory.h"
#include "optim.h"
#include "process.h"
#include "tensor.h"

/* core.is_tensor(v) */
static int is_tensor(lua_State *L)
{
    lua_pushboolean(L, tyb_to_tensor(L, 1) != NULL);
    return 1;
}

/* core.is_parameter(v): whether v was made by Parameter. */
static int is_parameter(lua_State *L)
{
    lua_pushboolean(L, tyb_is_parameter(L, 1));
    return 1;
}

/* core.Parameter(x, requires_grad = true): x's values, without history, as a leaf that modules register. */
static int parameter(lua_State *L)
{
    tyb_state *s = tyb_get(L);
    ty_tensor *x = tyb_check_tensor(L, 1, "Parameter");
    bool requires_grad = lua_isnoneornil(L, 2) || lua_toboolean(L, 2);
    tyb_handle *handle = tyb_new_handle(L, s);
    ty_tensor *alias = ty_detach(x);
    if (!alias)
        tyb_raise_core(L, "Parameter");
    tyb_fill_handle(s, handle, alias);
    handle->parameter = true;
    if (requires_grad && ty_set_requires_grad(alias, true) != TY_OK)
        tyb_raise_core(L, "Parameter");
    return 1;
}

/* core.set_grad_enabled(enabled) -> what it was */
static int set_grad_enabled(lua_State *L)
{
    char said[64];
    if (!lua_isboolean(L, 1))
        tyb_raise(L, "set_grad_enabled: enabled must be a boolean, got %s", tyb_say(L, 1, said));
    lua_pushboolean(L, ty_set_grad_enabled(lua_toboolean(L, 1)));
    return 1;
}

static int is_grad_enabled(lua_State *L)
{
    lua_pushboolean(L, ty_grad_enabled());
    return 1;
}

/* core.interrupt_clear(): lets calls run again after an interrupt. */
static int interrupt_clear(lua_State *L)
{
    (void)L;
    ty_interrupt_clear();
    return 0;
}

/* core.print_width([columns]) -> how wide tensors printed until now; sets it. */
static int print_width(lua_State *L)
{
    tyb_state *s = tyb_get(L);
    int before = s->print.line_width;
    if (!lua_isnoneornil(L, 1)) {
        lua_Integer columns = luaL_checkinteger(L, 1);
        luaL_argcheck(L, columns >= 0 && columns <= INT_MAX, 1, "out of range");
        s->print.line_width = (int)columns;
    }
    lua_pushinteger(L, before);
    return 1;
}

__attribute__((visibility("default"))) int luaopen_tycho_core(lua_State *L);

int luaopen_tycho_core(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"is_tensor", is_tensor},
        {"is_parameter", is_parameter},
        {"Parameter", parameter},
        {"set_grad_enabled", set_grad_enabled},
        {"is_grad_enabled", is_grad_enabled},
        {"interrupt_clear", interrupt_clear},
        {"print_width", print_width},
        {NULL, NULL},
    };
    /* Rows that the Lua half also finds beside the functions of this file. */
    static const char *const settings[] = {
        "get_num_threads",   "set_num_threads", "get_default_dtype",
        "set_default_dtype", "promote_types",   "set_printoptions",
    };
    luaL_checkversion(L);
    luaL_checkstack(L, 40, NULL);
    ty_set_index_base(1);
    if (tyb_get(L)) {
        lua_rawgeti(L, LUA_REGISTRYINDEX, tyb_get(L)->core_ref);
        return 1;
    }
    tyb_state *s = tyb_open_state(L);
    tyb_open_types(L, s);
    tyb_open_memory(L, s);
    luaL_newlib(L, functions);
    lua_pushliteral(L, TY_VERSION);
    lua_setfield(L, -2, "version");
    tyb_open_error(L);
    tyb_open_memory_functions(L);
    tyb_open_type_functions(L, s);
    tyb_open_generator(L, s);
    tyb_open_optim(L);
    tyb_open_capture(L);
    tyb_open_cuda(L);
    tyb_open_callback(L, s);
    tyb_open_hooks(L, s);
    tyb_open_node(L, s);
    tyb_open_autocast(L, s);
    tyb_open_rows(L, s);
    lua_getfield(L, -1, "functions");
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        lua_getfield(L, -1, settings[i]);
        lua_setfield(L, -3, settings[i]);
    }
    lua_pop(L, 1);
    lua_getfield(L, -1, "methods");
    tyb_open_fields(L, s, -1);
    lua_pop(L, 1);
    tyb_open_operators(L, s);
    tyb_open_process(L);
    lua_setfield(L, -2, "process");
    tyb_open_io(L);
    lua_setfield(L, -2, "io");
    lua_pushvalue(L, -1);
    s->core_ref = luaL_ref(L, LUA_REGISTRYINDEX);
    return 1;
}
