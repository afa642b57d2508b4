/*
 * The parser of calls: finds the place of each argument, checks it, and converts it by its kind. All of Lua's counting
 * from 1 ends here. Relies on signature.h for what a function takes; knows nothing of what it does.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>

#include "generator.h"
#include "parse.h"

/* Sets the failure, "name: ...", unless nobody will read it. Always false. */
__attribute__((format(printf, 2, 3))) static bool refuse(tyb_parse *p, const char *format, ...)
{
    if (p->quiet)
        return false;
    char text[768];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    ty_fail(TY_ERROR_VALUE, "%s: %s", p->c->row->name, text);
    return false;
}

static bool refuse_kind(tyb_parse *p, const tyb_arg *arg, int idx)
{
    char said[64];
    if (p->quiet)
        return false;
    if (arg->kind == TYB_CHOICE)
        return refuse(p, "%s must be %.*s, got %s", arg->name, arg->choices_length, arg->choices,
                      tyb_say(p->c->L, idx, said));
    return refuse(p, "%s must be %s, got %s", arg->name, tyb_kind_said(arg->kind), tyb_say(p->c->L, idx, said));
}

/* Lists the options that any form of the function knows. */
static bool refuse_option(tyb_parse *p, const char *name)
{
    char known[512] = "";
    size_t at = 0;
    if (p->quiet)
        return false;
    for (int f = 0; f < p->forms->count; f++) {
        const tyb_form *form = &p->forms->form[f];
        for (int a = 0; a < form->args_count && at < sizeof known - 32; a++) {
            char word[32];
            snprintf(word, sizeof word, "%s, ", form->args[a].name);
            if (!strstr(known, word))
                at += (size_t)snprintf(known + at, sizeof known - at, "%s", word);
        }
    }
    if (at >= 2)
        known[at - 2] = 0;
    if (strstr(known, "reduction") && (strcmp(name, "size_average") == 0 || strcmp(name, "reduce") == 0))
        return refuse(p, "PyTorch has given up '%s'; say reduction = \"mean\", \"sum\" or \"none\"", name);
    return refuse(p, "unknown option '%.40s'; known: %s", name, known);
}

/* ---- Places ---- */

static bool resolve_names(tyb_parse *p)
{
    lua_State *L = p->c->L;
    const tyb_form *form = p->form;
    luaL_checkstack(L, 2 * TYB_MAX_ARGS + 8, "too many named arguments");
    lua_pushnil(L);
    while (lua_next(L, p->options)) {
        char said[64];
        if (lua_type(L, -2) != LUA_TSTRING)
            return refuse(p, "a table of named arguments has names alone; %s is no name", tyb_say(L, -2, said));
        const char *name = lua_tostring(L, -2);
        int a = 0;
        if (p->c->row->scopes & TYB_OUT && form->results_count == 1 && strcmp(name, "out") == 0) {
            lua_insert(L, -2);
            p->out = lua_gettop(L) - 1;
            p->score++;
            continue;
        }
        while (a < form->args_count && strcmp(form->args[a].name, name) != 0)
            a++;
        if (a == form->args_count)
            return refuse_option(p, name);
        if (p->at[a])
            return refuse(p, "'%s' is given twice, by position and by name", name);
        p->score++;
        /* The value stays on the stack, below the key that lua_next needs. */
        lua_insert(L, -2);
        p->at[a] = lua_gettop(L) - 1;
        p->run[a] = 0;
    }
    return true;
}

bool tyb_resolve(tyb_parse *p)
{
    lua_State *L = p->c->L;
    const tyb_form *form = p->form;
    int cursor = 1, a = 0;
    p->score = p->out = 0;
    for (; a < form->args_count && !form->args[a].keyword; a++) {
        const tyb_arg *arg = &form->args[a];
        p->run[a] = 0;
        if (cursor > p->count) {
            p->at[a] = 0;
            continue;
        }
        int type = lua_type(L, cursor);
        p->at[a] = type == LUA_TNIL ? 0 : cursor;
        p->score += type != LUA_TNIL;
        if (arg->variadic && type == (arg->kind == TYB_TENSORS ? LUA_TUSERDATA : LUA_TNUMBER)) {
            int first = cursor;
            while (cursor <= p->count && lua_type(L, cursor) == type)
                cursor++;
            p->run[a] = cursor - first;
        } else {
            cursor++;
        }
    }
    for (; a < form->args_count; a++)
        p->at[a] = p->run[a] = 0;
    if (cursor <= p->count)
        return refuse(p, "too many arguments: %d given; usage: %s%.*s", p->count, p->c->row->name, form->length,
                      form->text);
    if (p->options && !resolve_names(p))
        return false;
    for (a = 0; a < form->args_count; a++) {
        if (p->at[a] || form->args[a].optional)
            continue;
        bool method = a == 0 && p->c->row->scopes & TYB_METHOD && p->count == 0;
        return refuse(p, "missing argument '%s'%s; usage: %s%.*s", form->args[a].name,
                      method ? " (a method is called with a colon, x:name())" : "", p->c->row->name, form->length,
                      form->text);
    }
    return true;
}

/* ---- Checks ---- */

static tyb_handle *handle_at(tyb_parse *p, int idx)
{
    return tyb_test_tensor(p->c->L, idx, p->c->state);
}

/* A number without a fraction: 3 and 3.0 alike. */
static bool whole(lua_State *L, int idx, int64_t *value)
{
    int is = 0;
    if (lua_type(L, idx) != LUA_TNUMBER)
        return false;
    *value = (int64_t)lua_tointegerx(L, idx, &is);
    return is;
}

static bool zero_dimensional(tyb_parse *p, int idx)
{
    tyb_handle *handle = handle_at(p, idx);
    return handle && handle->x && ty_ndim(handle->x) == 0;
}

static bool accepts(tyb_parse *p, const tyb_arg *arg, int idx)
{
    lua_State *L = p->c->L;
    int type = lua_type(L, idx);
    int64_t i;
    switch (arg->kind) {
    case TYB_TENSOR:
    case TYB_TARGETS:
        return handle_at(p, idx);
    case TYB_INDICES:
    case TYB_CLASSES:
        return type == LUA_TTABLE || handle_at(p, idx);
    case TYB_LIST:
        return type == LUA_TTABLE || type == LUA_TNUMBER || handle_at(p, idx);
    case TYB_OPERAND:
        return type == LUA_TNUMBER || type == LUA_TBOOLEAN || handle_at(p, idx);
    case TYB_TENSORS:
    case TYB_INDEX_LIST:
        return type == LUA_TTABLE || handle_at(p, idx);
    case TYB_NUMBER:
        return type == LUA_TNUMBER || type == LUA_TBOOLEAN || zero_dimensional(p, idx);
    case TYB_FLOAT:
        return type == LUA_TNUMBER || zero_dimensional(p, idx);
    case TYB_BOOL:
        return type == LUA_TBOOLEAN;
    case TYB_STRING:
        return type == LUA_TSTRING;
    case TYB_CHOICE:
        return type == LUA_TSTRING && tyb_find_choice(arg, lua_tostring(L, idx)) >= 0;
    case TYB_INT:
    case TYB_DIM:
    case TYB_INDEX:
    case TYB_CLASS:
        return whole(L, idx, &i);
    case TYB_DIM_LISTS:
        return type == LUA_TTABLE;
    case TYB_DIMS:
    case TYB_SIZES:
        return type == LUA_TTABLE || whole(L, idx, &i);
    case TYB_DTYPE:
        return tyb_to_dtype(L, idx) != TY_DTYPE_NONE;
    case TYB_DEVICE:
        return type == LUA_TSTRING || tyb_test(L, idx, p->c->state->device_meta);
    case TYB_GENERATOR:
        return tyb_test(L, idx, p->c->state->generator_meta);
    default:
        return true;
    }
}

bool tyb_accepts(tyb_parse *p)
{
    p->score = 0;
    for (int a = 0; a < p->form->args_count; a++) {
        if (p->at[a] && !accepts(p, &p->form->args[a], p->at[a]))
            return refuse_kind(p, &p->form->args[a], p->at[a]);
        p->score++;
    }
    return true;
}

/* ---- Conversion ---- */

/* Keeps a temporary until the call is over; false when it is NULL, the core's failure. */
static bool own(tyb_parse *p, ty_tensor *x)
{
    if (x)
        p->owned[p->owned_count++] = x;
    return x;
}

static void *allocate(tyb_parse *p, size_t bytes)
{
    void *block = calloc(1, bytes ? bytes : 1);
    if (block) {
        p->heap[p->heap_count].block = block;
        p->heap[p->heap_count++].tensors = 0;
    } else {
        ty_fail(TY_ERROR_MEMORY, "%s: out of memory for a list of arguments", p->c->row->name);
    }
    return block;
}

/* A dimension or position as the core counts. */
static bool from_one(tyb_parse *p, const tyb_arg *arg, int64_t *i)
{
    if (*i == 0)
        return refuse(p, "%s is 0, but indices count from 1", arg->name);
    *i -= *i > 0;
    return true;
}

static bool convert_tensor(tyb_parse *p, const tyb_arg *arg, int idx, ty_tensor **x)
{
    tyb_handle *handle = handle_at(p, idx);
    if (!handle || !handle->x)
        return refuse_kind(p, arg, idx);
    *x = handle->x;
    return true;
}

/* The scalar of a number, a boolean or a tensor without dimensions. */
static bool convert_scalar(tyb_parse *p, const tyb_arg *arg, int idx, ty_scalar *value)
{
    lua_State *L = p->c->L;
    switch (lua_type(L, idx)) {
    case LUA_TNUMBER:
        *value = lua_isinteger(L, idx) ? ty_int(lua_tointeger(L, idx)) : ty_float(lua_tonumber(L, idx));
        return true;
    case LUA_TBOOLEAN:
        *value = ty_bool(lua_toboolean(L, idx));
        return arg->kind != TYB_FLOAT || refuse_kind(p, arg, idx);
    default:
        if (!zero_dimensional(p, idx))
            return refuse_kind(p, arg, idx);
        return ty_item(handle_at(p, idx)->x, value) == TY_OK;
    }
}

/* Positions as the core counts; what is no position passes as it is. */
static bool convert_indices(tyb_parse *p, const tyb_arg *arg, int idx, ty_tensor **x)
{
    if (arg->kind != TYB_TARGETS && lua_type(p->c->L, idx) == LUA_TTABLE) {
        if (!own(p, tyb_from_value(p->c->L, idx, TY_DTYPE_NONE, p->c->row->name)))
            return false;
        *x = p->owned[p->owned_count - 1];
        if (ty_numel(*x) == 0) {
            /* An empty table says nothing of its numbers: it is an empty list of positions. */
            if (!own(p, ty_to_dtype(*x, TY_INT64)))
                return false;
            *x = p->owned[p->owned_count - 1];
            return true;
        }
    } else if (!convert_tensor(p, arg, idx, x)) {
        return false;
    }
    ty_dtype dtype = ty_dtype_of(*x);
    const int64_t none = TY_NO_CLASS;
    if (dtype == TY_BOOL || (arg->kind == TYB_TARGETS && ty_dtype_is_floating(dtype)))
        return true;
    if (ty_dtype_is_floating(dtype))
        return refuse(p, "%s must hold whole numbers (positions), got a %s tensor; convert it: x:long()", arg->name,
                      ty_dtype_name(dtype));
    if (!own(p, ty_index_from_one(*x, arg->kind == TYB_INDICES ? NULL : &none)))
        return refuse(p, "%s: %s", arg->name, ty_error());
    *x = p->owned[p->owned_count - 1];
    return true;
}

/* A list of whole numbers, from a table or from `run` values at idx. */
static bool convert_integers(tyb_parse *p, const tyb_arg *arg, int idx, int run, tyb_value *v)
{
    lua_State *L = p->c->L;
    bool table = lua_type(L, idx) == LUA_TTABLE;
    size_t count = table ? lua_rawlen(L, idx) : run ? (size_t)run : 1;
    if (count > 1 << 20)
        return refuse(p, "%s has %zu items, which is too many", arg->name, count);
    if (table && count == 0) {
        lua_pushnil(L);
        if (lua_next(L, idx)) {
            lua_pop(L, 2);
            return refuse(p, "%s must be a list, got a table with other keys", arg->name);
        }
    }
    if (p->ints_used + (int)count <= TYB_INLINE_INTS) {
        v->ints = p->ints + p->ints_used;
        p->ints_used += (int)count;
    } else if (!(v->ints = allocate(p, count * sizeof *v->ints))) {
        return false;
    }
    v->count = (int)count;
    for (size_t i = 0; i < count; i++) {
        int at = idx + (table ? 0 : (int)i);
        bool ok;
        char said[64];
        if (table) {
            lua_rawgeti(L, idx, (lua_Integer)i + 1);
            at = lua_gettop(L);
        }
        ok = whole(L, at, &v->ints[i]) ||
             refuse(p, "%s: item %zu must be a whole number, got %s", arg->name, i + 1, tyb_say(L, at, said));
        if (ok && (arg->kind == TYB_DIMS || arg->kind == TYB_DIM_LISTS))
            ok = from_one(p, arg, &v->ints[i]);
        if (table)
            lua_pop(L, 1);
        if (!ok)
            return false;
    }
    return true;
}

/* Two lists of as many dimensions: {{1, 2}, {2, 3}}. */
static bool convert_dim_lists(tyb_parse *p, const tyb_arg *arg, int idx, tyb_value *v)
{
    lua_State *L = p->c->L;
    tyb_value half[2];
    for (int i = 0; i < 2; i++) {
        lua_rawgeti(L, idx, i + 1);
        bool ok = lua_type(L, -1) == LUA_TTABLE || lua_type(L, -1) == LUA_TNUMBER;
        ok = ok ? convert_integers(p, arg, lua_gettop(L), 0, &half[i]) : refuse_kind(p, arg, idx);
        lua_pop(L, 1);
        if (!ok)
            return false;
    }
    if (half[0].count != half[1].count)
        return refuse(p, "%s: the lists have %d and %d dimensions; they must correspond", arg->name, half[0].count,
                      half[1].count);
    v->count = 2 * half[0].count;
    if (!(v->ints = allocate(p, (size_t)v->count * sizeof *v->ints)))
        return false;
    for (int i = 0; i < v->count; i++)
        v->ints[i] = half[i >= half[0].count].ints[i % half[0].count];
    return true;
}

/* A list of tensors; for an IndexList each is converted. */
static bool convert_tensors(tyb_parse *p, const tyb_arg *arg, int idx, int run, tyb_value *v)
{
    lua_State *L = p->c->L;
    bool table = lua_type(L, idx) == LUA_TTABLE;
    size_t count = table ? lua_rawlen(L, idx) : run ? (size_t)run : 1;
    if (count > 1 << 24)
        return refuse(p, "%s has %zu items, which is too many", arg->name, count);
    if (!table && !handle_at(p, idx))
        return refuse_kind(p, arg, idx);
    v->tensors = allocate(p, count * sizeof *v->tensors);
    if (!v->tensors)
        return false;
    int block = p->heap_count - 1;
    v->count = (int)count;
    for (size_t i = 0; i < count; i++) {
        int at = idx + (table ? 0 : (int)i);
        char said[64];
        if (table) {
            lua_rawgeti(L, idx, (lua_Integer)i + 1);
            at = lua_gettop(L);
        }
        tyb_handle *handle = handle_at(p, at);
        ty_tensor *x = handle ? handle->x : NULL;
        bool ok = x || refuse(p, "%s: item %zu must be a tensor, got %s", arg->name, i + 1, tyb_say(L, at, said));
        if (table)
            lua_pop(L, 1);
        if (!ok)
            return false;
        if (arg->kind == TYB_INDEX_LIST) {
            if (ty_dtype_is_floating(ty_dtype_of(x)))
                return refuse(p, "%s: item %zu must hold whole numbers (positions), got a %s tensor", arg->name, i + 1,
                              ty_dtype_name(ty_dtype_of(x)));
            x = ty_dtype_of(x) == TY_BOOL ? ty_retain(x) : ty_index_from_one(x, NULL);
            if (!x)
                return refuse(p, "%s: item %zu: %s", arg->name, i + 1, ty_error());
            p->heap[block].tensors = (int)i + 1;
        }
        v->tensors[i] = x;
    }
    return true;
}

/* A tensor, or one made of numbers. */
static bool convert_list(tyb_parse *p, const tyb_arg *arg, int idx, ty_tensor **x)
{
    int type = lua_type(p->c->L, idx);
    if (type != LUA_TTABLE && type != LUA_TNUMBER)
        return convert_tensor(p, arg, idx, x);
    if (!own(p, tyb_from_value(p->c->L, idx, TY_DTYPE_NONE, p->c->row->name)))
        return false;
    *x = p->owned[p->owned_count - 1];
    return true;
}

static bool convert_operand(tyb_parse *p, const tyb_arg *arg, int idx, ty_tensor **x)
{
    tyb_handle *handle = handle_at(p, idx);
    if (handle && handle->x) {
        *x = handle->x;
        return true;
    }
    ty_scalar value;
    if (handle || !convert_scalar(p, arg, idx, &value))
        return refuse_kind(p, arg, idx);
    if (!own(p, ty_scalar_tensor(value, TY_DTYPE_NONE, true)))
        return false;
    *x = p->owned[p->owned_count - 1];
    return true;
}

static bool convert(tyb_parse *p, int a)
{
    lua_State *L = p->c->L;
    const tyb_arg *arg = &p->form->args[a];
    tyb_value *v = &p->c->in[a];
    int idx = p->at[a];
    ty_scalar scalar;
    v->given = true;
    switch (arg->kind) {
    case TYB_TENSOR:
        return convert_tensor(p, arg, idx, &v->tensor);
    case TYB_LIST:
        return convert_list(p, arg, idx, &v->tensor);
    case TYB_OPERAND:
        return convert_operand(p, arg, idx, &v->tensor);
    case TYB_TENSORS:
    case TYB_INDEX_LIST:
        return convert_tensors(p, arg, idx, p->run[a], v);
    case TYB_INDICES:
    case TYB_CLASSES:
    case TYB_TARGETS:
        return convert_indices(p, arg, idx, &v->tensor);
    case TYB_NUMBER:
        return convert_scalar(p, arg, idx, &v->number);
    case TYB_FLOAT:
        if (!convert_scalar(p, arg, idx, &scalar))
            return false;
        v->f = scalar.kind == TY_SCALAR_FLOAT ? scalar.f : (double)scalar.i;
        return true;
    case TYB_INT:
        return whole(L, idx, &v->i) || refuse_kind(p, arg, idx);
    case TYB_DIM:
    case TYB_INDEX:
    case TYB_CLASS:
        if (!whole(L, idx, &v->i))
            return refuse_kind(p, arg, idx);
        if (arg->kind == TYB_CLASS && v->i == 0) {
            v->i = TY_NO_CLASS;
            return true;
        }
        /* The core takes dimensions as int; one that does not fit is out of range in any case. */
        if (arg->kind == TYB_DIM && (v->i > INT32_MAX || v->i < INT32_MIN))
            return refuse(p, "%s %lld is out of range", arg->name, (long long)v->i);
        return from_one(p, arg, &v->i);
    case TYB_DIMS:
    case TYB_SIZES:
        if (lua_type(L, idx) != LUA_TTABLE && lua_type(L, idx) != LUA_TNUMBER)
            return refuse_kind(p, arg, idx);
        return convert_integers(p, arg, idx, p->run[a], v);
    case TYB_DIM_LISTS:
        return lua_type(L, idx) == LUA_TTABLE ? convert_dim_lists(p, arg, idx, v) : refuse_kind(p, arg, idx);
    case TYB_BOOL:
        v->b = lua_toboolean(L, idx);
        return lua_type(L, idx) == LUA_TBOOLEAN || refuse_kind(p, arg, idx);
    case TYB_STRING:
        v->string = lua_type(L, idx) == LUA_TSTRING ? lua_tostring(L, idx) : NULL;
        return v->string || refuse_kind(p, arg, idx);
    case TYB_CHOICE:
        v->i = lua_type(L, idx) == LUA_TSTRING ? tyb_find_choice(arg, lua_tostring(L, idx)) : -1;
        return v->i >= 0 || refuse_kind(p, arg, idx);
    case TYB_DTYPE: {
        char said[64];
        v->dtype = tyb_to_dtype(L, idx);
        return v->dtype != TY_DTYPE_NONE ||
               refuse(p, "%s must be a dtype, as ty.float32 or \"int64\", got %s", arg->name, tyb_say(L, idx, said));
    }
    case TYB_DEVICE:
        return tyb_to_device(L, idx, &v->device) == TY_OK || refuse(p, "%s: %s", arg->name, ty_error());
    case TYB_GENERATOR:
        return tyb_to_generator(L, idx, &v->generator) || refuse_kind(p, arg, idx);
    default:
        v->index = idx;
        return true;
    }
}

/* What an argument is that was not given. A device is the default one, unless a tensor among the arguments says where.
 */
static void take_absent(tyb_parse *p, int a)
{
    const tyb_form *form = p->form;
    tyb_value *v = &p->c->in[a];
    *v = form->args[a].absent;
    ty_device device = p->c->state->default_device;
    if (form->args[a].kind != TYB_DEVICE || device.type == TY_CPU)
        return;
    for (int i = 0; i < form->args_count; i++)
        if (p->at[i] && tyb_to_tensor(p->c->L, p->at[i]))
            return;
    v->device = device;
    v->given = true;
}

bool tyb_convert(tyb_parse *p)
{
    p->owned_count = p->heap_count = p->ints_used = 0;
    for (int a = 0; a < p->form->args_count; a++) {
        if (p->at[a] == 0)
            take_absent(p, a);
        else if (!convert(p, a))
            return false;
    }
    return true;
}

void tyb_clean(tyb_parse *p)
{
    for (int i = 0; i < p->owned_count; i++)
        ty_release(p->owned[i]);
    for (int i = 0; i < p->heap_count; i++) {
        ty_tensor **tensors = p->heap[i].block;
        for (int k = 0; k < p->heap[i].tensors; k++)
            ty_release(tensors[k]);
        free(tensors);
    }
    p->owned_count = p->heap_count = 0;
}
