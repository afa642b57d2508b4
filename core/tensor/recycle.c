/*
 * Free lists per thread and kind. A list keeps at most MOST blocks; a thread's lists are freed when it ends.
 */
#include "tensor/recycle.h"

#include <pthread.h>
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
    bool known; /* the thread's end is being watched */
    bool over;  /* the thread is ending: nothing is kept any more */
} lists;

static _Thread_local lists mine;

/* A key with a destructor is the only portable way to be told of a thread's end. */
static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void free_all(void *of)
{
    lists *l = of;
    l->over = true;
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

void *tyi_recycle_take(tyi_recycle_kind kind, size_t bytes)
{
    block *b = mine.first[kind];
    if (b) {
        mine.first[kind] = b->next;
        mine.count[kind]--;
        return b;
    }
    b = aligned_alloc(TYI_ALIGNMENT, (bytes + TYI_ALIGNMENT - 1) / TYI_ALIGNMENT * TYI_ALIGNMENT);
    if (!b)
        tyi_fail_memory(bytes);
    return b;
}

void tyi_recycle_give(tyi_recycle_kind kind, void *data)
{
    if (mine.count[kind] >= MOST || mine.over) {
        free(data);
        return;
    }
    if (!mine.known) {
        mine.known = true;
        pthread_once(&once, make_key);
        pthread_setspecific(key, &mine);
    }
    block *b = data;
    b->next = mine.first[kind];
    mine.first[kind] = b;
    mine.count[kind]++;
}
