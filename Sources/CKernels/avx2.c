// x86-64 with AVX2 and FMA: 16 lanes are two ymm registers.
#if defined(__x86_64__)
#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#pragma clang attribute push( \
    __attribute__((target("avx2,fma"))), apply_to = function)
#define PK_NAME "avx2"
#define PK_TABLE pk_kernels_avx2
#define PK_MXCSR
#define PK_MADD_16(a, b) madd_16(a, b)
#include "lanes.h"

// 16 lanes are two ymm registers.
PK_INLINE bit_lanes madd_16(bit_lanes a, bit_lanes b) {
    __m256i half[2][2];
    memcpy(half[0], &a, sizeof a);
    memcpy(half[1], &b, sizeof b);
    for (int i = 0; i < 2; i++) half[0][i] = _mm256_madd_epi16(half[0][i], half[1][i]);
    return load_bits(half[0]);
}

#include "kernels.h"
#pragma clang attribute pop
#endif
