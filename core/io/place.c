/*
 * Takes what was read from a file to its devices: whole storages, so that tensors that share one still do.
 */
#include <stdlib.h>

#include "io/place.h"
#include "ops/ops.h"

ty_status tyi_places_add(tyi_places *p, tyi_storage *storage, const char *location)
{
    ty_device device = TY_DEVICE_CPU;
    if (p->where(p->context, location, &device) != TY_OK)
        return TY_FAIL;
    if (device.type == TY_CPU)
        return TY_OK;
    if (p->count == p->room) {
        size_t room = p->room ? 2 * p->room : 16;
        void *list = realloc(p->list, room * sizeof *p->list);
        if (!list)
            return tyi_fail_memory(room * sizeof *p->list);
        p->list = list;
        p->room = room;
    }
    atomic_fetch_add_explicit(&storage->refs, 1, memory_order_relaxed);
    p->list[p->count++] = (struct tyi_placed){.storage = storage, .device = device};
    return TY_OK;
}

/* A copy of a storage there: the only reference. */
static tyi_storage *copy_there(tyi_storage *storage, ty_device device)
{
    int64_t bytes = (int64_t)storage->bytes, stride = 1;
    ty_tensor *there = tyi_new(1, &bytes, TY_UINT8, device), *here = NULL;
    if (!there)
        return NULL;
    atomic_fetch_add_explicit(&storage->refs, 1, memory_order_relaxed);
    here = tyi_from_storage(storage, TY_UINT8, 1, &bytes, &stride, 0);
    tyi_storage *copy = NULL;
    if (here && (bytes == 0 || tyi_copy(there, here) == TY_OK)) {
        copy = there->storage;
        atomic_fetch_add_explicit(&copy->refs, 1, memory_order_relaxed);
    }
    ty_release(here);
    ty_release(there);
    return copy;
}

static int by_address(const void *a, const void *b)
{
    uintptr_t x = (uintptr_t)((const struct tyi_placed *)a)->storage;
    uintptr_t y = (uintptr_t)((const struct tyi_placed *)b)->storage;
    return x < y ? -1 : x > y;
}

/* Lets the tensors of a value have the copies of their storages. Trees are at most TYI_VALUE_DEPTH deep. */
static void place_tensors(const tyi_places *p, ty_value *v)
{
    for (size_t i = 0; i < v->count; i++) {
        if (v->keys && v->keys[i])
            place_tensors(p, v->keys[i]);
        place_tensors(p, v->items[i]);
    }
    if (v->kind != TY_TENSOR)
        return;
    const struct tyi_placed wanted = {.storage = v->tensor->storage};
    const struct tyi_placed *found = bsearch(&wanted, p->list, p->count, sizeof *p->list, by_address);
    if (!found)
        return;
    atomic_fetch_add_explicit(&found->copy->refs, 1, memory_order_relaxed);
    v->tensor->storage = found->copy;
    tyi_storage_release(found->storage);
}

ty_status tyi_places_move(tyi_places *p, ty_value *v)
{
    if (p->count == 0)
        return TY_OK;
    qsort(p->list, p->count, sizeof *p->list, by_address);
    for (size_t i = 0; i < p->count; i++)
        if (!(p->list[i].copy = copy_there(p->list[i].storage, p->list[i].device)))
            return TY_FAIL;
    place_tensors(p, v);
    return TY_OK;
}

void tyi_places_free(tyi_places *p)
{
    for (size_t i = 0; i < p->count; i++) {
        tyi_storage_release(p->list[i].storage);
        if (p->list[i].copy)
            tyi_storage_release(p->list[i].copy);
    }
    free(p->list);
}
