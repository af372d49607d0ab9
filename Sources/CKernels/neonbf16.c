// AArch64 with I8MM and BF16 (Armv8.6). Of the BF16 instructions bfmlalt and bfmlalb are the two fused steps of a pair:
// float32 multiply-adds of the odd and of the even elements, ruled by FPCR like all others.
//
// bfdot and bfmmla, twice as fast and more, can not be used: they add the two products first, rounded to odd (with
// FPCR.EBF: to nearest) before they are added to the sum. That is another arithmetic than bf16's here.
#if defined(__aarch64__)
#include <arm_neon.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#pragma clang attribute push(__attribute__((target("bf16,i8mm"))), apply_to = function)
#define PK_NAME "neonbf16"
#define PK_TABLE pk_kernels_neonbf16
#define PK_QUARTERED
#define PK_FPCR
#define PK_PAIR_PRODUCT(sum, x, w) pair_product(sum, x, w)
#define PK_QUAD_PRODUCT(sum, w, x) quad_product(sum, w, x)
#define PK_DOT vusdotq_laneq_s32
#define PK_DOT_WEIGHTS uint8x16_t
#include "quad_dot.h"

PK_INLINE lanes pair_product(lanes sum, scalar_word x, bit_lanes w) {
    float32x4_t sums[4];
    bfloat16x8_t weights[4];
    memcpy(sums, &sum, sizeof sum);
    memcpy(weights, &w, sizeof w);
    for (int i = 0; i < 4; i++) {
        sums[i] = vbfmlaltq_laneq_f32(sums[i], weights[i], (bfloat16x8_t)x, 1);
        sums[i] = vbfmlalbq_laneq_f32(sums[i], weights[i], (bfloat16x8_t)x, 0);
    }
    return (lanes)load_bits(sums);
}

#include "kernels.h"
#pragma clang attribute pop
#endif
