/*
 * SHA-256 by OpenSSL's libcrypto, opened when it is first needed. Knows no files.
 */
#ifndef TYI_SHA256_H
#define TYI_SHA256_H

#include "tycho.h"

typedef struct tyi_sha256 {
    void *context; /* an EVP_MD_CTX */
} tyi_sha256;

/* `who` begins the message of a failure. */
ty_status tyi_sha256_begin(tyi_sha256 *h, const char *who);
ty_status tyi_sha256_add(tyi_sha256 *h, const void *data, size_t bytes);
/* The digest in lower-case hexadecimal. */
ty_status tyi_sha256_hex(tyi_sha256 *h, char hex[TY_SHA256_HEX]);
/* To be called after each begin that succeeded. */
void tyi_sha256_end(tyi_sha256 *h);

#endif
