/*
 * Places drawn by weights, with replacement: the values of PyTorch's CPU generator, one uniform for each. (Without
 * replacement the op composes it of other kernels.)
 */
#include <stdlib.h>

#include "backend/cpu/cpu.h"
#include "tensor/interrupt.h"
#include "tensor/random.h"

/* The shares of the first categories, up to each; summed in the weights' dtype, at least float32. */
static void cumulate(ty_dtype dtype, const char *weights, int64_t n, double *cumulative)
{
    ty_dtype wide = tyi_wide_of(dtype);
    double sum = 0;
    for (int64_t i = 0; i < n; i++) {
        sum = tyi_rounded(wide, sum + tyi_load_scalar(weights + (size_t)i * tyi_dtype_size(dtype), dtype).f);
        cumulative[i] = sum;
    }
    for (int64_t i = 0; i < n; i++)
        cumulative[i] = tyi_rounded(wide, cumulative[i] / sum);
}

static int64_t place_of(const double *cumulative, int64_t n, double u)
{
    int64_t low = 0, high = n;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (cumulative[middle] < u)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

ty_status tyi_cpu_multinomial(ty_generator *g, ty_dtype dtype, const void *weights, int64_t rows, int64_t n,
                              int64_t samples, int64_t *out)
{
    ty_status status = TY_OK;
    double *cumulative = malloc((size_t)n * sizeof *cumulative);
    if (!cumulative)
        return tyi_fail_memory((size_t)n * sizeof *cumulative);
    g = tyi_generator_lock(g);
    for (int64_t row = 0; row < rows && status == TY_OK; row++) {
        cumulate(dtype, (const char *)weights + (size_t)(row * n) * tyi_dtype_size(dtype), n, cumulative);
        for (int64_t k = 0; k < samples && status == TY_OK; k++) {
            if (k % 4096 == 0 && tyi_interrupted())
                status = ty_fail(TY_ERROR_INTERRUPT, "multinomial: interrupted");
            else
                out[row * samples + k] = place_of(cumulative, n, tyi_mt_uniform(g));
        }
    }
    tyi_generator_unlock(g);
    free(cumulative);
    return status;
}
