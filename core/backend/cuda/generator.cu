/*
 * State of the devices' random generators.
 */
#include "backend/cuda/generator.cuh"
#include "backend/cuda/memory.cuh"

#include <mutex>

namespace
{

const uint64_t DEFAULT_SEED = 67280421310721; /* as torch */

struct generator {
    uint64_t seed = DEFAULT_SEED, offset = 0;
};

std::mutex lock;
generator generators[TYI_MOST_DEVICES];

void seed(int device, uint64_t value)
{
    std::lock_guard<std::mutex> guard(lock);
    generators[device].seed = value;
    generators[device].offset = 0;
}

void get(int device, uint64_t *value, uint64_t *offset)
{
    std::lock_guard<std::mutex> guard(lock);
    *value = generators[device].seed;
    *offset = generators[device].offset;
}

void set(int device, uint64_t value, uint64_t offset)
{
    std::lock_guard<std::mutex> guard(lock);
    generators[device].seed = value;
    generators[device].offset = offset;
}

} // namespace

tyi_philox tyi_generator_take(uint64_t each)
{
    std::lock_guard<std::mutex> guard(lock);
    generator &g = generators[tyi_current_device()];
    tyi_philox start = {g.seed, g.offset};
    g.offset += (each + 3) / 4 * 4;
    return start;
}

void tyi_fill_generator_functions(tyi_cuda_module *module)
{
    module->generator_seed = seed;
    module->generator_get = get;
    module->generator_set = set;
}
