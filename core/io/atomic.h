/*
 * Files that appear whole or not at all: written under a temporary name in the target's own directory, synced, and
 * renamed over the target, which holds its old bytes until then. Knows nothing of what is written.
 */
#ifndef TYI_ATOMIC_H
#define TYI_ATOMIC_H

#include <sys/types.h>

#include "tycho.h"

typedef struct tyi_atomic {
    int file, directory;
    bool sync_directory;
    const char *who;     /* the public call, for messages: "save" */
    const char *path;    /* as the caller named it, for messages; borrowed */
    char *target;        /* the real path, through symbolic links */
    const char *name;    /* last part of it */
    char temporary[224]; /* name beside it: ".NAME.tycho-tmp" */
} tyi_atomic;

/* Opens the temporary file, and removes the one that a killed process left for the same target. A target that exists
 * must be a regular file that may be written; its mode and owner are kept. A symbolic link stays, and the file it
 * points at is replaced. On failure nothing is left behind and `a` needs no further call. */
ty_status tyi_atomic_begin(tyi_atomic *a, const char *who, const char *path);
/* Writes at the current position; stops when the user interrupts. */
ty_status tyi_atomic_write(tyi_atomic *a, const void *data, size_t bytes);
/* Moves the position, as lseek(); -1 after setting the error. */
off_t tyi_atomic_seek(tyi_atomic *a, off_t offset, int whence);
/* Makes the file the target: all of it is on disk when this returns. On failure the target is as it was. Ends `a`. */
ty_status tyi_atomic_commit(tyi_atomic *a);
/* Removes the temporary file. Ends `a`. */
void tyi_atomic_abort(tyi_atomic *a);

#endif
