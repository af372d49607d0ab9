// I8MM's usdot over 16 lanes. Included inside a target that has it.
#ifndef PK_USDOT_H
#define PK_USDOT_H

#include "lanes.h"

PK_INLINE bit_lanes quad_product(bit_lanes sum, bit_lanes w, scalar_word x) {
    int32x4_t sums[4];
    uint8x16_t weights[4];
    memcpy(sums, &sum, sizeof sum);
    memcpy(weights, &w, sizeof w);
    for (int i = 0; i < 4; i++) sums[i] = vusdotq_laneq_s32(sums[i], weights[i], (int8x16_t)x, 0);
    return load_bits(sums);
}

#endif
