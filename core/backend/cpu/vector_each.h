/*
 * Kernels of vectors for float and for double: includes the template that TEMPLATE names for each of them, with SCALAR,
 * ISCALAR (the integer of its size), NAME(x), IS_DOUBLE and LANES defined. A kernel file includes it once, after
 * vector.h.
 */
#define SCALAR    float
#define ISCALAR   int32_t
#define NAME(x)   x##_f32
#define IS_DOUBLE 0
#define LANES     (TYI_VECTOR_BYTES / 4)
#include TEMPLATE
#undef SCALAR
#undef ISCALAR
#undef NAME
#undef IS_DOUBLE
#undef LANES
#undef VEC
#undef INDEX
#undef MASK
#undef TRANSPOSE_STEP

#define SCALAR    double
#define ISCALAR   int64_t
#define NAME(x)   x##_f64
#define IS_DOUBLE 1
#define LANES     (TYI_VECTOR_BYTES / 8)
#include TEMPLATE
