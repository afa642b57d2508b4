/*
 * The tree of plain data that files hold: making, growing and freeing it. Relies on tensors only for their references;
 * knows no file format.
 */
#include "io/value.h"

#include <stdlib.h>
#include <string.h>

#include "tensor/error.h"

ty_value *ty_value_new(ty_value_kind kind)
{
    ty_value *v = calloc(1, sizeof *v);
    if (!v) {
        tyi_fail_memory(sizeof *v);
        return NULL;
    }
    v->kind = kind;
    return v;
}

ty_value *ty_value_string(const char *bytes, size_t length)
{
    ty_value *v = ty_value_new(TY_STRING);
    if (!v)
        return NULL;
    v->string = malloc(length + 1);
    if (!v->string) {
        free(v);
        tyi_fail_memory(length + 1);
        return NULL;
    }
    if (length)
        memcpy(v->string, bytes, length);
    v->string[length] = 0;
    v->length = length;
    return v;
}

ty_value *ty_value_tensor(ty_tensor *x)
{
    if (!x)
        return NULL;
    ty_value *v = ty_value_new(TY_TENSOR);
    if (v)
        v->tensor = ty_retain(x);
    return v;
}

static bool is_container(const ty_value *v)
{
    return v->kind == TY_LIST || v->kind == TY_TUPLE || v->kind == TY_DICT;
}

/* Room for one more entry. The two arrays grow one after the other: after a failure both still hold `capacity`. */
static ty_status grow(ty_value *v)
{
    if (v->count < v->capacity)
        return TY_OK;
    size_t capacity = v->capacity ? v->capacity * 2 : 8;
    ty_value **items = realloc(v->items, capacity * sizeof *items);
    if (!items)
        return tyi_fail_memory(capacity * sizeof *items);
    v->items = items;
    if (v->kind == TY_DICT) {
        ty_value **keys = realloc(v->keys, capacity * sizeof *keys);
        if (!keys)
            return tyi_fail_memory(capacity * sizeof *keys);
        v->keys = keys;
    }
    v->capacity = capacity;
    return TY_OK;
}

ty_status ty_value_append(ty_value *parent, ty_value *key, ty_value *item)
{
    ty_status status = TY_FAIL;
    if (!parent || !item) {
        /* the call that made the NULL has set the error */
    } else if (!is_container(parent)) {
        ty_fail(TY_ERROR_VALUE, "value: only a list, a tuple or a dict can be appended to");
    } else if ((parent->kind == TY_DICT) != (key != NULL)) {
        ty_fail(TY_ERROR_VALUE, parent->kind == TY_DICT ? "value: an entry of a dict needs a key"
                                                        : "value: an entry of a list or tuple has no key");
    } else {
        status = grow(parent);
    }
    if (status != TY_OK) {
        ty_value_free(key);
        ty_value_free(item);
        return TY_FAIL;
    }
    if (key)
        parent->keys[parent->count] = key;
    parent->items[parent->count++] = item;
    return TY_OK;
}

/* Frees what a node holds besides other nodes. */
static void drop_payload(ty_value *v)
{
    free(v->string);
    v->string = NULL;
    ty_release(v->tensor);
    v->tensor = NULL;
}

void ty_value_free(ty_value *v)
{
    if (!v)
        return;
    /* Without recursion and without memory, as a tree may be deeper than the C stack: nodes are taken out of their
     * parents from the last to the first, and the way back up is kept in `string`, whose bytes are gone by then. */
    drop_payload(v);
    for (;;) {
        ty_value *child = NULL;
        if (v->count) {
            ty_value **from = v->keys && v->keys[v->count - 1] ? v->keys : v->items;
            child = from[v->count - 1];
            from[v->count - 1] = NULL;
            if (from == v->items)
                v->count--;
        }
        if (child) {
            drop_payload(child);
            child->string = (char *)v;
            v = child;
        } else if (!v->count) {
            ty_value *parent = (ty_value *)v->string;
            free(v->keys);
            free(v->items);
            free(v);
            if (!parent)
                return;
            v = parent;
        }
    }
}
