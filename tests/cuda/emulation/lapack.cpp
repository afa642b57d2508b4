// Opens the host's LAPACK.
#include "lapack.h"

#include <dlfcn.h>

#include <initializer_list>

namespace emulated
{
namespace
{
void *open_lapack()
{
    for (const char *name : {"libopenblas.so.0", "liblapack.so.3", "libflexiblas.so.3", "libopenblas.so",
                             "liblapack.so", "libmkl_rt.so.2"}) {
        void *library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
        if (library && dlsym(library, "dgesvd_")) {
            return library;
        }
    }
    return nullptr;
}

template <typename F> void find(void *library, const char *name, F *function)
{
    *function = reinterpret_cast<F>(dlsym(library, name));
}

void *library()
{
    static void *const opened = open_lapack();
    return opened;
}
} // namespace

#define EMULATED_LAPACK(T, p)                                                                                          \
    template <> const Lapack<T> *lapack()                                                                              \
    {                                                                                                                  \
        static const Lapack<T> all = [] {                                                                              \
            Lapack<T> l = {};                                                                                          \
            if (void *from = library()) {                                                                              \
                find(from, p "getrf_", &l.getrf);                                                                      \
                find(from, p "getrs_", &l.getrs);                                                                      \
                find(from, p "potrf_", &l.potrf);                                                                      \
                find(from, p "geqrf_", &l.geqrf);                                                                      \
                find(from, p "orgqr_", &l.orgqr);                                                                      \
                find(from, p "ormqr_", &l.ormqr);                                                                      \
                find(from, p "syev_", &l.syev);                                                                        \
                find(from, p "geev_", &l.geev);                                                                        \
                find(from, p "gesvd_", &l.gesvd);                                                                      \
            }                                                                                                          \
            return l;                                                                                                  \
        }();                                                                                                           \
        return all.gesvd ? &all : nullptr;                                                                             \
    }
EMULATED_LAPACK(float, "s")
EMULATED_LAPACK(double, "d")
} // namespace emulated
