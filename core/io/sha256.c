/*
 * The few functions of libcrypto that a SHA-256 takes, looked up once per process. OpenSSL's digests use the
 * processor's own instructions, which a data set of some hundred megabytes is worth.
 */
#include "io/sha256.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tensor/error.h"
#include "tensor/interrupt.h"

/* libcrypto, opened once per process and never closed; `ready` says whether all of it was found. */
static struct {
    void *(*context_new)(void);
    void (*context_free)(void *);
    const void *(*sha256)(void);
    int (*init)(void *context, const void *digest, void *engine);
    int (*update)(void *context, const void *data, size_t bytes);
    int (*final)(void *context, unsigned char *digest, unsigned *bytes);
    bool ready;
} crypto;
static pthread_once_t crypto_once = PTHREAD_ONCE_INIT;

static void open_crypto(void)
{
    static const char *const names[] = {"libcrypto.so.3", "libcrypto.so.1.1", "libcrypto.so"};
    void *library = NULL;
    for (size_t i = 0; !library && i < sizeof names / sizeof *names; i++)
        library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    if (!library)
        return;
    struct {
        const char *name;
        void *function;
    } const functions[] = {
        {"EVP_MD_CTX_new", &crypto.context_new}, {"EVP_MD_CTX_free", &crypto.context_free},
        {"EVP_sha256", &crypto.sha256},          {"EVP_DigestInit_ex", &crypto.init},
        {"EVP_DigestUpdate", &crypto.update},    {"EVP_DigestFinal_ex", &crypto.final},
    };
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        void *symbol = dlsym(library, functions[i].name);
        if (!symbol)
            return;
        memcpy(functions[i].function, &symbol, sizeof symbol);
    }
    crypto.ready = true;
}

ty_status tyi_sha256_begin(tyi_sha256 *h, const char *who)
{
    pthread_once(&crypto_once, open_crypto);
    if (!crypto.ready)
        return ty_fail(
            TY_ERROR_IO,
            "%s: checksums need OpenSSL's libcrypto, which is not installed; install it (Debian: apt install "
            "libssl3)",
            who);
    h->context = crypto.context_new();
    if (!h->context)
        return tyi_fail_memory(1024);
    if (crypto.init(h->context, crypto.sha256(), NULL) == 1)
        return TY_OK;
    tyi_sha256_end(h);
    return ty_fail(TY_ERROR_IO, "%s: OpenSSL refuses to compute a SHA-256", who);
}

ty_status tyi_sha256_add(tyi_sha256 *h, const void *data, size_t bytes)
{
    return crypto.update(h->context, data, bytes) == 1 ? TY_OK : ty_fail(TY_ERROR_IO, "sha256: OpenSSL failed");
}

ty_status tyi_sha256_hex(tyi_sha256 *h, char hex[TY_SHA256_HEX])
{
    unsigned char digest[64];
    unsigned bytes = 0;
    if (crypto.final(h->context, digest, &bytes) != 1 || bytes != 32)
        return ty_fail(TY_ERROR_IO, "sha256: OpenSSL failed");
    for (unsigned i = 0; i < bytes; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    return TY_OK;
}

void tyi_sha256_end(tyi_sha256 *h)
{
    crypto.context_free(h->context);
    h->context = NULL;
}

ty_status ty_sha256_file(const char *path, char hex[TY_SHA256_HEX])
{
    tyi_sha256 h;
    if (!path || !*path)
        return ty_fail(TY_ERROR_IO, "sha256: the path is empty");
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return ty_fail(TY_ERROR_IO, "sha256: %.400s: %s", path, strerror(errno));
    if (tyi_sha256_begin(&h, "sha256") != TY_OK) {
        close(file);
        return TY_FAIL;
    }
    ty_status status = TY_OK;
    char buffer[65536];
    while (status == TY_OK) {
        ssize_t n = read(file, buffer, sizeof buffer);
        if (tyi_interrupted())
            status = ty_fail(TY_ERROR_INTERRUPT, "sha256: %.400s: interrupted", path);
        else if (n < 0 && errno != EINTR)
            status = ty_fail(TY_ERROR_IO, "sha256: %.400s: %s", path, strerror(errno));
        else if (n > 0)
            status = tyi_sha256_add(&h, buffer, (size_t)n);
        else if (n == 0)
            break;
    }
    if (status == TY_OK)
        status = tyi_sha256_hex(&h, hex);
    tyi_sha256_end(&h);
    close(file);
    return status;
}
