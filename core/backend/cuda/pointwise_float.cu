/* The pointwise kernels that compute in float. */
#define COMPUTED float
#define TABLE    tyi_pointwise_float
#define FLOATING 1
#define SUFFIX   f32
#include "backend/cuda/pointwise_type.cuh"
