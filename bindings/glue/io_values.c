/*
 * The two conversions between Lua values and ty_value trees.
 *
 * A tree that is being built hangs in a box from its first node on, and each new node is appended before any call that
 * may raise, so that an error of Lua loses nothing. Recursion is bounded by DEPTH, which is what files may hold.
 */
#include "io_values.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>

#define DEPTH     1000
#define MOST      ((size_t)1 << 25) /* values in one file: more belong into tensors */
#define NULL_NAME "tycho.null"

static const char *const kind_names[] = {
    [TY_LIST] = "tycho.list", [TY_TUPLE] = "tycho.tuple", [TY_DICT] = "tycho.dict"};

static int null_text(lua_State *L)
{
    lua_pushliteral(L, "null");
    return 1;
}

void tyb_push_null(lua_State *L)
{
    static const char key; /* its address is the place in the registry */
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &key) != LUA_TNIL)
        return;
    lua_pop(L, 1);
    lua_newuserdatauv(L, 0, 0);
    lua_createtable(L, 0, 3);
    lua_pushliteral(L, "null");
    lua_setfield(L, -2, "__name");
    lua_pushcfunction(L, null_text);
    lua_setfield(L, -2, "__tostring");
    lua_pushliteral(L, "null");
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &key);
}

void tyb_push_kind(lua_State *L, ty_value_kind kind)
{
    if (luaL_newmetatable(L, kind_names[kind])) {
        lua_pushstring(L, kind_names[kind] + strlen("tycho."));
        lua_setfield(L, -2, "__name");
    }
}

/* ---- From Lua ---- */

/* One key, as the place of a value needs it and as keys are sorted. */
typedef struct key {
    int type; /* LUA_TNUMBER, LUA_TSTRING, LUA_TBOOLEAN, LUA_TUSERDATA (null), LUA_TTABLE (a tuple) */
    bool is_integer;
    lua_Integer integer; /* of an integer or a boolean */
    lua_Number number;
    const char *string; /* kept alive by the table */
    size_t length;
} key;

typedef struct place {
    const struct place *up;
    key key;
    int depth;
} place;

typedef struct converter {
    lua_State *L;
    tyb_state *state;
    int open; /* stack index of a set of the tables that are being walked through */
    const void *null, *tuple, *list, *dict, *size;
    size_t count;
} converter;

static bool is_name(const key *k)
{
    bool name = k->length > 0 && !(k->string[0] >= '0' && k->string[0] <= '9');
    for (size_t i = 0; name && i < k->length; i++)
        name = k->string[i] == '_' || (k->string[i] >= '0' && k->string[i] <= '9') ||
               (k->string[i] >= 'a' && k->string[i] <= 'z') || (k->string[i] >= 'A' && k->string[i] <= 'Z');
    return name;
}

/* "value.model[3]" */
static void describe(const place *at, char *text, size_t room)
{
    if (!at->up) {
        snprintf(text, room, "value");
        return;
    }
    describe(at->up, text, room);
    size_t used = strlen(text);
    if (at->key.type == LUA_TSTRING && is_name(&at->key))
        snprintf(text + used, room - used, ".%.60s", at->key.string);
    else if (at->key.type == LUA_TSTRING)
        snprintf(text + used, room - used, "[\"%.60s\"]", at->key.string);
    else if (at->key.type == LUA_TNUMBER && at->key.is_integer)
        snprintf(text + used, room - used, "[%lld]", (long long)at->key.integer);
    else if (at->key.type == LUA_TNUMBER)
        snprintf(text + used, room - used, "[%.14g]", at->key.number);
    else if (at->key.type == LUA_TBOOLEAN)
        snprintf(text + used, room - used, "[%s]", at->key.integer ? "true" : "false");
    else
        snprintf(text + used, room - used, "[...]");
}

static _Noreturn __attribute__((noinline)) void fail_at(converter *c, const place *at, const char *message)
{
    char text[500];
    describe(at, text, sizeof text);
    tyb_raise(c->L, "save: %s %s", text, message);
}

/* A value that is none of the file's kinds. Apart from its caller, which recurses, for the sake of the C stack. */
static _Noreturn __attribute__((noinline)) void fail_kind(converter *c, int idx, const place *at)
{
    char said[64], message[200];
    snprintf(message, sizeof message, "is %s, which is not data; save a state dict: model:state_dict()",
             tyb_say(c->L, idx, said));
    fail_at(c, at, message);
}

/* An object that can say its state. */
static _Noreturn __attribute__((noinline)) void fail_object(converter *c, const place *at)
{
    char text[400], message[500];
    describe(at, text, sizeof text);
    snprintf(message, sizeof message, "is an object with code, not data; save its state: %s:state_dict()", text);
    fail_at(c, at, message);
}

/* A key from the stack; its string stays valid as long as the table holds it. */
static key read_key(lua_State *L, int idx)
{
    key k = {.type = lua_type(L, idx)};
    if (k.type == LUA_TNUMBER) {
        k.is_integer = lua_isinteger(L, idx);
        k.integer = k.is_integer ? lua_tointeger(L, idx) : 0;
        k.number = lua_tonumber(L, idx);
    } else if (k.type == LUA_TSTRING) {
        k.string = lua_tolstring(L, idx, &k.length);
    } else if (k.type == LUA_TBOOLEAN) {
        k.integer = lua_toboolean(L, idx);
    }
    return k;
}

/* Numbers, then strings, then booleans; NaN cannot be a key. */
static int compare_keys(const void *a_, const void *b_)
{
    const key *a = a_, *b = b_;
    if (a->type != b->type)
        return a->type == LUA_TNUMBER   ? -1
               : b->type == LUA_TNUMBER ? 1
               : a->type == LUA_TSTRING ? -1
               : b->type == LUA_TSTRING ? 1
                                        : 0;
    if (a->type == LUA_TSTRING) {
        size_t n = a->length < b->length ? a->length : b->length;
        int order = memcmp(a->string, b->string, n);
        return order ? order : (a->length > b->length) - (a->length < b->length);
    }
    if (a->type == LUA_TNUMBER && !(a->is_integer && b->is_integer))
        return (a->number > b->number) - (a->number < b->number);
    return (a->integer > b->integer) - (a->integer < b->integer);
}

/* Whether the keys of a table without a word about itself are 1..n, n > 0. */
static bool is_sequence(lua_State *L, int idx)
{
    lua_Unsigned n = lua_rawlen(L, idx), seen = 0;
    lua_pushnil(L);
    while (lua_next(L, idx)) {
        bool counts = lua_isinteger(L, -2) && lua_tointeger(L, -2) >= 1 && (lua_Unsigned)lua_tointeger(L, -2) <= n;
        lua_pop(L, 1);
        if (!counts) {
            lua_pop(L, 1);
            return false;
        }
        seen++;
    }
    return n > 0 && seen == n;
}

/* The kind of the table at idx; refuses objects that are more than data. *ordered: an OrderedDict. */
static ty_value_kind table_kind(converter *c, int idx, const place *at, bool *ordered)
{
    lua_State *L = c->L;
    *ordered = false;
    if (!lua_getmetatable(L, idx))
        return is_sequence(L, idx) ? TY_LIST : TY_DICT;
    const void *meta = lua_topointer(L, -1);
    bool known = meta == c->tuple || meta == c->list || meta == c->dict || meta == c->size;
    if (!known) {
        lua_getfield(L, -1, "__keys");
        *ordered = lua_isfunction(L, -1);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    if (known)
        return meta == c->list ? TY_LIST : meta == c->dict ? TY_DICT : TY_TUPLE;
    if (*ordered)
        return TY_DICT;
    /* Modules and optimisers know how to say what they are. */
    if (lua_getfield(L, idx, "state_dict") == LUA_TFUNCTION)
        fail_object(c, at);
    lua_pop(L, 1);
    return is_sequence(L, idx) ? TY_LIST : TY_DICT;
}

/* What the value at idx will be; raises where it cannot be saved. */
static ty_value_kind classify(converter *c, int idx, const place *at, bool *ordered)
{
    lua_State *L = c->L;
    *ordered = false;
    switch (lua_type(L, idx)) {
    case LUA_TNIL:
        return TY_NIL;
    case LUA_TBOOLEAN:
        return TY_TRUE_FALSE;
    case LUA_TNUMBER:
        return lua_isinteger(L, idx) ? TY_INTEGER : TY_NUMBER;
    case LUA_TSTRING:
        return TY_STRING;
    case LUA_TTABLE:
        return table_kind(c, idx, at, ordered);
    case LUA_TUSERDATA:
        if (tyb_to_tensor(L, idx))
            return TY_TENSOR;
        if (lua_touserdata(L, idx) == c->null)
            return TY_NIL;
        if (tyb_test(L, idx, c->state->dtype_meta) || tyb_test(L, idx, c->state->device_meta))
            return TY_STRING;
        break;
    default:
        break;
    }
    fail_kind(c, idx, at);
}

/* The new node of a value of that kind; NULL with the core's error set. Never raises, but the strings of dtypes and
 * devices, which the caller has on the stack at `text`. */
static ty_value *new_value(converter *c, int idx, ty_value_kind kind, bool ordered, int text)
{
    lua_State *L = c->L;
    ty_value *v;
    size_t length;
    switch (kind) {
    case TY_STRING: {
        const char *s = lua_tolstring(L, text ? text : idx, &length);
        return ty_value_string(s, length);
    }
    case TY_TENSOR:
        v = ty_value_tensor(tyb_to_tensor(L, idx));
        if (v)
            v->parameter = tyb_is_parameter(L, idx);
        return v;
    default:
        v = ty_value_new(kind);
        if (!v)
            return NULL;
        v->ordered = ordered;
        if (kind == TY_TRUE_FALSE)
            v->integer = lua_toboolean(L, idx);
        else if (kind == TY_INTEGER)
            v->integer = lua_tointeger(L, idx);
        else if (kind == TY_NUMBER)
            v->number = lua_tonumber(L, idx);
        return v;
    }
}

static void fill(converter *c, ty_value *v, int idx, const place *at);

/* Makes the value at idx (and, for a dict, the key at key_idx) and appends it to parent, or makes it the box's root. */
static void attach(converter *c, ty_value *parent, tyb_box *box, int key_idx, int idx, const place *at)
{
    lua_State *L = c->L;
    bool ordered, key_ordered;
    if (++c->count > MOST)
        tyb_raise(L, "save: more than %d values (tables that are held twice count twice); keep numbers in tensors",
                  (int)MOST);
    luaL_checkstack(L, 12, "save");
    int top = lua_gettop(L), text = 0;
    ty_value_kind kind = classify(c, idx, at, &ordered);
    if (kind == TY_STRING && lua_type(L, idx) != LUA_TSTRING) {
        luaL_tolstring(L, idx, NULL);
        text = lua_gettop(L);
    }
    ty_value_kind key_kind = key_idx ? classify(c, key_idx, at, &key_ordered) : TY_NIL;
    if (key_kind == TY_TENSOR || key_kind == TY_DICT || key_kind == TY_LIST ||
        (key_kind == TY_STRING && lua_type(L, key_idx) != LUA_TSTRING))
        fail_at(c, at, "has a key that files cannot hold; keys are strings, numbers, booleans or tuples of these");
    ty_value *k = key_idx ? new_value(c, key_idx, key_kind, false, 0) : NULL;
    ty_value *v = !key_idx || k ? new_value(c, idx, kind, ordered, text) : NULL;
    if (parent) {
        if (ty_value_append(parent, k, v) != TY_OK)
            tyb_raise_core(L, "save");
    } else {
        box->data = v;
        if (!v)
            tyb_raise_core(L, "save");
    }
    if (k && key_kind == TY_TUPLE)
        fill(c, k, key_idx, at);
    if (kind == TY_LIST || kind == TY_TUPLE || kind == TY_DICT)
        fill(c, v, idx, at);
    lua_settop(L, top);
}

static void fill_list(converter *c, ty_value *v, int idx, const place *at)
{
    lua_State *L = c->L;
    lua_Unsigned n = lua_rawlen(L, idx);
    for (lua_Unsigned i = 1; i <= n; i++) {
        place inside = {at, {.type = LUA_TNUMBER, .is_integer = true, .integer = (lua_Integer)i}, at->depth + 1};
        lua_rawgeti(L, idx, (lua_Integer)i);
        attach(c, v, NULL, 0, lua_gettop(L), &inside);
        lua_pop(L, 1);
    }
}

/* The keys in the order that the OrderedDict says. */
static void fill_ordered(converter *c, ty_value *v, int idx, const place *at)
{
    lua_State *L = c->L;
    luaL_getmetafield(L, idx, "__keys");
    lua_pushvalue(L, idx);
    lua_call(L, 1, 1);
    luaL_checktype(L, -1, LUA_TTABLE);
    int keys = lua_gettop(L);
    lua_Unsigned n = lua_rawlen(L, keys);
    for (lua_Unsigned i = 1; i <= n; i++) {
        lua_rawgeti(L, keys, (lua_Integer)i);
        lua_pushvalue(L, -1);
        lua_rawget(L, idx);
        int item = lua_gettop(L);
        place inside = {at, read_key(L, item - 1), at->depth + 1};
        attach(c, v, NULL, item - 1, item, &inside);
        lua_pop(L, 2);
    }
    lua_pop(L, 1);
}

/* Sorted, so that equal tables make equal files; Lua itself walks in another order each time it runs. */
static void fill_dict(converter *c, ty_value *v, int idx, const place *at)
{
    lua_State *L = c->L;
    size_t n = 0, room = 0;
    bool sortable = true;
    lua_pushnil(L);
    while (lua_next(L, idx)) {
        lua_pop(L, 1);
        room++;
        sortable = sortable && lua_type(L, -1) != LUA_TTABLE && lua_type(L, -1) != LUA_TUSERDATA;
    }
    if (!sortable) {
        /* null and tuples are rare as keys, and cannot be found again by their parts: the table's own order will do. */
        lua_pushnil(L);
        while (lua_next(L, idx)) {
            int item = lua_gettop(L);
            place inside = {at, read_key(L, item - 1), at->depth + 1};
            attach(c, v, NULL, item - 1, item, &inside);
            lua_pop(L, 1);
        }
        return;
    }
    key *keys = lua_newuserdatauv(L, (room ? room : 1) * sizeof *keys, 0);
    lua_pushnil(L);
    while (lua_next(L, idx)) {
        lua_pop(L, 1);
        int type = lua_type(L, -1);
        if (type != LUA_TNUMBER && type != LUA_TSTRING && type != LUA_TBOOLEAN)
            fail_at(c, at, "has a function or thread as a key; keys are strings, numbers and booleans");
        if (n < room)
            keys[n++] = read_key(L, -1);
    }
    qsort(keys, n, sizeof *keys, compare_keys);
    for (size_t i = 0; i < n; i++) {
        if (keys[i].type == LUA_TSTRING)
            lua_pushlstring(L, keys[i].string, keys[i].length);
        else if (keys[i].type == LUA_TBOOLEAN)
            lua_pushboolean(L, (int)keys[i].integer);
        else if (keys[i].is_integer)
            lua_pushinteger(L, keys[i].integer);
        else
            lua_pushnumber(L, keys[i].number);
        lua_pushvalue(L, -1);
        lua_rawget(L, idx);
        int item = lua_gettop(L);
        place inside = {at, keys[i], at->depth + 1};
        attach(c, v, NULL, item - 1, item, &inside);
        lua_pop(L, 2);
    }
    lua_pop(L, 1);
}

/* Appends what the table at idx holds to its node. */
static void fill(converter *c, ty_value *v, int idx, const place *at)
{
    lua_State *L = c->L;
    lua_pushvalue(L, idx);
    if (lua_rawget(L, c->open) != LUA_TNIL)
        fail_at(c, at, "contains itself; files hold trees");
    lua_pop(L, 1);
    if (at->depth >= DEPTH)
        fail_at(c, at, "is more than 1000 tables deep");
    lua_pushvalue(L, idx);
    lua_pushboolean(L, 1);
    lua_rawset(L, c->open);
    if (v->kind != TY_DICT)
        fill_list(c, v, idx, at);
    else if (v->ordered)
        fill_ordered(c, v, idx, at);
    else
        fill_dict(c, v, idx, at);
    lua_pushvalue(L, idx);
    lua_pushnil(L);
    lua_rawset(L, c->open);
}

static void free_tree(tyb_box *box)
{
    ty_value_free(box->data);
    box->data = NULL;
}

void tyb_to_file_value(lua_State *L, int idx, tyb_box *box)
{
    converter c = {.L = L, .state = tyb_get(L)};
    place root = {.depth = 0};
    idx = lua_absindex(L, idx);
    luaL_checkstack(L, 12, "save");
    lua_createtable(L, 0, 8);
    c.open = lua_gettop(L);
    const void **metas[] = {[TY_LIST] = &c.list, [TY_TUPLE] = &c.tuple, [TY_DICT] = &c.dict};
    for (int kind = TY_LIST; kind <= TY_DICT; kind++) {
        tyb_push_kind(L, (ty_value_kind)kind);
        *metas[kind] = lua_topointer(L, -1);
        lua_pop(L, 1);
    }
    tyb_push_null(L);
    c.null = lua_touserdata(L, -1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, c.state->size_ref);
    c.size = lua_topointer(L, -1);
    lua_pop(L, 2);
    box->release = free_tree;
    attach(&c, NULL, box, 0, idx, &root);
    lua_pop(L, 1);
}

/* ---- To Lua ---- */

static void push_value(lua_State *L, const ty_value *v, int seen);

static bool is_counted(const ty_value *v)
{
    size_t n = 0;
    for (size_t i = 0; i < v->count; i++) {
        n += v->items[i]->kind != TY_NIL;
        if (v->keys[i]->kind != TY_INTEGER)
            return false;
    }
    for (size_t i = 0; i < v->count; i++)
        if (v->keys[i]->integer < 1 || (uint64_t)v->keys[i]->integer > n)
            return false;
    return n > 0;
}

static void push_dict(lua_State *L, const ty_value *v, int seen)
{
    if (v->ordered) {
        lua_getglobal(L, "require");
        lua_pushliteral(L, "tycho.ordered_dict");
        lua_call(L, 1, 1);
        lua_call(L, 0, 1);
    } else {
        lua_createtable(L, 0, v->count < INT32_MAX ? (int)v->count : 0);
        if (is_counted(v)) {
            tyb_push_kind(L, TY_DICT);
            lua_setmetatable(L, -2);
        }
    }
    for (size_t i = 0; i < v->count; i++) {
        if (v->items[i]->kind == TY_NIL)
            continue;
        if (v->keys[i]->kind == TY_NUMBER && isnan(v->keys[i]->number))
            tyb_raise(L, "load: a dict has NaN as a key, which Lua's tables cannot have");
        if (v->keys[i]->kind == TY_NIL)
            tyb_push_null(L);
        else
            push_value(L, v->keys[i], seen);
        push_value(L, v->items[i], seen);
        if (v->ordered)
            lua_settable(L, -3);
        else
            lua_rawset(L, -3);
    }
}

static void push_list(lua_State *L, const ty_value *v, int seen)
{
    lua_createtable(L, v->count < INT32_MAX ? (int)v->count : 0, 0);
    for (size_t i = 0; i < v->count; i++) {
        if (v->items[i]->kind == TY_NIL)
            tyb_push_null(L);
        else
            push_value(L, v->items[i], seen);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    if (v->kind == TY_TUPLE || v->count == 0) {
        tyb_push_kind(L, v->kind);
        lua_setmetatable(L, -2);
    }
}

/* One handle for one tensor, however often the file names it. `seen` holds those made so far, by address. */
static void push_tensor(lua_State *L, const ty_value *v, int seen)
{
    if (lua_rawgetp(L, seen, v->tensor) != LUA_TNIL)
        return;
    lua_pop(L, 1);
    if (v->parameter)
        tyb_push_parameter(L, ty_retain(v->tensor));
    else
        tyb_push_tensor(L, ty_retain(v->tensor));
    lua_pushvalue(L, -1);
    lua_rawsetp(L, seen, v->tensor);
}

static void push_value(lua_State *L, const ty_value *v, int seen)
{
    luaL_checkstack(L, 12, "load");
    switch (v->kind) {
    case TY_NIL:
        lua_pushnil(L);
        break;
    case TY_TRUE_FALSE:
        lua_pushboolean(L, v->integer != 0);
        break;
    case TY_INTEGER:
        lua_pushinteger(L, v->integer);
        break;
    case TY_NUMBER:
        lua_pushnumber(L, v->number);
        break;
    case TY_STRING:
        lua_pushlstring(L, v->string, v->length);
        break;
    case TY_TENSOR:
        push_tensor(L, v, seen);
        break;
    case TY_LIST:
    case TY_TUPLE:
        push_list(L, v, seen);
        break;
    case TY_DICT:
        push_dict(L, v, seen);
        break;
    }
}

void tyb_push_file_value(lua_State *L, const ty_value *v)
{
    luaL_checkstack(L, 12, "load");
    lua_createtable(L, 0, 0);
    push_value(L, v, lua_gettop(L));
    lua_remove(L, -2);
}
