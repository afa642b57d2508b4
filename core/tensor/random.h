/*
 * The random generator: mt19937 with one cached normal, as PyTorch's CPU generator keeps it; a generator of a CUDA
 * device has a seed and an offset instead (Philox), and its numbers are made there. Here are its state and the
 * drawing of raw words; what words become (uniforms, normals, ...) is the kernels' business. Drawing functions expect
 * the generator to be locked: a kernel locks once, draws all it needs, and unlocks, so that two threads that share a
 * generator get whole results of one or the other and never a torn state.
 */
#ifndef TYI_RANDOM_H
#define TYI_RANDOM_H

#include <pthread.h>

#include "tensor/random_range.h"
#include "tycho.h"

#define TYI_MT_WORDS 624
#define TYI_MT_SHIFT 397

struct ty_generator {
    pthread_mutex_t mutex;
    ty_device device;
    uint64_t seed;
    uint64_t offset;              /* words that each thread has drawn, a multiple of 4; CUDA only */
    int used;                     /* words of `words` already drawn; TYI_MT_WORDS: the next draw makes a new block */
    bool fresh;                   /* seeded, and no block made yet: only get_rng_state tells it from a used-up block */
    bool has_normal;              /* the second value of the last pair of normals is waiting */
    double normal;                /* that value, standard */
    uint32_t words[TYI_MT_WORDS]; /* as the recurrence leaves them, before tempering */
};

/* Locks g (NULL: the default generator) and returns it. */
ty_generator *tyi_generator_lock(ty_generator *g);
void tyi_generator_unlock(ty_generator *g);

/* Fails unless g draws for this device: NULL does for all (each has its own default generator). */
ty_status tyi_generator_for(const char *name, const ty_generator *g, ty_device device);
/* Where a generator of a CUDA device stands; it moves on by so many words. */
void tyi_take_philox(ty_generator *g, uint64_t words, uint64_t *seed, uint64_t *offset);
/* Says what seeds all devices, now that they are open: called by ty_manual_seed, and at once with the seed that it was
 * given before. */
void tyi_seed_devices_by(void (*seed_devices)(uint64_t seed));

/* The functions below are inline, so that kernels compiled for an instruction set get them compiled for it too. */

static inline uint32_t tyi_mt_mix(uint32_t upper, uint32_t lower)
{
    uint32_t y = (upper & 0x80000000u) | (lower & 0x7fffffffu);
    return (y >> 1) ^ (-(lower & 1u) & 0x9908b0dfu);
}

/* Makes the next block. Three loops, because in each the distance between what is read and what is written is fixed,
 * which lets the compiler use vectors. */
static inline void tyi_mt_next_block(ty_generator *g)
{
    uint32_t *p = g->words;
    const int first = TYI_MT_WORDS - TYI_MT_SHIFT;
    for (int k = 0; k < first; k++)
        p[k] = p[k + TYI_MT_SHIFT] ^ tyi_mt_mix(p[k], p[k + 1]);
    for (int k = first; k < TYI_MT_WORDS - 1; k++)
        p[k] = p[k - first] ^ tyi_mt_mix(p[k], p[k + 1]);
    p[TYI_MT_WORDS - 1] = p[TYI_MT_SHIFT - 1] ^ tyi_mt_mix(p[TYI_MT_WORDS - 1], p[0]);
    g->used = 0;
    g->fresh = false;
}

static inline uint32_t tyi_mt_temper(uint32_t y)
{
    y ^= y >> 11;
    y ^= (y << 7) & 0x9d2c5680u;
    y ^= (y << 15) & 0xefc60000u;
    return y ^ (y >> 18);
}

/* The next n words. */
static inline void tyi_mt_draw(ty_generator *g, uint32_t *restrict out, int64_t n)
{
    while (n > 0) {
        if (g->used == TYI_MT_WORDS)
            tyi_mt_next_block(g);
        int count = n < TYI_MT_WORDS - g->used ? (int)n : TYI_MT_WORDS - g->used;
        const uint32_t *words = g->words + g->used;
        for (int i = 0; i < count; i++)
            out[i] = tyi_mt_temper(words[i]);
        g->used += count;
        out += count;
        n -= count;
    }
}

static inline uint32_t tyi_mt_u32(ty_generator *g)
{
    if (g->used == TYI_MT_WORDS)
        tyi_mt_next_block(g);
    return tyi_mt_temper(g->words[g->used++]);
}

/* The first word drawn is the upper half. */
static inline uint64_t tyi_mt_u64(ty_generator *g)
{
    uint64_t upper = tyi_mt_u32(g);
    return upper << 32 | tyi_mt_u32(g);
}

/* Uniform in [0, 1) with 53 bits; 2 words. */
static inline double tyi_mt_uniform(ty_generator *g)
{
    return (double)(tyi_mt_u64(g) & ((UINT64_C(1) << 53) - 1)) * 0x1p-53;
}

#endif
