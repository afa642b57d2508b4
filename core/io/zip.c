/*
 * libzip, as the formats that are zip archives use it: writing through an atomic file, opening, and its failures.
 */
#include "io/zip.h"

#include <errno.h>
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
