/*
 * Ctrl-C. The signal handler asks the engine to stop (ty_interrupt) and sets a count hook on every Lua state that runs
 * now: the main one and the coroutines resumed inside each other, a chain that our coroutine.resume and coroutine.wrap
 * keep. The hook raises "interrupted!" at the next instruction. Then clean-up code (a pcall that restores something, a
 * __close) has a moment without hooks, in which the engine works again; when a timer says that it is over, whatever
 * still runs is stopped at each instruction until the prompt is reached, so that no loop around pcall survives.
 *
 * A signal belongs to the process, so the state here is the process's: one main Lua state per process, the one given to
 * tyb_interrupt_begin(). It knows nothing of prompts and scripts but that a script may be ended by force.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <lauxlib.h>
#include <lualib.h>

#include "repl.h"

/* How long clean-up code may go on after the first "interrupted!". */
#define GRACE_NS 500000000L

/* A state that runs and the one that resumed it; lives on the C stack of the resuming call. */
struct running {
    lua_State *L;
    struct running *up;
};

enum phase {
    CALM,   /* no request */
    ASKED,  /* the next instruction raises */
    GRACE,  /* raised once; clean-up code runs until the timer's signal */
    INSIST, /* every instruction raises */
};

static struct running main_state;
static struct running *volatile innermost; /* NULL: no Lua code runs */
static volatile sig_atomic_t phase;
static volatile sig_atomic_t asked_idle;
static volatile sig_atomic_t fatal_now;
static atomic_int grace_over; /* the timer's signal came to a thread that may not act on it */
static timer_t timer;
static bool have_timer;
static pthread_t main_thread;

static void stop_hook(lua_State *L, lua_Debug *ar);

static bool raising(void)
{
    return phase == ASKED || phase == INSIST;
}

/* Makes all states that run stop at their next instruction. lua_sethook() may be called from a signal handler. */
static void stop_all(void)
{
    ty_interrupt();
    for (struct running *r = innermost; r; r = r->up)
        lua_sethook(r->L, stop_hook, LUA_MASKCOUNT, 1);
}

static void set_timer(long ns)
{
    struct itimerspec when = {.it_value = {.tv_nsec = ns}};
    timer_settime(timer, 0, &when, NULL);
}

/* The handler of SIGINT, which the timer sends, too. */
static void on_sigint(int sig, siginfo_t *info, void *context)
{
    (void)context;
    int saved = errno;
    bool by_timer = info->si_code == SI_TIMER;
    if (!pthread_equal(pthread_self(), main_thread)) {
        /* A thread of the pool was chosen to receive it, but only the main thread may touch the states. */
        if (by_timer)
            atomic_store(&grace_over, 1);
        pthread_kill(main_thread, sig);
    } else if (atomic_exchange(&grace_over, 0) || by_timer) {
        if (innermost && phase == GRACE) {
            phase = INSIST;
            stop_all();
        }
    } else if (!innermost) {
        asked_idle = 1;
    } else {
        if (phase != CALM && fatal_now)
            _exit(TYB_EXIT_SIGINT);
        phase = phase == CALM ? ASKED : INSIST;
        stop_all();
    }
    errno = saved;
}

void tyb_interrupt_seen(void)
{
    if (phase != ASKED)
        return;
    if (!have_timer) {
        phase = INSIST;
        return;
    }
    phase = GRACE;
    ty_interrupt_clear();
    set_timer(GRACE_NS);
}

/* Runs between two instructions of the state L. */
static void stop_hook(lua_State *L, lua_Debug *ar)
{
    if (!raising()) { /* of an earlier request, or clean-up code runs */
        lua_sethook(L, NULL, 0, 0);
        return;
    }
    tyb_interrupt_seen();
    if (lua_getinfo(L, "Sl", ar) && ar->currentline > 0)
        lua_pushfstring(L, "%s:%d: interrupted!", ar->short_src, ar->currentline);
    else
        lua_pushliteral(L, "interrupted!");
    lua_error(L); /* luaL_error() would put the caller's line before it */
}

static void leave(struct running *here, lua_State *L)
{
    innermost = here->up;
    if (raising()) /* the request may have come after this state was entered: it is the resumer's, too */
        lua_sethook(L, stop_hook, LUA_MASKCOUNT, 1);
}

static void enter(struct running *here, lua_State *co)
{
    here->L = co;
    here->up = innermost;
    atomic_signal_fence(memory_order_release);
    innermost = here;
    if (raising())
        lua_sethook(co, stop_hook, LUA_MASKCOUNT, 1);
}

/* Resumes co with the top nargs values of L. Leaves the results, or one error value, on L; their number or -1. */
static int resume(lua_State *L, lua_State *co, int nargs)
{
    if (!lua_checkstack(co, nargs)) {
        lua_pushliteral(L, "too many arguments to resume");
        return -1;
    }
    lua_xmove(L, co, nargs);
    struct running here;
    int nres;
    enter(&here, co); /* nothing from here to leave() can raise */
    int status = lua_resume(co, L, nargs, &nres);
    leave(&here, L);
    if (status != LUA_OK && status != LUA_YIELD) {
        tyb_interrupt_seen();
        lua_xmove(co, L, 1);
        return -1;
    }
    if (!lua_checkstack(L, nres + 1)) {
        lua_pop(co, nres);
        lua_pushliteral(L, "too many results to resume");
        return -1;
    }
    lua_xmove(co, L, nres);
    return nres;
}

static lua_State *check_coroutine(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTHREAD);
    return lua_tothread(L, 1);
}

/* coroutine.resume(co, ...) */
static int co_resume(lua_State *L)
{
    lua_State *co = check_coroutine(L);
    int n = resume(L, co, lua_gettop(L) - 1);
    lua_pushboolean(L, n >= 0);
    int count = n >= 0 ? n : 1;
    lua_insert(L, -(count + 1));
    return count + 1;
}

/* What coroutine.wrap returns; the coroutine is upvalue 1. */
static int wrapped(lua_State *L)
{
    lua_State *co = lua_tothread(L, lua_upvalueindex(1));
    int n = resume(L, co, lua_gettop(L));
    if (n >= 0)
        return n;
    int status = lua_status(co);
    if (status != LUA_OK && status != LUA_YIELD) { /* it died of the error: close what it left open */
        struct running here;
        enter(&here, co);
        status = lua_resetthread(co);
        leave(&here, L);
        lua_xmove(co, L, 1);
    }
    if (phase == CALM && status != LUA_ERRMEM && lua_type(L, -1) == LUA_TSTRING) { /* as Lua's own does */
        luaL_where(L, 1);
        lua_insert(L, -2);
        lua_concat(L, 2);
    }
    return lua_error(L);
}

/* coroutine.wrap(f) */
static int co_wrap(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_State *co = lua_newthread(L);
    lua_pushvalue(L, 1);
    lua_xmove(L, co, 1);
    lua_pushcclosure(L, wrapped, 1);
    return 1;
}

/* coroutine.close(co): Lua's own, upvalue 1, with co in the chain while its __close functions run. */
static int co_close(lua_State *L)
{
    lua_State *co = check_coroutine(L);
    lua_settop(L, 1);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    struct running here;
    enter(&here, co);
    int status = lua_pcall(L, 1, LUA_MULTRET, 0);
    leave(&here, L);
    if (status == LUA_OK)
        return lua_gettop(L);
    luaL_where(L, 1);
    lua_insert(L, -2);
    lua_concat(L, 2);
    return lua_error(L);
}

static int seen_handler(lua_State *L)
{
    (void)L;
    tyb_interrupt_seen();
    return 1;
}

/* The stack holds the handler, true, and then the results or the one error value. */
static int finish_pcall(lua_State *L, int status, lua_KContext unused)
{
    (void)unused;
    if (status == LUA_OK || status == LUA_YIELD)
        return lua_gettop(L) - 1;
    tyb_interrupt_seen(); /* xpcall's handler does not say so */
    lua_pushboolean(L, 0);
    lua_pushvalue(L, -2);
    return 2;
}

/* pcall(f, ...): as Lua's, with a handler that learns of an interrupt before the stack unwinds. */
static int base_pcall(lua_State *L)
{
    luaL_checkany(L, 1);
    lua_pushcfunction(L, seen_handler);
    lua_insert(L, 1);
    lua_pushboolean(L, 1);
    lua_insert(L, 2);
    int status = lua_pcallk(L, lua_gettop(L) - 3, LUA_MULTRET, 1, 0, finish_pcall);
    return finish_pcall(L, status, 0);
}

/* xpcall(f, handler, ...) */
static int base_xpcall(lua_State *L)
{
    luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_pushvalue(L, 1);
    lua_insert(L, 3);
    lua_pushvalue(L, 2);
    lua_replace(L, 1);
    lua_pushboolean(L, 1);
    lua_replace(L, 2);
    int status = lua_pcallk(L, lua_gettop(L) - 3, LUA_MULTRET, 1, 0, finish_pcall);
    return finish_pcall(L, status, 0);
}

/* os.execute(command): Lua's own, upvalue 1. The system lets only the command have a Ctrl-C that comes meanwhile, so
 * that a loop around it would go on for ever: a command that Ctrl-C ended stops what runs here, too. */
static int os_execute(lua_State *L)
{
    int nargs = lua_gettop(L);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, nargs, LUA_MULTRET);
    if (lua_gettop(L) == 3 && lua_type(L, 2) == LUA_TSTRING) {
        lua_Integer code = lua_tointeger(L, 3);
        bool by_signal = strcmp(lua_tostring(L, 2), "signal") == 0;
        if (by_signal ? code == SIGINT : code == TYB_EXIT_SIGINT)
            raise(SIGINT);
    }
    return lua_gettop(L);
}

void tyb_interrupt_open(lua_State *L)
{
    static const luaL_Reg base[] = {{"pcall", base_pcall}, {"xpcall", base_xpcall}, {NULL, NULL}};
    static const luaL_Reg coroutine[] = {{"resume", co_resume}, {"wrap", co_wrap}, {NULL, NULL}};
    lua_pushglobaltable(L);
    luaL_setfuncs(L, base, 0);
    lua_getfield(L, -1, LUA_COLIBNAME);
    luaL_setfuncs(L, coroutine, 0);
    lua_getfield(L, -1, "close");
    lua_pushcclosure(L, co_close, 1);
    lua_setfield(L, -2, "close");
    lua_pop(L, 1);
    lua_getfield(L, -1, LUA_OSLIBNAME);
    lua_getfield(L, -1, "execute");
    lua_pushcclosure(L, os_execute, 1);
    lua_setfield(L, -2, "execute");
    lua_pop(L, 2);

    main_thread = pthread_self();
    struct sigaction action, inherited;
    if (sigaction(SIGINT, NULL, &inherited) == 0 && inherited.sa_handler == SIG_IGN)
        return; /* a background job, which its shell keeps from the terminal's Ctrl-C */
    memset(&action, 0, sizeof action);
    struct sigevent event;
    memset(&event, 0, sizeof event);
    event.sigev_notify = SIGEV_SIGNAL;
    event.sigev_signo = SIGINT;
    have_timer = timer_create(CLOCK_MONOTONIC, &event, &timer) == 0;
    action.sa_sigaction = on_sigint;
    action.sa_flags = SA_SIGINFO; /* no SA_RESTART: a blocked read must come back for the hook to run */
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
}

void tyb_interrupt_begin(lua_State *L, bool fatal)
{
    main_state = (struct running){L, NULL};
    fatal_now = fatal;
    atomic_signal_fence(memory_order_release);
    innermost = &main_state;
}

bool tyb_interrupt_end(lua_State *L)
{
    innermost = NULL;
    bool asked = phase != CALM;
    phase = CALM;
    if (asked && have_timer)
        set_timer(0);
    fatal_now = 0;
    lua_sethook(L, NULL, 0, 0);
    ty_interrupt_clear();
    return asked;
}

bool tyb_interrupt_idle(void)
{
    bool asked = asked_idle;
    asked_idle = 0;
    return asked;
}
