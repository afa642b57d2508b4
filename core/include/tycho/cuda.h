/* NVIDIA GPUs, through the CUDA plug-in (libtycho_cuda.so), which is opened when it is first asked for. Relies on
 * tensor.h. */
#ifndef TYCHO_H
#error "include tycho.h, which includes its sections in order"
#endif

/* ---- CUDA ----------------------------------------------------------------------------------- */
/* Tensors are put on a device by its name, "cuda" or "cuda:1", wherever one is asked for. Kernels run on the calling
 * thread's current stream of their tensors' device, in order, while the host goes on; whatever looks at numbers waits
 * for them. A device number out of range, and no plug-in or GPU at all, fail with the reason. */

typedef struct ty_cuda_properties {
    char name[256];
    int major, minor; /* compute capability */
    size_t total_memory;
    int multiprocessors, threads_per_multiprocessor;
} ty_cuda_properties;

int ty_cuda_device_count(void);        /* 0, and no error, where there is none */
const char *ty_cuda_unavailable(void); /* why there is none: "no NVIDIA driver ..."; NULL where there is one */
ty_status ty_cuda_get_properties(int device, ty_cuda_properties *properties);
int ty_cuda_current_device(void);          /* 0 at first; "cuda" without a number means this one */
ty_status ty_cuda_set_device(int device);  /* for the calling thread */
ty_status ty_cuda_synchronize(int device); /* waits for all work there, and reports what failed in it */

ty_status ty_cuda_get_memory_stats(int device, ty_memory_stats *stats); /* as ty_get_memory_stats */
/* live, cached and allocated_total of all devices together; zeros before one is first asked for. */
void ty_cuda_get_total_memory(ty_memory_stats *stats);
ty_status ty_cuda_memory_info(int device, size_t *free, size_t *total); /* of the device, for all processes, in bytes */
ty_status ty_cuda_reset_peak_memory(int device);
ty_status ty_cuda_empty_cache(void); /* cached blocks of all devices go back to the driver */

ty_status ty_cuda_manual_seed(int device, uint64_t seed); /* device -1: all of them */
ty_status ty_cuda_get_generator(int device, uint64_t *seed, uint64_t *offset);
ty_status ty_cuda_set_generator(int device, uint64_t seed, uint64_t offset);
/* torch.backends.cuda.matmul.allow_tf32 (false at first), torch.backends.cudnn.allow_tf32 (true at first). */
ty_status ty_cuda_allow_tf32(bool products, bool convolutions);
/* torch.backends.cudnn.enabled (true at first) and version(): 90100 for 9.1, 0 where cuDNN or a device is missing. */
ty_status ty_cuda_enable_cudnn(bool enabled);
int ty_cuda_cudnn_version(void);

/* torch.Tensor.pin_memory: a copy of a tensor of the CPU in page-locked memory, x itself where it lies there. */
ty_tensor *ty_pin_memory(ty_tensor *x);
bool ty_is_pinned(const ty_tensor *x);
/* ty_to() that does not wait for the copy from pinned memory. To the CPU, the result lies in pinned memory: synchronise
 * before reading it. */
ty_tensor *ty_to_async(ty_tensor *x, ty_dtype dtype, ty_device device, bool copy);

/* Streams and events: torch.cuda.Stream and Event. */
typedef struct tyi_cuda_stream ty_cuda_stream;
typedef struct tyi_cuda_event ty_cuda_event;
ty_cuda_stream *ty_cuda_stream_new(int device, int priority); /* priority 0, or -1 for a higher one */
void ty_cuda_stream_free(ty_cuda_stream *stream);             /* its work goes on */
ty_cuda_stream *ty_cuda_stream_current(int device);           /* of this thread; borrowed */
ty_cuda_stream *ty_cuda_stream_default(int device);           /* borrowed */
ty_status ty_cuda_stream_use(ty_cuda_stream *stream);         /* from now on, by this thread, on the stream's device */
int ty_cuda_stream_device(const ty_cuda_stream *stream);
ty_status ty_cuda_stream_synchronize(ty_cuda_stream *stream);
ty_status ty_cuda_stream_query(ty_cuda_stream *stream, bool *done);
ty_status ty_cuda_stream_wait_event(ty_cuda_stream *stream, ty_cuda_event *event);
ty_status ty_cuda_record_stream(ty_tensor *x, ty_cuda_stream *stream); /* torch.Tensor.record_stream */
ty_cuda_event *ty_cuda_event_new(int device, bool timing);
void ty_cuda_event_free(ty_cuda_event *event);
ty_status ty_cuda_event_record(ty_cuda_event *event, ty_cuda_stream *stream);
ty_status ty_cuda_event_query(ty_cuda_event *event, bool *done);
ty_status ty_cuda_event_synchronize(ty_cuda_event *event);
ty_status ty_cuda_event_elapsed(ty_cuda_event *start, ty_cuda_event *end, float *milliseconds);
