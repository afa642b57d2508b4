/*
 * Zip archives by libzip, for the formats that are such archives. Knows nothing of what they hold.
 */
#ifndef TYI_ZIP_H
#define TYI_ZIP_H

#include <zip.h>

#include "tycho.h"

/* Writes an archive: `add` puts its entries in, and on failure leaves libzip's error in the archive. The target is
 * replaced as a whole or not at all. */
ty_status tyi_zip_write(const char *who, const char *path, ty_status (*add)(zip_t *zip, void *context), void *context);

/* Opens an archive; takes the descriptor over, also on failure. Ended by zip_discard(). */
zip_t *tyi_zip_open(const char *who, const char *path, int file);

/* Where the local header of each entry begins, in the order of libzip's indices: `count` of them, from the directory of
 * a file of that length. libzip does not tell, and reads what is stored uncompressed slower than the file can be read.
 * The caller frees the array; NULL after setting the error. */
uint64_t *tyi_zip_headers(const char *who, const char *path, int file, uint64_t length, uint64_t count);

/* Where the bytes of an entry begin, from its local header; false when there is no such header. They may end beyond the
 * file. */
bool tyi_zip_data(int file, uint64_t header, uint64_t *begin);

/* Sets the error from libzip's: "WHO: PATH: NAME: what"; `name` is an entry's, or NULL. */
ty_status tyi_zip_fail(const char *who, const char *path, const char *name, zip_error_t *error);

#endif
