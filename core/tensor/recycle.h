/*
 * Free lists of the small blocks that every op makes and drops: per thread, so without a lock. Knows sizes, not
 * contents.
 */
#ifndef TYI_RECYCLE_H
#define TYI_RECYCLE_H

#include <stddef.h>
#include <stdint.h>

/* One list per kind; all blocks of a kind have one size. */
typedef enum { TYI_RECYCLE_TENSOR, TYI_RECYCLE_STORAGE, TYI_RECYCLE_RECORD, TYI_RECYCLE_KINDS } tyi_recycle_kind;

/* A block, aligned to a cache line, uninitialised; NULL with the error set when memory is out. */
void *tyi_recycle_take(tyi_recycle_kind kind, size_t bytes);
/* Gives it back; from any thread. */
void tyi_recycle_give(tyi_recycle_kind kind, void *block);
/* How often blocks were taken and given so far, by all threads. */
void tyi_recycle_counts(tyi_recycle_kind kind, uint64_t *taken, uint64_t *given);

#endif
