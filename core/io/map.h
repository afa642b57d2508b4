/*
 * A small hash table from byte strings to numbers: names in an archive, keys of storages, addresses of tensors.
 * Uses nothing of the library but its errors.
 */
#ifndef TYI_MAP_H
#define TYI_MAP_H

#include "tycho.h"

typedef struct tyi_map_slot {
    uint64_t hash;
    char *key; /* NULL: free */
    size_t length, value;
} tyi_map_slot;

/* All zero is an empty map. */
typedef struct tyi_map {
    tyi_map_slot *slots;
    size_t count, capacity;
    uint64_t seed;
} tyi_map;

/* Where the number under a key stands; NULL when there is none. Valid until the next tyi_map_add(). */
size_t *tyi_map_find(const tyi_map *map, const void *key, size_t length);
/* Adds a key that is not there yet, with a copy of its bytes. */
ty_status tyi_map_add(tyi_map *map, const void *key, size_t length, size_t value);
void tyi_map_free(tyi_map *map);

#endif
