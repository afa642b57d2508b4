/*
 * libzip, as the formats that are zip archives use it: writing through an atomic file, opening, and its failures; and
 * where the entries lie in the file, which libzip keeps to itself (APPNOTE.TXT of PKWARE, 4.3 and 4.5.3).
 */
#include "io/zip.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/atomic.h"
#include "io/bytes.h"
#include "tensor/error.h"

ty_status tyi_zip_fail(const char *who, const char *path, const char *name, zip_error_t *error)
{
    ty_error_kind kind = zip_error_code_zip(error) == ZIP_ER_MEMORY ? TY_ERROR_MEMORY : TY_ERROR_IO;
    const char *cure = "";
    if (kind == TY_ERROR_IO && strncmp(who, "load", 4) == 0)
        cure = "; the file is cut short or damaged: fetch or save it again";
    return ty_fail(kind, "%s: %.400s: %s%s%s%s", who, path, name ? tyi_quote_bytes(name, strlen(name)).s : "",
                   name ? ": " : "", kind == TY_ERROR_MEMORY ? "out of memory" : zip_error_strerror(error), cure);
}

/* What libzip writes through. */
typedef struct sink {
    tyi_atomic file;
    zip_error_t error;
    bool failed; /* the library's own error is set */
} sink;

static zip_int64_t sink_fail(sink *s, int code)
{
    zip_error_set(&s->error, code, errno);
    return -1;
}

/* libzip's custom source over an atomic file: it is only ever written. */
static zip_int64_t sink_callback(void *context, void *data, zip_uint64_t length, zip_source_cmd_t command)
{
    sink *s = context;
    switch (command) {
    case ZIP_SOURCE_SUPPORTS:
        return zip_source_make_command_bitmap(ZIP_SOURCE_OPEN, ZIP_SOURCE_READ, ZIP_SOURCE_CLOSE, ZIP_SOURCE_STAT,
                                              ZIP_SOURCE_ERROR, ZIP_SOURCE_FREE, ZIP_SOURCE_SEEK, ZIP_SOURCE_TELL,
                                              ZIP_SOURCE_BEGIN_WRITE, ZIP_SOURCE_COMMIT_WRITE,
                                              ZIP_SOURCE_ROLLBACK_WRITE, ZIP_SOURCE_WRITE, ZIP_SOURCE_SEEK_WRITE,
                                              ZIP_SOURCE_TELL_WRITE, ZIP_SOURCE_REMOVE, -1);
    case ZIP_SOURCE_STAT: /* no such file yet */
        errno = ENOENT;
        return sink_fail(s, ZIP_ER_READ);
    case ZIP_SOURCE_ERROR:
        return zip_error_to_data(&s->error, data, length);
    case ZIP_SOURCE_BEGIN_WRITE:
    case ZIP_SOURCE_COMMIT_WRITE: /* the caller commits, after libzip is done */
    case ZIP_SOURCE_ROLLBACK_WRITE:
    case ZIP_SOURCE_FREE:
        return 0;
    case ZIP_SOURCE_WRITE:
        if (tyi_atomic_write(&s->file, data, length) != TY_OK) {
            s->failed = true;
            return sink_fail(s, ZIP_ER_WRITE);
        }
        return (zip_int64_t)length;
    case ZIP_SOURCE_SEEK_WRITE: {
        const zip_source_args_seek_t *to = ZIP_SOURCE_GET_ARGS(zip_source_args_seek_t, data, length, &s->error);
        if (!to)
            return -1;
        if (tyi_atomic_seek(&s->file, to->offset, to->whence) < 0) {
            s->failed = true;
            return sink_fail(s, ZIP_ER_SEEK);
        }
        return 0;
    }
    case ZIP_SOURCE_TELL_WRITE: {
        off_t at = tyi_atomic_seek(&s->file, 0, SEEK_CUR);
        s->failed = s->failed || at < 0;
        return at < 0 ? sink_fail(s, ZIP_ER_TELL) : at;
    }
    default:
        errno = ENOTSUP;
        return sink_fail(s, ZIP_ER_OPNOTSUPP);
    }
}

/* Writes the archive into the open temporary file. */
static ty_status write_archive(sink *s, ty_status (*add)(zip_t *zip, void *context), void *context)
{
    zip_error_t error;
    zip_error_init(&error);
    zip_source_t *source = zip_source_function_create(sink_callback, s, &error);
    zip_t *zip = source ? zip_open_from_source(source, ZIP_CREATE | ZIP_TRUNCATE, &error) : NULL;
    ty_status status = TY_FAIL;
    if (!zip) {
        tyi_zip_fail(s->file.who, s->file.path, NULL, &error);
        zip_source_free(source);
    } else if (add(zip, context) != TY_OK || zip_close(zip) != 0) {
        if (!s->failed)
            tyi_zip_fail(s->file.who, s->file.path, NULL, zip_get_error(zip));
        zip_discard(zip);
    } else {
        status = TY_OK;
    }
    zip_error_fini(&error);
    return status;
}

ty_status tyi_zip_write(const char *who, const char *path, ty_status (*add)(zip_t *zip, void *context), void *context)
{
    ty_status status = TY_FAIL;
    sink s = {.failed = false};
    zip_error_init(&s.error);
    if (tyi_atomic_begin(&s.file, who, path) == TY_OK) {
        if (write_archive(&s, add, context) == TY_OK)
            status = tyi_atomic_commit(&s.file);
        else
            tyi_atomic_abort(&s.file);
    }
    zip_error_fini(&s.error);
    return status;
}

zip_t *tyi_zip_open(const char *who, const char *path, int file)
{
    int code = 0;
    zip_t *zip = zip_fdopen(file, 0, &code);
    if (!zip) {
        close(file);
        zip_error_t error;
        zip_error_init_with_code(&error, code);
        tyi_zip_fail(who, path, NULL, &error);
        zip_error_fini(&error);
    }
    return zip;
}

/* ---- Where entries lie ---- */

#define END_BYTES     22 /* of the record at the end, without its comment */
#define LOCATOR_BYTES 20 /* of the zip64 locator before it */
#define END64_BYTES   56
#define ENTRY_BYTES   46 /* of an entry of the directory, without its names */
#define LOCAL_BYTES   30

static uint64_t little(const unsigned char *at, int bytes)
{
    uint64_t value = 0;
    while (bytes-- > 0)
        value = value << 8 | at[bytes];
    return value;
}

static bool read_at(int file, void *to, size_t bytes, uint64_t offset)
{
    for (size_t done = 0; done < bytes;) {
        ssize_t n =
            offset + done > INT64_MAX ? 0 : pread(file, (char *)to + done, bytes - done, (off_t)(offset + done));
        if (n <= 0 && !(n < 0 && errno == EINTR))
            return false;
        done += n > 0 ? (size_t)n : 0;
    }
    return true;
}

/* The directory's place, from the end of the file, which may carry a comment. */
static bool find_directory(int file, uint64_t length, uint64_t *offset, uint64_t *bytes)
{
    unsigned char tail[END_BYTES + LOCATOR_BYTES + UINT16_MAX], more[END64_BYTES];
    size_t size = length < sizeof tail ? (size_t)length : sizeof tail;
    if (size < END_BYTES || !read_at(file, tail, size, length - size))
        return false;
    size_t end = size - END_BYTES;
    while (memcmp(tail + end, "PK\5\6", 4) != 0 || end + END_BYTES + little(tail + end + 20, 2) > size)
        if (end-- == 0)
            return false;
    *bytes = little(tail + end + 12, 4);
    *offset = little(tail + end + 16, 4);
    if (end < LOCATOR_BYTES || memcmp(tail + end - LOCATOR_BYTES, "PK\6\7", 4) != 0)
        return true;
    if (!read_at(file, more, sizeof more, little(tail + end - LOCATOR_BYTES + 8, 8)) || memcmp(more, "PK\6\6", 4) != 0)
        return false;
    *bytes = little(more + 40, 8);
    *offset = little(more + 48, 8);
    return true;
}

/* The header's place of one entry of the directory: where 32 bits are too few, the zip64 field has it behind those of
 * the two sizes that are too large as well. */
static bool entry_header(const unsigned char *entry, uint64_t *header)
{
    *header = little(entry + 42, 4);
    if (*header != UINT32_MAX)
        return true;
    size_t skip = (little(entry + 20, 4) == UINT32_MAX ? 8 : 0) + (little(entry + 24, 4) == UINT32_MAX ? 8 : 0);
    const unsigned char *at = entry + ENTRY_BYTES + little(entry + 28, 2), *end = at + little(entry + 30, 2);
    for (size_t bytes; end - at >= 4; at += 4 + bytes) {
        bytes = (size_t)little(at + 2, 2);
        if (bytes > (size_t)(end - at) - 4)
            return false;
        if (little(at, 2) != 1)
            continue;
        *header = bytes >= skip + 8 ? little(at + 4 + skip, 8) : 0;
        return bytes >= skip + 8;
    }
    return false;
}

static bool read_headers(const unsigned char *directory, uint64_t bytes, uint64_t *headers, uint64_t count)
{
    for (uint64_t i = 0, at = 0, size; i < count; i++, at += size) {
        const unsigned char *entry = directory + at;
        if (bytes - at < ENTRY_BYTES || memcmp(entry, "PK\1\2", 4) != 0)
            return false;
        size = ENTRY_BYTES + little(entry + 28, 2) + little(entry + 30, 2) + little(entry + 32, 2);
        if (size > bytes - at || !entry_header(entry, &headers[i]))
            return false;
    }
    return true;
}

uint64_t *tyi_zip_headers(const char *who, const char *path, int file, uint64_t length, uint64_t count)
{
    uint64_t offset = 0, bytes = 0, *headers = NULL;
    unsigned char *directory = NULL;
    bool right = find_directory(file, length, &offset, &bytes) && bytes <= length && offset <= length - bytes &&
                 count <= bytes / ENTRY_BYTES;
    if (right) {
        directory = malloc(bytes ? (size_t)bytes : 1);
        headers = malloc(((size_t)count + 1) * sizeof *headers);
        if (!directory || !headers)
            tyi_fail_memory((size_t)bytes);
        else if ((right = read_at(file, directory, (size_t)bytes, offset) &&
                          read_headers(directory, bytes, headers, count))) {
            free(directory);
            return headers;
        }
    }
    if (!right)
        ty_fail(TY_ERROR_IO, "%s: %.400s: the directory of the archive is damaged: fetch or save it again", who, path);
    free(directory);
    free(headers);
    return NULL;
}

bool tyi_zip_data(int file, uint64_t header, uint64_t *begin)
{
    unsigned char local[LOCAL_BYTES];
    if (!read_at(file, local, sizeof local, header) || memcmp(local, "PK\3\4", 4) != 0)
        return false;
    *begin = header + LOCAL_BYTES + little(local + 26, 2) + little(local + 28, 2);
    return true;
}
