/*
 * Fetching files over the network, with a checksum, and the checksum alone. libcurl and OpenSSL's libcrypto are opened
 * when they are first needed, so that programs that fetch nothing do not depend on them.
 */
#ifndef TY_DOWNLOAD_H
#define TY_DOWNLOAD_H

#include "tycho.h"

#define TY_SHA256_HEX 65 /* bytes of a SHA-256 in hexadecimal, with the final 0 */

/* Told now and then during a download: bytes received so far and in all (0: not known). Returning true stops it. */
typedef bool (*ty_progress)(void *context, uint64_t received, uint64_t total);

/* URLs that ty_download() takes besides https:. */
enum {
    TY_DOWNLOAD_HTTP = 1, /* http: */
    TY_DOWNLOAD_FILE = 2, /* file: */
};

/* Fetches a URL into the file `path`, which is replaced atomically, and only when the SHA-256 of the received bytes is
 * `sha256_hex` (64 hexadecimal digits; NULL: anything is taken). Redirects are followed. `flags` 0 allows https alone;
 * `progress` may be NULL. Fails with TY_ERROR_IO (no network, an HTTP error, a wrong checksum, a full disk), or with
 * TY_ERROR_INTERRUPT when progress or ty_interrupt() stops it; the file is then as it was. */
ty_status ty_download(const char *url, const char *path, const char *sha256_hex, int flags, ty_progress progress,
                      void *context);

/* The SHA-256 of a file, in lower-case hexadecimal. */
ty_status ty_sha256_file(const char *path, char hex[TY_SHA256_HEX]);

#endif
