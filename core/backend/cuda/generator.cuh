/*
 * The devices' random generators (generator.cu): Philox 4x32-10, counted as PyTorch counts it. A draw takes the seed
 * and the offset that it starts from; every thread of it has its own sequence.
 */
#ifndef TYI_CUDA_GENERATOR_CUH
#define TYI_CUDA_GENERATOR_CUH

#include "backend/cuda/device.cuh"

typedef struct tyi_philox {
    uint64_t seed, offset;
} tyi_philox;

/* Where the current device's generator stands, for a draw of at most `each` words by every thread; it moves on by that,
 * rounded up to whole blocks of four. */
tyi_philox tyi_generator_take(uint64_t each);

void tyi_fill_generator_functions(tyi_cuda_module *module);

#endif
