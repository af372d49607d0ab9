// Arm's dot products of four int8 over 16 lanes. Included inside a target that has the instruction, which is PK_DOT, on
// weights of the type PK_DOT_WEIGHTS.
#ifndef PK_QUAD_DOT_H
#define PK_QUAD_DOT_H

#include "lanes.h"

PK_INLINE bit_lanes quad_product(bit_lanes sum, bit_lanes w, scalar_word x) {
    int32x4_t sums[4];
    PK_DOT_WEIGHTS weights[4];
    memcpy(sums, &sum, sizeof sum);
    memcpy(weights, &w, sizeof w);
    for (int i = 0; i < 4; i++) sums[i] = PK_DOT(sums[i], weights[i], (int8x16_t)x, 0);
    return load_bits(sums);
}

#endif
