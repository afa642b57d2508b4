/*
 * The lines of earlier sessions, in $XDG_STATE_HOME/tycho/history (default ~/.local/state/tycho/history). The file is
 * text: an entry is a line; one of several lines has a backslash before each newline inside it. Every entry is appended
 * as soon as it is entered, under a lock, so that sessions at the same time keep each other's and a killed one loses
 * nothing; the rewrite that drops old entries goes to a temporary file that replaces the old one at once. Failures (a
 * read-only home) are silent: a prompt without a history is still a prompt. It knows nothing of readline.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "repl.h"

/* Entries that a rewrite keeps, and how many make it worth while. */
#define KEPT_ENTRIES   5000
#define REWRITE_BEYOND 6000
/* A file larger than this was not written by us: it is left alone. */
#define LARGEST_FILE (64L << 20)

/* Writes the file's name into path; false when there is no place for it. */
static bool history_path(char path[static PATH_MAX])
{
    const char *state = getenv("XDG_STATE_HOME");
    int n;
    if (state && *state == '/') {
        n = snprintf(path, PATH_MAX, "%s/tycho/history", state);
    } else {
        const char *home = getenv("HOME");
        if (!home || *home != '/') {
            struct passwd *user = getpwuid(getuid());
            home = user ? user->pw_dir : NULL;
        }
        if (!home || *home != '/')
            return false;
        n = snprintf(path, PATH_MAX, "%s/.local/state/tycho/history", home);
    }
    return n > 0 && n < PATH_MAX - 8; /* leaves room for the temporary file's name */
}

/* Makes the folders above the file that are missing, for the user alone. */
static void make_folders(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(path, 0700);
        *slash = '/';
    }
}

/* Opens and locks the file; again when a rewrite replaced it in between. -1: not possible. */
static int open_locked(const char *path, int flags)
{
    for (int tries = 0; tries < 10; tries++) {
        int fd = open(path, flags | O_CLOEXEC, 0600);
        if (fd < 0)
            return -1;
        struct stat mine, named;
        int locked;
        do
            locked = flock(fd, LOCK_EX);
        while (locked != 0 && errno == EINTR);
        if (fstat(fd, &mine) == 0 && stat(path, &named) == 0 && mine.st_ino == named.st_ino &&
            mine.st_dev == named.st_dev)
            return fd;
        close(fd);
    }
    return -1;
}

static bool write_all(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t n = write(fd, bytes, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        bytes += n;
        size -= (size_t)n;
    }
    return true;
}

/* The whole file as a string that ends in a newline, to be freed; NULL when empty or unreadable. */
static char *read_all(int fd, size_t *size)
{
    struct stat info;
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode) || info.st_size == 0 || info.st_size > LARGEST_FILE)
        return NULL;
    char *text = malloc((size_t)info.st_size + 2);
    size_t have = 0;
    while (text && have < (size_t)info.st_size) {
        ssize_t n = read(fd, text + have, (size_t)info.st_size - have);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        have += (size_t)n;
    }
    if (!text || have == 0) {
        free(text);
        return NULL;
    }
    if (text[have - 1] != '\n')
        text[have++] = '\n';
    text[have] = '\0';
    *size = have;
    return text;
}

/* The end of the entry at p, past its newline. */
static char *entry_end(char *p, const char *end)
{
    for (; p < end; p++)
        if (*p == '\n' && p[-1] != '\\')
            return p + 1;
    return p;
}

void tyb_history_load(void (*each)(const char *entry))
{
    char path[PATH_MAX];
    if (!history_path(path))
        return;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    size_t size;
    char *text = read_all(fd, &size);
    close(fd);
    if (!text)
        return;
    /* entry_end() looks one byte back, which at the begin of an entry is the newline before it */
    for (char *p = text, *next; p < text + size; p = next) {
        next = *p == '\n' ? p + 1 : entry_end(p + 1, text + size);
        char *to = p;
        for (char *from = p; from < next - 1; from++)
            if (!(*from == '\\' && from[1] == '\n'))
                *to++ = *from;
        *to = '\0';
        if (*p)
            each(p);
    }
    free(text);
}

void tyb_history_add(const char *entry)
{
    char path[PATH_MAX];
    size_t length = strlen(entry);
    char *line = malloc(2 * length + 3);
    if (!line || !history_path(path)) {
        free(line);
        return;
    }
    size_t n = 0;
    for (size_t i = 0; i < length; i++) {
        if (entry[i] == '\n')
            line[n++] = '\\';
        line[n++] = entry[i];
    }
    if (n > 0 && line[n - 1] == '\\')
        line[n++] = ' '; /* it would join the next entry */
    line[n++] = '\n';
    make_folders(path);
    int fd = open_locked(path, O_WRONLY | O_APPEND | O_CREAT);
    if (fd >= 0) {
        write_all(fd, line, n);
        close(fd);
    }
    free(line);
}

void tyb_history_trim(void)
{
    char path[PATH_MAX], temporary[PATH_MAX + 8];
    if (!history_path(path))
        return;
    int fd = open_locked(path, O_RDWR);
    if (fd < 0)
        return;
    size_t size, entries = 0;
    char *text = read_all(fd, &size);
    if (!text) {
        close(fd);
        return;
    }
    char *end = text + size, *p;
    for (p = text; p < end; entries++)
        p = *p == '\n' ? p + 1 : entry_end(p + 1, end);
    if (entries > REWRITE_BEYOND) {
        for (p = text; entries > KEPT_ENTRIES; entries--)
            p = *p == '\n' ? p + 1 : entry_end(p + 1, end);
        snprintf(temporary, sizeof temporary, "%s.XXXXXX", path);
        int out = mkstemp(temporary);
        if (out >= 0) {
            bool ok = write_all(out, p, (size_t)(end - p)) && fsync(out) == 0;
            ok = close(out) == 0 && ok;
            if (!ok || rename(temporary, path) != 0)
                unlink(temporary);
        }
    }
    free(text);
    close(fd); /* and with it the lock, after the rename */
}
