/*
 * Runs a command under a pseudo-terminal and drives it by a script, the way a person at a terminal would.
 *
 *     pty_run [-t SECONDS] [-s ROWSxCOLUMNS] COMMAND [ARGUMENTS] < SCRIPT
 *
 * The script is one step a line; blank lines and lines that begin with # are skipped. TEXT knows \r \n \t \e \\ and
 * \xHH.
 *
 *     send TEXT       types the text
 *     line TEXT       types the text and Enter
 *     expect TEXT     waits until the output, from the end of the last match on, holds the text
 *     raw TEXT        the same in the output as it came; expect drops escape sequences and control characters
 *     refuse TEXT     fails if the output since the start holds the text
 *     pause SECONDS   goes on reading for so long
 *     timeout SECONDS the limit of each later step that waits (default 10; -t sets the first)
 *     signal NUMBER   sends the signal to the command
 *     exit STATUS     waits for the end of the command, which must have this status (128 + n: ended by signal n)
 *
 * Exit status 0: every step was met; 1: one was not, and what was seen is written to standard error; 2: wrong usage.
 * The command is killed if it still runs at the end. The terminal has 24x80 characters unless -s says otherwise.
 */
#define _GNU_SOURCE /* forkpty, memmem */
#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct text {
    char *bytes;
    size_t size, room;
    size_t matched; /* end of the last match */
};

struct session {
    pid_t pid;
    int fd; /* the terminal's master side; -1 after its end */
    bool ended;
    int status;
    double limit;
    struct text raw, clean;
    enum { PLAIN, ESCAPE, CSI, OSC } state; /* of the escape sequence that is being dropped */
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void add(struct text *t, char c)
{
    if (t->size == t->room) {
        t->room = t->room ? 2 * t->room : 4096;
        t->bytes = realloc(t->bytes, t->room);
        if (!t->bytes) {
            perror("pty_run");
            exit(2);
        }
    }
    t->bytes[t->size++] = c;
}

static void take(struct session *s, char c)
{
    add(&s->raw, c);
    switch (s->state) {
    case PLAIN:
        if (c == '\033')
            s->state = ESCAPE;
        else if ((unsigned char)c >= ' ' || c == '\n' || c == '\t')
            add(&s->clean, c);
        break;
    case ESCAPE:
        s->state = c == '[' ? CSI : c == ']' ? OSC : PLAIN;
        break;
    case CSI:
        if (c >= '@' && c <= '~')
            s->state = PLAIN;
        break;
    case OSC:
        if (c == '\a')
            s->state = PLAIN;
        else if (c == '\033') /* ESC \ ends it, too */
            s->state = ESCAPE;
        break;
    }
}

/* Reads what comes before the deadline; false when the time is up or the output has ended. */
static bool pump(struct session *s, double deadline)
{
    if (s->fd < 0)
        return false;
    double left = deadline - now();
    struct pollfd p = {.fd = s->fd, .events = POLLIN};
    int ready = poll(&p, 1, left > 0 ? (int)(left * 1000) + 1 : 0);
    if (ready < 0 && errno == EINTR)
        return true;
    if (ready <= 0)
        return false;
    char buffer[4096];
    ssize_t n = read(s->fd, buffer, sizeof buffer);
    if (n < 0 && errno == EINTR)
        return true;
    if (n <= 0) { /* EIO: the last process that held the other side has gone */
        close(s->fd);
        s->fd = -1;
        return false;
    }
    for (ssize_t i = 0; i < n; i++)
        take(s, buffer[i]);
    return true;
}

static bool holds(struct text *t, size_t from, const char *wanted, size_t n)
{
    if (n == 0 || t->size - from < n)
        return n == 0;
    char *at = memmem(t->bytes + from, t->size - from, wanted, n);
    if (!at)
        return false;
    if (from == t->matched)
        t->matched = (size_t)(at - t->bytes) + n;
    return true;
}

static bool expect(struct session *s, struct text *t, const char *wanted, size_t n)
{
    double deadline = now() + s->limit;
    while (!holds(t, t->matched, wanted, n))
        if (!pump(s, deadline))
            return holds(t, t->matched, wanted, n);
    return true;
}

static bool type(struct session *s, const char *text, size_t n)
{
    double deadline = now() + s->limit;
    while (n > 0 && s->fd >= 0 && now() < deadline) {
        struct pollfd p = {.fd = s->fd, .events = POLLOUT | POLLIN};
        poll(&p, 1, 100);
        if (p.revents & POLLIN)
            pump(s, deadline);
        if (s->fd < 0 || !(p.revents & POLLOUT))
            continue;
        ssize_t sent = write(s->fd, text, n);
        if (sent < 0)
            return false;
        text += sent;
        n -= (size_t)sent;
    }
    return n == 0;
}

static bool has_ended(struct session *s)
{
    if (!s->ended && waitpid(s->pid, &s->status, WNOHANG) == s->pid)
        s->ended = true;
    return s->ended;
}

static bool ends_with(struct session *s, int wanted)
{
    double deadline = now() + s->limit;
    while (!has_ended(s) && now() < deadline)
        if (!pump(s, now() + 0.02))
            usleep(5000);
    while (pump(s, now() + 0.05))
        ;
    if (!s->ended) {
        fprintf(stderr, "pty_run: the command still runs\n");
        return false;
    }
    int status = WIFSIGNALED(s->status) ? 128 + WTERMSIG(s->status) : WEXITSTATUS(s->status);
    if (status != wanted)
        fprintf(stderr, "pty_run: the command ended with status %d\n", status);
    return status == wanted;
}

/* Replaces the escapes of the text in place; its length. */
static size_t unescape(char *text)
{
    char *to = text;
    for (char *from = text; *from; from++) {
        unsigned value;
        if (*from != '\\' || !from[1]) {
            *to++ = *from;
            continue;
        }
        switch (*++from) {
        case 'r':
            *to++ = '\r';
            break;
        case 'n':
            *to++ = '\n';
            break;
        case 't':
            *to++ = '\t';
            break;
        case 'e':
            *to++ = '\033';
            break;
        case 'x':
            if (sscanf(from + 1, "%2x", &value) == 1) {
                *to++ = (char)value;
                from += from[2] && strchr("0123456789abcdefABCDEF", from[2]) ? 2 : 1;
            }
            break;
        default:
            *to++ = *from;
        }
    }
    *to = '\0';
    return (size_t)(to - text);
}

/* One step; 0 when met, 1 when not, 2 when it is not a step. */
static int step(struct session *s, const char *verb, char *argument)
{
    double number = atof(argument);
    size_t n = unescape(argument);
    if (strcmp(verb, "send") == 0)
        return !type(s, argument, n);
    if (strcmp(verb, "line") == 0)
        return !(type(s, argument, n) && type(s, "\r", 1));
    if (strcmp(verb, "expect") == 0)
        return !expect(s, &s->clean, argument, n);
    if (strcmp(verb, "raw") == 0)
        return !expect(s, &s->raw, argument, n);
    if (strcmp(verb, "refuse") == 0)
        return n > 0 && memmem(s->clean.bytes, s->clean.size, argument, n) != NULL;
    if (strcmp(verb, "exit") == 0)
        return !ends_with(s, (int)number);
    if (strcmp(verb, "signal") == 0)
        return kill(s->pid, (int)number) != 0;
    if (strcmp(verb, "timeout") == 0) {
        s->limit = number;
        return 0;
    }
    if (strcmp(verb, "pause") == 0) {
        double deadline = now() + number;
        while (now() < deadline)
            if (!pump(s, deadline))
                usleep(1000);
        return 0;
    }
    return 2;
}

static int run_script(struct session *s)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t n;
    int result = 0;
    for (int number = 1; result == 0 && (n = getline(&line, &room, stdin)) > 0; number++) {
        if (line[n - 1] == '\n')
            line[n - 1] = '\0';
        char *verb = line + strspn(line, " \t");
        if (*verb == '\0' || *verb == '#')
            continue;
        char *whole = strdup(verb);
        char *argument = verb + strcspn(verb, " ");
        if (*argument)
            *argument++ = '\0';
        result = step(s, verb, argument);
        if (result == 2)
            fprintf(stderr, "pty_run: line %d is not a step: %s\n", number, whole);
        else if (result)
            fprintf(stderr, "pty_run: line %d not met: %s\n--- seen ---\n%.*s\n------------\n", number, whole,
                    (int)s->clean.size, s->clean.bytes ? s->clean.bytes : "");
        free(whole);
    }
    free(line);
    return result;
}

int main(int argc, char **argv)
{
    struct session s = {.fd = -1, .limit = 10};
    struct winsize size = {.ws_row = 24, .ws_col = 80};
    int option;
    while ((option = getopt(argc, argv, "+t:s:")) != -1) {
        if (option == 't')
            s.limit = atof(optarg);
        else if (option != 's' || sscanf(optarg, "%hux%hu", &size.ws_row, &size.ws_col) != 2)
            optind = argc;
    }
    if (optind >= argc) {
        fprintf(stderr, "usage: pty_run [-t SECONDS] [-s ROWSxCOLUMNS] COMMAND [ARGUMENTS] < SCRIPT\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    s.pid = forkpty(&s.fd, NULL, NULL, &size);
    if (s.pid < 0) {
        perror("pty_run");
        return 2;
    }
    if (s.pid == 0) {
        signal(SIGPIPE, SIG_DFL);
        signal(SIGINT, SIG_DFL); /* a background job of a shell inherits it ignored */
        execvp(argv[optind], argv + optind);
        perror(argv[optind]);
        _exit(127);
    }
    int result = run_script(&s);
    if (!has_ended(&s)) {
        kill(s.pid, SIGHUP);
        kill(s.pid, SIGKILL);
        waitpid(s.pid, NULL, 0);
    }
    if (s.fd >= 0)
        close(s.fd);
    free(s.raw.bytes);
    free(s.clean.bytes);
    return result;
}
