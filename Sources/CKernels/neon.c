// AArch64, any: 16 lanes are four registers. Without an instruction for four int8 products, two neighbours are added in 16
// bits (2 · 127 · 128 fits), then the sums of two in 32.
#if defined(__aarch64__)
#include <arm_neon.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define PK_NAME "neon"
#define PK_TABLE pk_kernels_neon
#define PK_QUARTERED
#define PK_FPCR
#define PK_SIGNED_QUADS
#define PK_QUAD_PRODUCT(sum, w, x) quad_product(sum, w, x)
#include "lanes.h"

PK_INLINE bit_lanes quad_product(bit_lanes sum, bit_lanes w, scalar_word x) {
    int32x4_t sums[4];
    int8x16_t weights[4], quad = vreinterpretq_s8_u32(vdupq_laneq_u32((uint32x4_t)x, 0));
    memcpy(sums, &sum, sizeof sum);
    memcpy(weights, &w, sizeof w);
    for (int i = 0; i < 4; i++) {
        int16x8_t low = vmull_s8(vget_low_s8(weights[i]), vget_low_s8(quad)), high = vmull_high_s8(weights[i], quad);
        sums[i] = vpadalq_s16(sums[i], vpaddq_s16(low, high));
    }
    return load_bits(sums);
}

#include "kernels.h"
#endif
