/*
 * The inner loops of pooling and resampling, compiled once per instruction set: what pooling.c calls. Each runs over
 * some of the planes, or rows, on one thread.
 */
#ifndef TYI_CPU_POOLING_H
#define TYI_CPU_POOLING_H

#include "backend/cpu/cpu.h"
#include "backend/cpu/isa.h"

typedef struct tyi_pooling_loops {
    void (*pool[4])(const tyi_pool_args *a, int64_t begin, int64_t end);         /* by part; planes [begin, end) */
    void (*resample[2])(const tyi_resample_args *a, int64_t begin, int64_t end); /* by back; outer [begin, end) */
} tyi_pooling_loops;
typedef tyi_pooling_loops tyi_pooling_table[TY_DTYPE_COUNT]; /* float32 and float64 only */
TYI_ISA_DECLARE(extern const tyi_pooling_table, tyi_poolings, );

#endif
