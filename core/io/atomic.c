/*
 * Atomic replacement of files on POSIX. All names are taken relative to the opened directory, so that neither a change
 * of the working directory nor a renamed parent can part the temporary file from its target.
 */
#define _GNU_SOURCE
#include "io/atomic.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tensor/error.h"
#include "tensor/interrupt.h"

/* "save: model.pt: No space left on device"; `what` goes between. */
static ty_status fail_errno(const tyi_atomic *a, const char *what, int error)
{
    char text[128];
    return ty_fail(TY_ERROR_IO, "%s: %.400s: %s: %s", a->who, a->path, what, strerror_r(error, text, sizeof text));
}

/* Closes and frees; the temporary file is gone or renamed by now. */
static void finish(tyi_atomic *a)
{
    if (a->file >= 0)
        close(a->file);
    if (a->directory >= 0)
        close(a->directory);
    free(a->target);
    a->file = a->directory = -1;
    a->target = NULL;
}

static ty_status open_directory(tyi_atomic *a)
{
    char *slash = strrchr(a->target, '/');
    const char *directory = ".";
    a->name = a->target;
    if (slash) {
        a->name = slash + 1;
        directory = slash == a->target ? "/" : a->target;
        if (slash != a->target)
            *slash = 0;
    }
    if (!*a->name)
        return ty_fail(TY_ERROR_IO, "%s: %.400s: the path ends in a slash; name a file", a->who, a->path);
    a->sync_directory = true;
    a->directory = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (a->directory < 0 && errno == EACCES) {
        /* It may be writable without being readable; it cannot be synced then. */
        a->sync_directory = false;
        a->directory = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
    }
    if (a->directory >= 0)
        return TY_OK;
    if (errno == ENOENT)
        return ty_fail(TY_ERROR_IO, "%s: %.400s: the directory %.400s does not exist; make it first", a->who, a->path,
                       directory);
    if (errno == ENOTDIR)
        return ty_fail(TY_ERROR_IO, "%s: %.400s: %.400s is not a directory", a->who, a->path, directory);
    return fail_errno(a, "its directory cannot be opened", errno);
}

/* What a writer that was killed left behind under this name is removed. Whoever writes holds a lock on the file, which
 * ends with the process: what can be locked has no writer any more. False: it is in use, or not ours to remove. */
static bool remove_stale(const tyi_atomic *a)
{
    int file = openat(a->directory, a->temporary, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (file < 0)
        return errno == ENOENT;
    struct stat held, named;
    bool removed = fstat(file, &held) == 0 && S_ISREG(held.st_mode) && held.st_uid == geteuid() &&
                   flock(file, LOCK_EX | LOCK_NB) == 0 &&
                   /* The name may be another file's by now; only the holder of the lock takes it away. */
                   fstatat(a->directory, a->temporary, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
                   held.st_ino == named.st_ino && held.st_dev == named.st_dev &&
                   unlinkat(a->directory, a->temporary, 0) == 0;
    close(file);
    return removed;
}

/* Makes and locks the file a->temporary. A system without locks never removes anything, so their absence does no harm.
 */
static bool make_temporary(tyi_atomic *a)
{
    /* The mode is what the umask makes of 0666, as for any new file; mkstemp would give 0600. */
    a->file = openat(a->directory, a->temporary, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (a->file < 0)
        return false;
    struct stat stat;
    if (flock(a->file, LOCK_EX) != 0 || fstat(a->file, &stat) != 0 || stat.st_nlink > 0)
        return true;
    /* Taken for a stale one between the two calls. */
    close(a->file);
    a->file = -1;
    errno = EEXIST;
    return false;
}

/* The first name tried follows from the target's, so that a program that is killed again and again leaves one file, not
 * many; a second writer of the same target takes a random one. */
static ty_status open_temporary(tyi_atomic *a)
{
    static const char digits[] = "0123456789abcdefghijklmnopqrstuv";
    snprintf(a->temporary, sizeof a->temporary, ".%.180s.tycho-tmp", a->name);
    for (int attempt = 0; attempt < 100; attempt++) {
        if (make_temporary(a))
            return TY_OK;
        if (errno != EEXIST)
            break;
        if (attempt == 0 && remove_stale(a))
            continue;
        unsigned char random[12];
        if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
            return fail_errno(a, "no random name for a temporary file", errno);
        char *end = a->temporary + snprintf(a->temporary, sizeof a->temporary, ".%.180s.", a->name);
        for (size_t i = 0; i < sizeof random; i++)
            *end++ = digits[random[i] % 32];
        strcpy(end, ".tycho-tmp");
    }
    return fail_errno(a, "no file can be made in its directory", errno);
}

ty_status tyi_atomic_begin(tyi_atomic *a, const char *who, const char *path)
{
    *a = (tyi_atomic){.file = -1, .directory = -1, .who = who, .path = path};
    if (!path || !*path)
        return ty_fail(TY_ERROR_IO, "%s: the path is empty", who);
    a->target = realpath(path, NULL);
    if (!a->target && !(a->target = strdup(path)))
        return tyi_fail_memory(strlen(path) + 1);
    struct stat old;
    bool exists = stat(a->target, &old) == 0;
    if (exists && S_ISDIR(old.st_mode)) {
        ty_fail(TY_ERROR_IO, "%s: %.400s is a directory; name a file in it", who, path);
        goto fail;
    }
    if (exists && !S_ISREG(old.st_mode)) {
        ty_fail(TY_ERROR_IO, "%s: %.400s is not a regular file; only those can be replaced", who, path);
        goto fail;
    }
    if (open_directory(a) != TY_OK)
        goto fail;
    if (exists && faccessat(a->directory, a->name, W_OK, AT_EACCESS) != 0) {
        fail_errno(a, "the file that is there may not be replaced", errno);
        goto fail;
    }
    if (open_temporary(a) != TY_OK)
        goto fail;
    if (exists) {
        struct stat fresh;
        /* Owner and mode are kept where the system lets us; if not, the file is ours, as any new one. */
        if (fstat(a->file, &fresh) == 0 && (fresh.st_uid != old.st_uid || fresh.st_gid != old.st_gid) &&
            fchown(a->file, old.st_uid, old.st_gid) != 0)
            errno = 0;
        if (fchmod(a->file, old.st_mode & 0777) != 0)
            errno = 0;
    }
    return TY_OK;
fail:
    finish(a);
    return TY_FAIL;
}

ty_status tyi_atomic_write(tyi_atomic *a, const void *data, size_t bytes)
{
    const char *from = data;
    while (bytes) {
        if (tyi_interrupted())
            return ty_fail(TY_ERROR_INTERRUPT, "%s: interrupted; %.400s is unchanged", a->who, a->path);
        size_t piece = bytes < (size_t)8 << 20 ? bytes : (size_t)8 << 20;
        ssize_t n = write(a->file, from, piece);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail_errno(a, "cannot be written", errno);
        from += n;
        bytes -= (size_t)n;
    }
    return TY_OK;
}

off_t tyi_atomic_seek(tyi_atomic *a, off_t offset, int whence)
{
    off_t at = lseek(a->file, offset, whence);
    if (at < 0)
        fail_errno(a, "cannot be written", errno);
    return at;
}

ty_status tyi_atomic_commit(tyi_atomic *a)
{
    /* fsync before close: errors of delayed writing show up in either, and after the rename it would be too late. */
    if (fsync(a->file) != 0) {
        fail_errno(a, "cannot be written to disk", errno);
        goto fail;
    }
    int file = a->file;
    a->file = -1;
    if (close(file) != 0 && errno != EINTR) {
        fail_errno(a, "cannot be written to disk", errno);
        goto fail;
    }
    if (renameat(a->directory, a->temporary, a->directory, a->name) != 0) {
        fail_errno(a, "the finished file cannot take its name", errno);
        goto fail;
    }
    /* Only an I/O error counts: some file systems do not sync directories and say so with EINVAL. */
    ty_status status = TY_OK;
    if (a->sync_directory && fsync(a->directory) != 0 && errno == EIO)
        status = fail_errno(a, "was written, but its directory cannot be synced", EIO);
    finish(a);
    return status;
fail:
    tyi_atomic_abort(a);
    return TY_FAIL;
}

void tyi_atomic_abort(tyi_atomic *a)
{
    if (a->directory < 0)
        return;
    unlinkat(a->directory, a->temporary, 0);
    finish(a);
}
