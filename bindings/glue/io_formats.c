/*
 * The part of tycho.core.io that reads and writes other formats than PyTorch's: IDX, NumPy's, safetensors, CSV, JSON,
 * images. The Lua half has checked and ordered the arguments; here they are handed on. A call that runs out of memory
 * is tried once more after a full collection.
 */
#include "io.h"

#include <string.h>

#include <lauxlib.h>

#include "io_values.h"

/* A call of the core with what it needs, and its result. */
typedef struct request {
    const char *path;
    int option;
    const void *extra;
    ty_tensor *x;          /* what is written, or the result */
    ty_value *value;       /* the result */
    const ty_value *given; /* what is written */
} request;

static void run(lua_State *L, const char *name, bool (*call)(request *), request *r)
{
    int tries = 0;
    bool ok;
    do
        ok = call(r);
    while (!ok && tyb_io_retry(L, &tries));
    if (!ok)
        tyb_raise_core(L, name);
}

static int push_read_tensor(lua_State *L, const char *name, bool (*call)(request *), request *r)
{
    tyb_state *s = tyb_get(L);
    tyb_handle *handle = tyb_new_handle(L, s);
    run(L, name, call, r);
    tyb_fill_handle(s, handle, r->x);
    return 1;
}

static int push_read_value(lua_State *L, const char *name, bool (*call)(request *), request *r)
{
    tyb_box *box = tyb_push_box(L);
    box->release = tyb_free_tree;
    run(L, name, call, r);
    box->data = r->value;
    tyb_push_file_value(L, r->value);
    tyb_free_tree(box);
    return 1;
}

/* ---- Tensors ---- */

static bool call_load_idx(request *r)
{
    return (r->x = ty_load_idx(r->path)) != NULL;
}

static bool call_load_npy(request *r)
{
    return (r->x = ty_load_npy(r->path)) != NULL;
}

static bool call_save_npy(request *r)
{
    return ty_save_npy(r->x, r->path) == TY_OK;
}

/* load_idx(path) -> tensor */
static int load_idx(lua_State *L)
{
    return push_read_tensor(L, "load_idx", call_load_idx, &(request){.path = tyb_check_path(L, 1, "load_idx")});
}

/* load_npy(path) -> tensor */
static int load_npy(lua_State *L)
{
    return push_read_tensor(L, "load_npy", call_load_npy, &(request){.path = tyb_check_path(L, 1, "load_npy")});
}

/* save_npy(tensor, path) */
static int save_npy(lua_State *L)
{
    run(L, "save_npy", call_save_npy,
        &(request){.x = tyb_check_tensor(L, 1, "save_npy"), .path = tyb_check_path(L, 2, "save_npy")});
    return 0;
}

/* ---- Images ---- */

static bool call_read_image(request *r)
{
    return (r->x = ty_read_image(r->path, (ty_image_mode)r->option)) != NULL;
}

static bool call_decode_image(request *r)
{
    return (r->x = ty_decode_image(r->extra, *(const size_t *)r->path, (ty_image_mode)r->option, "the string")) != NULL;
}

static bool call_write_png(request *r)
{
    return ty_write_png(r->x, r->path) == TY_OK;
}

static bool call_write_jpeg(request *r)
{
    return ty_write_jpeg(r->x, r->option, r->path) == TY_OK;
}

static int check_mode(lua_State *L, int idx)
{
    static const char *const modes[] = {"UNCHANGED", "GRAY", "GRAY_ALPHA", "RGB", "RGB_ALPHA", NULL};
    return luaL_checkoption(L, idx, "UNCHANGED", modes);
}

/* read_image(path, mode) -> tensor */
static int read_image(lua_State *L)
{
    return push_read_tensor(L, "read_image", call_read_image,
                            &(request){.path = tyb_check_path(L, 1, "read_image"), .option = check_mode(L, 2)});
}

/* decode_image(bytes, mode) -> tensor */
static int decode_image(lua_State *L)
{
    size_t length;
    const char *bytes = luaL_checklstring(L, 1, &length);
    return push_read_tensor(L, "decode_image", call_decode_image,
                            &(request){.extra = bytes, .path = (const char *)&length, .option = check_mode(L, 2)});
}

/* write_png(tensor, path) */
static int write_png(lua_State *L)
{
    run(L, "write_png", call_write_png,
        &(request){.x = tyb_check_tensor(L, 1, "write_png"), .path = tyb_check_path(L, 2, "write_png")});
    return 0;
}

/* write_jpeg(tensor, path, quality) */
static int write_jpeg(lua_State *L)
{
    run(L, "write_jpeg", call_write_jpeg,
        &(request){.x = tyb_check_tensor(L, 1, "write_jpeg"),
                   .path = tyb_check_path(L, 2, "write_jpeg"),
                   .option = (int)luaL_checkinteger(L, 3)});
    return 0;
}

/* ---- Tables of tensors ---- */

static bool call_load_npz(request *r)
{
    return (r->value = ty_load_npz(r->path)) != NULL;
}

static bool call_save_npz(request *r)
{
    return ty_save_npz(r->given, r->option, r->path) == TY_OK;
}

static bool call_load_csv(request *r)
{
    return (r->value = ty_load_csv(r->path, r->extra)) != NULL;
}

/* load_npz(path) -> ordered dict of tensors */
static int load_npz(lua_State *L)
{
    return push_read_value(L, "load_npz", call_load_npz, &(request){.path = tyb_check_path(L, 1, "load_npz")});
}

/* save_npz(table, path, compressed) */
static int save_npz(lua_State *L)
{
    const char *path = tyb_check_path(L, 2, "save_npz");
    tyb_box *box = tyb_push_box(L);
    tyb_to_file_value(L, 1, box);
    run(L, "save_npz", call_save_npz, &(request){.given = box->data, .path = path, .option = lua_toboolean(L, 3)});
    box->release(box);
    return 0;
}

static bool call_save_csv(request *r)
{
    return ty_save_csv(r->given, r->extra, r->path) == TY_OK;
}

enum { MOST_WORDS = 64 };

/* The options (delimiter, quote, header, words or nil) from idx on. The words stay in their table, and so alive. */
static ty_csv_options csv_options(lua_State *L, int idx, const char *name, const char *words[MOST_WORDS + 1])
{
    lua_Unsigned count = lua_istable(L, idx + 3) ? lua_rawlen(L, idx + 3) : 0;
    if (count > MOST_WORDS)
        tyb_raise(L, "%s: more than %d words for missing values", name, MOST_WORDS);
    for (lua_Unsigned i = 0; i < count; i++) {
        lua_rawgeti(L, idx + 3, (lua_Integer)i + 1);
        if (lua_type(L, -1) != LUA_TSTRING)
            tyb_raise(L, "%s: the words for missing values must be strings", name);
        words[i] = lua_tostring(L, -1);
        lua_pop(L, 1);
    }
    words[count] = NULL;
    return (ty_csv_options){.delimiter = *luaL_checkstring(L, idx),
                            .quote = *luaL_checkstring(L, idx + 1),
                            .header = lua_toboolean(L, idx + 2),
                            .missing = words};
}

/* load_csv(path, delimiter, quote, header, words or nil) -> ordered dict of columns */
static int load_csv(lua_State *L)
{
    const char *words[MOST_WORDS + 1];
    ty_csv_options options = csv_options(L, 2, "load_csv", words);
    return push_read_value(L, "load_csv", call_load_csv,
                           &(request){.path = tyb_check_path(L, 1, "load_csv"), .extra = &options});
}

/* save_csv(columns, path, delimiter, quote, header, words or nil) */
static int save_csv(lua_State *L)
{
    const char *words[MOST_WORDS + 1], *path = tyb_check_path(L, 2, "save_csv");
    ty_csv_options options = csv_options(L, 3, "save_csv", words);
    tyb_box *box = tyb_push_box(L);
    tyb_to_file_value(L, 1, box);
    run(L, "save_csv", call_save_csv, &(request){.given = box->data, .path = path, .extra = &options});
    box->release(box);
    return 0;
}

/* ---- JSON ---- */

static bool call_load_json(request *r)
{
    return (r->value = ty_load_json(r->path)) != NULL;
}

static bool call_decode_json(request *r)
{
    return (r->value = ty_json_decode(r->extra, *(const size_t *)r->path, "the string")) != NULL;
}

static bool call_save_json(request *r)
{
    return ty_save_json(r->given, r->option, r->path) == TY_OK;
}

static bool call_encode_json(request *r)
{
    return (r->extra = ty_json_encode(r->given, r->option)) != NULL;
}

/* load_json(path) -> value */
static int load_json(lua_State *L)
{
    return push_read_value(L, "load_json", call_load_json, &(request){.path = tyb_check_path(L, 1, "load_json")});
}

/* decode_json(text) -> value */
static int decode_json(lua_State *L)
{
    size_t length;
    const char *text = luaL_checklstring(L, 1, &length);
    return push_read_value(L, "decode_json", call_decode_json,
                           &(request){.extra = text, .path = (const char *)&length});
}

/* save_json(value, path, indent) */
static int save_json(lua_State *L)
{
    const char *path = tyb_check_path(L, 2, "save_json");
    tyb_box *box = tyb_push_box(L);
    tyb_to_file_value(L, 1, box);
    run(L, "save_json", call_save_json, &(request){.given = box->data, .path = path, .option = lua_toboolean(L, 3)});
    box->release(box);
    return 0;
}

/* encode_json(value, indent) -> text */
static int encode_json(lua_State *L)
{
    lua_settop(L, 2);
    tyb_box *box = tyb_push_box(L), *text = tyb_push_box(L);
    tyb_to_file_value(L, 1, box);
    request r = {.given = box->data, .option = lua_toboolean(L, 2)};
    run(L, "encode_json", call_encode_json, &r);
    text->data = (void *)r.extra;
    text->release = tyb_free_box;
    lua_pushstring(L, text->data);
    box->release(box);
    return 1;
}

/* ---- safetensors ---- */

#define SAFE_FILE "tycho.safetensors"

typedef struct safe_file {
    ty_safetensors *f; /* NULL: closed */
} safe_file;

static int close_safe(lua_State *L)
{
    safe_file *file = luaL_checkudata(L, 1, SAFE_FILE);
    ty_safetensors_close(file->f);
    file->f = NULL;
    return 0;
}

static ty_safetensors *check_safe(lua_State *L)
{
    safe_file *file = luaL_testudata(L, 1, SAFE_FILE);
    if (!file)
        tyb_raise(L, "a method of a safetensors file is called with a colon: file:keys()");
    if (!file->f)
        tyb_raise(L, "this safetensors file is closed; open it again with io.safe_open");
    return file->f;
}

static bool call_open(request *r)
{
    return (*(ty_safetensors **)r->extra = ty_safetensors_open(r->path)) != NULL;
}

/* safe_open(path) -> file */
static int safe_open(lua_State *L)
{
    const char *path = tyb_check_path(L, 1, "load");
    safe_file *file = lua_newuserdatauv(L, sizeof *file, 0);
    file->f = NULL;
    luaL_setmetatable(L, SAFE_FILE);
    run(L, "load", call_open, &(request){.path = path, .extra = &file->f});
    return 1;
}

/* file:keys() -> list of names, in the file's order */
static int safe_keys(lua_State *L)
{
    const ty_safetensors *f = check_safe(L);
    size_t count = ty_safetensors_count(f);
    lua_createtable(L, (int)count, 0);
    for (size_t i = 0; i < count; i++) {
        lua_pushstring(L, ty_safetensors_name(f, i));
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

static bool call_get(request *r)
{
    return (r->x = ty_safetensors_get((ty_safetensors *)r->extra, r->path)) != NULL;
}

/* file:get_tensor(name) */
static int safe_get(lua_State *L)
{
    ty_safetensors *f = check_safe(L);
    if (lua_type(L, 2) != LUA_TSTRING) {
        char said[64];
        tyb_raise(L, "get_tensor: the name must be a string, got %s", tyb_say(L, 2, said));
    }
    return push_read_tensor(L, "get_tensor", call_get, &(request){.extra = f, .path = lua_tostring(L, 2)});
}

/* file:metadata() -> table of strings */
static int safe_metadata(lua_State *L)
{
    const ty_value *metadata = ty_safetensors_metadata(check_safe(L));
    lua_createtable(L, 0, (int)metadata->count);
    for (size_t i = 0; i < metadata->count; i++) {
        lua_pushlstring(L, metadata->items[i]->string, metadata->items[i]->length);
        lua_setfield(L, -2, metadata->keys[i]->string);
    }
    return 1;
}

static bool call_save_safetensors(request *r)
{
    return ty_safetensors_save(r->given, r->extra, r->path) == TY_OK;
}

/* save_safetensors(table, path, metadata or nil) */
static int save_safetensors(lua_State *L)
{
    const char *path = tyb_check_path(L, 2, "save_safetensors");
    lua_settop(L, 3);
    tyb_box *tensors = tyb_push_box(L), *metadata = NULL;
    tyb_to_file_value(L, 1, tensors);
    if (!lua_isnil(L, 3)) {
        metadata = tyb_push_box(L);
        tyb_to_file_value(L, 3, metadata);
    }
    run(L, "save_safetensors", call_save_safetensors,
        &(request){.given = tensors->data, .extra = metadata ? metadata->data : NULL, .path = path});
    tensors->release(tensors);
    if (metadata)
        metadata->release(metadata);
    return 0;
}

void tyb_add_formats(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"load_idx", load_idx},
        {"load_npy", load_npy},
        {"save_npy", save_npy},
        {"load_npz", load_npz},
        {"save_npz", save_npz},
        {"load_csv", load_csv},
        {"save_csv", save_csv},
        {"load_json", load_json},
        {"decode_json", decode_json},
        {"save_json", save_json},
        {"encode_json", encode_json},
        {"read_image", read_image},
        {"decode_image", decode_image},
        {"write_png", write_png},
        {"write_jpeg", write_jpeg},
        {"safe_open", safe_open},
        {"save_safetensors", save_safetensors},
        {NULL, NULL},
    };
    static const luaL_Reg methods[] = {
        {"keys", safe_keys}, {"get_tensor", safe_get}, {"metadata", safe_metadata}, {"close", close_safe}, {NULL, NULL},
    };
    luaL_setfuncs(L, functions, 0);
    luaL_newmetatable(L, SAFE_FILE);
    luaL_newlib(L, methods);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, close_safe);
    lua_setfield(L, -2, "__gc");
    lua_pushcfunction(L, close_safe);
    lua_setfield(L, -2, "__close");
    lua_pop(L, 1);
}
