/*
 * Short forms for arithmetic over tensors, as gradient rules and composed ops write it: MUL(g, F(cos, x)). For .c files
 * only. Before including it the file says who owns what such an expression makes on the way:
 *
 *     #define HOLD(x) tyi_temp(x)        the scope of a running rule
 *     #define HOLD(x) tyi_keep(s, x)     a tyi_scope `s` of the op's own (ops/support.h)
 */
#ifndef TYI_EXPRESSIONS_H
#define TYI_EXPRESSIONS_H

#define NUM(v)     HOLD(ty_scalar_tensor(ty_float(v), TY_DTYPE_NONE, true))
#define ADD(a, b)  HOLD(ty_add(a, b, ty_int(1)))
#define SUB(a, b)  HOLD(ty_sub(a, b, ty_int(1)))
#define MUL(a, b)  HOLD(ty_mul(a, b))
#define DIV(a, b)  HOLD(ty_div(a, b))
#define F(f, ...)  HOLD(ty_##f(__VA_ARGS__))
#define WHERE(...) HOLD(ty_where(__VA_ARGS__))

#endif
