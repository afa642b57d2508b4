/*
 * Runs a test program's suite once for each instruction set that this processor has kernels for.
 */
#ifndef EACH_ISA_H
#define EACH_ISA_H

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backend/cpu/isa.h"

/* What main() returns: 0 when all runs passed. With TYCHO_ISA set there is that one run. */
static int run_on_each_isa(int (*run_all)(void))
{
#if defined(__x86_64__)
    /* The choice of instruction set is made once per process, so each gets its own. */
    if (!getenv("TYCHO_ISA")) {
        static const char *const names[] = {"v2", "v3", "v4"};
        int failed = 0;
        for (int i = 0; i < 3; i++) {
            fflush(NULL);
            pid_t child = fork();
            if (child == 0) {
                setenv("TYCHO_ISA", names[i], 1);
                if (tyi_cpu_isa() != i)
                    _exit(0); /* not on this processor */
                printf("# %s\n", names[i]);
                exit(run_all() != 0);
            }
            int status = 1;
            if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
                failed++;
        }
        return failed != 0;
    }
#endif
    return run_all();
}

#endif
