/*
 * Subscripts: x[i], x[{i, j}], x[{ {1, 3}, {} }], x[mask], x[index], and assignment to each. A key is read into a list
 * of items first, with every check that can raise an error; then the views and gathers are made, where nothing raises
 * until all temporaries are dropped. Positions count from 1, negative ones from the end; ranges include their end and
 * are cut to the dimension, as slices are in PyTorch. "..." stands for as many {} as are left, "newaxis" (ty.newaxis)
 * for a new dimension of size 1; a position given as an integer tensor without dimensions is a position.
 */
#include <stdio.h>
#include <string.h>

#include <lauxlib.h>

#include "memory.h"
#include "tensor.h"

typedef struct item {
    enum { POSITION, RANGE, ALL, INDICES, MASK, REST, NEW } kind;
    int64_t from, to, step; /* POSITION: from. As the core counts; `to` is past the end */
    ty_tensor *x;           /* INDICES, MASK: borrowed */
} item;

/* Items of a key, of which TY_MAX_DIMS + 1 are written, and "..." becomes at most TY_MAX_DIMS more. */
#define MAX_ITEMS (2 * TY_MAX_DIMS + 1)

typedef struct key {
    int count;
    bool gathers; /* has a tensor among its items */
    item items[MAX_ITEMS];
} key;

/* "2, 3" of a tensor's shape. */
static const char *shape_text(const ty_tensor *x, char *text, size_t size)
{
    size_t at = 0;
    text[0] = 0;
    for (int d = 0; d < ty_ndim(x) && at + 24 < size; d++)
        at += (size_t)snprintf(text + at, size - at, d ? ", %lld" : "%lld", (long long)ty_sizes(x)[d]);
    return text;
}

/* ---- Reading keys (may raise) ---- */

/* A position of dimension d as the core counts. */
static int64_t position(lua_State *L, const ty_tensor *x, int d, lua_Integer i)
{
    int64_t size = ty_sizes(x)[d];
    if (i == 0)
        tyb_raise(L, "index 0 of dimension %d: indices count from 1", d + 1);
    if (i > size || i < -size) {
        char text[128];
        tyb_raise(L, "index %lld is out of range in dimension %d, whose size is %lld (the shape is {%s})", (long long)i,
                  d + 1, (long long)size, shape_text(x, text, sizeof text));
    }
    return i > 0 ? i - 1 : i + size;
}

static lua_Integer range_number(lua_State *L, int table, int n, const char *what)
{
    int is;
    char said[64];
    lua_rawgeti(L, table, n);
    lua_Integer i = lua_tointegerx(L, -1, &is);
    if (lua_type(L, -1) != LUA_TNUMBER || !is)
        tyb_raise(L, "the %s of a range must be a whole number, got %s", what, tyb_say(L, -1, said));
    lua_pop(L, 1);
    return i;
}

/* {}, {from, to} or {from, to, step} on top of the stack. */
static void read_range(lua_State *L, item *it)
{
    int table = lua_gettop(L);
    size_t n = lua_rawlen(L, table);
    it->kind = ALL;
    if (n == 0) {
        lua_pushnil(L);
        if (lua_next(L, table))
            tyb_raise(L, "a range is {from, to} or {from, to, step}; {} is all");
        return;
    }
    if (n == 1 || n > 3)
        tyb_raise(L, "a range is {from, to} or {from, to, step}, {} is all; got a table of %d", (int)n);
    lua_Integer from = range_number(L, table, 1, "start"), to = range_number(L, table, 2, "end");
    lua_Integer step = n == 3 ? range_number(L, table, 3, "step") : 1;
    if (from == 0 || to == 0)
        tyb_raise(L, "a range {%lld, %lld}: indices count from 1", (long long)from, (long long)to);
    if (step <= 0)
        tyb_raise(L, "the step of a range must be positive, got %lld", (long long)step);
    it->kind = RANGE;
    it->from = from > 0 ? from - 1 : from;
    it->to = to > 0 ? to : to == -1 ? INT64_MAX : to + 1; /* past the last: Lua's end n is the core's n */
    it->step = step;
}

/* A tensor of positions, one position, or a mask. */
static void read_tensor(lua_State *L, ty_tensor *x, item *it)
{
    ty_scalar number;
    bool mask = ty_dtype_of(x) == TY_BOOL;
    it->kind = mask ? MASK : INDICES;
    it->x = x;
    if (ty_dtype_of(x) == TY_UINT8)
        tyb_raise(L,
                  "a subscript of dtype uint8 may be meant as a mask or as positions; convert it: index:to(ty.bool) or "
                  "index:to(ty.int64)");
    if (mask || ty_ndim(x) > 0)
        return;
    if (ty_item(x, &number) != TY_OK)
        tyb_raise_core(L, "subscript");
    it->kind = POSITION;
    it->from = number.i;
}

/* The item on top of the stack. Positions are checked later, when their dimension is known. */
static void read_item(lua_State *L, tyb_state *s, key *k)
{
    char said[64];
    if (k->count > TY_MAX_DIMS)
        tyb_raise(L, "a subscript of more than %d items", TY_MAX_DIMS);
    item *it = &k->items[k->count++];
    int is;
    switch (lua_type(L, -1)) {
    case LUA_TNUMBER:
        it->kind = POSITION;
        it->from = lua_tointegerx(L, -1, &is);
        if (!is)
            tyb_raise(L, "a subscript must be a whole number, got %s", tyb_say(L, -1, said));
        return;
    case LUA_TTABLE:
        read_range(L, it);
        return;
    case LUA_TSTRING:
        if (strcmp(lua_tostring(L, -1), "...") == 0) {
            it->kind = REST;
            return;
        }
        if (strcmp(lua_tostring(L, -1), "newaxis") == 0) {
            it->kind = NEW;
            return;
        }
        break;
    case LUA_TUSERDATA: {
        tyb_handle *handle = tyb_test_tensor(L, -1, s);
        if (!handle || !handle->x)
            break;
        if (ty_dtype_is_floating(ty_dtype_of(handle->x)))
            tyb_raise(L, "a tensor used as a subscript must hold positions or be a mask, got dtype %s",
                      ty_dtype_name(ty_dtype_of(handle->x)));
        read_tensor(L, handle->x, it);
        k->gathers |= it->kind != POSITION;
        return;
    }
    default:
        break;
    }
    tyb_raise(L,
              "%s cannot be a subscript; use a number, a range {from, to}, {} for all, a tensor of positions, a mask, "
              "\"...\" or ty.newaxis",
              tyb_say(L, -1, said));
}

/* Dimensions that an item stands for. */
static int span(const item *it)
{
    return it->kind == REST || it->kind == NEW ? 0 : it->kind == MASK ? ty_ndim(it->x) : 1;
}

static void read_key(lua_State *L, tyb_state *s, const ty_tensor *x, int idx, key *k)
{
    int ndim = ty_ndim(x), dims = 0, rest = -1;
    k->count = 0;
    k->gathers = false;
    if (lua_type(L, idx) == LUA_TTABLE) {
        size_t n = lua_rawlen(L, idx);
        if (n == 0) {
            lua_pushnil(L);
            if (lua_next(L, idx))
                tyb_raise(L, "a subscript {i, j, ...} is a list; this table has other keys");
        }
        for (size_t i = 1; i <= n; i++) {
            lua_rawgeti(L, idx, (lua_Integer)i);
            read_item(L, s, k);
            lua_pop(L, 1);
        }
    } else {
        lua_pushvalue(L, idx);
        read_item(L, s, k);
        lua_pop(L, 1);
    }
    for (int i = 0; i < k->count; i++) {
        dims += span(&k->items[i]);
        if (k->items[i].kind != REST)
            continue;
        if (rest >= 0)
            tyb_raise(L, "a subscript can hold \"...\" once");
        rest = i;
    }
    if (dims > ndim) {
        char text[128];
        if (ndim == 0)
            tyb_raise(L, "a tensor without dimensions cannot be subscripted; its value is x:item()");
        tyb_raise(L, "too many subscripts: %d for a tensor of %d dimension%s (the shape is {%s})", dims, ndim,
                  ndim == 1 ? "" : "s", shape_text(x, text, sizeof text));
    }
    for (int i = 0, d = 0; i < k->count; i++) {
        item *it = &k->items[i];
        if (it->kind == POSITION)
            it->from = position(L, x, d, it->from);
        d += it->kind == REST ? ndim - dims : span(it);
    }
    if (rest >= 0) {
        /* "..." becomes as many {} as dimensions are left. */
        int fill = ndim - dims;
        item all = {.kind = ALL};
        memmove(&k->items[rest + fill], &k->items[rest + 1], sizeof(item) * (size_t)(k->count - rest - 1));
        for (int i = 0; i < fill; i++)
            k->items[rest + i] = all;
        k->count += fill - 1;
    }
}

/* ---- Views and gathers (never raise) ---- */

typedef struct target {
    ty_tensor *view;               /* owned; positions and ranges are applied */
    int count;                     /* of indices */
    ty_tensor *indices[MAX_ITEMS]; /* owned; NULL: all of the dimension */
} target;

static void drop_target(target *t)
{
    ty_release(t->view);
    for (int i = 0; i < t->count; i++)
        ty_release(t->indices[i]);
}

/* Steps to another view; false when it is NULL. */
static bool step_to(target *t, ty_tensor *view)
{
    ty_release(t->view);
    t->view = view;
    return view;
}

static bool make_target(ty_tensor *x, const key *k, target *t)
{
    int d = 0;
    t->count = 0;
    t->view = ty_retain(x);
    for (int i = 0; i < k->count; i++) {
        const item *it = &k->items[i];
        switch (it->kind) {
        case POSITION:
            if (!step_to(t, ty_select(t->view, d, it->from)))
                return false;
            break;
        case RANGE:
            if (!step_to(t, ty_slice(t->view, d, it->from, it->to, it->step)))
                return false;
            t->indices[t->count++] = NULL;
            d++;
            break;
        case INDICES: {
            ty_tensor *index = ty_index_from_one(it->x, NULL);
            if (!index)
                return false;
            t->indices[t->count++] = index;
            d++;
            break;
        }
        case MASK: {
            /* A mask without dimensions is one over a new dimension of size 1. */
            bool single = ty_ndim(it->x) == 0;
            if (single && !step_to(t, ty_unsqueeze(t->view, d)))
                return false;
            ty_tensor *mask = single ? ty_unsqueeze(it->x, 0) : ty_retain(it->x);
            if (!mask)
                return false;
            t->indices[t->count++] = mask;
            d += ty_ndim(mask);
            break;
        }
        case NEW:
            if (!step_to(t, ty_unsqueeze(t->view, d)))
                return false;
            t->indices[t->count++] = NULL;
            d++;
            break;
        default:
            t->indices[t->count++] = NULL;
            d++;
            break;
        }
    }
    /* All of x is still another view of it, as x[:] is in PyTorch. */
    if (!k->gathers && t->view == x && ty_ndim(x) > 0)
        return step_to(t, ty_slice(x, 0, 0, INT64_MAX, 1));
    return true;
}

static ty_tensor *read_target(ty_tensor *x, const key *k)
{
    target t;
    ty_tensor *result = NULL;
    if (make_target(x, k, &t))
        result = k->gathers ? ty_index(t.view, t.count, t.indices) : ty_retain(t.view);
    drop_target(&t);
    return result;
}

int tyb_subscript(lua_State *L, tyb_state *s, ty_tensor *x, int idx)
{
    key k;
    int is;
    lua_Integer i = lua_tointegerx(L, idx, &is);
    if (is && lua_type(L, idx) == LUA_TNUMBER && ty_ndim(x) > 0) {
        k.count = 1;
        k.gathers = false;
        k.items[0].kind = POSITION;
        k.items[0].from = position(L, x, 0, i);
    } else {
        read_key(L, s, x, idx, &k);
    }
    tyb_handle *handle = tyb_new_handle(L, s);
    ty_tensor *result =
        k.count == 1 && k.items[0].kind == POSITION ? ty_select(x, 0, k.items[0].from) : read_target(x, &k);
    if (!result && ty_error_what() == TY_ERROR_MEMORY) {
        tyb_free_everything(L, s);
        result = read_target(x, &k);
    }
    if (!result)
        tyb_raise_core(L, "subscript");
    tyb_fill_handle(s, handle, result);
    return 1;
}

/* ---- Assignment ---- */

/* value without leading dimensions of size 1, which PyTorch's assignments drop. */
static ty_tensor *fit_value(ty_tensor *value)
{
    int extra = 0, ndim = ty_ndim(value);
    while (extra < ndim && ty_sizes(value)[extra] == 1)
        extra++;
    return extra > 0 ? ty_reshape(value, ndim - extra, ty_sizes(value) + extra) : ty_retain(value);
}

/* Writes; `value` is borrowed and NULL when `number` is to be written. */
static bool write_target(ty_tensor *x, const key *k, ty_tensor *value, ty_scalar number)
{
    target t;
    ty_tensor *done = NULL, *source = NULL;
    if (!make_target(x, k, &t))
        goto end;
    if (k->gathers) {
        source = value ? fit_value(value) : ty_scalar_tensor(number, ty_dtype_of(x), false);
        done = source ? ty_index_put_(t.view, t.count, t.indices, source, false) : NULL;
    } else if (value) {
        source = fit_value(value);
        done = source ? ty_copy_(t.view, source) : NULL;
    } else if (t.view == x) {
        /* fill_ of a whole tensor, not of a view, ends its history: the old values would get no gradient, not even 0.
         */
        source = ty_scalar_tensor(number, ty_dtype_of(x), false);
        done = source ? ty_copy_(x, source) : NULL;
    } else {
        done = ty_fill_(t.view, number);
    }
end:
    ty_release(source);
    ty_release(done);
    drop_target(&t);
    return done;
}

void tyb_assign(lua_State *L, tyb_state *s, ty_tensor *x, int idx, int value)
{
    key k;
    char said[64];
    ty_scalar number = ty_int(0);
    ty_tensor *source = NULL, *owned = NULL;
    read_key(L, s, x, idx, &k);
    switch (lua_type(L, value)) {
    case LUA_TNUMBER:
        number = lua_isinteger(L, value) ? ty_int(lua_tointeger(L, value)) : ty_float(lua_tonumber(L, value));
        break;
    case LUA_TBOOLEAN:
        number = ty_bool(lua_toboolean(L, value));
        break;
    case LUA_TTABLE:
        source = owned = tyb_from_value(L, value, ty_dtype_of(x), "assignment");
        if (!owned)
            tyb_raise_core(L, NULL);
        break;
    default:
        source = tyb_to_tensor(L, value);
        if (!source)
            tyb_raise(L, "only a number, a table or a tensor can be assigned to elements of a tensor, got %s",
                      tyb_say(L, value, said));
    }
    bool done = write_target(x, &k, source, number);
    if (!done && ty_error_what() == TY_ERROR_MEMORY) {
        tyb_free_everything(L, s);
        done = write_target(x, &k, source, number);
    }
    ty_release(owned);
    if (!done)
        tyb_raise_core(L, "assignment");
}
