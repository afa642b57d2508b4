/*
 * Reading one line: with readline when standard input and output are terminals, else plainly and without a prompt.
 * readline is driven byte by byte (its callback interface) from our own wait, because Ctrl-C must drop the line and
 * because signals must be handled at a point where the terminal can be put in order: all are blocked but during the
 * wait. readline's state is the process's, and so is what is kept here. Relies on interrupt.c for the note of Ctrl-C;
 * knows nothing of Lua chunks.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <unistd.h>
#include <readline/history.h>
#include <readline/readline.h>

#include "repl.h"

/* Entries that the arrow keys reach; the file keeps about as many. */
#define HISTORY_ENTRIES 5000

/* Signals that must find the terminal in order, or that change its size. */
static const int terminal_signals[] = {SIGTSTP, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH};
#define SIGNALS (sizeof terminal_signals / sizeof terminal_signals[0])

static bool with_readline;
static char *latest; /* the chunk remembered last */

static volatile sig_atomic_t caught;
static char *line_read; /* what on_line() was given, once line_done */
static bool line_done;
static int indented; /* blanks that this line began with, until a closing word took some back */

static void on_signal(int sig)
{
    caught = sig;
}

static void on_line(char *line)
{
    rl_callback_handler_remove();
    line_read = line;
    line_done = true;
}

/* Gives a signal that came during the wait its usual effect, with the terminal in its usual state. */
static void pass_on(int sig, const sigset_t *blocked)
{
    if (sig == SIGWINCH) {
        rl_resize_terminal();
        return;
    }
    struct sigaction ours, usual;
    sigset_t only;
    rl_deprep_terminal();
    memset(&usual, 0, sizeof usual);
    usual.sa_handler = SIG_DFL;
    sigemptyset(&usual.sa_mask);
    sigaction(sig, &usual, &ours);
    raise(sig);
    sigemptyset(&only);
    sigaddset(&only, sig);
    sigprocmask(SIG_UNBLOCK, &only, NULL); /* ends or stops the process here */
    sigprocmask(SIG_SETMASK, blocked, NULL);
    sigaction(sig, &ours, NULL);
    rl_prep_terminal(1);
    rl_forced_update_display();
}

/* Drops what was typed and leaves the cursor on a fresh line. */
static void discard(void)
{
    rl_callback_sigcleanup();
    rl_free_line_state();
    rl_point = rl_end;
    rl_redisplay();
    rl_echo_signal_char(SIGINT);
    rl_crlf();
    rl_callback_handler_remove();
}

/* True when readline writes the newline after Ctrl-D, which it does where it switches bracketed paste off. */
static bool ends_line_itself(void)
{
    const char *paste = rl_variable_value("enable-bracketed-paste");
    return RL_READLINE_VERSION >= 0x0801 && paste && strcmp(paste, "on") == 0;
}

/* readline's hook at the begin of a line. Text that is already there, as lines pasted in, has its own indentation. */
static int indent(void)
{
    int waiting = 0;
    if (ioctl(STDIN_FILENO, FIONREAD, &waiting) == 0 && waiting > 0)
        indented = 0;
    for (int i = 0; i < indented; i++)
        rl_insert_text(" ");
    return 0;
}

static tyb_line_status read_terminal(const char *prompt)
{
    struct sigaction action, before[SIGNALS];
    sigset_t blocked, open;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    sigemptyset(&action.sa_mask);
    sigprocmask(SIG_BLOCK, NULL, &blocked);
    sigaddset(&blocked, SIGINT);
    for (size_t i = 0; i < SIGNALS; i++)
        sigaddset(&blocked, terminal_signals[i]);
    sigprocmask(SIG_BLOCK, &blocked, &open);
    for (size_t i = 0; i < SIGNALS; i++)
        sigaction(terminal_signals[i], &action, &before[i]);

    line_read = NULL;
    line_done = false;
    caught = 0;
    rl_reset_screen_size();
    rl_callback_handler_install(prompt, on_line);
    bool interrupted = false;
    while (!line_done && !(interrupted = tyb_interrupt_idle())) {
        fd_set input;
        FD_ZERO(&input);
        FD_SET(STDIN_FILENO, &input);
        int ready = pselect(STDIN_FILENO + 1, &input, NULL, NULL, NULL, &open);
        if (ready > 0) {
            rl_callback_read_char();
        } else if (ready < 0 && errno != EINTR) {
            rl_callback_handler_remove();
            break;
        }
        if (caught) {
            int sig = caught;
            caught = 0;
            pass_on(sig, &blocked);
        }
    }
    if (interrupted)
        discard();
    for (size_t i = 0; i < SIGNALS; i++)
        sigaction(terminal_signals[i], &before[i], NULL);
    sigprocmask(SIG_SETMASK, &open, NULL);
    if (interrupted)
        return TYB_LINE_DISCARDED;
    if (!line_read && !ends_line_itself())
        putchar('\n');
    return line_read ? TYB_LINE : TYB_LINE_END;
}

static tyb_line_status read_plainly(void)
{
    size_t size = 0;
    errno = 0;
    ssize_t n = getline(&line_read, &size, stdin);
    if (n > 0) {
        if (line_read[n - 1] == '\n')
            line_read[n - 1] = '\0';
        return TYB_LINE;
    }
    bool again = ferror(stdin) && errno == EINTR;
    clearerr(stdin);
    return again && tyb_interrupt_idle() ? TYB_LINE_DISCARDED : TYB_LINE_END;
}

/* ---- Keys ----------------------------------------------------------------------------------- */

/* Bound to the last letters of what closes a block: takes a step of indentation back. */
static int insert_closing(int count, int key)
{
    static const char *const words[] = {"end", "else", "elseif", "until", "}", ")"};
    int result = rl_insert(count, key);
    if (indented < 2 || rl_point != rl_end || (int)strspn(rl_line_buffer, " ") != indented)
        return result;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcmp(rl_line_buffer + indented, words[i]) != 0)
            continue;
        rl_delete_text(0, 2);
        rl_point -= 2;
        indented = 0; /* else may become elseif */
        break;
    }
    return result;
}

/* Bound to Meta-Enter: a new line within the text, indented as the one before it. */
static int insert_newline(int count, int key)
{
    (void)count;
    (void)key;
    int start = rl_point;
    while (start > 0 && rl_line_buffer[start - 1] != '\n')
        start--;
    int blanks = (int)strspn(rl_line_buffer + start, " ");
    if (blanks > rl_point - start)
        blanks = rl_point - start;
    rl_insert_text("\n");
    for (int i = 0; i < blanks; i++)
        rl_insert_text(" ");
    return 0;
}

/* Moves to the same column of the line above or below in a text of several lines; false where there is none. */
static bool move_line(bool up)
{
    int start = rl_point;
    while (start > 0 && rl_line_buffer[start - 1] != '\n')
        start--;
    int to = start, column = rl_point - start;
    if (up) {
        if (start == 0)
            return false;
        for (to = start - 1; to > 0 && rl_line_buffer[to - 1] != '\n'; to--)
            ;
    } else {
        const char *next = strchr(rl_line_buffer + rl_point, '\n');
        if (!next)
            return false;
        to = (int)(next - rl_line_buffer) + 1;
    }
    int length = (int)strcspn(rl_line_buffer + to, "\n");
    rl_point = to + (column < length ? column : length);
    return true;
}

static int down_or_history(int count, int key);

/* Bound to the arrows: lines of a text of several lines, then entries that begin as what was typed. */
static int up_or_history(int count, int key)
{
    if (move_line(true))
        return 0;
    if (rl_last_func == up_or_history || rl_last_func == down_or_history)
        rl_last_func = rl_history_search_backward; /* by which readline knows that the search goes on */
    int result = rl_history_search_backward(count, key);
    rl_point = rl_end;
    return result;
}

static int down_or_history(int count, int key)
{
    if (move_line(false))
        return 0;
    if (rl_last_func == up_or_history || rl_last_func == down_or_history)
        rl_last_func = rl_history_search_backward;
    int result = rl_history_search_forward(count, key);
    rl_point = rl_end;
    return result;
}

/* Before the user's inputrc is read, which may bind the keys otherwise. */
static void bind_keys(void)
{
    rl_bind_keyseq("\\e[A", up_or_history);
    rl_bind_keyseq("\\eOA", up_or_history);
    rl_bind_keyseq("\\e[B", down_or_history);
    rl_bind_keyseq("\\eOB", down_or_history);
    rl_bind_keyseq("\\e\\C-m", insert_newline);
    rl_bind_keyseq("\\e\\C-j", insert_newline);
    for (const char *key = "defl})"; *key; key++)
        rl_bind_key_in_map(*key, insert_closing, emacs_standard_keymap);
    rl_variable_bind("show-all-if-ambiguous", "on");
}

/* ---- History -------------------------------------------------------------------------------- */

/* Makes the chunk the latest; false when it already was. */
static bool becomes_latest(const char *chunk)
{
    if (latest && strcmp(latest, chunk) == 0)
        return false;
    free(latest);
    latest = strdup(chunk);
    return true;
}

static void known_entry(const char *entry)
{
    if (becomes_latest(entry))
        add_history(entry);
}

bool tyb_line_open(lua_State *L)
{
    with_readline = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
    if (!with_readline)
        return false;
    rl_readline_name = TYB_PROGRAM;
    rl_instream = stdin;
    rl_outstream = stdout;
    rl_catch_signals = 0;
    rl_catch_sigwinch = 0;
    rl_startup_hook = indent;
    bind_keys();
    rl_initialize();
    tyb_complete_open(L);
    stifle_history(HISTORY_ENTRIES);
    tyb_history_load(known_entry);
    return true;
}

tyb_line_status tyb_line_read(const char *prompt, int columns, char **line)
{
    indented = columns;
    fflush(stdout);
    clearerr(stdin); /* a read that Ctrl-C stopped is no error of the next one */
    line_read = NULL;
    tyb_line_status status = with_readline ? read_terminal(prompt) : read_plainly();
    if (status != TYB_LINE) {
        free(line_read);
        line_read = NULL;
    }
    *line = line_read;
    return status;
}

void tyb_line_remember(const char *chunk)
{
    if (!with_readline || !becomes_latest(chunk))
        return;
    add_history(chunk);
    tyb_history_add(chunk);
}

void tyb_line_close(void)
{
    free(latest);
    latest = NULL;
    if (with_readline)
        tyb_history_trim();
}
