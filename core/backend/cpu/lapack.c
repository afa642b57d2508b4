/*
 * Linear algebra by LAPACK, which is opened when the first factorisation is asked for: OpenBLAS, or any other library
 * with LAPACK's Fortran names and 32-bit integers. It runs on one thread, as every library here. The calls themselves
 * are in lapack_dtype.h, once for float32 and once for float64.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "backend/cpu/cpu.h"
#include "tensor/interrupt.h"

/* The functions taken from the library, in the order of the tables in lapack_dtype.h. */
#define FUNCTIONS(X)                                                                                                   \
    X(getrf) X(getrs) X(potrf) X(geqrf) X(orgqr) X(trtrs) X(syevd) X(geev) X(gesdd) X(gels) X(gelsy) X(gelsd) X(gelss)

#define T    float
#define L(f) f##_f32
#include "backend/cpu/lapack_dtype.h"
#define T    double
#define L(f) f##_f64
#include "backend/cpu/lapack_dtype.h"

static pthread_once_t opened = PTHREAD_ONCE_INIT;
static bool ready; /* written once, by open_library() */

static bool find(void *library, const char *name, void *function)
{
    void *symbol = dlsym(library, name);
    if (symbol)
        memcpy(function, &symbol, sizeof symbol);
    return symbol;
}

static void open_library(void)
{
    static const char *const names[] = {"libopenblas.so.0", "liblapack.so.3", "libflexiblas.so.3",
                                        "libopenblas.so",   "liblapack.so",   "libmkl_rt.so.2"};
    for (size_t i = 0; !ready && i < sizeof names / sizeof *names; i++) {
        void *library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
        if (!library)
            continue;
        ready = true;
#define X(name)                                                                                                        \
    ready = ready && find(library, "s" #name "_", &table_f32.name) && find(library, "d" #name "_", &table_f64.name);
        FUNCTIONS(X)
#undef X
        void (*set_threads)(int) = NULL;
        if (ready && (find(library, "openblas_set_num_threads", &set_threads) ||
                      find(library, "flexiblas_set_num_threads", &set_threads) ||
                      find(library, "MKL_Set_Num_Threads", &set_threads)))
            set_threads(1);
        if (!ready)
            dlclose(library);
    }
}

ty_status tyi_cpu_lapack(const tyi_lapack_args *args)
{
    pthread_once(&opened, open_library);
    if (!ready)
        return ty_fail(TY_ERROR_VALUE, "linear algebra needs LAPACK, which is not installed; install the package "
                                       "libopenblas0-openmp (or liblapack3) and start again");
    if (args->m > INT32_MAX || args->n > INT32_MAX || args->k > INT32_MAX)
        return ty_fail(TY_ERROR_VALUE, "linear algebra: a matrix of %lld x %lld is too large for LAPACK",
                       (long long)args->m, (long long)args->n);
    return args->dtype == TY_FLOAT32 ? batch_f32(args) : batch_f64(args);
}
