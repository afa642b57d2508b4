/*
 * Child processes for Lua: start a program without a shell, talk to it through its standard
 * streams, wait for it with a time limit, and never leave a zombie, a stuck call or a SIGPIPE
 * behind. Relies on POSIX (posix_spawn, poll, socketpair) and Lua; must not know what program it
 * runs or why.
 *
 * A process is a full userdata that owns its descriptors and buffers. Every call that waits does
 * so in short slices and, between two slices, calls an empty Lua function: a debug hook that a
 * signal handler has set (the way a Lua program is interrupted) then runs there, so that Ctrl-C
 * leaves a long wait. Nothing is held in C across that call.
 */
#define _GNU_SOURCE
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include <lauxlib.h>

#define METATABLE  "tycho.process"
#define MAX_SLICE  100                 /* ms in one poll: the longest a pending hook waits */
#define GRACE      0.2                 /* s between end of input and SIGKILL in __gc */
#define MAX_OUTPUT ((size_t)256 << 20) /* bytes kept unread for one stream */

extern char **environ;

struct buffer {
    char *bytes;
    size_t size, room;
};

struct process {
    pid_t pid;             /* 0 until started */
    int input;             /* our ends; -1 when closed */
    int output[2];         /* of the child's stdout and stderr */
    struct buffer kept[2]; /* what was read from them and not yet handed to Lua */
    bool overflow;         /* bytes were dropped: past MAX_OUTPUT or out of memory */
    bool reaped;           /* status holds what waitpid said */
    bool persists;         /* __gc leaves it running */
    int status;
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd); /* not repeated after EINTR: Linux has released the number by then */
    *fd = -1;
}

/* Milliseconds to sleep in one slice when `left` seconds remain; at least 1 while any do. */
static int slice(double left, int most)
{
    double ms = ceil(left * 1000);
    return ms <= 0 ? 0 : ms < most ? (int)ms : most;
}

/* Lets pending debug hooks run; upvalue 1 of every method is an empty Lua function. */
static void checkpoint(lua_State *L)
{
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_call(L, 0, 0);
}

static double check_timeout(lua_State *L, int index, double otherwise)
{
    double t = luaL_optnumber(L, index, otherwise);
    luaL_argcheck(L, t >= 0, index, "the timeout is a number of seconds, 0 or more");
    return t;
}

static void keep(struct process *p, struct buffer *b, const char *bytes, size_t n)
{
    if (n > MAX_OUTPUT - b->size) {
        p->overflow = true;
        return;
    }
    if (n > b->room - b->size) {
        size_t room = b->room ? b->room : 4096;
        while (n > room - b->size)
            room *= 2;
        char *grown = realloc(b->bytes, room);
        if (!grown) {
            p->overflow = true;
            return;
        }
        b->bytes = grown;
        b->room = room;
    }
    memcpy(b->bytes + b->size, bytes, n);
    b->size += n;
}

/* Reads what stdout and stderr hold now, without waiting; closes an end that is exhausted. */
static void drain(struct process *p)
{
    char bytes[16384];
    for (int i = 0; i < 2; i++) {
        while (p->output[i] >= 0) {
            ssize_t n = read(p->output[i], bytes, sizeof bytes);
            if (n > 0)
                keep(p, &p->kept[i], bytes, (size_t)n);
            else if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
                break;
            else if (n == 0 || errno != EINTR)
                close_fd(&p->output[i]);
        }
    }
}

/*
 * Sleeps at most `ms` until the child writes something, ends a stream or, with `to_write`, can take
 * input; then drains. Returns true when the input is ready (or broken: the next send will tell).
 */
static bool await(struct process *p, bool to_write, int ms)
{
    struct pollfd f[3] = {{.fd = p->output[0], .events = POLLIN},
                          {.fd = p->output[1], .events = POLLIN},
                          {.fd = to_write ? p->input : -1, .events = POLLOUT}};
    if (poll(f, 3, ms) <= 0)
        return false; /* time is up, or a signal: the caller's loop looks at the clock again */
    drain(p);
    return f[2].revents != 0;
}

/* Collects the exit status if there is one; never waits. True when the child is gone. */
static bool reap(struct process *p)
{
    if (!p->pid || p->reaped)
        return true;
    int status = 0;
    pid_t got = waitpid(p->pid, &status, WNOHANG);
    if (got == p->pid) {
        p->reaped = true;
        p->status = status;
    } else if (got < 0 && errno == ECHILD) {
        p->reaped = true; /* someone else collected it (SIGCHLD ignored): its status is lost */
        p->status = 0;
    }
    return p->reaped;
}

/* The child leads its own group, so that its own children go with it. */
static void send_signal(struct process *p, int sig)
{
    if (p->pid && !reap(p) && kill(-p->pid, sig) != 0)
        kill(p->pid, sig);
}

/* Waits without Lua, for __gc: true when the child is gone. */
static bool wait_quietly(struct process *p, double seconds)
{
    double end = now() + seconds;
    while (!reap(p)) {
        double left = end - now();
        if (left <= 0)
            return false;
        await(p, false, slice(left, 5));
    }
    return true;
}

static struct process *to_process(lua_State *L)
{
    return luaL_checkudata(L, 1, METATABLE);
}

/*
 * p:write(bytes [, timeout = 10]) -> true | nil, message, "closed" | "timeout"
 * Sends all the bytes, reading the child's output meanwhile so that neither side blocks the other.
 * On failure a part may have been sent.
 */
static int process_write(lua_State *L)
{
    struct process *p = to_process(L);
    size_t size, sent = 0;
    const char *bytes = luaL_checklstring(L, 2, &size);
    double end = now() + check_timeout(L, 3, 10);
    while (sent < size) {
        if (p->input < 0) {
            lua_pushnil(L);
            lua_pushliteral(L, "the program's input is closed");
            lua_pushliteral(L, "closed");
            return 3;
        }
        ssize_t n = send(p->input, bytes + sent, size - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n >= 0) {
            sent += (size_t)n;
            continue;
        }
        if (errno == EAGAIN || errno == EWOULDBLOCK) {
            double left = end - now();
            if (left <= 0) {
                lua_pushnil(L);
                lua_pushliteral(L, "the program does not read its input");
                lua_pushliteral(L, "timeout");
                return 3;
            }
            await(p, true, slice(left, MAX_SLICE));
            checkpoint(L);
        } else if (errno != EINTR) {
            close_fd(&p->input); /* EPIPE, ECONNRESET: the child has gone or closed its end */
        }
    }
    lua_pushboolean(L, 1);
    return 1;
}

/* p:close_stdin(): the child sees the end of its input. Harmless when repeated. */
static int process_close_stdin(lua_State *L)
{
    close_fd(&to_process(L)->input);
    return 0;
}

static void push_kept(lua_State *L, struct buffer *b)
{
    lua_pushlstring(L, b->bytes ? b->bytes : "", b->size);
    b->size = 0;
}

/*
 * p:read([timeout = 0]) -> stdout, stderr, state
 * What the child has written since the last read, waiting at most timeout seconds for something to
 * come. state: "open", "eof" (both streams have ended), or "overflow" (bytes were lost: the child
 * wrote more than 256 MiB that nobody read, or memory ran out).
 */
static int process_read(lua_State *L)
{
    struct process *p = to_process(L);
    double end = now() + check_timeout(L, 2, 0);
    for (;;) {
        drain(p);
        double left = end - now();
        if (p->kept[0].size || p->kept[1].size || left <= 0 || (p->output[0] < 0 && p->output[1] < 0))
            break;
        await(p, false, slice(left, MAX_SLICE));
        checkpoint(L);
    }
    push_kept(L, &p->kept[0]);
    push_kept(L, &p->kept[1]);
    lua_pushstring(L, p->overflow ? "overflow" : p->output[0] < 0 && p->output[1] < 0 ? "eof" : "open");
    return 3;
}

/*
 * p:wait([timeout = 10]) -> "exit", code | "signal", number | nil, "timeout"
 * Waits until the child has ended, reading its output meanwhile (p:read() hands it out).
 */
static int process_wait(lua_State *L)
{
    struct process *p = to_process(L);
    double end = now() + check_timeout(L, 2, 10);
    int pause = 1;
    while (!reap(p)) {
        double left = end - now();
        if (left <= 0) {
            lua_pushnil(L);
            lua_pushliteral(L, "timeout");
            return 2;
        }
        await(p, false, slice(left, pause));
        if (pause < 16)
            pause *= 2;
        checkpoint(L);
    }
    drain(p);
    bool signaled = WIFSIGNALED(p->status);
    lua_pushstring(L, signaled ? "signal" : "exit");
    lua_pushinteger(L, signaled ? WTERMSIG(p->status) : WEXITSTATUS(p->status));
    return 2;
}

/* p:kill([signal = 9]): signals the child and what it has started in its group. */
static int process_kill(lua_State *L)
{
    struct process *p = to_process(L);
    lua_Integer sig = luaL_optinteger(L, 2, SIGKILL);
    luaL_argcheck(L, sig > 0 && sig < NSIG, 2, "not a signal number");
    send_signal(p, (int)sig);
    return 0;
}

/* p:pid() -> the process id. */
static int process_pid(lua_State *L)
{
    lua_pushinteger(L, to_process(L)->pid);
    return 1;
}

static void release(struct process *p)
{
    close_fd(&p->input);
    close_fd(&p->output[0]);
    close_fd(&p->output[1]);
    for (int i = 0; i < 2; i++) {
        free(p->kept[i].bytes);
        p->kept[i] = (struct buffer){0};
    }
}

/*
 * p:detach(): the child may outlive this object and this program (a window that stays). Its input
 * is closed and its output no longer read; it is reaped by a later spawn once it has ended.
 * Upvalue 2 of every method is the list of detached processes.
 */
static int process_detach(lua_State *L)
{
    struct process *p = to_process(L);
    p->persists = true;
    release(p);
    if (!reap(p)) {
        lua_pushvalue(L, 1);
        lua_rawseti(L, lua_upvalueindex(2), (lua_Integer)lua_rawlen(L, lua_upvalueindex(2)) + 1);
    }
    return 0;
}

/* Drops the detached processes that have ended from the list at `list`, reaping them. */
static void sweep(lua_State *L, int list)
{
    lua_Integer n = (lua_Integer)lua_rawlen(L, list), left = 0;
    for (lua_Integer i = 1; i <= n; i++) {
        lua_rawgeti(L, list, i);
        struct process *p = lua_touserdata(L, -1);
        if (reap(p))
            lua_pop(L, 1);
        else
            lua_rawseti(L, list, ++left);
    }
    for (lua_Integer i = left + 1; i <= n; i++) {
        lua_pushnil(L);
        lua_rawseti(L, list, i);
    }
}

/*
 * __gc and __close: end of input, a moment of grace, then SIGKILL to the group; the child is
 * reaped. A detached one is left alone. No Lua runs here, so that an interrupt cannot leave a child
 * behind.
 */
static int process_gc(lua_State *L)
{
    struct process *p = to_process(L);
    close_fd(&p->input);
    if (!reap(p) && !p->persists && !wait_quietly(p, GRACE)) {
        send_signal(p, SIGKILL);
        wait_quietly(p, 2);
    }
    release(p);
    return 0;
}

static int process_tostring(lua_State *L)
{
    struct process *p = to_process(L);
    lua_pushfstring(L, "process: %d%s", (int)p->pid, reap(p) ? " (ended)" : "");
    return 1;
}

/* What a standard stream of the child is connected to. */
enum stream { STREAM_PIPE, STREAM_NULL, STREAM_INHERIT };

static enum stream check_stream(lua_State *L, const char *name)
{
    static const char *const words[] = {"pipe", "null", "inherit", NULL};
    if (lua_isnoneornil(L, 2) || lua_getfield(L, 2, name) == LUA_TNIL)
        return STREAM_PIPE;
    const char *word = lua_tostring(L, -1);
    for (int i = 0; word && words[i]; i++) {
        if (strcmp(word, words[i]) == 0) {
            lua_pop(L, 1);
            return (enum stream)i;
        }
    }
    luaL_error(L, "spawn: %s is \"pipe\", \"null\" or \"inherit\", got %s", name, word ? word : luaL_typename(L, -1));
    return STREAM_PIPE;
}

static void check_option_names(lua_State *L)
{
    if (lua_isnoneornil(L, 2))
        return;
    luaL_checktype(L, 2, LUA_TTABLE);
    for (lua_pushnil(L); lua_next(L, 2); lua_pop(L, 1)) {
        const char *key = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "?";
        if (strcmp(key, "stdin") && strcmp(key, "stdout") && strcmp(key, "stderr"))
            luaL_error(L, "spawn: unknown option '%s'; known: stdin, stdout, stderr", key);
    }
}

/* argv of the table at 1 as a C array, kept alive by a userdata left on the stack. */
static char **check_argv(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_Integer n = luaL_len(L, 1);
    luaL_argcheck(L, n >= 1, 1, "no program named");
    char **argv = lua_newuserdatauv(L, (size_t)(n + 1) * sizeof *argv, 0);
    for (lua_Integer i = 1; i <= n; i++) {
        if (lua_rawgeti(L, 1, i) != LUA_TSTRING)
            luaL_error(L, "spawn: argument %d is a %s, not a string", (int)i, luaL_typename(L, -1));
        size_t size;
        const char *s = lua_tolstring(L, -1, &size);
        if (strlen(s) != size)
            luaL_error(L, "spawn: argument %d holds a zero byte", (int)i);
        argv[i - 1] = (char *)s; /* posix_spawn does not write to it */
        lua_pop(L, 1);           /* the table at 1 still holds the string */
    }
    argv[n] = NULL;
    return argv;
}

/* Moves a descriptor above the standard three, so that dup2 in the child cannot clobber another. */
static int lift(int fd)
{
    if (fd < 0 || fd > 2)
        return fd;
    int high = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    int error = errno;
    close(fd);
    errno = error;
    return high;
}

/* Makes the pair for stream `i` (0: stdin): ours[i] for us and theirs[i] for the child. */
static int make_pair(int i, int *ours, int *theirs)
{
    int pair[2];
    if (i == 0) {
        /* a socket, because only send() can be told not to raise SIGPIPE */
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
            return errno;
    } else if (pipe2(pair, O_CLOEXEC) != 0) {
        return errno;
    }
    *ours = lift(pair[0]);
    int error = *ours < 0 ? errno : 0;
    *theirs = lift(pair[1]);
    if (*theirs < 0)
        error = errno;
    if (!error && i > 0 && fcntl(*ours, F_SETFL, O_NONBLOCK) != 0)
        error = errno;
    return error;
}

static int start(struct process *p, char **argv, const enum stream streams[3])
{
    int theirs[3] = {-1, -1, -1};
    int *ours[3] = {&p->input, &p->output[0], &p->output[1]};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    int error = posix_spawn_file_actions_init(&files);
    if (error)
        return error;
    error = posix_spawnattr_init(&attributes);
    if (error) {
        posix_spawn_file_actions_destroy(&files);
        return error;
    }
    for (int i = 0; i < 3 && !error; i++) {
        if (streams[i] == STREAM_PIPE) {
            error = make_pair(i, ours[i], &theirs[i]);
            if (!error)
                error = posix_spawn_file_actions_adddup2(&files, theirs[i], i);
        } else if (streams[i] == STREAM_NULL) {
            error = posix_spawn_file_actions_addopen(&files, i, "/dev/null", O_RDWR, 0);
        }
    }
    /* Lua's own files are opened without close-on-exec; a window that stays must not hold them. */
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 34)
    if (!error)
        error = posix_spawn_file_actions_addclosefrom_np(&files, 3);
#endif
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    if (!error)
        error = posix_spawnattr_setsigmask(&attributes, &none);
    if (!error)
        error = posix_spawnattr_setsigdefault(&attributes, &all);
    /* its own process group: Ctrl-C at the prompt is not for the child */
    if (!error)
        error = posix_spawnattr_setpgroup(&attributes, 0);
    if (!error)
        error = posix_spawnattr_setflags(&attributes,
                                         POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    pid_t pid = 0;
    if (!error)
        error = posix_spawnp(&pid, argv[0], &files, &attributes, argv, environ);
    if (!error)
        p->pid = pid;
    for (int i = 0; i < 3; i++)
        close_fd(&theirs[i]);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    return error;
}

/*
 * spawn(argv [, {stdin=, stdout=, stderr=}]) -> process | nil, message, "notfound" | "error"
 * Starts argv[1] (looked for in PATH) with those arguments, without a shell. Each stream is "pipe"
 * (default), "null" or "inherit".
 */
static int process_spawn(lua_State *L)
{
    check_option_names(L);
    enum stream streams[3] = {check_stream(L, "stdin"), check_stream(L, "stdout"), check_stream(L, "stderr")};
    lua_settop(L, 2);
    char **argv = check_argv(L);
    sweep(L, lua_upvalueindex(2));
    struct process *p = lua_newuserdatauv(L, sizeof *p, 0);
    *p = (struct process){.input = -1, .output = {-1, -1}};
    luaL_setmetatable(L, METATABLE);
    int error = start(p, argv, streams);
    if (!error)
        return 1;
    release(p);
    lua_pushnil(L);
    lua_pushstring(L, strerror(error));
    lua_pushstring(L, error == ENOENT || error == ENOTDIR ? "notfound" : "error");
    return 3;
}

/* winsize() -> columns, rows of the terminal that we are connected to | nil */
static int process_winsize(lua_State *L)
{
    static const int fds[] = {STDOUT_FILENO, STDERR_FILENO, STDIN_FILENO};
    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++) {
        struct winsize w;
        if (ioctl(fds[i], TIOCGWINSZ, &w) == 0 && w.ws_col > 0 && w.ws_row > 0) {
            lua_pushinteger(L, w.ws_col);
            lua_pushinteger(L, w.ws_row);
            return 2;
        }
    }
    lua_pushnil(L);
    return 1;
}

/* Reads what the terminal sends into answer until the byte `last`, the end of the time or of the room. */
static size_t read_answer(char *answer, size_t room, char last, double seconds)
{
    double end = now() + seconds;
    size_t n = 0;
    while (n < room) {
        double left = end - now();
        struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};
        if (left <= 0 || poll(&p, 1, (int)(left * 1000) + 1) <= 0)
            break;
        if (read(STDIN_FILENO, answer + n, 1) != 1 || answer[n++] == last)
            break;
    }
    return n;
}

/*
 * ask_terminal(question, last, seconds) -> answer | nil
 * Writes an escape sequence to the terminal and returns what it answers up to the byte `last`. nil when standard input
 * and output are not both a terminal of ours in the foreground, when something typed waits to be read (it stays), or
 * when no answer came in time. Never shows the answer and never waits longer than `seconds`.
 */
static int process_ask_terminal(lua_State *L)
{
    size_t size;
    const char *question = luaL_checklstring(L, 1, &size);
    const char *last = luaL_checkstring(L, 2);
    double seconds = check_timeout(L, 3, 0.3);
    struct termios before, raw;
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) || tcgetpgrp(STDIN_FILENO) != getpgrp() ||
        tcgetattr(STDIN_FILENO, &before) != 0)
        return 0;
    raw = before;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    if (tcsetattr(STDIN_FILENO, TCSANOW, &raw) != 0)
        return 0;
    char answer[128];
    size_t n = 0;
    struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};
    if (poll(&p, 1, 0) == 0 && write(STDOUT_FILENO, question, size) == (ssize_t)size)
        n = read_answer(answer, sizeof answer, last[0], seconds);
    tcsetattr(STDIN_FILENO, TCSANOW, &before);
    if (n == 0)
        return 0;
    lua_pushlstring(L, answer, n);
    return 1;
}

/* isatty([fd = 1]) -> whether that descriptor is a terminal */
static int process_isatty(lua_State *L)
{
    lua_pushboolean(L, isatty((int)luaL_optinteger(L, 1, STDOUT_FILENO)));
    return 1;
}

/* getpid() -> our own process id */
static int process_getpid(lua_State *L)
{
    lua_pushinteger(L, getpid());
    return 1;
}

/* clock() -> seconds on a clock that only goes forward */
static int process_clock(lua_State *L)
{
    lua_pushnumber(L, now());
    return 1;
}

static const luaL_Reg methods[] = {
    {"write", process_write},
    {"close_stdin", process_close_stdin},
    {"read", process_read},
    {"wait", process_wait},
    {"kill", process_kill},
    {"pid", process_pid},
    {"detach", process_detach},
    {"__gc", process_gc},
    {"__close", process_gc},
    {"__tostring", process_tostring},
    {NULL, NULL},
};

static const luaL_Reg functions[] = {
    {"spawn", process_spawn},
    {"winsize", process_winsize},
    {"isatty", process_isatty},
    {"ask_terminal", process_ask_terminal},
    {"getpid", process_getpid},
    {"clock", process_clock},
    {NULL, NULL},
};

void tyb_open_process(lua_State *L)
{
    if (luaL_loadbufferx(L, "", 0, "=process", "t") != LUA_OK)
        lua_error(L);
    lua_newtable(L);
    luaL_newmetatable(L, METATABLE);
    lua_pushvalue(L, -3);
    lua_pushvalue(L, -3);
    luaL_setfuncs(L, methods, 2);
    lua_pushvalue(L, -1);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
    luaL_newlibtable(L, functions);
    lua_insert(L, -3);
    luaL_setfuncs(L, functions, 2);
}
