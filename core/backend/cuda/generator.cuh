/*
 * The devices' random generators (generator.cu): Philox 4x32-10, counted as PyTorch counts it. A draw takes the seed
 * and the offset that it starts from; every thread of it has its own sequence.
 */
#ifndef TYI_CUDA_GENERATOR_CUH
#define TYI_CUDA_GENERATOR_CUH

#include "backend/cuda/device.cuh"

struct tyi_philox {
    uint64_t seed, offset;
    const uint64_t *graph = nullptr; /* of a draw in a CUDA graph: the seed, and what is added to the offset */
};

/* Where a generator (NULL: the current device's own) stands, for a draw of at most `each` words by every thread; it
 * moves on by that, rounded up to whole blocks of four. While a graph is made its draws go on from where a launch
 * begins. */
tyi_philox tyi_generator_take(ty_generator *g, uint64_t each);

void tyi_fill_generator_functions(tyi_cuda_module *module);

#endif
