/* The pointwise kernels that compute in double. */
#define COMPUTED double
#define TABLE    tyi_pointwise_double
#define FLOATING 1
#define SUFFIX   f64
#include "backend/cuda/pointwise_type.cuh"
