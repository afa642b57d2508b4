/*
 * Libraries of NVIDIA's that the plug-in opens when it first needs them, so that it loads and works without them. The
 * header of such a library is needed to build; its functions are called through pointers. The emulation of tests, which
 * has these functions in it, gives its own macros.
 */
#ifndef TYI_CUDA_LIBRARY_CUH
#define TYI_CUDA_LIBRARY_CUH

#include <dlfcn.h>

/* A structure for a library: a pointer to each function of a list, and whether it was found with all of them. FUNCTIONS
 * is a macro that names them: #define FUNCTIONS(X) X(first) X(second). */
#define TYI_LIBRARY_POINTER(name) decltype(&::name) name;
#define TYI_LIBRARY(type, FUNCTIONS)                                                                                   \
    struct type {                                                                                                      \
        FUNCTIONS(TYI_LIBRARY_POINTER)                                                                                 \
        bool found;                                                                                                    \
    }

/* The library of such a structure, opened when this is first run. */
#define TYI_LIBRARY_FIND(name) it.found = it.found && (it.name = TYI_LIBRARY_FUNCTION(file, name));
#define TYI_RETURN_LIBRARY(type, FUNCTIONS, file_name)                                                                 \
    static const type opened = [] {                                                                                    \
        type it = {};                                                                                                  \
        void *file = TYI_OPEN_LIBRARY(file_name);                                                                      \
        it.found = file;                                                                                               \
        FUNCTIONS(TYI_LIBRARY_FIND)                                                                                    \
        return it;                                                                                                     \
    }();                                                                                                               \
    return opened

/* The library as a void pointer, NULL where it is not installed; and a function of it, NULL where it has none. */
#ifndef TYI_OPEN_LIBRARY
#define TYI_OPEN_LIBRARY(name)              dlopen(name, RTLD_NOW | RTLD_LOCAL)
#define TYI_LIBRARY_FUNCTION(library, name) reinterpret_cast<decltype(&::name)>(dlsym(library, #name))
#endif

#endif
