/*
 * The interrupt flag: what Ctrl-C sets and long loops poll. Setting and taking back are public (ty_interrupt() and
 * ty_interrupt_clear() in tycho.h); reading is for the library's loops. It knows nothing of who sets it or why.
 */
#ifndef TYI_INTERRUPT_H
#define TYI_INTERRUPT_H

#include <stdatomic.h>
#include <stdbool.h>

#include "tycho.h"

/* The process-wide flag; written only by interrupt.c. */
extern atomic_int tyi_interrupt_flag;

/* True from ty_interrupt() until ty_interrupt_clear(). One plain load: cheap enough for inner loops. */
static inline bool tyi_interrupted(void)
{
    return atomic_load_explicit(&tyi_interrupt_flag, memory_order_relaxed) != 0;
}

#endif
