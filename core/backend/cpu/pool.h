/*
 * The thread pool: the only source of parallelism on the CPU, one per process. Work is cut into pieces that depend on
 * the work alone, so that what is computed does not depend on the number of threads. Knows nothing of tensors.
 */
#ifndef TYI_POOL_H
#define TYI_POOL_H

#include <stdbool.h>
#include <stdint.h>

/* Called for the half-open range [begin, end) of work items; must not fail, and must not fork. */
typedef void (*tyi_task)(void *context, int64_t begin, int64_t end);

/* Runs task over [0, count), cut into pieces of `grain` items (at least 1; the last piece may be shorter), and returns
 * when all are done. Threads, the caller among them, take the pieces in increasing order as they come free; each call
 * of task is exactly one piece. Runs on the caller alone when there is one piece, when one thread is set, when called
 * from inside a task, and when another thread of the program is using the pool. Below some 3 microseconds of work a
 * piece is not worth handing out: choose the grain accordingly.
 *
 * Returns 0, or -1 when `stoppable` and ty_interrupt() was called before the end: pieces not begun by then are skipped,
 * and the caller throws its output away. A long piece may poll tyi_interrupted() and return early. */
int tyi_parallel(int64_t count, int64_t grain, bool stoppable, tyi_task task, void *context);

/* Number of threads that the next tyi_parallel() uses, the caller included. The default is the environment variable
 * TYCHO_NUM_THREADS, or the number of processors that this process may run on. */
int tyi_get_num_threads(void);

/* Sets it: at least 1, at most TYI_MAX_THREADS (more is cut to that); 0 or less brings the default back. Takes effect
 * with the next tyi_parallel(), and may be called at any time from any thread. */
void tyi_set_num_threads(int n);

#define TYI_MAX_THREADS 512

/* Ends and joins the pool's threads; a later tyi_parallel() starts them again. The library calls it by itself when the
 * process ends or its module is unloaded. Not from inside a task. */
void tyi_pool_shutdown(void);

#endif
