/*
 * Numbers of the Poisson distribution by transformed rejection (W. Hoermann: The transformed rejection method for
 * generating Poisson random variables, 1993; its PTRS), for rates of 10 and more: one source for all devices, which
 * bring the uniforms.
 */
#ifndef TYI_POISSON_H
#define TYI_POISSON_H

#include <stdbool.h>

#include "backend/special.h"

/* What does not change from try to try. */
typedef struct tyi_poisson {
    double rate, log_rate, a, b, inverse_alpha, v_r;
} tyi_poisson;

TYI_FUNCTION tyi_poisson tyi_poisson_of(double rate)
{
    double root = sqrt(rate), b = 0.931 + 2.53 * root, a = -0.059 + 0.02483 * b;
    tyi_poisson p = {rate, log(rate), a, b, 1.1239 + 1.1328 / (b - 3.4), 0.9277 - 3.6224 / (b - 2)};
    return p;
}

/* One try with two uniforms between 0 and 1: whether it gives a number, and which. */
TYI_FUNCTION bool tyi_poisson_try(const tyi_poisson *p, double first, double v, double *number)
{
    double u = first - 0.5, us = 0.5 - fabs(u), k = floor((2 * p->a / us + p->b) * u + p->rate + 0.43);
    *number = k;
    if (us >= 0.07 && v <= p->v_r)
        return true;
    if (k < 0 || (us < 0.013 && v > us))
        return false;
    return log(v) + log(p->inverse_alpha) - log(p->a / (us * us) + p->b) <=
           -p->rate + k * p->log_rate - tyi_lgamma_f64(k + 1);
}

#endif
