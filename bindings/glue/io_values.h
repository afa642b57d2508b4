/*
 * Lua values as the plain data that files hold, and back. Relies on tensor.h; knows no file.
 *
 * Lua to file: nil and `null` are None; booleans, integers, floats and strings are themselves; tensors keep the memory
 * that they share; a table whose keys are 1..n is a list, any other (also an empty one) a dict, in the order of its
 * sorted keys. Tables with the metatable tuple, list or dict, OrderedDicts and shapes say what they are. Dtypes and
 * devices are their names.
 *
 * File to Lua: a list is a plain table; None in it, or as a key, is `null`; in a dict its entry is left out. What a
 * plain table would not say again when it is saved (a tuple, an empty list, a dict with the keys 1..n) has one of the
 * metatables.
 */
#ifndef TYB_IO_VALUES_H
#define TYB_IO_VALUES_H

#include "state.h"
#include "tensor.h"

/* Pushes the value null and the metatables of these kinds; the same ones each time. */
void tyb_push_null(lua_State *L);
void tyb_push_kind(lua_State *L, ty_value_kind kind);

/* The tree of the value at idx. It is owned by `box`, a box of tyb_push_box() that is still empty. Raises an error that
 * names the place of what cannot be saved. */
void tyb_to_file_value(lua_State *L, int idx, tyb_box *box);
/* Pushes the Lua value that a tree stands for. The tree stays the caller's, who must own it by a box. */
void tyb_push_file_value(lua_State *L, const ty_value *v);

#endif
