/*
 * The border between libtycho and its CUDA plug-in, libtycho_cuda.so: what each gives the other when the plug-in is
 * opened (core/backend/cuda_plugin.c). The plug-in links to nothing of libtycho, because a program and a Lua module may
 * each have their own copy of it in one process. Included by C and by CUDA C++.
 */
#ifndef TYI_CUDA_PLUGIN_H
#define TYI_CUDA_PLUGIN_H

#include "backend/backend.h"
#include "tycho.h"

/* Raised whenever anything that both sides see changes: these structures, or the backend's table and its arguments. */
#define TYI_CUDA_ABI 8

/* What the plug-in may call. */
typedef struct tyi_cuda_host {
    ty_status (*fail)(ty_error_kind kind, const char *format, ...) __attribute__((format(printf, 2, 3)));
    /* Where a generator of a CUDA device stands; it moves on by so many words. */
    void (*take_philox)(ty_generator *g, uint64_t words, uint64_t *seed, uint64_t *offset);
    bool (*interrupted)(void); /* Ctrl-C was pressed: long loops of the host end */
} tyi_cuda_host;

typedef struct tyi_cuda_stream tyi_cuda_stream;
typedef struct tyi_cuda_event tyi_cuda_event;
typedef struct tyi_cuda_graph tyi_cuda_graph;

/* What libtycho may call. Device numbers have been checked against device_count. Work that is asked for without a
 * stream goes to the calling thread's current stream on its current device. */
typedef struct tyi_cuda_module {
    const tyi_backend *backend;

    int device_count;
    ty_status (*properties)(int device, ty_cuda_properties *properties);
    /* Makes a device the thread's current one: kernels, which are not told a device, run there. */
    ty_status (*use_device)(int device);
    int (*current_device)(void);
    ty_status (*synchronize)(int device); /* waits for all work there; reports what failed in it */

    ty_status (*allocate)(int device, size_t bytes, void **data);
    void (*release)(int device, void *data, size_t bytes);
    void (*memory_stats)(int device, ty_memory_stats *stats);
    ty_status (*memory_info)(int device, size_t *free, size_t *total); /* as the driver counts, for all processes */
    void (*reset_peak_memory)(int device);
    void (*empty_cache)(void);
    /* Host memory that the device reads and writes by itself, kept for reuse until the work that uses it is done. */
    ty_status (*allocate_pinned)(size_t bytes, void **data);
    void (*release_pinned)(void *data, size_t bytes);
    bool (*is_pinned)(const void *data);
    /* Between two devices; and between pinned host memory and the current device without waiting. */
    ty_status (*copy_between)(void *to, int to_device, const void *from, int from_device, size_t bytes);
    ty_status (*copy_async)(void *to, const void *from, size_t bytes, bool to_device);

    tyi_cuda_stream *(*stream_new)(int device, int priority); /* NULL: failed */
    void (*stream_free)(tyi_cuda_stream *stream);
    tyi_cuda_stream *(*stream_current)(int device);   /* borrowed */
    tyi_cuda_stream *(*stream_default)(int device);   /* borrowed */
    ty_status (*stream_use)(tyi_cuda_stream *stream); /* on its device, by this thread */
    int (*stream_device)(const tyi_cuda_stream *stream);
    ty_status (*stream_synchronize)(tyi_cuda_stream *stream);
    ty_status (*stream_query)(tyi_cuda_stream *stream, bool *done);
    ty_status (*stream_wait)(tyi_cuda_stream *stream, tyi_cuda_event *event);
    /* A block that another stream than its own uses: it is given out again when that stream is past this point. */
    ty_status (*record_stream)(void *data, int device, tyi_cuda_stream *stream);
    tyi_cuda_event *(*event_new)(int device, bool timing);
    void (*event_free)(tyi_cuda_event *event);
    ty_status (*event_record)(tyi_cuda_event *event, tyi_cuda_stream *stream);
    ty_status (*event_query)(tyi_cuda_event *event, bool *done);
    ty_status (*event_synchronize)(tyi_cuda_event *event);
    ty_status (*event_elapsed)(tyi_cuda_event *start, tyi_cuda_event *end, float *milliseconds);

    /* The device's random generator: torch.cuda's, Philox with a seed and an offset. */
    void (*generator_seed)(int device, uint64_t seed);
    void (*generator_get)(int device, uint64_t *seed, uint64_t *offset);
    void (*generator_set)(int device, uint64_t seed, uint64_t offset);

    /* A graph of the kernels that this thread launches on its current stream between graph_begin and graph_end: they do
     * not run then, but at each graph_launch, on the stream that is current there. Random numbers go on from launch to
     * launch. graph_end gives NULL when what was launched cannot be a graph. */
    ty_status (*graph_begin)(void);
    tyi_cuda_graph *(*graph_end)(void);
    ty_status (*graph_launch)(tyi_cuda_graph *graph);
    void (*graph_free)(tyi_cuda_graph *graph);

    /* Whether float32 products and convolutions may round their inputs to TF32 (10 bits of fraction). */
    void (*allow_tf32)(bool products, bool convolutions);
    /* Whether convolutions may go through cuDNN, and its version, 90100 for 9.1: 0 where there is none. */
    void (*enable_cudnn)(bool enabled);
    int (*cudnn_version)(void);
} tyi_cuda_module;

/* The plug-in's one exported function: fills *module; fails with the reason. *abi is set in any case. */
typedef ty_status tyi_cuda_open_function(const tyi_cuda_host *host, int *abi, tyi_cuda_module *module);
#define TYI_CUDA_OPEN "tyi_cuda_open"

#endif
