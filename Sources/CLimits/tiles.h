#ifndef LIMITS_TILES_H
#define LIMITS_TILES_H

#include <stdint.h>

// Operations done in `steps` rounds of four products of AMX's tiles, of bf16 or of 8-bit integers; 0 where this CPU has none or
// this process may not use them.
double limits_tiles(int64_t steps, int bf16);

#endif
