/*
 * Libraries of NVIDIA's that the plug-in opens when it first needs them, so that it loads and works without them. The
 * header of such a library is needed to build; its functions are called through pointers. The emulation of tests, which
 * has these functions in it, gives its own macros.
 */
#ifndef TYI_CUDA_LIBRARY_CUH
#define TYI_CUDA_LIBRARY_CUH

#include <dlfcn.h>

/* The library as a void pointer, NULL where it is not installed; and a function of it, NULL where it has none. */
#ifndef TYI_OPEN_LIBRARY
#define TYI_OPEN_LIBRARY(name)              dlopen(name, RTLD_NOW | RTLD_LOCAL)
#define TYI_LIBRARY_FUNCTION(library, name) reinterpret_cast<decltype(&::name)>(dlsym(library, #name))
#endif

#endif
