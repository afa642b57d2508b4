/*
 * What kernels written in the compiler's vectors need whatever their dtype: unrolling, shuffles, and whether loads can
 * be masked. A kernel file includes it once, and vector_template.h for each dtype. The only intrinsics are the masked
 * loads and stores, and those of parts of a register.
 */
#ifndef TYI_VECTOR_H
#define TYI_VECTOR_H

#include <string.h>

#include "backend/cpu/isa.h"

#if defined(__AVX2__)
#include <immintrin.h>
#endif

#define INLINE   static inline __attribute__((always_inline))
#define NOINLINE static __attribute__((noinline))
/* Arrays of vectors become registers only when every loop over them is unrolled. */
#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 64")
#endif

#if defined(__AVX512F__) && TYI_VECTOR_BYTES == 64
#define MASKS 512
#elif defined(__AVX2__) && TYI_VECTOR_BYTES == 32
#define MASKS 256
#else
#define MASKS 0
#endif

/* Lanes of a and b by number, b's counting on from a's. */
#if defined(__clang__)
#define SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define SHUFFLE(a, b, ...) __builtin_shuffle(a, b, (INDEX){__VA_ARGS__})
#endif

/* One step of a transposition of 2, 4, 8 or 16 rows: rows i and i + s exchange their lanes whose number has bit s unset
 * in the one and set in the other. */
#define LOW_2_1   0, 2
#define HIGH_2_1  1, 3
#define LOW_4_1   0, 4, 2, 6
#define HIGH_4_1  1, 5, 3, 7
#define LOW_4_2   0, 1, 4, 5
#define HIGH_4_2  2, 3, 6, 7
#define LOW_8_1   0, 8, 2, 10, 4, 12, 6, 14
#define HIGH_8_1  1, 9, 3, 11, 5, 13, 7, 15
#define LOW_8_2   0, 1, 8, 9, 4, 5, 12, 13
#define HIGH_8_2  2, 3, 10, 11, 6, 7, 14, 15
#define LOW_8_4   0, 1, 2, 3, 8, 9, 10, 11
#define HIGH_8_4  4, 5, 6, 7, 12, 13, 14, 15
#define LOW_16_1  0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30
#define HIGH_16_1 1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31
#define LOW_16_2  0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29
#define HIGH_16_2 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31
#define LOW_16_4  0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27
#define HIGH_16_4 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31
#define LOW_16_8  0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23
#define HIGH_16_8 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31

#endif
