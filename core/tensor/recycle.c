/*
 * Free lists per thread and kind. A list keeps at most MOST blocks; a thread's lists are freed when it ends. Each
 * thread counts for itself, without locked instructions, and is added up with the others when somebody asks.
 */
#include "tensor/recycle.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

#include "tensor/error.h"
#include "tensor/storage.h"

#if defined(__SANITIZE_ADDRESS__) /* a block in use again would hide the use of a dropped one */
#define MOST 0
#else
#define MOST 512
#endif

typedef struct block {
    struct block *next;
} block;

typedef struct lists {
    block *first[TYI_RECYCLE_KINDS];
    int count[TYI_RECYCLE_KINDS];
    bool known; /* the thread's end is being watched, and it stands among `threads` */
    bool over;  /* it is ending: nothing is kept any more */
    /* Written by the thread alone. */
    _Atomic uint64_t taken[TYI_RECYCLE_KINDS], given[TYI_RECYCLE_KINDS];
    struct lists *previous, *next;
} lists;

static _Thread_local lists mine;

/* All threads that are known, and what those that have ended counted. */
static struct {
    pthread_mutex_t lock;
    lists *first;
    uint64_t taken[TYI_RECYCLE_KINDS], given[TYI_RECYCLE_KINDS];
} threads = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* A key with a destructor is the only portable way to be told of a thread's end. */
static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void free_all(void *of)
{
    lists *l = of;
    l->over = true;
    pthread_mutex_lock(&threads.lock);
    *(l->previous ? &l->previous->next : &threads.first) = l->next;
    if (l->next)
        l->next->previous = l->previous;
    for (int kind = 0; kind < TYI_RECYCLE_KINDS; kind++) {
        threads.taken[kind] += atomic_load_explicit(&l->taken[kind], memory_order_relaxed);
        threads.given[kind] += atomic_load_explicit(&l->given[kind], memory_order_relaxed);
    }
    pthread_mutex_unlock(&threads.lock);
    for (int kind = 0; kind < TYI_RECYCLE_KINDS; kind++) {
        while (l->first[kind]) {
            block *b = l->first[kind];
            l->first[kind] = b->next;
            free(b);
        }
    }
}

static void make_key(void)
{
    pthread_key_create(&key, free_all);
}

/* Makes the thread known; one whose end cannot be watched keeps nothing. */
static void begin(void)
{
    pthread_once(&once, make_key);
    if (pthread_setspecific(key, &mine) != 0) {
        mine.over = true;
        return;
    }
    mine.known = true;
    pthread_mutex_lock(&threads.lock);
    mine.next = threads.first;
    if (threads.first)
        threads.first->previous = &mine;
    threads.first = &mine;
    pthread_mutex_unlock(&threads.lock);
}

static void count(_Atomic uint64_t *own, uint64_t *of_ended)
{
    if (!mine.over) {
        atomic_store_explicit(own, atomic_load_explicit(own, memory_order_relaxed) + 1, memory_order_relaxed);
        return;
    }
    pthread_mutex_lock(&threads.lock);
    ++*of_ended;
    pthread_mutex_unlock(&threads.lock);
}

void *tyi_recycle_take(tyi_recycle_kind kind, size_t bytes)
{
    if (!mine.known && !mine.over)
        begin();
    block *b = mine.first[kind];
    if (b) {
        mine.first[kind] = b->next;
        mine.count[kind]--;
    } else {
        b = aligned_alloc(TYI_ALIGNMENT, (bytes + TYI_ALIGNMENT - 1) / TYI_ALIGNMENT * TYI_ALIGNMENT);
        if (!b) {
            tyi_fail_memory(bytes);
            return NULL;
        }
    }
    count(&mine.taken[kind], &threads.taken[kind]);
    return b;
}

void tyi_recycle_give(tyi_recycle_kind kind, void *data)
{
    if (!mine.known && !mine.over)
        begin();
    count(&mine.given[kind], &threads.given[kind]);
    if (mine.count[kind] >= MOST || mine.over) {
        free(data);
        return;
    }
    block *b = data;
    b->next = mine.first[kind];
    mine.first[kind] = b;
    mine.count[kind]++;
}

void tyi_recycle_counts(tyi_recycle_kind kind, uint64_t *taken, uint64_t *given)
{
    pthread_mutex_lock(&threads.lock);
    *taken = threads.taken[kind];
    *given = threads.given[kind];
    for (const lists *l = threads.first; l; l = l->next) {
        *taken += atomic_load_explicit(&l->taken[kind], memory_order_relaxed);
        *given += atomic_load_explicit(&l->given[kind], memory_order_relaxed);
    }
    pthread_mutex_unlock(&threads.lock);
}
