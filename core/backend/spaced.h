/*
 * Evenly spaced numbers between two ends (torch.linspace), one source for all devices: from both ends towards the
 * middle, as PyTorch computes them, so that the last is exactly the end. float32 (and what is rounded from it) with one
 * rounding to an element; all other dtypes in float64.
 */
#ifndef TYI_SPACED_H
#define TYI_SPACED_H

#include <stdbool.h>
#include <stdint.h>

#include "backend/special.h"

TYI_FUNCTION float tyi_spaced_f32(int64_t i, int64_t n, double start, double end)
{
    float step = n > 1 ? ((float)end - (float)start) / (float)(n - 1) : 0;
    bool front = i < n / 2 || n == 1;
    return front ? fmaf(step, (float)i, (float)start) : fmaf(-step, (float)(n - 1 - i), (float)end);
}

/* A GPU rounds the product before it adds, as the CPU does. */
#ifdef __CUDACC__
#define TYI_PRODUCT(a, b) __dmul_rn(a, b)
#else
#define TYI_PRODUCT(a, b) ((a) * (b))
#endif
TYI_FUNCTION double tyi_spaced_f64(int64_t i, int64_t n, double start, double end)
{
    double step = n > 1 ? (end - start) / (double)(n - 1) : 0;
    bool front = i < n / 2 || n == 1;
    return front ? start + TYI_PRODUCT(step, (double)i) : end - TYI_PRODUCT(step, (double)(n - 1 - i));
}
#undef TYI_PRODUCT

#endif
