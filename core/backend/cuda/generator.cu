/*
 * State of the devices' random generators.
 */
#include "backend/cuda/generator.cuh"
#include "backend/cuda/graph.cuh"
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

tyi_philox tyi_generator_take(ty_generator *g, uint64_t each)
{
    tyi_philox start = {0, 0};
    each = (each + 3) / 4 * 4;
    if (tyi_graph && !g) {
        start.graph = tyi_graph->random;
        start.offset = tyi_graph->random_used;
        tyi_graph->random_used += each;
        return start;
    }
    if (g) {
        if (tyi_graph) { /* launches would all begin where it stands now: the graph is given up, and nothing drawn */
            tyi_graph->refused = true;
            each = 0;
        }
        tyi_host.take_philox(g, each, &start.seed, &start.offset);
        return start;
    }
    std::lock_guard<std::mutex> guard(lock);
    generator &own = generators[tyi_current_device()];
    start.seed = own.seed;
    start.offset = own.offset;
    own.offset += each;
    return start;
}

void tyi_fill_generator_functions(tyi_cuda_module *module)
{
    module->generator_seed = seed;
    module->generator_get = get;
    module->generator_set = set;
}
