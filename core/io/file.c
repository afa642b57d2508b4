/*
 * Opening and mapping files on POSIX.
 */
#include "io/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tensor/storage.h"

int tyi_file_open(const char *who, const char *path, uint64_t *bytes)
{
    if (!path || !*path) {
        ty_fail(TY_ERROR_IO, "%s: the path is empty", who);
        return -1;
    }
    /* Not blocking, so that a FIFO is refused rather than waited for. */
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat stat;
    if (file < 0 || fstat(file, &stat) != 0) {
        ty_fail(TY_ERROR_IO, "%s: %.400s: %s", who, path, strerror(errno));
    } else if (!S_ISREG(stat.st_mode)) {
        ty_fail(TY_ERROR_IO, "%s: %.400s is %s", who, path,
                S_ISDIR(stat.st_mode) ? "a directory; name a file in it" : "not a regular file");
    } else {
        *bytes = (uint64_t)stat.st_size;
        return file;
    }
    if (file >= 0)
        close(file);
    return -1;
}

ty_status ty_file_start(const char *path, void *to, size_t most, size_t *got)
{
    uint64_t bytes;
    int file = tyi_file_open("load", path, &bytes);
    if (file < 0)
        return TY_FAIL;
    ssize_t n = pread(file, to, most, 0);
    ty_status status = n < 0 ? ty_fail(TY_ERROR_IO, "load: %.400s: %s", path, strerror(errno)) : TY_OK;
    *got = n < 0 ? 0 : (size_t)n;
    close(file);
    return status;
}

tyi_mapping *tyi_mapping_open(const char *who, const char *path)
{
    uint64_t length;
    int file = tyi_file_open(who, path, &length);
    if (file < 0)
        return NULL;
    tyi_mapping *m = NULL;
    if (length == 0) {
        ty_fail(TY_ERROR_IO, "%s: %.400s is empty", who, path);
    } else if (!(m = malloc(sizeof *m))) {
        tyi_fail_memory(sizeof *m);
    } else {
        atomic_init(&m->refs, 1);
        m->length = length;
        m->bytes = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, file, 0);
        if (m->bytes == MAP_FAILED) {
            ty_fail(errno == ENOMEM ? TY_ERROR_MEMORY : TY_ERROR_IO, "%s: %.400s cannot be mapped into memory: %s", who,
                    path, strerror(errno));
            free(m);
            m = NULL;
        }
    }
    close(file);
    return m;
}

void tyi_mapping_release(tyi_mapping *m)
{
    if (!m || atomic_fetch_sub_explicit(&m->refs, 1, memory_order_acq_rel) != 1)
        return;
    munmap(m->bytes, m->length);
    free(m);
}

static void release_mapped(tyi_storage *s)
{
    tyi_count_unmapped(s->bytes);
    tyi_mapping_release(s->owner);
    free(s);
}

tyi_storage *tyi_mapping_storage(tyi_mapping *m, uint64_t offset, size_t bytes)
{
    tyi_storage *s = malloc(sizeof *s);
    if (!s) {
        tyi_fail_memory(sizeof *s);
        return NULL;
    }
    *s = (tyi_storage){
        .device = TY_DEVICE_CPU, .bytes = bytes, .data = m->bytes + offset, .release = release_mapped, .owner = m};
    atomic_init(&s->refs, 1);
    atomic_init(&s->version, 0);
    atomic_fetch_add_explicit(&m->refs, 1, memory_order_relaxed);
    tyi_count_mapped(bytes);
    return s;
}
