/*
 * The executable `tycho`: reads the arguments, opens a Lua state in which `require "tycho"` finds the library that
 * lies beside the executable, and runs -e code, a script, standard input or the prompt. The names ty, nn, F, optim,
 * data, plot and help are globals that load the library when they are first used.
 * Relies on the other files of this folder and on luaopen_tycho_core, which is linked in.
 */
#include <limits.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <lauxlib.h>
#include <lualib.h>

#include "repl.h"

int luaopen_tycho_core(lua_State *L);

static const char usage[] = "usage: tycho [options] [script [arguments]]\n"
                            "  -e code        run the code (may be given again)\n"
                            "  -i             prompt after the script or code, with its variables\n"
                            "  --norc         do not run ~/.tychorc.lua before the prompt\n"
                            "  --no-color     no colours (as with NO_COLOR=1 or TERM=dumb)\n"
                            "  -v, --version  show the version\n"
                            "  -h, --help     show this help\n"
                            "  --             end of options\n"
                            "  -              run standard input as a script\n"
                            "Without a script or -e: the prompt on a terminal, else standard input as a script.\n"
                            "ty, nn, F, optim, data, plot and help are there as globals.\n"
                            "TYCHO_FULL_TRACEBACK=1 shows Tycho's own lines in tracebacks, too.\n";

/* What the arguments ask for. */
struct request {
    int script;       /* index in argv of the script, or argc */
    bool code;        /* -e was given */
    bool interactive; /* -i */
    bool norc, no_colour;
    bool version, help;
    const char *wrong; /* what is wrong with the arguments, or NULL */
    const char *about; /* the argument meant */
};

static struct request parse(int argc, char **argv)
{
    struct request r = {.script = argc};
    for (int i = 1; i < argc; i++) {
        const char *a = argv[i];
        if (a[0] != '-' || strcmp(a, "-") == 0) {
            r.script = i;
            break;
        }
        if (strcmp(a, "--") == 0) {
            r.script = i + 1;
            break;
        }
        if (strncmp(a, "-e", 2) == 0) {
            r.code = true;
            if (a[2] == '\0' && ++i >= argc) {
                r.wrong = "needs code after it";
                r.about = a;
                break;
            }
        } else if (strcmp(a, "-i") == 0) {
            r.interactive = true;
        } else if (strcmp(a, "--norc") == 0) {
            r.norc = true;
        } else if (strcmp(a, "--no-color") == 0 || strcmp(a, "--no-colour") == 0) {
            r.no_colour = true;
        } else if (strcmp(a, "-v") == 0 || strcmp(a, "--version") == 0) {
            r.version = true;
        } else if (strcmp(a, "-h") == 0 || strcmp(a, "--help") == 0) {
            r.help = true;
        } else {
            r.wrong = "is not an option";
            r.about = a;
            break;
        }
    }
    return r;
}

/* ---- The names that are there without require ------------------------------------------------ */

static const char *const lazy_names[] = {"ty", "nn", "F", "optim", "data", "plot", "help", NULL};

/* __index of the table of globals: a missing one of these names loads the library. */
static int lazy_index(lua_State *L)
{
    const char *name = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "";
    for (const char *const *known = lazy_names; *known; known++) {
        if (strcmp(name, *known) != 0)
            continue;
        lua_pushvalue(L, lua_upvalueindex(1));
        lua_pushliteral(L, "tycho");
        lua_call(L, 1, 1);
        if (known != lazy_names)
            lua_getfield(L, -1, name);
        lua_pushvalue(L, 2);
        lua_pushvalue(L, -2);
        lua_rawset(L, 1);
        return 1;
    }
    return 0;
}

/* __complete of the table of globals: the names that it does not hold yet. */
static int lazy_complete(lua_State *L)
{
    lua_newtable(L);
    for (int i = 0; lazy_names[i]; i++) {
        lua_pushstring(L, lazy_names[i]);
        lua_rawseti(L, -2, i + 1);
    }
    return 1;
}

static void set_lazy_globals(lua_State *L)
{
    lua_pushglobaltable(L);
    lua_createtable(L, 0, 2);
    lua_getglobal(L, "require");
    lua_pushcclosure(L, lazy_index, 1);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, lazy_complete);
    lua_setfield(L, -2, "__complete");
    lua_setmetatable(L, -2);
    lua_pop(L, 1);
}

/* ---- Where the library is -------------------------------------------------------------------- */

/* Writes the folder of the executable into path; false when the system does not tell. */
static bool own_folder(char path[static PATH_MAX])
{
    ssize_t n = readlink("/proc/self/exe", path, PATH_MAX - 1);
    if (n <= 0)
        return false;
    path[n] = '\0';
    char *slash = strrchr(path, '/');
    if (!slash)
        return false;
    *slash = '\0';
    return true;
}

/* Puts the library's folder first in package.path: lua/ beside the executable in a build tree, share/lua/5.4 where
 * it is installed. */
static void set_path(lua_State *L)
{
    char folder[PATH_MAX];
    tyb_report_open(L, NULL);
    if (!own_folder(folder))
        return;
    lua_pushfstring(L, "%s/lua", folder);
    lua_pushfstring(L, "%s/tycho/init.lua", lua_tostring(L, -1));
    if (access(lua_tostring(L, -1), R_OK) != 0) {
        char *slash = strrchr(folder, '/'); /* bin/.. without the dots, which would show in messages */
        if (slash)
            *slash = '\0';
        lua_pop(L, 2);
        lua_pushfstring(L, "%s/share/lua/5.4", folder);
        lua_pushnil(L);
    }
    lua_pop(L, 1);
    const char *root = lua_tostring(L, -1);
    lua_pushfstring(L, "%s/tycho", root);
    tyb_report_open(L, lua_tostring(L, -1));
    lua_getglobal(L, "package");
    lua_getfield(L, -1, "path");
    lua_pushfstring(L, "%s/?.lua;%s/?/init.lua;%s", root, root, lua_tostring(L, -1));
    lua_setfield(L, -3, "path");
    lua_pop(L, 4);
}

/* ---- Running --------------------------------------------------------------------------------- */

/* Calls what the load left on the stack (a function with nargs arguments, or its message); an exit status. With a
 * session to come a second Ctrl-C does not end the process. */
static int run(lua_State *L, int load_status, int nargs, bool session)
{
    bool interrupted = false;
    if (load_status == LUA_OK && tyb_call(L, nargs, !session, &interrupted) == LUA_OK) {
        lua_settop(L, 0);
        return 0;
    }
    tyb_report(L, TYB_PROGRAM);
    lua_settop(L, 0);
    return interrupted ? TYB_EXIT_SIGINT : TYB_EXIT_ERROR;
}

/* The global `arg`: the script at 0, its arguments from 1, what stands before it at negative indices. */
static void set_arg(lua_State *L, int argc, char **argv, int script)
{
    if (script == argc)
        script = 0;
    lua_createtable(L, argc - script, script);
    for (int i = 0; i < argc; i++) {
        lua_pushstring(L, argv[i]);
        lua_rawseti(L, -2, i - script);
    }
    lua_setglobal(L, "arg");
}

/* Runs the -e codes; with a prompt to come, as part of its session. */
static int run_codes(lua_State *L, char **argv, int end, bool session)
{
    for (int i = 1; i < end; i++) {
        if (strncmp(argv[i], "-e", 2) != 0)
            continue;
        const char *code = argv[i][2] ? argv[i] + 2 : argv[++i];
        int load_status = LUA_OK;
        if (session) {
            tyb_session_push(L, "code");
            lua_pushstring(L, code);
        } else {
            load_status = luaL_loadbuffer(L, code, strlen(code), "=(command line)");
        }
        int status = run(L, load_status, session ? 1 : 0, session);
        if (status != 0)
            return status;
    }
    return 0;
}

/* Runs the file (NULL: standard input) with the arguments after it; likewise. */
static int run_script(lua_State *L, const char *file, char **arguments, bool session)
{
    int status = LUA_OK, nargs = 0;
    session = session && file;
    if (session) {
        tyb_session_push(L, "file");
        lua_pushstring(L, file);
    } else {
        status = luaL_loadfile(L, file);
    }
    for (; status == LUA_OK && arguments && arguments[nargs]; nargs++) {
        luaL_checkstack(L, 1, "too many arguments to script");
        lua_pushstring(L, arguments[nargs]);
    }
    return run(L, status, nargs + (session ? 1 : 0), session);
}

/* What main() does inside the state's protection. Arguments: argc, argv, where to put the exit status. */
static int protected_main(lua_State *L)
{
    int argc = (int)lua_tointeger(L, 1);
    char **argv = lua_touserdata(L, 2);
    int *status = lua_touserdata(L, 3);
    const struct request *r = lua_touserdata(L, 4);
    lua_settop(L, 0);

    luaL_openlibs(L);
    tyb_interrupt_open(L);
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
    lua_pushcfunction(L, luaopen_tycho_core);
    lua_setfield(L, -2, "tycho.core");
    lua_settop(L, 0);
    set_path(L);
    set_lazy_globals(L);
    set_arg(L, argc, argv, r->script);

    bool something = r->code || r->script < argc || r->version;
    bool prompt = r->interactive || (!something && isatty(STDIN_FILENO));
    if (prompt) {
        if (!tyb_session_open(L))
            return 0;
        if (!r->norc)
            tyb_session_start(L);
    }
    *status = run_codes(L, argv, r->script, prompt);
    if (*status == 0 && r->script < argc) {
        const char *file = argv[r->script];
        bool input = strcmp(file, "-") == 0 && strcmp(argv[r->script - 1], "--") != 0;
        *status = run_script(L, input ? NULL : file, argv + r->script + 1, prompt);
    }
    if (prompt) {
        int asked = tyb_prompt(L);
        *status = asked ? asked : *status;
    } else if (!something) {
        *status = run_script(L, NULL, NULL, false);
    }
    return 0;
}

int main(int argc, char **argv)
{
    struct request r = parse(argc, argv);
    if (r.wrong) {
        fprintf(stderr, "%s: '%s' %s\n%s", TYB_PROGRAM, r.about, r.wrong, usage);
        return TYB_EXIT_USAGE;
    }
    if (r.help) {
        fputs(usage, stdout);
        return 0;
    }
    if (r.version)
        printf("Tycho %s, %s\n", TY_VERSION, LUA_RELEASE);
    if (r.no_colour)
        setenv("NO_COLOR", "1", 1);
    signal(SIGXFSZ, SIG_IGN); /* a file over the limit (ulimit -f) is an error of the write, not the program's end */
    setlocale(LC_CTYPE, "");  /* wide characters at the prompt; numbers keep their point */

    lua_State *L = luaL_newstate();
    if (!L) {
        fprintf(stderr, "%s: not enough memory\n", TYB_PROGRAM);
        return TYB_EXIT_ERROR;
    }
    int status = TYB_EXIT_ERROR;
    lua_pushcfunction(L, protected_main);
    lua_pushinteger(L, argc);
    lua_pushlightuserdata(L, argv);
    lua_pushlightuserdata(L, &status);
    lua_pushlightuserdata(L, &r);
    if (lua_pcall(L, 4, 0, 0) != LUA_OK) {
        tyb_report(L, TYB_PROGRAM);
        status = TYB_EXIT_ERROR;
    }
    signal(SIGINT, SIG_DFL); /* finalizers run now, which nothing else could stop */
    lua_close(L);
    if ((fflush(stdout) != 0 || ferror(stdout)) && status == 0) { /* such as a full disk */
        perror(TYB_PROGRAM ": standard output");
        status = TYB_EXIT_ERROR;
    }
    return status;
}
