/*
 * The random generator's life: making, seeding, saving and restoring. Relies on the system for seeds that nobody chose.
 */
#include "tensor/random.h"

#include "tensor/tensor.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/random.h>

#include "tensor/error.h"

static ty_generator default_generator = {.mutex = PTHREAD_MUTEX_INITIALIZER};
static pthread_once_t default_once = PTHREAD_ONCE_INIT;

/* The seed of all devices, kept for those that are opened later. */
static struct {
    pthread_mutex_t mutex;
    bool given;
    uint64_t seed;
    void (*seed_devices)(uint64_t seed); /* NULL: no device is open */
} devices = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static void seed_with(ty_generator *g, uint64_t seed)
{
    g->seed = seed;
    g->offset = 0;
    g->words[0] = (uint32_t)seed; /* only the low half of a seed matters, as in PyTorch */
    for (uint32_t k = 1; k < TYI_MT_WORDS; k++)
        g->words[k] = 1812433253u * (g->words[k - 1] ^ (g->words[k - 1] >> 30)) + k;
    g->used = TYI_MT_WORDS;
    g->fresh = true;
    g->has_normal = false;
}

/* A seed of 53 bits, which a double holds exactly. */
static uint64_t system_seed(void)
{
    uint64_t seed = 0;
    ssize_t got;
    do
        got = getrandom(&seed, sizeof seed, GRND_NONBLOCK);
    while (got < 0 && errno == EINTR);
    if (got != (ssize_t)sizeof seed) { /* very early after boot, or a kernel without it: the clock and the process */
        struct timespec now;
        clock_gettime(CLOCK_REALTIME, &now);
        seed = ((uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec) * UINT64_C(0x9e3779b97f4a7c15) ^
               (uint64_t)getpid() << 32;
    }
    return seed & ((UINT64_C(1) << 53) - 1);
}

static void seed_default(void)
{
    seed_with(&default_generator, system_seed());
}

ty_generator *ty_default_generator(void)
{
    pthread_once(&default_once, seed_default);
    return &default_generator;
}

ty_generator *tyi_generator_lock(ty_generator *g)
{
    if (!g)
        g = ty_default_generator();
    pthread_mutex_lock(&g->mutex);
    return g;
}

void tyi_generator_unlock(ty_generator *g)
{
    pthread_mutex_unlock(&g->mutex);
}

ty_status tyi_generator_for(const char *name, const ty_generator *g, ty_device device)
{
    if (!g || (g->device.type == device.type && (device.type == TY_CPU || g->device.index == device.index)))
        return TY_OK;
    tyi_text its = tyi_device_text(g->device), wanted = tyi_device_text(device);
    return ty_fail(TY_ERROR_VALUE,
                   "%s: the generator is one of \"%s\", and the numbers are drawn on \"%s\"; make one "
                   "there: ty.Generator{device = \"%s\"}",
                   name, its.s, wanted.s, wanted.s);
}

void tyi_take_philox(ty_generator *g, uint64_t words, uint64_t *seed, uint64_t *offset)
{
    pthread_mutex_lock(&g->mutex);
    *seed = g->seed;
    *offset = g->offset;
    g->offset += words;
    pthread_mutex_unlock(&g->mutex);
}

void tyi_seed_devices_by(void (*seed_devices)(uint64_t seed))
{
    pthread_mutex_lock(&devices.mutex);
    devices.seed_devices = seed_devices;
    if (devices.given)
        seed_devices(devices.seed);
    pthread_mutex_unlock(&devices.mutex);
}

/* All devices' own generators begin anew: at once where they are open, else when they are opened. */
static void seed_devices(uint64_t seed)
{
    pthread_mutex_lock(&devices.mutex);
    devices.given = true;
    devices.seed = seed;
    if (devices.seed_devices)
        devices.seed_devices(seed);
    pthread_mutex_unlock(&devices.mutex);
}

ty_generator *ty_generator_new(uint64_t seed)
{
    return ty_generator_new_on(TY_DEVICE_CPU, seed);
}

ty_device ty_generator_device(const ty_generator *g)
{
    return g ? g->device : TY_DEVICE_CPU;
}

ty_generator *ty_generator_new_on(ty_device device, uint64_t seed)
{
    ty_generator *g = calloc(1, sizeof *g);
    if (!g) {
        tyi_fail_memory(sizeof *g);
        return NULL;
    }
    if (pthread_mutex_init(&g->mutex, NULL) != 0) {
        free(g);
        return tyi_fail(TY_ERROR_MEMORY, "Generator: the system has no room for another lock");
    }
    g->device = device;
    seed_with(g, seed);
    return g;
}

void ty_generator_free(ty_generator *g)
{
    if (!g || g == &default_generator)
        return;
    pthread_mutex_destroy(&g->mutex);
    free(g);
}

void ty_manual_seed(ty_generator *g, uint64_t seed)
{
    if (!g || g == &default_generator)
        seed_devices(seed);
    g = tyi_generator_lock(g);
    seed_with(g, seed);
    tyi_generator_unlock(g);
}

uint64_t ty_initial_seed(const ty_generator *g)
{
    ty_generator *locked = tyi_generator_lock((ty_generator *)g);
    uint64_t seed = locked->seed;
    tyi_generator_unlock(locked);
    return seed;
}

uint64_t ty_seed(ty_generator *g)
{
    uint64_t seed = system_seed();
    ty_manual_seed(g, seed);
    return seed;
}

uint64_t ty_random_u64(ty_generator *g)
{
    if (g && g->device.type == TY_CUDA)
        g = NULL; /* its numbers are made on the device */
    g = tyi_generator_lock(g);
    uint64_t value = tyi_mt_u64(g);
    tyi_generator_unlock(g);
    return value;
}

/* PyTorch's layout of a saved state, little-endian; the gaps between the offsets are fields that its CPU generator
 * leaves zero. A word of the block takes 8 bytes. */
enum {
    AT_SEED = 0,
    AT_LEFT = 8, /* words left in the block plus 1; 1 as well in a state that has made no block yet */
    AT_SEEDED = 12,
    AT_NEXT = 16, /* words used of the block; 0 in a state that has made no block yet */
    AT_WORDS = 24,
    AT_NORMAL = AT_WORDS + 8 * TYI_MT_WORDS + 8,
    AT_HAS_NORMAL = AT_NORMAL + 16,
    AT_OFFSET = 8, /* in a state of a CUDA device, which ends with it */
    CUDA_BYTES = 16,
};
_Static_assert(AT_HAS_NORMAL + 16 == TY_RNG_STATE_BYTES, "the layout of a saved generator");

static void put(uint8_t *at, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++)
        at[i] = (uint8_t)(value >> 8 * i);
}

static uint64_t get(const uint8_t *at, int bytes)
{
    uint64_t value = 0;
    for (int i = 0; i < bytes; i++)
        value |= (uint64_t)at[i] << 8 * i;
    return value;
}

size_t ty_rng_state_bytes(const ty_generator *g)
{
    return g && g->device.type == TY_CUDA ? CUDA_BYTES : TY_RNG_STATE_BYTES;
}

static ty_status set_philox(ty_generator *g, const uint8_t *state)
{
    uint64_t offset = get(state + AT_OFFSET, 8);
    if (offset % 4 != 0)
        return ty_fail(TY_ERROR_VALUE,
                       "set_rng_state: these 16 bytes are not the state of a generator on CUDA: the offset is a "
                       "multiple of 4, got %llu; give back what get_state gave",
                       (unsigned long long)offset);
    pthread_mutex_lock(&g->mutex);
    g->seed = get(state + AT_SEED, 8);
    g->offset = offset;
    pthread_mutex_unlock(&g->mutex);
    return TY_OK;
}

void ty_get_rng_state(const ty_generator *g, uint8_t state[TY_RNG_STATE_BYTES])
{
    ty_generator *locked = tyi_generator_lock((ty_generator *)g);
    memset(state, 0, TY_RNG_STATE_BYTES);
    put(state + AT_SEED, locked->seed, 8);
    if (locked->device.type == TY_CUDA) {
        put(state + AT_OFFSET, locked->offset, 8);
        tyi_generator_unlock(locked);
        return;
    }
    put(state + AT_LEFT, (uint64_t)(TYI_MT_WORDS - locked->used + 1), 4);
    put(state + AT_SEEDED, 1, 4);
    put(state + AT_NEXT, locked->fresh ? 0 : (uint64_t)locked->used, 8);
    for (int k = 0; k < TYI_MT_WORDS; k++)
        put(state + AT_WORDS + 8 * k, locked->words[k], 4);
    if (locked->has_normal) {
        uint64_t bits;
        memcpy(&bits, &locked->normal, sizeof bits);
        put(state + AT_NORMAL, bits, 8);
        put(state + AT_HAS_NORMAL, 1, 4);
    }
    tyi_generator_unlock(locked);
}

ty_status ty_set_rng_state(ty_generator *g, const uint8_t state[TY_RNG_STATE_BYTES])
{
    if (g && g->device.type == TY_CUDA)
        return set_philox(g, state);
    uint64_t left = get(state + AT_LEFT, 4), next = get(state + AT_NEXT, 8);
    if (get(state + AT_SEEDED, 4) != 1 || left < 1 || left > TYI_MT_WORDS || next > TYI_MT_WORDS ||
        (left != 1 && left != TYI_MT_WORDS + 1 - next))
        return ty_fail(TY_ERROR_VALUE,
                       "set_rng_state: these %d bytes are not the state of a generator (words left %lld, "
                       "next word %lld); give back what get_rng_state gave",
                       TY_RNG_STATE_BYTES, (long long)left - 1, (long long)next);
    g = tyi_generator_lock(g);
    g->seed = get(state + AT_SEED, 8);
    g->used = TYI_MT_WORDS + 1 - (int)left;
    g->fresh = left == 1 && next == 0;
    for (int k = 0; k < TYI_MT_WORDS; k++)
        g->words[k] = (uint32_t)get(state + AT_WORDS + 8 * k, 4);
    g->has_normal = get(state + AT_HAS_NORMAL, 4) != 0;
    uint64_t bits = get(state + AT_NORMAL, 8);
    memcpy(&g->normal, &bits, sizeof bits);
    tyi_generator_unlock(g);
    return TY_OK;
}
