/*
 * Rows of the binding table: padding, resampling, and images taken apart and put together.
 */
#include "window.h"

const tyb_row tyb_rows_resample[] = {
    {0},
};
