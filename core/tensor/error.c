/*
 * The error of each thread: one message, one kind.
 */
#include "tensor/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define MESSAGE_BYTES 4096

static _Thread_local char message[MESSAGE_BYTES];
static _Thread_local ty_error_kind message_kind;
static _Thread_local int index_base;

const char *ty_error(void)
{
    return message;
}

ty_error_kind ty_error_what(void)
{
    return message_kind;
}

ty_status ty_fail(ty_error_kind kind, const char *format, ...)
{
    /* Through a second buffer, because an argument may be the old message. */
    char text[MESSAGE_BYTES];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    memcpy(message, text, sizeof text);
    message_kind = kind;
    return TY_FAIL;
}

void ty_set_index_base(int base)
{
    index_base = base;
}

long long tyi_said(int64_t index)
{
    return index >= 0 ? index + index_base : index;
}

ty_status tyi_fail_memory(size_t bytes)
{
    static const char *const units[] = {"bytes", "KB", "MB", "GB", "TB", "PB", "EB"};
    double amount = (double)bytes;
    int unit = 0;
    while (amount >= 1024 && unit < 6)
        amount /= 1024, unit++;
    return ty_fail(TY_ERROR_MEMORY, "out of memory: %.*f %s (%zu bytes) could not be allocated", unit ? 1 : 0, amount,
                   units[unit], bytes);
}
