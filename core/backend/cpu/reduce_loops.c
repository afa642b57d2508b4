/*
 * The inner loops of the reductions for every dtype; compiled once per instruction set. The loops are in
 * reduce_dtype.h; here they are made for each dtype and put into the table that reduce.c looks them up in.
 */
#include "backend/cpu/loops.h"

#include <math.h>

#pragma GCC diagnostic ignored "-Wtype-limits"
#pragma GCC diagnostic ignored "-Wtautological-compare"
#if !defined(__clang__)
#pragma GCC diagnostic ignored "-Wbool-compare"
#pragma GCC diagnostic ignored "-Wint-in-bool-context"
#endif

#define ROW_BLOCK   4096 /* elements of a row that are added up in their own dtype */
#define COLUMN_ROWS 128  /* and rows of columns */
#define COLUMN_TILE 256
#define PLACE_BLOCK 256 /* elements scanned for their extreme at a time */

#define TERM_SUM(a, s)     (a)
#define TERM_SQUARES(a, s) (((a) - (s)) * ((a) - (s)))

#define NOT_A_NUMBER 0
#define T            bool
#define S            bool
#define E            BOOL
#define FLOATING     0
#include "backend/cpu/reduce_dtype.h"
#define T        uint8_t
#define S        uint8_t
#define E        UINT8
#define FLOATING 0
#include "backend/cpu/reduce_dtype.h"
#define T        int8_t
#define S        int8_t
#define E        INT8
#define FLOATING 0
#include "backend/cpu/reduce_dtype.h"
#define T        int16_t
#define S        int16_t
#define E        INT16
#define FLOATING 0
#include "backend/cpu/reduce_dtype.h"
#define T        int32_t
#define S        int32_t
#define E        INT32
#define FLOATING 0
#include "backend/cpu/reduce_dtype.h"
#define T        int64_t
#define S        int64_t
#define E        INT64
#define FLOATING 0
#include "backend/cpu/reduce_dtype.h"
#undef NOT_A_NUMBER
#define NOT_A_NUMBER NAN
#define T            float
#define S            double
#define E            FLOAT32
#define FLOATING     1
#include "backend/cpu/reduce_dtype.h"
#define T        double
#define S        double
#define E        FLOAT64
#define FLOATING 1
#include "backend/cpu/reduce_dtype.h"

/* A reducer from functions of several names: sums of squares end like sums, minima like maxima. */
#define REDUCER(E, size, loops, merge, end)                                                                            \
    [TY_##E] = {size, loops##_rows_##E, loops##_columns_##E, merge##_combine_##E, end##_finish_##E}
#define DTYPES(ROW)                                                                                                    \
    ROW(BOOL, bool), ROW(UINT8, uint8_t), ROW(INT8, int8_t), ROW(INT16, int16_t), ROW(INT32, int32_t),                 \
        ROW(INT64, int64_t), ROW(FLOAT32, float), ROW(FLOAT64, double)
/* Sums and products of floats are kept in double. */
#define WIDE(E, T) (TY_##E == TY_FLOAT32 ? sizeof(double) : sizeof(T))

#define SUM(E, T)    REDUCER(E, WIDE(E, T), sum, sum, sum)
#define PROD(E, T)   REDUCER(E, WIDE(E, T), prod, prod, sum)
#define MAX(E, T)    REDUCER(E, sizeof(T), max, max, max)
#define MIN(E, T)    REDUCER(E, sizeof(T), min, min, max)
#define ALL(E, T)    REDUCER(E, sizeof(bool), all, all, any)
#define ANY(E, T)    REDUCER(E, sizeof(bool), any, any, any)
#define ARGMAX(E, T) REDUCER(E, sizeof(place_##E), argmax, argmax, argmax)
#define ARGMIN(E, T) REDUCER(E, sizeof(place_##E), argmin, argmin, argmax)

const tyi_reduce_loops TYI_ISA_NAME(tyi_reduces) = {
    .reducers =
        {
            [TYI_REDUCE_SUM] = {DTYPES(SUM)},
            [TYI_REDUCE_PROD] = {DTYPES(PROD)},
            [TYI_REDUCE_MAX] = {DTYPES(MAX)},
            [TYI_REDUCE_MIN] = {DTYPES(MIN)},
            [TYI_REDUCE_ALL] = {DTYPES(ALL)},
            [TYI_REDUCE_ANY] = {DTYPES(ANY)},
            [TYI_REDUCE_SUM_SQUARES] = {REDUCER(FLOAT32, sizeof(double), sum_squares, sum, sum),
                                        REDUCER(FLOAT64, sizeof(double), sum_squares, sum, sum)},
            [TYI_REDUCE_ARGMAX] = {DTYPES(ARGMAX)},
            [TYI_REDUCE_ARGMIN] = {DTYPES(ARGMIN)},
        },
};
