/*
 * Finding and opening the CUDA plug-in. It is looked for where TYCHO_CUDA_PLUGIN says (a file), else beside the file
 * that holds this code (the program, or the Lua module), in the library folders next to that, and where the system
 * keeps libraries. What came of it is kept: asking again is cheap, whether it is there or not.
 */
#define _GNU_SOURCE /* dladdr */
#include "backend/cuda_plugin.h"

#include <dlfcn.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tensor/error.h"
#include "tensor/interrupt.h"
#include "tensor/random.h"
#include "tensor/storage.h"

#define PLUGIN "libtycho_cuda.so"
#ifndef TYCHO_LIBDIR
#define TYCHO_LIBDIR "lib"
#endif

static struct {
    pthread_once_t once;
    atomic_bool there;
    tyi_cuda_module module;
    char reason[1024]; /* why it is not there */
} plugin = {.once = PTHREAD_ONCE_INIT};

static ty_status allocate(int device, size_t bytes, void **data)
{
    return plugin.module.allocate(device, bytes, data);
}

static void release(int device, void *data, size_t bytes)
{
    plugin.module.release(device, data, bytes);
}

static void seed_devices(uint64_t seed)
{
    for (int i = 0; i < plugin.module.device_count; i++)
        plugin.module.generator_seed(i, seed);
}

static const tyi_allocator allocator = {allocate, release};

/* The file to open, in `path`; false: none was found, and the system's own search is left. */
static bool find(char path[PATH_MAX])
{
    static const char *const places[] = {"", "lib/", "../", "../lib/", "../" TYCHO_LIBDIR "/", "../../", "../../../"};
    Dl_info info;
    char self[PATH_MAX];
    if (!dladdr((void *)(uintptr_t)&tyi_cuda, &info) || !info.dli_fname || !realpath(info.dli_fname, self)) {
        ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1); /* found by PATH: its name has no folder */
        if (length < 0)
            return false;
        self[length] = 0;
    }
    char *slash = strrchr(self, '/');
    if (!slash)
        return false;
    slash[1] = 0;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        if (snprintf(path, PATH_MAX, "%s%s" PLUGIN, self, places[i]) < PATH_MAX && access(path, R_OK) == 0)
            return true;
    }
    return false;
}

static void open_plugin(void)
{
    const char *wanted = getenv("TYCHO_CUDA_PLUGIN");
    char path[PATH_MAX];
    bool found = !wanted && find(path);
    const char *file = wanted ? wanted : found ? path : PLUGIN;
    void *library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
    if (!library && !wanted && !found) {
        snprintf(plugin.reason, sizeof plugin.reason,
                 "the CUDA plug-in (" PLUGIN ") is not installed; build Tycho where the CUDA Toolkit is (nvcc), or say "
                 "where the plug-in lies with TYCHO_CUDA_PLUGIN=FILE");
        return;
    }
    if (!library) {
        snprintf(
            plugin.reason, sizeof plugin.reason,
            "the CUDA plug-in cannot be loaded (%s); the libraries of the CUDA version that it was built with must "
            "be installed, or lie on LD_LIBRARY_PATH",
            dlerror());
        return;
    }
    tyi_cuda_open_function *open = NULL;
    *(void **)&open = dlsym(library, TYI_CUDA_OPEN);
    const tyi_cuda_host host = {.fail = ty_fail, .take_philox = tyi_take_philox, .interrupted = tyi_interrupted};
    int abi = 0;
    ty_status status = open ? open(&host, &abi, &plugin.module) : TY_FAIL;
    if (abi != TYI_CUDA_ABI) {
        snprintf(plugin.reason, sizeof plugin.reason,
                 "the CUDA plug-in %.800s belongs to another version of Tycho; install both from one build", file);
        dlclose(library);
        return;
    }
    if (status != TY_OK) {
        snprintf(plugin.reason, sizeof plugin.reason, "%s", ty_error());
        dlclose(library);
        return;
    }
    tyi_register_allocator(TY_CUDA, &allocator);
    plugin.there = true;
    tyi_seed_devices_by(seed_devices);
}

const tyi_cuda_module *tyi_cuda(void)
{
    pthread_once(&plugin.once, open_plugin);
    if (plugin.there)
        return &plugin.module;
    return tyi_fail(TY_ERROR_VALUE, "device \"cuda\" is not available: %s", plugin.reason);
}

const tyi_cuda_module *tyi_cuda_device(int device)
{
    const tyi_cuda_module *module = tyi_cuda();
    if (module && (device < 0 || device >= module->device_count))
        return tyi_fail(TY_ERROR_VALUE, "device \"cuda:%d\" is not there: this machine has %d CUDA device%s, %s%d",
                        device, module->device_count, module->device_count == 1 ? "" : "s",
                        module->device_count == 1 ? "cuda:" : "cuda:0 to cuda:", module->device_count - 1);
    return module;
}

const tyi_cuda_module *tyi_cuda_if_open(void)
{
    return plugin.there ? &plugin.module : NULL;
}

const char *ty_cuda_unavailable(void)
{
    pthread_once(&plugin.once, open_plugin);
    return plugin.there ? NULL : plugin.reason;
}
