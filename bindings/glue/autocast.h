/*
 * Autocast: while it is on, functions of the binding table get their tensors in the dtype that suits them, as in
 * torch.autocast. Its state is per Lua state; the scopes that set it are the Lua half's (tycho/amp.lua).
 */
#ifndef TYB_AUTOCAST_H
#define TYB_AUTOCAST_H

#include "parse.h"

/* What a function wants of its floating arguments, by device type. */
typedef enum {
    TYB_CAST_NONE,    /* as they are */
    TYB_CAST_LOWER,   /* autocast's dtype: products, convolutions */
    TYB_CAST_FLOAT32, /* float32: what loses too much in fewer bits */
    TYB_CAST_WIDEST,  /* the widest of those that are given */
    TYB_CAST_REFUSED, /* an error that says what to use instead */
} tyb_cast;

typedef struct tyb_casts {
    unsigned char of[TY_DEVICE_TYPES]; /* tyb_cast */
} tyb_casts;

/* What the function of this name wants. */
tyb_casts tyb_casts_of(const char *name);

/* The arguments of a converted call, in the dtypes that they are wanted in. False with the error set. */
bool tyb_autocast(tyb_parse *p, tyb_casts casts);

/* x as an operator outside the table gets it: a new reference, NULL on failure. */
ty_tensor *tyb_autocast_operand(tyb_state *s, ty_tensor *x, tyb_casts casts);

/* core.autocast_get(device_type) -> enabled, dtype, cache_enabled; core.autocast_set(device_type, enabled, dtype,
 * cache_enabled); core.autocast_clear(): forgets the casts of parameters. */
void tyb_open_autocast(lua_State *L, tyb_state *s);

#endif
