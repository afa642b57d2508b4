/*
 * Memory of devices. The CPU's is a caching allocator: blocks are cached by size class, so that a steady loop asks
 * nothing of the system; large blocks are advised to use huge pages. A backend for another device registers its own.
 */
#ifndef TYI_STORAGE_H
#define TYI_STORAGE_H

#include "tensor/tensor.h"

#define TYI_ALIGNMENT 64 /* of every CPU block: a cache line, and the widest vector */

typedef struct tyi_allocator {
    ty_status (*allocate)(int device, size_t bytes, void **data);
    void (*release)(int device, void *data, size_t bytes); /* bytes as asked for */
} tyi_allocator;

void tyi_register_allocator(ty_device_type type, const tyi_allocator *allocator);

ty_status tyi_cpu_allocate(int device, size_t bytes, void **data);
void tyi_cpu_release(int device, void *data, size_t bytes);

/* Counts memory of a storage that comes from elsewhere (a mapped file) as live, and as gone again: the collector of a
 * host language goes by these figures. */
void tyi_count_mapped(size_t bytes);
void tyi_count_unmapped(size_t bytes);

#endif
