/*
 * Operators on tensors: + - * / // % ^, unary -, & | ~ on masks and integers, << >>. Each is a function of its own
 * rather than a row, because this is the shortest way from `x + y` to the core. Operators that would surprise (.. and
 * the comparisons, which Lua forces to a boolean) are errors that name the method to use.
 */
#include <string.h>

#include <lauxlib.h>

#include "autocast.h"
#include "memory.h"
#include "tensor.h"

typedef ty_tensor *(*binary)(ty_tensor *a, ty_tensor *b);
typedef ty_tensor *(*unary)(ty_tensor *x);

static ty_tensor *add(ty_tensor *a, ty_tensor *b)
{
    return ty_add(a, b, ty_int(1));
}

static ty_tensor *sub(ty_tensor *a, ty_tensor *b)
{
    return ty_sub(a, b, ty_int(1));
}

/* X(metamethod, its name in Tycho, function) */
#define BINARIES(X)                                                                                                    \
    X(__add, add, add)                                                                                                 \
    X(__sub, sub, sub)                                                                                                 \
    X(__mul, mul, ty_mul)                                                                                              \
    X(__div, div, ty_div)                                                                                              \
    X(__idiv, floor_divide, ty_floor_divide)                                                                           \
    X(__mod, remainder, ty_remainder)                                                                                  \
    X(__pow, pow, ty_pow)                                                                                              \
    X(__band, bitwise_and, ty_bitwise_and)                                                                             \
    X(__bor, bitwise_or, ty_bitwise_or)                                                                                \
    X(__bxor, bitwise_xor, ty_bitwise_xor)                                                                             \
    X(__shl, bitwise_left_shift, ty_bitwise_left_shift)                                                                \
    X(__shr, bitwise_right_shift, ty_bitwise_right_shift)

static const struct {
    const char *event, *name;
    unary function;
} unaries[] = {
    {"__unm", "neg", ty_neg},
    {"__bnot", "bitwise_not", ty_bitwise_not},
};

/* Whether the value can be an operand; *handle is NULL for a number or a boolean. */
static bool is_operand(lua_State *L, tyb_state *s, int idx, tyb_handle **handle)
{
    int type = lua_type(L, idx);
    *handle = type == LUA_TUSERDATA ? tyb_test_tensor(L, idx, s) : NULL;
    return *handle ? (*handle)->x != NULL : type == LUA_TNUMBER || type == LUA_TBOOLEAN;
}

/* The operand's tensor; a number's is put into *number, which held the last one's. */
static ty_tensor *operand(lua_State *L, int idx, tyb_handle *handle, ty_tensor **number)
{
    if (handle)
        return handle->x;
    ty_scalar value = lua_type(L, idx) == LUA_TBOOLEAN ? ty_bool(lua_toboolean(L, idx))
                      : lua_isinteger(L, idx)          ? ty_int(lua_tointeger(L, idx))
                                                       : ty_float(lua_tonumber(L, idx));
    return ty_number(number, value) == TY_OK ? *number : NULL;
}

/* The operator under autocast: powers alone are in its lists. */
static ty_tensor *apply_cast(lua_State *L, binary function, ty_tensor *x, ty_tensor *y)
{
    if (function != ty_pow)
        return function(x, y);
    tyb_state *s = tyb_get(L);
    tyb_casts casts = tyb_casts_of("pow");
    ty_tensor *a = tyb_autocast_operand(s, x, casts), *b = tyb_autocast_operand(s, y, casts);
    ty_tensor *result = a && b ? function(a, b) : NULL;
    ty_release(a);
    ty_release(b);
    return result;
}

static ty_tensor *apply(lua_State *L, tyb_state *s, binary function, tyb_handle *a, tyb_handle *b)
{
    ty_tensor *number = s->number;
    s->number = NULL; /* a hook of the user's may come here again */
    ty_tensor *x = operand(L, 1, a, &number), *y = operand(L, 2, b, &number);
    ty_tensor *result = !x || !y ? NULL : s->autocasting ? apply_cast(L, function, x, y) : function(x, y);
    ty_release(s->number);
    s->number = number;
    return result;
}

static _Noreturn void refuse_operand(lua_State *L, const char *name, int idx)
{
    char said[64];
    tyb_raise(L, "%s: the %s operand is %s; expected a tensor or a number", name, idx == 1 ? "first" : "second",
              tyb_say(L, idx, said));
}

/* Upvalue: the record. */
static int do_binary(lua_State *L, const char *name, binary function)
{
    tyb_state *s = lua_touserdata(L, lua_upvalueindex(1));
    tyb_handle *a, *b;
    if (!is_operand(L, s, 1, &a))
        refuse_operand(L, name, 1);
    if (!is_operand(L, s, 2, &b))
        refuse_operand(L, name, 2);
    tyb_handle *handle = tyb_new_handle(L, s);
    ty_tensor *result = apply(L, s, function, a, b);
    if (!result && ty_error_what() == TY_ERROR_MEMORY) {
        tyb_free_everything(L, s);
        result = apply(L, s, function, a, b);
    }
    if (!result)
        tyb_raise_core(L, name);
    tyb_fill_handle(s, handle, result);
    return 1;
}

/* A function for each operator: to look it up by an upvalue would cost a hundredth of the whole. */
#define TY_X(event, name, function)                                                                                    \
    static int do_##name(lua_State *L)                                                                                 \
    {                                                                                                                  \
        return do_binary(L, #name, function);                                                                          \
    }
BINARIES(TY_X)
#undef TY_X

static const luaL_Reg binaries[] = {
#define TY_X(event, name, function) {#event, do_##name},
    BINARIES(TY_X)
#undef TY_X
};

/* Upvalues: the record, the operator's place in the table. */
static int do_unary(lua_State *L)
{
    tyb_state *s = lua_touserdata(L, lua_upvalueindex(1));
    size_t op = (size_t)lua_tointeger(L, lua_upvalueindex(2));
    ty_tensor *x = tyb_check_tensor(L, 1, "tensor");
    tyb_handle *handle = tyb_new_handle(L, s);
    ty_tensor *result = unaries[op].function(x);
    if (!result && ty_error_what() == TY_ERROR_MEMORY) {
        tyb_free_everything(L, s);
        result = unaries[op].function(x);
    }
    if (!result)
        tyb_raise_core(L, unaries[op].name);
    tyb_fill_handle(s, handle, result);
    return 1;
}

static int no_less(lua_State *L)
{
    tyb_raise(L, "tensors have no < and > in Lua, where a comparison is one boolean; use x:lt(y) or x:gt(y)");
}

static int no_less_equal(lua_State *L)
{
    tyb_raise(L, "tensors have no <= and >= in Lua, where a comparison is one boolean; use x:le(y) or x:ge(y)");
}

static int no_concat(lua_State *L)
{
    if (lua_type(L, 1) == LUA_TSTRING || lua_type(L, 2) == LUA_TSTRING)
        tyb_raise(L, "'..' does not join a string and a tensor; use tostring(x), or x:item() for its value");
    tyb_raise(L, "tensors have no '..'; use ty.cat({a, b}) to join them, a:matmul(b) to multiply them");
}

void tyb_open_operators(lua_State *L, tyb_state *s)
{
    static const luaL_Reg refused[] = {
        {"__lt", no_less},
        {"__le", no_less_equal},
        {"__concat", no_concat},
        {NULL, NULL},
    };
    lua_rawgeti(L, LUA_REGISTRYINDEX, s->tensor_ref);
    for (size_t i = 0; i < sizeof binaries / sizeof *binaries; i++) {
        lua_pushlightuserdata(L, s);
        lua_pushcclosure(L, binaries[i].func, 1);
        lua_setfield(L, -2, binaries[i].name);
    }
    for (size_t i = 0; i < sizeof unaries / sizeof *unaries; i++) {
        lua_pushlightuserdata(L, s);
        lua_pushinteger(L, (lua_Integer)i);
        lua_pushcclosure(L, do_unary, 2);
        lua_setfield(L, -2, unaries[i].event);
    }
    luaL_setfuncs(L, refused, 0);
    lua_pop(L, 1);
}
