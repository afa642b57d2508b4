/*
 * core.cuda: the C functions of tycho/cuda.h as they are, for tycho/cuda.lua, which checks arguments and gives them
 * PyTorch's names; and streams and events as Lua values. Device numbers are those of the names, "cuda:0".
 *
 * A stream that the thread uses is held by the registry. stream_current() gives the very object it was set by.
 */
#include "cuda.h"

#include <lauxlib.h>

#include "memory.h"
#include "tensor.h"

#define STREAM "cuda.Stream"
#define EVENT  "cuda.Event"

/* Keys of the registry: objects by their stream (weak), and the used one of each device. */
static const char streams_key = 0, used_key = 0;

typedef struct stream_object {
    ty_cuda_stream *stream;
    bool owned;
} stream_object;

typedef struct event_object {
    ty_cuda_event *event;
} event_object;

static void check(lua_State *L, ty_status status)
{
    if (status != TY_OK)
        tyb_raise_core(L, "cuda");
}

static int device_at(lua_State *L, int idx)
{
    lua_Integer device = luaL_checkinteger(L, idx);
    return device < -1 || device > 255 ? 255 : (int)device;
}

static int unavailable(lua_State *L)
{
    lua_pushstring(L, ty_cuda_unavailable());
    return 1;
}

static int device_count(lua_State *L)
{
    lua_pushinteger(L, ty_cuda_device_count());
    return 1;
}

static int current_device(lua_State *L)
{
    lua_pushinteger(L, ty_cuda_current_device());
    return 1;
}

static int set_device(lua_State *L)
{
    check(L, ty_cuda_set_device(device_at(L, 1)));
    return 0;
}

static int synchronize(lua_State *L)
{
    check(L, ty_cuda_synchronize(device_at(L, 1)));
    return 0;
}

static void set_integer(lua_State *L, const char *name, uint64_t value)
{
    lua_pushinteger(L, (lua_Integer)value);
    lua_setfield(L, -2, name);
}

/* properties(device) -> {name =, major =, minor =, total_memory =, multi_processor_count =, ...} */
static int properties(lua_State *L)
{
    ty_cuda_properties p;
    check(L, ty_cuda_get_properties(device_at(L, 1), &p));
    lua_createtable(L, 0, 6);
    lua_pushstring(L, p.name);
    lua_setfield(L, -2, "name");
    set_integer(L, "major", (uint64_t)p.major);
    set_integer(L, "minor", (uint64_t)p.minor);
    set_integer(L, "total_memory", p.total_memory);
    set_integer(L, "multi_processor_count", (uint64_t)p.multiprocessors);
    set_integer(L, "max_threads_per_multi_processor", (uint64_t)p.threads_per_multiprocessor);
    return 1;
}

/* ---- Memory ---- */

static int memory_stats(lua_State *L)
{
    ty_memory_stats stats;
    check(L, ty_cuda_get_memory_stats(device_at(L, 1), &stats));
    tyb_push_memory_stats(L, &stats);
    return 1;
}

static int memory_info(lua_State *L)
{
    size_t free_bytes, total;
    check(L, ty_cuda_memory_info(device_at(L, 1), &free_bytes, &total));
    lua_pushinteger(L, (lua_Integer)free_bytes);
    lua_pushinteger(L, (lua_Integer)total);
    return 2;
}

static int reset_peak_memory(lua_State *L)
{
    check(L, ty_cuda_reset_peak_memory(device_at(L, 1)));
    return 0;
}

/* Collects first: what Lua no longer reaches is cached memory too. */
static int empty_cache(lua_State *L)
{
    tyb_free_everything(L, tyb_get(L));
    check(L, ty_cuda_empty_cache());
    return 0;
}

/* ---- Numbers ---- */

static int manual_seed(lua_State *L)
{
    check(L, ty_cuda_manual_seed(device_at(L, 1), (uint64_t)luaL_checkinteger(L, 2)));
    return 0;
}

static int get_generator(lua_State *L)
{
    uint64_t seed, offset;
    check(L, ty_cuda_get_generator(device_at(L, 1), &seed, &offset));
    lua_pushinteger(L, (lua_Integer)seed);
    lua_pushinteger(L, (lua_Integer)offset);
    return 2;
}

static int set_generator(lua_State *L)
{
    check(L,
          ty_cuda_set_generator(device_at(L, 1), (uint64_t)luaL_checkinteger(L, 2), (uint64_t)luaL_checkinteger(L, 3)));
    return 0;
}

static int allow_tf32(lua_State *L)
{
    check(L, ty_cuda_allow_tf32(lua_toboolean(L, 1), lua_toboolean(L, 2)));
    return 0;
}

static int enable_cudnn(lua_State *L)
{
    check(L, ty_cuda_enable_cudnn(lua_toboolean(L, 1)));
    return 0;
}

static int cudnn_version(lua_State *L)
{
    lua_pushinteger(L, ty_cuda_cudnn_version());
    return 1;
}

/* ---- Streams ---- */

static ty_cuda_stream *stream_at(lua_State *L, int idx)
{
    char said[64];
    stream_object *object = luaL_testudata(L, idx, STREAM);
    if (!object)
        tyb_raise(L, "expected a stream, as ty.cuda.Stream() makes, got %s", tyb_say(L, idx, said));
    return object->stream;
}

static stream_object *push_stream_object(lua_State *L)
{
    stream_object *object = lua_newuserdatauv(L, sizeof *object, 0);
    *object = (stream_object){NULL, false};
    luaL_setmetatable(L, STREAM);
    return object;
}

/* Remembers the object on top of the stack as that of its stream. */
static void remember(lua_State *L, const ty_cuda_stream *stream)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &streams_key);
    lua_pushvalue(L, -2);
    lua_rawsetp(L, -2, stream);
    lua_pop(L, 1);
}

/* stream_new(device, priority) */
static int stream_new(lua_State *L)
{
    int device = device_at(L, 1), priority = (int)luaL_checkinteger(L, 2);
    stream_object *object = push_stream_object(L);
    object->stream = ty_cuda_stream_new(device, priority);
    if (!object->stream)
        tyb_raise_core(L, "Stream");
    object->owned = true;
    remember(L, object->stream);
    return 1;
}

static int push_stream(lua_State *L, ty_cuda_stream *stream)
{
    if (!stream)
        tyb_raise_core(L, "cuda");
    lua_rawgetp(L, LUA_REGISTRYINDEX, &streams_key);
    if (lua_rawgetp(L, -1, stream) == LUA_TUSERDATA)
        return 1;
    push_stream_object(L)->stream = stream; /* a default one, which is always there */
    remember(L, stream);
    return 1;
}

static int stream_current(lua_State *L)
{
    return push_stream(L, ty_cuda_stream_current(device_at(L, 1)));
}

static int stream_default(lua_State *L)
{
    return push_stream(L, ty_cuda_stream_default(device_at(L, 1)));
}

static int stream_use(lua_State *L)
{
    ty_cuda_stream *stream = stream_at(L, 1);
    check(L, ty_cuda_stream_use(stream));
    lua_rawgetp(L, LUA_REGISTRYINDEX, &used_key);
    lua_pushvalue(L, 1);
    lua_rawseti(L, -2, ty_cuda_stream_device(stream));
    return 0;
}

static int stream_device(lua_State *L)
{
    tyb_push_device(L, (ty_device){TY_CUDA, ty_cuda_stream_device(stream_at(L, 1))});
    return 1;
}

static int stream_synchronize(lua_State *L)
{
    check(L, ty_cuda_stream_synchronize(stream_at(L, 1)));
    return 0;
}

static int stream_query(lua_State *L)
{
    bool done = false;
    check(L, ty_cuda_stream_query(stream_at(L, 1), &done));
    lua_pushboolean(L, done);
    return 1;
}

static int stream_gc(lua_State *L)
{
    stream_object *object = luaL_testudata(L, 1, STREAM);
    if (object && object->owned)
        ty_cuda_stream_free(object->stream);
    if (object)
        *object = (stream_object){NULL, false};
    return 0;
}

/* ---- Events ---- */

static ty_cuda_event *event_at(lua_State *L, int idx)
{
    char said[64];
    event_object *object = luaL_testudata(L, idx, EVENT);
    if (!object)
        tyb_raise(L, "expected an event, as ty.cuda.Event() makes, got %s", tyb_say(L, idx, said));
    return object->event;
}

/* event_new(device, timing) */
static int event_new(lua_State *L)
{
    int device = device_at(L, 1);
    event_object *object = lua_newuserdatauv(L, sizeof *object, 0);
    object->event = NULL;
    luaL_setmetatable(L, EVENT);
    object->event = ty_cuda_event_new(device, lua_toboolean(L, 2));
    if (!object->event)
        tyb_raise_core(L, "Event");
    return 1;
}

static int event_record(lua_State *L)
{
    check(L, ty_cuda_event_record(event_at(L, 1), stream_at(L, 2)));
    return 0;
}

static int event_wait(lua_State *L)
{
    check(L, ty_cuda_stream_wait_event(stream_at(L, 2), event_at(L, 1)));
    return 0;
}

static int event_query(lua_State *L)
{
    bool done = false;
    check(L, ty_cuda_event_query(event_at(L, 1), &done));
    lua_pushboolean(L, done);
    return 1;
}

static int event_synchronize(lua_State *L)
{
    check(L, ty_cuda_event_synchronize(event_at(L, 1)));
    return 0;
}

static int event_elapsed(lua_State *L)
{
    float milliseconds;
    check(L, ty_cuda_event_elapsed(event_at(L, 1), event_at(L, 2), &milliseconds));
    lua_pushnumber(L, (lua_Number)milliseconds);
    return 1;
}

static int event_gc(lua_State *L)
{
    event_object *object = luaL_testudata(L, 1, EVENT);
    if (object)
        ty_cuda_event_free(object->event);
    if (object)
        object->event = NULL;
    return 0;
}

/* record_stream(x, stream) */
static int record_stream(lua_State *L)
{
    check(L, ty_cuda_record_stream(tyb_check_tensor(L, 1, "record_stream"), stream_at(L, 2)));
    return 0;
}

/* ---- The default device ---- */

static int set_default_device(lua_State *L)
{
    ty_device device = TY_DEVICE_CPU;
    if (!lua_isnoneornil(L, 1) && tyb_to_device(L, 1, &device) != TY_OK)
        tyb_raise_core(L, "set_default_device");
    tyb_get(L)->default_device = device;
    return 0;
}

static int get_default_device(lua_State *L)
{
    tyb_push_device(L, tyb_get(L)->default_device);
    return 1;
}

static void make_type(lua_State *L, const char *name, lua_CFunction gc)
{
    luaL_newmetatable(L, name);
    lua_pushcfunction(L, gc);
    lua_setfield(L, -2, "__gc");
    lua_setfield(L, -2, name + sizeof "cuda." - 1); /* core.cuda.Stream: the metatable, which cuda.lua completes */
}

void tyb_open_cuda(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"unavailable", unavailable},
        {"device_count", device_count},
        {"current_device", current_device},
        {"set_device", set_device},
        {"synchronize", synchronize},
        {"properties", properties},
        {"memory_stats", memory_stats},
        {"memory_info", memory_info},
        {"reset_peak_memory", reset_peak_memory},
        {"empty_cache", empty_cache},
        {"manual_seed", manual_seed},
        {"get_generator", get_generator},
        {"set_generator", set_generator},
        {"allow_tf32", allow_tf32},
        {"enable_cudnn", enable_cudnn},
        {"cudnn_version", cudnn_version},
        {"stream_new", stream_new},
        {"stream_current", stream_current},
        {"stream_default", stream_default},
        {"stream_use", stream_use},
        {"stream_device", stream_device},
        {"stream_synchronize", stream_synchronize},
        {"stream_query", stream_query},
        {"event_new", event_new},
        {"event_record", event_record},
        {"event_wait", event_wait},
        {"event_query", event_query},
        {"event_synchronize", event_synchronize},
        {"event_elapsed", event_elapsed},
        {"record_stream", record_stream},
        {"set_default_device", set_default_device},
        {"get_default_device", get_default_device},
        {NULL, NULL},
    };
    lua_createtable(L, 0, 0);
    lua_createtable(L, 0, 1);
    lua_pushliteral(L, "v");
    lua_setfield(L, -2, "__mode");
    lua_setmetatable(L, -2);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &streams_key);
    lua_createtable(L, 0, 0);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &used_key);
    luaL_newlib(L, functions);
    make_type(L, STREAM, stream_gc);
    make_type(L, EVENT, event_gc);
    lua_setfield(L, -2, "cuda");
}
