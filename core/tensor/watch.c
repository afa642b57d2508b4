/*
 * The watcher of a thread, and the refusals that need no capture to be known.
 */
#include "tensor/watch.h"

#include "tensor/tensor.h"

_Thread_local tyi_watcher *tyi_watching;

bool ty_capture_active(void)
{
    return tyi_watching != NULL;
}

ty_status ty_capture_refuse(const char *what, const char *cure)
{
    if (!tyi_watching)
        return TY_OK;
    return ty_fail(TY_ERROR_VALUE,
                   "%s: it cannot be part of a captured step, as a replay runs the recorded kernels "
                   "alone; %s",
                   what, cure);
}

ty_status tyi_host_read(const char *name, const ty_tensor *x)
{
    if (!tyi_watching || x->numel == 0 || tyi_watching->is_known(tyi_watching, x))
        return TY_OK;
    return ty_fail(TY_ERROR_VALUE,
                   "%s: reads the numbers of a tensor inside a captured step, where a replay could not read them anew; "
                   "return the tensor from the step and look at it outside (or do not capture this step)",
                   name);
}
