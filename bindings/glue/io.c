/*
 * tycho.core.io: saving, loading and fetching files; other formats are in io_formats.c. The Lua half checks arguments
 * by name and documents; here are the calls themselves. A call that runs out of memory is tried once more after a full
 * collection.
 */
#define _GNU_SOURCE
#include "io.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <lauxlib.h>

#include "io_values.h"
#include "memory.h"

bool tyb_io_retry(lua_State *L, int *tries)
{
    if (ty_error_what() != TY_ERROR_MEMORY || (*tries)++ > 0)
        return false;
    tyb_free_everything(L, tyb_get(L));
    return true;
}

const char *tyb_check_path(lua_State *L, int idx, const char *name)
{
    size_t length;
    char said[64];
    if (lua_type(L, idx) != LUA_TSTRING)
        tyb_raise(L, "%s: the path must be a string, got %s", name, tyb_say(L, idx, said));
    const char *path = lua_tolstring(L, idx, &length);
    if (strlen(path) != length)
        tyb_raise(L, "%s: the path has a 0 byte in it", name);
    return path;
}

/* save(value, path) */
static int save(lua_State *L)
{
    lua_settop(L, 2);
    const char *path = tyb_check_path(L, 2, "save");
    tyb_box *box = tyb_push_box(L);
    tyb_to_file_value(L, 1, box);
    ty_status status;
    int tries = 0;
    do
        status = ty_save(box->data, path);
    while (status != TY_OK && tyb_io_retry(L, &tries));
    box->release(box);
    if (status != TY_OK)
        tyb_raise_core(L, "save");
    return 0;
}

void tyb_free_tree(tyb_box *box)
{
    ty_value_free(box->data);
    box->data = NULL;
}

/* The Lua function that says where tensors go, on the stack of the state that loads. */
typedef struct placer {
    lua_State *L;
    int function;
    bool failed; /* its error is on top of the stack */
} placer;

/* Runs inside the reader, which an error must not jump through: it is kept, and raised when the reader is back. */
static ty_status place(void *context, const char *location, ty_device *device)
{
    placer *p = context;
    lua_pushvalue(p->L, p->function);
    lua_pushstring(p->L, location);
    if (lua_pcall(p->L, 1, 1, 0) != LUA_OK) {
        p->failed = true;
        return ty_fail(TY_ERROR_VALUE, "load: map_location failed");
    }
    ty_status status = tyb_to_device(p->L, -1, device);
    lua_pop(p->L, 1);
    return status;
}

/* load(path, partial, place) -> value; place(location) -> device */
static int load(lua_State *L)
{
    const char *path = tyb_check_path(L, 1, "load");
    bool partial = lua_toboolean(L, 2);
    lua_settop(L, 3);
    luaL_checkstack(L, 20, "load");
    placer p = {L, 3, false};
    tyb_box *box = tyb_push_box(L);
    box->release = tyb_free_tree;
    int tries = 0;
    do
        box->data = ty_load_to(path, partial, place, &p);
    while (!box->data && !p.failed && tyb_io_retry(L, &tries));
    if (p.failed)
        return lua_error(L);
    if (!box->data)
        tyb_raise_core(L, "load");
    tyb_push_file_value(L, box->data);
    tyb_free_tree(box);
    return 1;
}

/* The Lua function that is told of a download, on the stack of the state that started it. */
typedef struct listener {
    lua_State *L;
    int function; /* 0: none */
    bool failed;  /* its error is on top of the stack */
} listener;

/* Runs inside libcurl, which an error must not jump through: it is kept, and raised when libcurl is back. */
static bool tell(void *context, uint64_t received, uint64_t total)
{
    listener *l = context;
    if (!l->function || l->failed)
        return l->failed;
    lua_pushvalue(l->L, l->function);
    lua_pushinteger(l->L, (lua_Integer)received);
    lua_pushinteger(l->L, (lua_Integer)total);
    if (lua_pcall(l->L, 2, 1, 0) != LUA_OK) {
        l->failed = true;
        return true;
    }
    bool stop = lua_toboolean(l->L, -1);
    lua_pop(l->L, 1);
    return stop;
}

/* Makes the directories that lead to a file, as mkdir -p does. What cannot be made shows when the file is written. */
static void make_directories(lua_State *L, const char *path)
{
    char *copy = lua_newuserdatauv(L, strlen(path) + 1, 0);
    strcpy(copy, path);
    for (char *at = copy + 1; *copy && *at; at++) {
        if (*at != '/')
            continue;
        *at = 0;
        if (mkdir(copy, 0777) != 0 && errno != EEXIST && errno != EISDIR) {
            *at = '/';
            break;
        }
        *at = '/';
    }
    lua_pop(L, 1);
}

/* download(url, path, sha256 or nil, flags, progress or nil) */
static int download(lua_State *L)
{
    const char *url = luaL_checkstring(L, 1), *path = tyb_check_path(L, 2, "download");
    const char *sha256 = luaL_optstring(L, 3, NULL);
    int flags = (int)luaL_optinteger(L, 4, 0);
    lua_settop(L, 5);
    luaL_checkstack(L, 10, "download");
    listener l = {L, lua_isnil(L, 5) ? 0 : 5, false};
    make_directories(L, path);
    if (ty_download(url, path, sha256, flags, tell, &l) == TY_OK)
        return 0;
    if (l.failed)
        return lua_error(L);
    tyb_raise_core(L, "download");
}

/* start(path) -> the first bytes, by which formats are told apart */
static int start(lua_State *L)
{
    char bytes[16];
    size_t got;
    if (ty_file_start(tyb_check_path(L, 1, "load"), bytes, sizeof bytes, &got) != TY_OK)
        tyb_raise_core(L, "load");
    lua_pushlstring(L, bytes, got);
    return 1;
}

/* sha256(path) -> 64 hexadecimal digits */
static int sha256(lua_State *L)
{
    char hex[TY_SHA256_HEX];
    if (ty_sha256_file(tyb_check_path(L, 1, "sha256"), hex) != TY_OK)
        tyb_raise_core(L, "sha256");
    lua_pushstring(L, hex);
    return 1;
}

static void close_directory(tyb_box *box)
{
    if (box->data)
        closedir(box->data);
    box->data = NULL;
}

/* list_directory(path) -> list of {name =, directory =} in no order, without hidden ones */
static int list_directory(lua_State *L)
{
    const char *path = tyb_check_path(L, 1, "list_directory");
    tyb_box *box = tyb_push_box(L);
    box->release = close_directory;
    box->data = opendir(path);
    if (!box->data)
        tyb_raise(L, "%s: %s", path, strerror(errno));
    lua_newtable(L);
    const struct dirent *entry;
    for (lua_Integer i = 1; (entry = readdir(box->data));) {
        struct stat stat;
        if (entry->d_name[0] == '.' || fstatat(dirfd(box->data), entry->d_name, &stat, 0) != 0)
            continue;
        lua_createtable(L, 0, 2);
        lua_pushstring(L, entry->d_name);
        lua_setfield(L, -2, "name");
        lua_pushboolean(L, S_ISDIR(stat.st_mode));
        lua_setfield(L, -2, "directory");
        lua_rawseti(L, -2, i++);
    }
    close_directory(box);
    return 1;
}

void tyb_open_io(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"save", save},         {"load", load},     {"start", start},
        {"download", download}, {"sha256", sha256}, {"list_directory", list_directory},
        {NULL, NULL},
    };
    luaL_newlib(L, functions);
    tyb_add_formats(L);
    tyb_push_null(L);
    lua_setfield(L, -2, "null");
    tyb_push_kind(L, TY_TUPLE);
    lua_setfield(L, -2, "tuple");
    tyb_push_kind(L, TY_LIST);
    lua_setfield(L, -2, "list");
    tyb_push_kind(L, TY_DICT);
    lua_setfield(L, -2, "dict");
}
