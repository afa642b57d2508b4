/*
 * NumPy's .npy, for what holds such arrays: files (npy.c) and the entries of .npz archives (npz.c).
 */
#ifndef TYI_NPY_H
#define TYI_NPY_H

#include "io/pickle.h"

/* Reads one array from a source that gives at most source->left bytes. `who` and `path` are for messages. */
ty_tensor *tyi_npy_read(const char *who, const char *path, tyi_pickle_source *source);

/* The bytes that stand before the values of x, a multiple of 64 in number, to be freed; NULL after setting the error
 * where NumPy has no such dtype. */
char *tyi_npy_header(const char *who, const ty_tensor *x, size_t *length);

#endif
