/*
 * Being watched: a capture (core/capture) follows what a thread does with memory while it records a step. This is the
 * side that tensors, autograd and ops see: who touches which storage, where the host looks at numbers, whose gradients
 * are replaced. Nothing is watched unless `tyi_watching` is set, and asking that is one load of a thread's variable.
 */
#ifndef TYI_WATCH_H
#define TYI_WATCH_H

#include <stdbool.h>

#include "tycho.h"

struct tyi_storage;
struct tyi_backend;

/* What happens to the grad of a tensor: it is looked at (or added to), or forgotten and given anew. */
typedef enum { TYI_GRAD_READ, TYI_GRAD_SET } tyi_grad_event;

/* Work of the host between kernels that a replay does anew: `run` at each replay, `release` once. */
typedef struct tyi_action {
    ty_status (*run)(void *data);
    void (*release)(void *data);
    void *data;
} tyi_action;

typedef struct tyi_watcher {
    /* The table that ops find in place of the device's; NULL with the error set where it is no device for them. */
    const struct tyi_backend *(*backend)(struct tyi_watcher *, ty_device device);
    void (*touched)(struct tyi_watcher *, const ty_tensor *x); /* somebody takes the address of x's numbers */
    void (*made)(struct tyi_watcher *, struct tyi_storage *s);
    bool (*is_known)(struct tyi_watcher *, const ty_tensor *x); /* its numbers do not depend on what kernels computed */
    void (*grad)(struct tyi_watcher *, ty_tensor *x, tyi_grad_event event);
    ty_status (*act)(struct tyi_watcher *, tyi_action action); /* records and runs; takes over action.data */
    void (*index_bounds)(struct tyi_watcher *, int64_t low, int64_t high);
} tyi_watcher;

/* Who watches this thread; NULL: nobody. */
extern _Thread_local tyi_watcher *tyi_watching;

/* Before the host reads numbers of x: fails when they will be others at a replay. `name`: the op, for the message. */
ty_status tyi_host_read(const char *name, const ty_tensor *x);
/* After index_range() on indices that were found in order: they are so whenever they lie in [low, high]. */
static inline void tyi_index_bounds(int64_t low, int64_t high)
{
    if (tyi_watching)
        tyi_watching->index_bounds(tyi_watching, low, high);
}
static inline void tyi_watch_grad(ty_tensor *x, tyi_grad_event event)
{
    if (tyi_watching)
        tyi_watching->grad(tyi_watching, x, event);
}

#endif
