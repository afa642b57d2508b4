/*
 * One call from Lua through the binding table: choose the form, make the result's handle, convert the arguments, run
 * the function, convert the results. The order matters: what may raise comes first, then a stretch that owns
 * temporaries and cannot raise, then the results, each already owned by a Lua value. Also the tables of functions that
 * the Lua half picks from, and core.rows(), the table as data.
 */
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>

#include "autocast.h"
#include "memory.h"
#include "parse.h"

/* A row in a Lua state; each Lua function of the table has one as its upvalue. */
typedef struct tyb_entry {
    const tyb_row *row;
    tyb_state *state;
    tyb_forms *forms; /* NULL until the first call */
    tyb_casts casts;  /* what autocast does to its arguments; known with the forms */
} tyb_entry;

/* The lists of rows, by family. */
/* clang-format off */
#define FAMILIES(X) \
    X(create) \
    X(random) \
    X(view) \
    X(unary) \
    X(binary) \
    X(reduce) \
    X(matmul) \
    X(loss) \
    X(conv) \
    X(pool) \
    X(resample) \
    X(index) \
    X(autograd) \
    X(activation) \
    X(loss_pointwise) \
    X(init) \
    X(facts) \
    X(system) \
    X(arrange) \
    X(statistics) \
    X(rnn) \
    X(linalg) \
    X(products) \
    X(special) \
    X(scan) \
    X(stacking) \
    X(replace) \
    X(norm) \
    X(embedding)
/* clang-format on */
#define LIST(family) {#family, tyb_rows_##family},
static const struct {
    const char *family;
    const tyb_row *rows;
} row_lists[] = {FAMILIES(LIST)};
#define ROW_LISTS (sizeof row_lists / sizeof *row_lists)

ty_tensor *tyb_with_grad(ty_tensor *x, bool requires_grad)
{
    if (x && requires_grad && ty_set_requires_grad(x, true) != TY_OK) {
        ty_release(x);
        return NULL;
    }
    return x;
}

void tyb_in_place(tyb_call *c, void (*op)(tyb_call *c))
{
    /* What the op saves for its gradient must not be overwritten. */
    ty_tensor *x = T(0), *before = ty_grad_enabled() && ty_requires_grad(x) ? ty_clone(x) : ty_retain(x);
    if (!before) {
        c->status = TY_FAIL;
        return;
    }
    T(0) = before;
    op(c);
    T(0) = x;
    ty_release(before);
    RETURN(ty_assign_(c->row->name, x, c->out[0].tensor));
}

/* ---- Choosing the form ---- */

static bool takes_table(const tyb_forms *forms, int position)
{
    for (int f = 0; f < forms->count; f++) {
        const tyb_form *form = &forms->form[f];
        if (position >= form->args_count || form->args[position].keyword)
            continue;
        switch (form->args[position].kind) {
        case TYB_TENSORS:
        case TYB_INDEX_LIST:
        case TYB_INDICES:
        case TYB_CLASSES:
        case TYB_LIST:
        case TYB_DIMS:
        case TYB_DIM_LISTS:
        case TYB_SIZES:
        case TYB_ANY:
            return true;
        default:
            break;
        }
    }
    return false;
}

/* A list with names behind it, {a, b, dim = 2}, would lose the names: what follows the list's last item must be no
 * name. */
static void refuse_mixture(lua_State *L, const tyb_parse *p, int table)
{
    lua_Integer length = (lua_Integer)lua_rawlen(L, table);
    if (length == 0)
        return;
    lua_pushinteger(L, length);
    if (!lua_next(L, table))
        return;
    if (lua_type(L, -2) == LUA_TSTRING)
        tyb_raise(L,
                  "%s: a table holds both a list and the name '%.40s'; pass the list and the names apart: %s({...}, "
                  "{%.40s = ...})",
                  p->c->row->name, lua_tostring(L, -2), p->c->row->name, lua_tostring(L, -2));
    lua_pop(L, 2);
}

/* Splits the stack into positional arguments and, when the last is one, a table of names: a plain table whose first key
 * is a string, or an empty one where no list is expected. */
static void find_options(lua_State *L, tyb_parse *p)
{
    int n = lua_gettop(L);
    while (n > 0 && lua_type(L, n) == LUA_TNIL)
        n--;
    p->count = n;
    p->options = 0;
    if (n == 0 || lua_type(L, n) != LUA_TTABLE)
        return;
    if (lua_getmetatable(L, n)) {
        lua_pop(L, 1);
        return;
    }
    bool names = false, empty = true;
    lua_pushnil(L);
    if (lua_next(L, n)) {
        names = lua_type(L, -2) == LUA_TSTRING;
        empty = false;
        lua_pop(L, 2);
    }
    if (empty)
        names = !takes_table(p->forms, n - 1);
    else if (!names)
        refuse_mixture(L, p, n);
    if (names) {
        p->options = n;
        p->count = n - 1;
    }
}

/* Sets p->form; raises when no form fits, with the message of the one that came nearest. */
static void choose_form(lua_State *L, tyb_parse *p)
{
    const tyb_row *row = p->c->row;
    int top = lua_gettop(L), best = 0, best_score = -1;
    p->form = p->forms->form;
    p->quiet = p->forms->count > 1;
    if (!p->quiet) {
        if (!tyb_resolve(p))
            tyb_raise_core(L, row->name);
        p->c->form = 0;
        return;
    }
    for (int f = 0; f < p->forms->count; f++) {
        p->form = &p->forms->form[f];
        if (tyb_resolve(p) && tyb_accepts(p)) {
            p->c->form = f;
            p->quiet = false;
            return;
        }
        if (p->score >= best_score) {
            best = f;
            best_score = p->score;
        }
        lua_settop(L, top);
    }
    p->quiet = false;
    p->form = &p->forms->form[best];
    if (tyb_resolve(p))
        tyb_accepts(p);
    const char *reason = ty_error(), *usage = strstr(reason, "; usage: ");
    char forms[512];
    size_t length = 0;
    for (int f = 0; f < p->forms->count; f++) {
        const tyb_form *form = &p->forms->form[f];
        int room = (int)(sizeof forms - length) - 8;
        if (room > form->length + (int)strlen(row->name)) {
            length += (size_t)(f ? sprintf(forms + length, " or ") : 0);
            length += (size_t)sprintf(forms + length, "%s%.*s", row->name, form->length, form->text);
        }
    }
    forms[length] = 0;
    tyb_raise(L, "%.*s; usage: %s", usage ? (int)(usage - reason) : (int)strlen(reason), reason, forms);
}

/* ---- Running ---- */

/* Positions as Lua counts. What the tape saved of them goes on counting from 0. */
static ty_tensor *to_one(ty_tensor *x)
{
    if (!x)
        return NULL;
    bool ours = ty_storage_users(x) == 1;
    if (ours && !ty_capture_active() && ty_dtype_of(x) == TY_INT64 && ty_is_contiguous(x) &&
        ty_device_of(x).type == TY_CPU) {
        int64_t *data = ty_data(x), n = ty_numel(x);
        for (int64_t i = 0; i < n; i++)
            data[i]++;
        return x;
    }
    ty_tensor *one = ty_scalar_tensor(ty_int(1), TY_DTYPE_NONE, true);
    ty_tensor *y = !one ? NULL : ours ? ty_add_(x, one, ty_int(1)) : ty_add(x, one, ty_int(1));
    ty_release(one);
    ty_release(x);
    return y;
}

static void drop_list(ty_tensor **tensors, int count)
{
    for (int i = 0; i < count && tensors; i++)
        ty_release(tensors[i]);
    free(tensors);
}

static void drop_box(tyb_box *box)
{
    drop_list(box->data, box->count);
}

/* Runs the function; false after a failure, with nothing left in c->out. */
static bool run(tyb_call *c, const tyb_form *form)
{
    bool ok;
    c->status = TY_OK;
    for (int r = 0; r < TYB_MAX_RESULTS; r++)
        c->out[r] = (tyb_value){.count = 0};
    c->row->function(c);
    ok = c->status == TY_OK;
    for (int r = 0; r < form->results_count; r++) {
        int kind = form->results[r].kind;
        if (kind == TYB_INDICES && ok)
            c->out[r].tensor = to_one(c->out[r].tensor);
        for (int i = 0; kind == TYB_INDEX_LIST && ok && i < c->out[r].count; i++)
            ok = (c->out[r].tensors[i] = to_one(c->out[r].tensors[i]));
        if (kind == TYB_TENSOR || kind == TYB_INDICES || kind == TYB_SELF)
            ok = ok && (c->out[r].tensor || form->results[r].optional);
    }
    if (ok)
        return true;
    for (int r = 0; r < form->results_count; r++) {
        int kind = form->results[r].kind;
        if (kind == TYB_TENSOR || kind == TYB_INDICES || kind == TYB_SELF)
            ty_release(c->out[r].tensor);
        else if (kind == TYB_TENSORS || kind == TYB_INDEX_LIST)
            drop_list(c->out[r].tensors, c->out[r].count);
    }
    return false;
}

/* Pushes the list that a box holds, one handle at a time. */
static void push_list(lua_State *L, tyb_state *s, tyb_box *box)
{
    ty_tensor **tensors = box->data;
    lua_createtable(L, box->count, 0);
    for (int i = 0; i < box->count; i++) {
        if (!tensors[i])
            continue;
        tyb_handle *handle = tyb_new_handle(L, s);
        tyb_fill_handle(s, handle, tensors[i]);
        tensors[i] = NULL;
        lua_rawseti(L, -2, i + 1);
    }
}

/* Stack index of the tensor argument that is this very tensor; 0: none. An op that had nothing to do returns its
 * argument, and so does its Lua function. */
static int same_argument(const tyb_parse *p, const ty_tensor *x)
{
    for (int a = 0; a < p->form->args_count; a++)
        if (p->at[a] && p->form->args[a].kind == TYB_TENSOR && p->c->in[a].tensor == x)
            return p->at[a];
    return 0;
}

/* Results to push: optional tensors that are absent at the end are left out, so that a call can be an argument. */
static int given_results(const tyb_call *c, const tyb_form *form)
{
    int count = form->results_count;
    while (count > 1 && form->results[count - 1].optional && !c->out[count - 1].tensor)
        count--;
    return count;
}

/* ---- out = tensor ---- */

static bool wants_grad(const tyb_parse *p)
{
    for (int a = 0; a < p->form->args_count; a++) {
        const tyb_value *v = &p->c->in[a];
        int kind = p->form->args[a].kind;
        if ((kind == TYB_TENSOR || kind == TYB_OPERAND) && v->tensor && ty_requires_grad(v->tensor))
            return true;
        for (int i = 0; kind == TYB_TENSORS && i < v->count; i++)
            if (ty_requires_grad(v->tensors[i]))
                return true;
    }
    return false;
}

/* The tensor given as out; NULL, with the error set, when it cannot be. */
static ty_tensor *check_out(const tyb_parse *p)
{
    char said[64];
    const char *name = p->c->row->name;
    tyb_handle *handle = tyb_test_tensor(p->c->L, p->out, p->c->state);
    if (!handle || !handle->x) {
        ty_fail(TY_ERROR_VALUE, "%s: out must be a tensor, got %s", name, tyb_say(p->c->L, p->out, said));
        return NULL;
    }
    if (ty_grad_enabled() && (ty_requires_grad(handle->x) || wants_grad(p))) {
        ty_fail(TY_ERROR_VALUE,
                "%s: a result in out has no gradient, but an argument requires one; leave out away, or detach", name);
        return NULL;
    }
    return handle->x;
}

/* Moves the result into `out`. False, with the error set and no result left, when it does not go there. */
static bool deliver(tyb_call *c, ty_tensor *out)
{
    ty_tensor *result = c->out[0].tensor, *y = NULL;
    int ndim = ty_ndim(result);
    const char *name = c->row->name;
    bool same = ndim == ty_ndim(out) && memcmp(ty_sizes(out), ty_sizes(result), sizeof(int64_t) * (size_t)ndim) == 0;
    if (same) {
        y = ty_assign_(name, out, result);
    } else if (ty_numel(out)) {
        ty_fail(TY_ERROR_VALUE,
                "%s: out has %lld elements in another shape than the result, which has %lld; give an empty "
                "tensor, ty.empty(0), or one of that shape",
                name, (long long)ty_numel(out), (long long)ty_numel(result));
        ty_release(result);
    } else {
        ty_tensor *fresh = ty_empty(ndim, ty_sizes(result), ty_dtype_of(out), ty_device_of(out));
        ty_tensor *filled = ty_assign_(name, fresh, result);
        if (filled && ty_set_data(out, fresh) == TY_OK)
            y = ty_retain(out);
        ty_release(fresh);
        ty_release(filled);
    }
    c->out[0].tensor = y;
    return y;
}

/* Converts the arguments and runs the function. */
static bool convert_and_run(tyb_parse *p, tyb_casts casts)
{
    ty_tensor *out = NULL;
    if (!tyb_convert(p) || (p->c->state->autocasting && !tyb_autocast(p, casts)) || (p->out && !(out = check_out(p))) ||
        !run(p->c, p->form))
        return false;
    return !out || deliver(p->c, out);
}

/* What holds a result that is a tensor, or a list of them, made before it is there; and where it lies on the stack. */
typedef struct result_holder {
    union {
        tyb_handle *handle;
        tyb_box *box;
    } made;
    int at;
} result_holder;

static void make_holders(lua_State *L, tyb_state *s, const tyb_form *form, result_holder *holders)
{
    for (int r = 0; r < form->results_count; r++) {
        int kind = form->results[r].kind;
        if (kind == TYB_TENSOR || kind == TYB_INDICES)
            holders[r].made.handle = tyb_new_handle(L, s);
        else if (kind == TYB_TENSORS || kind == TYB_INDEX_LIST)
            holders[r].made.box = tyb_push_box(L);
        else
            continue;
        holders[r].at = lua_gettop(L);
    }
}

/* Gives the holders what the function returned. Cannot raise. */
static void fill_holders(tyb_parse *p, result_holder *holders)
{
    const tyb_form *form = p->form;
    for (int r = 0; r < form->results_count; r++) {
        int kind = form->results[r].kind;
        tyb_value *v = &p->c->out[r];
        if (kind == TYB_TENSORS || kind == TYB_INDEX_LIST) {
            tyb_box *box = holders[r].made.box;
            box->data = v->tensors;
            box->count = v->count;
            box->release = drop_box;
        } else if ((kind == TYB_TENSOR || kind == TYB_INDICES) && v->tensor) {
            int argument = p->out ? p->out : kind == TYB_TENSOR ? same_argument(p, v->tensor) : 0;
            if (argument) {
                ty_release(v->tensor);
                holders[r].at = argument;
            } else {
                tyb_fill_handle(p->c->state, holders[r].made.handle, v->tensor);
            }
        } else if (kind == TYB_SELF) {
            ty_release(v->tensor);
        }
    }
}

static void push_result(lua_State *L, const tyb_parse *p, int r, const result_holder *holder)
{
    const tyb_value *v = &p->c->out[r];
    switch (p->form->results[r].kind) {
    case TYB_TENSOR:
    case TYB_INDICES:
        if (v->tensor)
            lua_pushvalue(L, holder->at);
        else
            lua_pushnil(L);
        break;
    case TYB_TENSORS:
    case TYB_INDEX_LIST:
        push_list(L, p->c->state, holder->made.box);
        break;
    case TYB_SELF:
        lua_pushvalue(L, p->at[0]);
        break;
    case TYB_NUMBER:
        tyb_push_scalar(L, v->number);
        break;
    case TYB_INT:
        lua_pushinteger(L, v->i);
        break;
    case TYB_FLOAT:
        lua_pushnumber(L, v->f);
        break;
    case TYB_BOOL:
        lua_pushboolean(L, v->b);
        break;
    case TYB_STRING:
        lua_pushstring(L, v->string);
        break;
    case TYB_SIZES:
        tyb_push_sizes(L, v->count, v->ints);
        break;
    case TYB_DTYPE:
        tyb_push_dtype(L, v->dtype);
        break;
    default: /* any: the function pushed it */
        break;
    }
}

static int dispatch(lua_State *L)
{
    tyb_entry *entry = lua_touserdata(L, lua_upvalueindex(1));
    tyb_state *s = entry->state;
    const tyb_row *row = entry->row;
    tyb_call c;
    tyb_parse p;
    if (!entry->forms) {
        entry->forms = tyb_compile(row);
        if (!entry->forms)
            tyb_raise_core(L, NULL);
        entry->casts = tyb_casts_of(row->name);
    }
    s->running = L;
    c.L = L;
    c.state = s;
    c.row = row;
    p.c = &c;
    p.forms = entry->forms;
    find_options(L, &p);
    choose_form(L, &p);

    result_holder holders[TYB_MAX_RESULTS];
    make_holders(L, s, p.form, holders);
    bool ok = convert_and_run(&p, entry->casts);
    if (!ok && ty_error_what() == TY_ERROR_MEMORY) {
        tyb_clean(&p);
        tyb_free_everything(L, s);
        ok = convert_and_run(&p, entry->casts);
    }
    if (ok)
        fill_holders(&p, holders);
    tyb_clean(&p);
    if (!ok)
        tyb_raise_core(L, row->name);

    int results = given_results(&c, p.form);
    for (int r = 0; r < results; r++)
        push_result(L, &p, r, &holders[r]);
    return results;
}

/* ---- The table as data ---- */

static void set_string(lua_State *L, const char *field, const char *text)
{
    if (text) {
        lua_pushstring(L, text);
        lua_setfield(L, -2, field);
    }
}

static void set_flag(lua_State *L, const char *field, bool flag)
{
    if (flag) {
        lua_pushboolean(L, true);
        lua_setfield(L, -2, field);
    }
}

static const struct {
    int bit;
    const char *name;
} scopes[] = {{TYB_TY, "functions"},     {TYB_METHOD, "methods"}, {TYB_F, "F"},
              {TYB_INIT, "init"},        {TYB_LINALG, "linalg"},  {TYB_SPECIAL, "special"},
              {TYB_AUTOGRAD, "autograd"}};
#define SCOPES (sizeof scopes / sizeof *scopes)

static void push_form(lua_State *L, const tyb_form *form)
{
    lua_createtable(L, 0, 3);
    lua_pushlstring(L, form->text, (size_t)form->length);
    lua_setfield(L, -2, "signature");
    lua_createtable(L, form->args_count, 0);
    for (int a = 0; a < form->args_count; a++) {
        const tyb_arg *arg = &form->args[a];
        lua_createtable(L, 0, 6);
        set_string(L, "name", arg->name);
        set_string(L, "kind", tyb_kind_name(arg->kind));
        set_flag(L, "optional", arg->optional);
        set_flag(L, "keyword", arg->keyword);
        set_flag(L, "variadic", arg->variadic);
        lua_rawseti(L, -2, a + 1);
    }
    lua_setfield(L, -2, "args");
    lua_createtable(L, form->results_count, 0);
    for (int r = 0; r < form->results_count; r++) {
        lua_createtable(L, 0, 3);
        if (form->results[r].name[0])
            set_string(L, "name", form->results[r].name);
        set_string(L, "kind", tyb_kind_name(form->results[r].kind));
        set_flag(L, "optional", form->results[r].optional);
        lua_rawseti(L, -2, r + 1);
    }
    lua_setfield(L, -2, "results");
}

/*
 * core.rows() -> a list with, for each row, {name, family (the X of tyb_rows_X), signature, doc, example, scopes =
 * {functions = true, ...}, forms}. A form is {signature, args = {{name, kind, optional, keyword, variadic}}, results =
 * {{name, kind, optional}}}.
 */
static int rows(lua_State *L)
{
    lua_Integer n = 0;
    lua_newtable(L);
    for (size_t l = 0; l < ROW_LISTS; l++) {
        for (const tyb_row *row = row_lists[l].rows; row->name; row++) {
            lua_createtable(L, 0, 7);
            set_string(L, "name", row->name);
            set_string(L, "family", row_lists[l].family);
            set_string(L, "signature", row->signature);
            set_string(L, "doc", row->doc);
            set_string(L, "example", row->example);
            lua_createtable(L, 0, SCOPES);
            for (size_t i = 0; i < SCOPES; i++)
                set_flag(L, scopes[i].name, row->scopes & scopes[i].bit);
            lua_setfield(L, -2, "scopes");
            tyb_box *box = tyb_push_box(L);
            tyb_forms *forms = tyb_compile(row);
            if (!forms)
                tyb_raise_core(L, NULL);
            box->data = forms;
            box->release = tyb_free_box;
            lua_createtable(L, forms->count, 0);
            for (int f = 0; f < forms->count; f++) {
                push_form(L, &forms->form[f]);
                lua_rawseti(L, -2, f + 1);
            }
            lua_setfield(L, -3, "forms");
            lua_pop(L, 1);
            lua_rawseti(L, -2, ++n);
        }
    }
    return 1;
}

/* Frees the compiled signatures. The entries themselves are the userdata: a finaliser that runs later still may call.
 */
static int entries_gc(lua_State *L)
{
    tyb_entry *entries = lua_touserdata(L, 1);
    size_t count = lua_rawlen(L, 1) / sizeof *entries;
    for (size_t i = 0; i < count; i++) {
        free(entries[i].forms);
        entries[i].forms = NULL;
    }
    return 0;
}

void tyb_open_rows(lua_State *L, tyb_state *s)
{
    int core = lua_gettop(L);
    size_t count = 0;
    for (size_t l = 0; l < ROW_LISTS; l++)
        for (const tyb_row *row = row_lists[l].rows; row->name; row++)
            count++;
    tyb_entry *entries = lua_newuserdatauv(L, count * sizeof *entries, 0);
    memset(entries, 0, count * sizeof *entries);
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, entries_gc);
    lua_setfield(L, -2, "__gc");
    lua_setmetatable(L, -2);
    luaL_ref(L, LUA_REGISTRYINDEX);
    int tables = lua_gettop(L) + 1;
    for (size_t i = 0; i < SCOPES; i++)
        lua_createtable(L, 0, i < 2 ? (int)count : 16);
    for (size_t l = 0; l < ROW_LISTS; l++) {
        for (const tyb_row *row = row_lists[l].rows; row->name; row++) {
            *entries = (tyb_entry){.row = row, .state = s};
            lua_pushlightuserdata(L, entries++);
            lua_pushcclosure(L, dispatch, 1);
            for (size_t i = 0; i < SCOPES; i++) {
                if (row->scopes & scopes[i].bit) {
                    lua_pushstring(L, row->name);
                    lua_pushvalue(L, -2);
                    lua_rawset(L, tables + (int)i);
                }
            }
            lua_pop(L, 1);
        }
    }
    for (size_t i = SCOPES; i-- > 0;)
        lua_setfield(L, core, scopes[i].name);
    lua_pushcfunction(L, rows);
    lua_setfield(L, core, "rows");
}
