// What is left of a product when only the greatest values of its rows are asked for.
#ifndef PK_SELECTION_H
#define PK_SELECTION_H

#include "lanes.h"

typedef _Bool flag_lanes __attribute__((ext_vector_type(PK_LANES)));

// One bit a lane, lane 0 lowest.
PK_INLINE uint64_t bits_of_mask(int_lanes mask) {
    flag_lanes flags = __builtin_convertvector(mask, flag_lanes);
    uint16_t bits;
    memcpy(&bits, &flags, sizeof bits);
    return bits;
}

static void columns_reaching(
    const float *tile, int64_t rows, int64_t columns, const float *bounds, uint64_t *reaching
) {
    uint64_t valid = columns < PK_PANEL ? (UINT64_C(1) << columns) - 1 : UINT64_MAX;
    for (int64_t row = 0; row < rows; row++) {
        lanes bound = splat(bounds[row]);
        uint64_t bits = 0;
        for (int64_t at = 0; at < PK_PANEL; at += PK_LANES) {
            bits |= bits_of_mask(load(tile + row * PK_PANEL + at) >= bound) << at;
        }
        reaching[row] = bits & valid;
    }
}

#endif
