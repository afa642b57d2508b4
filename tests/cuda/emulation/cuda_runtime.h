// The CUDA runtime's header as the emulation has it: found before the real one, it lets g++ compile .cu files for the
// host. Here are the qualifiers and the builtin variables; the rest is in emulated/: types, the runtime's functions,
// launches, barriers and warps, atomics, device mathematics. See README.md for what the emulation is.
#ifndef EMULATED_CUDA_RUNTIME_H
#define EMULATED_CUDA_RUNTIME_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <math.h>

#define EMULATED_CUDA  1
#define CUDART_VERSION 13000

#define __global__
#define __device__
#define __host__
#define __constant__
#define __managed__
#define __grid_constant__
#define __shared__      static
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...)
#define __align__(n) __attribute__((aligned(n)))

// Dynamic shared memory: the product writes TYI_DYNAMIC_SHARED(float, values) and uses `values` as an array.
#define TYI_DYNAMIC_SHARED(type, name) type *const name = static_cast<type *>(emulated::dynamic_shared())

#include "emulated/types.h"
#include "emulated/runtime_api.h"
#include "emulated/launch.h"
#include "emulated/threads.h"
#include "emulated/atomics.h"
#include "emulated/math.h"
#include "emulated/libraries.h"

#endif
