/*
 * The choice of instruction set: what the processor has, lowered by TYCHO_ISA. Relies on the compiler's own detection,
 * which also asks whether the operating system saves the wide registers.
 */
#include "backend/cpu/isa.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static int supported(void)
{
#if defined(__x86_64__)
    __builtin_cpu_init();
    /* Named one by one, because not every compiler knows the level names; the rest of a level (F16C, MOVBE, LZCNT, ...)
     * is on every processor that has these. */
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") || !__builtin_cpu_supports("bmi") ||
        !__builtin_cpu_supports("bmi2"))
        return 0;
    if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") ||
        !__builtin_cpu_supports("avx512cd") || !__builtin_cpu_supports("avx512dq") ||
        !__builtin_cpu_supports("avx512vl"))
        return 1;
    return 2;
#else
    return 0;
#endif
}

static int choose(void)
{
    static const char *const names[] = {"v2", "v3", "v4"};
    int best = supported();
    const char *wanted = getenv("TYCHO_ISA");
    if (!wanted)
        return best;
    if (!strcmp(wanted, "base"))
        return 0;
    for (int i = 0; i < best; i++)
        if (!strcmp(wanted, names[i]))
            return i;
    return best;
}

int tyi_cpu_isa(void)
{
    static atomic_int chosen; /* choice + 1; 0 until the first call; every thread would compute the same */
    int isa = atomic_load_explicit(&chosen, memory_order_relaxed);
    if (!isa) {
        isa = choose() + 1;
        atomic_store_explicit(&chosen, isa, memory_order_relaxed);
    }
    return isa - 1;
}
