/*
 * The pickle reader: a machine that knows only data. Opcodes push plain objects; the few classes and functions that
 * PyTorch's files need are rows of a table (pickle_classes.c), and calling one runs code of ours, never of the file's.
 * Anything else is refused by its name.
 *
 * Objects live in blocks until the end, so that cycles and sharing need no care, and are turned into a tree last. A
 * tree repeats what the stream shares, so its size is bounded by a budget: a small hostile file cannot unfold into a
 * large one. Nothing else is allocated beyond a fixed multiple of the bytes that were read.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "io/pickle_machine.h"
#include "io/value.h"

ty_status tyi_machine_refuse(const tyi_machine *m, const char *format, ...)
{
    char text[600];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    return ty_fail(TY_ERROR_IO, "load: %.400s: %s", m->path, text);
}

ty_status tyi_machine_damaged(const tyi_machine *m, const char *what)
{
    return tyi_machine_refuse(m, "the file is damaged: %s at byte %" PRIu64 " of its pickle; fetch or save it again",
                              what, m->consumed);
}

ty_status tyi_machine_pay(tyi_machine *m, uint64_t bytes)
{
    if (bytes > m->budget)
        return tyi_machine_refuse(m, "would unfold into far more than the file holds; it is refused as hostile");
    m->budget -= bytes;
    return TY_OK;
}

/* ---- Input ---- */

static ty_status take(tyi_machine *m, void *to, size_t bytes)
{
    if (bytes > m->source->left || m->source->read(m->source->context, to, bytes) != bytes)
        return tyi_machine_damaged(m, "it ends too early");
    m->source->left -= bytes;
    m->consumed += bytes;
    return TY_OK;
}

/* A little-endian number of 1 to 8 bytes. */
static ty_status take_number(tyi_machine *m, int bytes, uint64_t *value)
{
    unsigned char text[8];
    if (take(m, text, (size_t)bytes) != TY_OK)
        return TY_FAIL;
    *value = 0;
    for (int i = 0; i < bytes; i++)
        *value |= (uint64_t)text[i] << (8 * i);
    return TY_OK;
}

/* A line without its end, as the names of classes are written. */
static ty_status take_line(tyi_machine *m, char *line, size_t room)
{
    for (size_t n = 0;; n++) {
        char c;
        if (take(m, &c, 1) != TY_OK)
            return TY_FAIL;
        if (c == '\n') {
            line[n] = 0;
            return TY_OK;
        }
        if (n + 1 >= room || c == 0)
            return tyi_machine_damaged(m, "a name without an end");
        line[n] = c;
    }
}

/* ---- Objects, stack, memo ---- */

tyi_object *tyi_machine_make(tyi_machine *m, tyi_object_kind kind)
{
    tyi_object_block *b = m->blocks;
    if (!b || b->used == BLOCK_OBJECTS) {
        /* malloc, not calloc: a block is touched as far as it is used. */
        b = malloc(sizeof *b);
        if (!b) {
            tyi_fail_memory(sizeof *b);
            return NULL;
        }
        b->next = m->blocks;
        b->used = 0;
        m->blocks = b;
    }
    tyi_object *o = &b->objects[b->used++];
    *o = (tyi_object){.kind = kind};
    return o;
}

/* Room for one more in an array; *room is in elements. */
ty_status tyi_machine_widen(void **array, size_t count, size_t *room, size_t size)
{
    if (count < *room)
        return TY_OK;
    size_t wider = *room ? *room * 2 : 16;
    void *grown = realloc(*array, wider * size);
    if (!grown)
        return tyi_fail_memory(wider * size);
    *array = grown;
    *room = wider;
    return TY_OK;
}

ty_status tyi_machine_push(tyi_machine *m, tyi_object *o)
{
    void *stack = m->stack;
    if (!o || tyi_machine_widen(&stack, m->depth, &m->stack_room, sizeof *m->stack) != TY_OK)
        return TY_FAIL;
    m->stack = stack;
    m->stack[m->depth++] = o;
    return TY_OK;
}

/* Height below which the innermost mark forbids to reach. */
static size_t fence(const tyi_machine *m)
{
    return m->mark_count ? m->marks[m->mark_count - 1] : 0;
}

tyi_object *tyi_machine_pop(tyi_machine *m)
{
    if (m->depth <= fence(m)) {
        tyi_machine_damaged(m, "a value is missing");
        return NULL;
    }
    return m->stack[--m->depth];
}

static tyi_object *top(tyi_machine *m)
{
    if (m->depth <= fence(m)) {
        tyi_machine_damaged(m, "a value is missing");
        return NULL;
    }
    return m->stack[m->depth - 1];
}

/* Takes the innermost mark away: the values from *start up to the old height are the ones it held together. */
static ty_status pop_mark(tyi_machine *m, size_t *start)
{
    if (!m->mark_count)
        return tyi_machine_damaged(m, "a mark is missing");
    *start = m->marks[--m->mark_count];
    return TY_OK;
}

ty_status tyi_machine_add(tyi_object *list, tyi_object *o)
{
    void *items = list->list.items;
    if (tyi_machine_widen(&items, list->list.count, &list->list.room, sizeof *list->list.items) != TY_OK)
        return TY_FAIL;
    list->list.items = items;
    list->list.items[list->list.count++] = o;
    return TY_OK;
}

static ty_status remember(tyi_machine *m, uint64_t index)
{
    tyi_object *o = top(m);
    if (!o)
        return TY_FAIL;
    /* Writers number upwards from 0, and each number costs at least two bytes. */
    if (index > m->consumed)
        return tyi_machine_damaged(m, "a memo number out of range");
    while (m->memo_count <= index) {
        void *memo = m->memo;
        if (tyi_machine_widen(&memo, m->memo_count, &m->memo_room, sizeof *m->memo) != TY_OK)
            return TY_FAIL;
        m->memo = memo;
        m->memo[m->memo_count++] = NULL;
    }
    m->memo[index] = o;
    return TY_OK;
}

static ty_status recall(tyi_machine *m, uint64_t index)
{
    if (index >= m->memo_count || !m->memo[index])
        return tyi_machine_damaged(m, "a memo number that was never given");
    return tyi_machine_push(m, m->memo[index]);
}

/* ---- Values ---- */

static ty_status push_string(tyi_machine *m, int length_bytes)
{
    uint64_t length;
    if (take_number(m, length_bytes, &length) != TY_OK)
        return TY_FAIL;
    if (length > m->source->left)
        return tyi_machine_damaged(m, "it ends inside a string");
    tyi_object *o = tyi_machine_make(m, O_STRING);
    if (!o || !(o->string.bytes = malloc((size_t)length + 1)))
        return o ? tyi_fail_memory((size_t)length + 1) : TY_FAIL;
    o->string.length = (size_t)length;
    o->string.bytes[length] = 0;
    return take(m, o->string.bytes, (size_t)length) == TY_OK ? tyi_machine_push(m, o) : TY_FAIL;
}

static ty_status push_integer(tyi_machine *m, tyi_object_kind kind, int64_t value)
{
    tyi_object *o = tyi_machine_make(m, kind);
    if (!o)
        return TY_FAIL;
    o->integer = value;
    return tyi_machine_push(m, o);
}

/* Two's complement of any length. Larger ones than 64 bits are refused only where they end up in a value. */
static ty_status push_long(tyi_machine *m, int length_bytes)
{
    uint64_t length, value = 0;
    if (take_number(m, length_bytes, &length) != TY_OK)
        return TY_FAIL;
    if (length > m->source->left)
        return tyi_machine_damaged(m, "it ends inside a number");
    unsigned char last = 0;
    bool big = false;
    for (uint64_t i = 0; i < length; i++) {
        if (take(m, &last, 1) != TY_OK)
            return TY_FAIL;
        if (i < 8)
            value |= (uint64_t)last << (8 * i);
        else
            big = big || last != ((int64_t)value < 0 ? 0xff : 0);
    }
    if (length && length < 8 && last & 0x80)
        value |= ~(uint64_t)0 << (8 * length);
    return push_integer(m, big ? O_BIG_INT : O_INT, (int64_t)value);
}

static ty_status push_float(tyi_machine *m)
{
    uint64_t bits;
    tyi_object *o = tyi_machine_make(m, O_FLOAT);
    if (!o || take_number(m, 8, &bits) != TY_OK)
        return TY_FAIL;
    bits = __builtin_bswap64(bits);
    memcpy(&o->number, &bits, sizeof bits);
    return tyi_machine_push(m, o);
}

/* A list or tuple of the values from `start` on, which leave the stack. */
static ty_status gather(tyi_machine *m, tyi_object_kind kind, size_t start)
{
    tyi_object *o = tyi_machine_make(m, kind);
    if (!o)
        return TY_FAIL;
    if (kind == O_DICT && (m->depth - start) % 2)
        return tyi_machine_damaged(m, "a key without an item");
    for (size_t i = start; i < m->depth; i++)
        if (tyi_machine_add(o, m->stack[i]) != TY_OK)
            return TY_FAIL;
    m->depth = start;
    return tyi_machine_push(m, o);
}

static ty_status gather_fixed(tyi_machine *m, size_t count)
{
    if (m->depth - fence(m) < count)
        return tyi_machine_damaged(m, "a value is missing");
    return gather(m, O_TUPLE, m->depth - count);
}

static ty_status gather_marked(tyi_machine *m, tyi_object_kind kind)
{
    size_t start = 0;
    return pop_mark(m, &start) == TY_OK ? gather(m, kind, start) : TY_FAIL;
}

/* Appends the values from `start` on to the list or dict below them. */
static ty_status extend(tyi_machine *m, tyi_object_kind kind, size_t start)
{
    if (start <= fence(m))
        return tyi_machine_damaged(m, "a value is missing");
    tyi_object *o = m->stack[start - 1];
    if (o->instance && kind == O_LIST && !(o = tyi_foreign_items(m, o)))
        return TY_FAIL;
    if (o->kind != kind)
        return tyi_machine_damaged(m, "values for something that holds none");
    if (kind == O_DICT && (m->depth - start) % 2)
        return tyi_machine_damaged(m, "a key without an item");
    for (size_t i = start; i < m->depth; i++)
        if (tyi_machine_add(o, m->stack[i]) != TY_OK)
            return TY_FAIL;
    m->depth = start;
    return TY_OK;
}

static ty_status extend_fixed(tyi_machine *m, tyi_object_kind kind, size_t count)
{
    if (m->depth - fence(m) < count)
        return tyi_machine_damaged(m, "a value is missing");
    return extend(m, kind, m->depth - count);
}

static ty_status extend_marked(tyi_machine *m, tyi_object_kind kind)
{
    size_t start = 0;
    return pop_mark(m, &start) == TY_OK ? extend(m, kind, start) : TY_FAIL;
}

/* ---- The machine ---- */

static ty_status op_global(tyi_machine *m)
{
    char module[256], name[256];
    if (take_line(m, module, sizeof module) != TY_OK || take_line(m, name, sizeof name) != TY_OK)
        return TY_FAIL;
    return tyi_machine_push_global(m, module, name);
}

static ty_status op_stack_global(tyi_machine *m)
{
    tyi_object *name = tyi_machine_pop(m), *module = name ? tyi_machine_pop(m) : NULL;
    if (!module)
        return TY_FAIL;
    if (name->kind != O_STRING || module->kind != O_STRING)
        return tyi_machine_damaged(m, "a class without a name");
    return tyi_machine_push_global(m, module->string.bytes, name->string.bytes);
}

/* REDUCE and NEWOBJ: a function or class and a tuple of arguments. */
static ty_status op_call(tyi_machine *m)
{
    tyi_object *args = tyi_machine_pop(m), *function = args ? tyi_machine_pop(m) : NULL;
    if (!function)
        return TY_FAIL;
    if (args->kind != O_TUPLE)
        return tyi_machine_damaged(m, "a call without arguments");
    if (function->kind == O_FOREIGN)
        return tyi_foreign_call(m, function, args);
    return tyi_machine_call(m, function, args->list.items, args->list.count);
}

/* BUILD gives attributes to an object: the _metadata of a state dict, which is not needed here. */
static ty_status op_build(tyi_machine *m)
{
    tyi_object *state = tyi_machine_pop(m), *o = state ? top(m) : NULL;
    if (!o)
        return TY_FAIL;
    if (o->instance)
        return tyi_foreign_build(m, o, state);
    return o->kind == O_DICT || o->kind == O_TENSOR ? TY_OK
                                                    : tyi_machine_damaged(m, "attributes of something that has none");
}

static ty_status op_mark(tyi_machine *m)
{
    void *marks = m->marks;
    if (tyi_machine_widen(&marks, m->mark_count, &m->mark_room, sizeof *m->marks) != TY_OK)
        return TY_FAIL;
    m->marks = marks;
    m->marks[m->mark_count++] = m->depth;
    return TY_OK;
}

static ty_status step(tyi_machine *m, unsigned char op)
{
    uint64_t n = 0;
    tyi_object *o;
    switch (op) {
    case 0x80: /* PROTO */
        if (take_number(m, 1, &n) != TY_OK)
            return TY_FAIL;
        return n >= 2 && n <= 5 ? TY_OK : tyi_machine_refuse(m, "its pickle has protocol %d; 2 to 5 are read", (int)n);
    case 0x95: /* FRAME: a hint for buffering */
        return take_number(m, 8, &n);
    case '(': /* MARK */
        return op_mark(m);
    case '0': /* POP; a mark on top counts as a value */
        if (m->mark_count && m->marks[m->mark_count - 1] == m->depth) {
            m->mark_count--;
            return TY_OK;
        }
        return tyi_machine_pop(m) ? TY_OK : TY_FAIL;
    case '1': { /* POP_MARK */
        size_t start = 0;
        if (pop_mark(m, &start) != TY_OK)
            return TY_FAIL;
        m->depth = start;
        return TY_OK;
    }
    case '2': /* DUP */
        return (o = top(m)) ? tyi_machine_push(m, o) : TY_FAIL;
    case 'N':
        return tyi_machine_push(m, tyi_machine_make(m, O_NONE));
    case 0x88: /* NEWTRUE */
        return push_integer(m, O_BOOL, 1);
    case 0x89: /* NEWFALSE */
        return push_integer(m, O_BOOL, 0);
    case 'K': /* BININT1 */
        return take_number(m, 1, &n) == TY_OK ? push_integer(m, O_INT, (int64_t)n) : TY_FAIL;
    case 'M': /* BININT2 */
        return take_number(m, 2, &n) == TY_OK ? push_integer(m, O_INT, (int64_t)n) : TY_FAIL;
    case 'J': /* BININT */
        return take_number(m, 4, &n) == TY_OK ? push_integer(m, O_INT, (int32_t)(uint32_t)n) : TY_FAIL;
    case 0x8a: /* LONG1 */
        return push_long(m, 1);
    case 0x8b: /* LONG4 */
        return push_long(m, 4);
    case 'G': /* BINFLOAT */
        return push_float(m);
    case 'X': /* BINUNICODE */
    case 'T': /* BINSTRING */
    case 'B': /* BINBYTES */
        return push_string(m, 4);
    case 'U':  /* SHORT_BINSTRING */
    case 0x8c: /* SHORT_BINUNICODE */
    case 'C':  /* SHORT_BINBYTES */
        return push_string(m, 1);
    case 0x8d: /* BINUNICODE8 */
    case 0x8e: /* BINBYTES8 */
    case 0x96: /* BYTEARRAY8 */
        return push_string(m, 8);
    case ']':  /* EMPTY_LIST */
    case 0x8f: /* EMPTY_SET */
        return tyi_machine_push(m, tyi_machine_make(m, O_LIST));
    case ')': /* EMPTY_TUPLE */
        return tyi_machine_push(m, tyi_machine_make(m, O_TUPLE));
    case '}': /* EMPTY_DICT */
        return tyi_machine_push(m, tyi_machine_make(m, O_DICT));
    case 0x85: /* TUPLE1, 2, 3 */
    case 0x86:
    case 0x87:
        return gather_fixed(m, op - 0x84u);
    case 't': /* TUPLE */
        return gather_marked(m, O_TUPLE);
    case 'l':  /* LIST */
    case 0x91: /* FROZENSET */
        return gather_marked(m, O_LIST);
    case 'd': /* DICT */
        return gather_marked(m, O_DICT);
    case 'a': /* APPEND */
        return extend_fixed(m, O_LIST, 1);
    case 'e':  /* APPENDS */
    case 0x90: /* ADDITEMS */
        return extend_marked(m, O_LIST);
    case 's': /* SETITEM */
        return extend_fixed(m, O_DICT, 2);
    case 'u': /* SETITEMS */
        return extend_marked(m, O_DICT);
    case 'q': /* BINPUT */
        return take_number(m, 1, &n) == TY_OK ? remember(m, n) : TY_FAIL;
    case 'r': /* LONG_BINPUT */
        return take_number(m, 4, &n) == TY_OK ? remember(m, n) : TY_FAIL;
    case 0x94: /* MEMOIZE */
        return remember(m, m->memo_count);
    case 'h': /* BINGET */
        return take_number(m, 1, &n) == TY_OK ? recall(m, n) : TY_FAIL;
    case 'j': /* LONG_BINGET */
        return take_number(m, 4, &n) == TY_OK ? recall(m, n) : TY_FAIL;
    case 'c': /* GLOBAL */
        return op_global(m);
    case 0x93: /* STACK_GLOBAL */
        return op_stack_global(m);
    case 0x92: /* NEWOBJ_EX: with named arguments, which are left out */
        return tyi_machine_pop(m) ? op_call(m) : TY_FAIL;
    case 'R':  /* REDUCE */
    case 0x81: /* NEWOBJ */
        return op_call(m);
    case 'b': /* BUILD */
        return op_build(m);
    case 'Q': /* BINPERSID */
        return tyi_machine_persistent(m);
    default:
        return tyi_machine_refuse(m,
                                  "its pickle has opcode 0x%02x at byte %" PRIu64
                                  ", which torch.save does not write: the file is damaged or "
                                  "of another kind",
                                  op, m->consumed - 1);
    }
}

/* ---- The tree ---- */

static ty_value *to_value(tyi_machine *m, tyi_object *o, int depth);

static ty_value *container_value(tyi_machine *m, tyi_object *o, int depth)
{
    if (o->busy) {
        if (m->source->partial) /* modules may know their parents */
            return ty_value_new(TY_NIL);
        tyi_machine_refuse(m, "holds a list or dict that contains itself, which cannot be loaded");
        return NULL;
    }
    if (depth >= TYI_VALUE_DEPTH) {
        tyi_machine_refuse(m, "holds more than %d lists or dicts in one another; it is refused as hostile",
                           TYI_VALUE_DEPTH);
        return NULL;
    }
    ty_value *v = ty_value_new(o->kind == O_LIST ? TY_LIST : o->kind == O_TUPLE ? TY_TUPLE : TY_DICT);
    if (!v)
        return NULL;
    v->ordered = o->ordered;
    o->busy = true;
    size_t step = o->kind == O_DICT ? 2 : 1;
    for (size_t i = 0; i < o->list.count; i += step) {
        tyi_object_kind kind = o->list.items[i]->kind;
        if (step == 2 && (kind == O_LIST || kind == O_DICT || kind == O_TENSOR || kind == O_STORAGE)) {
            tyi_machine_damaged(m, "a dict with a key that cannot be one");
            ty_value_free(v);
            return NULL;
        }
        ty_value *key = step == 2 ? to_value(m, o->list.items[i], depth + 1) : NULL;
        ty_value *item = step == 2 && !key ? NULL : to_value(m, o->list.items[i + step - 1], depth + 1);
        if (ty_value_append(v, key, item) != TY_OK) {
            ty_value_free(v);
            return NULL;
        }
    }
    o->busy = false;
    return v;
}

static ty_value *to_value(tyi_machine *m, tyi_object *o, int depth)
{
    /* A node, its place in the parent, and the string. */
    uint64_t cost = sizeof(ty_value) + 4 * sizeof(ty_value *) + (o->kind == O_STRING ? o->string.length : 0);
    if (tyi_machine_pay(m, cost) != TY_OK)
        return NULL;
    ty_value *v;
    switch (o->kind) {
    case O_NONE:
        return ty_value_new(TY_NIL);
    case O_BOOL:
    case O_INT:
        v = ty_value_new(o->kind == O_BOOL ? TY_TRUE_FALSE : TY_INTEGER);
        if (v)
            v->integer = o->integer;
        return v;
    case O_FLOAT:
        v = ty_value_new(TY_NUMBER);
        if (v)
            v->number = o->number;
        return v;
    case O_STRING:
        return ty_value_string(o->string.bytes, o->string.length);
    case O_LIST:
    case O_TUPLE:
    case O_DICT:
        return container_value(m, o, depth);
    case O_TENSOR:
        v = ty_value_tensor(o->tensor);
        if (v)
            v->parameter = o->parameter;
        return v;
    case O_FOREIGN:
        return ty_value_string(o->foreign->string.bytes, o->foreign->string.length);
    case O_GLOBAL:
        if (o->global->kind == G_DTYPE)
            return ty_value_string(o->global->dtype_name, strlen(o->global->dtype_name));
        if (m->source->partial)
            return ty_value_string(o->global->name, strlen(o->global->name));
        tyi_machine_refuse(m, "holds the class %s.%s itself, which is not data", o->global->module, o->global->name);
        return NULL;
    case O_BIG_INT:
        tyi_machine_refuse(m, "holds an integer of more than 64 bits");
        return NULL;
    case O_STORAGE:
        tyi_machine_refuse(m, "holds a bare storage; in PyTorch, save the tensor instead");
        return NULL;
    }
    return NULL;
}

static void drop(tyi_machine *m)
{
    while (m->blocks) {
        tyi_object_block *b = m->blocks;
        m->blocks = b->next;
        for (size_t i = 0; i < b->used; i++) {
            tyi_object *o = &b->objects[i];
            if (o->kind == O_STRING)
                free(o->string.bytes);
            else if (o->kind == O_LIST || o->kind == O_TUPLE || o->kind == O_DICT)
                free(o->list.items);
            else if (o->kind == O_TENSOR)
                ty_release(o->tensor);
        }
        free(b);
    }
    for (size_t i = 0; i < m->storage_count; i++)
        tyi_storage_release(m->storages[i].storage);
    free(m->storages);
    tyi_map_free(&m->storage_keys);
    free(m->stack);
    free(m->marks);
    free(m->memo);
}

ty_value *tyi_pickle_read(const char *path, tyi_pickle_source *source, tyi_pickle_storage storage, void *context)
{
    /* The budget suits the densest honest stream: one byte per None. */
    uint64_t budget = source->left > UINT64_MAX / 256 ? UINT64_MAX : ((uint64_t)64 << 20) + source->left * 160;
    tyi_machine m = {.path = path, .source = source, .load = storage, .load_context = context, .budget = budget};
    ty_value *v = NULL;
    for (;;) {
        unsigned char op;
        if (take(&m, &op, 1) != TY_OK)
            break;
        if (op == '.') {
            tyi_object *result = tyi_machine_pop(&m);
            if (result && m.mark_count)
                tyi_machine_damaged(&m, "a mark is left over");
            else if (result)
                v = to_value(&m, result, 0);
            break;
        }
        if (step(&m, op) != TY_OK)
            break;
    }
    drop(&m);
    return v;
}
