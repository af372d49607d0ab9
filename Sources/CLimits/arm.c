// The multiply-adds of limits.c with Arm's instructions.
#if defined(__aarch64__)
#include "CLimits.h"

#include <arm_neon.h>

// Linux tells what the CPU has; elsewhere (Apple's) it is what the build's own target has.
#if defined(__linux__)
#include <sys/auxv.h>

static int has_dot_product(void) { return (getauxval(AT_HWCAP) >> 20 & 1) != 0; }
static int has_bf16(void) { return (getauxval(AT_HWCAP2) >> 14 & 1) != 0; }
#else
#if defined(__ARM_FEATURE_DOTPROD)
static int has_dot_product(void) { return 1; }
#else
static int has_dot_product(void) { return 0; }
#endif
#if defined(__ARM_FEATURE_BF16)
static int has_bf16(void) { return 1; }
#else
static int has_bf16(void) { return 0; }
#endif
#endif

enum { CHAINS = 24 };  // more than latency × ports, fewer than registers

double limits_f32(int64_t steps) {
    float32x4_t sum[CHAINS];
    float32x4_t x = vdupq_n_f32(0.999f), y = vdupq_n_f32(1e-3f);
    for (int i = 0; i < CHAINS; i++) sum[i] = vdupq_n_f32((float)i);
    for (int64_t s = 0; s < steps; s++) {
#pragma clang loop unroll(full)
        for (int i = 0; i < CHAINS; i++) sum[i] = vfmaq_f32(sum[i], x, y);
        __asm__ volatile("" : "+w"(x));
    }
    for (int i = 1; i < CHAINS; i++) sum[0] = vaddq_f32(sum[0], sum[i]);
    volatile float sink = vaddvq_f32(sum[0]);
    (void)sink;
    return (double)steps * CHAINS * 4 * 2;
}

__attribute__((target("dotprod"))) static double int8_dot(int64_t steps) {
    int32x4_t sum[CHAINS];
    int8x16_t x = vdupq_n_s8(1), y = x;
    for (int i = 0; i < CHAINS; i++) sum[i] = vdupq_n_s32(i);
    for (int64_t s = 0; s < steps; s++) {
#pragma clang loop unroll(full)
        for (int i = 0; i < CHAINS; i++) sum[i] = vdotq_s32(sum[i], x, y);
        __asm__ volatile("" : "+w"(x));
    }
    for (int i = 1; i < CHAINS; i++) sum[0] = vaddq_s32(sum[0], sum[i]);
    volatile int sink = vaddvq_s32(sum[0]);
    (void)sink;
    return (double)steps * CHAINS * 16 * 2;
}

__attribute__((target("bf16"))) static double bf16_pairs(int64_t steps) {
    float32x4_t sum[CHAINS];
    uint16x8_t one = vdupq_n_u16(0x3f80);
    bfloat16x8_t x = vreinterpretq_bf16_u16(one), y = x;
    for (int i = 0; i < CHAINS; i++) sum[i] = vdupq_n_f32((float)i);
    for (int64_t s = 0; s < steps; s++) {
#pragma clang loop unroll(full)
        for (int i = 0; i < CHAINS; i++) sum[i] = vbfmlalbq_f32(sum[i], x, y);
        __asm__ volatile("" : "+w"(x));
    }
    for (int i = 1; i < CHAINS; i++) sum[0] = vaddq_f32(sum[0], sum[i]);
    volatile float sink = vaddvq_f32(sum[0]);
    (void)sink;
    return (double)steps * CHAINS * 4 * 2;
}

double limits_bf16(int64_t steps) { return has_bf16() ? bf16_pairs(steps) : 0; }

double limits_int8(int64_t steps) { return has_dot_product() ? int8_dot(steps) : 0; }

#endif
