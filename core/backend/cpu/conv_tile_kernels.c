/*
 * The kernels of conv_tiles.h of one instruction set, for float and for double: conv_tile_template.h, twice. Compiled
 * once per instruction set (see isa.h).
 */
#include "backend/cpu/conv_tiles.h"
#include "backend/cpu/vector.h"

/* Most rows of a tile: as many sums as the registers hold beside a row of b and an element of a. */
#if defined(__AVX512F__) || defined(__aarch64__)
#define HEIGHT 8
#else
#define HEIGHT 6
#endif

#define TEMPLATE "backend/cpu/conv_tile_template.h"
#include "backend/cpu/vector_each.h"
