/* The pointwise kernels that compute in bool. */
#define COMPUTED bool
#define TABLE    tyi_pointwise_bool
#define FLOATING 0
#define SUFFIX   int
#include "backend/cuda/pointwise_type.cuh"
