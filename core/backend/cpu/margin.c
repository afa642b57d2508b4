/*
 * Margins between the classes that a list names and all others (multilabel_margin_loss): each row's loss and slopes in
 * one walk over the pairs. Lists have been checked.
 */
#include <stdlib.h>

#include "backend/cpu/cpu.h"
#include "tensor/interrupt.h"

/* One row; `there` {classes} is room for marks. NaN scores give no margin. */
#define MARGINS(E, T)                                                                                                  \
    static T margins_##E(const T *x, const int64_t *target, int64_t classes, T *slope, bool *there)                    \
    {                                                                                                                  \
        T sum = 0, share = (T)1 / (T)classes;                                                                          \
        memset(there, 0, (size_t)classes * sizeof *there);                                                             \
        memset(slope, 0, (size_t)classes * sizeof *slope);                                                             \
        for (int64_t k = 0; k < classes && target[k] >= 0; k++)                                                        \
            there[target[k]] = true;                                                                                   \
        for (int64_t k = 0; k < classes && target[k] >= 0; k++)                                                        \
            for (int64_t j = 0; j < classes; j++) {                                                                    \
                T z = 1 - x[target[k]] + x[j];                                                                         \
                if (there[j] || !(z > 0))                                                                              \
                    continue;                                                                                          \
                sum += z;                                                                                              \
                slope[target[k]] -= share;                                                                             \
                slope[j] += share;                                                                                     \
            }                                                                                                          \
        return sum / (T)classes;                                                                                       \
    }
MARGINS(FLOAT32, float)
MARGINS(FLOAT64, double)

ty_status tyi_cpu_label_margins(const tyi_margin_args *a)
{
    ty_status status = TY_OK;
    bool *there = malloc((size_t)a->classes * sizeof *there);
    if (!there)
        return tyi_fail_memory((size_t)a->classes * sizeof *there);
    for (int64_t r = 0; r < a->rows && status == TY_OK; r++) {
        int64_t at = r * a->classes;
        if (a->dtype == TY_FLOAT32)
            ((float *)a->loss)[r] =
                margins_FLOAT32((const float *)a->x + at, a->target + at, a->classes, (float *)a->slope + at, there);
        else
            ((double *)a->loss)[r] =
                margins_FLOAT64((const double *)a->x + at, a->target + at, a->classes, (double *)a->slope + at, there);
        if (tyi_interrupted())
            status = ty_fail(TY_ERROR_INTERRUPT, "interrupted");
    }
    free(there);
    return status;
}
