/*
 * Bytes of files: their order, and how they are shown in messages. Uses nothing of the library.
 */
#ifndef TYI_BYTES_H
#define TYI_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Text of a file for a message: printable, short; several calls may stand in one. */
typedef struct tyi_quote {
    char s[100];
} tyi_quote;
tyi_quote tyi_quote_bytes(const char *bytes, size_t length);

/* Reverses the bytes of each of `count` elements of `size` bytes. */
void tyi_swap_bytes(void *data, size_t count, size_t size);

/* A finite or infinite number with the fewest digits (15 to 17) that are read back as the same double; with `single`,
 * as the same float (6 to 9); ".0" is added where it would look like an integer. The decimal point is the current
 * locale's. */
#define TYI_NUMBER_TEXT 40
void tyi_number_text(char *text, double value, bool single);

/* The checksum of zip archives (CRC-32), continued over further bytes; it begins with 0. */
uint32_t tyi_crc32(uint32_t checksum, const void *bytes, size_t length);

bool tyi_is_utf8(const char *string, size_t length);

#endif
