/*
 * Random generators as Lua values: core.Generator(seed, device), core.default_generator, and their methods. A userdata
 * holds a generator of its own, or NULL for the default one.
 */
#include "generator.h"

#include <string.h>

#include <lauxlib.h>

#include "capture.h"
#include "tensor.h"

typedef struct generator {
    ty_generator *g; /* NULL: the default one, or closed */
    bool is_default;
} generator;

bool tyb_to_generator(lua_State *L, int idx, ty_generator **g)
{
    generator *object = tyb_test(L, idx, tyb_get(L)->generator_meta);
    if (!object || !(object->g || object->is_default))
        return false;
    *g = object->g;
    tyb_capture_anchor(L, idx);
    return true;
}

static ty_generator *self(lua_State *L)
{
    ty_generator *g;
    char said[64];
    if (!tyb_to_generator(L, 1, &g))
        tyb_raise(L, "expected a generator, got %s (a method is called with a colon, g:name())", tyb_say(L, 1, said));
    return g;
}

static uint64_t seed_argument(lua_State *L, int idx, const char *name)
{
    int is;
    char said[64];
    lua_Integer seed = lua_tointegerx(L, idx, &is);
    if (!is || lua_type(L, idx) != LUA_TNUMBER)
        tyb_raise(L, "%s: seed must be a whole number, got %s", name, tyb_say(L, idx, said));
    return (uint64_t)seed;
}

/* Raises while a step is recorded: a generator is put into a state by its replays only in as far as they draw. */
static void not_captured(lua_State *L, const char *name)
{
    if (ty_capture_refuse(name, "call it outside the step") != TY_OK)
        tyb_raise_core(L, NULL);
}

/* g:manual_seed(seed) -> g */
static int manual_seed(lua_State *L)
{
    ty_generator *g = self(L);
    not_captured(L, "manual_seed");
    ty_manual_seed(g, seed_argument(L, 2, "manual_seed"));
    lua_settop(L, 1);
    return 1;
}

/* g:initial_seed() -> the seed set last */
static int initial_seed(lua_State *L)
{
    lua_pushinteger(L, (lua_Integer)ty_initial_seed(self(L)));
    return 1;
}

/* g:seed() -> a fresh seed from the system, which it also sets */
static int seed(lua_State *L)
{
    not_captured(L, "seed");
    lua_pushinteger(L, (lua_Integer)ty_seed(self(L)));
    return 1;
}

/* g:device() -> what it draws for */
static int device_of(lua_State *L)
{
    tyb_push_device(L, ty_generator_device(self(L)));
    return 1;
}

/* g:get_state() -> uint8 tensor of 5056 bytes; 16 for one of a CUDA device */
static int get_state(lua_State *L)
{
    tyb_state *s = tyb_get(L);
    uint8_t bytes[TY_RNG_STATE_BYTES];
    ty_generator *g = self(L);
    ty_get_rng_state(g, bytes);
    tyb_handle *handle = tyb_new_handle(L, s);
    ty_tensor *x = ty_from_data(bytes, 1, (int64_t[]){(int64_t)ty_rng_state_bytes(g)}, TY_UINT8);
    if (!x)
        tyb_raise_core(L, "get_state");
    tyb_fill_handle(s, handle, x);
    return 1;
}

/* g:set_state(state) -> g */
static int set_state(lua_State *L)
{
    ty_generator *g = self(L);
    not_captured(L, "set_state");
    ty_tensor *x = tyb_check_tensor(L, 2, "set_state");
    int bytes = (int)ty_rng_state_bytes(g);
    if (ty_dtype_of(x) != TY_UINT8 || ty_numel(x) != bytes)
        tyb_raise(L, "set_state: this generator's state is a uint8 tensor of %d elements, got %s of %lld", bytes,
                  ty_dtype_name(ty_dtype_of(x)), (long long)ty_numel(x));
    ty_tensor *host = ty_to(x, TY_UINT8, TY_DEVICE_CPU, false), *flat = host ? ty_contiguous(host) : NULL;
    ty_status status = flat ? ty_set_rng_state(g, ty_data(flat)) : TY_FAIL;
    ty_release(host);
    ty_release(flat);
    if (status != TY_OK)
        tyb_raise_core(L, "set_state");
    lua_settop(L, 1);
    return 1;
}

static int to_string(lua_State *L)
{
    generator *object = tyb_test(L, 1, tyb_get(L)->generator_meta);
    ty_device device = object && object->g ? ty_generator_device(object->g) : TY_DEVICE_CPU;
    if (device.type == TY_CUDA)
        lua_pushfstring(L, "Generator(device = \"cuda:%d\")", device.index);
    else
        lua_pushstring(L, !object ? "not a generator" : object->is_default ? "Generator(default)" : "Generator");
    return 1;
}

static int gc(lua_State *L)
{
    generator *object = tyb_test(L, 1, tyb_get(L)->generator_meta);
    if (object && object->g) {
        ty_generator_free(object->g);
        object->g = NULL;
    }
    return 0;
}

static generator *push_object(lua_State *L)
{
    generator *object = lua_newuserdatauv(L, sizeof *object, 0);
    *object = (generator){NULL, false};
    lua_rawgeti(L, LUA_REGISTRYINDEX, tyb_get(L)->generator_ref);
    lua_setmetatable(L, -2);
    return object;
}

#define USAGE "usage: Generator(seed, device), or Generator{seed = 1, device = \"cuda\"}"

/* Puts the named arguments of the table at idx in the places of seed (1) and device (2), where those are free. */
static void take_named(lua_State *L, int idx)
{
    char said[64];
    lua_settop(L, 3);
    if (idx != 3) {
        lua_copy(L, idx, 3);
        lua_pushnil(L);
        lua_replace(L, idx);
    }
    for (lua_pushnil(L); lua_next(L, 3); lua_pop(L, 1)) {
        const char *name = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : NULL;
        int to = name && strcmp(name, "seed") == 0 ? 1 : name && strcmp(name, "device") == 0 ? 2 : 0;
        if (to == 0)
            tyb_raise(L, "Generator: unknown option %s; options are: device, seed", name ? name : tyb_say(L, -2, said));
        if (!lua_isnil(L, to))
            tyb_raise(L, "Generator: %s is given twice", name);
        lua_pushvalue(L, -1);
        lua_replace(L, to);
    }
    lua_settop(L, 2);
}

/* core.Generator(seed?, device?): a generator of its own; without a seed it begins as PyTorch's do. */
static int new_generator(lua_State *L)
{
    ty_device device = TY_DEVICE_CPU;
    int given = lua_gettop(L);
    if (given > 3 || (given == 3 && lua_type(L, 3) != LUA_TTABLE))
        tyb_raise(L, "Generator: too many arguments: %d given; " USAGE, given);
    if (given > 0 && lua_type(L, given) == LUA_TTABLE)
        take_named(L, given);
    lua_settop(L, 2);
    uint64_t first = lua_isnil(L, 1) ? 67280421310721u : seed_argument(L, 1, "Generator");
    if (!lua_isnil(L, 2) && tyb_to_device(L, 2, &device) != TY_OK)
        tyb_raise_core(L, "Generator");
    generator *object = push_object(L);
    object->g = ty_generator_new_on(device, first);
    if (!object->g)
        tyb_raise_core(L, "Generator");
    return 1;
}

/* core.random_u64(generator?) -> an integer of 64 random bits. */
static int random_u64(lua_State *L)
{
    ty_generator *g = lua_isnoneornil(L, 1) ? NULL : self(L);
    not_captured(L, "random_u64");
    lua_pushinteger(L, (lua_Integer)ty_random_u64(g));
    return 1;
}

void tyb_open_generator(lua_State *L, tyb_state *s)
{
    static const luaL_Reg methods[] = {
        {"manual_seed", manual_seed}, {"initial_seed", initial_seed}, {"seed", seed}, {"get_state", get_state},
        {"set_state", set_state},     {"device", device_of},          {NULL, NULL},
    };
    lua_createtable(L, 0, 4);
    s->generator_meta = lua_topointer(L, -1);
    lua_pushliteral(L, "generator");
    lua_setfield(L, -2, "__name");
    lua_pushcfunction(L, gc);
    lua_setfield(L, -2, "__gc");
    lua_pushcfunction(L, to_string);
    lua_setfield(L, -2, "__tostring");
    luaL_newlib(L, methods);
    lua_setfield(L, -2, "__index");
    s->generator_ref = luaL_ref(L, LUA_REGISTRYINDEX);

    lua_pushcfunction(L, new_generator);
    lua_setfield(L, -2, "Generator");
    lua_pushcfunction(L, random_u64);
    lua_setfield(L, -2, "random_u64");
    push_object(L)->is_default = true;
    lua_setfield(L, -2, "default_generator");
}
