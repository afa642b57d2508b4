/*
 * How the library reports failures: a message and a kind per thread. Used by everything, uses nothing.
 */
#ifndef TYI_ERROR_H
#define TYI_ERROR_H

#include "tycho.h"

/* Sets the error and is NULL, for functions that return tensors: return tyi_fail(TY_ERROR_VALUE, "mm: ..."); */
#define tyi_fail(...) (ty_fail(__VA_ARGS__), NULL)

/* A dimension or index as this thread's user counts it; negative ones are unchanged. */
long long tyi_said(int64_t index);

/* "mm: out of memory: 4.0 GB asked for, ..." */
ty_status tyi_fail_memory(size_t bytes);

#endif
