/*
 * The interrupt flag, one per process. An atomic int is lock-free wherever Tycho builds, which makes setting it safe in
 * a signal handler.
 */
#include "tensor/interrupt.h"

atomic_int tyi_interrupt_flag;

_Static_assert(ATOMIC_INT_LOCK_FREE == 2, "a signal handler may only touch lock-free atomics");

void ty_interrupt(void)
{
    atomic_store_explicit(&tyi_interrupt_flag, 1, memory_order_relaxed);
}

void ty_interrupt_clear(void)
{
    atomic_store_explicit(&tyi_interrupt_flag, 0, memory_order_relaxed);
}
