#ifndef LIMITS_TILES_H
#define LIMITS_TILES_H

#include <stdint.h>

// Whether this CPU has AMX with bf16 and int8 and this process may use it.
int limits_has_tiles(void);
// Operations done in `steps` rounds of four products.
double limits_bf16_tiles(int64_t steps);
double limits_int8_tiles(int64_t steps);

#endif
