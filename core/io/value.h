/*
 * What the readers and writers of files share about ty_value trees (declared in tycho.h). Knows no file format.
 */
#ifndef TYI_VALUE_H
#define TYI_VALUE_H

#include "tycho.h"

/* Containers in one another that files may hold: more is refused, in reading and in writing, so that code that walks a
 * tree may recurse. PyTorch itself writes far less (Python's own limit is 1000). */
#define TYI_VALUE_DEPTH 1000

#endif
