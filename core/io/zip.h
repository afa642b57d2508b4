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

/* Sets the error from libzip's: "WHO: PATH: NAME: what"; `name` is an entry's, or NULL. */
ty_status tyi_zip_fail(const char *who, const char *path, const char *name, zip_error_t *error);

#endif
