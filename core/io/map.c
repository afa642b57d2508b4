/*
 * Open addressing with linear probing, at most half full. Keys may come from a hostile file, so the hash starts from a
 * random seed: nobody can prepare a file whose keys all fall together.
 */
#include "io/map.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "tensor/error.h"

static uint64_t hash_of(uint64_t seed, const void *key, size_t length)
{
    uint64_t h = seed ^ length;
    const unsigned char *bytes = key;
    for (size_t i = 0; i < length; i++) {
        h = (h ^ bytes[i]) * 0x9e3779b97f4a7c15u;
        h ^= h >> 29;
    }
    return h;
}

/* The slot that holds the key, or the free one where it belongs. */
static tyi_map_slot *slot_of(const tyi_map *map, uint64_t hash, const void *key, size_t length)
{
    for (size_t i = (size_t)hash & (map->capacity - 1);; i = (i + 1) & (map->capacity - 1)) {
        tyi_map_slot *slot = &map->slots[i];
        if (!slot->key ||
            (slot->hash == hash && slot->length == length && (length == 0 || memcmp(slot->key, key, length) == 0)))
            return slot;
    }
}

size_t *tyi_map_find(const tyi_map *map, const void *key, size_t length)
{
    if (!map->count)
        return NULL;
    tyi_map_slot *slot = slot_of(map, hash_of(map->seed, key, length), key, length);
    return slot->key ? &slot->value : NULL;
}

static ty_status grow(tyi_map *map)
{
    tyi_map larger = {.capacity = map->capacity ? map->capacity * 2 : 32, .count = map->count, .seed = map->seed};
    if (!map->capacity && getrandom(&larger.seed, sizeof larger.seed, GRND_NONBLOCK) != sizeof larger.seed)
        larger.seed = (uint64_t)(uintptr_t)map; /* early in the boot of a machine: less random, still right */
    larger.slots = calloc(larger.capacity, sizeof *larger.slots);
    if (!larger.slots)
        return tyi_fail_memory(larger.capacity * sizeof *larger.slots);
    for (size_t i = 0; i < map->capacity; i++)
        if (map->slots[i].key)
            *slot_of(&larger, map->slots[i].hash, map->slots[i].key, map->slots[i].length) = map->slots[i];
    free(map->slots);
    *map = larger;
    return TY_OK;
}

ty_status tyi_map_add(tyi_map *map, const void *key, size_t length, size_t value)
{
    if (map->count * 2 >= map->capacity && grow(map) != TY_OK)
        return TY_FAIL;
    char *copy = malloc(length ? length : 1);
    if (!copy)
        return tyi_fail_memory(length);
    if (length)
        memcpy(copy, key, length);
    uint64_t hash = hash_of(map->seed, key, length);
    *slot_of(map, hash, key, length) = (tyi_map_slot){hash, copy, length, value};
    map->count++;
    return TY_OK;
}

void tyi_map_free(tyi_map *map)
{
    for (size_t i = 0; i < map->capacity; i++)
        free(map->slots[i].key);
    free(map->slots);
    *map = (tyi_map){0};
}
