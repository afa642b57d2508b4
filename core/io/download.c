/*
 * Downloads by libcurl, which is opened when the first one is asked for. Bytes go into an atomic file and through
 * SHA-256 as they come; the file takes its name only when the whole of it was right.
 */
#include "tycho.h"

#include <curl/curl.h>
#include <ctype.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "io/atomic.h"
#include "io/sha256.h"
#include "tensor/interrupt.h"

/* libcurl, opened and initialised once per process and never closed; `ready` says whether all of it was found. */
static struct {
    CURL *(*easy_init)(void);
    void (*easy_cleanup)(CURL *);
    CURLcode (*setopt)(CURL *, CURLoption, ...);
    CURLcode (*getinfo)(CURL *, CURLINFO, ...);
    CURLcode (*perform)(CURL *);
    const char *(*strerror)(CURLcode);
    bool ready;
} curl;
static pthread_once_t curl_once = PTHREAD_ONCE_INIT;

static void open_curl(void)
{
    static const char *const names[] = {"libcurl.so.4", "libcurl-gnutls.so.4", "libcurl-nss.so.4", "libcurl.so"};
    void *library = NULL;
    for (size_t i = 0; !library && i < sizeof names / sizeof *names; i++)
        library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    if (!library)
        return;
    CURLcode (*global_init)(long) = NULL;
    struct {
        const char *name;
        void *function;
    } const functions[] = {
        {"curl_global_init", &global_init},     {"curl_easy_init", &curl.easy_init},
        {"curl_easy_setopt", &curl.setopt},     {"curl_easy_cleanup", &curl.easy_cleanup},
        {"curl_easy_perform", &curl.perform},   {"curl_easy_getinfo", &curl.getinfo},
        {"curl_easy_strerror", &curl.strerror},
    };
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        void *symbol = dlsym(library, functions[i].name);
        if (!symbol)
            return;
        memcpy(functions[i].function, &symbol, sizeof symbol);
    }
    curl.ready = global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
}

typedef struct transfer {
    tyi_atomic file;
    tyi_sha256 hash;
    bool hashed;
    bool failed; /* the library's own error is set */
    ty_progress progress;
    void *context;
} transfer;

static size_t receive(char *data, size_t size, size_t count, void *context)
{
    transfer *t = context;
    size_t bytes = size * count;
    if (tyi_atomic_write(&t->file, data, bytes) == TY_OK &&
        (!t->hashed || tyi_sha256_add(&t->hash, data, bytes) == TY_OK))
        return bytes;
    t->failed = true;
    return bytes ? 0 : 1; /* anything but `bytes` stops it */
}

static int report(void *context, curl_off_t total, curl_off_t received, curl_off_t unused1, curl_off_t unused2)
{
    (void)unused1, (void)unused2;
    transfer *t = context;
    bool stop = tyi_interrupted() || (t->progress && t->progress(t->context, received > 0 ? (uint64_t)received : 0,
                                                                 total > 0 ? (uint64_t)total : 0));
    if (stop && !t->failed) {
        t->failed = true;
        ty_fail(TY_ERROR_INTERRUPT, "download: interrupted; %.400s is unchanged", t->file.path);
    }
    return stop;
}

/* Restricts the protocols, of redirects too. The options by name came with 7.85; before it they were bit masks. */
static bool set_protocols(CURL *easy, int flags)
{
    const CURLoption by_name = (CURLoption)(CURLOPTTYPE_STRINGPOINT + 318),
                     by_mask = (CURLoption)(CURLOPTTYPE_LONG + 181);
    const CURLoption redirect_by_name = (CURLoption)(CURLOPTTYPE_STRINGPOINT + 319),
                     redirect_by_mask = (CURLoption)(CURLOPTTYPE_LONG + 182);
    char names[24];
    snprintf(names, sizeof names, "https%s%s", flags & TY_DOWNLOAD_HTTP ? ",http" : "",
             flags & TY_DOWNLOAD_FILE ? ",file" : "");
    const char *redirects = flags & TY_DOWNLOAD_HTTP ? "https,http" : "https";
    long redirect_mask = flags & TY_DOWNLOAD_HTTP ? CURLPROTO_HTTPS | CURLPROTO_HTTP : CURLPROTO_HTTPS;
    long mask = redirect_mask | (flags & TY_DOWNLOAD_FILE ? CURLPROTO_FILE : 0);
    return (curl.setopt(easy, by_name, names) == CURLE_OK &&
            curl.setopt(easy, redirect_by_name, redirects) == CURLE_OK) ||
           (curl.setopt(easy, by_mask, mask) == CURLE_OK &&
            curl.setopt(easy, redirect_by_mask, redirect_mask) == CURLE_OK);
}

static ty_status check_scheme(const char *url, int flags)
{
    static const struct {
        const char *scheme;
        int flag;
    } schemes[] = {{"https://", 0}, {"http://", TY_DOWNLOAD_HTTP}, {"file://", TY_DOWNLOAD_FILE}};
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        size_t n = 0;
        while (schemes[i].scheme[n] && tolower((unsigned char)url[n]) == schemes[i].scheme[n])
            n++;
        if (!schemes[i].scheme[n] && (flags & schemes[i].flag) == schemes[i].flag)
            return TY_OK;
    }
    return ty_fail(TY_ERROR_VALUE, "download: %.300s: only https URLs are fetched", url);
}

/* The failure in words: what happened, and what to do. */
static ty_status explain(CURL *easy, const char *url, CURLcode code, const char *detail)
{
    long status = 0;
    curl.getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    if (code == CURLE_HTTP_RETURNED_ERROR)
        return ty_fail(TY_ERROR_IO, "download: %.300s: the server answered %ld%s", url, status,
                       status == 404 ? " (not found): the address is wrong or the file was moved" : "");
    const char *cure = "";
    if (code == CURLE_COULDNT_RESOLVE_HOST || code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_PROXY)
        cure = "; is this machine connected to the network? Otherwise fetch the file elsewhere and put it in place";
    else if (code == CURLE_OPERATION_TIMEDOUT || code == CURLE_PARTIAL_FILE || code == CURLE_RECV_ERROR)
        cure = "; try again";
    else if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE)
        cure = "; the server could not be trusted: are the system's certificates (Debian: ca-certificates) and clock "
               "in order?";
    return ty_fail(TY_ERROR_IO, "download: %.300s: %s%s", url, *detail ? detail : curl.strerror(code), cure);
}

static ty_status perform(transfer *t, CURL *easy, const char *url, int flags)
{
    char detail[CURL_ERROR_SIZE] = "";
    bool set = set_protocols(easy, flags) && curl.setopt(easy, CURLOPT_URL, url) == CURLE_OK &&
               curl.setopt(easy, CURLOPT_ERRORBUFFER, detail) == CURLE_OK &&
               curl.setopt(easy, CURLOPT_WRITEFUNCTION, receive) == CURLE_OK &&
               curl.setopt(easy, CURLOPT_WRITEDATA, t) == CURLE_OK &&
               curl.setopt(easy, CURLOPT_XFERINFOFUNCTION, report) == CURLE_OK &&
               curl.setopt(easy, CURLOPT_XFERINFODATA, t) == CURLE_OK &&
               curl.setopt(easy, CURLOPT_NOPROGRESS, 0L) == CURLE_OK &&
               curl.setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
               curl.setopt(easy, CURLOPT_FAILONERROR, 1L) == CURLE_OK &&
               curl.setopt(easy, CURLOPT_FOLLOWLOCATION, 1L) == CURLE_OK &&
               curl.setopt(easy, CURLOPT_MAXREDIRS, 10L) == CURLE_OK &&
               curl.setopt(easy, CURLOPT_USERAGENT, "tycho/" TY_VERSION) == CURLE_OK &&
               curl.setopt(easy, CURLOPT_CONNECTTIMEOUT, 30L) == CURLE_OK &&
               /* A server that says nothing for a minute will not any more. */
               curl.setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L) == CURLE_OK &&
               curl.setopt(easy, CURLOPT_LOW_SPEED_TIME, 60L) == CURLE_OK;
    if (!set)
        return ty_fail(TY_ERROR_IO, "download: this libcurl is too old; 7.32 or newer is needed");
    CURLcode code = curl.perform(easy);
    if (code == CURLE_OK)
        return TY_OK;
    return t->failed ? TY_FAIL : explain(easy, url, code, detail);
}

static ty_status check_hash(transfer *t, const char *url, const char *wanted)
{
    char hex[TY_SHA256_HEX];
    if (!t->hashed)
        return TY_OK;
    if (tyi_sha256_hex(&t->hash, hex) != TY_OK)
        return TY_FAIL;
    for (int i = 0; i < 64; i++)
        if (hex[i] != tolower((unsigned char)wanted[i]))
            return ty_fail(
                TY_ERROR_IO,
                "download: %.300s: its SHA-256 is %s where %.64s is expected: the file was changed or damaged "
                "on the way, and is not kept",
                url, hex, wanted);
    return TY_OK;
}

ty_status ty_download(const char *url, const char *path, const char *sha256_hex, int flags, ty_progress progress,
                      void *context)
{
    if (!url || !path)
        return ty_fail(TY_ERROR_VALUE, "download: a URL and a path are needed");
    if (check_scheme(url, flags) != TY_OK)
        return TY_FAIL;
    if (sha256_hex && (strlen(sha256_hex) != 64 || strspn(sha256_hex, "0123456789abcdefABCDEF") != 64))
        return ty_fail(TY_ERROR_VALUE, "download: a SHA-256 has 64 hexadecimal digits; \"%.80s\" has not", sha256_hex);
    pthread_once(&curl_once, open_curl);
    if (!curl.ready)
        return ty_fail(TY_ERROR_IO,
                       "download: libcurl, which fetches files, is not installed; install it (Debian: apt install "
                       "libcurl4), or fetch %.300s yourself and put it at %.300s",
                       url, path);
    transfer t = {.progress = progress, .context = context, .hashed = sha256_hex != NULL};
    if (t.hashed && tyi_sha256_begin(&t.hash, "download") != TY_OK)
        return TY_FAIL;
    ty_status status = TY_FAIL;
    CURL *easy = curl.easy_init();
    if (!easy) {
        ty_fail(TY_ERROR_MEMORY, "download: libcurl could not be set up");
    } else if (tyi_atomic_begin(&t.file, "download", path) == TY_OK) {
        status = perform(&t, easy, url, flags);
        if (status == TY_OK)
            status = check_hash(&t, url, sha256_hex);
        if (status == TY_OK)
            status = tyi_atomic_commit(&t.file);
        else
            tyi_atomic_abort(&t.file);
    }
    if (easy)
        curl.easy_cleanup(easy);
    if (t.hashed)
        tyi_sha256_end(&t.hash);
    return status;
}
