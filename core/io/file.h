/*
 * Files as the readers open them: regular files only, read through a descriptor, or mapped into memory and shared by
 * the storages that lie in them. Knows no format.
 */
#ifndef TYI_FILE_H
#define TYI_FILE_H

#include <stdatomic.h>

#include "tensor/tensor.h"

/* Opens a regular file for reading; *bytes receives its length. -1 after setting the error: "WHO: PATH: ...". */
int tyi_file_open(const char *who, const char *path, uint64_t *bytes);

/* A whole file in memory. Its pages are private: what is written into them never reaches the file. */
typedef struct tyi_mapping {
    atomic_int refs;
    unsigned char *bytes;
    uint64_t length;
} tyi_mapping;

/* Maps a file that is not empty; NULL after setting the error. */
tyi_mapping *tyi_mapping_open(const char *who, const char *path);
void tyi_mapping_release(tyi_mapping *m);
/* A storage over part of it, which holds the mapping; the caller has checked the bounds. */
tyi_storage *tyi_mapping_storage(tyi_mapping *m, uint64_t offset, size_t bytes);

#endif
