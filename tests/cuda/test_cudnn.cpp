// The emulated cuDNN: it refuses what cuDNN refuses, and its convolution is one.
#include <cudnn.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

extern "C" {
#include <cmocka.h>
}

#include <vector>

namespace
{
cudnnBackendDescriptor_t descriptor(cudnnBackendDescriptorType_t type)
{
    cudnnBackendDescriptor_t d;
    assert_int_equal(cudnnBackendCreateDescriptor(type, &d), CUDNN_STATUS_SUCCESS);
    return d;
}

cudnnStatus_t set(cudnnBackendDescriptor_t d, cudnnBackendAttributeName_t name, std::vector<int64_t> values)
{
    return cudnnBackendSetAttribute(d, name, CUDNN_TYPE_INT64, (int64_t)values.size(), values.data());
}

template <typename T>
cudnnStatus_t set(cudnnBackendDescriptor_t d, cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type,
                  T value)
{
    return cudnnBackendSetAttribute(d, name, type, 1, &value);
}

cudnnBackendDescriptor_t tensor(int64_t name, std::vector<int64_t> sizes)
{
    cudnnBackendDescriptor_t d = descriptor(CUDNN_BACKEND_TENSOR_DESCRIPTOR);
    std::vector<int64_t> strides(sizes.size(), 1);
    for (size_t i = sizes.size() - 1; i > 0; i--) {
        strides[i - 1] = strides[i] * sizes[i];
    }
    set(d, CUDNN_ATTR_TENSOR_UNIQUE_ID, {name});
    set(d, CUDNN_ATTR_TENSOR_DATA_TYPE, CUDNN_TYPE_DATA_TYPE, CUDNN_DATA_FLOAT);
    set(d, CUDNN_ATTR_TENSOR_DIMENSIONS, sizes);
    set(d, CUDNN_ATTR_TENSOR_STRIDES, strides);
    set(d, CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, {16});
    assert_int_equal(cudnnBackendFinalize(d), CUDNN_STATUS_SUCCESS);
    return d;
}

// A forward convolution of 3 x 3 windows, whose y has this many rows and columns; finished or not.
cudnnStatus_t convolution(int64_t y_size, float alpha, cudnnBackendDescriptor_t *out)
{
    cudnnBackendDescriptor_t window = descriptor(CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR);
    set(window, CUDNN_ATTR_CONVOLUTION_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, CUDNN_DATA_FLOAT);
    set(window, CUDNN_ATTR_CONVOLUTION_CONV_MODE, CUDNN_TYPE_CONVOLUTION_MODE, CUDNN_CROSS_CORRELATION);
    set(window, CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, {2});
    set(window, CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, {0, 0});
    set(window, CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, {0, 0});
    set(window, CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, {1, 1});
    assert_int_equal(cudnnBackendFinalize(window), CUDNN_STATUS_BAD_PARAM); // dilations are missing
    set(window, CUDNN_ATTR_CONVOLUTION_DILATIONS, {1, 1});
    assert_int_equal(cudnnBackendFinalize(window), CUDNN_STATUS_SUCCESS);
    cudnnBackendDescriptor_t d = descriptor(CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR);
    const cudnnBackendAttributeType_t other = CUDNN_TYPE_BACKEND_DESCRIPTOR;
    set(d, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X, other, tensor(1, {1, 1, 5, 5}));
    set(d, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W, other, tensor(2, {1, 1, 3, 3}));
    set(d, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y, other, tensor(3, {1, 1, y_size, y_size}));
    set(d, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC, other, window);
    set(d, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA, CUDNN_TYPE_FLOAT, alpha);
    set(d, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA, CUDNN_TYPE_FLOAT, 0.0f);
    *out = d;
    return cudnnBackendFinalize(d);
}

// The plan of the n-th engine for a graph of the operation.
cudnnStatus_t plan(cudnnHandle_t handle, cudnnBackendDescriptor_t operation, size_t n, cudnnBackendDescriptor_t *out)
{
    const cudnnBackendAttributeType_t other = CUDNN_TYPE_BACKEND_DESCRIPTOR;
    cudnnBackendDescriptor_t graph = descriptor(CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR);
    cudnnBackendDescriptor_t ranking = descriptor(CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR), configs[8];
    int64_t count;
    set(graph, CUDNN_ATTR_OPERATIONGRAPH_HANDLE, CUDNN_TYPE_HANDLE, handle);
    set(graph, CUDNN_ATTR_OPERATIONGRAPH_OPS, other, operation);
    assert_int_equal(cudnnBackendFinalize(graph), CUDNN_STATUS_SUCCESS);
    set(ranking, CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, other, graph);
    set(ranking, CUDNN_ATTR_ENGINEHEUR_MODE, CUDNN_TYPE_HEUR_MODE, CUDNN_HEUR_MODE_A);
    assert_int_equal(cudnnBackendFinalize(ranking), CUDNN_STATUS_SUCCESS);
    for (cudnnBackendDescriptor_t &config : configs) {
        config = descriptor(CUDNN_BACKEND_ENGINECFG_DESCRIPTOR);
    }
    assert_int_equal(cudnnBackendGetAttribute(ranking, CUDNN_ATTR_ENGINEHEUR_RESULTS, other, 8, &count, configs),
                     CUDNN_STATUS_SUCCESS);
    assert_true((int64_t)n < count);
    *out = descriptor(CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR);
    set(*out, CUDNN_ATTR_EXECUTION_PLAN_HANDLE, CUDNN_TYPE_HANDLE, handle);
    set(*out, CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, other, configs[n]);
    return cudnnBackendFinalize(*out);
}

cudnnStatus_t execute(cudnnHandle_t handle, cudnnBackendDescriptor_t plan, std::vector<void *> data, void *workspace)
{
    cudnnBackendDescriptor_t pack = descriptor(CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR);
    set(pack, CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, {1, 2, 3});
    cudnnBackendSetAttribute(pack, CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, CUDNN_TYPE_VOID_PTR, 3, data.data());
    set(pack, CUDNN_ATTR_VARIANT_PACK_WORKSPACE, CUDNN_TYPE_VOID_PTR, workspace);
    assert_int_equal(cudnnBackendFinalize(pack), CUDNN_STATUS_SUCCESS);
    return cudnnBackendExecute(handle, plan, pack);
}

cudnnHandle_t fresh_handle()
{
    cudnnHandle_t handle;
    assert_int_equal(cudnnCreate(&handle), CUDNN_STATUS_SUCCESS);
    return handle;
}

void test_descriptors_are_checked(void **)
{
    cudnnBackendDescriptor_t operation, made, wrong = descriptor(CUDNN_BACKEND_TENSOR_DESCRIPTOR);
    assert_int_equal(set(wrong, CUDNN_ATTR_TENSOR_UNIQUE_ID, CUDNN_TYPE_FLOAT, 1.0f),
                     CUDNN_STATUS_BAD_PARAM_ATTRIBUTE_TYPE);
    assert_int_equal(set(wrong, CUDNN_ATTR_POINTWISE_MODE, {1}), CUDNN_STATUS_BAD_PARAM);
    assert_int_equal(set(tensor(9, {1, 1, 1}), CUDNN_ATTR_TENSOR_UNIQUE_ID, {1}), CUDNN_STATUS_BAD_PARAM);
    assert_int_equal(convolution(4, 1, &operation), CUDNN_STATUS_BAD_PARAM_SHAPE_MISMATCH);
    assert_int_equal(convolution(3, 1, &operation), CUDNN_STATUS_SUCCESS);
    assert_int_equal(plan(fresh_handle(), operation, 2, &made), CUDNN_STATUS_NOT_SUPPORTED_SHAPE);
}

void test_a_plan_convolves(void **)
{
    const size_t bytes = 256;
    float a[32], b[16], c[9], *x, *w, *y, *room;
    cudnnHandle_t handle = fresh_handle();
    cudnnBackendDescriptor_t operation, made;
    for (float **at : {&x, &w, &y, &room}) {
        assert_int_equal(cudaMalloc(at, bytes), cudaSuccess);
    }
    for (int i = 0; i < 32; i++) {
        a[i] = (float)(i * 7 % 11) - 5;
        b[i % 16] = (float)(i * 5 % 7) - 3;
    }
    assert_int_equal(cudaMemcpy(x, a, sizeof a, cudaMemcpyHostToDevice), cudaSuccess);
    assert_int_equal(cudaMemcpy(w, b, sizeof b, cudaMemcpyHostToDevice), cudaSuccess);
    assert_int_equal(convolution(3, 2, &operation), CUDNN_STATUS_SUCCESS);
    assert_int_equal(plan(handle, operation, 3, &made), CUDNN_STATUS_SUCCESS);
    assert_int_equal(execute(handle, made, {x, w, y}, nullptr), CUDNN_STATUS_BAD_PARAM_NULL_POINTER);
    assert_int_equal(execute(handle, made, {x + 1, w, y}, room), CUDNN_STATUS_BAD_PARAM_MISALIGNED_POINTER);
    assert_int_equal(execute(handle, made, {x, w, y}, room), CUDNN_STATUS_SUCCESS);
    assert_int_equal(cudaMemcpy(c, y, sizeof c, cudaMemcpyDeviceToHost), cudaSuccess);
    for (int i = 0; i < 9; i++) {
        float sum = 0;
        for (int k = 0; k < 9; k++) {
            sum += a[(i / 3 + k / 3) * 5 + i % 3 + k % 3] * b[k];
        }
        assert_true(c[i] == 2 * sum);
    }
    for (float *at : {x, w, y, room}) {
        assert_int_equal(cudaFree(at), cudaSuccess);
    }
}
} // namespace

int main()
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_descriptors_are_checked),
        cmocka_unit_test(test_a_plan_convolves),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
