// AArch64 with the dot product instructions (Armv8.2, required from 8.4): sdot adds four int8 products at once.
#if defined(__aarch64__)
#include <arm_neon.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#pragma clang attribute push(__attribute__((target("dotprod"))), apply_to = function)
#define PK_NAME "neondot"
#define PK_TABLE pk_kernels_neondot
#define PK_QUARTERED
#define PK_FPCR
#define PK_SIGNED_QUADS
#define PK_QUAD_PRODUCT(sum, w, x) quad_product(sum, w, x)
#include "lanes.h"

PK_INLINE bit_lanes quad_product(bit_lanes sum, bit_lanes w, scalar_word x) {
    int32x4_t sums[4];
    int8x16_t weights[4];
    memcpy(sums, &sum, sizeof sum);
    memcpy(weights, &w, sizeof w);
    for (int i = 0; i < 4; i++) sums[i] = vdotq_laneq_s32(sums[i], weights[i], (int8x16_t)x, 0);
    return load_bits(sums);
}

#include "kernels.h"
#pragma clang attribute pop
#endif
