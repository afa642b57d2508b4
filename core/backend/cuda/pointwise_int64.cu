/* The pointwise kernels that compute in int64_t. */
#define COMPUTED int64_t
#define TABLE    tyi_pointwise_int64
#define FLOATING 0
#define SUFFIX   int
#include "backend/cuda/pointwise_type.cuh"
