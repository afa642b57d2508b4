/*
 * CUDA graphs: what the allocator and the generators do differently while kernels are being put into one (graph.cu).
 */
#ifndef TYI_CUDA_GRAPH_CUH
#define TYI_CUDA_GRAPH_CUH

#include <vector>

#include "backend/cuda/device.cuh"

struct tyi_cuda_graph {
    cudaGraphExec_t exec;
    int device;
    std::vector<void *> blocks; /* memory that its kernels use while they run: nobody else's until the graph is freed */
    std::vector<size_t> sizes;
    uint64_t *random;     /* device: the seed and the offset that a launch starts from; NULL: it draws nothing */
    uint64_t random_used; /* by one launch */
    bool refused;         /* something in it cannot be done again */
};

/* The graph that this thread is making; NULL: none. */
extern thread_local tyi_cuda_graph *tyi_graph;

void tyi_fill_graph_functions(tyi_cuda_module *module);

#endif
