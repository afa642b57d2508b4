/*
 * Objects of classes that are not data, as a partial load finds them: a whole module of torch.save(model), a class of
 * the user's. Nothing of them is executed. An object becomes a dict of its attributes, with its class's name under
 * "__class__", the arguments that it was made from under "__args__", and what it holds as a sequence under "__items__".
 */
#include <stdio.h>
#include <stdlib.h>

#include "io/pickle_machine.h"

static tyi_object *make_string(tyi_machine *m, const char *bytes, size_t length)
{
    tyi_object *o = tyi_machine_pay(m, length) == TY_OK ? tyi_machine_make(m, O_STRING) : NULL;
    if (!o)
        return NULL;
    o->string.bytes = malloc(length + 1);
    if (!o->string.bytes) {
        tyi_fail_memory(length + 1);
        return NULL;
    }
    memcpy(o->string.bytes, bytes, length);
    o->string.bytes[length] = 0;
    o->string.length = length;
    return o;
}

ty_status tyi_foreign_push_class(tyi_machine *m, const char *module, const char *name)
{
    char text[520];
    int length = snprintf(text, sizeof text, "%s.%s", module, name);
    tyi_object *o = tyi_machine_make(m, O_FOREIGN);
    if (!o)
        return TY_FAIL;
    o->foreign = make_string(m, text, length < (int)sizeof text ? (size_t)length : sizeof text - 1);
    return o->foreign ? tyi_machine_push(m, o) : TY_FAIL;
}

static ty_status set(tyi_machine *m, tyi_object *dict, const char *key, tyi_object *item)
{
    tyi_object *name = make_string(m, key, strlen(key));
    return name && tyi_machine_add(dict, name) == TY_OK ? tyi_machine_add(dict, item) : TY_FAIL;
}

ty_status tyi_foreign_call(tyi_machine *m, const tyi_object *class, tyi_object *args)
{
    tyi_object *o = tyi_machine_make(m, O_DICT);
    if (!o)
        return TY_FAIL;
    o->ordered = true;
    o->instance = true;
    if (set(m, o, "__class__", class->foreign) != TY_OK || (args->list.count && set(m, o, "__args__", args) != TY_OK))
        return TY_FAIL;
    return tyi_machine_push(m, o);
}

static ty_status take_attributes(tyi_machine *m, tyi_object *o, const tyi_object *state)
{
    if (tyi_machine_pay(m, state->list.count * sizeof(tyi_object *)) != TY_OK)
        return TY_FAIL;
    for (size_t i = 0; i < state->list.count; i++)
        if (tyi_machine_add(o, state->list.items[i]) != TY_OK)
            return TY_FAIL;
    return TY_OK;
}

ty_status tyi_foreign_build(tyi_machine *m, tyi_object *o, tyi_object *state)
{
    if (state->kind == O_DICT)
        return take_attributes(m, o, state);
    if (state->kind != O_TUPLE || state->list.count != 2)
        return set(m, o, "__state__", state);
    for (size_t i = 0; i < 2; i++) { /* the attributes, and those in slots */
        const tyi_object *part = state->list.items[i];
        if (part->kind == O_DICT && take_attributes(m, o, part) != TY_OK)
            return TY_FAIL;
    }
    return TY_OK;
}

tyi_object *tyi_foreign_items(tyi_machine *m, tyi_object *o)
{
    for (size_t i = 0; i + 1 < o->list.count; i += 2) {
        const tyi_object *key = o->list.items[i];
        if (key->kind == O_STRING && strcmp(key->string.bytes, "__items__") == 0)
            return o->list.items[i + 1]->kind == O_LIST ? o->list.items[i + 1] : NULL;
    }
    tyi_object *items = tyi_machine_make(m, O_LIST);
    return items && set(m, o, "__items__", items) == TY_OK ? items : NULL;
}
