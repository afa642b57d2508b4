// The host's LAPACK, for what the emulation has of cuSOLVER and of cuBLAS's factorisations: opened when first needed,
// from the same libraries as Tycho's CPU backend opens.
#ifndef EMULATION_LAPACK_H
#define EMULATION_LAPACK_H

#include <stddef.h>

namespace emulated
{
template <typename T> struct Lapack {
    void (*getrf)(const int *m, const int *n, T *a, const int *lda, int *pivots, int *info);
    void (*getrs)(const char *trans, const int *n, const int *k, const T *a, const int *lda, const int *pivots, T *b,
                  const int *ldb, int *info, size_t);
    void (*potrf)(const char *triangle, const int *n, T *a, const int *lda, int *info, size_t);
    void (*geqrf)(const int *m, const int *n, T *a, const int *lda, T *tau, T *work, const int *elements, int *info);
    void (*orgqr)(const int *m, const int *n, const int *k, T *a, const int *lda, const T *tau, T *work,
                  const int *elements, int *info);
    void (*ormqr)(const char *side, const char *trans, const int *m, const int *n, const int *k, const T *a,
                  const int *lda, const T *tau, T *c, const int *ldc, T *work, const int *elements, int *info, size_t,
                  size_t);
    void (*syev)(const char *job, const char *triangle, const int *n, T *a, const int *lda, T *values, T *work,
                 const int *elements, int *info, size_t, size_t);
    void (*geev)(const char *left, const char *right, const int *n, T *a, const int *lda, T *real, T *imaginary, T *vl,
                 const int *ldvl, T *vr, const int *ldvr, T *work, const int *elements, int *info, size_t, size_t);
    void (*gesvd)(const char *job_u, const char *job_vt, const int *m, const int *n, T *a, const int *lda, T *values,
                  T *u, const int *ldu, T *vt, const int *ldvt, T *work, const int *elements, int *info, size_t,
                  size_t);
};

// NULL where there is none.
template <typename T> const Lapack<T> *lapack();
} // namespace emulated

#endif
