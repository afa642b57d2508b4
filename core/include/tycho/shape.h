/* Views, rearranging and indexing: where elements are, not what they are. Relies on tensor.h. */
#ifndef TYCHO_H
#error "include tycho.h, which includes its sections in order"
#endif

/* ---- Views and shapes ----------------------------------------------------------------------- */

ty_tensor *ty_view(ty_tensor *x, int ndim, const int64_t *sizes);    /* -1 once: inferred */
ty_tensor *ty_reshape(ty_tensor *x, int ndim, const int64_t *sizes); /* a view where possible */
ty_tensor *ty_flatten(ty_tensor *x, int start_dim, int end_dim);
ty_tensor *ty_unflatten(ty_tensor *x, int dim, int ndim, const int64_t *sizes); /* one dimension as several; -1 once */
ty_tensor *ty_permute(ty_tensor *x, int ndim, const int64_t *dims);
ty_tensor *ty_transpose(ty_tensor *x, int dim0, int dim1);
ty_tensor *ty_t(ty_tensor *x);
ty_tensor *ty_squeeze(ty_tensor *x);
ty_tensor *ty_squeeze_dim(ty_tensor *x, int dim);
ty_tensor *ty_unsqueeze(ty_tensor *x, int dim);
ty_tensor *ty_expand(ty_tensor *x, int ndim, const int64_t *sizes); /* -1: unchanged */
ty_tensor *ty_narrow(ty_tensor *x, int dim, int64_t start, int64_t length);
ty_tensor *ty_select(ty_tensor *x, int dim, int64_t index);
/* Elements start, start + step, ... below end of a dimension; start and end clamp as Python slices do; step >= 1. */
ty_tensor *ty_slice(ty_tensor *x, int dim, int64_t start, int64_t end, int64_t step);
ty_tensor *ty_as_strided(ty_tensor *x, int ndim, const int64_t *sizes, const int64_t *strides, int64_t offset);
ty_tensor *ty_diagonal(ty_tensor *x, int64_t offset, int dim0, int dim1);
ty_tensor *ty_detach(ty_tensor *x);
ty_tensor *ty_cat(ty_tensor *const *tensors, int count, int dim);
ty_tensor *ty_stack(ty_tensor *const *tensors, int count, int dim);
/* Splits into pieces of `size` (the last may be smaller). *count receives their number; free() the array after
 * releasing each. */
ty_status ty_split(ty_tensor *x, int64_t size, int dim, ty_tensor ***pieces, int *count);
ty_status ty_chunk(ty_tensor *x, int64_t chunks, int dim, ty_tensor ***pieces, int *count);

/* ---- Rearranging ---------------------------------------------------------------------------- */

ty_tensor *ty_tril(ty_tensor *x, int64_t diagonal); /* {..., n, m} with zeros above a diagonal */
ty_tensor *ty_triu(ty_tensor *x, int64_t diagonal);
ty_tensor *ty_flip(ty_tensor *x, int ndims, const int64_t *dims);
/* One shift for each dimension; ndims 0: one shift, of the flattened tensor. */
ty_tensor *ty_roll(ty_tensor *x, int count, const int64_t *shifts, int ndims, const int64_t *dims);
ty_tensor *ty_tile(ty_tensor *x, int count, const int64_t *reps);
/* repeats: integers {} or {1} for all elements, or {n}; dim NULL: of the flattened tensor. */
ty_tensor *ty_repeat_interleave(ty_tensor *x, ty_tensor *repeats, const int *dim);
ty_tensor *ty_movedim(ty_tensor *x, int count, const int64_t *source, int to_count, const int64_t *destination);
ty_tensor *ty_unfold(ty_tensor *x, int dim, int64_t size, int64_t step); /* a view of sliding windows */
/* As many views as tensors; xy: the first two dimensions swapped. free() the array after releasing each. */
ty_status ty_meshgrid(ty_tensor *const *tensors, int count, bool xy, ty_tensor ***grids);
ty_tensor *ty_take(ty_tensor *x, ty_tensor *index); /* positions of the flattened tensor */
ty_tensor *ty_diag(ty_tensor *x, int64_t diagonal);
ty_tensor *ty_trace(ty_tensor *x);

ty_tensor *ty_diag_embed(ty_tensor *x, int64_t offset, int dim1, int dim2);
ty_tensor *ty_tril_indices(int64_t rows, int64_t columns, int64_t offset, ty_dtype dtype, ty_device device);
ty_tensor *ty_triu_indices(int64_t rows, int64_t columns, int64_t offset, ty_dtype dtype, ty_device device);
ty_tensor *ty_atleast(ty_tensor *x, int ndim);                          /* 1, 2 or 3 */
ty_tensor *ty_stack_as(char how, ty_tensor *const *tensors, int count); /* h, v, dstack, 'c': column_stack */
ty_status ty_tensor_split(ty_tensor *x, int count, const int64_t *places, int dim, ty_tensor ***pieces); /* count + 1 */
ty_status ty_broadcast_tensors(ty_tensor *const *tensors, int count, ty_tensor ***wide);
ty_tensor *ty_squeeze_dims(ty_tensor *x, int ndims, const int64_t *dims);
ty_tensor *ty_block_diag(ty_tensor *const *tensors, int count);
ty_tensor *ty_cartesian_prod(ty_tensor *const *tensors, int count);
ty_tensor *ty_combinations(ty_tensor *x, int64_t r, bool repeats);
ty_tensor *ty_rot90(ty_tensor *x, int64_t k, int dim0, int dim1);
typedef enum {
    TY_WINDOW_HANN,
    TY_WINDOW_HAMMING,
    TY_WINDOW_BLACKMAN,
    TY_WINDOW_BARTLETT,
    TY_WINDOW_KAISER
} ty_signal_window;
ty_tensor *ty_make_window(ty_signal_window kind, int64_t length, bool periodic, double a, double b, ty_dtype dtype,
                          ty_device device);

/* ---- Indexing ------------------------------------------------------------------------------- */
/* Advanced indexing as in PyTorch: indices[d] is an integer or bool tensor, or NULL for "all of this dimension". */
ty_tensor *ty_index(ty_tensor *x, int count, ty_tensor *const *indices);
ty_tensor *ty_index_put_(ty_tensor *x, int count, ty_tensor *const *indices, ty_tensor *values, bool accumulate);
ty_tensor *ty_index_select(ty_tensor *x, int dim, ty_tensor *index);
ty_tensor *ty_gather(ty_tensor *x, int dim, ty_tensor *index);
ty_tensor *ty_scatter(ty_tensor *x, int dim, ty_tensor *index, ty_tensor *source);
ty_tensor *ty_scatter_add(ty_tensor *x, int dim, ty_tensor *index, ty_tensor *source);
ty_tensor *ty_scatter_(ty_tensor *x, int dim, ty_tensor *index, ty_tensor *source);
ty_tensor *ty_scatter_add_(ty_tensor *x, int dim, ty_tensor *index, ty_tensor *source);
ty_tensor *ty_masked_fill(ty_tensor *x, ty_tensor *mask, ty_tensor *value);
ty_tensor *ty_masked_fill_(ty_tensor *x, ty_tensor *mask, ty_tensor *value);
ty_tensor *ty_masked_select(ty_tensor *x, ty_tensor *mask);
ty_tensor *ty_masked_scatter(ty_tensor *x, ty_tensor *mask, ty_tensor *source);
ty_tensor *ty_index_add(ty_tensor *x, int dim, ty_tensor *index, ty_tensor *source, ty_scalar alpha);
ty_tensor *ty_index_copy(ty_tensor *x, int dim, ty_tensor *index, ty_tensor *source);
ty_tensor *ty_index_fill(ty_tensor *x, int dim, ty_tensor *index, ty_tensor *value);
typedef enum { TY_SCATTER_SUM, TY_SCATTER_PROD, TY_SCATTER_MEAN, TY_SCATTER_AMAX, TY_SCATTER_AMIN } ty_scatter_how;
ty_tensor *ty_scatter_reduce(ty_tensor *x, int dim, ty_tensor *index, ty_tensor *source, ty_scatter_how how, bool self);
ty_tensor *ty_index_reduce(ty_tensor *x, int dim, ty_tensor *index, ty_tensor *source, ty_scatter_how how, bool self);
ty_tensor *ty_put(ty_tensor *x, ty_tensor *index, ty_tensor *source, bool accumulate);
ty_tensor *ty_take_along_dim(ty_tensor *x, ty_tensor *index, const int *dim);
ty_tensor *ty_select_scatter(ty_tensor *x, ty_tensor *source, int dim, int64_t index);
ty_tensor *ty_slice_scatter(ty_tensor *x, ty_tensor *source, int dim, int64_t start, int64_t end, int64_t step);
ty_tensor *ty_diagonal_scatter(ty_tensor *x, ty_tensor *source, int64_t offset, int dim1, int dim2);
ty_tensor *ty_nonzero(ty_tensor *x);
ty_tensor *ty_one_hot(ty_tensor *x, int64_t classes); /* classes -1: largest + 1 */
/* Rows `index` of x, converted to float32 and mapped to value * scale + shift in the same pass: how batches are made of
 * uint8 images. x {N, d...} of any dtype, index int64 {B}: {B, d...}. */
ty_tensor *ty_gather_rows(ty_tensor *x, ty_tensor *index, double scale, double shift);
/* Indices that count from 1 (of any integer dtype) as int64 that count from 0: positive ones less 1, negative ones
 * unchanged, 0 as *zero (NULL: fails). For faces, as Lua's, that count from 1; there a class 0 is TY_NO_CLASS. */
#define TY_NO_CLASS INT64_MIN
ty_tensor *ty_index_from_one(ty_tensor *index, const int64_t *zero);
