/*
 * CUDA graphs. While one is made its kernels' working memory is kept from the cache: each block that a kernel gives
 * back belongs to the graph from then on, and may be given out again within it alone. Random kernels read the offset
 * that they start from in device memory, where each launch puts it before.
 */
#include "backend/cuda/graph.cuh"
#include "backend/cuda/generator.cuh"
#include "backend/cuda/memory.cuh"

thread_local tyi_cuda_graph *tyi_graph;

namespace
{

__global__ void set_random(uint64_t *random, uint64_t seed, uint64_t offset)
{
    random[0] = seed;
    random[1] = offset;
}

void graph_free(tyi_cuda_graph *graph)
{
    if (graph->exec)
        cudaGraphExecDestroy(graph->exec);
    for (size_t i = 0; i < graph->blocks.size(); i++)
        tyi_release(graph->device, graph->blocks[i], graph->sizes[i]);
    if (graph->random)
        tyi_release(graph->device, graph->random, 2 * sizeof *graph->random);
    delete graph;
}

ty_status graph_begin()
{
    if (tyi_graph)
        return tyi_host.fail(TY_ERROR_VALUE, "a CUDA graph is being made already");
    tyi_cuda_graph *graph = new tyi_cuda_graph{};
    void *random;
    graph->device = tyi_current_device();
    if (tyi_allocate(graph->device, 2 * sizeof *graph->random, &random) != TY_OK) {
        delete graph;
        return TY_FAIL;
    }
    graph->random = static_cast<uint64_t *>(random);
    cudaError_t error = cudaStreamBeginCapture(tyi_current_stream(), cudaStreamCaptureModeRelaxed);
    if (error != cudaSuccess) {
        graph_free(graph);
        return tyi_cuda_failed(error, "beginning a graph");
    }
    tyi_graph = graph;
    return TY_OK;
}

tyi_cuda_graph *graph_end()
{
    tyi_cuda_graph *graph = tyi_graph;
    cudaGraph_t made = nullptr;
    tyi_graph = nullptr;
    bool fine = cudaStreamEndCapture(tyi_current_stream(), &made) == cudaSuccess && made && !graph->refused &&
                cudaGraphInstantiate(&graph->exec, made, 0) == cudaSuccess;
    if (made)
        cudaGraphDestroy(made);
    if (fine)
        return graph;
    cudaGetLastError();
    graph->exec = nullptr;
    graph_free(graph);
    return nullptr;
}

ty_status graph_launch(tyi_cuda_graph *graph)
{
    if (graph->random_used) {
        tyi_philox start = tyi_generator_take(nullptr, graph->random_used);
        TYI_TRY(tyi_launch("random numbers of a graph", set_random, 1, 1, 0, graph->random, start.seed, start.offset));
    }
    TYI_CUDA_TRY(cudaGraphLaunch(graph->exec, tyi_current_stream()), "launching a graph");
    return TY_OK;
}

} // namespace

void tyi_fill_graph_functions(tyi_cuda_module *module)
{
    module->graph_begin = graph_begin;
    module->graph_end = graph_end;
    module->graph_launch = graph_launch;
    module->graph_free = graph_free;
}
