/*
 * The public face of the pool's size.
 */
#include "backend/cpu/pool.h"
#include "tycho.h"

int ty_get_num_threads(void)
{
    return tyi_get_num_threads();
}

ty_status ty_set_num_threads(int count)
{
    if (count < 1 || count > TYI_MAX_THREADS)
        return ty_fail(TY_ERROR_VALUE, "set_num_threads: the number of threads must be from 1 to %d, got %d",
                       TYI_MAX_THREADS, count);
    tyi_set_num_threads(count);
    return TY_OK;
}
