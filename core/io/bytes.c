/*
 * The byte helpers that the file formats share.
 */
#include "io/bytes.h"

#include <string.h>

tyi_quote tyi_quote_bytes(const char *bytes, size_t length)
{
    tyi_quote quote;
    size_t shown = length < sizeof quote.s - 4 ? length : sizeof quote.s - 4;
    for (size_t i = 0; i < shown; i++)
        quote.s[i] = bytes[i] >= 0x20 && bytes[i] < 0x7f ? bytes[i] : '?';
    strcpy(quote.s + shown, shown < length ? "..." : "");
    return quote;
}

void tyi_swap_bytes(void *data, size_t count, size_t size)
{
    unsigned char *at = data;
    for (size_t i = 0; i < count; i++, at += size)
        for (size_t low = 0, high = size - 1; low < high; low++, high--) {
            unsigned char c = at[low];
            at[low] = at[high];
            at[high] = c;
        }
}
