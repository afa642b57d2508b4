/*
 * What the ops that take index tensors share: reading an index tensor, and checking it before a kernel trusts it.
 */
#ifndef TYI_INDEXING_H
#define TYI_INDEXING_H

#include "ops/support.h"

/* An index tensor as row-major int64 on a device; fails for floating ones and masks. A new reference. */
ty_tensor *tyi_index_numbers(const char *name, ty_tensor *index, ty_device device);

/* Every element of `index` (int64, contiguous) is at least -size and less than size, the length of dimension `dim`. */
ty_status tyi_check_range(const char *name, const ty_tensor *index, int dim, int64_t size);

/* int64 {n}: to which of the runs that begin at `starts` each place belongs, the last of those that begin there; -1
 * before the first. starts: int64 {runs}, not falling, each from 0 to n; on its device. A new reference. */
ty_tensor *tyi_run_numbers(ty_tensor *starts, int64_t n);

#endif
