// AVX2 and FMA with the 256-bit AVX-VNNI: as avx2.c, but vpdpbusd adds four int8 products at once.
#if defined(__x86_64__)
#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#pragma clang attribute push( \
    __attribute__((target("avxvnni,avx2,fma"))), apply_to = function)
#define PK_NAME "avxvnni"
#define PK_TABLE pk_kernels_avxvnni
#define PK_MXCSR
#define PK_HALVED
#define PK_QUAD_PRODUCT(sum, w, x) quad_product(sum, w, x)
#include "lanes.h"

// 16 lanes are two ymm registers.
PK_INLINE bit_lanes quad_product(bit_lanes sum, bit_lanes w, bit_lanes x) {
    __m256i half[3][2];
    memcpy(half[0], &sum, sizeof sum);
    memcpy(half[1], &w, sizeof w);
    memcpy(half[2], &x, sizeof x);
    for (int i = 0; i < 2; i++) half[0][i] = _mm256_dpbusd_avx_epi32(half[0][i], half[1][i], half[2][i]);
    return load_bits(half[0]);
}

#include "kernels.h"
#pragma clang attribute pop
#endif
