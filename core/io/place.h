/*
 * The devices that the storages of a file come to (place.c).
 */
#ifndef TYI_PLACE_H
#define TYI_PLACE_H

#include "io/value.h"
#include "tensor/tensor.h"

/* Storages that are read into host memory first, and where they go then. Begins as {.where = ..., .context = ...}. */
typedef struct tyi_places {
    ty_load_place where;
    void *context;
    struct tyi_placed {
        tyi_storage *storage, *copy; /* references; the copy there, once it is made */
        ty_device device;
    } * list;
    size_t count, room;
} tyi_places;

/* Asks where a storage with this location goes, and notes it. */
ty_status tyi_places_add(tyi_places *p, tyi_storage *storage, const char *location);
/* Takes all that were noted to their devices, for the tensors of a fresh value, which is as it was when this fails. */
ty_status tyi_places_move(tyi_places *p, ty_value *v);
void tyi_places_free(tyi_places *p);

#endif
